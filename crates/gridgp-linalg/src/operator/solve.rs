//! Exact solutions.

use faer::{Mat, MatMut, MatRef};

use super::along::along;
use super::{LinearOperator, check_shapes, check_square};
use crate::Result;

/// Exact solutions of A X = B.
///
/// Implemented where a solve needs no factorization first. Otherwise
/// [`Factorize`](super::Factorize) once, then solve as often as you like.
pub trait Solve: LinearOperator {
    /// out = A⁻¹ B, shapes already checked.
    ///
    /// # Errors
    /// [`Error::Singular`](crate::Error::Singular) or
    /// [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite).
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()>;

    /// out = A⁻ᵀ B, shapes already checked.
    ///
    /// # Errors
    /// As [`solve_unchecked`](Self::solve_unchecked).
    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()>;

    /// out = A⁻¹ B, for B and `out` of shape (rows, batch).
    ///
    /// # Errors
    /// [`Error::Singular`](crate::Error::Singular) or
    /// [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite);
    /// [`Error::Structure`](crate::Error::Structure) if A is not square.
    ///
    /// # Panics
    /// If the shapes do not match.
    fn solve_into(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        check_square(self.shape(), "solved")?;
        check_shapes(self.rows(), self.rows(), rhs, out.as_ref());
        self.solve_unchecked(rhs, out)
    }

    /// A⁻¹ B.
    ///
    /// # Errors
    /// As [`solve_into`](Self::solve_into).
    ///
    /// # Panics
    /// If B does not have as many rows as A.
    fn solve(&self, rhs: MatRef<'_, f64>) -> Result<Mat<f64>> {
        let mut out = Mat::zeros(self.rows(), rhs.ncols());
        self.solve_into(rhs, out.as_mut())?;
        Ok(out)
    }

    /// A⁻ᵀ B.
    ///
    /// # Errors
    /// As [`solve_into`](Self::solve_into).
    ///
    /// # Panics
    /// If B does not have as many rows as A.
    fn solve_transpose(&self, rhs: MatRef<'_, f64>) -> Result<Mat<f64>> {
        check_square(self.shape(), "solved")?;
        let mut out = Mat::zeros(self.rows(), rhs.ncols());
        check_shapes(self.rows(), self.rows(), rhs, out.as_ref());
        self.solve_transpose_unchecked(rhs, out.as_mut())?;
        Ok(out)
    }

    /// A⁻¹ applied along the middle axis of a row-major tensor of shape (left, rows, right).
    ///
    /// # Errors
    /// As [`solve_into`](Self::solve_into).
    fn solve_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) -> Result<()> {
        let n = self.rows();
        along(n, n, x, left, right, out, |x, out| self.solve_unchecked(x, out))
    }

    /// [`solve_along`](Self::solve_along) with A⁻ᵀ.
    ///
    /// # Errors
    /// As [`solve_into`](Self::solve_into).
    fn solve_transpose_along(
        &self,
        x: &[f64],
        left: usize,
        right: usize,
        out: &mut [f64],
    ) -> Result<()> {
        let n = self.rows();
        along(n, n, x, left, right, out, |x, out| self.solve_transpose_unchecked(x, out))
    }
}
