//! The gamma distribution.

use rand::Rng;
use rand_distr::Distribution as _;

use super::special::{gamma_quantile, gamma_tails};
use super::written::written;
use super::{Distribution, Domain};

written! {
    /// Gamma: p(x) = rateˢʰᵃᵖᵉ x^(shape − 1) exp(−rate x) / Γ(shape).
    ///
    /// The mean is shape / rate. The second parameter must be named, as `rate` or as
    /// `scale` = 1 / rate: half of the books mean the one, half the other.
    Gamma = "gamma" {
        /// Shape.
        shape: Positional, Positive;
        /// Rate, the reciprocal of the scale.
        rate: NamedOr("scale"), Positive;
    }
    formula: "p(x) = rate^shape x^(shape - 1) exp(-rate x) / Γ(shape)",
    support: "(0, inf)",
    examples: [[2.0, 2.0], [0.5, 1.0], [1.0, 3.0], [30.0, 0.1]],
}

impl Distribution for Gamma {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return f64::NEG_INFINITY;
        }
        let z = self.rate * x;
        // The form with log z has no large terms that cancel.
        self.shape * z.ln() - x.ln() - z - libm::lgamma(self.shape)
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if self.support().contains(x) { (self.shape - 1.0) / x - self.rate } else { 0.0 }
    }

    fn cdf(&self, x: f64) -> f64 {
        gamma_tails(self.shape, self.rate * x).0
    }

    fn quantile(&self, p: f64) -> f64 {
        gamma_quantile(self.shape, p, 1.0 - p) / self.rate
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let standard = rand_distr::Gamma::new(self.shape, 1.0).expect("a positive shape");
        standard.sample(rng) / self.rate
    }

    fn support(&self) -> Domain {
        Domain::Positive
    }

    fn mean(&self) -> Option<f64> {
        Some(self.shape / self.rate)
    }

    fn sd(&self) -> Option<f64> {
        Some(self.shape.sqrt() / self.rate)
    }
}
