//! The negative binomial distribution by its mean.

use std::f64::consts::FRAC_PI_2;

use gridgp_dist::Domain;
use gridgp_dist::special::{
    LN_SQRT_2PI, beta_tails, deviance, digamma_excess, ln_1p_minus, ln_beta_tails, normal_quantile,
    stirling_error, trigamma_excess,
};
use rand::Rng;
use rand_distr::Distribution as _;

use super::curvature::Which;
use super::testing::Example;
use super::whole::{check_count, is_count, whole_isf, whole_quantile};
use super::{Column, DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{accumulate_by, impossible, is_positive, is_possible, settled};

/// P(y) = Γ(y + c)/(Γ(c) y!) · (c/(c + mean))ᶜ (mean/(c + mean))ʸ for y = 0, 1, 2 …, where c is the
/// concentration.
///
/// The variance is mean + mean²/concentration: a large concentration is Poisson's law, a small one
/// has a long tail. Elsewhere 1/concentration is called the dispersion.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NegativeBinomial;

const PARAMETERS: [LikelihoodParameter; 2] = [
    LikelihoodParameter::new("mean", Domain::Positive, "expected count", DefaultValue::Required),
    LikelihoodParameter::new(
        "concentration",
        Domain::Positive,
        "variance = mean + mean²/concentration",
        DefaultValue::Prior("gamma(2, rate = 0.1)"),
    ),
];

impl NegativeBinomial {
    pub(super) const INFO: Info = Info {
        name: "negative_binomial",
        formula: "P(y) = Γ(y + c)/(Γ(c) y!) · (c/(c + mean))^c (mean/(c + mean))^y, c = concentration",
        support: "0, 1, 2 …",
        about: "counts that vary more than Poisson's",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[3.0, 2.0]),
        Example::new(&[0.2, 0.5]),
        Example::new(&[40.0, 0.8]),
        Example::new(&[100.0, 30.0]),
        Example::new(&[5.0, 5000.0]),
    ];
}

/// What depends on the count y and the concentration c alone.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    /// In the log density: the errors of Stirling's formula and the square root before it.
    value: f64,
    /// In its derivative with respect to c.
    slope: f64,
}

impl Pair {
    fn of(y: f64, c: f64) -> Self {
        let value = if y == 0.0 {
            0.0
        } else {
            stirling_error(c + y)
                - stirling_error(c)
                - stirling_error(y)
                - 0.5 * (y / c * (c + y)).ln()
                - LN_SQRT_2PI
        };
        let slope = 0.5 * (y / (c + y)) / c + (digamma_excess(c + y) - digamma_excess(c));
        Self { value, slope }
    }
}

/// Loader's form, as for a binomial: at a large concentration its parts become Poisson's.
fn with_pair(y: f64, p: &[f64], pair: Pair, gradient: &mut [f64]) -> f64 {
    let (mean, c) = (p[0], p[1]);
    if !is_positive(mean) {
        return impossible(gradient);
    }
    let value = if y == 0.0 {
        -c * (mean / c).ln_1p()
    } else {
        // c − (c + y) c/(c + mean), without its cancellation.
        let difference = c * ((mean - y) / (c + mean));
        pair.value
            - deviance(c, (c + y) * (c / (c + mean)), difference)
            - deviance(y, (c + y) * (mean / (c + mean)), -difference)
    };
    gradient[0] = c / (c + mean) * ((y - mean) / mean);
    gradient[1] = ln_1p_minus((y - mean) / (c + mean)) + pair.slope;
    settled(value, gradient)
}

/// `tails` of the beta distribution that a count y ≥ 0 has its tails from.
fn of_beta(tails: impl Fn(f64, f64, f64, f64) -> (f64, f64), y: f64, p: &[f64]) -> (f64, f64) {
    let (mean, c) = (p[0], p[1]);
    tails(c, y.floor() + 1.0, c / (c + mean), mean / (c + mean))
}

/// Counts of which [`Pair`]s are kept where the concentration is the same for all.
const FEW: usize = 64;

/// The expected information on the concentration c, E(ψ′(c) − ψ′(c + Y)) − mean/(c (c + mean)).
///
/// With ψ′(x) = ∫ t exp(−xt)/(1 − exp(−t)) dt over t > 0, the expectation is the integral of the
/// generating function of Y, which double-exponential quadrature takes. The two terms cancel at a
/// large c, where mean²/(2c²(c + mean)²) is good to a part in c.
fn concentration_information(mean: f64, c: f64) -> f64 {
    let spread = mean / (c * (c + mean));
    if c > 1e4 {
        return 0.5 * spread * spread;
    }
    const STEP: f64 = 1.0 / 16.0;
    let mut total = 0.0;
    for i in -72..=72 {
        let s = STEP * f64::from(i);
        let t = (FRAC_PI_2 * s.sinh()).exp() / c;
        let dt = FRAC_PI_2 * s.cosh() * t;
        let gone = -(-t).exp_m1();
        let missing = -(-c * (mean / c * gone).ln_1p()).exp_m1();
        let value = STEP * dt * t * (-c * t).exp() / gone * missing;
        if value > 0.0 {
            total += value;
        }
    }
    (total - spread).max(0.0)
}

impl NegativeBinomial {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let (mean, c) = (p[0], p[1]);
        let (sum, count) = (c + mean, c + y);
        let share = y / count;
        let d = (y - mean) / sum;
        let observed = [
            y / mean / mean - count / sum / sum,
            -d / sum,
            -d * d / count + 0.5 * share * (2.0 * c + y) / (c * c * count)
                - (trigamma_excess(count) - trigamma_excess(c)),
        ];
        which.write(out, observed, || [c / (mean * sum), 0.0, concentration_information(mean, c)]);
    }
}

impl Likelihood for NegativeBinomial {
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
        if !(is_positive(p[1]) && is_count(y)) {
            return impossible(gradient);
        }
        with_pair(y, p, Pair::of(y, p[1]), gradient)
    }

    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Semidefinite, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Observed, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        if y < 0.0 { 0.0 } else { of_beta(beta_tails, y, p).0 }
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        if y < 0.0 { 1.0 } else { of_beta(beta_tails, y, p).1 }
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        if y < 0.0 { (f64::NEG_INFINITY, 0.0) } else { of_beta(ln_beta_tails, y, p) }
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        let guess = self.mean(p) + self.sd(p) * normal_quantile(q);
        whole_quantile(q, f64::INFINITY, guess, |y| self.cdf(y, p))
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        let guess = self.mean(p) - self.sd(p) * normal_quantile(q);
        whole_isf(q, f64::INFINITY, guess, |y| self.sf(y, p))
    }

    /// Poisson's law with a gamma rate.
    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        let Ok(gamma) = rand_distr::Gamma::new(p[1], p[0] / p[1]) else {
            return f64::NAN;
        };
        let rate: f64 = gamma.sample(rng);
        // A rate that has underflowed.
        if rate == 0.0 {
            return 0.0;
        }
        rand_distr::Poisson::new(rate).map_or(f64::NAN, |law| law.sample(rng))
    }

    fn mean(&self, p: &[f64]) -> f64 {
        p[0]
    }

    fn sd(&self, p: &[f64]) -> f64 {
        (p[0] + p[0] * (p[0] / p[1])).sqrt()
    }

    /// With one concentration for all, what depends on it is computed once for each small count.
    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        let Column::Constant(c) = p[1] else {
            return super::accumulate_pointwise(self, y, p, bars);
        };
        if !is_positive(c) {
            return f64::NEG_INFINITY;
        }
        let (mut pairs, mut known) = ([Pair::default(); FEW], [false; FEW]);
        accumulate_by(y, p, bars, |y, p, gradient| {
            if !is_count(y) {
                return impossible(gradient);
            }
            let pair = if y < FEW as f64 {
                let i = y as usize;
                if !known[i] {
                    (pairs[i], known[i]) = (Pair::of(y, c), true);
                }
                pairs[i]
            } else {
                Pair::of(y, c)
            };
            with_pair(y, p, pair, gradient)
        })
    }
}
