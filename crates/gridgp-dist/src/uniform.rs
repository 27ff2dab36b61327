//! The uniform distribution.

use rand::Rng;
use rand_distr::{Distribution as _, Open01};

use super::written::{ordered, written};
use super::{Distribution, Domain, outside};

written! {
    /// Uniform: p(x) = 1 / (upper − lower).
    Uniform = "uniform" {
        /// Lower end.
        lower: Positional, Real;
        /// Upper end.
        upper: Positional, Real;
    }
    formula: "p(x) = 1 / (upper - lower)",
    support: "(lower, upper)",
    examples: [[0.0, 1.0], [-3.0, 5.5], [1000.0, 1001.0]],
    check: |d| ordered("uniform", d.lower, d.upper),
}

impl Distribution for Uniform {
    fn log_prob(&self, x: f64) -> f64 {
        if self.support().contains(x) { -(self.upper - self.lower).ln() } else { outside(x) }
    }

    fn log_prob_derivative(&self, _x: f64) -> f64 {
        0.0
    }

    fn cdf(&self, x: f64) -> f64 {
        ((x - self.lower) / (self.upper - self.lower)).clamp(0.0, 1.0)
    }

    fn quantile(&self, p: f64) -> f64 {
        if !(0.0..=1.0).contains(&p) {
            f64::NAN
        } else if p <= 0.5 {
            self.lower + p * (self.upper - self.lower)
        } else {
            self.upper - (1.0 - p) * (self.upper - self.lower)
        }
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        self.quantile(Open01.sample(rng))
    }

    fn support(&self) -> Domain {
        Domain::Interval(self.lower, self.upper)
    }

    fn mean(&self) -> Option<f64> {
        Some(self.lower + 0.5 * (self.upper - self.lower))
    }

    fn sd(&self) -> Option<f64> {
        Some((self.upper - self.lower) / 12f64.sqrt())
    }
}
