//! Gumbel's distribution.

use rand::Rng;

use super::curvature::Which;
use super::gev::information::EULER;
use super::gev::{LOCATION, SCALE, variate_log_tails, variate_sf};
use super::testing::Example;
use super::{Gev, Info, Likelihood, LikelihoodParameter};
use super::{check_finite, impossible, is_positive, is_possible, settled};

/// P(Y ≤ y) = exp(−exp(−z)), z = (y − location)/scale: the [`Gev`] with shape 0.
///
/// The mean is location + 0.5772 scale and the standard deviation 1.2825 scale.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gumbel;

const PARAMETERS: [LikelihoodParameter; 2] = [LOCATION, SCALE];

impl Gumbel {
    pub(super) const INFO: Info = Info {
        name: "gumbel",
        formula: "P(Y ≤ y) = exp(-exp(-z)), z = (y - location)/scale",
        support: "(-inf, inf)",
        about: "block maxima with a light tail",
    };
    pub(super) const EXAMPLES: &'static [Example] =
        &[Example::new(&[34.5, 1.8]), Example::new(&[-1.0, 0.3])];

    fn as_gev(p: &[f64]) -> [f64; 3] {
        [p[0], p[1], 0.0]
    }
}

impl Gumbel {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let z = (y - p[0]) / p[1];
        let tail = (-z).exp();
        let precision = 1.0 / (p[1] * p[1]);
        let observed = [tail, 1.0 - tail + z * tail, z * z * tail - 1.0 + 2.0 * z * (1.0 - tail)];
        which.write(out, observed.map(|v| v * precision), || {
            let rest = 1.0 - EULER;
            let pi = std::f64::consts::PI;
            [1.0, -rest, pi.powi(2) / 6.0 + rest * rest].map(|v| v * precision)
        });
    }
}

impl Likelihood for Gumbel {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        check_finite(y)
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let (location, scale) = (p[0], p[1]);
        let z = (y - location) / scale;
        let tail = (-z).exp();
        let value = -scale.ln() - z - tail;
        if !(is_positive(scale) && value.is_finite()) {
            return impossible(gradient);
        }
        gradient[0] = (1.0 - tail) / scale;
        gradient[1] = (z * (1.0 - tail) - 1.0) / scale;
        settled(value, gradient)
    }

    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Semidefinite, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Observed, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        (-(-(y - p[0]) / p[1]).exp()).exp()
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        variate_sf((y - p[0]) / p[1])
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        variate_log_tails((y - p[0]) / p[1])
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        Gev.quantile(q, &Self::as_gev(p))
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        Gev.isf(q, &Self::as_gev(p))
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        Gev.sample(rng, &Self::as_gev(p))
    }

    fn mean(&self, p: &[f64]) -> f64 {
        Gev.mean(&Self::as_gev(p))
    }

    fn sd(&self, p: &[f64]) -> f64 {
        Gev.sd(&Self::as_gev(p))
    }
}
