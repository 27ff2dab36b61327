//! The beta distribution.

use rand::Rng;
use rand_distr::Distribution as _;

use super::root::{at_ends, quantile_root};
use super::special::{beta_tails, ln_beta};
use super::written::written;
use super::{Distribution, Domain};

written! {
    /// Beta: p(x) = x^(a − 1) (1 − x)^(b − 1) / B(a, b).
    ///
    /// The mean is a / (a + b).
    Beta = "beta" {
        /// Weight of 1.
        a: Positional, Positive;
        /// Weight of 0.
        b: Positional, Positive;
    }
    formula: "p(x) = x^(a - 1) (1 - x)^(b - 1) / B(a, b)",
    support: "(0, 1)",
    examples: [[2.0, 2.0], [0.5, 1.5], [1.0, 1.0], [20.0, 3.0]],
}

impl Distribution for Beta {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return f64::NEG_INFINITY;
        }
        (self.a - 1.0) * x.ln() + (self.b - 1.0) * (-x).ln_1p() - ln_beta(self.a, self.b)
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return 0.0;
        }
        (self.a - 1.0) / x - (self.b - 1.0) / (1.0 - x)
    }

    fn cdf(&self, x: f64) -> f64 {
        let x = x.clamp(0.0, 1.0);
        beta_tails(self.a, self.b, x, 1.0 - x).0
    }

    fn quantile(&self, p: f64) -> f64 {
        if let Some(end) = at_ends(p, 1.0 - p, 0.0, 1.0) {
            return end;
        }
        // In u = log(x / (1 − x)), where both ends are resolved alike.
        let guess = (self.a / self.b).ln();
        let u = quantile_root(p, 1.0 - p, guess, |u| {
            let (x, y) = (1.0 / (1.0 + (-u).exp()), 1.0 / (1.0 + u.exp()));
            let (cdf, survival) = beta_tails(self.a, self.b, x, y);
            let density = self.a * x.ln() + self.b * y.ln() - ln_beta(self.a, self.b);
            (cdf, survival, density.exp())
        });
        1.0 / (1.0 + (-u).exp())
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        rand_distr::Beta::new(self.a, self.b).expect("positive weights").sample(rng)
    }

    fn support(&self) -> Domain {
        Domain::Interval(0.0, 1.0)
    }

    fn mean(&self) -> Option<f64> {
        Some(self.a / (self.a + self.b))
    }

    fn sd(&self) -> Option<f64> {
        let total = self.a + self.b;
        Some((self.a / total * (self.b / total) / (total + 1.0)).sqrt())
    }
}
