//! What a fit found, as data and as a table.

mod draws;

use std::io::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};
use gridgp::infer::Map;
use gridgp::model::Model;
use serde_json::{Value, json};

pub use draws::DrawsSummary;

/// The summary of a fit, as `--json` prints it and the fit file keeps it.
pub fn map_summary(model: &Model, map: &Map, seconds: f64, peak_memory: Option<u64>) -> Value {
    let parameters: serde_json::Map<String, Value> = model
        .parameters
        .iter()
        .zip(&map.estimate)
        .map(|(p, estimate)| {
            let entry = json!({
                "estimate": estimate,
                "unit": p.unit,
                "prior": p.prior.to_string(),
                "prior_is_default": p.is_default,
            });
            (p.name.clone(), entry)
        })
        .collect();
    let found = json!({
        "density": model.spec.inference.density,
        "parameters": parameters,
        "log_posterior": map.log_posterior,
        "log_marginal_likelihood": map.log_marginal_likelihood,
        "truncation_bound": map.truncation,
        "gradient_norm": map.gradient_norm,
        "converged": map.optimum.converged,
        "iterations": map.optimum.iterations,
        "evaluations": map.optimum.starts.iter().map(|s| s.evaluations).sum::<usize>(),
        "starts": map.optimum.starts.iter().map(|s| json!({
            "log_posterior": s.value,
            "gradient_norm": s.gradient_norm,
            "converged": s.converged,
            "evaluations": s.evaluations,
        })).collect::<Vec<_>>(),
        "screened_on_cells": map.screened_on,
        "warnings": map.warnings,
        "seconds": seconds,
        "peak_memory_bytes": peak_memory,
    });
    let mut summary = common(model, "map");
    let Value::Object(found) = found else { unreachable!("it is an object") };
    summary.as_object_mut().expect("it is an object").extend(found);
    summary
}

/// What every summary holds.
fn common(model: &Model, method: &str) -> Value {
    let (origin, unit) = model.standardization;
    let shape = model.data.grid.shape();
    let axes: serde_json::Map<String, Value> =
        model.data.grid.axes().iter().map(|a| (a.name().to_owned(), json!(a.len()))).collect();
    json!({
        "gridgp_version": env!("CARGO_PKG_VERSION"),
        "method": method,
        "family": model.family.name(),
        "seed": model.spec.inference.seed,
        "response": model.data.response.name,
        "units": model.data.response.units,
        "standardized": model.spec.data.standardize.then(|| json!({ "mean": origin, "sd": unit })),
        "axes": axes,
        "cells": shape.iter().product::<usize>(),
        "missing_cells": model.data.response.missing_cells().len(),
    })
}

/// Prints a summary as a table.
pub fn print(summary: &Value, mut out: impl Write) -> std::io::Result<()> {
    let text = |key: &str| summary[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| summary[key].as_f64().unwrap_or(f64::NAN);
    let axes = summary["axes"].as_object().into_iter().flatten();
    let shape: Vec<String> = axes.map(|(name, n)| format!("{n} {name}")).collect();
    writeln!(out, "{} on {} ({} cells)", text("response"), shape.join(" x "), summary["cells"])?;
    if summary["draws"].is_number() {
        draws::print(summary, &mut out)?;
    } else {
        print_map(summary, &mut out)?;
    }
    let memory = summary["peak_memory_bytes"].as_f64();
    let memory = memory.map(|b| format!(", {:.0} MiB", b / 1048576.0)).unwrap_or_default();
    writeln!(out, "{:.3} s{memory}", number("seconds"))
}

fn print_map(summary: &Value, out: &mut impl Write) -> std::io::Result<()> {
    let number = |key: &str| summary[key].as_f64().unwrap_or(f64::NAN);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["parameter", "estimate", "unit", "prior"]);
    for (name, p) in summary["parameters"].as_object().into_iter().flatten() {
        let default = if p["prior_is_default"] == true { " (default)" } else { "" };
        table.add_row([
            Cell::new(name),
            Cell::new(significant(p["estimate"].as_f64().unwrap_or(f64::NAN)))
                .set_alignment(CellAlignment::Right),
            Cell::new(p["unit"].as_str().unwrap_or("")),
            Cell::new(format!("{}{default}", p["prior"].as_str().unwrap_or(""))),
        ]);
    }
    if table.row_count() > 0 {
        writeln!(out, "{table}")?;
    }
    writeln!(out, "log posterior            {:.6}", number("log_posterior"))?;
    let of = if summary["standardized"].is_null() { "" } else { " (of the standardized response)" };
    writeln!(out, "log marginal likelihood  {:.6}{of}", number("log_marginal_likelihood"))?;
    let starts = summary["starts"].as_array().map_or(0, Vec::len);
    writeln!(
        out,
        "{} after {} evaluations from {starts} starts, largest gradient {:.1e}",
        if summary["converged"] == true { "converged" } else { "NOT converged" },
        summary["evaluations"],
        number("gradient_norm")
    )
}

/// Six significant digits.
fn significant(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return v.to_string();
    }
    let digits = 5 - v.abs().log10().floor() as i32;
    if (0..=9).contains(&digits) {
        format!("{v:.*}", digits as usize)
    } else if (-3..0).contains(&digits) {
        format!("{v:.0}")
    } else {
        format!("{v:.5e}")
    }
}

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn six_digits() {
        assert_eq!(significant(0.737_521_46), "0.737521");
        assert_eq!(significant(1234.5678), "1234.57");
        assert_eq!(significant(-0.000_012_345_678), "-1.23457e-5");
        assert_eq!(significant(12_345_678.0), "12345678");
        assert_eq!(significant(0.0), "0");
    }
}
