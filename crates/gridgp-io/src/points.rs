//! Where to predict: scattered points, or another grid.

use std::collections::HashMap;
use std::path::Path;

use gridgp_fit::{Scaling, ScatteredPoints};
use gridgp_grid::time::{self, Date, TimeUnits};
use gridgp_grid::{Angle, Axis, Coordinate, Covariate, Grid, Known, Points, Values};
use gridgp_model::spec::DataSpec;

use crate::csv::{Reading, Table, Wanted};
use crate::format::Format;
use crate::missing::Missing;
use crate::{Error, Result, asked, netcdf};

/// Reads points for a fit with these axes: a table with a column for every coordinate of every
/// axis, or a NetCDF file with such variables along one dimension. `spec` says how its columns are
/// written; `values` are further columns of numbers to read.
///
/// # Errors
/// The file cannot be read, lacks a column, has a unit that is not the unit of the fit, or labels
/// that the fit does not know; something is missing.
pub fn read_points(
    path: &Path,
    spec: &DataSpec,
    axes: &[Axis],
    values: &[&str],
) -> Result<ScatteredPoints> {
    let (coordinates, values) = match Format::of(path)? {
        Format::Csv => read_table(path, spec, axes, values)?,
        Format::Netcdf => {
            let own = axes.iter().flat_map(|a| a.coordinates().iter().map(move |c| (a, c)));
            let names: Vec<&str> = own.clone().map(|(_, c)| c.name.as_str()).collect();
            let (mut coordinates, mut values) = netcdf::read_points(path, &names, values)?;
            for ((axis, _), c) in own.zip(&mut coordinates) {
                if let Some(axis) = spec.axes.get(axis.name()) {
                    asked::as_asked(c, axis).map_err(|e| Error::file(path, e))?;
                }
            }
            let missing = Missing::of(&spec.missing);
            values.iter_mut().for_each(|v| missing.to_nan(v));
            (coordinates, values)
        }
    };
    let mut points = vec![];
    let mut rest = coordinates.as_slice();
    for axis in axes {
        let own;
        (own, rest) = rest.split_at(axis.coordinates().len());
        points.push(points_like(axis, own).map_err(|e| Error::file(path, e))?);
    }
    Ok(ScatteredPoints { coordinates, points, values })
}

/// The coordinate variables of a NetCDF file as axes like those of a fit, in the units of the fit.
///
/// # Errors
/// The file is no NetCDF file, lacks a coordinate, or has a unit that is not the unit of the fit
/// and cannot be converted to it.
pub fn read_grid_axes(path: &Path, axes: &[Axis]) -> Result<Vec<Axis>> {
    let (grid, _) = read_grid(path, &netcdf::spec_of(axes), axes, &[])?;
    Ok(grid.axes().to_vec())
}

/// A grid for prediction with the covariates of `spec` on it: coordinates and variables of a
/// NetCDF file. The covariates are scaled as those of the fit, see
/// [`read_with_scalings`](crate::read_with_scalings); selections of `spec` are not applied.
///
/// # Errors
/// As [`read_grid_axes`], or a covariate is not there, or is missing somewhere.
pub fn read_grid(
    path: &Path,
    spec: &DataSpec,
    axes: &[Axis],
    scalings: &[Scaling],
) -> Result<(Grid, Vec<Covariate>)> {
    match Format::of(path)? {
        Format::Netcdf => netcdf::read_like(path, spec, axes, scalings),
        Format::Csv => Err(Error::file(path, "a table gives points; a grid comes from NetCDF")),
    }
}

/// The numbers that a fit's kernels see for new points along one of its axes: units converted,
/// numbers that mean a point of the fit ([`Known`]) made equal to it, and every label numbered as in
/// the fit.
///
/// # Errors
/// Another unit, another number of coordinates, or a label that the fit does not have.
pub fn points_like(fit: &Axis, new: &[Coordinate]) -> Result<Points, String> {
    if new.len() != fit.coordinates().len() {
        let (name, p) = (fit.name(), fit.coordinates().len());
        return Err(format!("the axis {name:?} has {p} coordinates, not {}", new.len()));
    }
    let own = fit.coordinates().iter().zip(new).map(|(old, new)| like(old, new));
    fit.points_like(&own.collect::<Result<Vec<_>, String>>()?).map_err(|e| e.to_string())
}

/// Where each point of a coordinate is among those of another, which may have another unit.
///
/// # Errors
/// Units that do not convert, or labels beside numbers.
pub fn find_points(wanted: &Coordinate, among: &Coordinate) -> Result<Vec<Option<usize>>, String> {
    let among = like(wanted, among)?;
    Ok(match (&wanted.values, &among.values) {
        (Values::Labels(wanted), Values::Labels(among)) => {
            wanted.iter().map(|label| among.iter().position(|l| l == label)).collect()
        }
        (_, Values::Numbers(among)) => {
            let known = Known::of(wanted);
            let key = |x: f64| (x + 0.0).to_bits();
            let places = among.iter().enumerate().map(|(i, &x)| (key(known.snap(x)), i));
            let places: HashMap<u64, usize> = places.collect();
            wanted.seen().into_iter().map(|x| places.get(&key(x)).copied()).collect()
        }
        _ => unreachable!("of one kind by `like`"),
    })
}

/// A coordinate in the unit of the fit's coordinate.
pub(crate) fn like(fit: &Coordinate, new: &Coordinate) -> Result<Coordinate, String> {
    let name = &fit.name;
    let values = match (&fit.values, &new.values) {
        (Values::Labels(_), Values::Labels(_)) => new.values.clone(),
        (Values::Labels(_), Values::Numbers(v)) => {
            Values::Labels(v.iter().map(|x| format!("{x}")).collect())
        }
        (Values::Numbers(_), Values::Labels(v)) => {
            let dates = TimeUnits::of(fit).and_then(|units| {
                let instant = |text: &String| units.encode(Date::parse(text)?.0);
                v.iter().map(instant).collect::<Option<Vec<f64>>>()
            });
            if let Some(dates) = dates {
                return Ok(
                    Coordinate { values: Values::Numbers(dates), ..fit.clone() }.with_ticks()
                );
            }
            return Err(format!(
                "{name:?} holds text such as {:?}, but numbers in the fit",
                v.first().map_or("", String::as_str)
            ));
        }
        (Values::Numbers(_), Values::Numbers(v)) => match (&fit.units, &new.units) {
            (Some(old), Some(unit))
                if normal(old) != normal(unit) || fit.calendar != new.calendar =>
            {
                Values::Numbers(converted(fit, new, v).ok_or_else(|| {
                    let calendar = |c: &Coordinate| {
                        c.calendar.as_ref().map_or(String::new(), |c| format!(" ({c})"))
                    };
                    format!(
                        "{name:?} is in {unit:?}{} but in {old:?}{} in the fit; convert it",
                        calendar(new),
                        calendar(fit)
                    )
                })?)
            }
            // Dates of a table meet plain numbers of a fit.
            (None, Some(unit)) if new.calendar.is_some() || new.stored.ticks.is_some() => {
                return Err(format!(
                    "{name:?} is a time in {unit:?}, but numbers without a unit in the fit"
                ));
            }
            _ => new.values.clone(),
        },
    };
    let stored = new.stored.clone();
    Ok(Coordinate { values, stored, ..fit.clone() })
}

/// Numbers of one unit in another: times, of calendars that agree, or durations.
fn converted(fit: &Coordinate, new: &Coordinate, values: &[f64]) -> Option<Vec<f64>> {
    let Some((to, from)) = TimeUnits::of(fit).zip(TimeUnits::of(new)) else {
        let factor = time::factor(new.units.as_deref()?, fit.units.as_deref()?)?;
        return Some(values.iter().map(|x| x * factor).collect());
    };
    let exact = new.ticks().and_then(|ticks| ticks.in_units(&to, new.calendar.as_deref()));
    exact.or_else(|| values.iter().map(|&x| from.convert(x, &to)).collect())
}

/// A unit without the differences in spelling that mean nothing.
fn normal(unit: &str) -> String {
    match Angle::of_units(unit) {
        Some(Angle::Longitude) => return "degree_east".into(),
        Some(Angle::Latitude) => return "degree_north".into(),
        None => {}
    }
    unit.trim().to_lowercase().replace("degrees_", "degree_")
}

/// The columns of a table as coordinates, one point a row: labels where the fit has labels, and
/// dates in the form that the model states.
fn read_table(
    path: &Path,
    spec: &DataSpec,
    axes: &[Axis],
    values: &[&str],
) -> Result<(Vec<Coordinate>, Vec<Vec<f64>>)> {
    let formats = asked::formats(spec).map_err(|e| Error::file(path, e))?;
    let mut wanted = Wanted {
        values: values.to_vec(),
        missing: Missing::of(&spec.missing),
        ..Wanted::default()
    };
    for axis in axes {
        let format = spec.axes.get_index_of(axis.name()).and_then(|a| formats[a].as_ref());
        for c in axis.coordinates() {
            let reading = match (&c.values, format) {
                (Values::Labels(_), _) => Reading::Labels,
                (Values::Numbers(_), Some(format)) => Reading::Dates(format),
                (Values::Numbers(_), None) => Reading::NotLabels,
            };
            wanted.coordinates.push((&c.name, reading));
        }
    }
    let table = Table::read(path, &wanted)?;
    for (name, column) in values.iter().zip(&table.values) {
        if let Some(row) = column.iter().position(|v| v.is_nan()) {
            let message = "the value is missing; it must be known at every point";
            return Err(Error::cell(path, table.line(row), name, message));
        }
    }
    for (c, levels) in axes.iter().flat_map(|a| a.coordinates()).zip(&table.coordinates) {
        let is_time = TimeUnits::of(c).is_some_and(|units| units.is_common());
        if is_time && levels.distinct.calendar.is_none() && table.len() > 0 {
            let message = "is a number, but the fit has times here; write dates, 2019-03-31";
            return Err(Error::cell(path, table.line(0), &c.name, message));
        }
    }
    let points = table.coordinates.iter().map(|levels| {
        let rows: Vec<usize> = levels.of_row.iter().map(|&i| i as usize).collect();
        levels.distinct.take(&rows)
    });
    Ok((points.collect(), table.values))
}
