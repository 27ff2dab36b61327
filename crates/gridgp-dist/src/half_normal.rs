//! The half-normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, LN_2};

use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::special::{LN_SQRT_2PI, half_normal_quantile};
use super::written::written;
use super::{Distribution, Domain, outside, positive_part};

written! {
    /// Half-normal: |Z| for Z normal around 0, p(x) = √(2/π) exp(−x²/(2 sd²)) / sd.
    ///
    /// `sd` is that of the normal before it is folded; the standard deviation of x is 0.603 sd.
    HalfNormal = "half_normal" {
        /// Standard deviation of the normal that is folded.
        sd: Positional, Positive;
    }
    formula: "p(x) = √(2/π) exp(-x²/(2 sd²)) / sd",
    support: "(0, inf)",
    examples: [[2.0], [1.0], [0.01]],
}

impl Distribution for HalfNormal {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return outside(x);
        }
        let z = x / self.sd;
        LN_2 - 0.5 * z * z - LN_SQRT_2PI - self.sd.ln()
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if self.support().contains(x) { -x / self.sd / self.sd } else { 0.0 }
    }

    fn cdf(&self, x: f64) -> f64 {
        libm::erf(positive_part(x) / self.sd * FRAC_1_SQRT_2)
    }

    fn quantile(&self, p: f64) -> f64 {
        self.sd * half_normal_quantile(p)
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        self.sd * z.abs()
    }

    fn support(&self) -> Domain {
        Domain::Positive
    }

    fn mean(&self) -> Option<f64> {
        Some(self.sd * FRAC_2_PI.sqrt())
    }

    fn sd(&self) -> Option<f64> {
        Some(self.sd * (1.0 - FRAC_2_PI).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = HalfNormal::new(2.0).unwrap();
        check_reference(
            &d,
            &[
                (0.3, -0.9301885332046728, 0.11923538474048503),
                (1e-08, -0.9189385332046728, 3.989422804014327e-09),
                (11.0, -16.043938533204674, 0.999999962020875),
            ],
        );
    }
}
