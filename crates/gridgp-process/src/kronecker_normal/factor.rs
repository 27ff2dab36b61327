//! One factor of the covariance.

use faer::{Mat, MatRef};
use gridgp_grid::{Error, Result};
use gridgp_linalg::symmetric_eigen;

use super::svd::Svd;

/// The covariance K along one axis of n points, in the form in which it is known.
///
/// Eigenvalues that are zero to rounding count as zero, which makes the numerical
/// [`rank`](Self::rank) r. Nothing is added to the diagonal.
///
/// | given | an eigenvalue is zero up to |
/// |---|---|
/// | K | n ε of the largest |
/// | R with K = R Rᵀ | (max(n, p) ε)² of the largest: roots resolve twice the digits |
/// | Q, λ | n ε of the largest |
#[derive(Debug, Clone)]
pub struct Factor {
    /// n × p with K = R Rᵀ.
    root: Mat<f64>,
    /// n × r, orthonormal.
    basis: Mat<f64>,
    /// r values above 0.
    values: Vec<f64>,
    /// How far a point of the support may appear outside of it, of √λmax.
    support_error: f64,
}

impl Factor {
    /// From the covariance K, n × n, of which the lower triangle is read.
    ///
    /// # Errors
    /// [`Error::Singular`] if K has an entry that is not finite, or an eigenvalue that is negative
    /// beyond rounding.
    ///
    /// # Panics
    /// If K is not square.
    pub fn covariance(k: MatRef<'_, f64>) -> Result<Self> {
        let n = k.nrows();
        assert_eq!(n, k.ncols(), "a covariance matrix is square");
        let bad = (0..n).flat_map(|j| (j..n).map(move |i| (i, j))).find(|&p| !k[p].is_finite());
        if let Some((i, j)) = bad {
            return Err(Error::Singular(format!("entry ({i}, {j}) of K is {}", k[(i, j)])));
        }
        let lower = Mat::from_fn(n, n, |i, j| k[(i.max(j), i.min(j))]);
        let (values, vectors) =
            symmetric_eigen(lower.as_ref()).map_err(|e| Error::Singular(e.to_string()))?;
        let mut factor = Self::of_pairs(&values, vectors.as_ref())?;
        // Rounding in K turns an eigenvector by ε λmax / λ, and its points move by √λ times that.
        if let (Some(largest), Some(smallest)) = (
            factor.values.iter().copied().reduce(f64::max),
            factor.values.iter().copied().reduce(f64::min),
        ) {
            factor.support_error *= (largest / smallest).sqrt();
        }
        Ok(factor)
    }

    /// From any R, n × p, with K = R Rᵀ: a Cholesky factor, the features of a kernel of finite
    /// rank, or a matrix of no columns for K = 0.
    ///
    /// # Errors
    /// [`Error::Singular`] if R has an entry that is not finite.
    pub fn root(root: Mat<f64>) -> Result<Self> {
        let svd = Svd::new(root.as_ref())?;
        let (n, p) = root.shape();
        Ok(Self {
            basis: svd.u.subcols(0, svd.rank).to_owned(),
            values: svd.s[..svd.rank].iter().map(|s| s * s).collect(),
            support_error: n.max(p) as f64 * f64::EPSILON,
            root,
        })
    }

    /// From the lower Cholesky factor L of K = L Lᵀ; zeros on its diagonal are allowed.
    ///
    /// # Errors
    /// As [`root`](Self::root); [`Error::Singular`] if L is not square or not lower triangular.
    pub fn cholesky(l: Mat<f64>) -> Result<Self> {
        let (n, columns) = l.shape();
        let above = (0..columns).flat_map(|j| (0..j.min(n)).map(move |i| (i, j)));
        if n != columns || above.clone().any(|p| l[p] != 0.0) {
            return Err(Error::Singular(format!(
                "the {n} x {columns} matrix is not a lower Cholesky factor: it must be square \
                 with zeros above the diagonal; other roots go into Factor::root"
            )));
        }
        Self::root(l)
    }

    /// From eigenvalues λ (p of them, not negative, in any order) and orthonormal eigenvectors Q,
    /// n × p: K = Q diag(λ) Qᵀ. Pairs with λ = 0 may be left out.
    ///
    /// # Errors
    /// [`Error::Singular`] if a value is not finite or negative beyond rounding, or the vectors are
    /// not orthonormal to 10⁻⁸.
    ///
    /// # Panics
    /// If the numbers of values and vectors differ.
    pub fn eigen(values: &[f64], vectors: MatRef<'_, f64>) -> Result<Self> {
        assert_eq!(values.len(), vectors.ncols(), "one eigenvalue for each eigenvector");
        if let Some(i) = values.iter().position(|v| !v.is_finite()) {
            return Err(Error::Singular(format!("eigenvalue {i} is {}", values[i])));
        }
        let p = values.len();
        let error = (vectors.transpose() * vectors - Mat::<f64>::identity(p, p)).norm_max();
        // A NaN must be refused too.
        if error.is_nan() || error > 1e-8 {
            return Err(Error::Singular(format!(
                "the eigenvectors are not orthonormal: QᵀQ differs from I by {error:.1e}; are they \
                 the columns of Q?"
            )));
        }
        Self::of_pairs(values, vectors)
    }

    fn of_pairs(values: &[f64], vectors: MatRef<'_, f64>) -> Result<Self> {
        let n = vectors.nrows();
        let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let zero = n as f64 * f64::EPSILON * largest;
        if let Some(v) = values.iter().find(|v| **v < -100.0 * zero) {
            return Err(Error::Singular(format!(
                "the {n} x {n} covariance is not positive semidefinite: it has the eigenvalue \
                 {v:.3e}, and {largest:.3e} as the largest"
            )));
        }
        let kept: Vec<usize> = (0..values.len()).filter(|&i| values[i] > zero).collect();
        let basis = Mat::from_fn(n, kept.len(), |i, j| vectors[(i, kept[j])]);
        let values: Vec<f64> = kept.iter().map(|&i| values[i]).collect();
        Ok(Self {
            root: Mat::from_fn(n, kept.len(), |i, j| basis[(i, j)] * values[j].sqrt()),
            basis,
            values,
            support_error: n as f64 * f64::EPSILON,
        })
    }

    /// Number of points n.
    pub fn size(&self) -> usize {
        self.basis.nrows()
    }

    /// Numerical rank r.
    pub fn rank(&self) -> usize {
        self.values.len()
    }

    /// R with K = R Rᵀ, n × p: as given, or Q diag(√λ).
    pub fn root_matrix(&self) -> MatRef<'_, f64> {
        self.root.as_ref()
    }

    /// The eigenvectors Q of the eigenvalues that are not zero, n × r.
    pub fn basis(&self) -> MatRef<'_, f64> {
        self.basis.as_ref()
    }

    /// The eigenvalues that are not zero, in the order of Q.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// K, n × n.
    pub fn to_dense(&self) -> Mat<f64> {
        &self.root * self.root.transpose()
    }

    /// The adjoint of R from the adjoint K̄ of K = R Rᵀ, symmetric: R̄ = 2 K̄ R.
    ///
    /// Of a Cholesky factor only the lower triangle is free; the rest of R̄ means nothing there.
    ///
    /// # Panics
    /// If K̄ is not n × n.
    pub fn root_bar(&self, covariance_bar: MatRef<'_, f64>) -> Mat<f64> {
        faer::Scale(2.0) * (covariance_bar * &self.root)
    }

    pub(super) fn diagonal(&self) -> Vec<f64> {
        (0..self.size()).map(|i| self.root.row(i).squared_norm_l2()).collect()
    }

    pub(super) fn trace(&self) -> f64 {
        self.values.iter().sum()
    }

    pub(super) fn support_error(&self) -> f64 {
        self.support_error
    }
}
