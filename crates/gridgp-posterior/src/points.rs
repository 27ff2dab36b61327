//! Prediction at scattered points, in tiles.

use std::ops::Range;

use faer::Mat;
use gridgp_dense::{mode_product, settle_registers};
use gridgp_density::{Arrangement, Marginal, SpectralSolution, Target};
use gridgp_grid::{Axis, Covariate, Error, Grid, Points, Result};
use rayon::prelude::*;

use super::conditional::{Conditional, Moments, hidden, shares};
use super::grid::EXACT;
use super::place::{check_finite, check_points, check_values};

/// Numbers in the intermediates of a tile: 4 MiB.
const TILE: usize = 1 << 19;

impl Conditional<'_> {
    /// Mean and standard deviations at M scattered points: point i has coordinates `at[a].row(i)`
    /// along axis a, in the units and the label numbers ([`Axis::points`](gridgp_grid::Axis::points)) of
    /// the data. `covariates` holds one value a point for each covariate of the model that the
    /// answer is made of, by name.
    ///
    /// Points go in tiles, axis by axis: beside the result, memory is that of a tile for each
    /// thread, never M x N.
    ///
    /// # Errors
    /// A number of coordinates that does not match, or a covariate that is missing.
    pub fn at_points(&self, at: &[Points], covariates: &[(String, Vec<f64>)]) -> Result<Moments> {
        let count = check_points(self.model, at)?;
        if self.conditioned.is_iterative() && count > EXACT {
            return Err(Error::TooLarge(format!(
                "each of {count} scattered points needs a run of conjugate gradients for its standard \
                 deviation; predict at {EXACT} points at a time, or on a grid, where they come from draws"
            )));
        }
        let columns = self.columns(covariates, count)?;
        if let Some(series) = self.series_at_points(at, &columns, false)? {
            let mean = self.series_mean_at_points(&series, count, &columns)?;
            let noise = self.noise_at_points(count, &columns)?;
            return Ok(self.moments(mean, series.variance()?, noise));
        }
        if self.conditioned.has_planes() {
            let targets = self.targets_at(at, &(0..count), &columns)?;
            let place = self.conditioned.by_states(&targets, Arrangement::Points, count)?;
            let place = place.expect("a field is over two axes together");
            let mut mean = place.mean();
            self.add_fixed_at_points(count, &columns, &mut mean)?;
            let noise = self.noise_at_points(count, &columns)?;
            return Ok(self.moments(mean, place.variance()?, noise));
        }
        let hidden = self.conditioned.spectral().map(hidden);
        let shape = self.model.data.grid.shape();
        let (last, others) = shape.split_last().expect("a grid has an axis");
        // A row of each intermediate of `contract` and of two matrices an axis.
        let row = others.iter().product::<usize>() + 2 * (others.iter().sum::<usize>() + last);
        let observed = self.conditioned.spectral().map_or(self.model.data.grid.len(), |_| 0);
        let tile = (TILE / (row + observed)).max(1);
        let tiles = (0..count.div_ceil(tile)).into_par_iter().map(|i| {
            // The thread may come from somebody else's product.
            settle_registers();
            let rows = i * tile..((i + 1) * tile).min(count);
            let part: Vec<Points> = at.iter().map(|p| rows_of(p, &rows)).collect();
            let targets = self.targets_at(&part, &rows, &columns)?;
            let mut mean = Marginal::fixed_at_points(&self.wanted, &self.theta, &rows, &columns)
                .map_err(|c| self.unknown_covariate(c))?;
            for target in &targets {
                let alpha = self.weighted(target, self.conditioned.alpha.clone());
                let means = contract(target.cross.iter(), &alpha);
                for (i, (m, v)) in mean.iter_mut().zip(means).enumerate() {
                    *m += target.factor * weight(target, i) * v;
                }
            }
            let variance = match (targets.as_slice(), self.conditioned.spectral(), &hidden) {
                ([], ..) => vec![0.0; rows.len()],
                ([target], Some(spectral), Some(hidden)) => {
                    spectral_variance(target, spectral, hidden)
                }
                _ => self.dense_variance(&targets, rows.len())?,
            };
            Ok(mean.into_iter().zip(variance).collect())
        });
        let tiles = tiles.collect::<Result<Vec<Vec<(f64, f64)>>>>()?;
        let (mean, variance) = tiles.into_iter().flatten().unzip();
        let noise = self.noise_at_points(count, &columns)?;
        Ok(self.moments(mean, variance, noise))
    }

    /// The terms of g at points `rows` of a table.
    pub(super) fn targets_at(
        &self,
        at: &[Points],
        rows: &Range<usize>,
        columns: &[Option<&[f64]>],
    ) -> Result<Vec<Target>> {
        self.marginal
            .targets_at_points(&self.wanted, at, &self.theta, rows, columns)
            .map_err(|c| self.unknown_covariate(c))?
    }

    /// Adds the terms of g without a field at points.
    pub(super) fn add_fixed_at_points(
        &self,
        count: usize,
        columns: &[Option<&[f64]>],
        mean: &mut [f64],
    ) -> Result<()> {
        let fixed = Marginal::fixed_at_points(&self.wanted, &self.theta, &(0..count), columns)
            .map_err(|c| self.unknown_covariate(c))?;
        mean.iter_mut().zip(fixed).for_each(|(m, f)| *m += f);
        Ok(())
    }

    fn dense_variance(&self, targets: &[Target], count: usize) -> Result<Vec<f64>> {
        if let Some(variance) = self.conditioned.variance(targets, Arrangement::Points, count)? {
            return Ok(variance);
        }
        let explained = self.conditioned.explained_variance(targets, Arrangement::Points, count)?;
        let explained = explained.expect("A has no eigenvectors");
        let prior = |i| targets.iter().map(|t| prior_variance(t, i)).sum::<f64>();
        Ok(explained.iter().enumerate().map(|(i, e)| prior(i) - e).collect())
    }

    /// σ at each point on the scale of the response, where g has one.
    fn noise_at_points(
        &self,
        count: usize,
        columns: &[Option<&[f64]>],
    ) -> Result<Option<Vec<f64>>> {
        if !self.asks_for_noise() {
            return Ok(None);
        }
        let (_, scale) = self.model.gaussian_parts().expect("the marginal has taken it");
        if let Some(c) = scale.covariates().find(|&c| columns[c].is_none()) {
            return Err(self.unknown_covariate(c));
        }
        if count == 0 {
            return Ok(Some(Vec::new()));
        }
        // The points as a grid of one axis, along which every covariate lies.
        let grid =
            Grid::new(vec![Axis::numbers("point", (0..count).map(|i| i as f64).collect())?])?;
        let known = self.model.data.covariates.iter().zip(columns);
        let along = |(c, values): (&Covariate, &Option<&[f64]>)| Covariate {
            axes: vec![0],
            values: values.map_or(vec![0.0; count], <[f64]>::to_vec),
            missing: None,
            ..c.clone()
        };
        let covariates: Vec<Covariate> = known.map(along).collect();
        Ok(self.noise(&grid, &covariates))
    }

    /// The covariates of the model among the given ones.
    pub(super) fn columns<'a>(
        &self,
        given: &'a [(String, Vec<f64>)],
        count: usize,
    ) -> Result<Vec<Option<&'a [f64]>>> {
        let column = |name: &String| {
            let Some((_, values)) = given.iter().find(|(n, _)| n == name) else { return Ok(None) };
            if values.len() != count {
                return Err(Error::Data(format!(
                    "the covariate {name:?} has {} values for {count} new points",
                    values.len()
                )));
            }
            check_finite(name, values)?;
            Ok(Some(values.as_slice()))
        };
        let needed = self.needed();
        let checked = |(c, known): (usize, &Covariate)| {
            if !needed.contains(&c) {
                return Ok(None);
            }
            let found = column(&known.name)?;
            check_values(self.model, c, found.unwrap_or_default(), None, |i| format!("point {i}"))?;
            Ok(found)
        };
        self.model.data.covariates.iter().enumerate().map(checked).collect()
    }

    pub(super) fn unknown_covariate(&self, c: usize) -> Error {
        Error::Data(format!(
            "the covariate {:?} is not known at the new points; add a column of that name",
            self.model.data.covariates[c].name
        ))
    }
}

/// c* at a point, without its coefficient.
fn weight(target: &Target, i: usize) -> f64 {
    target.cells.as_ref().map_or(1.0, |c| c[i])
}

/// The prior variance of a term at a point.
pub(super) fn prior_variance(target: &Target, i: usize) -> f64 {
    let field: f64 = target.variances.iter().map(|v| v[i]).product();
    target.prior * field * weight(target, i).powi(2)
}

fn spectral_variance(target: &Target, spectral: &SpectralSolution, hidden: &[f64]) -> Vec<f64> {
    let mut projected = spectral.projected(&target.cross, Arrangement::Points);
    let unknown = gap_variance(spectral, &projected);
    let explained = shares(spectral, &mut projected);
    let left = contract(projected.iter(), hidden);
    let of = |(i, left): (usize, f64)| {
        let prior: f64 = target.variances.iter().map(|v| v[i]).product();
        let open = (prior - explained.iter().map(|e| e[i]).product::<f64>()).max(0.0);
        let unknown = unknown.as_ref().map_or(0.0, |u| target.factor * target.factor * u[i]);
        (target.prior * (open + left) + unknown) * weight(target, i).powi(2)
    };
    left.into_iter().enumerate().map(of).collect()
}

/// Σₖ (contraction of `projected` with w̃ₖ)² over the missing cells, for each point.
fn gap_variance(spectral: &SpectralSolution, projected: &[Mat<f64>]) -> Option<Vec<f64>> {
    let (w, count) = spectral.gap_columns()?;
    let mut sum = vec![0.0; projected[0].nrows()];
    let mut column = vec![0.0; w.len() / count];
    for k in 0..count {
        column.iter_mut().zip(w.chunks_exact(count)).for_each(|(c, row)| *c = row[k]);
        let part = contract(projected.iter(), &column);
        sum.iter_mut().zip(part).for_each(|(s, v)| *s += v * v);
    }
    Some(sum)
}

fn rows_of(points: &Points, rows: &Range<usize>) -> Points {
    let values = rows.clone().flat_map(|i| points.row(i)).copied();
    Points::new(values.collect(), points.dims())
}

/// out\[m\] = Σ ∏ₐ kₐ\[m, iₐ\] x\[i₁, i₂, …\]: one GEMM for the last axis, after which the points run
/// fastest, then one sum an axis.
pub(super) fn contract<'a>(
    mut factors: impl DoubleEndedIterator<Item = &'a Mat<f64>>,
    x: &[f64],
) -> Vec<f64> {
    let last = factors.next_back().expect("a grid has an axis");
    let m = last.nrows();
    let left = x.len() / last.ncols();
    let mut current = vec![0.0; left * m];
    mode_product(last.as_ref(), x, left, 1, &mut current);
    settle_registers();
    for k in factors.rev() {
        let n = k.ncols();
        let mut next = vec![0.0; current.len() / n];
        next.par_chunks_exact_mut(m).zip(current.par_chunks_exact(n * m)).for_each(
            |(sum, block)| {
                for (i, values) in block.chunks_exact(m).enumerate() {
                    let weights = k.col_as_slice(i);
                    sum.iter_mut().zip(values).zip(weights).for_each(|((s, v), w)| *s += v * w);
                }
            },
        );
        current = next;
    }
    current
}
