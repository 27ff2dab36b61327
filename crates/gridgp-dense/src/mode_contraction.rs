//! Two tensors contracted over all axes but one: the pullback of a mode product.

use faer::{Accum, MatMut, MatRef};

use crate::gemm::gemm;
use crate::threads;

/// out\[i, j\] = Σ x\[l, i, r\] y\[l, j, r\] over l and r.
///
/// `x` is a row-major tensor of shape (left, n, right), `y` one of shape (left, m, right), `out` is
/// n × m. With out = A y along an axis and x the adjoint of out, this is the adjoint of A.
///
/// ```
/// use faer::Mat;
/// let mut out = Mat::zeros(1, 2);
/// gridgp_dense::mode_contraction(&[1.0, 2.0], &[3.0, 4.0, 5.0, 6.0], 1, 2, out.as_mut());
/// assert_eq!((out[(0, 0)], out[(0, 1)]), (11.0, 17.0));
/// ```
///
/// # Panics
/// If the lengths do not match.
pub fn mode_contraction(x: &[f64], y: &[f64], left: usize, right: usize, out: MatMut<'_, f64>) {
    let (n, m) = out.shape();
    assert_eq!(x.len(), left * n * right, "x is not a (left, n, right) tensor");
    assert_eq!(y.len(), left * m * right, "y is not a (left, m, right) tensor");
    let mut out = out;
    if right == 1 {
        let x = MatRef::from_row_major_slice(x, left, n);
        let y = MatRef::from_row_major_slice(y, left, m);
        let par = threads::for_flops(2 * left * n * m);
        return gemm(out, Accum::Replace, x.transpose(), y, par);
    }
    out.fill(0.0);
    let par = threads::for_flops(2 * n * m * right);
    for (x, y) in x.chunks_exact(n * right).zip(y.chunks_exact(m * right)) {
        let x = MatRef::from_row_major_slice(x, n, right);
        let y = MatRef::from_row_major_slice(y, m, right);
        gemm(out.as_mut(), Accum::Add, x, y.transpose(), par);
    }
}

#[cfg(test)]
mod tests {
    use faer::Mat;

    use super::*;

    #[test]
    fn it_is_the_sum() {
        for (left, n, m, right) in [(1, 3, 2, 4), (5, 2, 3, 1), (3, 4, 2, 5)] {
            let x: Vec<f64> = (0..left * n * right).map(|i| (i as f64).sin()).collect();
            let y: Vec<f64> = (0..left * m * right).map(|i| (i as f64).cos()).collect();
            let mut out = Mat::from_fn(n, m, |_, _| f64::NAN);
            mode_contraction(&x, &y, left, right, out.as_mut());
            for i in 0..n {
                for j in 0..m {
                    let sum: f64 = (0..left * right)
                        .map(|k| (k / right, k % right))
                        .map(|(l, r)| x[(l * n + i) * right + r] * y[(l * m + j) * right + r])
                        .sum();
                    assert!((out[(i, j)] - sum).abs() < 1e-13);
                }
            }
        }
    }
}
