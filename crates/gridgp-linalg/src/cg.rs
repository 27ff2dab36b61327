//! Conjugate gradients, plain and preconditioned, for symmetric positive definite operators.

use faer::{Mat, MatMut, MatRef};

use crate::operator::{LinearOperator, Solve, check_square};
use crate::{Error, Result};

/// What an approximate inverse must do: out = M⁻¹ R, with M symmetric positive definite.
///
/// Every operator that solves is one ([`Diagonal`](crate::Diagonal) is Jacobi's), so are
/// [`PivotedCholesky`](crate::PivotedCholesky) and [`FullGrid`]; implement it for your own.
pub trait Preconditioner {
    /// out = M⁻¹ R, both of shape (rows, batch).
    ///
    /// # Errors
    /// What the solve finds.
    fn precondition(&self, residual: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()>;
}

impl<S: Solve + ?Sized> Preconditioner for S {
    fn precondition(&self, residual: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_into(residual, out)
    }
}

/// The inverse of the full grid restricted to the observed cells: M⁻¹ = (A⁻¹)_oo, for
/// [`Masked::principal`](crate::Masked::principal) operators.
///
/// With m cells missing M⁻¹A_oo differs from I by rank m, so that conjugate gradients end after at
/// most m + 1 iterations in exact arithmetic.
#[derive(Debug, Clone)]
pub struct FullGrid<A> {
    inverse: crate::Masked<crate::Inverse<A>>,
}

impl<A: Solve + crate::LogDet> FullGrid<A> {
    /// For the cells of `full` where `keep` is true.
    ///
    /// # Errors
    /// [`Error::Singular`], or [`Error::Structure`] if the mask does not fit.
    pub fn new(full: A, keep: &[bool]) -> Result<Self> {
        Ok(Self { inverse: crate::Masked::principal(crate::Inverse::new(full)?, keep)? })
    }
}

impl<A: Solve> Preconditioner for FullGrid<A> {
    fn precondition(&self, residual: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.inverse.apply_into(residual, out);
        Ok(())
    }
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// Relative residual |b − A x| / |b| at which a column is done.
    pub tolerance: f64,
    /// More iterations than this are an error.
    pub max_iterations: usize,
}

impl Default for Stop {
    /// 10⁻¹⁰ and 1000.
    fn default() -> Self {
        Self { tolerance: 1e-10, max_iterations: 1000 }
    }
}

/// An approximate solution with its account.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// X, one column a right-hand side.
    pub x: Mat<f64>,
    /// Iterations of the slowest column.
    pub iterations: usize,
    /// Largest relative residual |b − A x| / |b| over the columns, computed anew from X.
    pub residual: f64,
    /// The tolerance asked for.
    pub tolerance: f64,
}

/// Solves A X = B for symmetric positive definite A by preconditioned conjugate gradients.
///
/// Columns iterate together, so that products are batched, each with its own step lengths. Pass
/// [`Identity`](crate::Identity) for no preconditioner.
///
/// ```
/// use faer::mat;
/// use gridgp_linalg::{Dense, Diagonal, Entries, cg};
/// let a = Dense::new(mat![[4.0, 1.0], [1.0, 3.0]]);
/// let jacobi = Diagonal::new(a.diagonal());
/// let solution = cg::solve(&a, mat![[1.0], [2.0]].as_ref(), &jacobi, cg::Stop::default())?;
/// assert!((solution.x[(0, 0)] - 1.0 / 11.0).abs() < 1e-10);
/// assert!(solution.iterations <= 2);
/// # Ok::<(), gridgp_linalg::Error>(())
/// ```
///
/// # Errors
/// [`Error::NotConverged`]; [`Error::NotPositiveDefinite`] when a search direction shows that A or
/// the preconditioner is not; [`Error::Structure`] if A is not square.
///
/// # Panics
/// If B does not have as many rows as A.
///
/// # Source
/// Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., algorithm 9.1.
pub fn solve<A, P>(a: &A, rhs: MatRef<'_, f64>, preconditioner: &P, stop: Stop) -> Result<Solution>
where
    A: LinearOperator + ?Sized,
    P: Preconditioner + ?Sized,
{
    check_square(a.shape(), "solved")?;
    let (n, batch) = (a.rows(), rhs.ncols());
    assert_eq!(rhs.nrows(), n, "the right-hand side has the wrong number of rows");
    let norms: Vec<f64> = rhs.col_iter().map(|b| b.norm_l2()).collect();
    let mut x = Mat::zeros(n, batch);
    let mut r = rhs.to_owned();
    let mut z = Mat::zeros(n, batch);
    preconditioner.precondition(r.as_ref(), z.as_mut())?;
    let mut p = z.clone();
    let mut ap = Mat::zeros(n, batch);
    let mut rz = dots(&r, &z);
    let not_definite = |value: f64| Error::NotPositiveDefinite { size: n, pivot: 0, value };
    let mut done: Vec<bool> = norms.iter().map(|b| *b == 0.0).collect();
    let mut iterations = 0;
    while !done.iter().all(|d| *d) {
        if iterations == stop.max_iterations {
            let residual = true_residual(a, rhs, &x, &norms);
            return Err(Error::NotConverged {
                method: "conjugate gradients",
                iterations,
                residual,
                tolerance: stop.tolerance,
            });
        }
        iterations += 1;
        a.apply_into(p.as_ref(), ap.as_mut());
        let curvature = dots(&p, &ap);
        for (j, done) in done.iter_mut().enumerate().filter(|(_, done)| !**done) {
            // NaN must end here too.
            if curvature[j].is_nan() || curvature[j] <= 0.0 {
                return Err(not_definite(curvature[j]));
            }
            let alpha = rz[j] / curvature[j];
            add_scaled(x.col_as_slice_mut(j), alpha, p.col_as_slice(j));
            add_scaled(r.col_as_slice_mut(j), -alpha, ap.col_as_slice(j));
            *done = r.col(j).norm_l2() <= stop.tolerance * norms[j];
        }
        preconditioner.precondition(r.as_ref(), z.as_mut())?;
        let next = dots(&r, &z);
        for j in (0..batch).filter(|&j| !done[j]) {
            if next[j].is_nan() || next[j] < 0.0 {
                return Err(not_definite(next[j]));
            }
            let beta = next[j] / rz[j];
            let z = z.col_as_slice(j);
            p.col_as_slice_mut(j).iter_mut().zip(z).for_each(|(p, z)| *p = z + beta * *p);
        }
        rz = next;
    }
    let residual = true_residual(a, rhs, &x, &norms);
    // The recursion's residual drifts from the true one by rounding; say so instead of claiming.
    if residual > 10.0 * stop.tolerance {
        return Err(Error::NotConverged {
            method: "conjugate gradients (limited by rounding)",
            iterations,
            residual,
            tolerance: stop.tolerance,
        });
    }
    Ok(Solution { x, iterations, residual, tolerance: stop.tolerance })
}

fn dots(a: &Mat<f64>, b: &Mat<f64>) -> Vec<f64> {
    (0..a.ncols()).map(|j| a.col(j).transpose() * b.col(j)).collect()
}

pub(crate) fn add_scaled(a: &mut [f64], scale: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += scale * b);
}

/// The largest |b − A x| / |b|.
pub(crate) fn true_residual<A: LinearOperator + ?Sized>(
    a: &A,
    rhs: MatRef<'_, f64>,
    x: &Mat<f64>,
    norms: &[f64],
) -> f64 {
    let r = rhs - a.apply(x.as_ref());
    let columns = r.col_iter().zip(norms).filter(|(_, b)| **b > 0.0);
    columns.map(|(r, b)| r.norm_l2() / b).fold(0.0, f64::max)
}
