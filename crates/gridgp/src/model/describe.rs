//! A model as equations, for people.

use std::fmt::Write;

use super::{Equation, Link, Model, Term};
use crate::param::Value;

/// The model as equations: the likelihood, each field's covariance, the priors, and what is known
/// of the shapes.
///
/// ```text
/// sst[year, month] ~ normal(location, scale)    61 x 12 = 732 cells
/// …
/// ```
pub fn describe(model: &Model) -> String {
    let mut out = String::new();
    let grid = &model.data.grid;
    let axes: Vec<&str> = grid.axes().iter().map(|a| a.name()).collect();
    let shape: Vec<String> = grid.shape().iter().map(usize::to_string).collect();
    let y = &model.data.response;
    let unit = y.units.as_ref().map(|u| format!(" ({u})")).unwrap_or_default();
    let mut line = |text: String| writeln!(out, "{}", text.trim_end()).expect("a String grows");
    let arguments: Vec<&str> = model.equations.iter().map(|e| e.name.as_str()).collect();
    line(format!(
        "{}[{}]{unit} ~ {}({})",
        y.name,
        axes.join(", "),
        model.family.name(),
        arguments.join(", ")
    ));
    let missing = match y.missing_cells().len() {
        0 => "none".into(),
        n => n.to_string(),
    };
    line(format!("  {} = {} cells, {missing} missing", shape.join(" x "), grid.len()));
    let (origin, scale) = model.standardization;
    if (origin, scale) != (0.0, 1.0) {
        line(format!("  {} is modelled as ({} - {origin:.6}) / {scale:.6}", y.name, y.name));
    }
    for e in &model.equations {
        line(format!("{} = {}", e.name, equation(e, model)));
    }
    for field in &model.fields {
        let kernels: Vec<String> = field
            .axes
            .iter()
            .zip(grid.axes())
            .filter_map(|(k, axis)| k.as_ref().map(|k| (k, axis)))
            .map(|(k, axis)| {
                let center = if k.center { ", centered" } else { "" };
                format!("{}: {}{center}", axis.name(), k.text)
            })
            .collect();
        let along: Vec<&str> =
            field.axes.iter().zip(&axes).filter_map(|(k, a)| k.as_ref().map(|_| *a)).collect();
        line(format!(
            "{}({}) ~ GP(0, {}^2 * [{}])",
            field.name,
            along.join(", "),
            show(field.amplitude, model),
            kernels.join("] * [")
        ));
    }
    for covariate in &model.data.covariates {
        let along: Vec<&str> = covariate.axes.iter().map(|&a| axes[a]).collect();
        line(format!("{}({}) is known", covariate.name, along.join(", ")));
    }
    line(format!("{} unknowns", model.parameters.len()));
    for p in &model.parameters {
        let unit = p.unit.as_ref().map(|u| format!(" ({u})")).unwrap_or_default();
        let origin = if p.is_default { "   [default, from the data]" } else { "" };
        line(format!("  {}{unit} ~ {}{origin}", p.name, p.prior));
    }
    out
}

fn show(value: Value, model: &Model) -> String {
    match value {
        Value::Fixed(v) => v.to_string(),
        Value::Free(j) => model.parameters[j].name.clone(),
    }
}

fn equation(e: &Equation, model: &Model) -> String {
    let terms: Vec<String> = e.predictor.terms.iter().map(|t| term(t, model)).collect();
    let mut text = if terms.is_empty() { "0".into() } else { terms.join(" + ") };
    if e.link != Link::Identity {
        text = format!("{}({text})", e.link.name());
    }
    let multiplier = term(&e.multiplier, model);
    if multiplier != "1" {
        text = format!("{multiplier} * {text}");
    }
    if e.shift != 0.0 {
        text = format!("{} + {text}", e.shift);
    }
    text
}

fn term(t: &Term, model: &Model) -> String {
    let mut parts: Vec<String> = Vec::new();
    if t.factor != 1.0 {
        parts.push(t.factor.to_string());
    }
    parts.extend(t.parameters.iter().map(|&j| model.parameters[j].name.clone()));
    parts.extend(t.field.map(|f| model.fields[f].name.clone()));
    parts.extend(t.covariates.iter().map(|&c| model.data.covariates[c].name.clone()));
    if parts.is_empty() { "1".into() } else { parts.join(" * ") }
}
