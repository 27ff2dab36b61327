//! Files for [`gridgp`]: CSV and NetCDF in, NetCDF, CSV and fit files out.
//!
//! [`read`] turns a file and the `[data]` section of a model file into a
//! [`Dataset`](gridgp::grid::Dataset). Missing values (empty cells, NaN, fill values) become the
//! mask. Nothing is guessed silently: a table that is no grid, a cell that occurs twice, or text
//! where a number should be is an error that names the file and the line.

mod atomic;
mod covariate;
mod csv;
pub mod error;
mod format;
mod nearest;
mod netcdf;
mod output;
mod points;
mod select;
mod summary;
mod time;
mod tree;

use std::path::Path;

pub use covariate::Scaling;
pub use error::{Error, Result};
use format::Format;
use gridgp::grid::Dataset;
use gridgp::model::spec::DataSpec;
pub use output::{GridOutput, OutputVariable, PointsOutput, write_grid, write_points};
pub use points::{ScatteredPoints, points_like, read_grid, read_grid_axes, read_points};
pub use summary::{
    CoordinateSummary, FileSummary, Guess, GuessedAxis, Kind, VariableSummary, summarize,
};
pub use tree::{Array, Attribute, NetcdfTree, TreeVariable, read_tree, write_tree};

/// Reads the data at `path` as `spec` says. `spec.file` and `spec.standardize` are not looked at.
///
/// # Errors
/// The file cannot be read, has no such variable, is no grid, or holds what is not a number; the
/// message names the place.
pub fn read(path: &Path, spec: &DataSpec) -> Result<Dataset> {
    Ok(read_with_scalings(path, spec)?.0)
}

/// As [`read`], with the scaling of each covariate, in the order of `spec.covariates`.
///
/// # Errors
/// As [`read`].
pub fn read_with_scalings(path: &Path, spec: &DataSpec) -> Result<(Dataset, Vec<Scaling>)> {
    match Format::of(path)? {
        Format::Csv => csv::read(path, spec),
        Format::Netcdf => netcdf::read(path, spec),
    }
}
