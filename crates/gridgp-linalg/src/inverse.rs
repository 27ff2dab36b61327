//! The inverse of an operator, as an operator.

use faer::{MatMut, MatRef};

use crate::operator::{LinearOperator, LogDet, Solve, SquareRoot};
use crate::transposed::Transposed;
use crate::{Error, LogDeterminant, Result};

/// A⁻¹, applied by solving. Nothing is inverted explicitly.
#[derive(Debug, Clone, PartialEq)]
pub struct Inverse<A> {
    operator: A,
}

impl<A: Solve + LogDet> Inverse<A> {
    /// The inverse of a regular operator.
    ///
    /// # Errors
    /// [`Error::Singular`], or what [`LogDet::log_det`] finds.
    pub fn new(operator: A) -> Result<Self> {
        let det = operator.log_det()?;
        if det.rank < det.size {
            return Err(Error::Singular { size: det.size, rank: det.rank });
        }
        Ok(Self { operator })
    }

    /// A.
    pub fn into_inner(self) -> A {
        self.operator
    }
}

impl<A: Solve> LinearOperator for Inverse<A> {
    fn shape(&self) -> (usize, usize) {
        self.operator.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.operator.solve_unchecked(x, out).expect("seen to be regular when constructed");
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.operator
            .solve_transpose_unchecked(x, out)
            .expect("seen to be regular when constructed");
    }

    fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        self.operator
            .solve_along(x, left, right, out)
            .expect("seen to be regular when constructed");
    }

    fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        self.operator
            .solve_transpose_along(x, left, right, out)
            .expect("seen to be regular when constructed");
    }
}

impl<A: Solve> Solve for Inverse<A> {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.operator.apply_unchecked(rhs, out);
        Ok(())
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.operator.apply_transpose_unchecked(rhs, out);
        Ok(())
    }
}

impl<A: Solve + LogDet> LogDet for Inverse<A> {
    fn log_det(&self) -> Result<LogDeterminant> {
        Ok(self.operator.log_det()?.inverse())
    }
}

impl<A: Solve + SquareRoot> SquareRoot for Inverse<A>
where
    A::Root: Solve + LogDet,
{
    /// A⁻¹ = R⁻ᵀ R⁻¹, so that its root is R⁻ᵀ.
    type Root = Transposed<Inverse<A::Root>>;

    fn square_root(&self) -> Result<Self::Root> {
        Ok(Transposed::new(Inverse::new(self.operator.square_root()?)?))
    }
}
