//! Normal approximations: Laplace, variational inference, Pathfinder.

use std::ops::ControlFlow;
use std::time::Instant;

use gridgp::grid::{Axis, Coordinate};
use gridgp::infer::approximate;
use gridgp::posterior::unfold;
use gridgp_io::{InferenceGroup, InferenceVariable, LARGEST_GROUP, draw_groups};
use serde_json::{Map, json};

use super::{Found, Loaded};
use crate::args::Fit;
use crate::progress::StepBar;
use crate::report::DrawsSummary;
use crate::{interrupt, machine};

pub fn fit(loaded: &Loaded, args: &Fit, begun: Instant) -> anyhow::Result<Found> {
    let model = &loaded.model;
    let spec = &model.spec.inference;
    interrupt::watch()?;
    let bar = StepBar::new(args.quiet);
    let (samples, found) = approximate(model, &|p| {
        bar.update(p);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    bar.finish();
    let small = samples.len() * model.data.grid.len() <= LARGEST_GROUP;
    let unfolded = unfold(model, &samples, small, small)?;
    let mut groups = draw_groups(model, &samples, &unfolded, None, spec.seed)?;
    if !found.curve.is_empty() {
        let steps = (0..found.curve.len()).map(|i| i as f64).collect();
        let axis = Axis::new("step", vec![Coordinate::numbers("step", steps)])?;
        let mut group = InferenceGroup::data("optimization", vec![axis]);
        group.variables.push(InferenceVariable::numbers("elbo", &["step"], found.curve.clone()));
        groups.push(group);
    }
    let quality = &found.pareto_k;
    let mut extra = Map::new();
    for (key, value) in [
        ("approximation", json!(found.engine.to_string())),
        ("elbo", json!(found.elbo)),
        ("elbo_se", json!(found.elbo_se)),
        ("log_evidence", json!(found.evidence)),
        ("pareto_k", json!(quality.k)),
        ("pareto_k_threshold", json!(quality.threshold)),
        ("importance_ess", json!(quality.ess)),
        ("steps", json!(found.steps)),
        ("evaluations", json!(found.evaluations)),
        ("skipped", json!(found.skipped)),
        ("converged", json!(found.converged)),
        ("interrupted", json!(found.interrupted)),
        ("jitter", json!(spec.jitter)),
    ] {
        extra.insert(key.into(), value);
    }
    let method = serde_json::to_value(spec.method)?;
    let summary = DrawsSummary {
        model,
        method: method.as_str().unwrap_or_default(),
        samples: &samples,
        unfolded: &unfolded,
        draws: None,
        extra,
        warnings: found.warnings,
    };
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Found { groups, summary: summary.json(seconds, machine::peak_memory()), log: None })
}
