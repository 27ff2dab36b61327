//! The summary of a fit as a table.

mod draws;

use std::io::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde_json::Value;

/// Prints a summary as a table.
pub fn print(summary: &Value, mut out: impl Write) -> std::io::Result<()> {
    let text = |key: &str| summary[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| summary[key].as_f64().unwrap_or(f64::NAN);
    let axes = summary["axes"].as_object().into_iter().flatten();
    let shape: Vec<String> = axes.map(|(name, n)| format!("{n} {name}")).collect();
    writeln!(out, "{} on {} ({} cells)", text("response"), shape.join(" x "), summary["cells"])?;
    let updated = &summary["updated"];
    if updated.is_object() {
        let (one, many) = ("observation", "observations");
        let noun = if updated["observations_added"] == 1 { one } else { many };
        writeln!(
            out,
            "updated with {} {noun} to {}: the parameters are those of the fit to {}, log density for each \
             new one {:.3} (old ones {:.3})",
            updated["observations_added"],
            updated["observations"],
            updated["fitted_to_observations"],
            updated["log_density_per_new_observation"].as_f64().unwrap_or(f64::NAN),
            updated["log_density_per_old_observation"].as_f64().unwrap_or(f64::NAN),
        )?;
    }
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
    let text = |key: &str| summary[key].as_str().unwrap_or_default();
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
    if let Some(algebra) = summary["algebra"].as_str() {
        writeln!(out, "by the {algebra} algebra, {}", text("algebra_detail"))?;
    }
    let starts = summary["starts"].as_array().map_or(0, Vec::len);
    writeln!(
        out,
        "{} after {} evaluations from {starts} starts, largest gradient {:.1e}",
        match (&summary["converged"], &summary["interrupted"]) {
            (Value::Bool(true), _) => "converged",
            (_, Value::Bool(true)) => "STOPPED",
            _ => "NOT converged",
        },
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
