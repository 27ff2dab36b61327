//! The Poisson distribution.

use gridgp_dist::Domain;
use gridgp_dist::special::{
    LN_SQRT_2PI, deviance, gamma_tails, ln_factorial, ln_gamma_tails, normal_quantile,
    stirling_error,
};
use rand::Rng;
use rand_distr::Distribution as _;

use super::testing::Example;
use super::whole::{check_count, is_count, whole_isf, whole_quantile};
use super::{DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{curvature, impossible, is_positive, is_possible, settled};

/// P(y) = rateʸ exp(−rate) / y! for y = 0, 1, 2 …
///
/// The rate is the mean and the variance. An exposure multiplies it: with a log link, it is an
/// offset log(exposure).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Poisson;

const PARAMETERS: [LikelihoodParameter; 1] =
    [LikelihoodParameter::new("rate", Domain::Positive, "expected count", DefaultValue::Required)];

/// Up to here the plain formula has all digits, and its factorials are in a table.
const FEW: f64 = 64.0;

impl Poisson {
    pub(super) const INFO: Info = Info {
        name: "poisson",
        formula: "P(y) = rate^y exp(-rate) / y!",
        support: "0, 1, 2 …",
        about: "counts without an upper limit",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[2.5]),
        Example::new(&[0.01]),
        Example::new(&[63.0]),
        Example::new(&[3000.0]),
    ];
}

impl Likelihood for Poisson {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn is_discrete(&self) -> bool {
        true
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        check_count(y)
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let rate = p[0];
        if !(is_positive(rate) && is_count(y)) {
            return impossible(gradient);
        }
        gradient[0] = (y - rate) / rate;
        let value = if y == 0.0 {
            -rate
        } else if y < FEW {
            y * rate.ln() - rate - ln_factorial(y)
        } else {
            -deviance(y, rate, y - rate) - stirling_error(y) - 0.5 * y.ln() - LN_SQRT_2PI
        };
        settled(value, gradient)
    }

    /// The observed information y/rate², which is never negative.
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        curvature::write(out, &[y / p[0] / p[0]]);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.curvature(y, p, out);
    }

    fn third_derivatives(&self, y: f64, p: &[f64], out: &mut [f64]) {
        out[0] = if is_possible(self, y, p) { 2.0 * y / p[0].powi(3) } else { 0.0 };
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        if y < 0.0 { 0.0 } else { gamma_tails(y.floor() + 1.0, p[0]).1 }
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        if y < 0.0 { 1.0 } else { gamma_tails(y.floor() + 1.0, p[0]).0 }
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        if y < 0.0 {
            return (f64::NEG_INFINITY, 0.0);
        }
        let (sf, cdf) = ln_gamma_tails(y.floor() + 1.0, p[0]);
        (cdf, sf)
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        let guess = p[0] + p[0].sqrt() * normal_quantile(q);
        whole_quantile(q, f64::INFINITY, guess, |y| self.cdf(y, p))
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        let guess = p[0] - p[0].sqrt() * normal_quantile(q);
        whole_isf(q, f64::INFINITY, guess, |y| self.sf(y, p))
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        rand_distr::Poisson::new(p[0]).map_or(f64::NAN, |law| law.sample(rng))
    }

    fn mean(&self, p: &[f64]) -> f64 {
        p[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        p[0].sqrt()
    }
}
