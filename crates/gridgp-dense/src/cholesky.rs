//! Cholesky factors of dense matrices.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltError, LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatMut, MatRef};

use crate::gemm::settle_registers;
use crate::{Error, Result, threads};

/// A = L Lᵀ, L lower triangular with a positive diagonal.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    l: Mat<f64>,
}

impl Cholesky {
    /// Factorizes the symmetric positive definite `a`, of which the lower triangle is read.
    ///
    /// Nothing is added to the diagonal: a matrix that is not positive definite is an error, and
    /// the caller decides whether a jitter is part of the model. Pivot j is made by j subtractions
    /// from a\[j, j\], so one of at most (j + 1) ε a\[j, j\] is their rounding and counts as zero,
    /// whichever sign it has; that does not depend on the unit of any row.
    ///
    /// # Errors
    /// [`Error::NotFinite`], or [`Error::NotPositiveDefinite`] with the pivot that failed.
    ///
    /// # Panics
    /// If `a` is not square.
    pub fn new(a: MatRef<'_, f64>) -> Result<Self> {
        assert_eq!(a.nrows(), a.ncols(), "a covariance matrix is square");
        let mut factor = Self::identity(a.nrows());
        factor.update(a)?;
        Ok(factor)
    }

    /// The factor of I, n × n.
    pub fn identity(n: usize) -> Self {
        Self { l: Mat::identity(n, n) }
    }

    /// Factorizes another matrix of the same size, as [`new`](Self::new), in the memory of this one.
    ///
    /// # Errors
    /// As [`new`](Self::new); then the factor is that of no matrix, until the next update.
    ///
    /// # Panics
    /// If `a` has another size.
    pub fn update(&mut self, a: MatRef<'_, f64>) -> Result<()> {
        let (n, l) = (self.size(), &mut self.l);
        assert_eq!((a.nrows(), a.ncols()), (n, n), "the size of a factor stays");
        check_finite(a, "matrix")?;
        for j in 0..n {
            l.as_mut().col_mut(j).subrows_mut(0, j).fill(0.0);
            l.as_mut().col_mut(j).subrows_mut(j, n - j).copy_from(a.col(j).subrows(j, n - j));
        }
        let par = threads::for_flops(n * n * n / 3);
        let scratch = cholesky_in_place_scratch::<f64>(n, par, Default::default());
        let mut memory = MemBuffer::new(scratch);
        cholesky_in_place(
            l.as_mut(),
            LltRegularization::default(),
            par,
            MemStack::new(&mut memory),
            Default::default(),
        )
        .map_err(|LltError::NonPositivePivot { index }| Error::NotPositiveDefinite {
            size: n,
            pivot: index,
            value: failed_pivot(a, l, index),
        })?;
        settle_registers();
        for j in 0..n {
            let pivot = l[(j, j)] * l[(j, j)];
            if pivot <= (j + 1) as f64 * f64::EPSILON * a[(j, j)] {
                return Err(Error::NotPositiveDefinite { size: n, pivot: j, value: pivot });
            }
        }
        // The factorization uses the strict upper triangle as scratch.
        for j in 1..n {
            l.as_mut().col_mut(j).subrows_mut(0, j).fill(0.0);
        }
        Ok(())
    }

    /// A factor that is already known.
    ///
    /// # Errors
    /// [`Error::NotFinite`], or [`Error::NotPositiveDefinite`] if the diagonal is not positive.
    ///
    /// # Panics
    /// If `l` is not square or has entries above the diagonal.
    pub fn from_factor(l: Mat<f64>) -> Result<Self> {
        let n = l.nrows();
        assert_eq!(n, l.ncols(), "a Cholesky factor is square");
        check_finite(l.as_ref(), "Cholesky factor")?;
        for j in 0..n {
            assert!((0..j).all(|i| l[(i, j)] == 0.0), "a Cholesky factor is lower triangular");
            if l[(j, j)] <= 0.0 {
                return Err(Error::NotPositiveDefinite { size: n, pivot: j, value: l[(j, j)] });
            }
        }
        Ok(Self { l })
    }

    /// Number of rows.
    pub fn size(&self) -> usize {
        self.l.nrows()
    }

    /// The factor L, zero above the diagonal.
    pub fn l(&self) -> MatRef<'_, f64> {
        self.l.as_ref()
    }

    /// log det A = 2 Σ log Lᵢᵢ.
    pub fn log_det(&self) -> f64 {
        2.0 * (0..self.size()).map(|i| self.l[(i, i)].ln()).sum::<f64>()
    }

    /// Replaces B by A⁻¹ B.
    pub fn solve_in_place(&self, mut b: MatMut<'_, f64>) {
        self.solve_l_in_place(b.as_mut());
        self.solve_lt_in_place(b);
    }

    /// The lower triangle of A⁻¹ = L⁻ᵀ L⁻¹ into `inverse`, of which the rest stays as it is; L⁻¹ into
    /// `l_inverse`, of which only the lower triangle is used.
    ///
    /// # Panics
    /// If either has another size.
    pub fn inverse_lower(&self, mut l_inverse: MatMut<'_, f64>, inverse: MatMut<'_, f64>) {
        let n = self.size();
        let par = threads::for_flops(n * n * n / 3);
        invert_lower_triangular(l_inverse.as_mut(), self.l.as_ref(), par);
        let l_inverse = l_inverse.as_ref();
        triangular::matmul(
            inverse,
            BlockStructure::TriangularLower,
            Accum::Replace,
            l_inverse.transpose(),
            BlockStructure::TriangularUpper,
            l_inverse,
            BlockStructure::TriangularLower,
            1.0,
            par,
        );
        settle_registers();
    }

    /// Replaces b by L⁻¹ b.
    pub fn solve_l(&self, b: &mut [f64]) {
        let n = self.size();
        self.solve_l_in_place(MatMut::from_column_major_slice_mut(b, n, 1));
    }

    /// Replaces b by L⁻ᵀ b.
    pub fn solve_lt(&self, b: &mut [f64]) {
        let n = self.size();
        self.solve_lt_in_place(MatMut::from_column_major_slice_mut(b, n, 1));
    }

    /// Replaces B by L⁻¹ B.
    pub fn solve_l_in_place(&self, b: MatMut<'_, f64>) {
        let par = threads::for_flops(self.size() * self.size() * b.ncols());
        solve_lower_triangular_in_place(self.l.as_ref(), b, par);
        settle_registers();
    }

    /// Replaces B by L⁻ᵀ B.
    pub fn solve_lt_in_place(&self, b: MatMut<'_, f64>) {
        let par = threads::for_flops(self.size() * self.size() * b.ncols());
        solve_upper_triangular_in_place(self.l.transpose(), b, par);
        settle_registers();
    }
}

/// The pivot at which the factorization failed, computed anew: faer does not keep it.
fn failed_pivot(a: MatRef<'_, f64>, l: &Mat<f64>, index: usize) -> f64 {
    let mut row = vec![0.0; index];
    for j in 0..index {
        let dot: f64 = (0..j).map(|k| row[k] * l[(j, k)]).sum();
        row[j] = (a[(index, j)] - dot) / l[(j, j)];
    }
    a[(index, index)] - row.iter().map(|v| v * v).sum::<f64>()
}

/// The first entry that is not finite is an error.
pub fn check_finite(a: MatRef<'_, f64>, what: &'static str) -> Result<()> {
    for column in 0..a.ncols() {
        for row in 0..a.nrows() {
            let value = a[(row, column)];
            if !value.is_finite() {
                return Err(Error::NotFinite { what, row, column, value });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spd(n: usize) -> Mat<f64> {
        Mat::from_fn(n, n, |i, j| {
            let d = i as f64 - j as f64;
            (-0.1 * d * d).exp() + if i == j { 0.5 } else { 0.0 }
        })
    }

    #[test]
    fn factor_solve_and_log_det() {
        for n in [1, 2, 7, 200] {
            let a = spd(n);
            let chol = Cholesky::new(a.as_ref()).unwrap();
            let back = chol.l() * chol.l().transpose();
            assert!((&back - &a).norm_max() < 1e-13);
            let b = Mat::from_fn(n, 2, |i, j| (i + j) as f64);
            let mut x = b.clone();
            chol.solve_in_place(x.as_mut());
            assert!((&a * &x - &b).norm_max() < 1e-10 * n as f64);
            let mut l_inverse = Mat::zeros(n, n);
            let mut inverse = Mat::full(n, n, f64::NAN);
            chol.inverse_lower(l_inverse.as_mut(), inverse.as_mut());
            let mirrored = Mat::from_fn(n, n, |i, j| inverse[(i.max(j), i.min(j))]);
            assert!((&a * &mirrored - Mat::<f64>::identity(n, n)).norm_max() < 1e-12);
            assert!((chol.l() * &l_inverse - Mat::<f64>::identity(n, n)).norm_max() < 1e-12);
            let det: f64 =
                if n == 2 { a[(0, 0)] * a[(1, 1)] - a[(0, 1)].powi(2) } else { continue };
            assert!((chol.log_det() - det.ln()).abs() < 1e-14);
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_said() {
        let mut a = spd(5);
        a[(3, 3)] = -1.0;
        let Err(Error::NotPositiveDefinite { size: 5, pivot: 3, value }) =
            Cholesky::new(a.as_ref())
        else {
            panic!("accepted an indefinite matrix")
        };
        assert!(value < -1.0);
        a[(2, 1)] = f64::NAN;
        assert!(matches!(
            Cholesky::new(a.as_ref()),
            Err(Error::NotFinite { row: 2, column: 1, .. })
        ));
    }
}
