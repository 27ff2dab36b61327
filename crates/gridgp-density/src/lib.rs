//! Log densities of the unknowns, with gradients: what inference sees of a model.

pub mod gaps;
pub mod joint;
mod marginal;
pub mod memory;
mod nested;
mod observed_equation;
mod posterior;
mod samples;

pub use joint::{ExpectedJoint, InformedJoint, Joint, refuse_planes};
pub use marginal::{
    Arrangement, Conditioned, Marginal, MarginalValue, Plan, SeriesPlace, SparsePlace,
    SpectralSolution, Target,
};
pub use nested::{Correction, NestedLaplace, NestedPlan, NestedPosterior};
pub use observed_equation::ObservedEquation;
pub use posterior::LogPosterior;
pub use samples::Samples;

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

    /// The standard error of the last value, beyond rounding; 0 where values are exact.
    fn standard_error(&self) -> f64 {
        0.0
    }
}

impl<D: LogDensity + ?Sized> LogDensity for Box<D> {
    fn dim(&self) -> usize {
        (**self).dim()
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        (**self).log_density_gradient(x, gradient)
    }

    fn standard_error(&self) -> f64 {
        (**self).standard_error()
    }
}

/// The expectation of a log density over some of its unknowns, which are independent normals.
///
/// Unknowns come in two parts, x = \[u; z\]: the first [`sampled`](Self::sampled) of them are where
/// they are, of the others x holds the means. Contract otherwise as for [`LogDensity`].
pub trait ExpectedLogDensity {
    /// Number of unknowns d.
    fn dim(&self) -> usize;

    /// How many unknowns come first, over which there is no expectation.
    fn sampled(&self) -> usize;

    /// E log p(u, z) over z ~ N(x\[sampled..\], diag sd²). The derivatives with respect to x are
    /// written to `gradient`, those with respect to `sd`, of which there is one for each z, to
    /// `sd_gradient`.
    fn expectation_gradient(
        &mut self,
        x: &[f64],
        sd: &[f64],
        gradient: &mut [f64],
        sd_gradient: &mut [f64],
    ) -> f64;
}
