//! NetCDF in and out. `netcdf-reader` is named in `file` and `decoding` only, `hdf5-reader` in `scan`,
//! `netcdf-writer` in `encode`.

mod decoding;
mod dims;
mod encode;
mod file;
mod grid;
mod names;
mod points;
mod roles;
mod scan;
mod summary;

pub(crate) use encode::encode;
pub(crate) use file::File;
pub(crate) use grid::{read, read_like, spec_of};
pub(crate) use points::read as read_points;
pub(crate) use summary::summarize;
