//! The beta distribution.

use rand::Rng;
use rand_distr::Distribution as _;

use super::root::{at_ends, quantile_root};
use super::special::{beta_tails, ln_beta};
use super::written::written;
use super::{Distribution, Domain, outside};

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
            return outside(x);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = Beta::new(2.0, 2.0).unwrap();
        check_reference(
            &d,
            &[
                (0.3, 0.2311117209633866, 0.216),
                (1e-06, -12.02375208873672, 2.9999979999999998e-12),
                (0.999, -5.116996310087664, 0.999997002),
            ],
        );
        let d = Beta::new(0.5, 0.25).unwrap();
        check_reference(
            &d,
            &[
                (0.1, -0.4267935829510896, 0.12378745600993661),
                (0.75, -0.47354470912567376, 0.44551489018313123),
            ],
        );
        let d = Beta::new(40.0, 7.0).unwrap();
        check_reference(
            &d,
            &[
                (0.9, 1.8169928943432496, 0.8281158170004264),
                (0.3, -29.35342546938115, 1.428261516918544e-15),
            ],
        );
    }
}
