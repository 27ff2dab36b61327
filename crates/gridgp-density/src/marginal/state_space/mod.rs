//! One long axis by state space: a filter in the order of time, for kernels that are Markov processes
//! along it.
//!
//! The other axes have few points. Each field is a sum over functions of the other axes, F, times
//! processes in time that are independent of each other: f(s, t) = Σᵣ F_sr zᵣ(t) with F Fᵀ the product
//! of the other axes' matrices. One filter takes any fields, gaps and noise, at T (S d)³.
//!
//! Where there is one field and what is missing is the same at every point of some axes, their
//! eigenvectors turn the data into series that are independent of each other, a filter for each
//! ([`rotated`]). All other axes may be turned so (all sites are observed at a time, or none is): S
//! filters at T d³. Or some of them are (a coast in maps of many months, along whose longitude the filters
//! run): for R points that are turned and S sites in each map R filters at T (S d)³.

mod order;
mod place;
mod rotated;
mod series;
mod space;
#[cfg(test)]
mod tests;
mod timeline;

use faer::Mat;
use gridgp_dense::settle_registers;
use gridgp_grid::{Error, Result};
use gridgp_series::{Filter, Gradient, Targets, variances};
use order::Order;
pub use place::SeriesPlace;
pub(super) use place::Wanted;
use rayon::prelude::*;
use series::{Others, Series};
pub(super) use timeline::{Timeline, is_rough};

use super::covariance::perturbation;
use super::dense::Cells;
use super::field_term::FieldTerm;
use super::{Evaluation, MarginalValue, squared_norm};

/// What the state-space algebra keeps from one evaluation to the next.
#[derive(Debug, Clone)]
pub(super) struct SeriesRoute {
    timeline: Timeline,
    pub(super) cells: Cells,
    order: Order,
}

/// A at one θ, factorized.
#[derive(Debug, Clone)]
pub(super) struct SeriesSolution {
    route: SeriesRoute,
    terms: Vec<FieldTerm>,
    series: Series,
    filters: Vec<Filter>,
    /// The largest prior variance beside the least of the noise.
    ratio: f64,
}

/// Largest [`SeriesSolution::ratio`] at which variances keep six digits.
///
/// Where the first observations meet a prior that is nearly flat, the backward pass loses digits as the
/// square of the ratio grows: 1e-5 of a standard deviation at 1e6, all at 1e8.
const MOST_RATIO: f64 = 1e5;

impl SeriesRoute {
    pub(super) fn new(timeline: Timeline, cells: Cells) -> Self {
        let order = Order::new(&timeline, &cells);
        Self { timeline, cells, order }
    }

    /// log N(r; 0, A) for a residual on the grid; with `theta_bar` the derivatives with respect to the
    /// fields' parameters are added to it.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] where the noise is lost in rounding, another axis has no factor,
    /// or a periodic kernel needs too many cosines.
    pub(super) fn evaluate(
        &self,
        terms: &[FieldTerm],
        theta: &[f64],
        sigma: &[f64],
        residual: &[f64],
        theta_bar: Option<&mut [f64]>,
    ) -> Result<Evaluation> {
        let Self { timeline, cells, order } = self;
        let series = Series::new(terms, timeline, order, cells, theta, sigma)?;
        let found = series.gradients(timeline, &series.split(order, cells, residual))?;
        let log_prob = found.iter().map(|g| g.log_prob).sum();
        let alphas: Vec<Vec<f64>> = found.iter().map(|g| g.alpha.clone()).collect();
        let alpha = series.gather(order, cells, &alphas);
        let mut variance_bar = Vec::new();
        if let Some(bar) = theta_bar {
            variance_bar = match &series.others {
                Others::Features(_) => self.joint_vjp(terms, &series, &found, theta, bar),
                Others::Rotated { .. } => self.rotated_vjp(terms, &series, &found, theta, bar),
            };
        }
        let inverse: f64 = sigma.iter().map(|s| (s * s).recip()).sum();
        let rounding = 0.5 * f64::EPSILON * series.largest + series.left_out;
        let truncation = perturbation(rounding, inverse, squared_norm(&alpha));
        let value = MarginalValue { log_prob, truncation, standard_error: 0.0 };
        Ok(Evaluation { value, alpha, variance_bar })
    }

    fn joint_vjp(
        &self,
        terms: &[FieldTerm],
        series: &Series,
        found: &[Gradient],
        theta: &[f64],
        theta_bar: &mut [f64],
    ) -> Vec<f64> {
        let Others::Features(spaces) = &series.others else { unreachable!("one filter") };
        let (unit, found) = (&series.units[0], &found[0]);
        let count = unit.owners.len();
        let mut features: Vec<Mat<f64>> =
            spaces.iter().map(|s| Mat::zeros(s.features.nrows(), s.features.ncols())).collect();
        let mut multipliers = vec![0.0; terms.len()];
        for (s, row) in found.gains.chunks_exact(count).enumerate() {
            for (&(f, r, b), bar) in unit.owners.iter().zip(row) {
                let gain = series.blocks[f][b].gain;
                multipliers[f] += bar * spaces[f].features[(s, r)] * gain;
                features[f][(s, r)] += bar * series.multipliers[f] * gain;
            }
        }
        let bars = series.block_bars(&self.timeline, std::slice::from_ref(found), |_, s, at| {
            let (f, r, _) = unit.owners[at];
            series.multipliers[f] * spaces[f].features[(s, r)]
        });
        series.blocks_vjp(terms, &self.timeline, theta, &bars, theta_bar);
        for (f, term) in terms.iter().enumerate() {
            term.multiplier_vjp(theta, multipliers[f], theta_bar);
            spaces[f].vjp(&term.axes, &self.timeline, theta, &features[f], theta_bar);
        }
        let mut variance_bar = vec![0.0; self.cells.len()];
        let seen = self.order.cells.iter().zip(&found.variances);
        seen.for_each(|(&i, v)| variance_bar[i] = *v);
        variance_bar
    }

    /// A at `theta`, for predictions.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub(super) fn solution(
        &self,
        terms: &[FieldTerm],
        theta: &[f64],
        sigma: &[f64],
    ) -> Result<SeriesSolution> {
        let Self { timeline, cells, order } = self;
        let series = Series::new(terms, timeline, order, cells, theta, sigma)?;
        let filters = series.filters(timeline)?;
        let least = sigma.iter().map(|s| s * s).fold(f64::INFINITY, f64::min);
        let ratio = series.largest / least;
        Ok(SeriesSolution { route: self.clone(), terms: terms.to_vec(), series, filters, ratio })
    }
}

impl SeriesSolution {
    /// Whether variances keep their digits.
    pub(super) fn has_variances(&self) -> bool {
        self.ratio <= MOST_RATIO
    }

    /// Refuses variances that rounding would take.
    fn check_variances(&self) -> Result<()> {
        if self.has_variances() {
            return Ok(());
        }
        Err(Error::Singular(format!(
            "the prior variance of the fields is {:.1e} times that of the noise: standard deviations by \
             algebra = \"state_space\" would be lost in rounding; take what is large out of the fields \
             (an intercept, linear(center = …) with a center among the times, a smaller amplitude), fit \
             fewer times (sel), or set another inference.algebra",
            self.ratio
        )))
    }

    /// diag(A⁻¹) on the grid, 0 where a cell is missing.
    ///
    /// # Errors
    /// [`Error::Singular`] where the noise is so small beside the field that rounding would take it.
    pub(super) fn inverse_diagonal(&self) -> Result<Vec<f64>> {
        self.check_variances()?;
        let SeriesRoute { timeline, cells, order } = &self.route;
        let none = vec![0; timeline.len() + 1];
        let one = |u: usize| {
            settle_registers();
            let observations = self.series.observations(u, timeline);
            let targets = Targets { starts: &none, loadings: observations.loadings };
            variances(&self.series.units[u].process, &observations, &targets)
                .map(|found| found.precisions)
                .map_err(series::singular)
        };
        let found: Vec<Vec<f64>> =
            (0..self.series.units.len()).into_par_iter().map(one).collect::<Result<_>>()?;
        Ok(self.series.gather_squares(order, cells, &found))
    }

    /// A⁻¹r on the grid, 0 where a cell is missing.
    pub(super) fn solve(&self, r: &[f64]) -> Vec<f64> {
        let SeriesRoute { timeline, cells, order } = &self.route;
        let r = self.series.split(order, cells, r);
        let one = |u: usize| {
            settle_registers();
            let observations = self.series.observations(u, timeline);
            self.filters[u].solve(&self.series.units[u].process, &observations, &r[u])
        };
        let alphas: Vec<Vec<f64>> = (0..r.len()).into_par_iter().map(one).collect();
        self.series.gather(order, cells, &alphas)
    }
}
