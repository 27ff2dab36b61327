//! NetCDF in and out. `netcdf-reader` is named in `file` only, `netcdf-writer` in `encode` only.

mod encode;
mod file;

pub(crate) use encode::encode;
pub(crate) use file::File;
