//! NetCDF in and out. `netcdf-reader` is named in `file` and `decoding` only, `netcdf-writer` in `encode` only.

mod decoding;
mod dims;
mod encode;
mod file;
mod grid;
mod points;
mod roles;
mod summary;

pub(crate) use encode::encode;
pub(crate) use file::File;
pub(crate) use grid::{read, read_like, spec_of};
pub(crate) use points::read as read_points;
pub(crate) use summary::summarize;
