//! Linear combinations of fields elsewhere, by state space.

use std::ops::Range;

use gridgp_grid::{Covariate, Grid, Points, Result};
use gridgp_model::{Predictor, Term};

use super::Marginal;
use super::design::Design;
use super::predict::{Arrangement, Conditioned, Solution, product, unknown};
use super::state_space::{SeriesPlace, Wanted};

impl Marginal {
    /// The terms of `wanted` that have a field, on a grid with points `at` along each axis; draws only
    /// where they are wanted. `None` where another algebra is at work.
    ///
    /// # Errors
    /// A field that is not in the location; new places without a covariance.
    pub fn series_on_grid<'c>(
        &self,
        conditioned: &'c Conditioned,
        wanted: &Predictor,
        grid: &Grid,
        covariates: &[Covariate],
        at: &[Points],
        theta: &[f64],
        wants_draws: bool,
    ) -> Result<Option<SeriesPlace<'c>>> {
        let weigh = |t: &Term| {
            let mut values = vec![0.0; grid.len()];
            Design::new(t, grid, covariates).add_to(1.0, &grid.shape(), &mut values);
            values
        };
        self.series(conditioned, wanted, at, Arrangement::Grid, theta, wants_draws, weigh)
    }

    /// The same at scattered points; `columns[c]` is covariate c of the model, one value a point, where it
    /// is known.
    ///
    /// # Errors
    /// The position of a covariate that is needed and not known; or as
    /// [`series_on_grid`](Self::series_on_grid).
    pub fn series_at_points<'c>(
        &self,
        conditioned: &'c Conditioned,
        wanted: &Predictor,
        at: &[Points],
        theta: &[f64],
        columns: &[Option<&[f64]>],
        wants_draws: bool,
    ) -> Result<Result<Option<SeriesPlace<'c>>>, usize> {
        if let Some(c) = unknown(wanted.random().map(|(_, t)| t), columns) {
            return Err(c);
        }
        let rows: Range<usize> = 0..at.first().map_or(0, Points::len);
        let weigh = |t: &Term| product(&t.covariates, 1.0, &rows, columns);
        Ok(self.series(conditioned, wanted, at, Arrangement::Points, theta, wants_draws, weigh))
    }

    fn series<'c>(
        &self,
        conditioned: &'c Conditioned,
        wanted: &Predictor,
        at: &[Points],
        arrangement: Arrangement,
        theta: &[f64],
        wants_draws: bool,
        weigh: impl Fn(&Term) -> Vec<f64>,
    ) -> Result<Option<SeriesPlace<'c>>> {
        let Solution::Series(series) = &conditioned.solution else { return Ok(None) };
        let of = |(field, t): (usize, &Term)| {
            let term = self.position(field)?;
            let multiplier = self.terms[term].amplitude(theta) * t.coefficient(theta);
            let cells = (!t.covariates.is_empty()).then(|| weigh(t));
            Ok(Wanted { term, multiplier, cells })
        };
        let wanted = wanted.random().map(of).collect::<Result<Vec<_>>>()?;
        series.place(theta, &wanted, at, arrangement, wants_draws).map(Some)
    }
}
