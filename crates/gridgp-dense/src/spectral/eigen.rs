//! The dense symmetric eigenproblem.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par};

use crate::gemm::settle_registers;
use crate::{Error, Result};

/// Eigenvalues (ascending) and orthonormal eigenvectors (columns) of a symmetric matrix.
///
/// As [`SymmetricEigen`], which keeps its memory for the next matrix of the same size.
///
/// # Errors
/// [`Error::Eigen`] if the iteration fails.
pub fn symmetric_eigen(a: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let mut eigen = SymmetricEigen::new(a.nrows());
    eigen.update(a)?;
    Ok((eigen.values, eigen.vectors))
}

/// The eigenpairs of symmetric matrices of one size, one after the other in the same memory.
///
/// ```
/// use faer::mat;
/// use gridgp_dense::SymmetricEigen;
/// let mut eigen = SymmetricEigen::new(2);
/// eigen.update(mat![[2.0, 1.0], [1.0, 2.0]].as_ref())?;
/// assert!((eigen.values()[0] - 1.0).abs() < 1e-15 && (eigen.values()[1] - 3.0).abs() < 1e-15);
/// # Ok::<(), gridgp_dense::Error>(())
/// ```
pub struct SymmetricEigen {
    values: Vec<f64>,
    vectors: Mat<f64>,
    scaled: Mat<f64>,
    diagonal: Diag<f64>,
    memory: MemBuffer,
}

impl SymmetricEigen {
    /// Memory for n × n matrices; the eigenpairs are those of 0.
    pub fn new(n: usize) -> Self {
        // Of no memory for no matrix faer cannot say the size.
        let scratch = self_adjoint_evd_scratch::<f64>(
            n.max(1),
            ComputeEigenvectors::Yes,
            Par::Seq,
            Default::default(),
        );
        Self {
            values: vec![0.0; n],
            vectors: Mat::identity(n, n),
            scaled: Mat::zeros(n, n),
            diagonal: Diag::zeros(n),
            memory: MemBuffer::new(scratch),
        }
    }

    /// The eigenvalues of the last matrix, ascending.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Its orthonormal eigenvectors, as columns.
    pub fn vectors(&self) -> MatRef<'_, f64> {
        self.vectors.as_ref()
    }

    /// Moves on to another symmetric matrix.
    ///
    /// The matrix is multiplied by a power of two first, so that its largest entry is near 1: faer
    /// 0.24.4 loses up to twelve digits on matrices with very small or very large entries and
    /// returns `Ok`. The scaling is exact and so is its undoing.
    ///
    /// The number of threads is part of the algorithm (it changes last digits), so it is fixed
    /// here; callers run several eigenproblems side by side instead.
    ///
    /// # Errors
    /// [`Error::Eigen`] if the iteration fails; the eigenpairs are then unspecified.
    ///
    /// # Panics
    /// If the matrix has another size.
    pub fn update(&mut self, a: MatRef<'_, f64>) -> Result<()> {
        let n = self.values.len();
        assert_eq!(a.shape(), (n, n), "the matrix has the size that memory was made for");
        let largest = a.norm_max();
        if n == 0 || largest == 0.0 {
            self.values.fill(0.0);
            self.vectors = Mat::identity(n, n);
            return Ok(());
        }
        let exponent = exponent_of(largest);
        // Two factors, since 2^-exponent alone overflows for subnormal entries.
        let (half, rest) = (exponent / 2, exponent - exponent / 2);
        let (down, more) = ((-half as f64).exp2(), (-rest as f64).exp2());
        for j in 0..n {
            for i in 0..n {
                self.scaled[(i, j)] = down * (more * a[(i, j)]);
            }
        }
        self_adjoint_evd(
            self.scaled.as_ref(),
            self.diagonal.as_mut(),
            Some(self.vectors.as_mut()),
            Par::Seq,
            MemStack::new(&mut self.memory),
            Default::default(),
        )
        .map_err(|_| Error::Eigen { size: n })?;
        settle_registers();
        for (i, v) in self.values.iter_mut().enumerate() {
            *v = self.diagonal[i] * (half as f64).exp2() * (rest as f64).exp2();
        }
        Ok(())
    }
}

impl Clone for SymmetricEigen {
    fn clone(&self) -> Self {
        let mut fresh = Self::new(self.values.len());
        fresh.values.copy_from_slice(&self.values);
        fresh.vectors.copy_from(&self.vectors);
        fresh
    }
}

impl std::fmt::Debug for SymmetricEigen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SymmetricEigen")
            .field("values", &self.values)
            .field("vectors", &self.vectors)
            .finish_non_exhaustive()
    }
}

/// The exponent e with 2^e ≤ x < 2^(e+1), to within one.
fn exponent_of(x: f64) -> i32 {
    x.log2().floor() as i32
}
