//! The half-Student-t distribution.

use std::f64::consts::{LN_2, PI};

use rand::Rng;
use rand_distr::{Distribution as _, StudentT};

use super::root::positive_quantile;
use super::special::{beta_tails, ln_1p_square, ln_gamma_half_step};
use super::written::written;
use super::{Distribution, Domain, outside, positive_part};

written! {
    /// Half-Student-t: p(x) = 2 Γ((df+1)/2) / (Γ(df/2) scale √(π df)) · (1 + (x/scale)²/df)^(−(df+1)/2).
    ///
    /// `scale` is not the standard deviation: that is larger, and infinite for df ≤ 2.
    HalfStudentT = "half_student_t" {
        /// Degrees of freedom; moments exist below them.
        df: Positional, Positive;
        /// Scale.
        scale: Positional, Positive;
    }
    formula: "p(x) = 2 Γ((df+1)/2) / (Γ(df/2) scale √(π df)) · (1 + (x/scale)²/df)^(-(df+1)/2)",
    support: "(0, inf)",
    examples: [[3.0, 1.0], [1.0, 2.0], [7.5, 0.1], [300.0, 2.0]],
}

impl HalfStudentT {
    /// x / (scale √df).
    fn ratio(&self, x: f64) -> f64 {
        x / self.scale / self.df.sqrt()
    }

    /// (F, 1 − F), each accurate.
    fn tails(&self, x: f64) -> (f64, f64) {
        let q = self.ratio(positive_part(x));
        // q²/(1 + q²) and its complement, also where q² overflows.
        let (inner, outer) = (1.0 / (1.0 + 1.0 / q / q), 1.0 / (1.0 + q * q));
        beta_tails(0.5, 0.5 * self.df, inner, outer)
    }
}

impl Distribution for HalfStudentT {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return outside(x);
        }
        LN_2 + ln_gamma_half_step(0.5 * self.df)
            - 0.5 * (PI * self.df).ln()
            - self.scale.ln()
            - 0.5 * (self.df + 1.0) * ln_1p_square(self.ratio(x))
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return 0.0;
        }
        let q = self.ratio(x);
        -(self.df + 1.0) / (q + 1.0 / q) / (self.scale * self.df.sqrt())
    }

    fn cdf(&self, x: f64) -> f64 {
        self.tails(x).0
    }

    fn quantile(&self, p: f64) -> f64 {
        positive_quantile(p, 1.0 - p, self.scale, |x| self.log_prob(x), |x| self.tails(x))
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let t: f64 = StudentT::new(self.df).expect("positive degrees of freedom").sample(rng);
        self.scale * t.abs()
    }

    fn support(&self) -> Domain {
        Domain::Positive
    }

    /// 2 scale √(df/π) Γ((df+1)/2) / (Γ(df/2) (df − 1)).
    fn mean(&self) -> Option<f64> {
        let gammas = ln_gamma_half_step(0.5 * self.df).exp();
        (self.df > 1.0).then(|| 2.0 * self.scale * (self.df / PI).sqrt() * gammas / (self.df - 1.0))
    }

    fn sd(&self) -> Option<f64> {
        let square = self.scale * self.scale * self.df / (self.df - 2.0);
        let mean = self.mean()?;
        (self.df > 2.0).then(|| (square - mean * mean).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = HalfStudentT::new(3.0, 1.0).unwrap();
        check_reference(
            &d,
            &[
                (0.7, -0.6103205641560165, 0.46567300169523634),
                (1e-08, -0.3077416690635645, 7.351051938957227e-09),
                (50.0, -13.761007674590893, 0.9999823828479587),
            ],
        );
        let d = HalfStudentT::new(2.5, 4.0).unwrap();
        check_reference(
            &d,
            &[(3.0, -2.0649332510146032, 0.4825037368178414), (1e+180, -1445.8828563155698, 1.0)],
        );
        let d = HalfStudentT::new(300.0, 1.0).unwrap();
        check_reference(&d, &[(2.0, -2.2200313103129776, 0.9535984790168509)]);
    }
    /// The constants must not cancel for many degrees of freedom; the incomplete beta function of
    /// `cdf` does lose digits there.
    #[test]
    fn many_degrees_of_freedom_meet_reference() {
        let d = HalfStudentT::new(1e6, 1.0).unwrap();
        approx::assert_relative_eq!(d.log_prob(2.0), -2.225789602651394, max_relative = 1e-13);
        approx::assert_relative_eq!(d.cdf(2.0), 0.9544994661486808, max_relative = 1e-10);
    }
}
