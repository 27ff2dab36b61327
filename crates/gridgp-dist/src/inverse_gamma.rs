//! The inverse gamma distribution.

use rand::Rng;
use rand_distr::Distribution as _;

use super::special::{gamma_quantile, gamma_tails};
use super::written::written;
use super::{Distribution, Domain, outside};

written! {
    /// Inverse gamma: 1/x is gamma, p(x) = scaleˢʰᵃᵖᵉ x^(−shape − 1) exp(−scale / x) / Γ(shape).
    ///
    /// `scale` is a scale of x and the rate of 1/x; the mean is scale / (shape − 1).
    InverseGamma = "inverse_gamma" {
        /// Shape; moments exist below it.
        shape: Positional, Positive;
        /// Scale of x.
        scale: Named, Positive;
    }
    formula: "p(x) = scale^shape x^(-shape - 1) exp(-scale / x) / Γ(shape)",
    support: "(0, inf)",
    examples: [[3.0, 2.0], [1.0, 1.0], [8.0, 0.3]],
}

impl Distribution for InverseGamma {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return outside(x);
        }
        let z = self.scale / x;
        self.shape * (self.scale.ln() - x.ln()) - x.ln() - z - libm::lgamma(self.shape)
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return 0.0;
        }
        (self.scale / x - self.shape - 1.0) / x
    }

    fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { gamma_tails(self.shape, self.scale / x).1 }
    }

    fn quantile(&self, p: f64) -> f64 {
        self.scale / gamma_quantile(self.shape, 1.0 - p, p)
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let reciprocal = rand_distr::Gamma::new(self.shape, 1.0).expect("a positive shape");
        self.scale / reciprocal.sample(rng)
    }

    fn support(&self) -> Domain {
        Domain::Positive
    }

    fn mean(&self) -> Option<f64> {
        (self.shape > 1.0).then(|| self.scale / (self.shape - 1.0))
    }

    fn sd(&self) -> Option<f64> {
        (self.shape > 2.0).then(|| self.scale / (self.shape - 1.0) / (self.shape - 2.0).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = InverseGamma::new(3.0, 2.0).unwrap();
        check_reference(
            &d,
            &[
                (0.7, -0.044148720268036935, 0.45594467132863564),
                (0.02, -82.96561361716752, 1.897610755368232e-40),
                (40.0, -13.419223455335855, 0.9999799325063756),
            ],
        );
        let d = InverseGamma::new(0.5, 4.0).unwrap();
        check_reference(
            &d,
            &[
                (0.1, -36.425340122873685, 3.744097384202907e-19),
                (1000000.0, -20.602487599311164, 0.9977432446748165),
            ],
        );
    }
}
