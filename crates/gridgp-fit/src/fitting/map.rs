//! The mode of the posterior.

use std::sync::atomic::{AtomicBool, Ordering};

use gridgp_model::Model;

use super::{Found, summary};
use crate::{Error, Host, Result, Stage, mode_group};

pub(super) fn fit(model: &Model, host: &dyn Host) -> Result<Found> {
    // The exact marginal keeps some columns a missing cell.
    let (missing, cells) = (model.data.response.missing_cells().len(), model.data.grid.len());
    let kept = missing as u128 * (4 * cells + 3 * missing) as u128 * 8;
    host.admit(kept, &format!("{missing} missing cells of {cells}; to sample them instead, nuts"))
        .map_err(Error::Memory)?;
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
