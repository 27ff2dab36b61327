//! Where to predict, as typed after `--at`.

use std::path::Path;

use anyhow::{Context, bail};
use gridgp_fit::{Scaling, Where};
use gridgp_grid::{Axis, Coordinate, Grid, Known, Values};
use gridgp_model::Model;
use gridgp_posterior::Place;

use crate::machine;

/// Reads `--at`.
pub fn read(at: Option<&str>, model: &Model, scalings: &[Scaling]) -> anyhow::Result<Where> {
    let grid = &model.data.grid;
    let Some(at) = at else {
        return Ok(Where::Grid(Place { grid: grid.clone(), covariates: Vec::new() }));
    };
    let path = Path::new(at);
    if !path.exists() && at.contains('=') {
        return Ok(Where::Grid(Place { grid: inline(at, grid)?, covariates: Vec::new() }));
    }
    let is_table = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    if !is_table && path.exists() {
        let (grid, covariates) =
            gridgp_io::read_grid(path, &model.spec.data, grid.axes(), scalings)?;
        return Ok(Where::Grid(Place { grid, covariates }));
    }
    let used: Vec<usize> =
        (0..model.data.covariates.len()).filter(|c| model.used_covariates().contains(c)).collect();
    let name = |c: usize| model.data.covariates[c].name.as_str();
    let column =
        |c: usize| model.spec.data.covariates[name(c)].variable.as_deref().unwrap_or(name(c));
    let columns: Vec<&str> = used.iter().map(|&c| column(c)).collect();
    let points = gridgp_io::read_points(path, &model.spec.data, grid.axes(), &columns)
        .with_context(|| {
            format!("--at {at}: a CSV of points, a NetCDF grid, or axes such as x=0:5:101,y=2")
        })?;
    let covariates = used
        .iter()
        .zip(&points.values)
        .map(|(&c, values)| {
            let mut values = values.clone();
            scalings[c].apply(&mut values);
            (name(c).to_owned(), values)
        })
        .collect();
    Ok(Where::Points(points, covariates))
}

/// `x=0:5:101,y=2`: new points for some axes, in the units of the fit. Of an axis with several
/// coordinates each is given, `lon=-9:3:49,lat=36:44:33`: its points are all their combinations, the
/// last coordinate fastest.
fn inline(at: &str, grid: &Grid) -> anyhow::Result<Grid> {
    let mut given: Vec<(&str, Range)> = Vec::new();
    for part in at.split(',') {
        let (name, values) = part.split_once('=').with_context(|| {
            format!("--at {at}: {part:?} is not of the form axis=start:stop:count")
        })?;
        let name = name.trim();
        let values = Range::read(values).with_context(|| format!("--at {at}: {name:?}"))?;
        if given.iter().any(|(other, _)| *other == name) {
            bail!("--at {at}: {name:?} is given twice");
        }
        given.push((name, values));
    }
    let mut axes: Vec<Axis> = grid.axes().to_vec();
    let mut cells = 1_u128;
    let mut moved = Vec::new();
    for axis in &axes {
        let own = axis.coordinates();
        let mut take = |name: &str| {
            let position = given.iter().position(|(given, _)| *given == name);
            position.map(|i| given.swap_remove(i).1)
        };
        let found: Vec<Option<Range>> = match own {
            // The name of the axis means its only coordinate.
            [one] => vec![take(axis.name()).or_else(|| take(&one.name))],
            several => several.iter().map(|c| take(&c.name)).collect(),
        };
        if found.iter().all(Option::is_none) {
            cells = cells.saturating_mul(axis.len() as u128);
            moved.push(None);
            continue;
        }
        let labels = |c: &&Coordinate| matches!(c.values, Values::Labels(_));
        if let Some(c) = own.iter().find(labels) {
            bail!("--at {at}: {:?} is made of labels; give its points in a file", c.name);
        }
        let Some(found) = found.into_iter().collect::<Option<Vec<_>>>() else {
            let names: Vec<&str> = own.iter().map(|c| c.name.as_str()).collect();
            bail!(
                "--at {at}: the points of {:?} have the coordinates {}; give all of them, or the \
                 points in a file",
                axis.name(),
                names.join(", ")
            );
        };
        cells = found.iter().fold(cells, |n, range| n.saturating_mul(range.count as u128));
        moved.push(Some(found));
    }
    if let Some((name, _)) = given.first() {
        let of = |a: &Axis| match a.coordinates() {
            [_] => a.name().to_owned(),
            all => all.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(" with "),
        };
        let known: Vec<String> = grid.axes().iter().map(of).collect();
        bail!("--at {at}: the fit has no axis {name:?}; it has {}", known.join(", "));
    }
    // Nothing has been made so far but counts.
    let what = format!("--at {at}: a prediction on {cells} cells; ask for fewer");
    machine::check_memory(cells.saturating_mul(8 * ARRAYS), &what)?;
    for (axis, found) in axes.iter_mut().zip(moved) {
        let Some(found) = found else { continue };
        let count: usize = found.iter().map(|range| range.count).product();
        let mut step = count;
        let coordinates = axis.coordinates().iter().zip(&found).map(|(c, range)| {
            step /= range.count;
            let values = range.values();
            let known = Known::of(c);
            let all = (0..count).map(|i| known.snap_here(values[i / step % values.len()]));
            Coordinate { values: Values::Numbers(all.collect()), ..c.clone() }.with_ticks()
        });
        *axis = Axis::new(axis.name(), coordinates.collect())?;
    }
    Ok(Grid::new(axes)?)
}

/// The least that a prediction keeps of each cell: means, standard deviations and their making. What it
/// needs besides is known to the prediction itself.
const ARRAYS: u128 = 8;

/// `2`, or `0:5:101`: both ends included.
struct Range {
    start: f64,
    stop: f64,
    count: usize,
}

impl Range {
    fn read(text: &str) -> anyhow::Result<Self> {
        let number = |t: &str| {
            let t = t.trim();
            let read = t.parse::<f64>().ok().filter(|v| v.is_finite());
            read.with_context(|| format!("{t:?} is not a number"))
        };
        match text.split(':').collect::<Vec<_>>().as_slice() {
            [value] => number(value).map(|start| Self { start, stop: start, count: 1 }),
            [start, stop, count] => {
                let (start, stop) = (number(start)?, number(stop)?);
                let count = count.trim().parse().ok().filter(|&c| c >= 2).with_context(|| {
                    format!("the count {count:?} must be a whole number from 2 on")
                })?;
                Ok(Self { start, stop, count })
            }
            _ => bail!("{text:?} is neither a value nor start:stop:count"),
        }
    }

    fn values(&self) -> Vec<f64> {
        if self.count == 1 {
            return vec![self.start];
        }
        // From both ends, so that the last point is `stop` to the last digit.
        let last = (self.count - 1) as f64;
        let at = |i: usize| {
            let t = i as f64 / last;
            self.start * (1.0 - t) + self.stop * t
        };
        (0..self.count).map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Range, inline};
    use gridgp_grid::{Axis, Coordinate, Grid};

    #[test]
    fn points_of_several_coordinates_are_all_combinations() {
        let numbers = |name: &str, v: &[f64]| Coordinate::numbers(name, v.to_vec());
        let station =
            Axis::new("station", vec![numbers("lon", &[1.0]), numbers("lat", &[2.0])]).unwrap();
        let year = Axis::numbers("year", vec![2000.0, 2001.0]).unwrap();
        let site = Axis::new("site", vec![Coordinate::labels("site", vec!["a".into()])]).unwrap();
        let grid = Grid::new(vec![station, year, site]).unwrap();
        let found = inline("lat=36:40:2,lon=-9:3:3,year=2030", &grid).unwrap();
        assert_eq!(found.shape(), [6, 1, 1]);
        assert_eq!(found.axes()[0].describe(1), "lon = -9, lat = 40");
        assert_eq!(found.axes()[0].describe(2), "lon = -3, lat = 36");
        for (at, words) in [
            ("lon=1:2:3", "lon, lat; give all of them"),
            ("lan=1", "no axis \"lan\"; it has lon with lat, year, site"),
            ("station=1", "no axis \"station\""),
            ("site=1", "made of labels"),
            ("year=1,year=2", "given twice"),
            ("year=1:2", "neither a value nor"),
            (
                "year=1:2:1000000000000",
                "a prediction on 1000000000000 cells needs about 59604.6 GiB",
            ),
            ("lon=0:1:18446744073709551615,lat=0:1:18446744073709551615", "ask for fewer"),
        ] {
            let e = format!("{:#}", inline(at, &grid).unwrap_err());
            assert!(e.contains(words), "{at}: {e}");
        }
    }

    #[test]
    fn ranges_include_both_ends() {
        let range = |text: &str| Range::read(text).map(|range| range.values());
        assert_eq!(range("0:1:3").unwrap(), [0.0, 0.5, 1.0]);
        assert_eq!(range("5.1:7.1:20").unwrap()[19], 7.1);
        assert_eq!(range("2.5").unwrap(), [2.5]);
        for wrong in ["0:1", "0:1:1", "a", "nan", "0:inf:5", "0:1:-5", "0:1:1e9", "0:1:3.5"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
