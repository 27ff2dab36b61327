//! What an operator may be able to do beyond products and solves, a trait each.

use faer::Mat;

use super::{LinearOperator, Solve};
use crate::diagonalized::Diagonalized;
use crate::{Result, sample};

/// Single entries of A, and with them its diagonal and trace.
pub trait Entries: LinearOperator {
    /// A\[row, column\].
    ///
    /// # Panics
    /// If a position is outside.
    fn entry(&self, row: usize, column: usize) -> f64;

    /// The main diagonal.
    fn diagonal(&self) -> Vec<f64> {
        (0..self.rows().min(self.columns())).map(|i| self.entry(i, i)).collect()
    }

    /// The sum of the diagonal.
    ///
    /// # Panics
    /// If A is not square.
    fn trace(&self) -> f64 {
        assert_eq!(self.rows(), self.columns(), "only a square operator has a trace");
        self.diagonal().iter().sum()
    }
}

/// The exact determinant, as sign and logarithm.
pub trait LogDet: LinearOperator {
    /// sign and log |det A|, with the rank and an estimate of the condition.
    ///
    /// A singular matrix is not an error: its sign is 0 and its logarithm −∞.
    ///
    /// # Errors
    /// [`Error::Structure`](crate::Error::Structure) if A is not square;
    /// [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite) where the route needs that.
    fn log_det(&self) -> Result<crate::LogDeterminant>;
}

/// A = R Rᵀ, for symmetric positive semidefinite A.
pub trait SquareRoot: LinearOperator {
    /// The type of R.
    type Root: LinearOperator;

    /// R with A = R Rᵀ. It may be rectangular: a matrix of rank r may have r columns.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite).
    fn square_root(&self) -> Result<Self::Root>;

    /// `count` draws from N(0, A), one a column.
    ///
    /// Draw j depends on (seed, j) only, not on `count` or on the number of threads. For more
    /// draws than fit into memory keep the [`square_root`](Self::square_root) and fill blocks with
    /// [`sample::draw_into`].
    ///
    /// # Errors
    /// As [`square_root`](Self::square_root).
    fn sample(&self, count: usize, seed: u64) -> Result<Mat<f64>> {
        let root = self.square_root()?;
        let mut out = Mat::zeros(self.rows(), count);
        sample::draw_into(&root, seed, 0, out.as_mut());
        Ok(out)
    }
}

/// A = W diag(d) Wᵀ, for symmetric A.
pub trait Eigen: LinearOperator {
    /// The type of the basis W; a structured operator, never a dense matrix of full size.
    type Basis: LinearOperator;

    /// The eigendecomposition, eigenvalues in the order of the basis' columns (not sorted).
    ///
    /// # Errors
    /// [`Error::Eigen`](crate::Error::Eigen), [`Error::NotFinite`](crate::Error::NotFinite), or
    /// [`Error::Structure`](crate::Error::Structure) if A is not symmetric.
    fn eigen(&self) -> Result<Diagonalized<Self::Basis>>;
}

/// A one-off factorization after which solves and the determinant are cheap.
pub trait Factorize: LinearOperator {
    /// The factorized form.
    type Factor: Solve + LogDet;

    /// Factorizes a symmetric positive definite A.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite); see the
    /// implementation for others.
    fn factorize(&self) -> Result<Self::Factor>;
}
