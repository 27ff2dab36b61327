//! The penalized-complexity prior of an amplitude.

use rand::Rng;

use super::written::written;
use super::{Distribution, Domain, Exponential};

written! {
    /// PC prior of an amplitude: exponential with rate = −log(prob) / upper, so that
    /// P(x > upper) = prob.
    ///
    /// `x` is a standard deviation, not a variance or a precision. The base model, to which the
    /// prior shrinks at a constant rate, has no field: x = 0.
    ///
    /// # Source
    /// Simpson, Rue, Riebler, Martins, Sørbye, *Penalising model component complexity*, Statistical
    /// Science 32 (2017): the prior of the precision, written for the standard deviation.
    PcAmplitude = "pc_amplitude" {
        /// The amplitude that is exceeded with probability `prob`.
        upper: Named, Positive;
        /// Probability that x exceeds `upper`.
        prob: Named, Interval(0.0, 1.0);
    }
    formula: "p(x) = rate exp(-rate x), rate = -log(prob) / upper: P(x > upper) = prob",
    support: "(0, inf)",
    examples: [[3.0, 0.05], [0.1, 0.5], [20.0, 0.001]],
}

impl PcAmplitude {
    fn exponential(&self) -> Exponential {
        Exponential { rate: -self.prob.ln() / self.upper }
    }
}

impl Distribution for PcAmplitude {
    fn log_prob(&self, x: f64) -> f64 {
        self.exponential().log_prob(x)
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        self.exponential().log_prob_derivative(x)
    }

    fn cdf(&self, x: f64) -> f64 {
        self.exponential().cdf(x)
    }

    fn quantile(&self, p: f64) -> f64 {
        self.exponential().quantile(p)
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        self.exponential().sample(rng)
    }

    fn support(&self) -> Domain {
        self.exponential().support()
    }

    fn mean(&self) -> Option<f64> {
        self.exponential().mean()
    }

    fn sd(&self) -> Option<f64> {
        self.exponential().sd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = PcAmplitude::new(3.0, 0.05).unwrap();
        check_reference(
            &d,
            &[
                (0.7, -0.7004277854657589, 0.5029199488595394),
                (1e-09, -0.0014235893017384314, 9.985774240194186e-10),
                (3.0, -2.997155861857152, 0.95),
            ],
        );
    }
}
