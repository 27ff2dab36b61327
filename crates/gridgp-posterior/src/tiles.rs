//! Prediction from draws in parts, where quantiles of all cells would need all draws of all cells.

use std::ops::Range;

use gridgp_density::Samples;
use gridgp_grid::{Axis, Coordinate, Covariate, Grid, Points, Result, Values};
use gridgp_model::Model;

use super::forecast::{ForecastOptions, Quantity, Target, forecast_apart};
use super::place::{Place, locate};

/// Numbers that are kept at a time for quantiles, 1 GiB.
pub(super) const MOST_KEPT: usize = 1 << 27;

/// Predicts from draws of the posterior, or of the prior.
///
/// For each draw the fields go on to the new points: exactly, given the draw's parameters and
/// field values. A draw that is kept holds all cells of a grid jointly. Draws go in batches; beside
/// the result, memory is that of a batch, and for quantiles all draws of some cells: many cells go in
/// tiles, each of at most 1 GiB. The numbers do not depend on the number of threads.
///
/// # Errors
/// Axes or covariates that are not those of the model; a quantity that the model does not have;
/// a covariance that cannot be factorized.
pub fn forecast(
    model: &Model,
    samples: &Samples,
    target: &Target<'_>,
    options: &ForecastOptions,
) -> Result<Vec<Quantity>> {
    // What is said of single cells does not need the correlation of new points.
    let axes = model.data.grid.axes().len();
    let (joint, apart) = (vec![false; axes], vec![true; axes]);
    in_tiles(model, samples, target, options, [&joint, &apart], MOST_KEPT)
}

/// [`forecast_apart`] in tiles, each of which keeps at most `most` numbers for its quantiles. A place
/// that needs one tile gives the numbers of [`forecast_apart`].
///
/// Draws that are wanted themselves are made in one piece: they are joint.
pub(super) fn in_tiles(
    model: &Model,
    samples: &Samples,
    target: &Target<'_>,
    options: &ForecastOptions,
    apart: [&[bool]; 2],
    most: usize,
) -> Result<Vec<Quantity>> {
    let quantities = match options.only.len() {
        0 => 2 + model.equations.len() + model.fields.len(),
        some => some,
    };
    let place = Whole::of(model, target, &options.only)?;
    let (left, n, right) = place.shape;
    // A slice of one point is the smallest tile there is.
    let a_point = (left * right).saturating_mul(samples.len()).saturating_mul(quantities);
    let width = (most / a_point.max(1)).max(1);
    if options.quantiles.is_empty() || width >= n {
        return forecast_apart(model, samples, target, options, apart);
    }
    let mut found: Vec<Quantity> = if options.keep_draws > 0 {
        let wanted = samples.thinned(options.keep_draws);
        let options = ForecastOptions { quantiles: Vec::new(), ..options.clone() };
        forecast_apart(model, &wanted, target, &options, apart)?
    } else {
        Vec::new()
    };
    for (tile, first) in (0..n).step_by(width).enumerate() {
        let range = first..n.min(first + width);
        let options = ForecastOptions {
            keep_draws: 0,
            // New observations of two tiles have nothing to do with each other.
            seed: options.seed.wrapping_add((tile as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            ..options.clone()
        };
        let part = place.part(range.clone());
        let made = forecast_apart(model, samples, &part.target(), &options, apart)?;
        for (k, part) in made.into_iter().enumerate() {
            if k == found.len() {
                let name = part.name.clone();
                found.push(Quantity {
                    name,
                    mean: vec![],
                    sd: vec![],
                    quantiles: vec![],
                    draws: vec![],
                });
            }
            let whole = &mut found[k];
            let put = |out: &mut Vec<f64>, levels: usize, values: &[f64]| {
                if tile == 0 {
                    *out = vec![0.0; levels * left * n * right];
                }
                let pieces = values.chunks_exact(range.len() * right);
                for (out, piece) in out.chunks_exact_mut(n * right).zip(pieces) {
                    out[range.start * right..range.end * right].copy_from_slice(piece);
                }
            };
            put(&mut whole.mean, 1, &part.mean);
            put(&mut whole.sd, 1, &part.sd);
            put(&mut whole.quantiles, options.quantiles.len(), &part.quantiles);
        }
    }
    Ok(found)
}

/// A place to cut along one axis.
enum Kind<'a> {
    Grid { axis: usize, place: Place },
    Points(&'a [Points], &'a [(String, Vec<f64>)]),
}

struct Whole<'a> {
    kind: Kind<'a>,
    /// Cells before, along and after the axis that is cut.
    shape: (usize, usize, usize),
}

/// A part of it.
enum Part {
    Grid(Place),
    Points(Vec<Points>, Vec<(String, Vec<f64>)>),
}

impl Part {
    fn target(&self) -> Target<'_> {
        match self {
            Self::Grid(place) => Target::Grid(place),
            Self::Points(points, covariates) => Target::Points(points, covariates),
        }
    }
}

impl<'a> Whole<'a> {
    fn of(model: &Model, target: &Target<'a>, only: &[String]) -> Result<Self> {
        Ok(match target {
            Target::Grid(place) => {
                // With the covariates that a part could not tell from those of the data.
                let needed = model.covariates_needed(only)?;
                let covariates = locate(model, place, &needed)?.covariates;
                let place = Place { grid: place.grid.clone(), covariates };
                let sizes = place.grid.shape();
                let axis = (0..sizes.len()).max_by_key(|&a| sizes[a]).expect("a grid has an axis");
                let (left, right) =
                    (sizes[..axis].iter().product(), sizes[axis + 1..].iter().product());
                Self { kind: Kind::Grid { axis, place }, shape: (left, sizes[axis], right) }
            }
            Target::Points(points, covariates) => {
                let count = points.first().map_or(0, Points::len);
                Self { kind: Kind::Points(points, covariates), shape: (1, count, 1) }
            }
        })
    }

    fn part(&self, range: Range<usize>) -> Part {
        match &self.kind {
            Kind::Grid { axis, place } => {
                let sizes = place.grid.shape();
                let mut axes = place.grid.axes().to_vec();
                let coordinates = axes[*axis].coordinates().iter().map(|c| Coordinate {
                    values: match &c.values {
                        Values::Numbers(v) => Values::Numbers(v[range.clone()].to_vec()),
                        Values::Labels(v) => Values::Labels(v[range.clone()].to_vec()),
                    },
                    ..c.clone()
                });
                axes[*axis] = Axis::new(axes[*axis].name(), coordinates.collect())
                    .expect("a part of an axis is one");
                let covariates = place.covariates.iter().map(|c| {
                    let Some(at) = c.axes.iter().position(|a| a == axis) else { return c.clone() };
                    let right: usize = c.axes[at + 1..].iter().map(|&a| sizes[a]).product();
                    let blocks = c.values.chunks_exact(sizes[*axis] * right);
                    let values =
                        blocks.flat_map(|block| &block[range.start * right..range.end * right]);
                    Covariate { values: values.copied().collect(), ..c.clone() }
                });
                let covariates = covariates.collect();
                let grid = Grid::new(axes).expect("a part of a grid is one");
                Part::Grid(Place { grid, covariates })
            }
            Kind::Points(points, covariates) => {
                let rows = |p: &Points| {
                    let values = range.clone().flat_map(|i| p.row(i)).copied().collect();
                    Points::new(values, p.dims())
                };
                let values = |(name, v): &(String, Vec<f64>)| {
                    // A column of another length is refused as it is.
                    (name.clone(), v.get(range.clone()).unwrap_or(v).to_vec())
                };
                Part::Points(
                    points.iter().map(rows).collect(),
                    covariates.iter().map(values).collect(),
                )
            }
        }
    }
}
