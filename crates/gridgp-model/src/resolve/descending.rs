//! The values of a block in descending order, for the likelihood `r_largest`.

use gridgp_grid::{Dataset, Error, Result};
use gridgp_likelihood::{Family, NONE_ABOVE};

use crate::Model;
use crate::language::{Fault, suggest};
use crate::spec::{ModelSpec, Source};

/// The key of `[likelihood]` that names the axis of the values of a block.
pub(super) const KEY: &str = "upper";

/// For each cell the value before it along the axis that `upper` names, [`NONE_ABOVE`] for the first;
/// nothing for another family than `r_largest`.
///
/// # Errors
/// No such axis; a value without the one before it.
pub(super) fn values_above(
    spec: &ModelSpec,
    source: &Source,
    data: &Dataset,
    family: &Family,
) -> Result<Option<Vec<f64>>> {
    if !matches!(family, Family::RLargest(_)) {
        return Ok(None);
    }
    let names = || data.grid.axes().iter().map(|axis| axis.name());
    let Some(written) = spec.likelihood.parameters.get(KEY) else {
        let message = format!(
            "an r_largest likelihood needs the axis along which the values of a block descend: add \
             `{KEY} = \"…\"` with one of {}; for one value a block use gev",
            names().collect::<Vec<_>>().join(", ")
        );
        return Err(source.fault(&["likelihood"], &Fault::new(0..0, message)));
    };
    let text = written.text();
    let Some(axis) = data.grid.position(text.trim()) else {
        let message = format!(
            "{KEY} is {text:?}, which is no axis: it names the axis along which the values of a \
             block descend; {}",
            suggest(&text, names())
        );
        return Err(source.fault(&["likelihood", KEY], &Fault::new(0..0, message)));
    };
    let shape = data.grid.shape();
    let step: usize = shape[axis + 1..].iter().product();
    let y = &data.response;
    let is_missing = |cell: usize| y.missing.as_ref().is_some_and(|m| m[cell]);
    (0..data.grid.len())
        .map(|cell| {
            if (cell / step).is_multiple_of(shape[axis]) {
                return Ok(NONE_ABOVE);
            }
            let before = cell - step;
            if is_missing(before) && !is_missing(cell) {
                return Err(Error::Data(format!(
                    "{:?} has a value at {} and none before it, at {}: the largest of a block comes \
                     first, and only the last ones may be missing",
                    y.name,
                    data.grid.describe(cell),
                    data.grid.describe(before)
                )));
            }
            // Nobody asks what is above a missing value.
            Ok(if is_missing(before) { NONE_ABOVE } else { y.values[before] })
        })
        .collect::<Result<Vec<f64>>>()
        .map(Some)
}

/// All values of a block come from one law.
///
/// # Errors
/// A field or a covariate that varies within blocks.
pub(super) fn check_the_same_in_a_block(model: &Model, source: &Source) -> Result<()> {
    let Some(axis) = model.descending_axis() else { return Ok(()) };
    let name = model.data.grid.axes()[axis].name();
    if let Some(field) = model.fields.iter().find(|f| f.axes[axis].is_some()) {
        let message = format!(
            "the values of a block along {name:?} come from one law, and this field varies among \
             them; leave it out"
        );
        return Err(source.fault(&["fields", &field.name, name], &Fault::new(0..0, message)));
    }
    let varies = |c: &usize| model.data.covariates[*c].axes.contains(&axis);
    if let Some(c) = model.used_covariates().into_iter().find(varies) {
        let covariate = &model.data.covariates[c].name;
        let message = format!(
            "the values of a block along {name:?} come from one law, and this covariate varies \
             among them; say what it varies along, {covariate} = {{ along = … }}, without {name:?}"
        );
        let fault = Fault::new(0..0, message);
        return Err(source.fault(&["data", "covariates", covariate], &fault));
    }
    Ok(())
}
