//! The penalized-complexity prior of a lengthscale.

use rand::Rng;
use rand_distr::{Distribution as _, Exp1};

use super::written::{Number, written};
use super::{Distribution, Domain, outside};

written! {
    /// PC prior of a lengthscale in d = `dim` dimensions:
    /// p(x) = (d/2) rate x^(−d/2 − 1) exp(−rate x^(−d/2)), rate = −log(prob) lower^(d/2), so that
    /// P(x < lower) = prob.
    ///
    /// The base model is a constant field, x = ∞; short lengthscales are the complex ones. The paper
    /// states it for the range √(8ν) ℓ of a Matérn field; the form is the same for ℓ itself, with
    /// `lower` in units of the coordinate.
    ///
    /// # Source
    /// Fuglstad, Simpson, Lindgren, Rue, *Constructing priors that penalize the complexity of
    /// Gaussian random fields*, JASA 114 (2019): the marginal prior of the range.
    PcLengthscale = "pc_lengthscale" {
        /// The lengthscale that is undercut with probability `prob`.
        lower: Named, Positive;
        /// Probability that x is below `lower`.
        prob: Named, Interval(0.0, 1.0);
        /// Number of dimensions of the coordinate space, a whole number.
        dim: Default(1.0), Positive;
    }
    formula: "p(x) = dim/2 rate x^(-dim/2 - 1) exp(-rate x^(-dim/2)), rate = -log(prob) lower^(dim/2): P(x < lower) = prob",
    support: "(0, inf)",
    examples: [[0.5, 0.05, 1.0], [0.5, 0.05, 2.0], [10.0, 0.3, 3.0], [1.0, 0.5, 6.0]],
    check: |d| {
        if d.dim.fract() == 0.0 {
            Ok(())
        } else {
            Err(format!("pc_lengthscale: dim = {} is not a whole number", Number(d.dim)))
        }
    },
}

impl PcLengthscale {
    /// rate x^(−d/2), an exponential variable with unit rate.
    fn hazard(&self, x: f64) -> f64 {
        -self.prob.ln() * (self.lower / x).powf(0.5 * self.dim)
    }

    /// The x with this [`hazard`](Self::hazard).
    fn at_hazard(&self, hazard: f64) -> f64 {
        self.lower * (-self.prob.ln() / hazard).powf(2.0 / self.dim)
    }

    /// E xᵏ = x₁ᵏ Γ(1 − 2k/d) with x₁ where the hazard is 1, for 2k < d.
    fn moment(&self, k: f64) -> Option<f64> {
        let order = 1.0 - 2.0 * k / self.dim;
        (order > 0.0).then(|| self.at_hazard(1.0).powf(k) * libm::tgamma(order))
    }
}

impl Distribution for PcLengthscale {
    fn log_prob(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return outside(x);
        }
        let half = 0.5 * self.dim;
        half.ln() + (-self.prob.ln()).ln() + half * (self.lower.ln() - x.ln())
            - x.ln()
            - self.hazard(x)
    }

    fn log_prob_derivative(&self, x: f64) -> f64 {
        if !self.support().contains(x) {
            return 0.0;
        }
        (0.5 * self.dim * (self.hazard(x) - 1.0) - 1.0) / x
    }

    fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { (-self.hazard(x)).exp() }
    }

    fn quantile(&self, p: f64) -> f64 {
        if (0.0..=1.0).contains(&p) { self.at_hazard(p.ln().abs()) } else { f64::NAN }
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        self.at_hazard(Exp1.sample(rng))
    }

    fn support(&self) -> Domain {
        Domain::Positive
    }

    fn mean(&self) -> Option<f64> {
        self.moment(1.0)
    }

    fn sd(&self) -> Option<f64> {
        let mean = self.mean()?;
        self.moment(2.0).map(|square| (square - mean * mean).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_reference;

    /// Values from 50-digit arithmetic (mpmath).
    #[test]
    fn meets_reference() {
        let d = PcLengthscale::new(0.5, 0.05, 1.0).unwrap();
        check_reference(
            &d,
            &[
                (0.5, -1.8985435731890423, 0.05),
                (0.01, -14.217802843987036, 6.314350356598284e-10),
                (70.0, -6.568460521251176, 0.7763237923047772),
            ],
        );
        let d = PcLengthscale::new(0.5, 0.05, 2.0).unwrap();
        check_reference(
            &d,
            &[
                (0.3, -2.1808999941331098, 0.006786044041487266),
                (1000000000.0, -41.04249015558568, 0.9999999985021338),
            ],
        );
        let d = PcLengthscale::new(10.0, 0.3, 3.0).unwrap();
        check_reference(&d, &[(8.0, -2.836237493696645, 0.18588944829871132)]);
    }
}
