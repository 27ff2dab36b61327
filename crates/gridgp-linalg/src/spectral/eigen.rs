//! The dense symmetric eigenproblem.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par, Scale};

use crate::gemm::settle_registers;
use crate::{Error, Result};

/// Eigenvalues (ascending) and orthonormal eigenvectors (columns) of a symmetric matrix.
///
/// The matrix is multiplied by a power of two first, so that its largest entry is near 1: faer
/// 0.24.4 loses up to twelve digits on matrices with very small or very large entries and returns
/// `Ok`. The scaling is exact and so is its undoing.
///
/// The number of threads is part of the algorithm (it changes last digits), so it is fixed here;
/// callers run several eigenproblems side by side instead.
///
/// # Errors
/// [`Error::Eigen`] if the iteration fails.
pub fn symmetric_eigen(a: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let n = a.nrows();
    let largest = a.norm_max();
    if n == 0 || largest == 0.0 {
        return Ok((vec![0.0; n], Mat::identity(n, n)));
    }
    let exponent = exponent_of(largest);
    // Two factors, since 2^-exponent alone overflows for subnormal entries.
    let (half, rest) = (exponent / 2, exponent - exponent / 2);
    let scaled = Scale((-half as f64).exp2()) * (Scale((-rest as f64).exp2()) * a);
    let mut values = Diag::zeros(n);
    let mut vectors = Mat::zeros(n, n);
    let par = Par::Seq;
    let scratch =
        self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, par, Default::default());
    let mut memory = MemBuffer::new(scratch);
    self_adjoint_evd(
        scaled.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        par,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .map_err(|_| Error::Eigen { size: n })?;
    settle_registers();
    let values = (0..n).map(|i| values[i] * (half as f64).exp2() * (rest as f64).exp2()).collect();
    Ok((values, vectors))
}

/// The exponent e with 2^e ≤ x < 2^(e+1), to within one.
fn exponent_of(x: f64) -> i32 {
    x.log2().floor() as i32
}
