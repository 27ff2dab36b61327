//! `gridgp aggregate`: means and sums over cells.

use std::io::Write;
use std::path::Path;

use anyhow::bail;
use gridgp_fit::{AggregateOptions, Output, Weights, Where};
use gridgp_model::Model;
use gridgp_model::spec::ModelSpec;

use super::{check_outputs, mask, place, read_fit};
use crate::args::{Aggregate, CellWeights};
use crate::machine;
use crate::progress::Spinner;
use crate::terminal::Terminal;

pub fn run(args: &Aggregate) -> anyhow::Result<()> {
    machine::set_threads(args.threads)?;
    if let Some(p) = args.quantiles.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        bail!("--quantiles: {p} does not lie between 0 and 1");
    }
    let at = args.at.iter().map(Path::new);
    check_outputs(&[&args.output], &at.chain([args.fit.as_path()]).collect::<Vec<_>>())?;
    let spinner = Spinner::new(format!("aggregating {}", args.fit.display()), args.quiet);
    let fit = read_fit(&args.fit, args.no_verify)?;
    let model = Model::new(ModelSpec::from_toml(&fit.source)?, &fit.source, fit.data.clone())?;
    let needed = model.covariates_of(args.only.as_deref().unwrap_or("mean"))?;
    let place = place::read(args.at.as_deref(), &model, &fit.scalings, &needed)?;
    let Where::Grid(place) = place else {
        bail!("--at: points in a table have no axes to sum over; give a grid, or axes");
    };
    let options = AggregateOptions {
        over: args.over.clone(),
        weights: match args.weights {
            CellWeights::Equal => Weights::Equal,
            CellWeights::Area => Weights::Area,
        },
        sum: args.sum,
        mask: args.mask.as_deref().map(|text| mask::read(text, &model)).transpose()?,
        quantiles: args.quantiles.clone(),
        only: args.only.clone(),
        seed: args.seed,
    };
    let mut output = gridgp_fit::aggregate(&fit, &model, place, &options, &Terminal::new(true))?;
    let source = format!("gridgp {} from {}", fit.version, args.fit.display());
    output.attributes.push(("source".into(), source));
    let count = output.grid.len();
    gridgp_io::write_output(&args.output, &Output::Grid(output))?;
    drop(spinner);
    if !args.quiet {
        let what = if args.sum { "sums" } else { "means" };
        writeln!(std::io::stdout(), "{count} {what} in {}", args.output.display())?;
    }
    Ok(())
}
