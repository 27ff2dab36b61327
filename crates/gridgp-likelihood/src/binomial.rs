//! The binomial distribution.

use gridgp_dist::Domain;
use gridgp_dist::special::{
    LN_SQRT_2PI, beta_tails, deviance, ln_beta_tails, ln_factorial, normal_quantile, stirling_error,
};
use rand::Rng;
use rand_distr::Distribution as _;

use super::testing::Example;
use super::whole::{check_count, is_count, whole_isf, whole_quantile};
use super::{DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{curvature, impossible, is_possible};

/// P(y) = C(trials, y) probabilityʸ (1 − probability)^(trials − y) for y = 0 … trials.
///
/// `trials` is known: a whole number, or a covariate of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Binomial;

const PARAMETERS: [LikelihoodParameter; 2] = [
    LikelihoodParameter::new(
        "probability",
        Domain::Interval(0.0, 1.0),
        "probability of a success",
        DefaultValue::Required,
    ),
    LikelihoodParameter::new(
        "trials",
        Domain::Positive,
        "number of trials, known",
        DefaultValue::Known(1.0),
    ),
];

/// Up to here the plain formula has all digits, and its factorials are in a table.
const FEW: f64 = 128.0;

impl Binomial {
    pub(super) const INFO: Info = Info {
        name: "binomial",
        formula: "P(y) = C(trials, y) probability^y (1 - probability)^(trials - y)",
        support: "0, 1, … trials",
        about: "successes among a known number of trials",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[0.3, 12.0]).refused(&[13.0]),
        Example::new(&[0.4, 1.0]),
        Example::new(&[0.02, 100.0]),
        Example::new(&[0.9, 1000.0]),
    ];
}

/// log P(y), from the probabilities of a success and of a failure and from their logarithms.
pub(super) fn log_mass(y: f64, trials: f64, [success, failure]: [f64; 2], logs: [f64; 2]) -> f64 {
    let failures = trials - y;
    if y == 0.0 {
        trials * logs[1]
    } else if failures == 0.0 {
        trials * logs[0]
    } else if trials < FEW {
        ln_factorial(trials) - ln_factorial(y) - ln_factorial(failures)
            + y * logs[0]
            + failures * logs[1]
    } else {
        let difference = y - trials * success;
        stirling_error(trials)
            - stirling_error(y)
            - stirling_error(failures)
            - deviance(y, trials * success, difference)
            - deviance(failures, trials * failure, -difference)
            - 0.5 * (y / trials * failures).ln()
            - LN_SQRT_2PI
    }
}

/// (P(Y ≤ y), P(Y > y)) or their logarithms, by the `tails` of the beta distribution.
pub(super) fn by_beta(
    tails: impl Fn(f64, f64, f64, f64) -> (f64, f64),
    y: f64,
    trials: f64,
    [success, failure]: [f64; 2],
) -> (f64, f64) {
    let y = y.floor();
    if y < 0.0 {
        tails(1.0, 1.0, 0.0, 1.0)
    } else if y >= trials {
        tails(1.0, 1.0, 1.0, 0.0)
    } else {
        tails(trials - y, y + 1.0, failure, success)
    }
}

impl Likelihood for Binomial {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn is_discrete(&self) -> bool {
        true
    }

    fn check(&self, y: f64, known: &[f64]) -> Result<(), String> {
        let trials = known[1];
        if !(is_count(trials) && trials > 0.0) {
            return Err(format!("trials is a whole number, 1, 2, 3 …, not {trials}"));
        }
        check_count(y)?;
        if y <= trials { Ok(()) } else { Err(format!("it exceeds the number of trials, {trials}")) }
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let (probability, trials) = (p[0], p[1]);
        let possible = 0.0 < probability && probability < 1.0 && is_count(trials) && trials > 0.0;
        if !(possible && is_count(y) && y <= trials) {
            return impossible(gradient);
        }
        gradient[0] = y / probability - (trials - y) / (1.0 - probability);
        gradient[1] = 0.0;
        let both = [probability, 1.0 - probability];
        log_mass(y, trials, both, [probability.ln(), (-probability).ln_1p()])
    }

    /// The observed information, which is positive.
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let rest = 1.0 - p[0];
        curvature::write(out, &[y / (p[0] * p[0]) + (p[1] - y) / (rest * rest)]);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.curvature(y, p, out);
    }

    fn third_derivatives(&self, y: f64, p: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        if is_possible(self, y, p) {
            out[0] = 2.0 * (y / p[0].powi(3) - (p[1] - y) / (1.0 - p[0]).powi(3));
        }
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        by_beta(beta_tails, y, p[1], [p[0], 1.0 - p[0]]).0
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        by_beta(beta_tails, y, p[1], [p[0], 1.0 - p[0]]).1
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        by_beta(ln_beta_tails, y, p[1], [p[0], 1.0 - p[0]])
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        let guess = normal_quantile(q) * self.sd(p) + self.mean(p);
        whole_quantile(q, p[1], guess, |y| self.cdf(y, p))
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        let guess = self.mean(p) - normal_quantile(q) * self.sd(p);
        whole_isf(q, p[1], guess, |y| self.sf(y, p))
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        let law = rand_distr::Binomial::new(p[1] as u64, p[0]);
        law.map_or(f64::NAN, |law| law.sample(rng) as f64)
    }

    fn mean(&self, p: &[f64]) -> f64 {
        p[1] * p[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        (p[1] * p[0] * (1.0 - p[0])).sqrt()
    }
}
