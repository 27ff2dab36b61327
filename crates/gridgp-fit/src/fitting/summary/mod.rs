//! The summary of a fit, as `gridgp fit --json` prints it and the fit file keeps it.

mod draws;

use gridgp_infer::Map;
use gridgp_model::Model;
use serde_json::{Value, json};

pub(super) use draws::DrawsSummary;

/// The summary of a mode.
pub(super) fn of_map(model: &Model, map: &Map, seconds: f64, peak_memory: Option<u64>) -> Value {
    let parameters: serde_json::Map<String, Value> = model
        .parameters
        .iter()
        .zip(&map.estimate)
        .map(|(p, estimate)| {
            let entry = json!({
                "estimate": estimate,
                "unit": p.unit,
                "prior": p.prior_text(),
                "prior_is_default": p.is_default,
            });
            (p.name.clone(), entry)
        })
        .collect();
    let found = json!({
        "density": model.spec.inference.density,
        "algebra": map.plan.algebra,
        "algebra_detail": map.plan.detail,
        "parameters": parameters,
        "log_posterior": map.log_posterior,
        "log_marginal_likelihood": map.log_marginal_likelihood,
        "standard_error": map.standard_error,
        "truncation_bound": map.truncation,
        "gradient_norm": map.gradient_norm,
        "converged": map.optimum.converged,
        "interrupted": map.interrupted,
        "iterations": map.optimum.iterations,
        "evaluations": map.evaluations(),
        "starts": map.starts.iter().map(|s| json!({
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
pub(crate) fn common(model: &Model, method: &str) -> Value {
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
