//! The log-normal distribution.

use gridgp_dist::Domain;
use rand::Rng;

use super::testing::Example;
use super::{DefaultValue, Gaussian, Info, Likelihood, LikelihoodParameter};
use super::{impossible, is_positive};

/// p(y) = exp(−(log y − location)²/(2 scale²)) / (y scale √(2π)) for y > 0.
///
/// Location and scale are the mean and the standard deviation of log y: exp(location) is the median
/// of y, and its mean is exp(location + scale²/2).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LogNormal;

const PARAMETERS: [LikelihoodParameter; 2] = [
    LikelihoodParameter::new("location", Domain::Real, "mean of log y", DefaultValue::Required),
    LikelihoodParameter::new(
        "scale",
        Domain::Positive,
        "standard deviation of log y",
        DefaultValue::Prior("half_normal(1)"),
    ),
];

impl LogNormal {
    pub(super) const INFO: Info = Info {
        name: "log_normal",
        formula: "p(y) = exp(-(log y - location)²/(2 scale²)) / (y scale √(2π))",
        support: "(0, inf)",
        about: "positive amounts that vary by factors",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[1.0, 0.5]).refused(&[0.0, -1.0]),
        Example::new(&[-3.0, 1.2]).refused(&[-0.0]),
    ];
}

impl Likelihood for LogNormal {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        if is_positive(y) { Ok(()) } else { Err("it must be positive and finite".into()) }
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        if !is_positive(y) {
            return impossible(gradient);
        }
        let log = y.ln();
        Gaussian.log_prob_gradient(log, p, gradient) - log
    }

    /// As for the Gaussian.
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if is_positive(y) { Gaussian.curvature(y.ln(), p, out) } else { out.fill(0.0) }
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if is_positive(y) { Gaussian.observed_information(y.ln(), p, out) } else { out.fill(0.0) }
    }

    fn third_derivatives(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if is_positive(y) { Gaussian.third_derivatives(y.ln(), p, out) } else { out.fill(0.0) }
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        Gaussian.cdf(y.max(0.0).ln(), p)
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        Gaussian.sf(y.max(0.0).ln(), p)
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        Gaussian.log_tails(y.max(0.0).ln(), p)
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        Gaussian.quantile(q, p).exp()
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        Gaussian.isf(q, p).exp()
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        Gaussian.sample(rng, p).exp()
    }

    fn mean(&self, p: &[f64]) -> f64 {
        (p[0] + 0.5 * p[1] * p[1]).exp()
    }

    fn sd(&self, p: &[f64]) -> f64 {
        self.mean(p) * (p[1] * p[1]).exp_m1().sqrt()
    }
}
