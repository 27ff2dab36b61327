//! A NetCDF variable as data on a grid.

use std::path::Path;

use gridgp_fit::Scaling;
use gridgp_grid::{Axis, Covariate, Dataset, Grid, Variable};
use gridgp_model::spec::{AxisSpec, DataSpec};

use super::File;
use super::dims::{self, Dims};
use super::file::{Header, Kind};
use crate::covariate;
use crate::missing::Missing;
use crate::points::like;
use crate::{Error, Result, arrays, nearest};

/// Reads the variables of the file at `path` as `spec` says.
pub(crate) fn read(path: &Path, spec: &DataSpec) -> Result<(Dataset, Vec<Scaling>)> {
    let file = File::open(path)?;
    let response = variable(&file, &spec.response)?;
    let dims = Dims::of(&file, &response, spec)?;
    let grid = grid(&file, &dims, spec, None)?;
    // What a model of them takes, told before a small file is inflated to so many values.
    let cells = grid.len();
    crate::check_memory(
        cells as u128 * 8 * 6,
        &format!("{:?} on {cells} cells; keep fewer with data.sel", spec.response),
    )
    .map_err(|e| Error::file(path, e))?;
    let all: Vec<usize> = (0..grid.axes().len()).collect();
    let values = dims.read(&file, &response, &all)?;
    // With its groups, as the model calls it.
    let mut data = Variable::with_nan_as_missing(spec.response.as_str(), values);
    Missing::of(&spec.missing).mask(&mut data);
    // A valid range in the wrong unit leaves nothing.
    let ranges = ["valid_range", "valid_min", "valid_max"];
    if data.missing_cells().len() == cells
        && let Some((name, _)) =
            response.attributes.iter().find(|(name, _)| ranges.contains(&name.as_str()))
    {
        return Err(Error::file(
            path,
            format!(
                "every cell of {:?} is missing or excluded by its attribute {name}, which is in the \
                 unit of the stored numbers unless it has the type of scale_factor and add_offset; \
                 if it means something else, correct or remove it",
                spec.response
            ),
        ));
    }
    data.units = response.text("units").map(str::to_owned);
    data.long_name =
        response.text("long_name").or_else(|| response.text("standard_name")).map(str::to_owned);
    let (covariates, scalings) = covariates(&file, &response, &dims, &grid, spec, None, None)?;
    let dataset = Dataset::new(grid, data, covariates).map_err(Error::grid(path))?;
    Ok((dataset, scalings))
}

/// Reads another grid with the axes and covariates of a fit.
pub(crate) fn read_like(
    path: &Path,
    spec: &DataSpec,
    fit: &[Axis],
    scalings: &[Scaling],
) -> Result<(Grid, Vec<Covariate>)> {
    let file = File::open(path)?;
    // Stands for a response with exactly the dimensions of the axes.
    let mut response = Header {
        path: spec.response.clone(),
        dims: vec![],
        kind: Kind::Number,
        size: 8,
        attributes: vec![],
    };
    if file.find(&response.path).is_none() {
        response.path = String::new();
    }
    for axis in spec.axes.values() {
        let dim = dims::of_coordinate(&file, &response.path, &axis.coordinates[0])?;
        response.dims.push(dim);
    }
    let no_selection =
        DataSpec { sel: Default::default(), isel: Default::default(), ..spec.clone() };
    let dims = Dims::of(&file, &response, &no_selection)?;
    let grid = grid(&file, &dims, spec, Some(fit))?;
    let covariates = covariates(&file, &response, &dims, &grid, spec, Some(fit), Some(scalings))?.0;
    Ok((grid, covariates))
}

/// The part of a `[data]` section that says where the coordinates of these axes are.
pub(crate) fn spec_of(axes: &[Axis]) -> DataSpec {
    let coordinates = |axis: &Axis| axis.coordinates().iter().map(|c| c.name.clone()).collect();
    let axes = axes.iter().map(|a| {
        (a.name().to_owned(), AxisSpec { coordinates: coordinates(a), ..AxisSpec::default() })
    });
    DataSpec { axes: axes.collect(), ..DataSpec::default() }
}

/// The kept points as a grid, in the units of `fit` if there is one.
fn grid(file: &File, dims: &Dims, spec: &DataSpec, fit: Option<&[Axis]>) -> Result<Grid> {
    let mut axes = vec![];
    for (a, name) in spec.axes.keys().enumerate() {
        let dim = &dims.all[dims.axes[a]];
        let mut points = vec![];
        for (j, c) in dim.coordinates.iter().enumerate() {
            let c = c.take(&dim.kept);
            points.push(match fit {
                None => c,
                Some(fit) => {
                    like(&fit[a].coordinates()[j], &c).map_err(|e| Error::file(&file.path, e))?
                }
            });
        }
        let own = points.len();
        points.extend(dim.names.iter().map(|c| c.take(&dim.kept)));
        axes.push(arrays::axis(name, own, points).map_err(Error::grid(&file.path))?);
    }
    Grid::new(axes).map_err(Error::grid(&file.path))
}

/// The covariates on the grid, scaled as `scalings` say, or as their own values ask for.
fn covariates(
    file: &File,
    response: &Header,
    dims: &Dims,
    grid: &Grid,
    spec: &DataSpec,
    fit: Option<&[Axis]>,
    scalings: Option<&[Scaling]>,
) -> Result<(Vec<Covariate>, Vec<Scaling>)> {
    let path = &file.path;
    let mut covariates = vec![];
    let mut used = vec![];
    for (k, (name, c)) in spec.covariates.iter().enumerate() {
        let wrong = |e| Error::file(path, format!("covariate {name:?}: {e}"));
        let mut covariate = match covariate::coordinate(spec, name, c) {
            Some((axis, coordinate)) => {
                covariate::from_coordinate(grid, fit, name, axis, coordinate).map_err(wrong)?
            }
            None => {
                let header = variable_near(file, response, covariate::variable(name, c))?;
                let along = covariate::axes(spec, c).map_err(wrong)?;
                let axes = dims.axes_of(&header, spec).map_err(wrong)?;
                if !c.along.is_empty() && along != axes {
                    let list = |axes: &[usize]| {
                        let names: Vec<&str> =
                            axes.iter().map(|&a| grid.axes()[a].name()).collect();
                        nearest::list(&names)
                    };
                    return Err(wrong(format!(
                        "`along` says {} but the variable {:?} lies along {}",
                        list(&along),
                        header.path,
                        list(&axes)
                    )));
                }
                let mut values = dims.read(file, &header, &axes)?;
                Missing::of(&spec.missing).to_nan(&mut values);
                let units = header.text("units").map(str::to_owned);
                Covariate::with_nan_as_missing(name, axes, values, units)
            }
        };
        let scaling = match scalings {
            Some(scalings) => scalings[k],
            None => Scaling::of(c, &covariate).map_err(wrong)?,
        };
        scaling.apply(&mut covariate.values);
        covariates.push(covariate);
        used.push(scaling);
    }
    Ok((covariates, used))
}

/// A variable of numbers by its path.
fn variable(file: &File, name: &str) -> Result<Header> {
    let found = file.find(name).ok_or_else(|| unknown(file, "variable", name))?;
    of_numbers(file, found)
}

/// A variable of numbers as the response sees it.
fn variable_near(file: &File, response: &Header, name: &str) -> Result<Header> {
    let found = file.find(name).or_else(|| file.find_near(&response.path, name));
    of_numbers(file, found.ok_or_else(|| unknown(file, "variable", name))?)
}

fn of_numbers(file: &File, header: Header) -> Result<Header> {
    match header.kind {
        Kind::Number => Ok(header),
        Kind::Text => Err(Error::file(
            &file.path,
            format!("the variable {:?} holds text, not numbers", header.path),
        )),
        Kind::Other => Err(Error::file(
            &file.path,
            format!("the variable {:?} has a type that cannot be read", header.path),
        )),
    }
}

fn unknown(file: &File, kind: &'static str, name: &str) -> Error {
    let headers = file.headers();
    Error::unknown(&file.path, kind, name, headers.iter().map(|h| h.path.as_str()))
}
