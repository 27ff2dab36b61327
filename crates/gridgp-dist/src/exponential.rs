//! The exponential distribution.

use rand::Rng;
use rand_distr::{Distribution as _, Exp1};

use super::written::written;
use super::{Distribution, Domain, outside, positive_part};

written! {
    /// Exponential: p(x) = rate exp(−rate x).
    ///
    /// The parameter must be named, as `rate` or as `scale` = 1 / rate, which is the mean.
    Exponential = "exponential" {
        /// Rate, the reciprocal of the mean.
        rate: NamedOr("scale"), Positive;
    }
    formula: "p(x) = rate exp(-rate x)",
    support: "(0, inf)",
    examples: [[1.0], [0.2], [50.0]],
}

impl Distribution for Exponential {
    fn log_prob(&self, x: f64) -> f64 {
        if self.support().contains(x) { self.rate.ln() - self.rate * x } else { outside(x) }
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if self.support().contains(x) { -self.rate } else { 0.0 }
    }

    fn cdf(&self, x: f64) -> f64 {
        -(-self.rate * positive_part(x)).exp_m1()
    }

    fn quantile(&self, p: f64) -> f64 {
        if (0.0..=1.0).contains(&p) { -(-p).ln_1p() / self.rate } else { f64::NAN }
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let x: f64 = Exp1.sample(rng);
        x / self.rate
    }

    fn support(&self) -> Domain {
        Domain::Positive
    }

    fn mean(&self) -> Option<f64> {
        Some(1.0 / self.rate)
    }

    fn sd(&self) -> Option<f64> {
        Some(1.0 / self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = Exponential::new(0.2).unwrap();
        check_reference(
            &d,
            &[
                (3.0, -2.2094379124341, 0.4511883639059736),
                (1e-09, -1.6094379126341003, 1.9999999998000002e-10),
                (100.0, -21.609437912434103, 0.9999999979388464),
            ],
        );
    }
}
