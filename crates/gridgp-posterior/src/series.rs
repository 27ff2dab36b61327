//! Prediction along a long axis by state space.

use gridgp_density::{Marginal, SeriesPlace};
use gridgp_grid::{Points, Result};
use rayon::prelude::*;

use super::conditional::Conditional;
use super::draws::normals;
use super::place::Located;

impl Conditional<'_> {
    /// g on a grid, where the algebra is that of state space.
    pub(super) fn series_on_grid(
        &self,
        there: &Located<'_>,
        wants_draws: bool,
    ) -> Result<Option<SeriesPlace<'_>>> {
        self.marginal.series_on_grid(
            &self.conditioned,
            &self.wanted,
            there.grid,
            &there.covariates,
            &there.points,
            &self.theta,
            wants_draws,
        )
    }

    /// The same at scattered points.
    pub(super) fn series_at_points(
        &self,
        at: &[Points],
        columns: &[Option<&[f64]>],
        wants_draws: bool,
    ) -> Result<Option<SeriesPlace<'_>>> {
        let (wanted, theta) = (&self.wanted, &self.theta);
        self.marginal
            .series_at_points(&self.conditioned, wanted, at, theta, columns, wants_draws)
            .map_err(|c| self.unknown_covariate(c))?
    }

    /// Mean of g at points, without origin and unit.
    pub(super) fn series_mean_at_points(
        &self,
        series: &SeriesPlace<'_>,
        count: usize,
        columns: &[Option<&[f64]>],
    ) -> Result<Vec<f64>> {
        let mut mean = series.mean(&self.conditioned.alpha);
        let fixed = Marginal::fixed_at_points(&self.wanted, &self.theta, &(0..count), columns)
            .map_err(|c| self.unknown_covariate(c))?;
        mean.iter_mut().zip(fixed).for_each(|(m, f)| *m += f);
        Ok(mean)
    }

    /// `count` joint draws, one after the other, from the mean of g without origin and unit.
    pub(super) fn series_draws(
        &self,
        series: &SeriesPlace<'_>,
        mean: &[f64],
        count: usize,
        seed: u64,
    ) -> Vec<f64> {
        let (origin, unit) = self.scaling();
        let mut draws = vec![0.0; count * mean.len()];
        draws.par_chunks_exact_mut(mean.len().max(1)).enumerate().for_each(|(i, out)| {
            let deviation = series.deviation(normals(seed, i));
            for ((out, m), d) in out.iter_mut().zip(mean).zip(deviation) {
                *out = origin + unit * (m + d);
            }
        });
        draws
    }
}
