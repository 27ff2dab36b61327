//! The gamma distribution.

use rand::Rng;
use rand_distr::Distribution as _;

use super::special::{gamma_quantile, gamma_tails};
use super::written::written;
use super::{Distribution, Domain, outside};

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
            return outside(x);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = Gamma::new(2.0, 2.0).unwrap();
        check_reference(
            &d,
            &[
                (0.7, -0.37038058281884173, 0.40816728654014445),
                (1e-06, -12.429218196844383, 1.999997333335333e-12),
                (9.0, -14.41648106154389, 0.9999997106303848),
            ],
        );
        let d = Gamma::new(0.3, 0.1).unwrap();
        check_reference(
            &d,
            &[
                (1e-09, 12.7197125630462, 0.0011142425085215889),
                (4.0, -3.1569795755002126, 0.7763805810166359),
            ],
        );
        let d = Gamma::new(250.0, 3.0).unwrap();
        check_reference(
            &d,
            &[
                (80.0, -2.7460666721667697, 0.2676500698540158),
                (60.0, -14.37890271266022, 4.718944298054762e-07),
                (110.0, -13.45108762365165, 0.9999981106125596),
            ],
        );
    }
}
