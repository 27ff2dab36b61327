//! Scattered points in a NetCDF file: variables along one dimension.

use std::path::Path;

use gridgp_grid::{Coordinate, Values};

use super::File;
use super::dims::coordinate;
use crate::{Error, Result};

/// Coordinates and values of points, all along one dimension.
pub(crate) fn read(
    path: &Path,
    coordinates: &[&str],
    values: &[&str],
) -> Result<(Vec<Coordinate>, Vec<Vec<f64>>)> {
    let file = File::open(path)?;
    let mut dim: Option<(String, usize)> = None;
    let mut read = |name: &str| {
        let Some(header) = file.find(name) else {
            let headers = file.headers();
            let known = headers.iter().map(|h| h.path.as_str());
            return Err(Error::unknown(path, "variable", name, known));
        };
        let own = match (header.dims.as_slice(), &dim) {
            ([own], None) => own.clone(),
            ([own], Some(dim)) if own == dim => own.clone(),
            _ => {
                let names: Vec<&str> = header.dims.iter().map(|(d, _)| d.as_str()).collect();
                let expected = dim.as_ref().map_or("one dimension".into(), |(d, n)| {
                    format!("the dimension {d:?} with {n} points, as those before it")
                });
                return Err(Error::file(
                    path,
                    format!(
                        "points need variables along {expected}, but {name:?} has the dimensions \
                         [{}]; for a grid, use the file as a grid",
                        names.join(", ")
                    ),
                ));
            }
        };
        dim = Some(own);
        let c = coordinate(&file, &header)?;
        if let Values::Numbers(v) = &c.values
            && let Some(i) = v.iter().position(|x| !x.is_finite())
        {
            return Err(Error::file(
                path,
                format!("{name:?} is {} at position {i}; it must be known at every point", v[i]),
            ));
        }
        Ok(c)
    };
    let coordinates = coordinates.iter().map(|name| read(name)).collect::<Result<_>>()?;
    let values = values
        .iter()
        .map(|name| match read(name)?.values {
            Values::Numbers(v) => Ok(v),
            Values::Labels(_) => Err(Error::file(path, format!("{name:?} holds text"))),
        })
        .collect::<Result<_>>()?;
    Ok((coordinates, values))
}
