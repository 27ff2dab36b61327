//! What kind of file a file is.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::{Error, Result};

/// A kind of data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Netcdf,
}

impl Format {
    /// Decided by the first bytes, so that a misnamed NetCDF file is still read; else by the name.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let cannot = |e| Error::io("read", path, e);
        let mut file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(Error::file(path, "is a folder, not a file"));
        }
        let mut start = vec![];
        file.by_ref().take(8).read_to_end(&mut start).map_err(cannot)?;
        if start.is_empty() {
            return Err(Error::file(path, "the file is empty"));
        }
        if start.starts_with(b"\x89HDF\r\n\x1a\n")
            || start.starts_with(b"CDF") && start.get(3).is_some_and(|version| *version < 6)
        {
            return Ok(Self::Netcdf);
        }
        match Self::of_name(path) {
            Some(Self::Netcdf) => Err(Error::file(
                path,
                "is called NetCDF but does not start like one; it may be truncated, an error page \
                 of a download, or another format",
            )),
            Some(Self::Csv) => Ok(Self::Csv),
            None => Err(Error::file(
                path,
                "is neither NetCDF nor called .csv; convert it, or rename it if it is a table",
            )),
        }
    }

    /// The format that the extension of a file name stands for.
    pub(crate) fn of_name(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "nc" | "nc4" | "cdf" | "netcdf" => Some(Self::Netcdf),
            _ => None,
        }
    }
}
