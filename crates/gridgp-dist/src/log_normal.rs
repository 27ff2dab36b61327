//! The log-normal distribution.

use rand::Rng;

use super::special::{LN_SQRT_2PI, normal_cdf, normal_quantile};
use super::written::written;
use super::{Distribution, Domain, Normal, outside, positive_part};

written! {
    /// Log-normal: log x is normal, p(x) = exp(−(log x − mean_log)²/(2 sd_log²)) / (x sd_log √(2π)).
    ///
    /// Both parameters are those of log x: the median of x is exp(mean_log), not mean_log.
    LogNormal = "log_normal" {
        /// Mean of log x.
        mean_log: Positional, Real;
        /// Standard deviation of log x.
        sd_log: Positional, Positive;
    }
    formula: "p(x) = exp(-(log x - mean_log)²/(2 sd_log²)) / (x sd_log √(2π))",
    support: "(0, inf)",
    examples: [[std::f64::consts::LN_2, 0.4], [0.0, 1.0], [-3.0, 0.1]],
}

impl LogNormal {
    /// The distribution of log x.
    fn log(&self) -> Normal {
        Normal { mean: self.mean_log, sd: self.sd_log }
    }
}

impl Distribution for LogNormal {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return outside(x);
        }
        let z = (x.ln() - self.mean_log) / self.sd_log;
        -0.5 * z * z - LN_SQRT_2PI - self.sd_log.ln() - x.ln()
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return 0.0;
        }
        (self.log().log_prob_derivative(x.ln()) - 1.0) / x
    }

    fn cdf(&self, x: f64) -> f64 {
        normal_cdf((positive_part(x).ln() - self.mean_log) / self.sd_log)
    }

    fn quantile(&self, p: f64) -> f64 {
        (self.mean_log + self.sd_log * normal_quantile(p)).exp()
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        self.log().sample(rng).exp()
    }

    fn support(&self) -> Domain {
        Domain::Positive
    }

    fn mean(&self) -> Option<f64> {
        let mean = (self.mean_log + 0.5 * self.sd_log * self.sd_log).exp();
        Some(mean).filter(|mean| mean.is_finite())
    }

    fn sd(&self) -> Option<f64> {
        let sd = self.mean()? * (self.sd_log * self.sd_log).exp_m1().sqrt();
        Some(sd).filter(|sd| sd.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = LogNormal::new(-0.3, 0.4).unwrap();
        check_reference(
            &d,
            &[
                (0.7, 0.343989488638032, 0.4436634797941813),
                (0.01, -53.317759897594726, 2.5754275582984336e-27),
                (12.0, -26.724132726222965, 0.9999999999983258),
            ],
        );
        let d = LogNormal::new(2.0, 1.5).unwrap();
        check_reference(&d, &[(1e-05, -30.389068092307244, 1.0433566081578628e-19)]);
    }
}
