//! Where a predictor lies before anything is fitted, for default priors.

use gridgp_grid::Dataset;
use gridgp_likelihood::{DefaultValue, Family, Likelihood, LikelihoodParameter};

use crate::equation::Equation;
use crate::link::Link;

/// What a predictor is expected to be, and how far from it its terms may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    /// Of the intercept.
    pub(super) center: f64,
    /// The size of an effect: the response's standard deviation, 1 behind a link.
    pub(super) spread: f64,
    /// Whether the predictor has the unit of the response.
    pub(super) in_response_units: bool,
}

impl Level {
    /// The level of the predictor of the parameter `p`, from the mean and the spread of the data.
    pub(super) fn of(
        data: &Dataset,
        family: &Family,
        p: &LikelihoodParameter,
        equation: &Equation,
    ) -> Self {
        let behind_log = family.name() == "log_normal";
        let y = data.observed().map(|y| if behind_log { y.ln() } else { y });
        let (mean, sd) = mean_and_sd(y);
        let linear = equation.link == Link::Identity;
        let response = |center: f64| Self { center, spread: sd, in_response_units: !behind_log };
        // What the parameter itself is about.
        let typical = match p.name {
            "location" if linear => return response(mean),
            "location" => mean,
            "rate" | "mean" if linear => return response(mean),
            "rate" | "mean" => mean,
            "probability" => (mean / trials(family, data)).clamp(0.02, 0.98),
            _ if p.default == DefaultValue::Noise => sd,
            // A shape: near 0, or of order 1 behind a link.
            _ if linear => return Self { center: 0.0, spread: 0.1, in_response_units: false },
            _ => return Self { center: 0.0, spread: 1.0, in_response_units: false },
        };
        let multiplier: f64 = equation
            .multiplier
            .covariates
            .iter()
            .map(|&c| mean_and_sd(data.covariates[c].known()).0)
            .product::<f64>()
            * equation.multiplier.factor;
        let inside = (typical - equation.shift) / multiplier;
        let center = if equation.link.range().contains(inside) {
            equation.link.inverse(inside)
        } else {
            0.0
        };
        Self { center, spread: 1.0, in_response_units: false }
    }
}

/// The largest response stands for the trials: they only matter for a default.
fn trials(family: &Family, data: &Dataset) -> f64 {
    let has_trials = family.parameters().iter().any(|p| p.name == "trials");
    if has_trials { data.observed().fold(1.0, f64::max) } else { 1.0 }
}

/// Mean and standard deviation (of n, not n − 1), also where squares leave the range of numbers.
pub(crate) fn mean_and_sd(x: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let largest = x.clone().fold(0.0, |m: f64, v| m.max(v.abs()));
    if largest > 0.0 && !(1e-100..1e100).contains(&largest) {
        let (mean, sd) = plain(x.map(|v| v / largest));
        return (largest * mean, largest * sd);
    }
    plain(x)
}

fn plain(x: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = x.clone().count().max(1) as f64;
    let mean = x.clone().sum::<f64>() / n;
    (mean, (x.map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_do_not_leave_the_range_of_numbers() {
        for scale in [1e-250, 1.0, 1e250] {
            let (mean, sd) = mean_and_sd([1.0, 3.0].into_iter().map(|v| scale * v));
            assert!((mean / scale - 2.0).abs() < 1e-12 && (sd / scale - 1.0).abs() < 1e-12);
        }
    }
}
