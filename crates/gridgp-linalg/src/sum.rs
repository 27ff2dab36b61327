//! The sum of two operators.

use faer::{MatMut, MatRef};

use crate::operator::{Entries, LinearOperator, SquareRoot};
use crate::{Error, Result};

/// A + B.
///
/// A sum of arbitrary operators has products, entries and draws, but no exact structured solve or
/// determinant. Where the terms share structure use
/// [`SumKronecker`](crate::SumKronecker), [`KroneckerSum`](crate::KroneckerSum) or
/// [`LowRankUpdate`](crate::LowRankUpdate); otherwise ask for [`cg`](crate::cg) and
/// [`lanczos`](crate::lanczos) by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum<A, B> {
    left: A,
    right: B,
}

impl<A: LinearOperator, B: LinearOperator> Sum<A, B> {
    /// left + right.
    ///
    /// # Errors
    /// [`Error::Structure`] if the shapes differ.
    pub fn new(left: A, right: B) -> Result<Self> {
        if left.shape() != right.shape() {
            return Err(Error::Structure(format!(
                "operators of shapes {:?} and {:?} cannot be added",
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

impl<A: LinearOperator, B: LinearOperator> LinearOperator for Sum<A, B> {
    fn shape(&self) -> (usize, usize) {
        self.left.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        self.left.apply_unchecked(x, out.as_mut());
        out += self.right.apply(x);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        self.left.apply_transpose_unchecked(x, out.as_mut());
        out += self.right.apply_transpose(x);
    }
}

impl<A: Entries, B: Entries> Entries for Sum<A, B> {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.left.entry(row, column) + self.right.entry(row, column)
    }

    fn diagonal(&self) -> Vec<f64> {
        let mut diagonal = self.left.diagonal();
        diagonal.iter_mut().zip(self.right.diagonal()).for_each(|(d, e)| *d += e);
        diagonal
    }

    fn trace(&self) -> f64 {
        self.left.trace() + self.right.trace()
    }
}

impl<A: SquareRoot, B: SquareRoot> SquareRoot for Sum<A, B> {
    type Root = SideBySide<A::Root, B::Root>;

    fn square_root(&self) -> Result<Self::Root> {
        SideBySide::new(self.left.square_root()?, self.right.square_root()?)
    }
}

/// \[A B\]: the columns of A, then those of B. [A B][A B]ᵀ = A Aᵀ + B Bᵀ, so two roots side by
/// side are a root of the sum.
#[derive(Debug, Clone, PartialEq)]
pub struct SideBySide<A, B> {
    left: A,
    right: B,
}

impl<A: LinearOperator, B: LinearOperator> SideBySide<A, B> {
    /// `left`, then `right`.
    ///
    /// # Errors
    /// [`Error::Structure`] if the numbers of rows differ.
    pub fn new(left: A, right: B) -> Result<Self> {
        if left.rows() != right.rows() {
            return Err(Error::Structure(format!(
                "operators of {} and {} rows cannot stand side by side",
                left.rows(),
                right.rows()
            )));
        }
        Ok(Self { left, right })
    }
}

impl<A: LinearOperator, B: LinearOperator> LinearOperator for SideBySide<A, B> {
    fn shape(&self) -> (usize, usize) {
        (self.left.rows(), self.left.columns() + self.right.columns())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        let (upper, lower) = x.split_at_row(self.left.columns());
        self.left.apply_unchecked(upper, out.as_mut());
        out += self.right.apply(lower);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        let (upper, lower) = out.split_at_row_mut(self.left.columns());
        self.left.apply_transpose_unchecked(x, upper);
        self.right.apply_transpose_unchecked(x, lower);
    }
}
