//! `gridgp update`: new data for a fit, at the parameters that it has.

use std::io::Write;

use anyhow::Context;
use gridgp_model::Model;
use gridgp_model::spec::ModelSpec;

use super::{check_cells, check_outputs, read_fit};
use crate::args::Update;
use crate::progress::Spinner;
use crate::terminal::Terminal;
use crate::{machine, report};

pub fn run(args: &Update) -> anyhow::Result<()> {
    machine::set_threads(args.threads)?;
    check_outputs(&[&args.output], &[&args.fit, &args.data])?;
    let terminal = Terminal::new(args.quiet);
    let spinner = Spinner::new(format!("updating {}", args.fit.display()), args.quiet);
    let fit = read_fit(&args.fit, args.no_verify)?;
    let model = Model::new(ModelSpec::from_toml(&fit.source)?, &fit.source, fit.data.clone())?;
    // Covariates as they are: they will be centered and scaled as those of the fit were, and a few rows
    // have no standard deviation of their own.
    let mut plain = model.spec.data.clone();
    for covariate in plain.covariates.values_mut() {
        (covariate.center, covariate.standardize) = (false, false);
    }
    let (newer, scalings) = gridgp_io::read_newer(&args.data, &plain)?;
    check_cells(newer.grid.len())?;
    let updated =
        gridgp_fit::update(&fit, &model, &newer, &scalings, &terminal).with_context(|| {
            format!("cannot update {} with {}", args.fit.display(), args.data.display())
        });
    drop(spinner);
    let updated = updated?;
    gridgp_io::write_fit(&args.output, &updated.fit)?;
    for warning in updated.warnings() {
        eprintln!("warning: {warning}");
    }
    if args.json {
        writeln!(std::io::stdout(), "{}", updated.fit.summary)?;
    } else if !args.quiet {
        report::print(&updated.summary, std::io::stdout())?;
    }
    Ok(())
}
