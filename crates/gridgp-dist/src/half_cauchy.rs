//! The half-Cauchy distribution.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use rand::Rng;
use rand_distr::{Distribution as _, Open01};

use super::special::ln_1p_square;
use super::written::written;
use super::{Distribution, Domain, outside, positive_part};

written! {
    /// Half-Cauchy: p(x) = 2 / (π scale (1 + (x/scale)²)).
    ///
    /// The median is the scale; no moment exists, and one draw in a hundred is beyond 63 scales.
    HalfCauchy = "half_cauchy" {
        /// Scale, the median.
        scale: Positional, Positive;
    }
    formula: "p(x) = 2 / (π scale (1 + (x/scale)²))",
    support: "(0, inf)",
    examples: [[1.0], [2.5], [0.01]],
}

impl Distribution for HalfCauchy {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return outside(x);
        }
        FRAC_2_PI.ln() - self.scale.ln() - ln_1p_square(x / self.scale)
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return 0.0;
        }
        let q = x / self.scale;
        -2.0 / (q + 1.0 / q) / self.scale
    }

    fn cdf(&self, x: f64) -> f64 {
        FRAC_2_PI * (positive_part(x) / self.scale).atan()
    }

    fn quantile(&self, p: f64) -> f64 {
        if !(0.0..=1.0).contains(&p) {
            f64::NAN
        } else if p <= 0.5 {
            self.scale * (FRAC_PI_2 * p).tan()
        } else {
            // tan(π/2 − t) = 1 / tan t, without the rounding of π/2.
            self.scale / (FRAC_PI_2 * (1.0 - p)).tan()
        }
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        self.quantile(Open01.sample(rng))
    }

    fn support(&self) -> Domain {
        Domain::Positive
    }

    fn mean(&self) -> Option<f64> {
        None
    }

    fn sd(&self) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = HalfCauchy::new(1.0).unwrap();
        check_reference(
            &d,
            &[
                (0.7, -0.8503588252468226, 0.38880022442842954),
                (1e-09, -0.4515827052894549, 6.366197723675814e-10),
                (1000000000000.0, -55.71362493714655, 0.9999999999993634),
            ],
        );
        let d = HalfCauchy::new(2.5).unwrap();
        check_reference(
            &d,
            &[(4.0, -2.637633982027549, 0.6443846310212945), (1e+200, -920.5693291710336, 1.0)],
        );
    }
}
