//! `gridgp predict`: means, standard deviations, quantiles and draws where they are asked for.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::bail;
use gridgp_fit::PredictOptions;
use gridgp_model::Model;
use gridgp_model::spec::ModelSpec;

use super::{check_outputs, mask, place, read_fit};
use crate::args::Predict;
use crate::machine;
use crate::progress::Spinner;
use crate::terminal::Terminal;

pub fn run(args: &Predict) -> anyhow::Result<()> {
    let begun = Instant::now();
    machine::set_threads(args.threads)?;
    if let Some(p) = args.quantiles.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        bail!("--quantiles: {p} does not lie between 0 and 1");
    }
    let at = args.at.iter().map(Path::new);
    check_outputs(&[&args.output], &at.chain([args.fit.as_path()]).collect::<Vec<_>>())?;
    let spinner = Spinner::new(format!("predicting from {}", args.fit.display()), args.quiet);
    let fit = read_fit(&args.fit, args.no_verify)?;
    let model = Model::new(ModelSpec::from_toml(&fit.source)?, &fit.source, fit.data.clone())?;
    let needed = model.covariates_needed(&args.only)?;
    let place = place::read(args.at.as_deref(), &model, &fit.scalings, &needed)?;
    let options = PredictOptions {
        quantiles: args.quantiles.clone(),
        draws: args.draws,
        only: args.only.clone(),
        seed: args.seed,
        mask: args.mask.as_deref().map(|text| mask::read(text, &model)).transpose()?,
    };
    let mut output = gridgp_fit::predict(&fit, &model, place, &options, &Terminal::new(true))?;
    let source = format!("gridgp {} from {}", fit.version, args.fit.display());
    output.attributes_mut().push(("source".into(), source));
    gridgp_io::write_output(&args.output, &output)?;
    drop(spinner);
    for warning in output.warnings() {
        eprintln!("warning: {warning}");
    }
    if !args.quiet {
        let seconds = begun.elapsed().as_secs_f64();
        let (cells, file) = (output.cells(), args.output.display());
        writeln!(std::io::stdout(), "{cells} predictions in {file}, {seconds:.3} s")?;
    }
    Ok(())
}
