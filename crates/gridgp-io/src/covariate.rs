//! Where covariates come from.

use gridgp_grid::{Axis, Covariate, Grid, Known, Values};
use gridgp_model::spec::{CovariateSpec, DataSpec};

use crate::nearest;

/// The column or variable of the covariate called `name`.
pub(crate) fn variable<'a>(name: &'a str, spec: &'a CovariateSpec) -> &'a str {
    spec.variable.as_deref().unwrap_or(name)
}

/// Axis and coordinate, when the covariate is a coordinate of the one axis that it lies along.
pub(crate) fn coordinate(
    data: &DataSpec,
    name: &str,
    spec: &CovariateSpec,
) -> Option<(usize, usize)> {
    let variable = variable(name, spec);
    data.axes.iter().enumerate().find_map(|(a, (axis, axis_spec))| {
        let along = spec.along.is_empty() || *spec.along == [axis.as_str()];
        let coordinate = axis_spec.coordinates.iter().position(|c| c == variable)?;
        along.then_some((a, coordinate))
    })
}

/// The covariate that [`coordinate`] found; on another grid than that of `fit` in the numbers of
/// the fit, where a longitude can be a turn away.
pub(crate) fn from_coordinate(
    grid: &Grid,
    fit: Option<&[Axis]>,
    name: &str,
    axis: usize,
    coordinate: usize,
) -> Result<Covariate, String> {
    let c = &grid.axes()[axis].coordinates()[coordinate];
    match &c.values {
        Values::Numbers(v) => Ok(Covariate {
            name: name.to_owned(),
            axes: vec![axis],
            values: match fit {
                None => c.seen(),
                Some(fit) => {
                    let known = Known::of(&fit[axis].coordinates()[coordinate]);
                    v.iter().map(|&x| known.snap(x)).collect()
                }
            },
            units: c.units.clone(),
            missing: None,
        }),
        Values::Labels(_) => Err(format!("the coordinate {:?} holds labels, not numbers", c.name)),
    }
}

/// The axes, increasing, that a covariate is said to lie along; all of them if nothing is said.
pub(crate) fn axes(data: &DataSpec, spec: &CovariateSpec) -> Result<Vec<usize>, String> {
    if spec.along.is_empty() {
        return Ok((0..data.axes.len()).collect());
    }
    let mut axes = vec![];
    for name in &spec.along {
        let Some(axis) = data.axes.get_index_of(name) else {
            let hint = nearest::hint(name, data.axes.keys().map(String::as_str));
            return Err(format!("`along`: there is no axis {name:?}{hint}"));
        };
        axes.push(axis);
    }
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}
