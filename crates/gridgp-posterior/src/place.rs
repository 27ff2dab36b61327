//! New grids in the terms of the model.

use std::collections::HashMap;

use gridgp_grid::{Axis, Covariate, Error, Grid, Points, Result};
use gridgp_kernel::Covariance;
use gridgp_model::Model;

/// Where to predict: a grid with the axes of the data, and the covariates there.
#[derive(Debug, Clone)]
pub struct Place {
    /// The new grid; its coordinates are in the units of the data.
    ///
    /// A label means what it means in the data; one that the data lack is refused.
    pub grid: Grid,
    /// Covariates along the new axes, by name. One may be absent where all new points of its axes are
    /// points of the data, and where nothing is asked for that it enters.
    pub covariates: Vec<Covariate>,
}

/// A place, checked, in the numbers of the model.
pub(super) struct Located<'a> {
    pub(super) grid: &'a Grid,
    /// The points of each axis.
    pub(super) points: Vec<Points>,
    /// The covariates of the model, in its order.
    pub(super) covariates: Vec<Covariate>,
}

/// The place in the numbers of the model, with the covariates at the positions `needed`; others are 0.
///
/// # Errors
/// Axes or coordinates that are not those of the data; a covariate that is needed and not known,
/// or not on its axes.
pub(super) fn locate<'a>(model: &Model, place: &'a Place, needed: &[usize]) -> Result<Located<'a>> {
    let (old, new) = (model.data.grid.axes(), place.grid.axes());
    let names = |axes: &[Axis]| axes.iter().map(|a| a.name().to_owned()).collect::<Vec<_>>();
    if names(old) != names(new) {
        return Err(Error::Grid(format!(
            "the new grid has the axes {:?} where the data have {:?}; name them alike, in the \
                 same order",
            names(new),
            names(old)
        )));
    }
    let points = old.iter().zip(new).map(|(o, n)| o.points_like(n.coordinates()));
    let points = points.collect::<Result<Vec<_>>>()?;
    check_known(model, &points, |axis, i| new[axis].describe(i))?;
    let sources: Vec<Source> = old.iter().zip(&points).map(|(o, p)| Source::of(o, p)).collect();
    let covariates = model
        .data
        .covariates
        .iter()
        .enumerate()
        .map(|(c, known)| {
            if !needed.contains(&c) {
                let length = known.axes.iter().map(|&a| new[a].len()).product();
                return Ok(Covariate { values: vec![0.0; length], missing: None, ..known.clone() });
            }
            let here = covariate_at(place, known, &sources, &model.data.grid.shape())?;
            check_values(model, c, &here.values, here.missing.as_deref(), |i| {
                place.grid.describe_part(&here.axes, i)
            })?;
            Ok(model.without_zero_exposure(c, here))
        })
        .collect::<Result<_>>()?;
    Ok(Located { grid: &place.grid, points, covariates })
}

impl Place {
    /// Whether each cell has no prediction of a quantity: a covariate that it is made of
    /// ([`Model::covariates_of`]) is missing there, or the trials or an exposure is 0. `None` if all
    /// have one.
    ///
    /// # Errors
    /// The place does not fit the model; there is no such quantity.
    pub fn unknown_cells(&self, model: &Model, quantity: &str) -> Result<Option<Vec<bool>>> {
        let needed = model.covariates_of(quantity)?;
        let Located { grid, covariates, .. } = locate(model, self, &needed)?;
        if covariates.iter().all(|c| c.missing.is_none()) {
            return Ok(None);
        }
        let unknown = |cell| {
            let index = grid.unravel(cell);
            covariates.iter().any(|c| !c.is_known(&index, grid))
        };
        Ok(Some((0..grid.len()).map(unknown).collect()))
    }
}

/// Refuses points along an axis that a kernel was not made for; `describe` says what and
/// where one is.
pub(super) fn check_known(
    model: &Model,
    points: &[Points],
    describe: impl Fn(usize, usize) -> String,
) -> Result<()> {
    for field in &model.fields {
        for (axis, (kernel, points)) in field.axes.iter().zip(points).enumerate() {
            let Some(kernel) = kernel else { continue };
            if let Some(i) = kernel.kernel.unknown_point(points) {
                return Err(Error::Grid(format!(
                    "{} is not in the data, and {} of the field {:?} knows {}",
                    describe(axis, i),
                    kernel.text,
                    field.name,
                    if model.data.grid.axes()[axis].has_labels() {
                        "the labels in the data only; leave it out, or fit with data that have it"
                    } else {
                        "the box around the data only that its basis fills; leave it out, or fit \
                         with a wider boundary and a larger basis"
                    },
                )));
            }
        }
    }
    Ok(())
}

/// Where the new points of an axis are among those of the data.
enum Source {
    /// They are the same.
    Same,
    /// Each is one of them.
    Among(Vec<usize>),
    /// This one is none of them.
    Elsewhere(usize),
}

impl Source {
    fn of(axis: &Axis, new: &Points) -> Self {
        let old = axis.points();
        if old == *new {
            return Self::Same;
        }
        let key = |p: &Points, i: usize| -> Vec<u64> {
            p.row(i).iter().map(|x| (x + 0.0).to_bits()).collect()
        };
        let places: HashMap<Vec<u64>, usize> = (0..old.len()).map(|i| (key(&old, i), i)).collect();
        let mut among = Vec::with_capacity(new.len());
        for i in 0..new.len() {
            match places.get(&key(new, i)) {
                Some(&place) => among.push(place),
                None => return Self::Elsewhere(i),
            }
        }
        Self::Among(among)
    }

    fn at(&self, i: usize) -> usize {
        match self {
            Self::Among(places) => places[i],
            _ => i,
        }
    }
}

/// A covariate of the model at a place: the given one, or that of the data, where all points are
/// among theirs.
fn covariate_at(
    place: &Place,
    known: &Covariate,
    sources: &[Source],
    data: &[usize],
) -> Result<Covariate> {
    let axes = place.grid.axes();
    let shape: Vec<usize> = known.axes.iter().map(|&a| axes[a].len()).collect();
    let length = shape.iter().product();
    if let Some(new) = place.covariates.iter().find(|c| c.name == known.name) {
        if new.axes != known.axes || new.values.len() != length {
            return Err(Error::Data(format!(
                "the covariate {:?} has {} values along the axes {:?} here, where the fit needs \
                 {length} along {:?} (positions of axes in the grid)",
                known.name,
                new.values.len(),
                new.axes,
                known.axes
            )));
        }
        check_finite(&new.name, &new.values)?;
        check_units(new, known)?;
        return Ok(new.clone());
    }
    let elsewhere = known.axes.iter().find_map(|&a| match sources[a] {
        Source::Elsewhere(i) => Some((a, i)),
        _ => None,
    });
    if let Some((a, i)) = elsewhere {
        return Err(Error::Data(format!(
            "the covariate {:?} is not known at {}, a point that axis {:?} of the data does not have; \
             add it to the file of new points, as a column or variable of that name, or ask for what \
             it does not enter",
            known.name,
            axes[a].describe(i),
            axes[a].name()
        )));
    }
    if known.axes.iter().all(|&a| matches!(sources[a], Source::Same)) {
        return Ok(known.clone());
    }
    let positions: Vec<usize> = (0..length)
        .map(|mut cell| {
            let (mut at, mut stride) = (0, 1);
            for (k, &a) in known.axes.iter().enumerate().rev() {
                at += sources[a].at(cell % shape[k]) * stride;
                stride *= data[a];
                cell /= shape[k];
            }
            at
        })
        .collect();
    Ok(known.take(&positions))
}

/// Refuses values that a covariate cannot have, see [`Model::why_not`].
pub(super) fn check_values(
    model: &Model,
    c: usize,
    values: &[f64],
    missing: Option<&[bool]>,
    describe: impl Fn(usize) -> String,
) -> Result<()> {
    let known = |i: usize| missing.is_none_or(|m| !m[i]);
    let wrong = (0..values.len()).filter(|&i| known(i));
    match wrong.filter_map(|i| Some((i, model.why_not(c, values[i])?))).next() {
        Some((i, why)) => Err(Error::Data(format!("at {}, {why}", describe(i)))),
        None => Ok(()),
    }
}

/// Refuses a covariate in another unit than that of the fit, whose coefficients are for that unit.
fn check_units(new: &Covariate, known: &Covariate) -> Result<()> {
    let plain = |text: &str| text.trim().to_lowercase();
    match (&new.units, &known.units) {
        (Some(a), Some(b)) if plain(a) != plain(b) => Err(Error::Data(format!(
            "the covariate {:?} is in {a:?} here and was in {b:?} in the data of the fit; convert \
             it, or correct its attribute `units`",
            known.name
        ))),
        _ => Ok(()),
    }
}

/// A value of a covariate that is not finite would spread over the whole prediction.
pub(super) fn check_finite(name: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(i) => Err(Error::Data(format!(
            "the covariate {name:?} is {} at position {i} of the new points; it must be finite",
            values[i]
        ))),
        None => Ok(()),
    }
}

/// The number of scattered points.
///
/// # Errors
/// Points that do not match the axes.
pub(super) fn check_points(model: &Model, at: &[Points]) -> Result<usize> {
    let axes = model.data.grid.axes();
    let count = at.first().map_or(0, Points::len);
    if at.len() != axes.len() || at.iter().any(|p| p.len() != count) {
        return Err(Error::Grid(format!(
            "the points have {:?} positions along {} axes; they need one along each of the {} \
             axes of the data",
            at.iter().map(Points::len).collect::<Vec<_>>(),
            at.len(),
            axes.len()
        )));
    }
    for (points, axis) in at.iter().zip(axes) {
        let name = axis.name();
        if points.dims() != axis.coordinates().len() {
            return Err(Error::Grid(format!(
                "axis {name:?} has {} coordinates but the points have {}",
                axis.coordinates().len(),
                points.dims()
            )));
        }
        if let Some(i) = (0..count).find(|&i| points.row(i).iter().any(|x| !x.is_finite())) {
            return Err(Error::Grid(format!(
                "point {i} is {:?} along axis {name:?}; coordinates must be finite",
                points.row(i)
            )));
        }
    }
    check_known(model, at, |axis, i| {
        format!("point {i}, {:?} along axis {:?},", at[axis].row(i), axes[axis].name())
    })?;
    Ok(count)
}
