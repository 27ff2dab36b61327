//! The mode of the posterior.

use std::time::Instant;

use gridgp_io::mode_group;

use super::{Found, Loaded};
use crate::args::Fit;
use crate::progress::SearchBar;
use crate::{machine, report};

pub fn fit(loaded: &Loaded, args: &Fit, begun: Instant) -> anyhow::Result<Found> {
    let model = &loaded.model;
    let bar = SearchBar::new(args.quiet);
    let map = gridgp::infer::map(model, &|p| bar.update(p))?;
    bar.finish();
    let names = model.parameters.iter().map(|p| p.name.as_str());
    let estimate: Vec<(&str, f64)> = names.zip(map.estimate.iter().copied()).collect();
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Found {
        groups: vec![mode_group(&estimate)],
        summary: report::map_summary(model, &map, seconds, machine::peak_memory()),
        log: None,
    })
}
