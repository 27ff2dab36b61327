//! The identity matrix.

use faer::{MatMut, MatRef};

use crate::diagonalized::Diagonalized;
use crate::operator::{Eigen, Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot};
use crate::{LogDeterminant, Result};

/// I.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    size: usize,
}

impl Identity {
    /// Of `size` rows.
    pub fn new(size: usize) -> Self {
        Self { size }
    }
}

impl LinearOperator for Identity {
    fn shape(&self) -> (usize, usize) {
        (self.size, self.size)
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        out.copy_from(x);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.apply_unchecked(x, out);
    }

    fn apply_along(&self, x: &[f64], _left: usize, _right: usize, out: &mut [f64]) {
        out.copy_from_slice(x);
    }

    fn apply_transpose_along(&self, x: &[f64], _left: usize, _right: usize, out: &mut [f64]) {
        out.copy_from_slice(x);
    }
}

impl Entries for Identity {
    fn entry(&self, row: usize, column: usize) -> f64 {
        f64::from(u8::from(row == column))
    }
}

impl Solve for Identity {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.apply_unchecked(rhs, out);
        Ok(())
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_unchecked(rhs, out)
    }
}

impl LogDet for Identity {
    fn log_det(&self) -> Result<LogDeterminant> {
        Ok(LogDeterminant::of_values(std::iter::repeat_n(1.0, self.size), 0.0))
    }
}

impl Factorize for Identity {
    type Factor = Identity;

    fn factorize(&self) -> Result<Identity> {
        Ok(*self)
    }
}

impl SquareRoot for Identity {
    type Root = Identity;

    fn square_root(&self) -> Result<Identity> {
        Ok(*self)
    }
}

impl Eigen for Identity {
    type Basis = Identity;

    fn eigen(&self) -> Result<Diagonalized<Identity>> {
        Ok(Diagonalized::orthonormal(*self, vec![1.0; self.size]))
    }
}
