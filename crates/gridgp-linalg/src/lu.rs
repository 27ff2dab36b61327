//! LU factorization of a general square matrix.

use faer::linalg::solvers::{PartialPivLu, SolveCore};
use faer::{Conj, Mat, MatMut, MatRef};

use crate::cholesky::check_finite;
use crate::dense::gemm;
use crate::operator::{LinearOperator, LogDet, Solve, check_square};
use crate::{Error, LogDeterminant, Result};

/// P A = L U with row pivoting.
///
/// A matrix with a pivot below size · ε · max|A| is singular to rounding; its rank is then taken
/// from its singular values.
#[derive(Debug, Clone)]
pub struct Lu {
    matrix: Mat<f64>,
    factors: PartialPivLu<f64>,
    det: LogDeterminant,
}

impl Lu {
    /// Factorizes `a`.
    ///
    /// # Errors
    /// [`Error::NotFinite`], or [`Error::Structure`] if `a` is not square.
    pub fn new(a: MatRef<'_, f64>) -> Result<Self> {
        check_square(a.shape(), "factorized")?;
        check_finite(a, "matrix")?;
        let factors = PartialPivLu::new(a);
        let n = a.nrows();
        let pivots = (0..n).map(|i| factors.U()[(i, i)]);
        let zero = n as f64 * f64::EPSILON * a.norm_max();
        let mut det = LogDeterminant::of_values(pivots, zero);
        if det.rank < n {
            // Behind a zero pivot the others may be anything, so they cannot be counted.
            let values = a.singular_values().map_err(|_| Error::Eigen { size: n })?;
            let zero = n as f64 * f64::EPSILON * values[0];
            let rank = values.iter().filter(|v| **v > zero).count().min(n - 1);
            let (largest, smallest) = (values[0], values[n - 1]);
            det = LogDeterminant { sign: 0.0, rank, largest, smallest, ..det };
            det.log_abs = f64::NEG_INFINITY;
        }
        det.sign *= parity(factors.P().arrays().0);
        Ok(Self { matrix: a.to_owned(), factors, det })
    }

    /// The matrix that was factorized.
    pub fn matrix(&self) -> MatRef<'_, f64> {
        self.matrix.as_ref()
    }

    fn check_regular(&self) -> Result<()> {
        let LogDeterminant { size, rank, .. } = self.det;
        if rank < size { Err(Error::Singular { size, rank }) } else { Ok(()) }
    }
}

/// The sign of a permutation: −1 for each cycle of even length.
fn parity(permutation: &[usize]) -> f64 {
    let mut seen = vec![false; permutation.len()];
    let mut sign = 1.0;
    for start in 0..permutation.len() {
        let (mut at, mut even) = (start, true);
        while !seen[at] {
            seen[at] = true;
            at = permutation[at];
            even = !even;
            if at == start && even {
                sign = -sign;
            }
        }
    }
    sign
}

impl LinearOperator for Lu {
    fn shape(&self) -> (usize, usize) {
        self.matrix.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        gemm(self.matrix(), x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        gemm(self.matrix.transpose(), x, out);
    }
}

impl Solve for Lu {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<()> {
        self.check_regular()?;
        out.copy_from(rhs);
        self.factors.solve_in_place_with_conj(Conj::No, out.as_dyn_cols_mut());
        Ok(())
    }

    fn solve_transpose_unchecked(
        &self,
        rhs: MatRef<'_, f64>,
        mut out: MatMut<'_, f64>,
    ) -> Result<()> {
        self.check_regular()?;
        out.copy_from(rhs);
        self.factors.solve_transpose_in_place_with_conj(Conj::No, out.as_dyn_cols_mut());
        Ok(())
    }
}

impl LogDet for Lu {
    fn log_det(&self) -> Result<LogDeterminant> {
        Ok(self.det)
    }
}
