//! A = W diag(d) Wᵀ: eigendecompositions and simultaneous diagonalizations.

use std::sync::Arc;

use faer::{Mat, MatMut, MatRef};

use crate::diagonal::{Diagonal, scale_rows};
use crate::operator::{Eigen, LinearOperator, LogDet, Solve, SquareRoot};
use crate::product::Product;
use crate::{Error, LogDeterminant, Result};

/// A = W diag(d) Wᵀ with a structured basis W.
///
/// Either W has orthonormal columns (an eigendecomposition; W may have fewer columns than rows
/// when A has low rank), or W is square and regular and its inverse transpose V is known as well
/// (a congruence, as two matrices that are diagonalized at once give). Then
/// A⁻¹ = V diag(1/d) Vᵀ, with V = W in the orthonormal case.
///
/// Values below size · ε · max|d| are round-off and count as zero.
#[derive(Debug)]
pub struct Diagonalized<B> {
    basis: Arc<B>,
    dual: Option<Arc<B>>,
    values: Vec<f64>,
    /// Of W Wᵀ.
    basis_log_det: LogDeterminant,
}

// Derived `Clone` would ask for B: Clone, although only the handles are copied.
impl<B> Clone for Diagonalized<B> {
    fn clone(&self) -> Self {
        Self {
            basis: self.basis.clone(),
            dual: self.dual.clone(),
            values: self.values.clone(),
            basis_log_det: self.basis_log_det,
        }
    }
}

impl<B: LinearOperator> Diagonalized<B> {
    /// From a basis with orthonormal columns.
    ///
    /// # Panics
    /// If there is not one value for each column, or there are more columns than rows.
    pub fn orthonormal(basis: B, values: Vec<f64>) -> Self {
        let (rows, columns) = basis.shape();
        assert_eq!(columns, values.len(), "one value for each column of the basis");
        assert!(columns <= rows, "{columns} orthonormal columns of length {rows}");
        let basis_log_det = LogDeterminant::of_values(std::iter::repeat_n(1.0, columns), 0.0);
        Self { basis: Arc::new(basis), dual: None, values, basis_log_det }
    }

    /// From a regular W, V = W⁻ᵀ, and the determinant of W.
    ///
    /// # Panics
    /// If the shapes do not match.
    pub fn congruence(basis: B, dual: B, values: Vec<f64>, basis_log_det: LogDeterminant) -> Self {
        let n = values.len();
        assert_eq!(basis.shape(), (n, n), "the basis of a congruence is square");
        assert_eq!(dual.shape(), (n, n), "the dual basis has the shape of the basis");
        let basis_log_det = basis_log_det.product(basis_log_det);
        Self { basis: Arc::new(basis), dual: Some(Arc::new(dual)), values, basis_log_det }
    }

    /// W.
    pub fn basis(&self) -> &B {
        &self.basis
    }

    /// V with A⁻¹ = V diag(1/d) Vᵀ; W itself if its columns are orthonormal.
    pub fn dual(&self) -> &B {
        self.dual.as_deref().unwrap_or(&self.basis)
    }

    /// Whether the columns of W are orthonormal, so that the values are eigenvalues.
    pub fn is_orthonormal(&self) -> bool {
        self.dual.is_none()
    }

    /// d, in the order of the columns of W. Eigenvalues if W is orthonormal.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Magnitudes up to this count as zero: size · ε · max|d|.
    pub fn threshold(&self) -> f64 {
        let largest = self.values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        self.rows() as f64 * f64::EPSILON * largest
    }

    /// Number of values that are not zero.
    pub fn rank(&self) -> usize {
        let zero = self.threshold();
        self.values.iter().filter(|v| v.abs() > zero).count()
    }

    /// W diag(f(d)) Wᵀ. For an eigendecomposition this is the matrix function f(A) on the span of
    /// W; with f = |λ| λ + σ², for a square W, it is A + σ²I.
    pub fn map(&self, f: impl FnMut(f64) -> f64) -> Self {
        Self { values: self.values.iter().copied().map(f).collect(), ..self.clone() }
    }

    /// The inverse, in the same form: V diag(1/d) Vᵀ.
    ///
    /// # Errors
    /// [`Error::Singular`].
    pub fn inverse(&self) -> Result<Self> {
        self.check_regular()?;
        Ok(Self {
            basis: self.dual.clone().unwrap_or_else(|| self.basis.clone()),
            dual: self.dual.as_ref().map(|_| self.basis.clone()),
            values: self.values.iter().map(|v| 1.0 / v).collect(),
            basis_log_det: self.basis_log_det.inverse(),
        })
    }

    /// Σ log |d| over the values that are not zero, with their number: log pseudo-determinant and
    /// rank of an eigendecomposition.
    pub fn log_pseudo_det(&self) -> (f64, usize) {
        let zero = self.threshold();
        let kept = self.values.iter().filter(|v| v.abs() > zero);
        kept.fold((0.0, 0), |(sum, rank), v| (sum + v.abs().ln(), rank + 1))
    }

    /// Itself, after a look at the signs of the values (of W's columns, if W is square).
    ///
    /// # Errors
    /// [`Error::Singular`] or [`Error::NotPositiveDefinite`].
    pub(crate) fn into_positive_definite(self) -> Result<Self> {
        let zero = self.threshold();
        match self.values.iter().position(|v| *v < -zero || v.is_nan()) {
            Some(pivot) => Err(Error::NotPositiveDefinite {
                size: self.rows(),
                pivot,
                value: self.values[pivot],
            }),
            None => self.check_regular().map(|()| self),
        }
    }

    fn check_regular(&self) -> Result<()> {
        let (size, rank) = (self.rows(), self.rank());
        if rank < size { Err(Error::Singular { size, rank }) } else { Ok(()) }
    }
}

/// out = B diag(d) Bᵀ x
fn sandwich<B: LinearOperator>(
    basis: &B,
    values: impl Iterator<Item = f64>,
    x: MatRef<'_, f64>,
    out: MatMut<'_, f64>,
) {
    let mut rotated: Mat<f64> = basis.apply_transpose(x);
    scale_rows(values, rotated.as_mut());
    basis.apply_unchecked(rotated.as_ref(), out);
}

impl<B: LinearOperator> LinearOperator for Diagonalized<B> {
    fn shape(&self) -> (usize, usize) {
        (self.basis.rows(), self.basis.rows())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        sandwich(&*self.basis, self.values.iter().copied(), x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.apply_unchecked(x, out);
    }
}

impl<B: LinearOperator> Solve for Diagonalized<B> {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.check_regular()?;
        sandwich(self.dual(), self.values.iter().map(|v| 1.0 / v), rhs, out);
        Ok(())
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_unchecked(rhs, out)
    }
}

impl<B: LinearOperator> LogDet for Diagonalized<B> {
    fn log_det(&self) -> Result<LogDeterminant> {
        let missing = std::iter::repeat_n(0.0, self.rows() - self.values.len());
        let values = self.values.iter().copied().chain(missing);
        let values = LogDeterminant::of_values(values, self.threshold());
        if self.is_orthonormal() { Ok(values) } else { Ok(values.product(self.basis_log_det)) }
    }
}

impl<B: LinearOperator> SquareRoot for Diagonalized<B> {
    /// W diag(√d), rectangular if W is.
    type Root = Product<Arc<B>, Diagonal>;

    fn square_root(&self) -> Result<Self::Root> {
        let zero = self.threshold();
        let roots = self.values.iter().enumerate().map(|(pivot, &value)| {
            if value >= -zero {
                Ok(value.max(0.0).sqrt())
            } else {
                Err(Error::NotPositiveDefinite { size: self.rows(), pivot, value })
            }
        });
        Product::new(self.basis.clone(), Diagonal::new(roots.collect::<Result<_>>()?))
    }
}

impl<B: LinearOperator> Eigen for Diagonalized<B> {
    type Basis = B;

    fn eigen(&self) -> Result<Diagonalized<B>> {
        if self.is_orthonormal() {
            return Ok(self.clone());
        }
        Err(Error::Structure(
            "two matrices diagonalized at once share a basis that is not orthogonal: its values \
             are not eigenvalues of the sum; use lanczos for those"
                .into(),
        ))
    }
}
