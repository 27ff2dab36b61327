//! Sums of squares, `sqrt(sigma^2 + sd^2)`: known standard deviations beside unknown ones.

use std::ops::Range;

use gridgp_dist::Distribution;
use gridgp_grid::doubts;

use super::likelihood::Scope;
use super::names::Names;
use crate::language::Fault;
use crate::predictor::{Predictor, Term};

impl Scope<'_> {
    /// Refuses a predictor of `sqrt` that can be negative, or is in another unit than the response.
    pub(super) fn check_squares(
        &self,
        predictor: &Predictor,
        span: Range<usize>,
        names: &Names<'_>,
    ) -> Result<(), Fault> {
        let deviations: Vec<usize> = known_deviations(predictor).collect();
        if let Some((c, i)) = self.first_value(&deviations, |v| v < 0.0) {
            let value = self.data.covariates[c].values[i];
            let message = format!(
                "{}; a known standard deviation cannot be negative: correct it{}, or, if it stands \
                 for a missing value, list it under [data], missing = [{}]",
                self.at_point(c, i),
                if self.is_scaled(c) { ", leave out center and standardize" } else { "" },
                doubts::written(value)
            );
            return Err(Fault::new(span, message));
        }
        let never_negative = |t: &Term| {
            let positive = |j: usize| names.prior(j).support().lower() >= 0.0;
            let known = |c: usize| self.data.covariates[c].known().all(|v| v >= 0.0);
            t.factor > 0.0
                && t.field.is_none()
                && t.parameters.iter().all(|&j| is_even(&t.parameters, j) || positive(j))
                && t.covariates.iter().all(|&c| is_even(&t.covariates, c) || known(c))
        };
        if predictor.terms.is_empty() || !predictor.terms.iter().all(never_negative) {
            let message = "sqrt(…) is of a sum of squares of parameters and covariates, \
                           sqrt(sigma^2 + sd^2); this can be negative, or has a field";
            return Err(Fault::new(span, message));
        }
        let has_covariate = predictor.terms.iter().any(|t| !t.covariates.is_empty());
        if self.spec.data.standardize && has_covariate {
            let message = "with data.standardize the model is in standard deviations of the \
                           response, and a known standard deviation is not: leave out standardize";
            return Err(Fault::new(span, message));
        }
        Ok(())
    }

    /// Refuses a sum of squares that is 0 where there is an observation.
    pub(super) fn check_zeros(
        &self,
        predictor: &Predictor,
        span: Range<usize>,
    ) -> Result<(), Fault> {
        // A term of parameters alone is positive everywhere.
        if predictor.terms.iter().any(|t| t.covariates.is_empty()) {
            return Ok(());
        }
        let all_zero = |index: &[usize]| {
            let is_zero = |&c: &usize| self.data.covariates[c].at(index, &self.data.grid) == 0.0;
            predictor.terms.iter().all(|t| t.covariates.iter().any(is_zero))
        };
        let grid = &self.data.grid;
        if let Some(cell) = self.data.observed_cells().find(|&cell| all_zero(&grid.unravel(cell))) {
            let message = format!(
                "sqrt(…) is 0 at {}, where the {} must lie in {}: correct the value there, leave \
                 out the response of that cell, or add noise of unknown size, sqrt(sigma^2 + …)",
                grid.describe(cell),
                self.p.name,
                self.p.domain
            );
            return Err(Fault::new(span, message));
        }
        Ok(())
    }

    /// The first of some covariates, and the point, with such a value.
    pub(super) fn first_value(
        &self,
        covariates: &[usize],
        is: impl Fn(f64) -> bool,
    ) -> Option<(usize, usize)> {
        covariates.iter().find_map(|&c| {
            let covariate = &self.data.covariates[c];
            let known = |i: usize| covariate.missing.as_ref().is_none_or(|m| !m[i]);
            let at = (0..covariate.values.len()).find(|&i| known(i) && is(covariate.values[i]));
            at.map(|i| (c, i))
        })
    }

    /// `the covariate "sd" is 0 at x = 3`.
    pub(super) fn at_point(&self, c: usize, i: usize) -> String {
        let covariate = &self.data.covariates[c];
        let (name, value) = (&covariate.name, covariate.values[i]);
        let place = self.data.grid.describe_part(&covariate.axes, i);
        let scaled = if self.is_scaled(c) { ", centered and scaled," } else { "" };
        format!("the covariate {name:?}{scaled} is {} at {place}", doubts::written(value))
    }

    /// Whether the model file asks for another origin or unit of a covariate.
    fn is_scaled(&self, c: usize) -> bool {
        let written = self.spec.data.covariates.get(&self.data.covariates[c].name);
        written.is_some_and(|c| c.center || c.standardize)
    }
}

/// The covariates that stand for a standard deviation of their own in a sum of squares: those squared
/// without a parameter.
pub(crate) fn known_deviations(predictor: &Predictor) -> impl Iterator<Item = usize> {
    let known = predictor.terms.iter().filter(|t| t.parameters.is_empty());
    known.flat_map(|t| t.covariates.iter().copied().filter(|&c| is_even(&t.covariates, c)))
}

/// Whether a position occurs an even number of times.
pub(crate) fn is_even(all: &[usize], one: usize) -> bool {
    all.iter().filter(|&&other| other == one).count().is_multiple_of(2)
}
