//! A matrix with all of its entries, and the operator side of its Cholesky factorization.

use faer::{Accum, Mat, MatMut, MatRef};

use crate::cholesky::Cholesky;
use crate::diagonalized::Diagonalized;
use crate::gemm::parallelism;
use crate::lu::Lu;
use crate::operator::{
    Eigen, Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot, check_square,
};
use crate::triangular::Triangular;
use crate::{Error, LogDeterminant, Result, mode_product, symmetric_eigen};

/// A dense matrix. It factors once ([`Factorize`] by Cholesky, [`Dense::lu`] in general), then
/// solves.
///
/// ```
/// use faer::mat;
/// use gridgp_linalg::{Dense, Factorize, LogDet, Solve};
/// let a = Dense::new(mat![[4.0, 2.0], [2.0, 3.0]]).factorize()?;
/// let x = a.solve(mat![[2.0], [3.0]].as_ref())?;
/// assert!((x - mat![[0.0], [1.0]]).norm_max() < 1e-15);
/// assert!((LogDet::log_det(&a)?.log_abs - 8.0_f64.ln()).abs() < 1e-14);
/// # Ok::<(), gridgp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    matrix: Mat<f64>,
}

impl Dense {
    /// From its entries.
    pub fn new(matrix: Mat<f64>) -> Self {
        Self { matrix }
    }

    /// The entries.
    pub fn matrix(&self) -> MatRef<'_, f64> {
        self.matrix.as_ref()
    }

    /// The entries, taken out.
    pub fn into_matrix(self) -> Mat<f64> {
        self.matrix
    }

    /// The LU factorization of a square matrix that need not be symmetric.
    ///
    /// # Errors
    /// [`Error::NotFinite`], or [`Error::Structure`]
    /// if the matrix is not square.
    pub fn lu(&self) -> Result<Lu> {
        Lu::new(self.matrix())
    }
}

impl From<Mat<f64>> for Dense {
    fn from(matrix: Mat<f64>) -> Self {
        Self::new(matrix)
    }
}

/// out = A x
pub(crate) fn gemm(a: MatRef<'_, f64>, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
    let par = parallelism(2 * a.nrows() * a.ncols() * x.ncols());
    crate::gemm::gemm(out, Accum::Replace, a, x, par);
}

impl LinearOperator for Dense {
    fn shape(&self) -> (usize, usize) {
        self.matrix.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        gemm(self.matrix(), x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        gemm(self.matrix.transpose(), x, out);
    }

    fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        mode_product(self.matrix(), x, left, right, out);
    }

    fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        mode_product(self.matrix.transpose(), x, left, right, out);
    }
}

impl Entries for Dense {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.matrix[(row, column)]
    }
}

impl Factorize for Dense {
    type Factor = Cholesky;

    /// Reads the lower triangle.
    fn factorize(&self) -> Result<Cholesky> {
        check_square(self.shape(), "factorized")?;
        Cholesky::new(self.matrix())
    }
}

impl SquareRoot for Dense {
    type Root = Dense;

    /// The Cholesky factor if there is one, else Q√Λ of the eigenvalues that are not zero: n × r
    /// for a semidefinite matrix of rank r. Nothing is added to the diagonal.
    fn square_root(&self) -> Result<Dense> {
        match self.factorize() {
            Ok(chol) => Ok(Dense::new(chol.l().to_owned())),
            Err(Error::NotPositiveDefinite { .. }) => {
                let eigen = self.eigen()?;
                let zero = eigen.threshold();
                let (n, q, values) = (self.rows(), eigen.basis().matrix(), eigen.values());
                if let Some(pivot) = values.iter().position(|v| *v < -zero) {
                    let value = values[pivot];
                    return Err(Error::NotPositiveDefinite { size: n, pivot, value });
                }
                let kept: Vec<usize> = (0..n).filter(|&j| values[j] > zero).collect();
                Ok(Dense::new(Mat::from_fn(n, kept.len(), |i, j| {
                    q[(i, kept[j])] * values[kept[j]].sqrt()
                })))
            }
            Err(other) => Err(other),
        }
    }
}

impl Eigen for Dense {
    type Basis = Dense;

    /// Reads the lower triangle.
    fn eigen(&self) -> Result<Diagonalized<Dense>> {
        check_square(self.shape(), "diagonalized")?;
        let (values, vectors) = symmetric_eigen(self.matrix())?;
        Ok(Diagonalized::orthonormal(Dense::new(vectors), values))
    }
}

impl LinearOperator for Cholesky {
    fn shape(&self) -> (usize, usize) {
        (self.size(), self.size())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        let mut rotated = Mat::zeros(self.size(), x.ncols());
        gemm(self.l().transpose(), x, rotated.as_mut());
        gemm(self.l(), rotated.as_ref(), out.as_mut());
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.apply_unchecked(x, out);
    }
}

impl Entries for Cholesky {
    fn entry(&self, row: usize, column: usize) -> f64 {
        let inner = row.min(column) + 1;
        self.l().row(row).subcols(0, inner) * self.l().row(column).subcols(0, inner).transpose()
    }
}

impl Solve for Cholesky {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<()> {
        out.copy_from(rhs);
        self.solve_in_place(out);
        Ok(())
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_unchecked(rhs, out)
    }
}

impl LogDet for Cholesky {
    fn log_det(&self) -> Result<LogDeterminant> {
        let root = LogDeterminant::of_values((0..self.size()).map(|i| self.l()[(i, i)]), 0.0);
        Ok(root.product(root))
    }
}

impl SquareRoot for Cholesky {
    type Root = Triangular;

    fn square_root(&self) -> Result<Triangular> {
        Ok(Triangular::lower(self.l().to_owned()))
    }
}

impl Eigen for Cholesky {
    type Basis = Dense;

    fn eigen(&self) -> Result<Diagonalized<Dense>> {
        Dense::new(self.l() * self.l().transpose()).eigen()
    }
}
