//! Symmetric matrices of low rank, and what a low-rank update adds to an operator.

use faer::{Mat, MatMut, MatRef};

use crate::cholesky::check_finite;
use crate::dense::{Dense, gemm};
use crate::diagonalized::Diagonalized;
use crate::operator::{Eigen, Entries, LinearOperator, LogDet, SquareRoot};
use crate::{LogDeterminant, Result, symmetric_eigen};

/// F C Fᵀ with features F (n × r) and a symmetric core C (r × r).
#[derive(Debug, Clone, PartialEq)]
pub struct LowRank {
    features: Mat<f64>,
    core: Mat<f64>,
}

impl LowRank {
    /// From F and C, of which both triangles must agree.
    ///
    /// # Panics
    /// If C is not r × r and symmetric.
    pub fn new(features: Mat<f64>, core: Mat<f64>) -> Self {
        let r = features.ncols();
        assert_eq!(core.shape(), (r, r), "the core of a low-rank matrix is r x r");
        let symmetric = (0..r).all(|j| (0..j).all(|i| core[(i, j)] == core[(j, i)]));
        assert!(symmetric, "the core of a low-rank matrix is symmetric");
        Self { features, core }
    }

    /// F Fᵀ.
    pub fn from_features(features: Mat<f64>) -> Self {
        let r = features.ncols();
        Self::new(features, Mat::identity(r, r))
    }

    /// F.
    pub fn features(&self) -> MatRef<'_, f64> {
        self.features.as_ref()
    }

    /// C.
    pub fn core(&self) -> MatRef<'_, f64> {
        self.core.as_ref()
    }
}

impl LinearOperator for LowRank {
    fn shape(&self) -> (usize, usize) {
        (self.features.nrows(), self.features.nrows())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        let mut small = Mat::zeros(self.features.ncols(), x.ncols());
        gemm(self.features.transpose(), x, small.as_mut());
        let small = &self.core * small;
        gemm(self.features.as_ref(), small.as_ref(), out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.apply_unchecked(x, out);
    }
}

impl Entries for LowRank {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.features.row(row) * &self.core * self.features.row(column).transpose()
    }

    fn diagonal(&self) -> Vec<f64> {
        let fc = &self.features * &self.core;
        (0..fc.nrows()).map(|i| fc.row(i) * self.features.row(i).transpose()).collect()
    }
}

impl Eigen for LowRank {
    type Basis = Dense;

    /// min(n, r) eigenpairs; the other eigenvalues are zero. O(n r²).
    fn eigen(&self) -> Result<Diagonalized<Dense>> {
        check_finite(self.features.as_ref(), "features")?;
        check_finite(self.core.as_ref(), "core")?;
        let qr = self.features.qr();
        let r = qr.thin_R();
        let (values, vectors) = symmetric_eigen((r * &self.core * r.transpose()).as_ref())?;
        Ok(Diagonalized::orthonormal(Dense::new(qr.compute_thin_Q() * vectors), values))
    }
}

impl LogDet for LowRank {
    /// Singular unless r ≥ n; the report carries the numerical rank.
    fn log_det(&self) -> Result<LogDeterminant> {
        self.eigen()?.log_det()
    }
}

impl SquareRoot for LowRank {
    /// n × min(n, r).
    type Root = <Diagonalized<Dense> as SquareRoot>::Root;

    fn square_root(&self) -> Result<Self::Root> {
        self.eigen()?.square_root()
    }
}
