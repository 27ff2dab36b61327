//! The beta distribution by its mean.

use gridgp_dist::Domain;
use gridgp_dist::special::{
    beta_quantile, beta_tails, digamma, ln_beta_kernel, ln_beta_tails, trigamma,
};
use rand::Rng;
use rand_distr::Distribution as _;

use super::curvature::Which;
use super::testing::Example;
use super::{DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{impossible, is_positive, is_possible};

/// p(y) = y^(a − 1) (1 − y)^(b − 1) / B(a, b) for 0 < y < 1, a = mean · concentration,
/// b = (1 − mean) · concentration.
///
/// The variance is mean (1 − mean)/(concentration + 1).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Beta;

const PARAMETERS: [LikelihoodParameter; 2] = [
    LikelihoodParameter::new("mean", Domain::Interval(0.0, 1.0), "mean", DefaultValue::Required),
    LikelihoodParameter::new(
        "concentration",
        Domain::Positive,
        "a + b; large for little spread",
        DefaultValue::Prior("gamma(2, rate = 0.1)"),
    ),
];

/// log y − log(1 − y).
fn logit(y: f64) -> f64 {
    y.ln() - (-y).ln_1p()
}

impl Beta {
    pub(super) const INFO: Info = Info {
        name: "beta",
        formula: "p(y) = y^(a - 1) (1 - y)^(b - 1) / B(a, b), a = mean · concentration, b = (1 - mean) · concentration",
        support: "(0, 1)",
        about: "shares and fractions, neither 0 nor 1",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[0.3, 8.0]).refused(&[0.0, 1.0, -0.5, 1.5]),
        Example::new(&[0.5, 2.5]),
        Example::new(&[0.9, 60.0]),
        Example::new(&[0.2, 1.5]),
    ];

    fn shapes(p: &[f64]) -> (f64, f64) {
        (p[0] * p[1], (1.0 - p[0]) * p[1])
    }

    /// log p(y) and what its derivatives with respect to a and b are above ψ(a + b); `None` where y
    /// is impossible.
    pub(super) fn by_shapes(y: f64, a: f64, b: f64) -> Option<(f64, f64, f64)> {
        if !(0.0 < y && y < 1.0 && is_positive(a) && is_positive(b)) {
            return None;
        }
        let (log, rest) = (y.ln(), (-y).ln_1p());
        let value = ln_beta_kernel(a, b, y, 1.0 - y) - log - rest;
        value.is_finite().then(|| (value, log - digamma(a), rest - digamma(b)))
    }
}

impl Beta {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let (mean, concentration) = (p[0], p[1]);
        let (a, b) = Self::shapes(p);
        let (first, second) = (trigamma(a), trigamma(b));
        let rest = 1.0 - mean;
        let expected = [
            concentration * concentration * (first + second),
            concentration * (mean * first - rest * second),
            mean * mean * first + rest * rest * second - trigamma(concentration),
        ];
        let score = logit(y) - digamma(a) + digamma(b);
        let observed = [expected[0], expected[1] - score, expected[2]];
        which.write(out, observed, || expected);
    }
}

impl Likelihood for Beta {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        if 0.0 < y && y < 1.0 {
            Ok(())
        } else {
            Err("a share lies between 0 and 1, ends excluded".into())
        }
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let (mean, concentration) = (p[0], p[1]);
        let (a, b) = Self::shapes(p);
        let found = Self::by_shapes(y, a, b).filter(|_| concentration > 0.0);
        let Some((value, from_a, from_b)) = found else {
            return impossible(gradient);
        };
        gradient[0] = concentration * (from_a - from_b);
        gradient[1] = mean * from_a + (1.0 - mean) * from_b + digamma(concentration);
        value
    }

    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Semidefinite, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Observed, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        let (a, b) = Self::shapes(p);
        beta_tails(a, b, y, 1.0 - y).0
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        let (a, b) = Self::shapes(p);
        beta_tails(a, b, y, 1.0 - y).1
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        let (a, b) = Self::shapes(p);
        ln_beta_tails(a, b, y, 1.0 - y)
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        let (a, b) = Self::shapes(p);
        beta_quantile(a, b, q, 1.0 - q).0
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        let (a, b) = Self::shapes(p);
        beta_quantile(a, b, 1.0 - q, q).0
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        let (a, b) = Self::shapes(p);
        rand_distr::Beta::new(a, b).map_or(f64::NAN, |beta| beta.sample(rng))
    }

    fn mean(&self, p: &[f64]) -> f64 {
        p[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        (p[0] * (1.0 - p[0]) / (p[1] + 1.0)).sqrt()
    }
}
