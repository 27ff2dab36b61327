//! `gridgp check`: the model as meant.

use std::io::Write;

use super::load;
use crate::args::Check;

pub fn run(args: &Check) -> anyhow::Result<()> {
    let loaded = load(&args.model, args.data.as_deref(), None)?;
    // The exact method must be able to take it, and says so now rather than in `fit`.
    gridgp::density::Marginal::new(&loaded.model)?;
    write!(std::io::stdout(), "{}", gridgp::model::describe(&loaded.model))?;
    Ok(())
}
