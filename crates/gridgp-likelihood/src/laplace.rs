//! The Laplace distribution.

use std::f64::consts::{LN_2, SQRT_2};

use gridgp_dist::Domain;
use gridgp_dist::special::ln_1m_exp;
use rand::Rng;
use rand_distr::{Distribution as _, Exp1};

use super::testing::Example;
use super::{DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{check_finite, curvature, impossible, is_positive, is_possible};

/// p(y) = exp(−|y − location|/scale) / (2 scale).
///
/// `scale` is the mean distance from the location; the standard deviation is √2 scale. At
/// y = location the derivative is taken as 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Laplace;

const PARAMETERS: [LikelihoodParameter; 2] = [
    LikelihoodParameter::new("location", Domain::Real, "median", DefaultValue::Required),
    LikelihoodParameter::new(
        "scale",
        Domain::Positive,
        "mean distance from the location",
        DefaultValue::Noise,
    ),
];

impl Laplace {
    pub(super) const INFO: Info = Info {
        name: "laplace",
        formula: "p(y) = exp(-|y - location|/scale) / (2 scale)",
        support: "(-inf, inf)",
        about: "measurements with outliers; the fit is a median",
    };
    pub(super) const EXAMPLES: &'static [Example] =
        &[Example::new(&[1.0, 0.5]), Example::new(&[-20.0, 3.0])];
}

impl Likelihood for Laplace {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        check_finite(y)
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let (location, scale) = (p[0], p[1]);
        if !(is_positive(scale) && location.is_finite() && y.is_finite()) {
            return impossible(gradient);
        }
        let z = (y - location) / scale;
        if !z.is_finite() {
            return impossible(gradient);
        }
        gradient[0] = if z == 0.0 { 0.0 } else { z.signum() / scale };
        gradient[1] = (z.abs() - 1.0) / scale;
        -z.abs() - LN_2 - scale.ln()
    }

    /// diag(1, 1)/scale², the expected information: the observed one has the determinant −1/scale⁴.
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let precision = 1.0 / (p[1] * p[1]);
        curvature::write(out, &[precision, 0.0, precision]);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        let z = (y - p[0]) / p[1];
        if z < 0.0 { 0.5 * z.exp() } else { 1.0 - 0.5 * (-z).exp() }
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        self.cdf(-y, &[-p[0], p[1]])
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        let z = (y - p[0]) / p[1];
        let own = -z.abs() - LN_2;
        if z < 0.0 { (own, ln_1m_exp(own)) } else { (ln_1m_exp(own), own) }
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        if !(0.0..=1.0).contains(&q) {
            f64::NAN
        } else if q < 0.5 {
            p[0] + p[1] * (2.0 * q).ln()
        } else {
            p[0] - p[1] * (2.0 * (1.0 - q)).ln()
        }
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        -self.quantile(q, &[-p[0], p[1]])
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        let (a, b): (f64, f64) = (Exp1.sample(rng), Exp1.sample(rng));
        p[0] + p[1] * (a - b)
    }

    fn mean(&self, p: &[f64]) -> f64 {
        p[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        SQRT_2 * p[1]
    }
}
