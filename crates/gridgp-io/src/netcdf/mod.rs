//! NetCDF in and out. `netcdf-reader` is named in `file` only, `netcdf-writer` in `encode` only.

mod encode;
mod file;
mod grid;

pub(crate) use encode::encode;
pub(crate) use file::File;
pub(crate) use grid::read;
