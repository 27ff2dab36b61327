//! The traits: what an operator can do.
//!
//! An operator writes its shape and two products; everything else of [`LinearOperator`] follows.
//! Each further ability is a small trait of its own, and an operator without an exact structured
//! route to it lacks the `impl`. Right-hand sides come in batches: the columns of a matrix. A
//! vector is a matrix of one column.

mod abilities;
mod along;
mod pointers;
mod solve;

pub use abilities::{Eigen, Entries, Factorize, LogDet, SquareRoot};
pub use solve::Solve;

use faer::{Mat, MatMut, MatRef};

use crate::{Error, Result};
use along::along;

/// A matrix that is known by its products.
///
/// Write [`shape`](Self::shape), [`apply_unchecked`](Self::apply_unchecked) and
/// [`apply_transpose_unchecked`](Self::apply_transpose_unchecked); the rest follows. Dimensions
/// are checked in the methods that callers use, so an implementation need not look at them.
///
/// ```
/// use faer::{Mat, MatMut, MatRef, mat};
/// use gridgp_linalg::LinearOperator;
///
/// /// Reverses a vector.
/// struct Flip(usize);
///
/// impl LinearOperator for Flip {
///     fn shape(&self) -> (usize, usize) {
///         (self.0, self.0)
///     }
///     fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
///         out.copy_from(x.reverse_rows());
///     }
///     fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
///         self.apply_unchecked(x, out);
///     }
/// }
///
/// let x: Mat<f64> = mat![[1.0], [2.0], [4.0]];
/// assert_eq!(Flip(3).apply(x.as_ref()), mat![[4.0], [2.0], [1.0]]);
/// assert_eq!(Flip(3).quadratic_form(x.as_ref()), [12.0]);
/// ```
pub trait LinearOperator {
    /// Number of rows, number of columns.
    fn shape(&self) -> (usize, usize);

    /// out = A X, shapes already checked. X and `out` may have any strides.
    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>);

    /// out = Aᵀ X, shapes already checked. X and `out` may have any strides.
    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>);

    /// Number of rows.
    fn rows(&self) -> usize {
        self.shape().0
    }

    /// Number of columns.
    fn columns(&self) -> usize {
        self.shape().1
    }

    /// out = A X, for X of shape (columns, batch) and `out` of shape (rows, batch).
    ///
    /// # Panics
    /// If the shapes do not match.
    fn apply_into(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        check_shapes(self.columns(), self.rows(), x, out.as_ref());
        self.apply_unchecked(x, out);
    }

    /// out = Aᵀ X, for X of shape (rows, batch) and `out` of shape (columns, batch).
    ///
    /// # Panics
    /// If the shapes do not match.
    fn apply_transpose_into(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        check_shapes(self.rows(), self.columns(), x, out.as_ref());
        self.apply_transpose_unchecked(x, out);
    }

    /// A X, for X of shape (columns, batch).
    ///
    /// # Panics
    /// If X does not have as many rows as A has columns.
    fn apply(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let mut out = Mat::zeros(self.rows(), x.ncols());
        self.apply_into(x, out.as_mut());
        out
    }

    /// Aᵀ X, for X of shape (rows, batch).
    ///
    /// # Panics
    /// If X does not have as many rows as A.
    fn apply_transpose(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let mut out = Mat::zeros(self.columns(), x.ncols());
        self.apply_transpose_into(x, out.as_mut());
        out
    }

    /// xᵀ A x for each column x.
    ///
    /// # Panics
    /// If A is not square or X does not match it.
    fn quadratic_form(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        let ax = self.apply(x);
        assert_eq!(ax.nrows(), x.nrows(), "a quadratic form needs a square operator");
        (0..x.ncols()).map(|j| x.col(j).transpose() * ax.col(j)).collect()
    }

    /// The mode product: A applied along the middle axis of a row-major tensor of shape (left,
    /// columns, right); `out` has shape (left, rows, right).
    ///
    /// [`Kronecker`](crate::Kronecker) calls this for its factors. The lengths are checked there.
    fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        let (rows, columns) = self.shape();
        along(columns, rows, x, left, right, out, |x, out| {
            self.apply_unchecked(x, out);
            Ok(())
        })
        .expect("a product does not fail");
    }

    /// [`apply_along`](Self::apply_along) of Aᵀ.
    fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        let (rows, columns) = self.shape();
        along(rows, columns, x, left, right, out, |x, out| {
            self.apply_transpose_unchecked(x, out);
            Ok(())
        })
        .expect("a product does not fail");
    }

    /// **The whole dense matrix**: rows × columns numbers, by as many products as columns.
    ///
    /// For tests and small sizes. Nothing in this crate calls it on your behalf.
    fn to_dense(&self) -> Mat<f64> {
        let n = self.columns();
        self.apply(Mat::<f64>::identity(n, n).as_ref())
    }
}

pub(crate) fn check_square((rows, columns): (usize, usize), what: &str) -> Result<()> {
    if rows == columns {
        return Ok(());
    }
    Err(Error::Structure(format!(
        "the operator is {rows} x {columns}; only a square one can be {what}"
    )))
}

fn check_shapes(from: usize, to: usize, x: MatRef<'_, f64>, out: MatRef<'_, f64>) {
    assert_eq!(x.nrows(), from, "the right-hand side has the wrong number of rows");
    assert_eq!(out.nrows(), to, "out has the wrong number of rows");
    assert_eq!(x.ncols(), out.ncols(), "the right-hand side and out differ in their columns");
}
