//! Where to predict, as typed after `--at`.

use std::path::Path;

use anyhow::{Context, bail};
use gridgp::grid::{Axis, Coordinate, Grid, Values};
use gridgp::model::Model;
use gridgp::posterior::Place;
use gridgp_io::{Scaling, Where};

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
    let points = gridgp_io::read_points(path, grid.axes(), &columns).with_context(|| {
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

/// `x=0:5:101,y=2`: new points for some axes, in the units of the fit.
fn inline(at: &str, grid: &Grid) -> anyhow::Result<Grid> {
    let mut axes: Vec<Axis> = grid.axes().to_vec();
    for part in at.split(',') {
        let (name, values) = part.split_once('=').with_context(|| {
            format!("--at {at}: {part:?} is not of the form axis=start:stop:count")
        })?;
        let Some(position) = grid.position(name.trim()) else {
            let known: Vec<&str> = grid.axes().iter().map(Axis::name).collect();
            bail!("--at {at}: the fit has no axis {:?}; it has {}", name.trim(), known.join(", "));
        };
        let [coordinate] = axes[position].coordinates() else {
            bail!(
                "--at {at}: axis {:?} has several coordinates; give its points in a file",
                name.trim()
            );
        };
        if matches!(coordinate.values, Values::Labels(_)) {
            bail!("--at {at}: axis {:?} is made of labels; give its points in a file", name.trim());
        }
        let values = range(values).with_context(|| format!("--at {at}: axis {:?}", name.trim()))?;
        let coordinate = Coordinate { values: Values::Numbers(values), ..coordinate.clone() };
        axes[position] = Axis::new(name.trim(), vec![coordinate])?;
    }
    Ok(Grid::new(axes)?)
}

/// `2`, or `0:5:101`: both ends included.
fn range(text: &str) -> anyhow::Result<Vec<f64>> {
    let number = |t: &str| {
        t.trim().parse::<f64>().with_context(|| format!("{:?} is not a number", t.trim()))
    };
    match text.split(':').collect::<Vec<_>>().as_slice() {
        [value] => Ok(vec![number(value)?]),
        [start, stop, count] => {
            let (start, stop) = (number(start)?, number(stop)?);
            let count: usize =
                count.trim().parse().ok().filter(|&c| c >= 2).with_context(|| {
                    format!("the count {count:?} must be a whole number from 2 on")
                })?;
            // From both ends, so that the last point is `stop` to the last digit.
            let last = (count - 1) as f64;
            Ok((0..count)
                .map(|i| {
                    let t = i as f64 / last;
                    start * (1.0 - t) + stop * t
                })
                .collect())
        }
        _ => bail!("{text:?} is neither a value nor start:stop:count"),
    }
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_include_both_ends() {
        assert_eq!(range("0:1:3").unwrap(), [0.0, 0.5, 1.0]);
        assert_eq!(range("5.1:7.1:20").unwrap()[19], 7.1);
        assert_eq!(range("2.5").unwrap(), [2.5]);
        assert!(range("0:1").is_err() && range("0:1:1").is_err() && range("a").is_err());
    }
}
