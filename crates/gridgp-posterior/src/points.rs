//! Prediction at scattered points, in tiles.

use std::ops::Range;

use faer::Mat;
use gridgp_dense::{mode_product, settle_registers};
use gridgp_grid::{Error, Points, Result};
use rayon::prelude::*;

use super::conditional::{Conditional, Moments};
use super::grid::product;
use super::place::{check_finite, check_points};

/// Numbers in the intermediates of a tile: 4 MiB.
const TILE: usize = 1 << 19;

impl Conditional<'_> {
    /// Mean and standard deviations at M scattered points: point i has coordinates `at[a].row(i)`
    /// along axis a, in the units and the label numbers ([`Axis::points`](gridgp_grid::Axis::points)) of
    /// the data. `covariates` holds one value a point for each covariate of the model that is
    /// used, by name.
    ///
    /// Points go in tiles, axis by axis: beside the result, memory is that of a tile for each
    /// thread, never M x N.
    ///
    /// # Errors
    /// A number of coordinates that does not match, or a covariate that is missing.
    pub fn at_points(&self, at: &[Points], covariates: &[(String, Vec<f64>)]) -> Result<Moments> {
        let count = check_points(self.model, at)?;
        let columns = self.columns(covariates, count)?;
        let (bases, hidden) = (self.bases(), self.hidden());
        let shape = self.model.data.grid.shape();
        let (last, others) = shape.split_last().expect("a grid has an axis");
        // A row of each intermediate of `contract` and of two matrices an axis.
        let row = others.iter().product::<usize>() + 2 * (others.iter().sum::<usize>() + last);
        let tile = (TILE / row).max(1);
        let s = self.variance;
        let tiles = (0..count.div_ceil(tile)).into_par_iter().map(|i| {
            // The thread may come from somebody else's product.
            settle_registers();
            let rows = i * tile..((i + 1) * tile).min(count);
            let part: Vec<Points> = at.iter().map(|p| rows_of(p, &rows)).collect();
            let (weight, fixed) = self
                .marginal
                .at_points(&self.theta, &rows, &columns)
                .map_err(|c| self.unknown_covariate(c))?;
            let cross = self.marginal.cross(&part, &vec![None; part.len()], &self.theta);
            let means = contract(cross.iter().map(|(k, _)| k), &self.alpha);
            let mut projected: Vec<Mat<f64>> =
                cross.iter().zip(&bases).map(|((k, _), q)| product(k, q)).collect();
            let unknown = self.gap_variance_at(&projected);
            let explained = self.shares(&mut projected);
            let left = contract(projected.iter(), &hidden);
            let moments = (0..rows.len()).map(|i| {
                let mean = s * weight[i] * means[i] + fixed[i];
                let prior: f64 = cross.iter().map(|(_, v)| v[i]).product();
                let open = (prior - explained.iter().map(|e| e[i]).product::<f64>()).max(0.0);
                let unknown = unknown.as_ref().map_or(0.0, |u| s * u[i]);
                (mean, s * weight[i] * weight[i] * (open + left[i] + unknown))
            });
            Ok(moments.collect())
        });
        let tiles = tiles.collect::<Result<Vec<Vec<(f64, f64)>>>>()?;
        let (mean, variance) = tiles.into_iter().flatten().unzip();
        Ok(self.moments(mean, variance))
    }

    /// Σₖ (contraction of `projected` with w̃ₖ)² over the missing cells, for each point.
    fn gap_variance_at(&self, projected: &[Mat<f64>]) -> Option<Vec<f64>> {
        let (w, count) = self.gap_columns()?;
        let mut sum = vec![0.0; projected[0].nrows()];
        let mut column = vec![0.0; w.len() / count];
        for k in 0..count {
            column.iter_mut().zip(w.chunks_exact(count)).for_each(|(c, row)| *c = row[k]);
            let part = contract(projected.iter(), &column);
            sum.iter_mut().zip(part).for_each(|(s, v)| *s += v * v);
        }
        Some(sum)
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
        self.model.data.covariates.iter().map(|c| column(&c.name)).collect()
    }

    pub(super) fn unknown_covariate(&self, c: usize) -> Error {
        Error::Data(format!(
            "the covariate {:?} is not known at the new points; add a column of that name",
            self.model.data.covariates[c].name
        ))
    }
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
