//! Files for gridgp: CSV and NetCDF in, NetCDF, CSV and fit files out.
//!
//! [`read`] turns a file and the `[data]` section of a model file into a
//! [`Dataset`]. Missing values (empty cells, NaN, fill values) become the
//! mask. Nothing is guessed silently: a table that is no grid, a cell that occurs twice, or text
//! where a number should be is an error that names the file and the line.
//!
//! What people get wrong:
//! - A single coordinate of numbers or dates in a table makes an axis in ascending order; labels,
//!   points with several coordinates, and everything in NetCDF keep the order of the file.
//! - `sel` keeps the order of the file too, whatever the order of a list. A date without a time of
//!   day selects the whole day (`"2019-03"` the whole month), also as the end of a range.
//! - Dates in a table become days since 1970-01-01, whatever their form; a form that leaves day and
//!   month in doubt is refused. Whole numbers are numbers, 20190131 too, unless `format` says more; times in NetCDF stay in the unit of the file
//!   unless `units` of the axis asks for another.
//! - `standardize` of a covariate subtracts its mean as well, and divides by the standard deviation
//!   of n, not n − 1.
//!
//! [`write_grid`] and [`write_points`] write results for xarray or as tables, [`write_tree`] and
//! [`read_tree`] fit files, [`write_inference_data`] and [`read_inference_data`] draws for ArviZ.
//! Files appear complete or not at all.

mod arrays;
mod asked;
mod checksum;
mod coordinate;
mod covariate;
mod csv;
mod dates;
mod draw_log;
pub mod error;
mod fit;
mod format;
mod inference_data;
mod machine;
mod missing;
mod netcdf;
mod output;
mod points;
mod select;
mod summary;
mod tree;
mod typed;
mod year_blocks;

use std::path::Path;

pub use arrays::{
    CovariateValues, KeptAxis, dataset_of, is_coordinate, keep_axes, keep_one, place_like,
    points_at, with_calendar,
};
pub use coordinate::coordinate_variable;
pub use draw_log::{DrawLog, FileLog, read_draw_log};
pub use error::{Error, Result};
pub use fit::{fit_from_bytes, fit_to_bytes, fit_tree, read_fit, read_fit_unverified, write_fit};
use format::Format;
use gridgp_fit::Scaling;
use gridgp_grid::{Dataset, nearest};
use gridgp_model::spec::DataSpec;
pub use inference_data::{group_of_tree, group_to_tree, read_inference_data, write_inference_data};
pub use machine::{COPIES_TO_WRITE, check_memory, peak_memory};
pub use output::{output_tree, write_grid, write_output, write_points};
pub use points::{find_points, points_like, read_grid, read_grid_axes, read_points};
pub use summary::{
    CoordinateSummary, FileSummary, Guess, GuessedAxis, Kind, VariableSummary, summarize,
};
pub use tree::{Array, NetcdfKind, NetcdfTree, TreeVariable, netcdf_kind, read_tree, write_tree};
pub use typed::typed_value;
pub use year_blocks::{YearBlocks, year_blocks};

/// Reads the data at `path` as `spec` says. `spec.file` and `spec.standardize` are not looked at.
///
/// # Errors
/// The file cannot be read, has no such variable, is no grid, or holds what is not a number; the
/// message names the place.
///
/// ```
/// use gridgp_model::spec::{AxisSpec, DataSpec};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("data.csv");
/// std::fs::write(&path, "year,city,t\n2001,Porto,15.1\n2000,Porto,14.9\n2000,Faro,\n")?;
/// let spec = DataSpec {
///     response: "t".into(),
///     axes: ["city", "year"].map(|name| (name.into(), AxisSpec::one(name))).into(),
///     ..DataSpec::default()
/// };
/// let data = gridgp_io::read(&path, &spec)?;
/// assert_eq!(data.grid.shape(), [2, 2]);
/// assert_eq!(data.response.values[..2], [14.9, 15.1]);
/// assert_eq!(data.response.missing_cells(), [2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(path: &Path, spec: &DataSpec) -> Result<Dataset> {
    Ok(read_with_scalings(path, spec)?.0)
}

/// As [`read`], with the scaling of each covariate, in the order of `spec.covariates`.
///
/// # Errors
/// As [`read`].
pub fn read_with_scalings(path: &Path, spec: &DataSpec) -> Result<(Dataset, Vec<Scaling>)> {
    match Format::of(path)? {
        Format::Csv => csv::read(path, spec, csv::Rows::Grid),
        Format::Netcdf => netcdf::read(path, spec),
    }
}

/// As [`read_with_scalings`], for data that are added to others: rows of a table may be any cells.
///
/// # Errors
/// As [`read`].
pub fn read_newer(path: &Path, spec: &DataSpec) -> Result<(Dataset, Vec<Scaling>)> {
    match Format::of(path)? {
        Format::Csv => csv::read(path, spec, csv::Rows::Scattered),
        Format::Netcdf => netcdf::read(path, spec),
    }
}
