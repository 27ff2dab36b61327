//! `--years from:to`: one level for a whole period whose covariates are known.

use anyhow::{Context, bail};
use gridgp_density::Samples;
use gridgp_extremes::{design_life_level, equivalent_reliability};
use gridgp_grid::{Axis, Covariate, Grid, Values};
use gridgp_model::Model;
use gridgp_posterior::{Place, Summarized, TailDraws, Target};

use super::spot::{Rows, Spot};
use super::{Made, push};
use crate::args::ReturnLevels;

pub fn levels(
    args: &ReturnLevels,
    model: &Model,
    samples: &Samples,
    spot: Spot,
    text: &str,
    seed: u64,
) -> anyhow::Result<(Rows, Vec<Made>)> {
    let Spot::Grid(place) = spot else {
        bail!("--years needs a grid: leave out --at, or give it a NetCDF file");
    };
    let axis = axis_of_years(model)?;
    let place = only_years(model, &place, axis, text)?;
    let tail = TailDraws::new(model, samples, &Target::Grid(&place), seed)?;
    let shape = place.grid.shape();
    let y = &model.data.response.name;
    let units = model.data.response.units.as_deref();
    let mut made = Vec::new();
    let all = |values: &[f64], of: fn(&[[f64; 3]], f64) -> Result<f64, String>| {
        let one = |&value: &f64| -> anyhow::Result<Summarized> {
            let draws = tail.over_axis(&shape, axis, |years| of(years, value))?;
            Ok(tail.summarize(&draws, &args.probabilities))
        };
        values.iter().map(one).collect::<anyhow::Result<Vec<_>>>()
    };
    let found = all(&args.risk, design_life_level)?;
    let what = format!("design-life level of {y}, exceeded in {text} with probability `risk`");
    push(&mut made, "design_life_level", &["risk"], &found, &what, units);
    let found = all(&args.period, equivalent_reliability)?;
    let what = format!(
        "level of {y} that is survived in {text} with the probability with which a climate that \
         does not change survives its return level of `period`"
    );
    push(&mut made, "equivalent_reliability_level", &["period"], &found, &what, units);
    let block = model.descending_axis();
    Ok((Rows::of(&place.grid, |a| a != axis && Some(a) != block)?, made))
}

/// The axis called `year`, or the only one along which covariates vary.
pub fn axis_of_years(model: &Model) -> anyhow::Result<usize> {
    let grid = &model.data.grid;
    if let Some(axis) = grid.position("year") {
        return Ok(axis);
    }
    let along = |a: &usize| {
        let used = model.used_covariates();
        used.iter().any(|&c| model.data.covariates[c].axes.contains(a))
    };
    match (0..grid.axes().len()).filter(along).collect::<Vec<_>>().as_slice() {
        [axis] => Ok(*axis),
        _ => bail!(
            "--years: no axis is called \"year\", and covariates vary along none or several of \
             them; name the axis of the years \"year\" in the model file"
        ),
    }
}

/// The place with the years from:to alone, and its covariates there.
fn only_years(model: &Model, place: &Place, axis: usize, text: &str) -> anyhow::Result<Place> {
    let number = |t: &str| t.trim().parse::<f64>().ok();
    let (from, to) = text
        .split_once(':')
        .and_then(|(from, to)| number(from).zip(number(to)))
        .filter(|(from, to)| from <= to)
        .with_context(|| format!("--years {text}: it is not of the form 2025:2074"))?;
    let old = &place.grid.axes()[axis];
    let [coordinate] = old.coordinates() else {
        bail!("--years: the axis {:?} has several coordinates", old.name());
    };
    let Values::Numbers(years) = &coordinate.values else {
        bail!("--years: the axis {:?} is made of labels, not of years", old.name());
    };
    if coordinate.calendar.is_some() {
        bail!("--years: the axis {:?} is made of dates; give it whole years", old.name());
    }
    let first = years.iter().copied().fold(f64::INFINITY, f64::min);
    let last = years.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if from < first || to > last {
        bail!(
            "--years {text}: the covariates are known from {first} to {last}; give other years \
             with --at FILE.nc, a grid with its covariates"
        );
    }
    let positions: Vec<usize> =
        (0..years.len()).filter(|&i| from <= years[i] && years[i] <= to).collect();
    if positions.is_empty() {
        bail!("--years {text}: the axis {:?} has no point there", old.name());
    }
    let mut axes = place.grid.axes().to_vec();
    axes[axis] = Axis::new(old.name(), vec![coordinate.take(&positions)])?;
    let covariates = model.used_covariates().into_iter().map(|c| {
        let known = &model.data.covariates[c];
        let here = place.covariates.iter().find(|c| c.name == known.name).unwrap_or(known);
        some(here, &place.grid, axis, &positions)
    });
    let covariates = covariates.collect::<anyhow::Result<_>>()?;
    Ok(Place { grid: Grid::new(axes)?, covariates })
}

/// A covariate at some points of an axis.
fn some(c: &Covariate, grid: &Grid, axis: usize, positions: &[usize]) -> anyhow::Result<Covariate> {
    let Some(at) = c.axes.iter().position(|&a| a == axis) else { return Ok(c.clone()) };
    let shape: Vec<usize> = c.axes.iter().map(|&a| grid.axes()[a].len()).collect();
    if c.values.len() != shape.iter().product::<usize>() {
        bail!("the covariate {:?} is not known at the places of --at", c.name);
    }
    let step: usize = shape[at + 1..].iter().product();
    let block = step * shape[at];
    let taken = (0..c.values.len()).step_by(block).flat_map(|start| {
        positions.iter().flat_map(move |&i| start + i * step..start + (i + 1) * step)
    });
    Ok(c.take(&taken.collect::<Vec<_>>()))
}
