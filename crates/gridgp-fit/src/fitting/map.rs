//! The mode of the posterior.

use std::sync::atomic::{AtomicBool, Ordering};

use gridgp_model::Model;

use super::{Found, summary};
use crate::{Host, Result, Stage, mode_group};

pub(super) fn fit(model: &Model, host: &dyn Host) -> Result<Found> {
    let interrupted = AtomicBool::new(false);
    let map = gridgp_infer::map(model, &|p| {
        let flow = host.observe(&Stage::Search(p));
        interrupted.fetch_or(flow.is_break(), Ordering::Relaxed);
        flow
    })?;
    let names = model.parameters.iter().map(|p| p.name.as_str());
    let estimate: Vec<(&str, f64)> = names.zip(map.estimate.iter().copied()).collect();
    Ok(Found {
        groups: vec![mode_group(&estimate)],
        summary: summary::of_map(model, &map, host.seconds(), host.peak_memory()),
        interrupted: interrupted.into_inner(),
    })
}
