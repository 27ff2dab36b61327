//! Normal approximations: Laplace, variational inference, Pathfinder.

use gridgp_grid::{Axis, Coordinate};
use gridgp_infer::approximate;
use gridgp_model::Model;
use gridgp_posterior::unfold;
use serde_json::{Map, json};

use super::summary::DrawsSummary;
use super::{Found, beside_nuts, name};
use crate::{Host, InferenceGroup, InferenceVariable, LARGEST_GROUP, Result, Stage, draw_groups};

pub(super) fn fit(model: &Model, host: &dyn Host) -> Result<Found> {
    let spec = &model.spec.inference;
    let (samples, found) = approximate(model, &|p| host.observe(&Stage::Step(p)))?;
    // Nothing is left to interrupt.
    let _ = host.observe(&Stage::Summarizing);
    let small = samples.len() * model.data.grid.len() <= LARGEST_GROUP;
    let unfolded = unfold(model, &samples, small, small)?;
    let mut warnings = found.warnings;
    let beside = if spec.check > 0 && !found.interrupted {
        let (beside, doubts) = beside_nuts::compare(model, &samples, host)?;
        warnings.extend(doubts);
        Some(beside)
    } else {
        None
    };
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
    if let Some(nested) = &found.nested {
        for (key, value) in [
            ("algebra", json!(nested.plan.algebra)),
            ("algebra_detail", json!(nested.plan.detail)),
            ("newton_iterations", json!(nested.newton_iterations)),
            ("correction_shift", json!(nested.correction.map(|c| c.shift))),
            ("correction_scale", json!(nested.correction.map(|c| c.scale))),
            ("correction_log_prob", json!(nested.correction.map(|c| c.log_prob))),
            ("rounds", json!(nested.rounds)),
            ("points", json!(nested.points)),
            ("points_tried", json!(nested.tried)),
        ] {
            extra.insert(key.into(), value);
        }
    }
    if let Some(beside) = beside {
        extra.insert("beside_nuts".into(), beside);
    }
    let summary = DrawsSummary {
        model,
        method: name(spec.method),
        samples: &samples,
        unfolded: &unfolded,
        draws: None,
        resumable: false,
        extra,
        warnings,
    };
    Ok(Found {
        groups,
        summary: summary.json(host.seconds(), host.peak_memory()),
        interrupted: found.interrupted,
    })
}
