//! What a NetCDF file contains.

use std::path::Path;

use gridgp_grid::Coordinate;

use super::File;
use super::dims::coordinate;
use super::file::{Header, Kind};
use super::roles;
use crate::summary::{CoordinateSummary, FileSummary, Guess, GuessedAxis, VariableSummary, place};
use crate::{Error, Result};

/// Says what the file at `path` contains. `response` is what is modelled, if that is known.
pub(crate) fn summarize(path: &Path, response: Option<&str>) -> Result<FileSummary> {
    let file = File::open(path)?;
    let headers = file.headers();
    let mut coordinates = vec![];
    // Variables with one dimension are coordinates if they are called so, or if no variable of
    // that name belongs to the dimension.
    for header in &headers {
        if let [(dim, _)] = header.dims.as_slice()
            && header.kind != Kind::Other
            && !is_bounds(header)
        {
            coordinates.push(CoordinateSummary::of(&coordinate(&file, header)?, Some(dim)));
        }
    }
    let mut dims: Vec<&(String, usize)> = vec![];
    for dim in headers.iter().flat_map(|h| &h.dims) {
        let known = coordinates.iter().any(|c| c.dim.as_ref() == Some(&dim.0));
        if !known && !dims.contains(&dim) {
            dims.push(dim);
            let ends = vec![0.0, dim.1.saturating_sub(1) as f64];
            let index = CoordinateSummary::of(&Coordinate::numbers(&dim.0, ends), Some(&dim.0));
            coordinates.push(CoordinateSummary { distinct: Some(dim.1), step: Some(1.0), ..index });
        }
    }
    let numbers: Vec<&Header> = headers
        .iter()
        .filter(|h| h.kind == Kind::Number && !h.dims.is_empty() && !is_bounds(h))
        .filter(|h| !matches!(h.dims.as_slice(), [(dim, _)] if dim == h.name()))
        .collect();
    let of_others = roles::of_others(&headers);
    let is_part = |h: &Header| of_others.contains(h.name()) || roles::is_part(h);
    let variables = numbers
        .iter()
        .map(|h| VariableSummary {
            name: h.path.clone(),
            is_part: is_part(h),
            dims: h.dims.clone(),
            units: h.text("units").map(str::to_owned),
            long_name: h.text("long_name").map(str::to_owned),
        })
        .collect();
    // The first one of those with the most dimensions longer than 1, then the most values.
    let long = |h: &Header| h.dims.iter().filter(|(_, n)| *n > 1).count();
    let response = match response {
        Some(name) => {
            Some(numbers.iter().find(|h| h.path == name.trim_matches('/')).ok_or_else(|| {
                Error::unknown(path, "variable", name, numbers.iter().map(|h| h.path.as_str()))
            })?)
        }
        None => numbers
            .iter()
            .rev()
            .filter(|h| long(h) > 0 && !is_part(h))
            .max_by_key(|h| (long(h), h.cells())),
    };
    let guess = response.map(|h| Guess {
        response: h.path.clone(),
        axes: h.dims.iter().filter(|(_, n)| *n > 1).map(|dim| axis(dim, h, &headers)).collect(),
    });
    Ok(FileSummary { rows: None, variables, doubts: vec![], coordinates, guess })
}

/// Bounds of cells, which are no coordinates.
fn is_bounds(header: &Header) -> bool {
    let name = header.name();
    name.ends_with("_bnds") || name.ends_with("_bounds")
}

/// A dimension as an axis: with its own coordinate, or with longitude and latitude along it.
fn axis(dim: &(String, usize), response: &Header, headers: &[Header]) -> GuessedAxis {
    let along: Vec<&Header> = headers
        .iter()
        .filter(|h| matches!(h.dims.as_slice(), [own] if own == dim) && h.path != response.path)
        .collect();
    let names: Vec<&str> = along.iter().map(|h| h.name()).collect();
    let own = names.contains(&dim.0.as_str());
    let coordinates = match place(&names).filter(|_| !own) {
        Some(place) => place.to_vec(),
        None => vec![dim.0.as_str()],
    };
    let covariates = along
        .iter()
        .filter(|h| h.kind == Kind::Number && !coordinates.contains(&h.name()) && !is_bounds(h))
        .map(|h| h.name().to_owned());
    GuessedAxis {
        name: dim.0.clone(),
        covariates: covariates.collect(),
        coordinates: coordinates.into_iter().map(str::to_owned).collect(),
        points: dim.1,
        format: None,
    }
}
