//! Pivoted Cholesky factorization of matrices of low numerical rank.

use faer::{Mat, MatRef};

/// K ≈ L Lᵀ to rounding, with L of shape (n, r).
pub(super) struct LowRank {
    pub(super) l: Mat<f64>,
    /// trace(K − L Lᵀ), which bounds every eigenvalue of the difference.
    pub(super) residual_trace: f64,
}

/// Below this size the eigensolver is as fast.
const SMALLEST: usize = 48;
/// After this many columns the decay of the residual tells whether going on can pay.
const PROBE: usize = 24;

/// Factorizes K until the residual is zero to rounding, or gives up where the rank is more than
/// n / 4 and the eigensolver is cheaper.
///
/// The residual of a pivoted Cholesky factorization is positive semidefinite, so its trace bounds
/// its largest eigenvalue; the remaining error is of the size of the rounding of K itself.
pub(super) fn pivoted_cholesky(k: MatRef<'_, f64>) -> Option<LowRank> {
    let n = k.nrows();
    if n < SMALLEST {
        return None;
    }
    let most = n / 4;
    let mut residual: Vec<f64> = (0..n).map(|i| k[(i, i)]).collect();
    let start = residual.iter().copied().fold(0.0, f64::max);
    let enough = 4.0 * f64::EPSILON * start;
    let mut l = Mat::<f64>::zeros(n, most);
    let mut column = vec![0.0; n];
    for r in 0..most {
        let (pivot, largest) = residual
            .iter()
            .copied()
            .enumerate()
            .fold((0, f64::NEG_INFINITY), |(i, m), (j, v)| if v > m { (j, v) } else { (i, m) });
        if largest <= enough {
            let residual_trace = residual.iter().map(|v| v.max(0.0)).sum();
            return Some(LowRank { l: l.subcols(0, r).to_owned(), residual_trace });
        }
        // At a steady exponential decay, would the residual reach rounding within n / 4 columns?
        if r == PROBE.min(most / 2) && r > 0 {
            let per_column = (start / largest).ln() / r as f64;
            if per_column * most as f64 <= (start / enough).ln() {
                return None;
            }
        }
        let scale = largest.sqrt();
        for (i, c) in column.iter_mut().enumerate() {
            *c = k[(i, pivot)];
        }
        for j in 0..r {
            let (lj, weight) = (l.col(j), l[(pivot, j)]);
            column.iter_mut().zip(lj.iter()).for_each(|(c, v)| *c -= weight * v);
        }
        let mut target = l.as_mut().col_mut(r);
        for (i, c) in column.iter().enumerate() {
            // A pivot already taken has no residual but rounding; its entry must be exactly zero.
            let v = if residual[i] <= 0.0 { 0.0 } else { c / scale };
            target[i] = if i == pivot { scale } else { v };
            residual[i] -= target[i] * target[i];
        }
        residual[pivot] = 0.0;
    }
    None
}
