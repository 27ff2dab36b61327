//! Prediction from draws: what each draw says at a place, summarized.

use gridgp_density::ObservedEquation;
use gridgp_density::{Joint, Samples};
use gridgp_grid::{Axis, Coordinate, Covariate, Error, Grid, Points, Result};
use gridgp_likelihood::{Likelihood, MAX_PARAMETERS};
use gridgp_model::{Equation, Model};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::over_draws::{Drawn, Law, Sums, quantiles};
use super::place::{Located, Place, check_finite, check_points, check_values, locate};

/// What to make of the draws.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForecastOptions {
    /// Levels of the quantiles, between 0 and 1. Draws of all cells are kept while they are made.
    pub quantiles: Vec<f64>,
    /// How many draws are wanted themselves, spread evenly over all of them. Moments and quantiles
    /// are of all draws.
    pub keep_draws: usize,
    /// Which quantities; all if empty. Sums of fields are written as in an equation,
    /// `"base + warming * gmst"`.
    pub only: Vec<String>,
    /// Seed of what the draws leave open: fields at new points, new observations.
    pub seed: u64,
}

/// Draws of one quantity at a place, summarized.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// `"mean"` (the expected response), `"observation"` (a new one), the name of a field or of a
    /// parameter of the likelihood, or a sum of fields as it was asked for.
    pub name: String,
    /// Mean over the draws, one value a cell; of angles the mean direction, in (−π, π]. Infinite or
    /// NaN where it is at a draw: a mean that does not exist there does not exist.
    pub mean: Vec<f64>,
    /// Standard deviation over the draws; of a new observation that of the mixture of its laws,
    /// √(Var(E) + E(Var)), which may be infinite; of angles the circular one, √(−2 log R) with the
    /// mean resultant length R. NaN where the mean is not finite, and of a single draw.
    pub sd: Vec<f64>,
    /// Quantiles: level, cell. Those of angles lie within half a turn of the mean.
    pub quantiles: Vec<f64>,
    /// The draws, where they are kept: draw, cell.
    pub draws: Vec<f64>,
}

/// Where to predict.
#[derive(Debug, Clone)]
pub enum Target<'a> {
    /// On a grid, all cells jointly.
    Grid(&'a Place),
    /// At scattered points, each for itself: point i has coordinates `points[a].row(i)` along axis a,
    /// and covariates by name.
    Points(&'a [Points], &'a [(String, Vec<f64>)]),
}

/// [`forecast`](crate::forecast()) with the new points of some axes each drawn for itself, in draws that are kept and in
/// the others: many new places are costly to draw jointly.
pub(super) fn forecast_apart(
    model: &Model,
    samples: &Samples,
    target: &Target<'_>,
    options: &ForecastOptions,
    [apart_kept, apart_others]: [&[bool]; 2],
) -> Result<Vec<Quantity>> {
    let engine = Engine::new(model, target, &options.only)?;
    let names = engine.names(&options.only);
    let cells = engine.cells;
    let wanted = samples.spread(options.keep_draws);
    let is_wanted = |i: &usize| wanted.binary_search(i).is_ok();
    let keep_all = !options.quantiles.is_empty();
    let mut sums: Vec<Sums> = names.iter().map(|_| Sums::default()).collect();
    let mut kept: Vec<Vec<f64>> = names.iter().map(|_| Vec::new()).collect();
    // Enough for all threads, and no more than some memory.
    let batch = ((1 << 22) / (cells * names.len()).max(1)).clamp(2, 64);
    let all: Vec<usize> = (0..samples.len()).collect();
    for batch in all.chunks(batch) {
        let values: Vec<Vec<Drawn>> = batch
            .par_iter()
            .map_init(
                || engine.clone(),
                |engine, &i| {
                    let apart = if is_wanted(&i) { apart_kept } else { apart_others };
                    engine.draw(samples.at(i), i, &names, options.seed, apart)
                },
            )
            .collect::<Result<_>>()?;
        for (draw, i) in values.into_iter().zip(batch) {
            for ((quantity, sums), kept) in draw.into_iter().zip(&mut sums).zip(&mut kept) {
                sums.add(&quantity);
                if keep_all || is_wanted(i) {
                    kept.extend(quantity.values);
                }
            }
        }
    }
    Ok(names
        .into_iter()
        .zip(sums)
        .zip(kept)
        .map(|((name, sums), draws)| {
            let (mean, sd) = sums.finish();
            let directions = engine.is_angle(&name).then_some(&mean[..]);
            Quantity {
                quantiles: quantiles(&draws, cells, &options.quantiles, directions),
                mean,
                sd,
                draws: match keep_all {
                    true => {
                        let draw = |i: &usize| draws[i * cells..(i + 1) * cells].iter().copied();
                        wanted.iter().flat_map(draw).collect()
                    }
                    false => draws,
                },
                name,
            }
        })
        .collect())
}

/// The model at a place, draw by draw.
#[derive(Debug, Clone)]
struct Engine<'m> {
    model: &'m Model,
    joint: Joint,
    equations: Vec<ObservedEquation>,
    /// Sums of fields that were asked for, by what they are called.
    sums: Vec<(String, ObservedEquation)>,
    where_to: WhereTo,
    cells: usize,
}

#[derive(Debug, Clone)]
enum WhereTo {
    /// For each axis its points, where they are not those of the data.
    Grid(Vec<Option<Points>>),
    Points(Vec<Points>),
}

impl<'m> Engine<'m> {
    fn new(model: &'m Model, target: &Target<'_>, only: &[String]) -> Result<Self> {
        let joint = Joint::new(model)?;
        let needed = model.covariates_needed(only)?;
        let known = model.quantities();
        let sums: Vec<Equation> = only
            .iter()
            .filter(|name| !known.contains(&name.as_str()))
            .map(|text| Ok(Equation::linear(text, model.combination(text)?)))
            .collect::<Result<_>>()?;
        let (grid, covariates, positions, where_to) = match target {
            Target::Grid(place) => {
                let Located { grid, points, covariates } = locate(model, place, &needed)?;
                let moved = points.into_iter().zip(model.data.grid.axes());
                let moved = moved.map(|(p, axis)| (p != axis.points()).then_some(p)).collect();
                (grid.clone(), covariates, joint.field_positions(), WhereTo::Grid(moved))
            }
            Target::Points(points, columns) => {
                let count = check_points(model, points)?;
                let covariates = point_covariates(model, columns, count, &needed)?;
                // A field has a value a point.
                let positions = vec![vec![0]; model.fields.len()];
                (line(count)?, covariates, positions, WhereTo::Points(points.to_vec()))
            }
        };
        let cells: Vec<usize> = (0..grid.len()).collect();
        let observed =
            |e: &Equation| ObservedEquation::new(e, &grid, &covariates, &positions, &cells);
        let equations = model.equations.iter().map(observed).collect();
        let sums = sums.iter().map(|e| (e.name.clone(), observed(e))).collect();
        Ok(Self { model, joint, equations, sums, where_to, cells: grid.len() })
    }

    /// What was asked for, or everything.
    fn names(&self, only: &[String]) -> Vec<String> {
        match only {
            [] => self.model.quantities().into_iter().map(str::to_owned).collect(),
            some => some.to_vec(),
        }
    }

    /// Whether a quantity goes round a circle.
    fn is_angle(&self, name: &str) -> bool {
        self.model.family.is_angle() && ["mean", "observation", "location"].contains(&name)
    }

    /// The named quantities at one draw, in every cell; `apart` says on which axes new points are
    /// drawn each for itself.
    fn draw(
        &mut self,
        x: &[f64],
        i: usize,
        names: &[String],
        seed: u64,
        apart: &[bool],
    ) -> Result<Vec<Drawn>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(i as u64);
        let theta = self.joint.fields_at(x)?.0.to_vec();
        let fields = (0..self.model.fields.len())
            .map(|f| match &self.where_to {
                WhereTo::Grid(points) => self.joint.field_on_grid(f, points, apart, &mut rng),
                WhereTo::Points(points) => self.joint.field_at_points(f, points, &mut rng),
            })
            .collect::<Result<Vec<_>>>()?;
        for e in self.equations.iter_mut().chain(self.sums.iter_mut().map(|(_, e)| e)) {
            e.update(&theta, |f| &fields[f]);
        }
        let (origin, unit) = self.model.standardization;
        let family = &self.model.family;
        let count = self.equations.len();
        let at = |cell: usize| {
            let mut p = [0.0; MAX_PARAMETERS];
            p.iter_mut().zip(&self.equations).for_each(|(p, e)| *p = e.column().at(cell));
            p
        };
        let asked = names.iter().any(|n| ["mean", "observation"].contains(&n.as_str()));
        let means: Vec<f64> = (0..if asked { self.cells } else { 0 })
            .map(|c| origin + unit * family.mean(&at(c)[..count]))
            .collect();
        let variance = |c: usize| (unit * family.sd(&at(c)[..count])).powi(2);
        let resultant = |c: usize| family.resultant(&at(c)[..count]).unwrap_or_default();
        let quantity = |name: &String| -> Drawn {
            let (cells, all) = (0..self.cells, 0..self.cells);
            let values: Vec<f64> = match name.as_str() {
                "mean" => means.clone(),
                "observation" => cells
                    .map(|c| origin + unit * family.sample(&mut rng, &at(c)[..count]))
                    .collect(),
                _ if self.sums.iter().any(|(sum, _)| sum == name) => {
                    let sum = self.sums.iter().find(|(sum, _)| sum == name);
                    let column = sum.expect("it is there").1.column();
                    cells.map(|c| column.at(c)).collect()
                }
                _ => match self.model.equations.iter().position(|e| e.name == *name) {
                    Some(k) => {
                        let (shift, factor) = match name.as_str() {
                            "location" => (origin, unit),
                            "scale" => (0.0, unit),
                            _ => (0.0, 1.0),
                        };
                        cells.map(|c| shift + factor * self.equations[k].column().at(c)).collect()
                    }
                    None => {
                        let f = self.model.fields.iter().position(|f| f.name == *name);
                        let f = f.expect("names have been checked");
                        self.on_all_axes(f, &fields[f])
                    }
                },
            };
            let law = match (name.as_str(), self.is_angle(name)) {
                ("observation", true) => Some(Law::Resultants(all.map(resultant).collect())),
                (_, true) => {
                    let resultants = values.iter().map(|v| (v.cos(), v.sin()));
                    Some(Law::Resultants(resultants.collect()))
                }
                ("observation", false) => {
                    Some(Law::Moments(means.clone(), all.map(variance).collect()))
                }
                _ => None,
            };
            Drawn { values, law }
        };
        Ok(names.iter().map(quantity).collect())
    }

    /// A field with a value in every cell, also along the axes on which it is constant.
    fn on_all_axes(&self, f: usize, values: &[f64]) -> Vec<f64> {
        if values.len() == self.cells {
            return values.to_vec();
        }
        let axes = self.model.data.grid.axes();
        let WhereTo::Grid(points) = &self.where_to else { return values.to_vec() };
        let lengths: Vec<usize> = points
            .iter()
            .zip(axes)
            .map(|(p, axis)| p.as_ref().map_or(axis.len(), Points::len))
            .collect();
        let own = &self.joint.field_positions()[f];
        let position = |mut cell: usize| {
            let (mut at, mut stride) = (0, 1);
            for (a, &n) in lengths.iter().enumerate().rev() {
                if own.contains(&a) {
                    at += (cell % n) * stride;
                    stride *= n;
                }
                cell /= n;
            }
            at
        };
        (0..self.cells).map(|cell| values[position(cell)]).collect()
    }
}

/// Scattered points as a grid of one axis.
fn line(count: usize) -> Result<Grid> {
    let numbers = (0..count).map(|i| i as f64).collect();
    Grid::new(vec![Axis::new("point", vec![Coordinate::numbers("point", numbers)])?])
}

fn point_covariates(
    model: &Model,
    columns: &[(String, Vec<f64>)],
    count: usize,
    needed: &[usize],
) -> Result<Vec<Covariate>> {
    let covariate = |(c, known): (usize, &Covariate)| {
        if !needed.contains(&c) {
            let values = vec![0.0; count];
            return Ok(Covariate { axes: vec![0], values, missing: None, ..known.clone() });
        }
        let values = match columns.iter().find(|(name, _)| *name == known.name) {
            Some((name, values)) if values.len() == count => {
                check_finite(name, values)?;
                check_values(model, c, values, None, |i| format!("point {i}"))?;
                values.clone()
            }
            Some((name, values)) => {
                return Err(Error::Data(format!(
                    "the covariate {name:?} has {} values for {count} new points",
                    values.len()
                )));
            }
            None => {
                return Err(Error::Data(format!(
                    "the covariate {:?} is not known at the new points; add a column of that name",
                    known.name
                )));
            }
        };
        Ok(Covariate { axes: vec![0], values, missing: None, ..known.clone() })
    };
    model.data.covariates.iter().enumerate().map(covariate).collect()
}
