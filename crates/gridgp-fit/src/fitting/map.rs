//! The mode of the posterior.

use gridgp_model::Model;

use super::{Found, summary};
use crate::{Host, Result, Stage, mode_group};

pub(super) fn fit(model: &Model, host: &dyn Host) -> Result<Found> {
    let _ = host.observe(&Stage::Searching);
    let map = gridgp_infer::map(model, &|p| host.observe(&Stage::Search(p)))?;
    let names = model.parameters.iter().map(|p| p.name.as_str());
    let estimate: Vec<(&str, f64)> = names.zip(map.estimate.iter().copied()).collect();
    Ok(Found {
        groups: vec![mode_group(&estimate)],
        summary: summary::of_map(model, &map, host.seconds(), host.peak_memory()),
        interrupted: map.interrupted,
    })
}
