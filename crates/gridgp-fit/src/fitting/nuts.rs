//! Draws by the No-U-Turn Sampler, on disk as they come where that is wanted.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use gridgp_infer::{Draws, Event, SamplePlan, Sampled, plan, sample, verify_earlier};
use gridgp_model::Model;
use gridgp_posterior::unfold;
use serde_json::{Map, json};

use super::Found;
use super::summary::DrawsSummary;
use crate::{
    DrawLog, Error, Host, LARGEST_GROUP, LogHeader, LoggedRun, Result, Stage, draw_groups,
};

pub(super) fn fit(model: &Model, log: Option<&dyn DrawLog>, host: &dyn Host) -> Result<Found> {
    let stopped = || {
        gridgp_grid::Error::Inference(
            "the run was stopped before every chain had a draw: there is nothing to keep".into(),
        )
    };
    if host.observe(&Stage::Starting).is_break() {
        return Err(stopped().into());
    }
    let plan = plan(model)?;
    let spec = &model.spec.inference;
    let opened = log.map(|log| log.open(&header(model, &plan)));
    let earlier = opened.transpose().map_err(Error::Log)?.flatten();
    let begun_with = earlier.as_ref().map(LoggedRun::states);
    let earlier = earlier.map(|run| {
        let interrupted = run.chains.iter().any(|c| c.len() < spec.draws);
        Draws { chains: run.chains, interrupted }
    });
    if let Some(draws) = &earlier {
        verify_earlier(model, &plan, draws).map_err(Error::Unlike)?;
    }
    // A new run, which leaves nothing that a resumed one could use.
    let forget = || {
        if let (Some(log), None) = (log, &begun_with) {
            log.discard();
        }
    };
    if host.observe(&Stage::Planned(&plan)).is_break() {
        forget();
        return Err(stopped().into());
    }
    let (failed, failure) = (AtomicBool::new(false), Mutex::new(None));
    let ended = AtomicBool::new(false);
    let observe = |event: &Event| {
        if let Some(log) = log
            && let Err(e) = log.record(event)
        {
            failed.store(true, Ordering::Relaxed);
            failure.lock().expect("no other thread has failed").get_or_insert(e);
        }
        let flow = host.observe(&Stage::Chain(event));
        if flow.is_break() {
            ended.store(true, Ordering::Relaxed);
        }
        if failed.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { flow }
    };
    let earlier = earlier.zip(begun_with.as_deref());
    let sampled = sample(model, &plan, earlier, &observe);
    if let Some(e) = failure.into_inner().expect("no other thread has failed") {
        return Err(Error::Unkept(e));
    }
    if sampled.is_err() && !ended.load(Ordering::Relaxed) {
        // An error of the model.
        forget();
    }
    let sampled = sampled?;
    if let Some(log) = log {
        log.finish().map_err(Error::Log)?;
    }
    let _ = host.observe(&Stage::Summarizing);
    found(model, &sampled, log.is_some(), host)
}

fn found(model: &Model, sampled: &Sampled, resumable: bool, host: &dyn Host) -> Result<Found> {
    let samples = &sampled.samples;
    let cells = model.data.grid.len();
    let small = samples.len() * cells <= LARGEST_GROUP;
    let unfolded = unfold(model, samples, small, small)?;
    let seed = model.spec.inference.seed;
    let groups = draw_groups(model, samples, &unfolded, Some(&sampled.draws), seed)?;
    let mut extra = Map::new();
    extra.insert("route".into(), json!(sampled.route));
    extra.insert("tune".into(), json!(model.spec.inference.tune));
    extra.insert("target_accept".into(), json!(model.spec.inference.target_accept));
    extra.insert("jitter".into(), json!(model.spec.inference.jitter));
    let mut warnings = Vec::new();
    if !small {
        warnings.push(format!(
            "the fields, the pointwise log likelihood and predictive draws on {cells} cells are \
             left out of the fit, which keeps all unknowns; a prediction makes them"
        ));
    }
    let summary = DrawsSummary {
        model,
        method: "nuts",
        samples,
        unfolded: &unfolded,
        draws: Some(&sampled.draws),
        resumable,
        extra,
        warnings,
    };
    Ok(Found {
        groups,
        summary: summary.json(host.seconds(), host.peak_memory()),
        interrupted: sampled.draws.interrupted,
    })
}

fn header(model: &Model, plan: &SamplePlan) -> LogHeader {
    let spec = &model.spec.inference;
    LogHeader {
        parts: fingerprint(model, plan),
        dim: plan.dim,
        chains: plan.starts.len(),
        tune: spec.tune,
        draws: spec.draws,
        seed: spec.seed,
    }
}

/// What the draws depend on, besides the numbers in the header.
fn fingerprint(model: &Model, plan: &SamplePlan) -> Vec<(String, Vec<u8>)> {
    // The numbers in the header have their own words when they change, and a run may be made longer.
    let mut spec = model.spec.clone();
    let inference = &mut spec.inference;
    (inference.draws, inference.tune, inference.chains, inference.seed) = (0, 0, 0, 0);
    let data = &model.data;
    let coordinates = data.grid.axes().iter().flat_map(|a| {
        let points = a.points();
        (0..points.len()).flat_map(|i| points.row(i).to_vec()).collect::<Vec<_>>()
    });
    let covariates = data.covariates.iter().flat_map(|c| c.values.iter().copied());
    let missing = data.response.missing_cells().into_iter().map(|c| c as f64);
    let numbers = data.response.values.iter().copied().chain(coordinates).chain(covariates);
    let constants = plan.density.iter().flat_map(|density| density.constants());
    let settings = plan.starts.iter().flatten().copied().chain(constants);
    vec![
        ("model".into(), spec.to_toml().into_bytes()),
        ("data".into(), hash(numbers.chain(missing))),
        ("starts".into(), hash(settings)),
        ("version of gridgp".into(), env!("CARGO_PKG_VERSION").into()),
    ]
}

/// FNV-1a over the bits of numbers.
fn hash(numbers: impl Iterator<Item = f64>) -> Vec<u8> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in numbers.flat_map(|v| v.to_bits().to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash.to_le_bytes().to_vec()
}
