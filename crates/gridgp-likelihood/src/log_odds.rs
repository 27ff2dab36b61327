//! Laws with a probability or a mean in (0, 1), by its log odds.

use gridgp_dist::Domain;
use gridgp_dist::special::{beta_quantile, beta_tails, digamma, ln_beta_tails, trigamma};
use rand::Rng;
use rand_distr::Distribution as _;

use super::binomial::{by_beta, log_mass};
use super::curvature::{Which, write};
use super::whole::{is_count, whole_isf, whole_quantile};
use super::{Bernoulli, Beta, Binomial, DefaultValue, Likelihood, LikelihoodParameter};
use super::{differences, impossible, is_possible, settled};

/// [`Bernoulli`], [`Binomial`] or [`Beta`] with p = 1/(1 + exp(−l)) given as l.
///
/// A probability of 1 − 10⁻²⁰ is 1 in `f64`, and then log P(0) is lost with its derivative; its log
/// odds are 46. What is known is p and 1 − p, both with all digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LogOdds {
    Bernoulli,
    Binomial,
    Beta,
}

const ODDS: LikelihoodParameter = LikelihoodParameter::new(
    "log_odds",
    Domain::Real,
    "log(p/(1 - p)) of a probability or a mean",
    DefaultValue::Required,
);
const COUNT: [LikelihoodParameter; 2] = [
    ODDS,
    LikelihoodParameter::new(
        "trials",
        Domain::Positive,
        "number of trials, known",
        DefaultValue::Known(1.0),
    ),
];
const SHARE: [LikelihoodParameter; 2] = [
    ODDS,
    LikelihoodParameter::new(
        "concentration",
        Domain::Positive,
        "a + b; large for little spread",
        DefaultValue::Prior("gamma(2, rate = 0.1)"),
    ),
];

/// p and 1 − p.
fn split(log_odds: f64) -> [f64; 2] {
    let e = (-log_odds.abs()).exp();
    let (large, small) = (1.0 / (1.0 + e), e / (1.0 + e));
    if log_odds >= 0.0 { [large, small] } else { [small, large] }
}

/// log p and log(1 − p).
fn logs(log_odds: f64) -> [f64; 2] {
    let rest = (-log_odds.abs()).exp().ln_1p();
    [log_odds.min(0.0) - rest, (-log_odds).min(0.0) - rest]
}

/// The number of trials, 1 of Bernoulli's law.
fn trials(p: &[f64]) -> f64 {
    p.get(1).copied().unwrap_or(1.0)
}

/// The a and b of a beta distribution.
fn shapes(p: &[f64]) -> (f64, f64) {
    let [mean, rest] = split(p[0]);
    (mean * p[1], rest * p[1])
}

impl LogOdds {
    fn natural(self) -> &'static dyn Likelihood {
        match self {
            Self::Bernoulli => &Bernoulli,
            Self::Binomial => &Binomial,
            Self::Beta => &Beta,
        }
    }

    fn log_share(y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let ([mean, rest], (a, b)) = (split(p[0]), shapes(p));
        let found = Beta::by_shapes(y, a, b).filter(|_| p[0].is_finite());
        let Some((value, from_a, from_b)) = found else {
            return impossible(gradient);
        };
        gradient[0] = p[1] * mean * rest * (from_a - from_b);
        gradient[1] = mean * from_a + rest * from_b + digamma(p[1]);
        settled(value, gradient)
    }
}

impl LogOdds {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let [mean, rest] = split(p[0]);
        let slope = mean * rest;
        if *self != Self::Beta {
            return write(out, &[trials(p) * slope]);
        }
        let ((a, b), c) = (shapes(p), p[1]);
        let (first, second) = (trigamma(a), trigamma(b));
        let expected = [
            (c * slope).powi(2) * (first + second),
            c * slope * (mean * first - rest * second),
            mean * mean * first + rest * rest * second - trigamma(c),
        ];
        let score = y.ln() - (-y).ln_1p() - digamma(a) + digamma(b);
        let bend = c * slope * (rest - mean) * score;
        let observed = [expected[0] - bend, expected[1] - slope * score, expected[2]];
        which.write(out, observed, || expected);
    }
}

impl Likelihood for LogOdds {
    fn parameters(&self) -> &[LikelihoodParameter] {
        match self {
            Self::Bernoulli => &COUNT[..1],
            Self::Binomial => &COUNT,
            Self::Beta => &SHARE,
        }
    }

    fn is_discrete(&self) -> bool {
        self.natural().is_discrete()
    }

    fn check(&self, y: f64, known: &[f64]) -> Result<(), String> {
        self.natural().check(y, known)
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        if *self == Self::Beta {
            return Self::log_share(y, p, gradient);
        }
        let (n, both) = (trials(p), split(p[0]));
        if !(p[0].is_finite() && is_count(n) && n > 0.0 && is_count(y) && y <= n) {
            return impossible(gradient);
        }
        gradient.fill(0.0);
        gradient[0] = y * both[1] - (n - y) * both[0];
        settled(log_mass(y, n, both, logs(p[0])), gradient)
    }

    /// trials · p (1 − p), observed as expected. For a share, where the observed information is not
    /// positive semidefinite, the expected one.
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Semidefinite, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Observed, out);
    }

    fn third_derivatives(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if *self == Self::Beta {
            return differences::third(self, y, p, out);
        }
        out.fill(0.0);
        if is_possible(self, y, p) {
            let [mean, rest] = split(p[0]);
            out[0] = trials(p) * mean * rest * (mean - rest);
        }
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        self.tails(beta_tails, y, p).0
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        self.tails(beta_tails, y, p).1
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        self.tails(ln_beta_tails, y, p)
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        match self {
            Self::Beta => beta_quantile(shapes(p).0, shapes(p).1, q, 1.0 - q).0,
            _ => whole_quantile(q, trials(p), self.mean(p), |y| self.cdf(y, p)),
        }
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        match self {
            Self::Beta => beta_quantile(shapes(p).0, shapes(p).1, 1.0 - q, q).0,
            _ => whole_isf(q, trials(p), self.mean(p), |y| self.sf(y, p)),
        }
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        if *self == Self::Beta {
            let (a, b) = shapes(p);
            return rand_distr::Beta::new(a, b).map_or(f64::NAN, |beta| beta.sample(rng));
        }
        self.natural().sample(rng, &[split(p[0])[0], trials(p)])
    }

    fn mean(&self, p: &[f64]) -> f64 {
        let scale = if *self == Self::Beta { 1.0 } else { trials(p) };
        scale * split(p[0])[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        let [mean, rest] = split(p[0]);
        let scale = if *self == Self::Beta { 1.0 / (p[1] + 1.0) } else { trials(p) };
        (scale * mean * rest).sqrt()
    }
}

impl LogOdds {
    /// (P(Y ≤ y), P(Y > y)) or their logarithms, by the `tails` of the beta distribution.
    fn tails(
        self,
        tails: impl Fn(f64, f64, f64, f64) -> (f64, f64),
        y: f64,
        p: &[f64],
    ) -> (f64, f64) {
        match self {
            Self::Beta => tails(shapes(p).0, shapes(p).1, y, 1.0 - y),
            _ => by_beta(tails, y, trials(p), split(p[0])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Example, check_likelihood};

    #[test]
    fn the_laws_conform() {
        check_likelihood(&LogOdds::Bernoulli, &[Example::new(&[-0.8]), Example::new(&[4.0])]);
        let counts = [Example::new(&[-0.8, 12.0]).refused(&[13.0]), Example::new(&[2.2, 1000.0])];
        check_likelihood(&LogOdds::Binomial, &counts);
        let shares = [Example::new(&[-0.8, 8.0]).refused(&[0.0, 1.0]), Example::new(&[2.2, 60.0])];
        check_likelihood(&LogOdds::Beta, &shares);
    }

    #[test]
    fn they_are_the_natural_laws() {
        for law in [LogOdds::Bernoulli, LogOdds::Binomial, LogOdds::Beta] {
            let (y, second) = if law == LogOdds::Beta { (0.7, 4.0) } else { (1.0, 9.0) };
            for l in [-3.0, 0.1, 2.0] {
                let natural = [split(l)[0], second];
                let count = law.parameters().len();
                let here = law.log_prob(y, &[l, second][..count]);
                let there = law.natural().log_prob(y, &natural[..count]);
                approx::assert_relative_eq!(here, there, max_relative = 1e-13);
                let all = |law: &dyn Likelihood, p: &[f64]| {
                    let (lower, upper) = law.log_tails(0.4, p);
                    [law.cdf(0.4, p), law.sf(0.4, p), law.isf(0.4, p), lower, upper]
                };
                let here = all(&law, &[l, second][..count]);
                for (a, b) in here.into_iter().zip(all(law.natural(), &natural[..count])) {
                    approx::assert_relative_eq!(a, b, max_relative = 1e-12);
                }
            }
        }
    }

    /// Where the probability is 1 in `f64`, by log P(0) = −log(1 + eˡ) ≈ −l.
    #[test]
    fn the_distance_from_one_is_kept() {
        for l in [38.0, 200.0, 700.0] {
            let mut slope = [0.0];
            let value = LogOdds::Bernoulli.log_prob_gradient(0.0, &[l], &mut slope);
            assert_eq!((value, slope), (-l, [-1.0]));
            let below = LogOdds::Bernoulli.log_tails(0.0, &[l]).0;
            approx::assert_relative_eq!(below, -l, max_relative = 1e-15);
            let mut slopes = [0.0; 2];
            let value = LogOdds::Binomial.log_prob_gradient(3.0, &[l, 5.0], &mut slopes);
            approx::assert_relative_eq!(value, 10f64.ln() - 2.0 * l, max_relative = 1e-14);
            assert_eq!(slopes, [-2.0, 0.0]);
            // a = c and b = c e⁻ˡ: log B(a, b) is −log b.
            let value = LogOdds::Beta.log_prob_gradient(0.25, &[l, 3.0], &mut slopes);
            let expected = 2.0 * 0.25f64.ln() - 0.75f64.ln() + 3f64.ln() - l;
            approx::assert_relative_eq!(value, expected, max_relative = 1e-12);
            approx::assert_relative_eq!(slopes[0], -1.0, max_relative = 1e-9);
        }
    }
}
