//! The transpose of an operator.

use faer::{MatMut, MatRef};

use crate::operator::{Entries, LinearOperator, LogDet, Solve};
use crate::{LogDeterminant, Result};

/// Aᵀ.
#[derive(Debug, Clone, PartialEq)]
pub struct Transposed<A> {
    operator: A,
}

impl<A> Transposed<A> {
    /// The transpose of `operator`.
    pub fn new(operator: A) -> Self {
        Self { operator }
    }

    /// A.
    pub fn into_inner(self) -> A {
        self.operator
    }
}

impl<A: LinearOperator> LinearOperator for Transposed<A> {
    fn shape(&self) -> (usize, usize) {
        (self.operator.columns(), self.operator.rows())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.operator.apply_transpose_unchecked(x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.operator.apply_unchecked(x, out);
    }

    fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        self.operator.apply_transpose_along(x, left, right, out);
    }

    fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        self.operator.apply_along(x, left, right, out);
    }
}

impl<A: Entries> Entries for Transposed<A> {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.operator.entry(column, row)
    }

    fn diagonal(&self) -> Vec<f64> {
        self.operator.diagonal()
    }

    fn trace(&self) -> f64 {
        self.operator.trace()
    }
}

impl<A: Solve> Solve for Transposed<A> {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.operator.solve_transpose_unchecked(rhs, out)
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.operator.solve_unchecked(rhs, out)
    }
}

impl<A: LogDet> LogDet for Transposed<A> {
    fn log_det(&self) -> Result<LogDeterminant> {
        self.operator.log_det()
    }
}
