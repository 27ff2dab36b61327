//! Data whose squares leave the range of numbers.

use gridgp_grid::{Dataset, Error, Result, Values};

use super::level::mean_and_sd;
use crate::spec::ModelSpec;

/// Between these a square, and a ratio of two, is a number.
const SMALLEST: f64 = 1e-100;
const LARGEST: f64 = 1e100;

/// Whether a number has a square, and, if it is not 0, one that is not 0.
pub(super) fn is_computable(v: f64) -> bool {
    v == 0.0 || (SMALLEST..=LARGEST).contains(&v.abs())
}

/// What to say of one that has none.
pub(super) fn beyond(v: f64) -> String {
    format!("this is {v:e}, and its square leaves the range of numbers; take other units")
}

/// Refuses data that are too large or differ too little for the arithmetic of variances.
pub(super) fn check(spec: &ModelSpec, data: &Dataset) -> Result<()> {
    if !spec.data.standardize {
        let advice =
            "give it in another unit, or, for a gaussian, set standardize = true in [data]";
        check_one("response", &data.response.name, data.observed(), advice)?;
    }
    for c in &data.covariates {
        let advice = "standardize it in [data.covariates]";
        check_one("covariate", &c.name, c.values.iter().copied(), advice)?;
    }
    for c in data.grid.axes().iter().flat_map(|axis| axis.coordinates()) {
        if let Values::Numbers(x) = &c.values {
            check_one("coordinate", &c.name, x.iter().copied(), "give it in another unit")?;
        }
    }
    Ok(())
}

fn check_one(
    what: &str,
    name: &str,
    values: impl Iterator<Item = f64> + Clone,
    advice: &str,
) -> Result<()> {
    let largest = values.clone().fold(0.0, |m: f64, v| m.max(v.abs()));
    let (_, sd) = mean_and_sd(values);
    let said = if largest > LARGEST {
        format!("reaches {largest:.2e}")
    } else if sd > 0.0 && sd < SMALLEST {
        format!("has a standard deviation of {sd:.2e}")
    } else {
        return Ok(());
    };
    Err(Error::Data(format!(
        "the {what} {name:?} {said}, and its squares leave the range of numbers; {advice}"
    )))
}
