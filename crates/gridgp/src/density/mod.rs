//! Log densities of the unknowns, with gradients: what inference sees of a model.

pub(crate) mod joint;
mod marginal;
mod posterior;

pub use joint::{InformedJoint, Joint};
pub use marginal::{Marginal, MarginalValue};
pub use posterior::LogPosterior;

/// A log density on ℝᵈ with its gradient.
///
/// The contract, in full:
/// - `x` has `dim` entries and so has `gradient`; both are the caller's.
/// - The value may lack a constant that does not depend on `x`.
/// - Outside the support, or where a covariance cannot be factorized, the value is −∞ and the
///   gradient is unspecified; it is never NaN.
/// - `&mut self` is for scratch memory only: the same `x` gives the same value, whatever came
///   before.
pub trait LogDensity {
    /// Number of unknowns d.
    fn dim(&self) -> usize;

    /// The value at `x`; the gradient is written to `gradient`.
    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64;
}
