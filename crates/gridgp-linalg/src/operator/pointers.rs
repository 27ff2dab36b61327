//! Operators behind references.

use faer::{MatMut, MatRef};

use super::{Eigen, Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot};
use crate::Result;
use crate::diagonalized::Diagonalized;

/// References and smart pointers are operators too, so factors can be shared or mixed.
macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: LinearOperator + ?Sized> LinearOperator for $pointer {
            fn shape(&self) -> (usize, usize) {
                (**self).shape()
            }
            fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
                (**self).apply_unchecked(x, out);
            }
            fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
                (**self).apply_transpose_unchecked(x, out);
            }
            fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
                (**self).apply_along(x, left, right, out);
            }
            fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
                (**self).apply_transpose_along(x, left, right, out);
            }
        }

        impl<T: Entries + ?Sized> Entries for $pointer {
            fn entry(&self, row: usize, column: usize) -> f64 {
                (**self).entry(row, column)
            }
            fn diagonal(&self) -> Vec<f64> {
                (**self).diagonal()
            }
            fn trace(&self) -> f64 {
                (**self).trace()
            }
        }

        impl<T: Solve + ?Sized> Solve for $pointer {
            fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
                (**self).solve_unchecked(rhs, out)
            }
            fn solve_transpose_unchecked(
                &self,
                rhs: MatRef<'_, f64>,
                out: MatMut<'_, f64>,
            ) -> Result<()> {
                (**self).solve_transpose_unchecked(rhs, out)
            }
            fn solve_along(
                &self,
                x: &[f64],
                left: usize,
                right: usize,
                out: &mut [f64],
            ) -> Result<()> {
                (**self).solve_along(x, left, right, out)
            }
            fn solve_transpose_along(
                &self,
                x: &[f64],
                left: usize,
                right: usize,
                out: &mut [f64],
            ) -> Result<()> {
                (**self).solve_transpose_along(x, left, right, out)
            }
        }

        impl<T: LogDet + ?Sized> LogDet for $pointer {
            fn log_det(&self) -> Result<crate::LogDeterminant> {
                (**self).log_det()
            }
        }

        impl<T: SquareRoot + ?Sized> SquareRoot for $pointer {
            type Root = T::Root;
            fn square_root(&self) -> Result<T::Root> {
                (**self).square_root()
            }
        }

        impl<T: Eigen + ?Sized> Eigen for $pointer {
            type Basis = T::Basis;
            fn eigen(&self) -> Result<Diagonalized<T::Basis>> {
                (**self).eigen()
            }
        }

        impl<T: Factorize + ?Sized> Factorize for $pointer {
            type Factor = T::Factor;
            fn factorize(&self) -> Result<T::Factor> {
                (**self).factorize()
            }
        }
    )*};
}

forward!(&T, Box<T>, std::sync::Arc<T>);
