//! Conjugate gradients for several right-hand sides at once, with what Lanczos' process knows of the
//! spectrum.

use gridgp_dense::symmetric_eigen;
use gridgp_grid::{Error, Result};
use rayon::prelude::*;

/// Solutions, and for each right-hand side b the quadratic form bᵀM^{-½} log(M^{-½}AM^{-½}) M^{-½}b.
pub(in super::super) struct Solved {
    pub(in super::super) x: Vec<f64>,
    pub(in super::super) log_forms: Vec<f64>,
}

/// The iterations that a system may take.
const MOST: usize = 1000;

/// Solves A X = B for p vectors, a row of p a cell, to residuals of `tolerance` times the norm of each
/// right-hand side; `precondition` is M⁻¹.
///
/// The quadratic forms follow from the coefficients of the iteration, which are those of Lanczos'
/// process (Golub and Meurant 2010, section 4.3; Ubaru, Chen and Saad 2017).
///
/// # Errors
/// [`Error::Singular`] where 1000 iterations are not enough, or A or M is not positive definite.
pub(in super::super) fn solve(
    apply: impl Fn(&[f64], usize) -> Vec<f64>,
    precondition: impl Fn(&[f64], usize) -> Vec<f64>,
    b: &[f64],
    p: usize,
    tolerance: f64,
) -> Result<Solved> {
    let mut x = vec![0.0; b.len()];
    let mut r = b.to_vec();
    let mut z = precondition(&r, p);
    let mut d = z.clone();
    let mut rho = dots(&r, &z, p);
    let first = rho.clone();
    let bounds: Vec<f64> = dots(b, b, p).iter().map(|n| tolerance * tolerance * n).collect();
    let mut active: Vec<bool> = bounds.iter().map(|b| *b > 0.0).collect();
    // α and β of each column.
    let mut coefficients: Vec<Vec<(f64, f64)>> = vec![Vec::new(); p];
    let mut iterations = 0;
    while active.contains(&true) {
        if iterations == MOST {
            return Err(Error::Singular(format!(
                "conjugate gradients took more than {MOST} iterations: the covariance is nearly \
                 singular beside the noise"
            )));
        }
        let q = apply(&d, p);
        let curvature = dots(&d, &q, p);
        let mut step = vec![0.0; p];
        for k in (0..p).filter(|&k| active[k]) {
            if !(curvature[k] > 0.0 && rho[k] > 0.0) {
                return Err(Error::Singular(
                    "conjugate gradients met a direction in which the covariance is not positive"
                        .into(),
                ));
            }
            step[k] = rho[k] / curvature[k];
        }
        add(&mut x, &d, &step, 1.0);
        add(&mut r, &q, &step, -1.0);
        z = precondition(&r, p);
        let (next, norms) = (dots(&r, &z, p), dots(&r, &r, p));
        let mut turn = vec![0.0; p];
        for k in (0..p).filter(|&k| active[k]) {
            turn[k] = next[k] / rho[k];
            coefficients[k].push((step[k], turn[k]));
        }
        d.par_chunks_mut(p * 4096).zip(z.par_chunks(p * 4096)).for_each(|(d, z)| {
            for (d, z) in d.chunks_exact_mut(p).zip(z.chunks_exact(p)) {
                for k in 0..p {
                    d[k] = if active[k] { z[k] + turn[k] * d[k] } else { 0.0 };
                }
            }
        });
        for k in 0..p {
            if active[k] && norms[k] <= bounds[k] {
                active[k] = false;
            }
        }
        for (d, active) in d.chunks_exact_mut(p).flat_map(|row| row.iter_mut().zip(&active)) {
            if !active {
                *d = 0.0;
            }
        }
        rho = next;
        iterations += 1;
    }
    let log_forms = coefficients
        .iter()
        .zip(first)
        .map(|(c, norm)| Ok(norm * log_form(c)?))
        .collect::<Result<_>>()?;
    Ok(Solved { x, log_forms })
}

/// (log T)₁₁ of the tridiagonal matrix that belongs to the coefficients.
fn log_form(coefficients: &[(f64, f64)]) -> Result<f64> {
    let n = coefficients.len();
    if n == 0 {
        return Ok(0.0);
    }
    let mut t = faer::Mat::zeros(n, n);
    for (j, (alpha, beta)) in coefficients.iter().enumerate() {
        t[(j, j)] += alpha.recip();
        if j + 1 < n {
            t[(j + 1, j + 1)] = beta / alpha;
            t[(j + 1, j)] = beta.sqrt() / alpha;
            t[(j, j + 1)] = t[(j + 1, j)];
        }
    }
    let (values, vectors) =
        symmetric_eigen(t.as_ref()).map_err(|e| Error::Singular(e.to_string()))?;
    let terms =
        values.iter().enumerate().map(|(k, v)| vectors[(0, k)].powi(2) * v.max(1e-300).ln());
    Ok(terms.sum())
}

/// The inner product of each column, by partial sums that threads do not change.
pub(super) fn dots(a: &[f64], b: &[f64], p: usize) -> Vec<f64> {
    let part = |(a, b): (&[f64], &[f64])| {
        let mut sums = vec![0.0; p];
        for (a, b) in a.chunks_exact(p).zip(b.chunks_exact(p)) {
            for k in 0..p {
                sums[k] += a[k] * b[k];
            }
        }
        sums
    };
    let parts: Vec<Vec<f64>> =
        a.par_chunks(p * 4096).zip(b.par_chunks(p * 4096)).map(part).collect();
    let mut sums = vec![0.0; p];
    parts.iter().for_each(|part| sums.iter_mut().zip(part).for_each(|(s, v)| *s += v));
    sums
}

/// x += sign · d diag(step).
fn add(x: &mut [f64], d: &[f64], step: &[f64], sign: f64) {
    let p = step.len();
    x.par_chunks_mut(p * 4096).zip(d.par_chunks(p * 4096)).for_each(|(x, d)| {
        for (x, d) in x.chunks_exact_mut(p).zip(d.chunks_exact(p)) {
            for k in 0..p {
                x[k] += sign * step[k] * d[k];
            }
        }
    });
}
