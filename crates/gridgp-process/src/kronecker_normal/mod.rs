//! Multivariate normal distributions on a grid, N(μ, K₁ ⊗ K₂ ⊗ … + σ² I).
//!
//! Everything here costs mode products, N Σ nₐ operations, and never forms an N × N matrix. The
//! [matrix normal](https://en.wikipedia.org/wiki/Matrix_normal_distribution) distribution is the
//! case of two factors.

mod divergence;
mod factor;
mod gradient;
mod log_prob;
mod modes;
mod noisy;
mod sample;
mod slice;
pub(crate) mod svd;
#[cfg(test)]
mod tests;

pub use factor::Factor;
pub use gradient::Gradient;
pub use noisy::NoisyConditional;
pub use sample::Sampler;

use std::f64::consts::TAU;

use faer::MatRef;
use gridgp_grid::{Error, Result};

/// N(μ, K₁ ⊗ K₂ ⊗ … + σ² I) on a grid of n₁ × n₂ × … = N points, the last axis fastest.
///
/// Each [`Factor`] is given as a covariance, a root (such as a Cholesky factor) or an
/// eigendecomposition; roots and eigendecompositions are used as they are, never multiplied out.
/// σ ≥ 0 is a standard deviation, in the unit of μ.
///
/// # Singular covariances
/// With σ = 0 and a singular factor, the distribution lives on an affine subspace of
/// [`rank`](Self::rank) dimensions. Its density is the one on that subspace, with the
/// pseudo-determinant (the product of the eigenvalues that are not zero), and the log density is
/// −∞ elsewhere. Densities of different ranks have different units and cannot be compared.
///
/// # Example
/// ```
/// use faer::mat;
/// use gridgp_process::kronecker_normal::{Factor, KroneckerNormal};
///
/// let rows = Factor::covariance(mat![[1.0, 0.5], [0.5, 2.0]].as_ref())?;
/// let columns = Factor::cholesky(mat![[1.0, 0.0, 0.0], [0.4, 1.2, 0.0], [0.2, 0.1, 0.9]])?;
/// let normal = KroneckerNormal::new(vec![0.0; 6], vec![rows, columns], 0.1)?;
///
/// let draws = normal.sample(1000, 42);
/// let log_prob = normal.log_prob(draws.as_ref());
/// let mean: f64 = log_prob.iter().sum::<f64>() / 1000.0;
/// assert!((mean + normal.entropy()).abs() < 0.2);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KroneckerNormal {
    mean: Vec<f64>,
    factors: Vec<Factor>,
    sigma: f64,
    /// ⊗λ + σ², for the products of kept eigenvectors.
    variances: Vec<f64>,
    log_det: f64,
}

impl KroneckerNormal {
    /// The distribution with mean `mean` (N values), these factors, slowest axis first, and noise
    /// standard deviation `sigma`.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no factor, the mean does not have ∏ nₐ finite values, or
    /// `sigma` is negative or not finite; [`Error::Singular`] if a variance over- or underflows.
    pub fn new(mean: Vec<f64>, factors: Vec<Factor>, sigma: f64) -> Result<Self> {
        let sizes: Vec<usize> = factors.iter().map(Factor::size).collect();
        if factors.is_empty() {
            return Err(Error::Data("a Kronecker normal needs at least one factor".into()));
        }
        let size = sizes.iter().try_fold(1_usize, |n, &s| n.checked_mul(s));
        if size != Some(mean.len()) {
            return Err(Error::Data(format!(
                "the mean has {} values, but factors of sizes {sizes:?} need their product",
                mean.len()
            )));
        }
        if let Some(i) = mean.iter().position(|m| !m.is_finite()) {
            return Err(Error::Data(format!("the mean is {} at position {i}", mean[i])));
        }
        if !sigma.is_finite() || sigma < 0.0 {
            return Err(Error::Data(format!(
                "sigma is a standard deviation, finite and not negative, not {sigma}"
            )));
        }
        let noise = sigma * sigma;
        let mut variances = modes::outer(factors.iter().map(Factor::values));
        variances.iter_mut().for_each(|v| *v += noise);
        let representable = |v: &f64| v.is_finite() && *v > 0.0;
        if !variances.iter().all(representable) || (sigma > 0.0 && noise == 0.0) {
            return Err(Error::Singular(
                "products of eigenvalues, or the square of sigma, are too large or too small for \
                 a floating-point number; measure the values in another unit"
                    .into(),
            ));
        }
        let outside = if sigma > 0.0 { (mean.len() - variances.len()) as f64 } else { 0.0 };
        let inside: f64 = variances.iter().map(|v| v.ln()).sum();
        let log_det = if outside > 0.0 { inside + outside * noise.ln() } else { inside };
        Ok(Self { mean, factors, sigma, variances, log_det })
    }

    /// Number of points N.
    pub fn size(&self) -> usize {
        self.mean.len()
    }

    /// Points of each axis, slowest first.
    pub fn shape(&self) -> Vec<usize> {
        self.factors.iter().map(Factor::size).collect()
    }

    /// μ.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The factors, slowest axis first.
    pub fn factors(&self) -> &[Factor] {
        &self.factors
    }

    /// σ.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Number of dimensions of the support: N with noise, the product of the factors' numerical
    /// ranks without.
    pub fn rank(&self) -> usize {
        if self.sigma > 0.0 { self.size() } else { self.variances.len() }
    }

    /// log det of the covariance; of a singular one the log pseudo-determinant.
    pub fn log_det(&self) -> f64 {
        self.log_det
    }

    /// The variance of each point, N values.
    pub fn variance(&self) -> Vec<f64> {
        let diagonals: Vec<Vec<f64>> = self.factors.iter().map(Factor::diagonal).collect();
        let mut variance = modes::outer(diagonals.iter().map(Vec::as_slice));
        variance.iter_mut().for_each(|v| *v += self.sigma * self.sigma);
        variance
    }

    /// −E log p = ½ (log det + rank · (1 + log 2π)).
    ///
    /// Of a singular distribution it is the entropy on its support.
    pub fn entropy(&self) -> f64 {
        0.5 * (self.log_det + self.rank() as f64 * (1.0 + TAU.ln()))
    }

    /// The bases Qₐᵀ, to enter the eigenbasis.
    fn entering_basis(&self) -> impl Iterator<Item = Option<MatRef<'_, f64>>> {
        self.factors.iter().map(|f| Some(f.basis().transpose()))
    }

    /// The bases Qₐ, to leave it.
    fn leaving_basis(&self) -> impl Iterator<Item = Option<MatRef<'_, f64>>> {
        self.factors.iter().map(|f| Some(f.basis()))
    }
}
