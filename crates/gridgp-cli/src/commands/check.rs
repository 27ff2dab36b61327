//! `gridgp check`: the model as meant.

use std::io::Write;

use gridgp::model::spec::{Method, Route};

use super::load;
use crate::args::Check;

pub fn run(args: &Check) -> anyhow::Result<()> {
    let loaded = load(&args.model, args.data.as_deref(), None)?;
    // The method must be able to take it, and says so now rather than in `fit`.
    let spec = &loaded.model.spec.inference;
    if spec.method == Method::Map || spec.route == Route::Marginal {
        gridgp::density::Marginal::new(&loaded.model)?;
    }
    write!(std::io::stdout(), "{}", gridgp::model::describe(&loaded.model))?;
    Ok(())
}
