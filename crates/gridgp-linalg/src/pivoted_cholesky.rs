//! Partial Cholesky factorization by entry access: a preconditioner for covariances plus noise.

use faer::{Mat, MatMut, MatRef};

use crate::operator::{Entries, LinearOperator, LogDet, Solve, SquareRoot, check_square};
use crate::{
    Error, FactoredLowRankUpdate, Identity, LogDeterminant, LowRankUpdate, Result, Scaled,
};

/// M = L Lᵀ + noise · I ≈ K + noise · I, with L of shape n × r from r pivots of K.
///
/// Reads n·r entries of K. The pivot is always the largest of what is left of the diagonal, so
/// the error K − L Lᵀ is positive semidefinite of trace [`residual_trace`](Self::residual_trace).
///
/// # Source
/// Harbrecht, Peters & Schneider (2012), On the low-rank approximation by the pivoted Cholesky
/// decomposition, algorithm 1.
#[derive(Debug, Clone)]
pub struct PivotedCholesky {
    sum: FactoredLowRankUpdate<Scaled<Identity>>,
    pivots: Vec<usize>,
    residual_trace: f64,
}

impl PivotedCholesky {
    /// At most `rank` pivots of `k`, which is given without its noise.
    ///
    /// # Errors
    /// [`Error::Structure`] if `k` is not square or the noise not positive;
    /// [`Error::NotPositiveDefinite`] if the diagonal of `k` is negative somewhere.
    pub fn new<K: Entries + ?Sized>(k: &K, rank: usize, noise: f64) -> Result<Self> {
        check_square(k.shape(), "factorized")?;
        if !(noise > 0.0 && noise.is_finite()) {
            return Err(Error::Structure(format!(
                "the noise of a pivoted Cholesky preconditioner must be positive, not {noise}"
            )));
        }
        let n = k.rows();
        let mut left = k.diagonal();
        if let Some(pivot) = left.iter().position(|d| *d < 0.0 || d.is_nan()) {
            return Err(Error::NotPositiveDefinite { size: n, pivot, value: left[pivot] });
        }
        let enough = left.iter().fold(0.0_f64, |m, d| m.max(*d)) * f64::EPSILON * n as f64;
        let mut l = Mat::<f64>::zeros(n, rank.min(n));
        let mut pivots = Vec::with_capacity(l.ncols());
        for r in 0..l.ncols() {
            let (pivot, largest) = left
                .iter()
                .copied()
                .enumerate()
                .fold((0, 0.0), |(i, m), (j, d)| if d > m { (j, d) } else { (i, m) });
            if largest <= enough {
                break;
            }
            let scale = largest.sqrt();
            let (before, mut rest) = l.as_mut().split_at_col_mut(r);
            let mut column = rest.as_mut().col_mut(0);
            for i in 0..n {
                column[i] = k.entry(i, pivot);
            }
            for q in 0..r {
                let weight = before[(pivot, q)];
                let earlier = before.as_ref().col(q);
                column.as_mut().iter_mut().zip(earlier.iter()).for_each(|(c, e)| *c -= weight * e);
            }
            pivots.push(pivot);
            for i in 0..n {
                column[i] /= scale;
                left[i] = (left[i] - column[i] * column[i]).max(0.0);
            }
            // What is left at a pivot is nothing; rounding must not make it one again, nor give
            // later columns entries there.
            for &p in &pivots {
                left[p] = 0.0;
            }
            for &p in &pivots[..r] {
                column[p] = 0.0;
            }
        }
        let l = l.subcols(0, pivots.len()).to_owned();
        let core = Mat::identity(l.ncols(), l.ncols());
        let base = Scaled::new(noise, Identity::new(n));
        let sum = LowRankUpdate::symmetric(base, l, core)?.factor()?;
        Ok(Self { sum, pivots, residual_trace: left.iter().sum() })
    }

    /// The rows that were pivots, in order.
    pub fn pivots(&self) -> &[usize] {
        &self.pivots
    }

    /// trace(K − L Lᵀ), a bound on every eigenvalue of the error.
    pub fn residual_trace(&self) -> f64 {
        self.residual_trace
    }
}

impl LinearOperator for PivotedCholesky {
    fn shape(&self) -> (usize, usize) {
        self.sum.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.sum.apply_unchecked(x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.sum.apply_unchecked(x, out);
    }
}

/// By Woodbury's formula once: a preconditioner needs no more digits.
impl Solve for PivotedCholesky {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.sum.solve_once(rhs, out)
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.sum.solve_once(rhs, out)
    }
}

impl LogDet for PivotedCholesky {
    fn log_det(&self) -> Result<LogDeterminant> {
        self.sum.log_det()
    }
}

impl SquareRoot for PivotedCholesky {
    type Root = <FactoredLowRankUpdate<Scaled<Identity>> as SquareRoot>::Root;

    fn square_root(&self) -> Result<Self::Root> {
        self.sum.square_root()
    }
}
