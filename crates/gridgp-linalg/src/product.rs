//! The product of two operators.

use faer::{Mat, MatMut, MatRef};

use crate::operator::{LinearOperator, LogDet, Solve};
use crate::{Error, LogDeterminant, Result};

/// A B.
///
/// Single entries, eigenvalues and roots of a product have no structured route in general; keep
/// the factors where you need those.
#[derive(Debug, Clone, PartialEq)]
pub struct Product<A, B> {
    left: A,
    right: B,
}

impl<A: LinearOperator, B: LinearOperator> Product<A, B> {
    /// left · right.
    ///
    /// # Errors
    /// [`Error::Structure`] if `left` has not as many columns as `right` has rows.
    pub fn new(left: A, right: B) -> Result<Self> {
        if left.columns() != right.rows() {
            return Err(Error::Structure(format!(
                "a {:?} operator cannot multiply a {:?} one: inner dimensions differ",
                left.shape(),
                right.shape()
            )));
        }
        Ok(Self { left, right })
    }

    /// A.
    pub fn left(&self) -> &A {
        &self.left
    }

    /// B.
    pub fn right(&self) -> &B {
        &self.right
    }
}

impl<A: LinearOperator, B: LinearOperator> LinearOperator for Product<A, B> {
    fn shape(&self) -> (usize, usize) {
        (self.left.rows(), self.right.columns())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.left.apply_unchecked(self.right.apply(x).as_ref(), out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.right.apply_transpose_unchecked(self.left.apply_transpose(x).as_ref(), out);
    }
}

impl<A: Solve, B: Solve> Solve for Product<A, B> {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        let inner: Mat<f64> = self.left.solve(rhs)?;
        self.right.solve_into(inner.as_ref(), out)
    }

    fn solve_transpose_unchecked(
        &self,
        rhs: MatRef<'_, f64>,
        mut out: MatMut<'_, f64>,
    ) -> Result<()> {
        let inner = self.right.solve_transpose(rhs)?;
        out.copy_from(self.left.solve_transpose(inner.as_ref())?);
        Ok(())
    }
}

impl<A: LogDet, B: LogDet> LogDet for Product<A, B> {
    fn log_det(&self) -> Result<LogDeterminant> {
        Ok(self.left.log_det()?.product(self.right.log_det()?))
    }
}
