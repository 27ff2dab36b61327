//! `gridgp fit`: from a model file to a fit file.

mod approximate;
mod map;
mod nuts;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use gridgp::model::spec::Method;
use gridgp_io::{FitFile, InferenceGroup};
use serde_json::Value;

use super::{Loaded, check_writable, load};
use crate::args::Fit;
use crate::progress::Spinner;
use crate::{machine, report};

/// What a method found.
struct Found {
    groups: Vec<InferenceGroup>,
    summary: Value,
    /// The draws on disk, of no use once the fit file is there.
    log: Option<PathBuf>,
}

pub fn run(args: &Fit) -> anyhow::Result<()> {
    let begun = Instant::now();
    machine::set_threads(args.threads)?;
    check_writable(&args.output)?;
    let reading = Spinner::new("reading the data", args.quiet);
    let loaded = load(&args.model, args.data.as_deref(), args.seed)?;
    drop(reading);
    let method = loaded.model.spec.inference.method;
    let found = match method {
        Method::Map => map::fit(&loaded, args, begun)?,
        Method::Nuts => nuts::fit(&loaded, args, begun)?,
        Method::Laplace | Method::Svi | Method::Pathfinder => {
            approximate::fit(&loaded, args, begun)?
        }
    };
    for warning in found.summary["warnings"].as_array().into_iter().flatten() {
        eprintln!("warning: {}", warning.as_str().unwrap_or_default());
    }
    let Loaded { source, model, scalings } = loaded;
    let fit = FitFile {
        version: env!("CARGO_PKG_VERSION").into(),
        method: serde_json::to_value(method)?.as_str().unwrap_or_default().into(),
        seed: model.spec.inference.seed,
        groups: found.groups,
        summary: serde_json::to_string_pretty(&found.summary)?,
        source,
        data: model.data,
        scalings,
    };
    let written = gridgp_io::write_fit(&args.output, &fit);
    match found.log {
        None => written?,
        Some(log) => {
            written.with_context(|| {
                format!("{} holds what was drawn; `gridgp fit --resume` goes on", log.display())
            })?;
            std::fs::remove_file(&log)
                .with_context(|| format!("cannot remove {}", log.display()))?;
        }
    }
    if args.json {
        writeln!(std::io::stdout(), "{}", fit.summary)?;
    } else if !args.quiet {
        report::print(&found.summary, std::io::stdout())?;
    }
    Ok(())
}
