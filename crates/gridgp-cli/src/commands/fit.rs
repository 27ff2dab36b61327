//! `gridgp fit`: from a model file to a fit file.

use std::io::Write;
use std::time::Instant;

use gridgp_io::FitFile;

use super::{check_writable, load};
use crate::args::Fit;
use crate::progress::{SearchBar, Spinner};
use crate::{machine, report};

pub fn run(args: &Fit) -> anyhow::Result<()> {
    let begun = Instant::now();
    machine::set_threads(args.threads)?;
    check_writable(&args.output)?;
    let reading = Spinner::new("reading the data", args.quiet);
    let loaded = load(&args.model, args.data.as_deref(), args.seed)?;
    drop(reading);
    let bar = SearchBar::new(args.quiet);
    let map = gridgp::infer::map(&loaded.model, &|p| bar.update(p))?;
    bar.finish();
    for warning in &map.warnings {
        eprintln!("warning: {warning}");
    }
    let summary =
        report::summary(&loaded.model, &map, begun.elapsed().as_secs_f64(), machine::peak_memory());
    let names = loaded.model.parameters.iter().map(|p| p.name.clone());
    let fit = FitFile {
        version: env!("CARGO_PKG_VERSION").into(),
        method: "map".into(),
        seed: loaded.model.spec.inference.seed,
        parameters: names.zip(map.estimate.iter().map(|&v| vec![v])).collect(),
        summary: serde_json::to_string_pretty(&summary)?,
        source: loaded.source,
        data: loaded.model.data,
        scalings: loaded.scalings,
    };
    gridgp_io::write_fit(&args.output, &fit)?;
    if args.json {
        writeln!(std::io::stdout(), "{}", fit.summary)?;
    } else if !args.quiet {
        report::print(&summary, std::io::stdout())?;
    }
    Ok(())
}
