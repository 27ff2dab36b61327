//! What a file contains, for people who are about to write a model of it.

use std::path::Path;

use gridgp_grid::time::TimeUnits;
use gridgp_grid::{Coordinate, Values};

use crate::format::Format;
use crate::{Result, csv, netcdf};

/// What a data file contains.
#[derive(Debug, Clone, PartialEq)]
pub struct FileSummary {
    /// Rows of a table; `None` for NetCDF.
    pub rows: Option<usize>,
    /// Variables of numbers that could be modelled or used as covariates.
    pub variables: Vec<VariableSummary>,
    /// Columns of a table, or coordinates of the dimensions of a NetCDF file.
    pub coordinates: Vec<CoordinateSummary>,
    /// Columns of a table that leave in doubt what they hold, each with its file and line.
    pub doubts: Vec<String>,
    /// What is probably the response and what are its axes; `None` if nothing fits.
    pub guess: Option<Guess>,
}

/// A variable of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableSummary {
    /// Its name, with its groups.
    pub name: String,
    /// Dimensions and their lengths; empty for a column of a table.
    pub dims: Vec<(String, usize)>,
    /// Its unit.
    pub units: Option<String>,
    /// Its long name.
    pub long_name: Option<String>,
    /// Whether it belongs to others: a coordinate, bounds, a part of a mesh, a flag.
    pub is_part: bool,
}

/// What the values of a coordinate are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Dates, or numbers in a unit of time since a date.
    Date,
    /// Names.
    Label,
}

/// A coordinate or column.
#[derive(Debug, Clone, PartialEq)]
pub struct CoordinateSummary {
    /// Its name.
    pub name: String,
    /// The dimension that it lies along; `None` for a column of a table.
    pub dim: Option<String>,
    /// What its values are.
    pub kind: Kind,
    /// Number of different values; `None` if there are more than were counted.
    pub distinct: Option<usize>,
    /// Number of missing values.
    pub missing: usize,
    /// The lowest value, or the first label.
    pub first: String,
    /// The highest value, or the last label.
    pub last: String,
    /// The distance between neighbors if it is the same everywhere.
    pub step: Option<f64>,
    /// Its unit.
    pub units: Option<String>,
}

/// The parts of a `[data]` section that fit a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// The variable that is probably modelled.
    pub response: String,
    /// Its axes, slowest first.
    pub axes: Vec<GuessedAxis>,
}

/// An axis that was found in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct GuessedAxis {
    /// A name for it.
    pub name: String,
    /// Columns or variables that are its coordinates.
    pub coordinates: Vec<String>,
    /// Number of points.
    pub points: usize,
    /// The form of its dates, where a model has to state it.
    pub format: Option<String>,
    /// Columns or variables that vary along this axis only.
    pub covariates: Vec<String>,
}

/// Says what the file at `path` contains, and what could be modelled: `response`, if that is known.
///
/// # Errors
/// The file cannot be read, or is neither a table nor NetCDF; there is no such response.
pub fn summarize(path: &Path, response: Option<&str>) -> Result<FileSummary> {
    match Format::of(path)? {
        Format::Csv => csv::summarize(path, response),
        Format::Netcdf => netcdf::summarize(path, response),
    }
}

impl CoordinateSummary {
    /// The summary of a coordinate along `dim`.
    pub(crate) fn of(c: &Coordinate, dim: Option<&str>) -> Self {
        let mut summary = Self {
            name: c.name.clone(),
            dim: dim.map(str::to_owned),
            kind: Kind::Label,
            distinct: None,
            missing: 0,
            first: String::new(),
            last: String::new(),
            step: None,
            units: c.units.clone(),
        };
        match &c.values {
            Values::Labels(v) => {
                let distinct: std::collections::HashSet<&str> =
                    v.iter().map(String::as_str).collect();
                summary.distinct = Some(distinct.len());
                summary.first = v.first().cloned().unwrap_or_default();
                summary.last = v.last().cloned().unwrap_or_default();
            }
            Values::Numbers(v) => {
                let mut sorted: Vec<f64> = v.iter().copied().filter(|x| x.is_finite()).collect();
                summary.missing = v.len() - sorted.len();
                sorted.sort_by(f64::total_cmp);
                sorted.dedup();
                summary.distinct = Some(sorted.len());
                summary.step = step(&sorted);
                let units = TimeUnits::of(c);
                summary.kind = if units.is_some() { Kind::Date } else { Kind::Number };
                let show = |x: &f64| match units.as_ref().and_then(|u| u.decode(*x)) {
                    Some(date) => date.to_string(),
                    None => format!("{x}"),
                };
                summary.first = sorted.first().map(show).unwrap_or_default();
                summary.last = sorted.last().map(show).unwrap_or_default();
            }
        }
        summary
    }
}

/// The distance of sorted values, if all neighbors have the same.
fn step(sorted: &[f64]) -> Option<f64> {
    let (first, last) = (sorted.first()?, sorted.last()?);
    let step = (last - first) / (sorted.len() - 1) as f64;
    // Coordinates are often stored in single precision.
    let slack = 1e-4 * step + 4.0 * f64::from(f32::EPSILON) * first.abs().max(last.abs());
    let even = sorted.windows(2).all(|pair| (pair[1] - pair[0] - step).abs() <= slack);
    (sorted.len() > 1 && even).then_some(step)
}

/// The columns or variables, among those of one axis, that are a longitude and a latitude.
pub(crate) fn place<'a>(names: &[&'a str]) -> Option<[&'a str; 2]> {
    let find = |options: &[&str]| {
        names.iter().find(|n| options.contains(&n.to_lowercase().as_str())).copied()
    };
    let lon = find(&["lon", "longitude", "long", "lng", "easting"])?;
    let lat = find(&["lat", "latitude", "northing"])?;
    Some([lon, lat])
}
