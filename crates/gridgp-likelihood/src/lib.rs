//! Likelihoods: the distribution of one observation given its parameters.
//!
//! A [`Likelihood`] is pointwise and knows nothing of links: parameters arrive on their natural
//! scale, `p = [location, scale, …]` in the order of [`parameters`](Likelihood::parameters). What
//! it gives back is what every engine needs: the log density with its gradient (sampling), a
//! positive semidefinite curvature (Laplace, quadrature), and cdf, quantile and draws (prediction,
//! residuals).
//!
//! # The families
//! The parameters come in this order; the link is the usual one, chosen outside. In parentheses:
//! what a parameter is where the model file leaves it out. *Noise* is an unknown standard deviation
//! in the unit of the response, with the default prior of noise.
//!
//! | name | parameters | support of y | link |
//! |---|---|---|---|
//! | `gaussian` | location, scale (*noise*) | all numbers | identity; log for the scale |
//! | `student_t` | location, scale (*noise*), df (`gamma(2, rate = 0.1)`) | all numbers | identity |
//! | `laplace` | location, scale (*noise*) | all numbers | identity |
//! | `log_normal` | location, scale (`half_normal(1)`), both of log y | y > 0 | identity |
//! | `gamma` | mean, shape (`gamma(2, rate = 0.1)`) | y > 0 | log |
//! | `beta` | mean, concentration (`gamma(2, rate = 0.1)`) | 0 < y < 1 | logit |
//! | `bernoulli` | probability | 0, 1 | logit |
//! | `binomial` | probability, trials (known, 1) | 0 … trials | logit |
//! | `poisson` | rate | 0, 1, 2 … | log; an exposure is an offset |
//! | `negative_binomial` | mean, concentration (`gamma(2, rate = 0.1)`) | 0, 1, 2 … | log |
//! | `von_mises` | location, concentration (`gamma(2, rate = 0.1)`) | angles in radians | identity |
//! | `gev` | location, scale (*noise*), shape (`normal(0, 0.2)`) | 1 + shape z > 0 | identity; log for the scale |
//! | `gumbel` | location, scale (*noise*) | all numbers | identity; log for the scale |
//! | `frechet` | location, scale (*noise*), shape > 0 (`half_normal(0.2)`) | y > location − scale/shape | identity; log for the scale |
//! | `reversed_weibull` | location, scale (*noise*), shape < 0 (`truncated_normal(0, 0.2, upper = 0)`) | y < location − scale/shape | identity; log for the scale |
//! | `generalized_pareto` | scale (*noise*), shape (`normal(0, 0.2)`), threshold (known, 0) | y ≥ threshold, 1 + shape z > 0 | log for the scale |
//! | `r_largest` | location, scale (*noise*), shape (`normal(0, 0.2)`), upper (known: the next larger value) | as `gev`, y ≤ upper | identity; log for the scale |
//! | `blended_gev` | location, scale (*noise*), shape (`normal(0, 0.2)`) | all numbers; below the upper end if shape < 0 | identity; log for the scale |
//!
//! Conventions that differ between books: a scale is a standard deviation only for the Gaussian;
//! gamma, beta and negative binomial are written by their mean; shape > 0 is the heavy tail.
//!
//! # Accuracy
//! Log densities agree with 50-digit arithmetic to 1e-13 (relative, or absolute below 1), in the
//! tails, for rates up to 1e9 and concentrations up to 1e8, and through shape 0.
//!
//! # Example
//! ```
//! use gridgp_likelihood::{Family, Likelihood};
//!
//! let family = Family::from_name("poisson").unwrap();
//! let mut gradient = [0.0];
//! let value = family.log_prob_gradient(3.0, &[2.5], &mut gradient);
//! assert!((value - (3.0 * 2.5f64.ln() - 2.5 - 6f64.ln())).abs() < 1e-14);
//! assert!((gradient[0] - 0.2).abs() < 1e-15);
//! assert!(family.check(-1.0, &[]).unwrap_err().contains("whole number"));
//! ```
//!
//! # Add a likelihood
//! 1. A file with its formula, its `PARAMETERS`, its `INFO` and `EXAMPLES`, and its code.
//! 2. A line in `families!`, in `family.rs`. The conformance test runs over that list.
//! 3. Values from 50-digit arithmetic in `reference.rs`, and a row in the table above.
//!
//! Your own likelihood implements the trait and is used through [`Family::Custom`]; check it with
//! [`testing::check_likelihood`].

mod column;
mod curvature;
mod differences;
mod family;
mod log_odds;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tails;
pub mod testing;
mod whole;

mod bernoulli;
mod beta;
mod binomial;
mod blended_gev;
mod gamma;
mod gaussian;
mod generalized_pareto;
mod gev;
mod gumbel;
mod laplace;
mod log_normal;
mod negative_binomial;
mod poisson;
mod r_largest;
mod student_t;
mod von_mises;

pub use bernoulli::Bernoulli;
pub use beta::Beta;
pub use binomial::Binomial;
pub use blended_gev::BlendedGev;
pub use column::Column;
pub use family::Family;
pub use gamma::Gamma;
pub use gaussian::Gaussian;
pub use generalized_pareto::GeneralizedPareto;
pub use gev::{Frechet, Gev, ReversedWeibull};
pub use gumbel::Gumbel;
pub use laplace::Laplace;
pub use log_normal::LogNormal;
pub use negative_binomial::NegativeBinomial;
pub use poisson::Poisson;
pub use r_largest::{NONE_ABOVE, RLargest};
pub use student_t::StudentT;
pub use von_mises::VonMises;

use std::fmt::Debug;

use gridgp_dist::Domain;
use rand::Rng;

/// Most parameters that a likelihood can have.
pub const MAX_PARAMETERS: usize = 4;

/// A parameter of a likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikelihoodParameter {
    /// Its name in model files, `"scale"`.
    pub name: &'static str,
    /// The values that it may take.
    pub domain: Domain,
    /// What it is, in a few words.
    pub about: &'static str,
    /// What it is where the model file leaves it out.
    pub default: DefaultValue,
}

impl LikelihoodParameter {
    /// A parameter.
    pub const fn new(
        name: &'static str,
        domain: Domain,
        about: &'static str,
        default: DefaultValue,
    ) -> Self {
        Self { name, domain, about, default }
    }
}

/// What there is to know about a built-in likelihood before its parameters have values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Its name in model files.
    pub name: &'static str,
    /// The density of y, in plain text.
    pub formula: &'static str,
    /// Where the density is positive, in terms of the parameters.
    pub support: &'static str,
    /// One line for people who choose.
    pub about: &'static str,
}

/// What a parameter of a likelihood is where the model file leaves it out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DefaultValue {
    /// It must be written.
    Required,
    /// An unknown with this prior, in the language of model files: `"gamma(2, rate = 0.1)"`.
    Prior(&'static str),
    /// An unknown standard deviation in the unit of the response, with the default prior of noise.
    Noise,
    /// A known number. Such a parameter is always known: a number or a covariate, without a
    /// gradient (the trials of a binomial).
    Known(f64),
}

/// The distribution of one observation y given P parameters p.
///
/// The contract, in full:
/// - `p`, `gradient` and so on have P entries, in the order of [`parameters`](Self::parameters);
///   callers keep that.
/// - Log densities are normalized. Where y lies outside the support, or a parameter outside its
///   domain, the log density is −∞ and the gradient 0.
/// - What is asked about NaN is NaN: [`log_prob`](Self::log_prob), [`cdf`](Self::cdf),
///   [`quantile`](Self::quantile) and so on, at a y or with a parameter that is NaN. What engines
///   ask, [`log_prob_gradient`](Self::log_prob_gradient) and [`accumulate`](Self::accumulate), is −∞
///   there, as outside, and never NaN.
/// - The entry of a gradient or curvature that belongs to a known parameter
///   ([`DefaultValue::Known`]) is 0.
pub trait Likelihood: Debug + Send + Sync {
    /// The parameters, in the order of p; at most [`MAX_PARAMETERS`].
    fn parameters(&self) -> &[LikelihoodParameter];

    /// Whether y takes only whole numbers.
    fn is_discrete(&self) -> bool {
        false
    }

    /// Whether y can be an observation at all, whatever the unknown parameters are; `known` has
    /// the values of the known parameters in their places.
    ///
    /// # Errors
    /// What y would have to be: `"a Poisson count is 0, 1, 2 …"`.
    fn check(&self, y: f64, known: &[f64]) -> Result<(), String>;

    /// log p(y | p).
    fn log_prob(&self, y: f64, p: &[f64]) -> f64 {
        if has_nan(y, p) {
            return f64::NAN;
        }
        self.log_prob_gradient(y, p, &mut [0.0; MAX_PARAMETERS][..p.len()])
    }

    /// log p(y | p); its derivatives with respect to p are written to `gradient`.
    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64;

    /// −∂²log p/∂p∂pᵀ where that is positive semidefinite, the expected information elsewhere;
    /// P × P, row-major, written to `out`. All 0 where the density is 0.
    ///
    /// A few laws have no expected information at some parameters (a GEV of shape ≤ −½). There it
    /// is the product of the gradient with itself, whose expectation it would be.
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]);

    /// −∂²log p/∂p∂pᵀ itself, also where it is indefinite; P × P, row-major, written to `out`. All 0
    /// where the density is 0.
    ///
    /// The default takes central differences of the gradient, with some ten digits.
    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        differences::information(self, y, p, out);
    }

    /// ∂³log p/∂p∂p∂p; P × P × P, symmetric, written to `out`. All 0 where the density is 0.
    ///
    /// The default takes central differences of the
    /// [observed information](Self::observed_information), with some nine digits of what the log
    /// density varies by over the distance in which it changes by 1.
    fn third_derivatives(&self, y: f64, p: &[f64], out: &mut [f64]) {
        differences::third(self, y, p, out);
    }

    /// P(Y ≤ y).
    fn cdf(&self, y: f64, p: &[f64]) -> f64;

    /// P(Y > y). Built-in likelihoods keep its digits where it is small, which 1 − `cdf`, the
    /// default, has lost.
    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        1.0 - self.cdf(y, p)
    }

    /// (log P(Y ≤ y), log P(Y > y)), by the built-in likelihoods also where a probability underflows.
    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        (self.cdf(y, p).ln(), self.sf(y, p).ln())
    }

    /// The smallest y with P(Y ≤ y) ≥ q; the ends of the support at q = 0 and q = 1.
    fn quantile(&self, q: f64, p: &[f64]) -> f64;

    /// The smallest y with P(Y > y) ≤ q, the inverse of [`sf`](Self::sf) for any small q; the ends of
    /// the support at q = 1 and q = 0. The default is the quantile of 1 − q.
    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        self.quantile(1.0 - q, p)
    }

    /// One draw of Y.
    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64;

    /// E(Y); NaN or infinite where it does not exist.
    fn mean(&self, p: &[f64]) -> f64;

    /// The standard deviation of Y; NaN or infinite where it does not exist.
    fn sd(&self, p: &[f64]) -> f64;

    /// (E cos Y, E sin Y) if Y is an angle in radians; `None` if it is a number on the line. Angles
    /// are averaged by it: their means and deviations as numbers depend on where the circle is cut.
    fn resultant(&self, p: &[f64]) -> Option<(f64, f64)> {
        let _ = p;
        None
    }

    /// Σᵢ log p(yᵢ | pᵢ) over n observations, with its derivatives.
    ///
    /// A column is a number for all observations or n numbers. The derivative with respect to
    /// column k is **added** to `bars[k]`, which has one entry for a number and n otherwise.
    /// Returns −∞ as soon as an observation has density 0; the bars are then unspecified.
    ///
    /// The default is a loop over [`log_prob_gradient`](Self::log_prob_gradient); a likelihood may
    /// hoist what does not change out of it.
    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        accumulate_pointwise(self, y, p, bars)
    }
}

/// [`Likelihood::accumulate`] as a loop over the observations.
fn accumulate_pointwise<L: Likelihood + ?Sized>(
    likelihood: &L,
    y: &[f64],
    p: &[Column<'_>],
    bars: &mut [&mut [f64]],
) -> f64 {
    accumulate_by(y, p, bars, |y, p, gradient| likelihood.log_prob_gradient(y, p, gradient))
}

/// [`Likelihood::accumulate`] with this log density and gradient, `f(y, p, gradient)`.
fn accumulate_by(
    y: &[f64],
    p: &[Column<'_>],
    bars: &mut [&mut [f64]],
    mut f: impl FnMut(f64, &[f64], &mut [f64]) -> f64,
) -> f64 {
    let count = p.len();
    let (mut at, mut slope) = ([0.0; MAX_PARAMETERS], [0.0; MAX_PARAMETERS]);
    let mut total = 0.0;
    for (i, &y) in y.iter().enumerate() {
        for (v, column) in at.iter_mut().zip(p) {
            *v = column.at(i);
        }
        let value = f(y, &at[..count], &mut slope[..count]);
        if value == f64::NEG_INFINITY {
            return value;
        }
        total += value;
        for ((bar, column), s) in bars.iter_mut().zip(p).zip(&slope) {
            bar[column.index(i)] += s;
        }
    }
    total
}

/// Whether the density is not 0.
fn is_possible<L: Likelihood + ?Sized>(likelihood: &L, y: f64, p: &[f64]) -> bool {
    likelihood.log_prob(y, p) > f64::NEG_INFINITY
}

/// Whether y or a parameter is NaN.
fn has_nan(y: f64, p: &[f64]) -> bool {
    y.is_nan() || p.iter().any(|v| v.is_nan())
}

/// Whether a scale, a rate and the like is in (0, ∞).
fn is_positive(v: f64) -> bool {
    v > 0.0 && v < f64::INFINITY
}

/// The log density 0 has, with its gradient.
fn impossible(gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    f64::NEG_INFINITY
}

/// A log density that may have overflowed, itself or in its gradient; it then counts as −∞.
fn settled(value: f64, gradient: &mut [f64]) -> f64 {
    let finite = value.is_finite() && gradient.iter().all(|g| g.is_finite());
    if finite { value } else { impossible(gradient) }
}

/// The check of a y that can be any number.
fn check_finite(y: f64) -> Result<(), String> {
    if y.is_finite() { Ok(()) } else { Err("it must be finite".into()) }
}
