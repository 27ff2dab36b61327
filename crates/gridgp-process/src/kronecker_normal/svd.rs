//! Singular values, with a numerical rank.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Mat, MatRef, Par, Scale};
use gridgp_grid::{Error, Result};

/// A = U diag(s) Vᵀ for A of shape (n, r), singular values descending.
pub(crate) struct Svd {
    /// n × min(n, r), orthonormal columns.
    pub(crate) u: Mat<f64>,
    /// min(n, r) values.
    pub(crate) s: Vec<f64>,
    /// r × r, orthogonal; columns from `rank` on span the null space.
    pub(crate) v: Mat<f64>,
    /// The number of singular values above max(n, r) · ε · s₁.
    pub(crate) rank: usize,
}

impl Svd {
    /// Of any matrix with finite entries.
    ///
    /// One thread, so that the number of threads does not change a digit; scaled by a power of two
    /// first, since faer loses digits on entries far from 1.
    pub(crate) fn new(a: MatRef<'_, f64>) -> Result<Self> {
        let (n, r) = a.shape();
        let largest = a.norm_max();
        if !largest.is_finite() || a.col_iter().any(|c| c.iter().any(|v| !v.is_finite())) {
            return Err(Error::Singular(format!("the {n} x {r} matrix has an infinity or a NaN")));
        }
        let size = n.min(r);
        if largest == 0.0 || size == 0 {
            let (u, v) = (Mat::identity(n, size), Mat::identity(r, r));
            return Ok(Self { u, s: vec![0.0; size], v, rank: 0 });
        }
        // Within the exponents whose powers of two and their inverses are normal numbers.
        let unit = largest.log2().floor().clamp(-1000.0, 1000.0).exp2();
        let scaled = Scale(1.0 / unit) * a;
        // The thin form has all of V where n ≥ r; only wide matrices need the full one.
        let (vectors, u_columns) =
            if n >= r { (ComputeSvdVectors::Thin, r) } else { (ComputeSvdVectors::Full, n) };
        let mut u = Mat::zeros(n, u_columns);
        let mut v = Mat::zeros(r, r);
        let mut s = Diag::zeros(size);
        let scratch = svd_scratch::<f64>(n, r, vectors, vectors, Par::Seq, Default::default());
        svd(
            scaled.as_ref(),
            s.as_mut(),
            Some(u.as_mut()),
            Some(v.as_mut()),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
            Default::default(),
        )
        .map_err(|_| {
            Error::Singular(format!("the singular values of a {n} x {r} matrix did not converge"))
        })?;
        let s: Vec<f64> = (0..size).map(|i| s[i] * unit).collect();
        let zero = n.max(r) as f64 * f64::EPSILON * s[0];
        let rank = s.iter().filter(|v| **v > zero).count();
        Ok(Self { u, s, v, rank })
    }
}
