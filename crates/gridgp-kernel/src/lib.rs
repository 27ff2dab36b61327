//! Covariance functions, k(x, y; θ).
//!
//! A [`Kernel`] is structure: which function, of which coordinates. The numbers θ arrive with
//! every call as `theta: &[f64]`, so nothing is rebuilt while they change. Kernels add and
//! multiply; a composite's θ is the concatenation of its children's, left to right.
//!
//! Stationary kernels without amplitude have a unit diagonal: they are correlations, and the
//! field that uses them carries the one amplitude.
//!
//! # Add a kernel
//! 1. A file with its formula, its [`KernelInfo`], its code and its tests; a stationary kernel
//!    writes only a [`Profile`].
//! 2. A variant in [`Kernel`] and its arm in `Kernel::inner`, below.
//! 3. A name in [`BuiltIn`], in `list.rs`; the compiler then asks for the rest.
//!
//! # Example
//! ```
//! use faer::Mat;
//! use gridgp_grid::Points;
//! use gridgp_kernel::{Covariance, Kernel, KernelOptions};
//!
//! let options = KernelOptions::of(["year"]);
//! let kernel = Kernel::from_name("matern52", &options)? * Kernel::from_name("cosine", &options)?;
//! let names: Vec<String> = kernel.parameters().into_iter().map(|p| p.name).collect();
//! assert_eq!(names, ["lengthscale", "period"]);
//!
//! let years = Points::line(&[2000.0, 2001.0, 2002.0]);
//! let mut gram = Mat::zeros(3, 3);
//! kernel.gram(&years, &[5.0, 11.0], gram.as_mut());
//! assert_eq!(gram[(1, 1)], 1.0);
//! # Ok::<(), String>(())
//! ```

mod circle;
mod circle_matern;
mod circle_tail;
#[cfg(test)]
mod circle_tests;
pub mod conformance;
mod constant;
mod coregionalization;
mod cosine;
mod distance_pairs;
mod hilbert;
mod inputs;
mod linear;
mod list;
mod matern12;
mod matern32;
mod matern52;
mod monomial;
mod options;
mod pairs;
mod parameter;
mod periodic;
mod phase;
mod polynomial;
mod product;
mod rational_quadratic;
mod scaled;
mod squared_exponential;
mod state_space;
mod stationary;
mod sum;
#[cfg(test)]
mod tests;
mod toeplitz;
mod white;

pub use circle::{ImageSum, Images};
pub use constant::Constant;
pub use coregionalization::Coregionalization;
pub use cosine::Cosine;
pub use hilbert::{Hilbert, Spectrum};
pub use inputs::{EARTH_RADIUS_KM, Inputs, Metric};
pub use linear::Linear;
pub use list::{BuiltIn, KernelInfo};
pub use matern12::Matern12;
pub use matern32::Matern32;
pub use matern52::Matern52;
pub use monomial::Monomial;
pub use options::KernelOptions;
pub use parameter::{KernelParameter, Role};
pub use periodic::Periodic;
pub use polynomial::Polynomial;
pub use product::Product;
pub use rational_quadratic::RationalQuadratic;
pub use scaled::Scaled;
pub use squared_exponential::SquaredExponential;
pub use state_space::{Block, BlockBar, Factor, StateSpace};
pub use stationary::{Markov, Profile, Stationary};
pub use sum::Sum;
pub use white::White;

use std::fmt::Debug;
use std::sync::Arc;

use faer::{Mat, MatMut, MatRef};
use gridgp_grid::Points;

/// A positive semidefinite function of two points, with parameters θ.
///
/// `theta` holds the values of [`parameters`](Self::parameters) in that order; `x` has n points,
/// `y` has m, and both have the coordinates that the kernel was built for.
///
/// # Panics
/// All methods, if a length or shape does not match; those that evaluate, at a point that is
/// [unknown](Self::unknown_point).
pub trait Covariance: Debug + Send + Sync {
    /// The parameters, in the order of θ.
    ///
    /// Names are local: in a composite the same name may occur twice, the position does not.
    fn parameters(&self) -> Vec<KernelParameter>;

    /// The length of θ.
    fn parameter_count(&self) -> usize {
        self.parameters().len()
    }

    /// K, n × n, K_ij = k(xᵢ, xⱼ), exactly symmetric.
    fn gram(&self, x: &Points, theta: &[f64], out: MatMut<'_, f64>);

    /// K, n × m, K_ij = k(xᵢ, yⱼ); with y = x the same as [`gram`](Self::gram) up to rounding.
    fn cross(&self, x: &Points, y: &Points, theta: &[f64], out: MatMut<'_, f64>);

    /// k(xᵢ, xᵢ), n values.
    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]);

    /// The pullback of [`gram`](Self::gram): **adds** Σᵢⱼ K̄ᵢⱼ ∂Kᵢⱼ/∂θ to `theta_bar`.
    ///
    /// `gram_bar` K̄, n × n, must be symmetric; parts of it may never be read.
    fn gram_vjp(&self, x: &Points, theta: &[f64], gram_bar: MatRef<'_, f64>, theta_bar: &mut [f64]);

    /// The number r of [`features`](Self::features), whatever the points and θ are.
    fn feature_count(&self) -> Option<usize> {
        None
    }

    /// F, n × r, with K = F Fᵀ exactly, for kernels of finite rank; `None` for the others.
    ///
    /// Whether there are features, and how many, does not depend on `x` or `theta`: r may exceed n.
    fn features(&self, _x: &Points, _theta: &[f64]) -> Option<Mat<f64>> {
        None
    }

    /// The pullback of [`features`](Self::features): **adds** Σᵢⱼ F̄ᵢⱼ ∂Fᵢⱼ/∂θ to `theta_bar`.
    ///
    /// # Panics
    /// If the kernel has no features.
    fn features_vjp(
        &self,
        _x: &Points,
        _theta: &[f64],
        _features_bar: MatRef<'_, f64>,
        _theta_bar: &mut [f64],
    ) {
        panic!("{self:?} has no features, so they have no pullback");
    }

    /// The rank of K is at most this, for any θ; n when nothing better is known.
    fn rank_bound(&self, x: &Points) -> usize {
        x.len()
    }

    /// The position of the first point that the kernel was not made for: a label that came after the
    /// fit, or a place outside of the box of a basis. Nothing else may be asked of such points.
    fn unknown_point(&self, _x: &Points) -> Option<usize> {
        None
    }

    /// The kernel as a Markov process in one coordinate, whose θ is that of the kernel; `None` if it is
    /// not one.
    fn state_space(&self) -> Option<StateSpace> {
        None
    }

    /// Whether k(x, y) depends on x − y only.
    ///
    /// False for the great circle, which no shift of longitude and latitude preserves.
    fn is_stationary(&self) -> bool {
        false
    }

    /// Whether k(x, x) = 1 for all x and θ.
    fn has_unit_diagonal(&self) -> bool {
        false
    }
}

/// Equal if they are the same object.
impl PartialEq for dyn Covariance {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self, other)
    }
}

/// A kernel, built in or your own.
#[derive(Debug, Clone, PartialEq)]
pub enum Kernel {
    /// exp(−r²/2ℓ²).
    SquaredExponential(Stationary<SquaredExponential>),
    /// exp(−r/ℓ).
    Matern12(Stationary<Matern12>),
    /// (1 + s) exp(−s), s = √3 r/ℓ.
    Matern32(Stationary<Matern32>),
    /// (1 + s + s²/3) exp(−s), s = √5 r/ℓ.
    Matern52(Stationary<Matern52>),
    /// (1 + r²/2αℓ²)^−α.
    RationalQuadratic(Stationary<RationalQuadratic>),
    /// exp(−2 sin²(πr/p)/ℓ²).
    Periodic(Stationary<Periodic>),
    /// cos(2πr/p).
    Cosine(Stationary<Cosine>),
    /// (x − c)·(y − c).
    Linear(Linear),
    /// (x·y + c)^d.
    Polynomial(Polynomial),
    /// (x·y)^d.
    Monomial(Monomial),
    /// 1.
    Constant(Constant),
    /// (W Wᵀ + diag κ) of labels.
    Coregionalization(Coregionalization),
    /// 1 where x = y, else 0.
    White(White),
    /// A stationary kernel by finitely many sines in a box.
    Hilbert(Hilbert),
    /// k₁ + k₂ + ….
    Sum(Sum),
    /// k₁ k₂ ….
    Product(Product),
    /// a² k.
    Scaled(Scaled),
    /// Your own.
    Custom(Arc<dyn Covariance>),
}

impl Kernel {
    /// This kernel times the square of a parameter called `amplitude`.
    #[must_use]
    pub fn scaled(self) -> Self {
        Self::Scaled(Scaled::new(self))
    }

    fn inner(&self) -> &dyn Covariance {
        match self {
            Self::SquaredExponential(k) => k,
            Self::Matern12(k) => k,
            Self::Matern32(k) => k,
            Self::Matern52(k) => k,
            Self::RationalQuadratic(k) => k,
            Self::Periodic(k) => k,
            Self::Cosine(k) => k,
            Self::Linear(k) => k,
            Self::Polynomial(k) => k,
            Self::Monomial(k) => k,
            Self::Constant(k) => k,
            Self::Coregionalization(k) => k,
            Self::White(k) => k,
            Self::Hilbert(k) => k,
            Self::Sum(k) => k,
            Self::Product(k) => k,
            Self::Scaled(k) => k,
            Self::Custom(k) => &**k,
        }
    }

    /// k(a, b) / √(k(a, a) k(b, b)) of two points.
    pub fn correlation(&self, a: &[f64], b: &[f64], theta: &[f64]) -> f64 {
        let mut k = Mat::zeros(2, 2);
        self.gram(&Points::new([a, b].concat(), a.len()), theta, k.as_mut());
        k[(0, 1)] / (k[(0, 0)] * k[(1, 1)]).sqrt()
    }

    fn check(&self, x: &Points, theta: &[f64], rows: usize, columns: usize, m: usize) {
        let count = self.parameter_count();
        assert_eq!(theta.len(), count, "theta has {} values for {count} parameters", theta.len());
        assert_eq!((rows, columns), (x.len(), m), "the matrix does not match the points");
        gridgp_dense::settle_registers();
    }
}

/// Checks the shapes, then dispatches.
impl Covariance for Kernel {
    fn parameters(&self) -> Vec<KernelParameter> {
        self.inner().parameters()
    }

    fn parameter_count(&self) -> usize {
        self.inner().parameter_count()
    }

    fn gram(&self, x: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        self.check(x, theta, out.nrows(), out.ncols(), x.len());
        self.inner().gram(x, theta, out);
    }

    fn cross(&self, x: &Points, y: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        self.check(x, theta, out.nrows(), out.ncols(), y.len());
        self.inner().cross(x, y, theta, out);
    }

    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]) {
        self.check(x, theta, out.len(), 1, 1);
        self.inner().diagonal(x, theta, out);
    }

    fn gram_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        gram_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        self.check(x, theta, gram_bar.nrows(), gram_bar.ncols(), x.len());
        assert_eq!(theta_bar.len(), theta.len(), "theta_bar must be as long as theta");
        self.inner().gram_vjp(x, theta, gram_bar, theta_bar);
    }

    fn feature_count(&self) -> Option<usize> {
        self.inner().feature_count()
    }

    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        self.check(x, theta, x.len(), 1, 1);
        self.inner().features(x, theta)
    }

    fn features_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        features_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        self.check(x, theta, features_bar.nrows(), 1, 1);
        assert_eq!(theta_bar.len(), theta.len(), "theta_bar must be as long as theta");
        self.inner().features_vjp(x, theta, features_bar, theta_bar);
    }

    fn rank_bound(&self, x: &Points) -> usize {
        self.inner().rank_bound(x)
    }

    fn unknown_point(&self, x: &Points) -> Option<usize> {
        self.inner().unknown_point(x)
    }

    fn state_space(&self) -> Option<StateSpace> {
        self.inner().state_space()
    }

    fn is_stationary(&self) -> bool {
        self.inner().is_stationary()
    }

    fn has_unit_diagonal(&self) -> bool {
        self.inner().has_unit_diagonal()
    }
}
