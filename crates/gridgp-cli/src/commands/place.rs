//! Where to predict, as typed after `--at`.

use std::path::Path;

use anyhow::{Context, bail};
use gridgp_fit::{Scaling, Where};
use gridgp_grid::{Axis, Coordinate, Grid, Known, Values};
use gridgp_model::Model;
use gridgp_model::spec::DataSpec;
use gridgp_posterior::Place;

use crate::machine;

/// Reads `--at`, with the covariates at the positions `needed`.
pub fn read(
    at: Option<&str>,
    model: &Model,
    scalings: &[Scaling],
    needed: &[usize],
) -> anyhow::Result<Where> {
    let grid = &model.data.grid;
    let Some(at) = at else {
        return Ok(Where::Grid(Place { grid: grid.clone(), covariates: Vec::new() }));
    };
    let path = Path::new(at);
    let spec = &model.spec.data;
    if !path.exists() && at.contains('=') {
        let coordinates = inline(at, grid, spec)?;
        let unknown = vec![None; spec.covariates.len()];
        return Ok(gridgp_io::place_like(spec, grid.axes(), coordinates, unknown, scalings)?);
    }
    let is_table = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    if !is_table && path.exists() {
        // A file need not have what nothing is made of.
        let mut part = spec.clone();
        part.covariates
            .retain(|name, _| needed.iter().any(|&c| model.data.covariates[c].name == *name));
        let part_scalings: Vec<Scaling> = needed.iter().map(|&c| scalings[c]).collect();
        let (grid, covariates) = gridgp_io::read_grid(path, &part, grid.axes(), &part_scalings)?;
        return Ok(Where::Grid(Place { grid, covariates }));
    }
    let name = |c: usize| model.data.covariates[c].name.as_str();
    let column = |c: usize| spec.covariates[name(c)].variable.as_deref().unwrap_or(name(c));
    let columns: Vec<&str> = needed.iter().map(|&c| column(c)).collect();
    let points = gridgp_io::read_points(path, spec, grid.axes(), &columns).with_context(|| {
        format!("--at {at}: a CSV of points, a NetCDF grid, or axes such as x=0:5:101,y=2")
    })?;
    let covariates = needed
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

/// `x=0:5:101,y=2`: new coordinates for some axes, in the units of the fit, and those of the data for
/// the others. Of an axis with several coordinates each is given, `lon=-9:3:49,lat=36:44:33`: its points
/// are all their combinations, the last coordinate fastest.
fn inline(at: &str, grid: &Grid, spec: &DataSpec) -> anyhow::Result<Vec<Vec<Coordinate>>> {
    let mut given: Vec<(&str, &str)> = Vec::new();
    for part in parts(at) {
        let (name, values) = part.split_once('=').with_context(|| {
            format!("--at {at}: {part:?} is not of the form axis=start:stop:count")
        })?;
        let name = name.trim();
        if given.iter().any(|(other, _)| *other == name) {
            bail!("--at {at}: {name:?} is given twice");
        }
        given.push((name, values));
    }
    let axes = grid.axes();
    let mut cells = 1_u128;
    let mut moved = Vec::new();
    for axis in axes {
        let own = axis.coordinates();
        let mut take = |name: &str| {
            let position = given.iter().position(|(given, _)| *given == name);
            position.map(|i| given.swap_remove(i).1)
        };
        let found: Vec<Option<&str>> = match own {
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
        let read = |(text, c): (&str, &Coordinate)| {
            Range::read(text, |text| gridgp_io::typed_value(c, spec, text))
                .with_context(|| format!("--at {at}: {:?}", c.name))
        };
        let found: Vec<Range> =
            found.into_iter().zip(own).map(read).collect::<anyhow::Result<_>>()?;
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
    let made = axes.iter().zip(moved).map(|(axis, found)| {
        let Some(found) = found else { return with_names(axis) };
        let count: usize = found.iter().map(|range| range.count).product();
        let mut step = count;
        let coordinates = axis.coordinates().iter().zip(&found).map(|(c, range)| {
            step /= range.count;
            let values = range.values();
            let known = Known::of(c);
            let all = (0..count).map(|i| known.snap_here(values[i / step % values.len()]));
            Coordinate { values: Values::Numbers(all.collect()), ..c.clone() }.with_ticks()
        });
        coordinates.collect()
    });
    Ok(made.collect())
}

/// The coordinates of an axis as it is, with what its points are called behind them.
fn with_names(axis: &Axis) -> Vec<Coordinate> {
    axis.coordinates().iter().chain(axis.names()).cloned().collect()
}

/// The parts `name=value` of a text: a comma inside of a date, `March 1, 2019`, parts nothing.
fn parts(at: &str) -> Vec<&str> {
    let mut parts = vec![];
    let mut start = 0;
    for (comma, _) in at.match_indices(',') {
        let (part, rest) = (&at[start..comma], &at[comma + 1..]);
        let next = rest.split(',').next().unwrap_or(rest);
        if next.contains('=') || !part.contains('=') {
            parts.push(part);
            start = comma + 1;
        }
    }
    parts.push(&at[start..]);
    parts
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
    /// Reads a value or a range; `value` reads one end, whose times of day have colons as well.
    fn read(text: &str, value: impl Fn(&str) -> Result<f64, String>) -> anyhow::Result<Self> {
        let alone = value(text);
        if let Ok(start) = alone {
            return Ok(Self { start, stop: start, count: 1 });
        }
        let colons: Vec<usize> = text.match_indices(':').map(|(i, _)| i).collect();
        let [between @ .., last] = colons.as_slice() else {
            return Err(anyhow::anyhow!(alone.err().unwrap_or_default()));
        };
        let ends =
            |&at: &usize| Some((value(&text[..at]).ok()?, value(&text[at + 1..*last]).ok()?));
        let Some((start, stop)) = between.iter().find_map(ends) else {
            return Err(match between {
                // Of a range the end that is wrong, of anything else the whole.
                [at] => match (value(&text[..*at]), value(&text[at + 1..*last])) {
                    (Err(e), _) | (_, Err(e)) => anyhow::anyhow!(e),
                    _ => unreachable!("these were read"),
                },
                _ => anyhow::anyhow!(
                    "{text:?} is neither a value nor start:stop:count ({})",
                    alone.err().unwrap_or_default()
                ),
            });
        };
        let count = &text[last + 1..];
        let count = count
            .trim()
            .parse()
            .ok()
            .filter(|&c| c >= 2)
            .with_context(|| format!("the count {count:?} must be a whole number from 2 on"))?;
        Ok(Self { start, stop, count })
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
    use gridgp_grid::{Axis, Coordinate, Grid, Values};
    use gridgp_model::spec::DataSpec;

    #[test]
    fn points_of_several_coordinates_are_all_combinations() {
        let numbers = |name: &str, v: &[f64]| Coordinate::numbers(name, v.to_vec());
        let station =
            Axis::new("station", vec![numbers("lon", &[1.0]), numbers("lat", &[2.0])]).unwrap();
        let year = Axis::numbers("year", vec![2000.0, 2001.0]).unwrap();
        let site = Axis::new("site", vec![Coordinate::labels("site", vec!["a".into()])]).unwrap();
        let grid = Grid::new(vec![station, year, site]).unwrap();
        let inline = |at: &str| inline(at, &grid, &DataSpec::default());
        let found = inline("lat=36:40:2,lon=-9:3:3,year=2030").unwrap();
        let sizes: Vec<usize> = found.iter().map(|c| c[0].len()).collect();
        assert_eq!(sizes, [6, 1, 1]);
        let station = Axis::new("station", found[0].clone()).unwrap();
        assert_eq!(station.describe(1), "lon = -9, lat = 40");
        assert_eq!(station.describe(2), "lon = -3, lat = 36");
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
            let e = format!("{:#}", inline(at).unwrap_err());
            assert!(e.contains(words), "{at}: {e}");
        }
    }

    #[test]
    fn ranges_include_both_ends() {
        let x = Coordinate::numbers("x", vec![0.0]);
        let value = |text: &str| gridgp_io::typed_value(&x, &DataSpec::default(), text);
        let range = |text: &str| Range::read(text, value).map(|range| range.values());
        assert_eq!(range("0:1:3").unwrap(), [0.0, 0.5, 1.0]);
        assert_eq!(range("5.1:7.1:20").unwrap()[19], 7.1);
        assert_eq!(range("2.5").unwrap(), [2.5]);
        for wrong in ["0:1", "0:1:1", "a", "nan", "0:inf:5", "0:1:-5", "0:1:1e9", "0:1:3.5"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
        let minus = format!("{:#}", range("\u{2212}5").unwrap_err());
        assert!(minus.contains("U+2212"), "{minus}");
    }

    #[test]
    fn dates_are_read_in_every_form_of_a_table() {
        let mut date =
            Coordinate::numbers("date", vec![18262.0, 18293.0]).with_units("days since 1970-01-01");
        date.calendar = Some("standard".into());
        let x = Axis::numbers("x", vec![0.0]).unwrap();
        let grid = Grid::new(vec![Axis::new("date", vec![date]).unwrap(), x]).unwrap();
        let read = |at: &str| {
            let found = inline(at, &grid, &DataSpec::default())?;
            let Values::Numbers(v) = &found[0][0].values else { panic!("numbers") };
            anyhow::Ok(v.clone())
        };
        for at in ["date=18322", "date=2020-03-01", "x=1,date=2020/03/01", "date=1 Mar 2020,x=1"] {
            assert_eq!(read(at).unwrap(), [18322.0], "{at}");
        }
        assert_eq!(read("date=March 1, 2020,x=2").unwrap(), [18322.0]);
        assert_eq!(read("date=2020-03-01T06:00").unwrap(), [18322.25]);
        assert_eq!(read("date=2020-03-01:2020-03-05:3").unwrap(), [18322.0, 18324.0, 18326.0]);
        let half = "date=2020-03-01T06:00:2020-03-01T18:00:3";
        assert_eq!(read(half).unwrap(), [18322.25, 18322.5, 18322.75]);
        assert_eq!(
            read("date=2020-03-01T06:00:30").unwrap(),
            [18322.0 + 6.0 / 24.0 + 30.0 / 86400.0]
        );
        for (at, words) in [
            ("date=soon", "neither a number nor a date"),
            ("date=01/02/2020", "day and month, or month and day?"),
            ("date=2020-02-30", "no day"),
            ("date=2020-03-01:2020-13-01:3", "no day \"2020-13-01\""),
            ("date=2020-03-01:2020-03-05:1", "from 2 on"),
            ("x=2020-03-01", "is not a number"),
        ] {
            let e = format!("{:#}", read(at).unwrap_err());
            assert!(e.contains(words), "{at}: {e}");
        }
    }
}
