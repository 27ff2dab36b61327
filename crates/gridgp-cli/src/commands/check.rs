//! `gridgp check`: the model as meant.

use std::io::Write;

use gridgp_density::{Joint, LogDensity};
use gridgp_infer::route;
use gridgp_model::spec::{Method, Route};
use gridgp_model::{Model, seams};

use super::load;
use crate::args::Check;
use crate::terminal::Terminal;

pub fn run(args: &Check) -> anyhow::Result<()> {
    let loaded = load(&args.model, args.data.as_deref(), None)?;
    // What `fit` would refuse is refused now.
    gridgp_fit::check(&loaded.model, &Terminal::new(true))?;
    let doubts = gridgp_fit::doubts(&loaded.model.data, &loaded.scalings);
    let doubts = doubts.into_iter().chain(seams(&loaded.model)).chain(loaded.model.advice());
    let warnings: Vec<String> = doubts.collect();
    for warning in &warnings {
        eprintln!("warning: {warning}");
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut all = gridgp_fit::outline(&loaded.model);
        all["warnings"] = warnings.into();
        writeln!(out, "{all:#}")?;
        return Ok(());
    }
    write!(out, "{}", gridgp_fit::describe(&loaded.model))?;
    if loaded.model.spec.inference.method == Method::Nuts {
        describe_sampling(&loaded.model, &mut out)?;
    }
    Ok(())
}

/// What `nuts` samples, and what it has to carry.
fn describe_sampling(model: &Model, out: &mut impl Write) -> anyhow::Result<()> {
    let spec = &model.spec.inference;
    let joint = Joint::new(model)?;
    let parameters = model.parameters.len();
    let fields = joint.dim() - parameters;
    let is_marginal = route(model)? == Route::Marginal;
    writeln!(
        out,
        "nuts: {} chains, each {} draws to adapt and {} to keep, seed {}",
        spec.chains, spec.tune, spec.draws, spec.seed
    )?;
    if is_marginal {
        writeln!(
            out,
            "  marginal route: {parameters} unknowns are sampled; then the field, of {fields} \
             unknowns, is drawn given them"
        )?;
    } else {
        writeln!(
            out,
            "  joint route: {} unknowns are sampled, {parameters} parameters and {fields} of fields",
            joint.dim()
        )?;
    }
    let covariances = gridgp_model::describe_covariances(model);
    if !covariances.is_empty() {
        writeln!(out, "prior covariances")?;
    }
    for line in covariances.lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
