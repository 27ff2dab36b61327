//! An operator times a number.

use faer::{MatMut, MatRef};

use crate::diagonalized::Diagonalized;
use crate::operator::{Eigen, Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot};
use crate::{Error, LogDeterminant, Result};

/// c A.
///
/// The square root of a covariance scaled by amplitude² is the root scaled by |amplitude|.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaled<A> {
    scale: f64,
    operator: A,
}

impl<A> Scaled<A> {
    /// `scale` · `operator`.
    pub fn new(scale: f64, operator: A) -> Self {
        Self { scale, operator }
    }

    /// c.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// A.
    pub fn operator(&self) -> &A {
        &self.operator
    }
}

impl<A: LinearOperator> LinearOperator for Scaled<A> {
    fn shape(&self) -> (usize, usize) {
        self.operator.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        self.operator.apply_unchecked(x, out.as_mut());
        out *= faer::Scale(self.scale);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        self.operator.apply_transpose_unchecked(x, out.as_mut());
        out *= faer::Scale(self.scale);
    }
}

impl<A: Entries> Entries for Scaled<A> {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.scale * self.operator.entry(row, column)
    }

    fn diagonal(&self) -> Vec<f64> {
        let mut diagonal = self.operator.diagonal();
        diagonal.iter_mut().for_each(|d| *d *= self.scale);
        diagonal
    }

    fn trace(&self) -> f64 {
        self.scale * self.operator.trace()
    }
}

impl<A: Solve> Scaled<A> {
    fn check_regular(&self) -> Result<()> {
        if self.scale == 0.0 {
            return Err(Error::Singular { size: self.rows(), rank: 0 });
        }
        Ok(())
    }
}

impl<A: Solve> Solve for Scaled<A> {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<()> {
        self.check_regular()?;
        self.operator.solve_unchecked(rhs, out.as_mut())?;
        out /= faer::Scale(self.scale);
        Ok(())
    }

    fn solve_transpose_unchecked(
        &self,
        rhs: MatRef<'_, f64>,
        mut out: MatMut<'_, f64>,
    ) -> Result<()> {
        self.check_regular()?;
        self.operator.solve_transpose_unchecked(rhs, out.as_mut())?;
        out /= faer::Scale(self.scale);
        Ok(())
    }
}

impl<A: LogDet> LogDet for Scaled<A> {
    fn log_det(&self) -> Result<LogDeterminant> {
        Ok(self.operator.log_det()?.scaled(self.scale))
    }
}

impl<A: Factorize> Factorize for Scaled<A> {
    type Factor = Scaled<A::Factor>;

    fn factorize(&self) -> Result<Self::Factor> {
        let size = self.rows();
        if self.scale <= 0.0 || self.scale.is_nan() {
            return Err(Error::NotPositiveDefinite { size, pivot: 0, value: self.scale });
        }
        Ok(Scaled::new(self.scale, self.operator.factorize()?))
    }
}

impl<A: SquareRoot> SquareRoot for Scaled<A> {
    type Root = Scaled<A::Root>;

    fn square_root(&self) -> Result<Self::Root> {
        let size = self.rows();
        if self.scale < 0.0 || self.scale.is_nan() {
            return Err(Error::NotPositiveDefinite { size, pivot: 0, value: self.scale });
        }
        Ok(Scaled::new(self.scale.sqrt(), self.operator.square_root()?))
    }
}

impl<A: Eigen> Eigen for Scaled<A> {
    type Basis = A::Basis;

    fn eigen(&self) -> Result<Diagonalized<A::Basis>> {
        Ok(self.operator.eigen()?.map(|v| self.scale * v))
    }
}
