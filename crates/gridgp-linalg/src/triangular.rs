//! Triangular matrices, such as Cholesky factors.

use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Mat, MatMut, MatRef};

use crate::cholesky::check_finite;
use crate::dense::gemm;
use crate::gemm::parallelism;
use crate::operator::{Entries, LinearOperator, LogDet, Solve};
use crate::{Error, LogDeterminant, Result, mode_product, settle_registers};

/// A square lower or upper triangular matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Triangular {
    /// The lower matrix L, zero above the diagonal; an upper one is kept as its transpose.
    l: Mat<f64>,
    upper: bool,
}

impl Triangular {
    /// From the lower triangle of a square matrix; the rest is set to zero.
    ///
    /// # Panics
    /// If the matrix is not square.
    pub fn lower(mut l: Mat<f64>) -> Self {
        assert_eq!(l.nrows(), l.ncols(), "a triangular matrix is square");
        for j in 1..l.ncols() {
            l.as_mut().col_mut(j).subrows_mut(0, j).fill(0.0);
        }
        Self { l, upper: false }
    }

    /// From the upper triangle of a square matrix; the rest is set to zero.
    ///
    /// # Panics
    /// If the matrix is not square.
    pub fn upper(u: Mat<f64>) -> Self {
        Self { upper: true, ..Self::lower(u.transpose().to_owned()) }
    }

    /// The transpose: upper if this is lower.
    pub fn into_transpose(self) -> Self {
        Self { upper: !self.upper, ..self }
    }

    /// The entries.
    pub fn matrix(&self) -> MatRef<'_, f64> {
        if self.upper { self.l.transpose() } else { self.l.as_ref() }
    }

    /// The rank, if that is not full. A zero on the diagonal makes the matrix singular, but several
    /// do not cost a rank each, so singular values count.
    fn missing_rank(&self) -> Result<Option<usize>> {
        let n = self.l.nrows();
        if (0..n).all(|i| self.l[(i, i)] != 0.0) {
            return Ok(None);
        }
        check_finite(self.l.as_ref(), "triangular matrix")?;
        let values = self.l.singular_values().map_err(|_| Error::Eigen { size: n })?;
        let zero = n as f64 * f64::EPSILON * values[0];
        Ok(Some(values.iter().filter(|v| **v > zero).count().min(n - 1)))
    }

    /// Solves with L or with Lᵀ.
    fn solve_with(
        &self,
        transpose: bool,
        rhs: MatRef<'_, f64>,
        mut out: MatMut<'_, f64>,
    ) -> Result<()> {
        let size = self.l.nrows();
        if let Some(rank) = self.missing_rank()? {
            return Err(Error::Singular { size, rank });
        }
        out.copy_from(rhs);
        let par = parallelism(size * size * rhs.ncols());
        if transpose {
            solve_upper_triangular_in_place(self.l.transpose(), out, par);
        } else {
            solve_lower_triangular_in_place(self.l.as_ref(), out, par);
        }
        settle_registers();
        Ok(())
    }
}

impl LinearOperator for Triangular {
    fn shape(&self) -> (usize, usize) {
        self.l.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        gemm(self.matrix(), x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        gemm(self.matrix().transpose(), x, out);
    }

    fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        mode_product(self.matrix(), x, left, right, out);
    }

    fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        mode_product(self.matrix().transpose(), x, left, right, out);
    }
}

impl Entries for Triangular {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.matrix()[(row, column)]
    }
}

impl Solve for Triangular {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_with(self.upper, rhs, out)
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_with(!self.upper, rhs, out)
    }
}

impl LogDet for Triangular {
    fn log_det(&self) -> Result<LogDeterminant> {
        let det = LogDeterminant::of_values((0..self.l.nrows()).map(|i| self.l[(i, i)]), 0.0);
        Ok(LogDeterminant { rank: self.missing_rank()?.unwrap_or(det.rank), ..det })
    }
}
