//! The normal distribution.

use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::special::{LN_SQRT_2PI, normal_cdf, normal_quantile};
use super::written::written;
use super::{Distribution, Domain, outside};

written! {
    /// Normal: p(x) = exp(−(x − mean)²/(2 sd²)) / (sd √(2π)).
    ///
    /// The second parameter is the standard deviation, not the variance or the precision.
    Normal = "normal" {
        /// Mean.
        mean: Positional, Real;
        /// Standard deviation.
        sd: Positional, Positive;
    }
    formula: "p(x) = exp(-(x - mean)²/(2 sd²)) / (sd √(2π))",
    support: "(-inf, inf)",
    examples: [[35.67, 5.0], [0.0, 1.0], [-2.0, 0.01]],
}

impl Distribution for Normal {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return outside(x);
        }
        let z = (x - self.mean) / self.sd;
        -0.5 * z * z - LN_SQRT_2PI - self.sd.ln()
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if self.support().contains(x) { (self.mean - x) / self.sd / self.sd } else { 0.0 }
    }

    fn cdf(&self, x: f64) -> f64 {
        normal_cdf((x - self.mean) / self.sd)
    }

    fn quantile(&self, p: f64) -> f64 {
        self.mean + self.sd * normal_quantile(p)
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        self.mean + self.sd * z
    }

    fn support(&self) -> Domain {
        Domain::Real
    }

    fn mean(&self) -> Option<f64> {
        Some(self.mean)
    }

    fn sd(&self) -> Option<f64> {
        Some(self.sd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = Normal::new(35.67, 5.0).unwrap();
        check_reference(
            &d,
            &[
                (36.0, -2.530554445638773, 0.5263110872719228),
                (0.0, -27.975354445638775, 4.874666522022589e-13),
                (60.0, -14.367354445638771, 0.9999994306024148),
            ],
        );
        let d = Normal::new(0.0, 1.0).unwrap();
        check_reference(
            &d,
            &[
                (-12.0, -72.91893853320467, 1.776482112077679e-33),
                (-38.0, -722.9189385332047, 2.88542835e-316),
            ],
        );
    }
}
