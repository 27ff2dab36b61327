//! The dimensions of a variable, and what a `[data]` section keeps of them.

use gridgp_grid::time::{self, TimeUnits};
use gridgp_grid::{Coordinate, Values};
use gridgp_model::spec::DataSpec;

use super::File;
use super::file::{Header, Kind};
use crate::arrays::with_calendar;
use crate::asked::as_asked;
use crate::coordinate::{MODEL_UNITS, of_whole};
use crate::{Error, Result, dates, nearest, select};

/// Points of a dimension, at most.
const LONGEST: usize = 1 << 28;
/// Values read at a time, at least.
const BLOCK: usize = 1 << 20;
/// Blocks of a variable, at most: a chunk may lie in several blocks and is decoded for each.
const BLOCKS: usize = 16;

/// A dimension of the response and what is kept of it.
pub(super) struct Dim {
    name: String,
    /// Length in the file.
    len: usize,
    /// Coordinates of the axis on it, or of the dimension itself; all points.
    pub coordinates: Vec<Coordinate>,
    /// What its points are called, where that is no coordinate of the axis.
    pub names: Option<Coordinate>,
    /// Positions that are kept, increasing.
    pub kept: Vec<usize>,
}

/// The dimensions of the response.
pub(super) struct Dims {
    pub all: Vec<Dim>,
    /// Which dimension each axis lies on.
    pub axes: Vec<usize>,
}

impl Dims {
    /// Finds the dimension of every axis, and narrows the others to one point.
    pub(super) fn of(file: &File, response: &Header, spec: &DataSpec) -> Result<Self> {
        let wrong = |message: String| Error::file(&file.path, message);
        let unusable = response.dims.iter().any(|(_, n)| *n == 0 || *n > LONGEST);
        if unusable || response.cells().is_none() {
            return Err(wrong(format!(
                "{:?} has the dimensions {:?}, which is no grid; the file may be damaged",
                response.path, response.dims
            )));
        }
        for (name, len) in &response.dims {
            file.check_size(name, Some(*len), 1)?;
        }
        let mut all: Vec<Dim> = response
            .dims
            .iter()
            .map(|(name, len)| Dim {
                name: name.clone(),
                len: *len,
                coordinates: vec![],
                names: None,
                kept: (0..*len).collect(),
            })
            .collect();
        let mut axes = vec![];
        for (axis, axis_spec) in &spec.axes {
            let (dim, mut coordinates) = coordinates(file, response, &axis_spec.coordinates)?;
            coordinates
                .iter_mut()
                .try_for_each(|c| {
                    as_asked(c, axis_spec)?;
                    time::convert(c, axis_spec.units.as_deref())
                })
                .map_err(|e| wrong(format!("data.axes.{axis}: {e}")))?;
            let position = all.iter().position(|d| d.name == dim).expect("a dimension of it");
            if let Some(other) = axes.iter().position(|&d| d == position) {
                let other = spec.axes.keys().nth(other).expect("an earlier axis");
                return Err(wrong(format!(
                    "the axes {other:?} and {axis:?} both lie on the dimension {dim:?}; make them \
                     one axis with several coordinates"
                )));
            }
            all[position].names = names(file, response, &dim, &coordinates)?;
            all[position].coordinates = coordinates;
            axes.push(position);
        }

        let mut used: Vec<String> = spec.axes.keys().cloned().collect();
        for (d, dim) in all.iter_mut().enumerate() {
            let axis = axes.iter().position(|&a| a == d).and_then(|a| spec.axes.get_index(a));
            if axis.is_none() {
                let names = [dim.name.clone()];
                dim.coordinates = coordinates(file, response, &names)?.1;
            }
            // Other variables along the dimension may be selected by.
            let mut also: Vec<Coordinate> = dim.names.iter().cloned().collect();
            for key in spec.sel.keys() {
                let own = dim.coordinates.iter().any(|c| c.name == *key);
                if !own
                    && *key != dim.name
                    && let Some(header) = file.find_near(&response.path, key)
                    && matches!(header.dims.as_slice(), [(name, _)] if *name == dim.name)
                {
                    also.push(coordinate(file, &header)?);
                }
            }
            let mut names: Vec<&str> = axis.iter().map(|(name, _)| name.as_str()).collect();
            names.push(&dim.name);
            names.dedup();
            let kept = select::kept(&names, &dim.coordinates, &also, spec).map_err(wrong)?;
            if let Some(kept) = kept {
                dim.kept = kept;
            }
            if axis.is_none() && dim.kept.len() != 1 {
                return Err(wrong(format!(
                    "{:?} has a dimension {:?} with {} points that is not an axis; choose one \
                     with data.sel.{} or data.isel.{}, or add it to data.axes",
                    response.path,
                    dim.name,
                    dim.kept.len(),
                    dim.name,
                    dim.name
                )));
            }
            used.push(dim.name.clone());
            used.extend(dim.coordinates.iter().chain(&also).map(|c| c.name.clone()));
        }
        for key in spec.sel.keys().chain(spec.isel.keys()) {
            if !used.contains(key) {
                let known = used.iter().map(String::as_str);
                return Err(Error::unknown(&file.path, "dimension or coordinate", key, known));
            }
        }
        Ok(Self { all, axes })
    }

    /// The axes, increasing, on which a variable lies.
    pub(super) fn axes_of(&self, header: &Header, spec: &DataSpec) -> Result<Vec<usize>, String> {
        let mut axes = vec![];
        for (name, len) in &header.dims {
            let dim = self.all.iter().position(|d| d.name == *name && d.len == *len);
            match dim.map(|d| self.axes.iter().position(|&a| a == d)) {
                Some(Some(axis)) => axes.push(axis),
                Some(None) => {}
                None if *len == 1 => {}
                None => {
                    let names: Vec<&str> = spec.axes.keys().map(String::as_str).collect();
                    return Err(format!(
                        "the variable {:?} has a dimension {name:?} with {len} points that the \
                         response does not have; the axes are {}",
                        header.path,
                        nearest::list(&names)
                    ));
                }
            }
        }
        if axes.is_empty() {
            return Err(format!(
                "the variable {:?} is a single number; write it into the model",
                header.path
            ));
        }
        axes.sort_unstable();
        Ok(axes)
    }

    /// What is kept of a variable, on the axes `order`, the last one fastest.
    pub(super) fn read(&self, file: &File, header: &Header, order: &[usize]) -> Result<Vec<f64>> {
        let first = [0];
        // What is kept along every dimension of the variable, and its step in the result.
        let shape: Vec<usize> = order.iter().map(|&a| self.all[self.axes[a]].kept.len()).collect();
        let mut kept: Vec<&[usize]> = vec![];
        let mut steps = vec![];
        for (name, _) in &header.dims {
            let dim = self.all.iter().position(|d| d.name == *name);
            kept.push(dim.map_or(&first, |d| &self.all[d].kept));
            let place = dim.and_then(|d| order.iter().position(|&a| self.axes[a] == d));
            steps.push(place.map_or(0, |p| shape[p + 1..].iter().product::<usize>()));
        }
        let cells: usize = shape.iter().product();
        file.check_size(&header.path, Some(cells), header.size)?;
        let mut values = vec![];
        values.try_reserve_exact(cells).map_err(|_| {
            Error::file(
                &file.path,
                format!(
                    "{:?} has {cells} values ({:.1} GB), more than there is memory; choose a part \
                     of it with data.sel",
                    header.path,
                    cells as f64 * 8e-9
                ),
            )
        })?;
        values.resize(cells, f64::NAN);
        if kept.is_empty() {
            return file.numbers(header, &[]);
        }

        let boxed = |kept: &[usize]| (kept[0], kept[kept.len() - 1] + 1);
        let ranges: Vec<(usize, usize)> = kept.iter().map(|k| boxed(k)).collect();
        let slice: usize = ranges[1..].iter().map(|(start, end)| end - start).product();
        let rows = (BLOCK / slice.max(1)).max(kept[0].len().div_ceil(BLOCKS)).max(1);
        for (b, block) in kept[0].chunks(rows).enumerate() {
            let mut ranges = ranges.clone();
            ranges[0] = boxed(block);
            let source = file.numbers(header, &ranges)?;
            let mut parts = kept.clone();
            parts[0] = block;
            let start = b * rows * steps[0];
            copy(&source, &ranges, &parts, &steps, &mut values[start..]);
        }
        Ok(values)
    }
}

/// Copies the kept positions of a box into `out`, where dimension d advances by `steps[d]`.
fn copy(
    source: &[f64],
    ranges: &[(usize, usize)],
    kept: &[&[usize]],
    steps: &[usize],
    out: &mut [f64],
) {
    let [(start, _), inner_ranges @ ..] = ranges else {
        out[0] = source[0];
        return;
    };
    if inner_ranges.is_empty() {
        for (i, &k) in kept[0].iter().enumerate() {
            out[i * steps[0]] = source[k - start];
        }
        return;
    }
    let slice: usize = inner_ranges.iter().map(|(start, end)| end - start).product();
    for (i, &k) in kept[0].iter().enumerate() {
        let source = &source[(k - start) * slice..][..slice];
        copy(source, inner_ranges, &kept[1..], &steps[1..], &mut out[i * steps[0]..]);
    }
}

/// The coordinates called `names`, which lie along one dimension of the response, and its name.
fn coordinates(
    file: &File,
    response: &Header,
    names: &[String],
) -> Result<(String, Vec<Coordinate>)> {
    let mut along: Option<(String, &String)> = None;
    let mut found = vec![];
    for name in names {
        let dim = response.dims.iter().find(|(dim, _)| dim == name);
        let (dim, coordinate) = match (file.find_near(&response.path, name), dim) {
            (Some(header), _) if header.dims.len() == 1 => {
                (header.dims[0].0.clone(), coordinate(file, &header)?)
            }
            (Some(header), None) => {
                let dims: Vec<&str> = header.dims.iter().map(|(d, _)| d.as_str()).collect();
                return Err(Error::file(
                    &file.path,
                    format!(
                        "{name:?} has the dimensions [{}], but a coordinate of an axis has one; \
                         use the dimensions themselves as axes",
                        dims.join(", ")
                    ),
                ));
            }
            (_, Some((dim, len))) => {
                let values = (0..*len).map(|i| i as f64).collect();
                (dim.clone(), Coordinate::numbers(name, values))
            }
            (None, None) => {
                let headers = file.headers();
                let dims = response.dims.iter().map(|(dim, _)| dim.as_str());
                let known = headers.iter().filter(|h| h.dims.len() == 1).map(Header::name);
                return Err(Error::unknown(&file.path, "coordinate", name, dims.chain(known)));
            }
        };
        if !response.dims.iter().any(|(d, n)| *d == dim && *n == coordinate.len()) {
            let dims: Vec<&str> = response.dims.iter().map(|(d, _)| d.as_str()).collect();
            return Err(Error::file(
                &file.path,
                format!(
                    "the coordinate {name:?} lies on the dimension {dim:?}, but {:?} has the \
                     dimensions {}",
                    response.path,
                    nearest::list(&dims)
                ),
            ));
        }
        match &along {
            Some((other, first)) if *other != dim => {
                return Err(Error::file(
                    &file.path,
                    format!(
                        "{first:?} lies on the dimension {other:?} but {name:?} on {dim:?}; the \
                         coordinates of one axis lie on one dimension"
                    ),
                ));
            }
            _ => along = Some((dim, name)),
        }
        // With its groups, as the model calls it.
        found.push(Coordinate { name: name.clone(), ..coordinate });
    }
    let (dim, _) = along.expect("an axis has at least one coordinate");
    Ok((dim, found))
}

/// The coordinate of a dimension itself, where its axis has others.
fn names(
    file: &File,
    response: &Header,
    dim: &str,
    own: &[Coordinate],
) -> Result<Option<Coordinate>> {
    let found = file.find_near(&response.path, dim);
    let found = found.filter(|h| {
        matches!(h.dims.as_slice(), [(name, _)] if name == dim)
            && h.kind != Kind::Other
            && own.iter().all(|c| {
                file.find_near(&response.path, &c.name).is_none_or(|own| own.path != h.path)
            })
    });
    found.map(|header| coordinate(file, &header)).transpose()
}

/// A variable with one dimension as a coordinate.
pub(super) fn coordinate(file: &File, header: &Header) -> Result<Coordinate> {
    let name = header.name();
    let mut coordinate = match header.kind {
        Kind::Number => Coordinate::numbers(name, file.numbers(header, &[(0, header.dims[0].1)])?),
        Kind::Text => Coordinate::labels(name, file.strings(header)?),
        Kind::Other => {
            return Err(Error::file(
                &file.path,
                format!("the coordinate {name:?} has a type that cannot be read"),
            ));
        }
    };
    let Values::Numbers(values) = &coordinate.values else { return Ok(coordinate) };
    let model = header.text(MODEL_UNITS);
    let calendar = header.text("calendar");
    coordinate.units = header.text("units").map(str::to_owned);
    if let Some(units) = &coordinate.units
        && (model.is_some() || TimeUnits::parse(units, calendar).is_some())
        // A missing one is left to be found where coordinates are checked.
        && values.iter().all(|x| x.is_finite())
        && let Some(whole) = file.integers(header)?
        && let Some(made) = of_whole(name, whole, units, model, calendar)
    {
        return Ok(made);
    }
    // Of degrees that do not say so, the standard name does.
    if matches!(coordinate.units.as_deref(), None | Some("degrees" | "degree")) {
        match header.text("standard_name") {
            Some("longitude") => coordinate.units = Some("degrees_east".into()),
            Some("latitude") => coordinate.units = Some("degrees_north".into()),
            _ => {}
        }
    }
    coordinate.stored.dtype = file.dtype(header).map(str::to_owned);
    coordinate.calendar = calendar.map(str::to_owned);
    dates::relative_to_1970(&mut coordinate);
    Ok(with_calendar(coordinate))
}

/// The dimension, with its length, that a coordinate lies along.
pub(super) fn of_coordinate(file: &File, near: &str, name: &str) -> Result<(String, usize)> {
    if let Some(header) = file.find_near(near, name)
        && let [dim] = header.dims.as_slice()
    {
        return Ok(dim.clone());
    }
    let headers = file.headers();
    let dim = headers.iter().flat_map(|h| &h.dims).find(|(dim, _)| dim == name);
    dim.cloned().ok_or_else(|| {
        let known = headers.iter().filter(|h| h.dims.len() == 1).map(Header::name);
        Error::unknown(&file.path, "coordinate", name, known)
    })
}
