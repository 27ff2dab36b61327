//! Eigenpairs whose smallest values keep their digits.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Mat, MatRef, Par};

use super::{Basis, Facts, Spectral};
use crate::gemm::settle_registers;
use crate::{Cholesky, Error, Result};

/// Tries, each with four times the shift before it.
const TRIES: usize = 12;

impl Spectral {
    /// K = Q Λ Qᵀ by the singular values of the Cholesky factor of K + δI, where δ is `shift` or the
    /// least multiple of it that can be factorized. Nothing is dropped.
    ///
    /// An eigensolver errs by the rounding of the largest eigenvalue, a Cholesky factorization by that of
    /// the diagonal, and the singular values σ of its factor add nothing to that: λ = σ² − δ. It matters
    /// where something as small as `shift` is added to K afterwards. Some 20 n³ operations.
    ///
    /// # Errors
    /// [`Error::NotFinite`], [`Error::Eigen`], or [`Error::NotPositiveDefinite`] if K is indefinite
    /// beyond rounding.
    ///
    /// # Panics
    /// If `k` is not square.
    ///
    /// # Source
    /// Demmel and Veselić (1992), Jacobi's method is more accurate than QR, SIAM Journal on Matrix
    /// Analysis and Applications 13, 1204–1245.
    pub fn resolved(k: MatRef<'_, f64>, shift: f64) -> Result<Self> {
        let n = k.nrows();
        let largest = k.diagonal().column_vector().iter().copied().fold(0.0, f64::max);
        if largest == 0.0 {
            return Self::new(k, Facts::default());
        }
        // A power of two loses nothing.
        let unit = largest.log2().floor().exp2();
        let mut delta = shift / unit;
        let mut factor = Err(Error::Eigen { size: n });
        for _ in 0..TRIES {
            let entry = |i: usize, j: usize| k[(i, j)] / unit + if i == j { delta } else { 0.0 };
            factor = Cholesky::new(Mat::from_fn(n, n, entry).as_ref());
            if !matches!(factor, Err(Error::NotPositiveDefinite { .. })) {
                break;
            }
            delta = (4.0 * delta).max(f64::EPSILON);
        }
        let (sigma, vectors) = left_singular(factor?.l())?;
        let values = sigma.iter().map(|s| unit * (s * s - delta).max(0.0)).collect();
        let rounding = f64::EPSILON * (n as f64).sqrt() * largest;
        Ok(Self { values, basis: Basis::Dense(vectors), dropped: 0.0, rounding })
    }
}

/// The singular values of a square matrix, descending, and its left singular vectors.
fn left_singular(a: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let n = a.nrows();
    let (mut sigma, mut vectors) = (Diag::zeros(n), Mat::zeros(n, n));
    let (u, v) = (ComputeSvdVectors::Full, ComputeSvdVectors::No);
    let mut memory = MemBuffer::new(svd_scratch::<f64>(n, n, u, v, Par::Seq, Default::default()));
    svd(
        a,
        sigma.as_mut(),
        Some(vectors.as_mut()),
        None,
        Par::Seq,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .map_err(|_| Error::Eigen { size: n })?;
    settle_registers();
    Ok((sigma.column_vector().iter().copied().collect(), vectors))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// log det(K + δI) of 16 points i/16 under exp(−r²/0.1875), from 60-digit arithmetic.
    #[test]
    fn small_eigenvalues_keep_their_digits() {
        let entry = |i: usize, j: usize| (-((i as f64 - j as f64) / 16.0).powi(2) / 0.1875).exp();
        let k = Mat::from_fn(16, 16, entry);
        let log_det = |s: &Spectral, delta: f64| -> f64 {
            let inside: f64 = s.values().iter().map(|v| (v + delta).ln()).sum();
            inside + (16 - s.rank()) as f64 * delta.ln()
        };
        for (delta, exact) in [(1e-13, -204.848_548_501_02), (1e-14, -209.673_817_573_576)] {
            let error = |s: Spectral| (log_det(&s, delta) - exact).abs();
            let resolved = error(Spectral::resolved(k.as_ref(), delta).unwrap());
            let plain = error(Spectral::new(k.as_ref(), Facts::default()).unwrap());
            assert!(resolved < 0.1 && resolved < 0.3 * plain, "{delta:e}: {resolved}, {plain}");
        }
    }

    #[test]
    fn a_matrix_is_what_its_factors_give_at_any_scale() {
        for scale in [1e-200, 1.0, 1e200] {
            let entry = |i: usize, j: usize| scale * (-(i as f64 - j as f64).abs() / 5.0).exp();
            let k = Mat::from_fn(20, 20, entry);
            let s = Spectral::resolved(k.as_ref(), 1e-3 * scale).unwrap();
            assert!((s.to_dense() - &k).norm_max() < 1e-14 * scale * 20.0);
        }
        let indefinite = faer::mat![[1.0, 2.0], [2.0, 1.0]];
        assert!(Spectral::resolved(indefinite.as_ref(), 1e-12).is_err());
    }
}
