//! The Bernoulli distribution.

use gridgp_dist::Domain;
use rand::{Rng, RngExt};

use super::testing::Example;
use super::whole::{whole_isf, whole_quantile};
use super::{DefaultValue, Info, Likelihood, LikelihoodParameter, curvature, impossible};

/// P(y = 1) = probability, P(y = 0) = 1 − probability.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bernoulli;

const PARAMETERS: [LikelihoodParameter; 1] = [LikelihoodParameter::new(
    "probability",
    Domain::Interval(0.0, 1.0),
    "probability of 1",
    DefaultValue::Required,
)];

impl Bernoulli {
    pub(super) const INFO: Info = Info {
        name: "bernoulli",
        formula: "P(y = 1) = probability, P(y = 0) = 1 - probability",
        support: "0 and 1",
        about: "yes or no",
    };
    pub(super) const EXAMPLES: &'static [Example] =
        &[Example::new(&[0.3]).refused(&[2.0]), Example::new(&[0.99]), Example::new(&[1e-5])];
}

impl Likelihood for Bernoulli {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn is_discrete(&self) -> bool {
        true
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        if y == 0.0 || y == 1.0 { Ok(()) } else { Err("yes is 1 and no is 0".into()) }
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let probability = p[0];
        if !(0.0 < probability && probability < 1.0) {
            return impossible(gradient);
        }
        if y == 1.0 {
            gradient[0] = 1.0 / probability;
            probability.ln()
        } else if y == 0.0 {
            gradient[0] = -1.0 / (1.0 - probability);
            (-probability).ln_1p()
        } else {
            impossible(gradient)
        }
    }

    /// The observed information, which is positive.
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        let mut slope = [0.0];
        self.log_prob_gradient(y, p, &mut slope);
        curvature::write(out, &[slope[0] * slope[0]]);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.curvature(y, p, out);
    }

    fn third_derivatives(&self, y: f64, p: &[f64], out: &mut [f64]) {
        let mut slope = [0.0];
        self.log_prob_gradient(y, p, &mut slope);
        out[0] = 2.0 * slope[0].powi(3);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        1.0 - self.sf(y, p)
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        if y < 0.0 {
            1.0
        } else if y < 1.0 {
            p[0]
        } else {
            0.0
        }
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        let sf = self.sf(y, p);
        ((-sf).ln_1p(), sf.ln())
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        whole_quantile(q, 1.0, 0.0, |y| self.cdf(y, p))
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        whole_isf(q, 1.0, 0.0, |y| self.sf(y, p))
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        f64::from(u8::from(rng.random::<f64>() < p[0]))
    }

    fn mean(&self, p: &[f64]) -> f64 {
        p[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        (p[0] * (1.0 - p[0])).sqrt()
    }
}
