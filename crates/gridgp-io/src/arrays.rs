//! Data that are in memory already, as the `[data]` section of a model means them.
//!
//! A front-end with arrays and named coordinates finds the array of each name, and brings them here:
//! units, selections, covariates and their scaling are then those of files.

use gridgp_fit::{Scaling, ScatteredPoints, Where};
use gridgp_grid::time::TimeUnits;
use gridgp_grid::{Axis, Coordinate, Covariate, Dataset, Error, Grid, Result, Variable, time};
use gridgp_model::spec::DataSpec;
use gridgp_posterior::Place;

use crate::asked::as_asked;
use crate::covariate;
use crate::missing::Missing;
use crate::points::{like, points_like};
use crate::{dates, nearest, select};

/// An axis of arrays, and what is kept of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptAxis {
    /// The axis, with the points that are kept.
    pub axis: Axis,
    /// Their positions in the arrays, increasing; `None` where all are kept.
    pub positions: Option<Vec<usize>>,
}

/// Values of a covariate on some axes.
#[derive(Debug, Clone, PartialEq)]
pub struct CovariateValues {
    /// Positions of its axes, increasing; what is kept of them.
    pub axes: Vec<usize>,
    /// Row-major.
    pub values: Vec<f64>,
    /// Its unit.
    pub units: Option<String>,
}

/// The axes of `spec` with these coordinates, one list an axis in the order of `spec.axes`, after
/// conversion of times and after the selections of `spec`. A list may have one more coordinate than
/// the axis: what its points are called.
///
/// # Errors
/// Another number of axes; a unit that cannot be converted; a selection that leaves nothing;
/// coordinates that are no axis.
pub fn keep_axes(spec: &DataSpec, coordinates: Vec<Vec<Coordinate>>) -> Result<Vec<KeptAxis>> {
    if coordinates.len() != spec.axes.len() {
        return Err(Error::Grid(format!(
            "there are coordinates for {} axes, and the model has {}",
            coordinates.len(),
            spec.axes.len()
        )));
    }
    let axes = spec.axes.iter().zip(coordinates).map(|((name, axis), mut coordinates)| {
        let own = axis.coordinates.len();
        let mut names: Vec<Coordinate> = coordinates.drain(own.min(coordinates.len())..).collect();
        for c in &mut coordinates {
            let wrong = |e| Error::Grid(format!("data.axes.{name}: {e}"));
            as_asked(c, axis).map_err(wrong)?;
            time::convert(c, axis.units.as_deref()).map_err(wrong)?;
        }
        if coordinates.first().is_none_or(Coordinate::is_empty) {
            return Err(Error::Grid(format!("axis {name:?} has no points")));
        }
        let positions = select::kept(&[name], &coordinates, &names, spec).map_err(Error::Grid)?;
        if let Some(kept) = &positions {
            let taken = |c: &Coordinate| c.take(kept);
            coordinates = coordinates.iter().map(taken).collect();
            names = names.iter().map(taken).collect();
        }
        coordinates.extend(names);
        Ok(KeptAxis { axis: self::axis(name, own, coordinates)?, positions })
    });
    axes.collect()
}

/// An axis of `own` coordinates, behind which what its points are called may stand.
pub(crate) fn axis(name: &str, own: usize, mut coordinates: Vec<Coordinate>) -> Result<Axis> {
    let names = coordinates.drain(own.min(coordinates.len())..).next();
    let axis = Axis::new(name, coordinates)?;
    match names {
        Some(names) => axis.with_names(names),
        None => Ok(axis),
    }
}

/// The position along a dimension that is no axis of the model, where `spec` selects one.
///
/// # Errors
/// A selection that leaves none or several.
pub fn keep_one(spec: &DataSpec, dim: &str, coordinate: &Coordinate) -> Result<usize> {
    let own = std::slice::from_ref(coordinate);
    let kept = select::kept(&[dim], own, &[], spec).map_err(Error::Grid)?;
    match kept.as_deref() {
        Some([only]) => Ok(*only),
        None if coordinate.len() == 1 => Ok(0),
        kept => Err(Error::Grid(format!(
            "the data have a dimension {dim:?} with {} points that is not an axis of the model; \
             choose one of them before fitting, or with data.sel.{dim} or data.isel.{dim}, or add \
             it to data.axes",
            kept.map_or(coordinate.len(), <[usize]>::len)
        ))),
    }
}

/// The data of a model from arrays, with the scaling of each covariate.
///
/// `response` is on the axes, in their order; `covariates` has the values of each covariate of
/// `spec`, in its order, and `None` for one that is a coordinate of an axis.
///
/// # Errors
/// A covariate that is not there, lies on other axes than `along` says, or is missing beside an
/// observed response;
/// lengths that do not match.
pub fn dataset_of(
    spec: &DataSpec,
    axes: Vec<Axis>,
    mut response: Variable,
    covariates: Vec<Option<CovariateValues>>,
) -> Result<(Dataset, Vec<Scaling>)> {
    let grid = Grid::new(axes)?;
    Missing::of(&spec.missing).mask(&mut response);
    let found = covariates_of(spec, &grid, covariates, None, None)?;
    let (covariates, scalings) = found.into_iter().unzip();
    Ok((Dataset::new(grid, response, covariates)?, scalings))
}

/// Whether a covariate of `spec` is a coordinate of an axis, and needs no values.
///
/// # Errors
/// There is no such covariate.
pub fn is_coordinate(spec: &DataSpec, name: &str) -> Result<bool> {
    match spec.covariates.get(name) {
        Some(c) => Ok(covariate::coordinate(spec, name, c).is_some()),
        None => Err(Error::Data(format!("there is no covariate {name:?}"))),
    }
}

/// A grid for prediction with the axes of a fit: `coordinates` as in [`keep_axes`], converted to the
/// units of the fit; `covariates` as in [`dataset_of`], where they are known.
///
/// # Errors
/// A unit that is not that of the fit and cannot be converted; a covariate on other axes.
pub fn place_like(
    spec: &DataSpec,
    fit: &[Axis],
    mut coordinates: Vec<Vec<Coordinate>>,
    covariates: Vec<Option<CovariateValues>>,
    scalings: &[Scaling],
) -> Result<Where> {
    all_as_asked(spec, fit, &mut coordinates)?;
    let axes = fit.iter().zip(coordinates).map(|(axis, new)| {
        let (n, old) = (axis.coordinates().len(), axis.coordinates());
        let own = old.iter().zip(&new).map(|(old, new)| like(old, new));
        let mut own = own.collect::<Result<Vec<_>, String>>().map_err(Error::Grid)?;
        own.extend(new.into_iter().skip(n));
        self::axis(axis.name(), n, own)
    });
    let grid = Grid::new(axes.collect::<Result<_>>()?)?;
    let known = spec.covariates.keys().zip(&covariates).map(|(name, values)| {
        // A coordinate of an axis has moved with it.
        Ok(values.is_some() || is_coordinate(spec, name)?)
    });
    let known: Vec<bool> = known.collect::<Result<_>>()?;
    let mut part = spec.clone();
    let mut at = known.iter();
    part.covariates.retain(|_, _| *at.next().expect("one flag a covariate"));
    let keep = |i: &usize| known[*i];
    let scalings: Vec<Scaling> = (0..known.len()).filter(keep).map(|i| scalings[i]).collect();
    let values = covariates.into_iter().zip(&known).filter(|(_, known)| **known).map(|(v, _)| v);
    let found = covariates_of(&part, &grid, values.collect(), Some(fit), Some(&scalings))?;
    let covariates = found.into_iter().map(|(c, _)| c).collect();
    Ok(Where::Grid(Place { grid, covariates }))
}

/// Scattered points for prediction: `coordinates` one list an axis of the fit, all of one length;
/// `covariates` by name, in the units of the data.
///
/// # Errors
/// Other units or labels than those of the fit.
pub fn points_at(
    spec: &DataSpec,
    fit: &[Axis],
    mut coordinates: Vec<Vec<Coordinate>>,
    covariates: Vec<(String, Vec<f64>)>,
    scalings: &[Scaling],
) -> Result<Where> {
    all_as_asked(spec, fit, &mut coordinates)?;
    let points = fit.iter().zip(&coordinates).map(|(axis, new)| points_like(axis, new));
    let points = points.collect::<Result<Vec<_>, String>>().map_err(Error::Grid)?;
    let covariates = covariates.into_iter().map(|(name, mut values)| {
        let Some(c) = spec.covariates.get_index_of(&name) else {
            let hint = nearest::hint(&name, spec.covariates.keys().map(String::as_str));
            return Err(Error::Data(format!("the model has no covariate {name:?}{hint}")));
        };
        scalings[c].apply(&mut values);
        Ok((name, values))
    });
    let covariates = covariates.collect::<Result<_>>()?;
    let coordinates = coordinates.into_iter().flatten().collect();
    Ok(Where::Points(ScatteredPoints { coordinates, points, values: vec![] }, covariates))
}

/// New coordinates, one list an axis of the fit, as the axes ask for them.
fn all_as_asked(spec: &DataSpec, fit: &[Axis], coordinates: &mut [Vec<Coordinate>]) -> Result<()> {
    for (axis, own) in fit.iter().zip(coordinates) {
        let Some(asked) = spec.axes.get(axis.name()) else { continue };
        // Behind them may stand what the points are called.
        let mut own = own.iter_mut().take(axis.coordinates().len());
        own.try_for_each(|c| as_asked(c, asked)).map_err(Error::Grid)?;
    }
    Ok(())
}

/// A coordinate with its calendar, where its unit is one of time; as files are read.
#[must_use]
pub fn with_calendar(mut c: Coordinate) -> Coordinate {
    dates::relative_to_1970(&mut c);
    let calendar = c.calendar.take().unwrap_or_else(|| "standard".into());
    let is_time =
        c.units.as_deref().is_some_and(|units| TimeUnits::parse(units, Some(&calendar)).is_some());
    c.calendar = is_time.then_some(calendar);
    c
}

fn covariates_of(
    spec: &DataSpec,
    grid: &Grid,
    values: Vec<Option<CovariateValues>>,
    fit: Option<&[Axis]>,
    scalings: Option<&[Scaling]>,
) -> Result<Vec<(Covariate, Scaling)>> {
    let mut found = vec![];
    for (i, ((name, c), values)) in spec.covariates.iter().zip(values).enumerate() {
        let wrong = |e| Error::Data(format!("covariate {name:?}: {e}"));
        let mut covariate = match (covariate::coordinate(spec, name, c), values) {
            (Some((axis, coordinate)), _) => {
                covariate::from_coordinate(grid, fit, name, axis, coordinate).map_err(wrong)?
            }
            (None, Some(CovariateValues { axes, mut values, units })) => {
                Missing::of(&spec.missing).to_nan(&mut values);
                let along = covariate::axes(spec, c).map_err(wrong)?;
                if !c.along.is_empty() && along != axes {
                    let list = |axes: &[usize]| {
                        let names: Vec<&str> =
                            axes.iter().map(|&a| grid.axes()[a].name()).collect();
                        nearest::list(&names)
                    };
                    return Err(wrong(format!(
                        "`along` says {} but it lies along {}",
                        list(&along),
                        list(&axes)
                    )));
                }
                Covariate::with_nan_as_missing(name, axes, values, units)
            }
            (None, None) => return Err(wrong("there are no values of it".into())),
        };
        let scaling = match scalings {
            Some(scalings) => scalings[i],
            None => Scaling::of(c, &covariate).map_err(wrong)?,
        };
        scaling.apply(&mut covariate.values);
        found.push((covariate, scaling));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_model::spec::AxisSpec;

    fn spec(text: &str) -> DataSpec {
        let text = format!("[data]\nresponse = 'y'\n{text}\n[likelihood]\nfamily = 'gaussian'\n");
        let source = gridgp_model::spec::Source::new("m.toml", text);
        gridgp_model::spec::ModelSpec::from_toml(&source).unwrap().data
    }

    #[test]
    fn arrays_are_selected_converted_and_scaled_as_files() {
        let spec = spec(
            "axes.time = { units = 'days' }\naxes.x = 'x'\nsel.x = { from = 2 }\n\
             covariates.g = { along = 'time', center = true }\ncovariates.x2 = { variable = 'x' }",
        );
        let time =
            Coordinate::numbers("time", vec![0.0, 36.0]).with_units("hours since 2000-01-01");
        let x = Coordinate::numbers("x", vec![1.0, 2.0, 3.0]);
        let axes = keep_axes(&spec, vec![vec![with_calendar(time)], vec![x]]).unwrap();
        assert_eq!(axes[0].positions, None);
        assert_eq!(axes[1].positions.as_deref(), Some(&[1, 2][..]));
        let kept = &axes[0].axis.coordinates()[0];
        assert_eq!(kept.units.as_deref(), Some("days since 2000-01-01"));
        assert_eq!(kept.show(1), "1.5");
        assert!(is_coordinate(&spec, "x2").unwrap() && !is_coordinate(&spec, "g").unwrap());
        let g = CovariateValues { axes: vec![0], values: vec![1.0, 3.0], units: None };
        let y = Variable::new("y", vec![1.0, 2.0, 3.0, 5.0]);
        let axes: Vec<Axis> = axes.into_iter().map(|a| a.axis).collect();
        let (data, scalings) = dataset_of(&spec, axes, y, vec![Some(g), None]).unwrap();
        assert_eq!(data.covariates[0].values, [-1.0, 1.0]);
        assert_eq!(scalings[0].center, 2.0);
        assert_eq!(data.covariates[1].values, [2.0, 3.0]);
    }

    #[test]
    fn points_keep_their_names_and_are_selected_by_them() {
        let spec = spec("axes.station = ['lon', 'lat']\nsel.station = ['b', 'c']");
        let numbers = |name: &str| Coordinate::numbers(name, vec![1.0, 2.0, 3.0]);
        let names = Coordinate::labels("station", ["a", "b", "c"].map(String::from).to_vec());
        let given = vec![vec![numbers("lon"), numbers("lat"), names.clone()]];
        let kept = keep_axes(&spec, given).unwrap().remove(0);
        assert_eq!(kept.positions.as_deref(), Some(&[1, 2][..]));
        assert_eq!(kept.axis.describe(0), "station = b, lon = 2, lat = 2");
        let new = vec![vec![numbers("lon"), numbers("lat"), names]];
        let place = place_like(&spec, &[kept.axis], new, vec![], &[]).unwrap();
        let Where::Grid(place) = place else { panic!("a grid") };
        assert_eq!(place.grid.axes()[0].describe(0), "station = a, lon = 1, lat = 1");
    }

    #[test]
    fn a_dimension_that_is_no_axis_has_one_point() {
        let mut spec = spec("axes = ['x']\nsel.level = 500");
        let level = Coordinate::numbers("level", vec![850.0, 500.0]);
        assert_eq!(keep_one(&spec, "level", &level).unwrap(), 1);
        spec.sel.clear();
        let e = keep_one(&spec, "level", &level).unwrap_err().to_string();
        assert!(e.contains("2 points") && e.contains("data.sel.level"), "{e}");
        spec.axes.insert("z".into(), AxisSpec::one("z"));
        assert!(keep_axes(&spec, vec![]).unwrap_err().to_string().contains("2"), "axes");
    }
}
