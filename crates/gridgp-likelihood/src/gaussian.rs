//! The normal distribution.

use gridgp_dist::Domain;
use gridgp_dist::special::{LN_SQRT_2PI, ln_normal_cdf, normal_cdf, normal_quantile};
use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::testing::Example;
use super::{Column, DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{check_finite, impossible, is_possible};

/// p(y) = exp(−(y − location)²/(2 scale²)) / (scale √(2π)).
///
/// The scale is a standard deviation, in the unit of the response.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gaussian;

const PARAMETERS: [LikelihoodParameter; 2] = [
    LikelihoodParameter::new("location", Domain::Real, "mean", DefaultValue::Required),
    LikelihoodParameter::new("scale", Domain::Positive, "standard deviation", DefaultValue::Noise),
];

impl Gaussian {
    pub(super) const INFO: Info = Info {
        name: "gaussian",
        formula: "p(y) = exp(-(y - location)²/(2 scale²)) / (scale √(2π))",
        support: "(-inf, inf)",
        about: "measurements with symmetric errors",
    };
    pub(super) const EXAMPLES: &'static [Example] =
        &[Example::new(&[1.5, 0.7]), Example::new(&[-300.0, 2.0])];
}

impl Likelihood for Gaussian {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        check_finite(y)
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let (location, scale) = (p[0], p[1]);
        if !(scale > 0.0 && scale.is_finite() && location.is_finite() && y.is_finite()) {
            return impossible(gradient);
        }
        let z = (y - location) / scale;
        let value = -0.5 * z * z - LN_SQRT_2PI - scale.ln();
        if !value.is_finite() {
            return impossible(gradient);
        }
        gradient[0] = z / scale;
        gradient[1] = (z * z - 1.0) / scale;
        value
    }

    /// diag(1, 2)/scale², the expected information: the observed one has the determinant
    /// −(1 + z²)/scale⁴ and is positive semidefinite nowhere.
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let precision = 1.0 / (p[1] * p[1]);
        out.copy_from_slice(&[precision, 0.0, 0.0, 2.0 * precision]);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let (z, precision) = ((y - p[0]) / p[1], 1.0 / (p[1] * p[1]));
        let mixed = 2.0 * z * precision;
        out.copy_from_slice(&[precision, mixed, mixed, (3.0 * z * z - 1.0) * precision]);
    }

    fn third_derivatives(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let (z, cube) = ((y - p[0]) / p[1], p[1].powi(-3));
        let [one, two, three] = [2.0, 6.0 * z, 12.0 * z * z - 2.0].map(|v| v * cube);
        out.copy_from_slice(&[0.0, one, one, two, one, two, two, three]);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        normal_cdf((y - p[0]) / p[1])
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        normal_cdf((p[0] - y) / p[1])
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        let z = (y - p[0]) / p[1];
        (ln_normal_cdf(z), ln_normal_cdf(-z))
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        p[0] + p[1] * normal_quantile(q)
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        p[0] - p[1] * normal_quantile(q)
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        p[0] + p[1] * z
    }

    fn mean(&self, p: &[f64]) -> f64 {
        p[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        p[1]
    }

    /// With one scale for all, one logarithm for all.
    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        let Column::Constant(scale) = p[1] else {
            return super::accumulate_pointwise(self, y, p, bars);
        };
        if !(scale > 0.0 && scale.is_finite()) {
            return f64::NEG_INFINITY;
        }
        let precision = 1.0 / (scale * scale);
        let mut squares = 0.0;
        for (i, &y) in y.iter().enumerate() {
            let r = y - p[0].at(i);
            squares += r * r;
            bars[0][p[0].index(i)] += r * precision;
        }
        let n = y.len() as f64;
        bars[1][0] += (squares * precision - n) / scale;
        let total = -0.5 * squares * precision - n * (LN_SQRT_2PI + scale.ln());
        if total.is_nan() { f64::NEG_INFINITY } else { total }
    }
}
