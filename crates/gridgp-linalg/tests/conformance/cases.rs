//! The kinds of matrices, and what is asked of an operator.

use std::fmt::Debug;

use faer::Mat;
use gridgp_linalg::testing::{covariance, dense_kronecker, normal};
use gridgp_linalg::{Dense, Error, Result, Solve};

/// The checks of the kit, by the words of [`conforms!`].
pub mod check {
    pub use gridgp_linalg::testing::{
        check_eigen as eigen, check_entries as entries, check_log_det as log_det,
        check_operator as product, check_solve as solve, check_square_root as root,
    };
}

/// Runs checks of the kit on an operator and its dense form: their names come last.
macro_rules! conforms {
    ($name:expr, $op:expr, $dense:expr, $tolerance:expr; $($check:ident)+) => {
        match (&$name, $op, &$dense, $tolerance) {
            (name, op, dense, tolerance) => {
                $($crate::cases::check::$check(
                    &format!("{name}: {}", stringify!($check)),
                    op,
                    dense.as_ref(),
                    tolerance,
                );)+
            }
        }
    };
}
pub(crate) use conforms;

/// What rounding may do, relative to the size of the matrix.
pub const TOL: f64 = 1e-13;

/// The kinds of matrices that every operator must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    Random,
    /// Of condition [`CONDITION`].
    IllConditioned,
    RankDeficient,
    OneByOne,
}

/// Of a matrix that is ill-conditioned.
pub const CONDITION: f64 = 1e10;

impl Case {
    pub const ALL: [Self; 4] =
        [Self::Random, Self::IllConditioned, Self::RankDeficient, Self::OneByOne];

    pub fn is_singular(self) -> bool {
        self == Self::RankDeficient
    }

    /// The condition of a regular matrix of this kind.
    pub fn condition(self) -> f64 {
        match self {
            Self::IllConditioned => CONDITION,
            Self::Random | Self::RankDeficient => 20.0,
            Self::OneByOne => 1.0,
        }
    }

    /// Number of rows.
    pub fn size(self) -> usize {
        if self == Self::OneByOne { 1 } else { 7 }
    }

    /// Rows of three factors.
    pub fn sizes(self) -> [usize; 3] {
        if self == Self::OneByOne { [1; 3] } else { [3, 4, 2] }
    }

    /// A symmetric positive semidefinite n × n matrix of this kind; half of the rank is missing
    /// where rank is.
    pub fn covariance(self, n: usize, seed: u64) -> Mat<f64> {
        let rank = if self.is_singular() { n / 2 } else { n };
        // 1 × 1 would be 1 otherwise, which squares, roots and inverses leave alone.
        faer::Scale(0.7) * covariance(n, rank, self.condition(), seed)
    }

    /// A covariance for each of [`sizes`](Self::sizes) whose Kronecker product is of this kind.
    pub fn factors(self, seed: u64) -> Vec<Mat<f64>> {
        let condition = self.condition().cbrt();
        let factor = |(&n, seed)| {
            let rank = if self.is_singular() { n / 2 } else { n };
            faer::Scale(1.3) * covariance(n, rank, condition, seed)
        };
        self.sizes().iter().zip(seed..).map(factor).collect()
    }

    /// A square matrix without symmetry.
    pub fn general(self, n: usize, seed: u64) -> Mat<f64> {
        let (u, v) = (orthogonal(n, seed), orthogonal(n, seed + 1));
        u * self.covariance(n, seed + 2) * v
    }
}

fn orthogonal(n: usize, seed: u64) -> Mat<f64> {
    normal(n, n, seed + 100).qr().compute_Q()
}

/// A well-conditioned covariance.
pub fn random(n: usize, seed: u64) -> Mat<f64> {
    covariance(n, n, 20.0, seed)
}

/// The dense Kronecker product.
pub fn kron(factors: &[Mat<f64>]) -> Mat<f64> {
    factors
        .iter()
        .fold(Mat::identity(1, 1), |product, f| dense_kronecker(product.as_ref(), f.as_ref()))
}

/// Each matrix as an operator.
pub fn dense(factors: &[Mat<f64>]) -> Vec<Dense> {
    factors.iter().cloned().map(Dense::new).collect()
}

/// The matrix with these numbers on its diagonal.
pub fn diagonal(values: &[f64]) -> Mat<f64> {
    Mat::from_fn(values.len(), values.len(), |i, j| if i == j { values[i] } else { 0.0 })
}

/// A⁻¹ by LU with row exchanges.
pub fn inverse(a: &Mat<f64>) -> Mat<f64> {
    let n = a.nrows();
    Dense::new(a.clone()).lu().unwrap().solve(Mat::<f64>::identity(n, n).as_ref()).unwrap()
}

/// Asserts that a singular matrix was noticed, and that the message says what it is.
#[track_caller]
pub fn refused<T: Debug>(name: &str, result: Result<T>) {
    let error = result.map(drop).expect_err(&format!("{name}: a singular matrix went unnoticed"));
    let named = matches!(error, Error::Singular { .. } | Error::NotPositiveDefinite { .. });
    assert!(named, "{name}: {error}");
}

/// Asserts that solves with a singular operator are refused, whatever the right-hand side.
#[track_caller]
pub fn solve_refused<A: Solve + ?Sized>(name: &str, a: &A) {
    let b = normal(a.rows(), 2, 1);
    refused(name, a.solve(b.as_ref()));
    refused(name, a.solve_transpose(b.as_ref()));
    let mut out = vec![0.0; a.rows()];
    refused(name, a.solve_along(b.col_as_slice(0), 1, 1, &mut out));
}
