//! The process: a normal distribution of the coefficients.

use faer::{Mat, MatRef};
use gridgp_grid::{Error, Points, Result};
use gridgp_kernel::{Covariance, Kernel};
use gridgp_linalg::sample::normal_into;

use super::function::Function;
use super::monomial::{Monomial, matrix};
use crate::kronecker_normal::{Factor, KroneckerNormal};

/// f(x) = φ(x)ᵀw with w ~ N(m, C Cᵀ): a Gaussian process whose kernel has r features φ.
///
/// The prior has m = 0 and C = I. [`condition`](Self::condition) gives another one of these, so
/// prior and posterior answer the same questions, and data may come in portions. A posterior has
/// fewer columns in C than there are features once values without noise are known.
///
/// # Example
/// ```
/// use gridgp_grid::Points;
/// use gridgp_kernel::{Kernel, KernelOptions};
/// use gridgp_process::FiniteRank;
///
/// let options = KernelOptions { degree: Some(2), ..KernelOptions::of(["x"]) };
/// let parabolas = FiniteRank::new(Kernel::from_name("polynomial", &options)?, &[1.0])?;
///
/// // A draw is a function: here a₀ + a₁ x + a₂ x².
/// let draw = parabolas.draw(7, 0);
/// let a: Vec<f64> = draw.monomials().unwrap().into_iter().map(|(_, a)| a).collect();
/// let at_2 = draw.at(&Points::line(&[2.0]))[0];
/// assert!((a[0] + 2.0 * a[1] + 4.0 * a[2] - at_2).abs() < 1e-12);
///
/// // Three points fix a parabola; four cannot be reached in general.
/// let x = Points::line(&[-1.0, 0.0, 1.0, 2.0]);
/// assert_eq!(parabolas.rank(&x)?, 3);
/// let known = parabolas.condition(&Points::line(&[-1.0, 0.0, 1.0]), &[2.0, 0.0, 1.0], 0.0)?;
/// assert!((known.process.mean_at(&x)[3] - 5.0).abs() < 1e-12);
/// assert!(known.process.sd_at(&x)[3] < 1e-12);
/// assert!(parabolas.condition(&x, &[2.0, 0.0, 1.0, 0.0], 0.0).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FiniteRank {
    pub(super) kernel: Kernel,
    pub(super) theta: Vec<f64>,
    /// Coordinates that the kernel needs.
    dims: usize,
    /// m, r values.
    pub(super) mean: Vec<f64>,
    /// C, r × q.
    pub(super) root: Mat<f64>,
}

impl FiniteRank {
    /// The prior of a kernel at parameters `theta`.
    ///
    /// # Errors
    /// [`Error::Data`] if the kernel has no features, or `theta` is not legal for it.
    pub fn new(kernel: Kernel, theta: &[f64]) -> Result<Self> {
        let parameters = kernel.parameters();
        if parameters.len() != theta.len() {
            let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
            return Err(Error::Data(format!(
                "{} values are given for the parameters {names:?}",
                theta.len()
            )));
        }
        for (parameter, value) in parameters.iter().zip(theta) {
            if !parameter.role.admits(*value) {
                return Err(Error::Data(format!("{} cannot be {value}", parameter.name)));
            }
        }
        let dims = dims(&kernel);
        let Some(probe) = kernel.features(&Points::new(vec![0.0; dims], dims), theta) else {
            return Err(Error::Data(
                "this kernel has no features: its functions have no finite list of coefficients; \
                 constant, linear, polynomial, monomial, cosine and coregionalization have, and their sums \
                     and products"
                    .into(),
            ));
        };
        let r = probe.ncols();
        let theta = theta.to_vec();
        Ok(Self { kernel, theta, dims, mean: vec![0.0; r], root: Mat::identity(r, r) })
    }

    /// Number of features r.
    pub fn feature_count(&self) -> usize {
        self.mean.len()
    }

    /// m, the means of the r coefficients.
    pub fn coefficient_mean(&self) -> &[f64] {
        &self.mean
    }

    /// C, r × q, with covariance C Cᵀ of the coefficients; q of their directions are unknown.
    pub fn coefficient_root(&self) -> MatRef<'_, f64> {
        self.root.as_ref()
    }

    /// φ at n points, n × r.
    ///
    /// # Panics
    /// If the points lack a coordinate that the kernel uses.
    pub fn features(&self, x: &Points) -> Mat<f64> {
        assert!(
            x.dims() >= self.dims,
            "the kernel uses {} coordinates, the points have {}",
            self.dims,
            x.dims()
        );
        self.kernel.features(x, &self.theta).expect("looked at in `new`")
    }

    /// R with Cov f(x) = R Rᵀ, n × q; a [`Factor::root`] of the values' distribution.
    ///
    /// # Panics
    /// As [`features`](Self::features).
    pub fn root_at(&self, x: &Points) -> Mat<f64> {
        self.features(x) * &self.root
    }

    /// E f at n points.
    ///
    /// # Panics
    /// As [`features`](Self::features).
    pub fn mean_at(&self, x: &Points) -> Vec<f64> {
        self.combine(x, &self.mean)
    }

    /// The standard deviation of f at n points.
    ///
    /// # Panics
    /// As [`features`](Self::features).
    pub fn sd_at(&self, x: &Points) -> Vec<f64> {
        let root = self.root_at(x);
        root.row_iter().map(|row| row.norm_l2()).collect()
    }

    /// φ(x)ᵀ w at n points.
    pub(super) fn combine(&self, x: &Points, w: &[f64]) -> Vec<f64> {
        let w = MatRef::from_column_major_slice(w, w.len(), 1);
        (self.features(x) * w).col_as_slice(0).to_vec()
    }

    /// Draw number `draw` with this seed; it depends on nothing else.
    pub fn draw(&self, seed: u64, draw: u64) -> Function<'_> {
        let mut u = Mat::zeros(self.root.ncols(), 1);
        normal_into(seed, draw, u.as_mut());
        let shift = &self.root * u;
        let w = self.mean.iter().zip(shift.col_as_slice(0)).map(|(m, s)| m + s).collect();
        Function::new(self, w)
    }

    /// log p(y) of values at these points, y = f(x) + noise.
    ///
    /// Without noise it is the density on the support, −∞ elsewhere; see [`KroneckerNormal`].
    ///
    /// # Errors
    /// [`Error::Data`] if the points or the noise are not usable.
    ///
    /// # Panics
    /// As [`features`](Self::features), or if there is not one value for each point.
    pub fn log_prob(&self, x: &Points, values: &[f64], noise_sd: f64) -> Result<f64> {
        let factor = Factor::root(self.root_at(x))?;
        Ok(KroneckerNormal::new(self.mean_at(x), vec![factor], noise_sd)?.log_prob_one(values))
    }

    /// Means and standard deviations of the coefficients of the monomials in x, if all features
    /// are polynomials. For (x y + c)^d, x^m has variance C(d, m) c^(d−m).
    pub fn monomials(&self) -> Option<Vec<Monomial>> {
        let (powers, matrix) = matrix(&self.kernel, &self.theta, self.dims)?;
        let mean = &matrix * MatRef::from_column_major_slice(&self.mean, self.feature_count(), 1);
        let root = matrix * &self.root;
        let monomial = |(i, powers)| {
            let sd = root.row(i).norm_l2();
            Monomial { powers, mean: mean[(i, 0)], sd }
        };
        Some(powers.into_iter().enumerate().map(monomial).collect())
    }

    /// The monomials of a function with coefficients w in the features.
    pub(super) fn in_monomials(&self, w: &[f64]) -> Option<Vec<(Vec<u32>, f64)>> {
        let (powers, matrix) = matrix(&self.kernel, &self.theta, self.dims)?;
        let a = matrix * MatRef::from_column_major_slice(w, w.len(), 1);
        Some(powers.into_iter().zip(a.col_as_slice(0).iter().copied()).collect())
    }
}

/// How many coordinates a point must have for the kernel, at least 1.
fn dims(kernel: &Kernel) -> usize {
    let all = |kernels: &[Kernel]| kernels.iter().map(dims).max().unwrap_or(1);
    match kernel {
        Kernel::Sum(sum) => all(sum.terms()),
        Kernel::Product(product) => all(product.factors()),
        Kernel::Scaled(scaled) => dims(scaled.kernel()),
        // Their parameters are pure numbers, and do not say what they see.
        Kernel::Monomial(monomial) => monomial.columns().iter().max().map_or(1, |last| last + 1),
        Kernel::Coregionalization(labels) => labels.column() + 1,
        other => {
            let parameters = other.parameters();
            let columns =
                parameters.iter().filter_map(|p| p.inputs.as_ref()?.columns().iter().max());
            columns.max().map_or(1, |last| last + 1)
        }
    }
}
