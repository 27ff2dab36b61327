//! Univariate distributions, used as priors.
//!
//! Each distribution is one file with its formula, code and tests, and one line in the list of
//! [`Prior`]. A distribution is written as in a model file, `gamma(2, rate = 2)`, and printed the
//! same way. Every support is an open interval (a [`Domain`]): end points have no mass, and an open
//! interval has a smooth bijection from the real line.
//!
//! ```
//! use gridgp_dist::{Distribution, Prior};
//!
//! let prior = Prior::from_call("gamma", &[(None, 2.0), (Some("scale"), 0.5)]).unwrap();
//! assert_eq!(prior.to_string(), "gamma(2, rate = 2)");
//! assert!((prior.log_prob(1.0) - (4.0f64.ln() - 2.0)).abs() < 1e-14);
//! ```

mod domain;
mod prior;
mod root;
pub mod special;
pub mod testing;
mod written;

mod beta;
mod exponential;
mod gamma;
mod half_cauchy;
mod half_normal;
mod half_student_t;
mod inverse_gamma;
mod log_normal;
mod normal;
mod pc_amplitude;
mod pc_lengthscale;
mod truncated_normal;
mod uniform;

pub use beta::Beta;
pub use domain::Domain;
pub use exponential::Exponential;
pub use gamma::Gamma;
pub use half_cauchy::HalfCauchy;
pub use half_normal::HalfNormal;
pub use half_student_t::HalfStudentT;
pub use inverse_gamma::InverseGamma;
pub use log_normal::LogNormal;
pub use normal::Normal;
pub use pc_amplitude::PcAmplitude;
pub use pc_lengthscale::PcLengthscale;
pub use prior::Prior;
pub use truncated_normal::TruncatedNormal;
pub use uniform::Uniform;
pub use written::{Argument, Info, Style};

use rand::Rng;

/// The log density outside of the support.
fn outside(x: f64) -> f64 {
    if x.is_nan() { x } else { f64::NEG_INFINITY }
}

/// max(x, 0), but NaN of NaN.
fn positive_part(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { x }
}

/// A continuous distribution of one real variable x.
///
/// Densities are normalized. Outside the support the log density is −∞ and its derivative 0. Log
/// density, cdf and quantile of NaN are NaN.
pub trait Distribution {
    /// log p(x).
    fn log_prob(&self, x: f64) -> f64;

    /// d log p / dx.
    fn log_prob_derivative(&self, x: f64) -> f64;

    /// P(X ≤ x).
    fn cdf(&self, x: f64) -> f64;

    /// The x with P(X ≤ x) = p; the ends of the support at p = 0 and p = 1, NaN outside [0, 1].
    fn quantile(&self, p: f64) -> f64;

    /// One draw.
    ///
    /// A draw nearer to an end of the support than `f64` resolves is rounded onto that end.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64;

    /// Where the density is positive, an open interval.
    fn support(&self) -> Domain;

    /// The mean, `None` where it does not exist or is not a finite `f64`.
    fn mean(&self) -> Option<f64>;

    /// The standard deviation, `None` where it does not exist or is not a finite `f64`.
    fn sd(&self) -> Option<f64>;

    /// The median.
    fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}
