//! Prediction by states: along a long axis, and of fields over two axes together.

use gridgp_density::{SeriesPlace, SparsePlace};
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
        self.add_fixed_at_points(count, columns, &mut mean)?;
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

    /// The same where a field is over two axes together; one by one, since each takes all threads.
    pub(super) fn state_draws(
        &self,
        place: &SparsePlace<'_>,
        mean: &[f64],
        count: usize,
        seed: u64,
    ) -> Result<Vec<f64>> {
        let (origin, unit) = self.scaling();
        let mut draws = Vec::with_capacity(count * mean.len());
        for i in 0..count {
            let deviation = place.deviation(normals(seed, i))?;
            draws.extend(mean.iter().zip(deviation).map(|(m, d)| origin + unit * (m + d)));
        }
        Ok(draws)
    }
}
