//! Draws by the No-U-Turn Sampler, on disk as they come.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Context;
use gridgp::infer::{Draws, Event, SamplePlan, plan, sample};
use gridgp::model::Model;
use gridgp::posterior::unfold;
use gridgp_io::{DrawLog, LARGEST_GROUP, LogHeader, LoggedRun, draw_groups};
use serde_json::{Map, json};

use super::{Found, Loaded};
use crate::args::Fit;
use crate::progress::{SampleBars, Spinner};
use crate::report::DrawsSummary;
use crate::{interrupt, machine};

pub fn fit(loaded: &Loaded, args: &Fit, begun: Instant) -> anyhow::Result<Found> {
    let model = &loaded.model;
    let starting = Spinner::new("looking for where to start", args.quiet);
    let plan = plan(model)?;
    drop(starting);
    let spec = &model.spec.inference;
    let kept = spec.chains as u128 * spec.draws as u128 * plan.dim as u128 * 8 * 3;
    machine::check_memory(
        kept,
        &format!("{} x {} draws of {} unknowns", spec.chains, spec.draws, plan.dim),
    )?;
    let header = LogHeader {
        parts: fingerprint(loaded, &plan)?,
        dim: plan.dim,
        chains: plan.starts.len(),
        tune: spec.tune,
        draws: spec.draws,
        seed: spec.seed,
    };
    let path = log_path(&args.output);
    let (log, earlier) = open_log(&path, &header, args.resume)?;
    let begun_with = earlier.as_ref().map(LoggedRun::states);
    let earlier = earlier.map(|run| {
        let interrupted = run.chains.iter().any(|c| c.len() < spec.draws);
        Draws { chains: run.chains, interrupted }
    });
    interrupt::watch()?;
    let bars = SampleBars::new(plan.starts.len(), spec.tune, spec.draws, args.quiet);
    let (failed, failure) = (AtomicBool::new(false), Mutex::new(None));
    let observe = |event: &Event| {
        bars.update(event);
        if let Err(e) = log.record(event) {
            failed.store(true, Ordering::Relaxed);
            failure.lock().expect("no other thread has failed").get_or_insert(e);
        }
        if failed.load(Ordering::Relaxed) || interrupt::requested() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let earlier = earlier.zip(begun_with.as_deref());
    let sampled = sample(model, &plan, earlier, &observe);
    bars.finish();
    if let Some(e) = failure.into_inner().expect("no other thread has failed") {
        return Err(anyhow::Error::new(e).context(
            "the draws could not be kept; those that were written are there for --resume",
        ));
    }
    let sampled = sampled.with_context(|| {
        format!("{} holds what was drawn; `gridgp fit --resume` goes on", path.display())
    });
    let sampled = match sampled {
        Err(e) if !interrupt::requested() && begun_with.is_none() => {
            // An error of the model: nothing that a resumed run could use.
            let _ = std::fs::remove_file(&path);
            return Err(anyhow::anyhow!("{}", e.root_cause()));
        }
        other => other?,
    };
    log.finish()?;
    let summarizing = Spinner::new("summarizing the draws", args.quiet);
    let found = found(model, &sampled, begun)?;
    drop(summarizing);
    let log = (!sampled.draws.interrupted).then_some(path);
    Ok(Found { log, ..found })
}

fn found(model: &Model, sampled: &gridgp::infer::Sampled, begun: Instant) -> anyhow::Result<Found> {
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
             left out of the fit file, which keeps all unknowns; `gridgp predict` makes them"
        ));
    }
    let summary = DrawsSummary {
        model,
        method: "nuts",
        samples,
        unfolded: &unfolded,
        draws: Some(&sampled.draws),
        extra,
        warnings,
    };
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Found { groups, summary: summary.json(seconds, machine::peak_memory()), log: None })
}

/// `FIT.partial`, beside the fit file.
fn log_path(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    output.with_file_name(name)
}

fn open_log(
    path: &Path,
    header: &LogHeader,
    resume: bool,
) -> anyhow::Result<(DrawLog, Option<LoggedRun>)> {
    if resume && path.exists() {
        let (log, run) = DrawLog::resume(path, header)?;
        return Ok((log, Some(run)));
    }
    if resume {
        eprintln!("warning: there is no {}: nothing to resume, this is a new run", path.display());
    }
    let log = DrawLog::create(path, header)
        .with_context(|| "an earlier run has not ended: `--resume` goes on with it")?;
    Ok((log, None))
}

/// What the draws depend on, besides the numbers in the header.
fn fingerprint(loaded: &Loaded, plan: &SamplePlan) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    // Those numbers have their own words when they change, and a run may be made longer.
    let mut spec = loaded.model.spec.clone();
    let inference = &mut spec.inference;
    (inference.draws, inference.tune, inference.chains, inference.seed) = (0, 0, 0, 0);
    let data = &loaded.model.data;
    let coordinates = data.grid.axes().iter().flat_map(|a| {
        let points = a.points();
        (0..points.len()).flat_map(|i| points.row(i).to_vec()).collect::<Vec<_>>()
    });
    let covariates = data.covariates.iter().flat_map(|c| c.values.iter().copied());
    let missing = data.response.missing_cells().into_iter().map(|c| c as f64);
    let numbers = data.response.values.iter().copied().chain(coordinates).chain(covariates);
    let settings = plan.starts.iter().flatten().chain(&plan.information).copied();
    Ok(vec![
        ("model".into(), serde_json::to_vec(&spec)?),
        ("data".into(), hash(numbers.chain(missing))),
        ("starts".into(), hash(settings)),
        ("version of gridgp".into(), env!("CARGO_PKG_VERSION").into()),
    ])
}

/// FNV-1a over the bits of numbers.
fn hash(numbers: impl Iterator<Item = f64>) -> Vec<u8> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in numbers.flat_map(|v| v.to_bits().to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash.to_le_bytes().to_vec()
}
