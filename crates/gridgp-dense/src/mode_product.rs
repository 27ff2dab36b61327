//! Mode products: a matrix applied along one axis of a row-major tensor.
//!
//! An axis splits the tensor into (left, n, right): `left` counts the points of the slower axes,
//! `right` those of the faster ones. On this view a mode product is a few matrix products without
//! any transpose, and a Kronecker product applied to a vector is one mode product an axis.

use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::gemm::{gemm, gemm_lower, settle_registers};
use crate::threads;

/// out\[l, i, r\] = Σⱼ a\[i, j\] x\[l, j, r\], for a of shape (m, n).
///
/// `x` is a row-major tensor of shape (left, n, right), `out` one of shape (left, m, right).
///
/// ```
/// use faer::mat;
/// // Differences along the second axis of a 2 x 3 table.
/// let d = mat![[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0]];
/// let mut out = [0.0; 4];
/// gridgp_dense::mode_product(d.as_ref(), &[1.0, 2.0, 4.0, 0.0, 3.0, 9.0], 2, 1, &mut out);
/// assert_eq!(out, [1.0, 2.0, 3.0, 6.0]);
/// ```
///
/// # Panics
/// If the lengths do not match.
pub fn mode_product(a: MatRef<'_, f64>, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
    let (m, n) = a.shape();
    assert_eq!(x.len(), left * n * right, "x is not a (left, n, right) tensor");
    assert_eq!(out.len(), left * m * right, "out is not a (left, m, right) tensor");
    let x = View::new(x, left, n, right);
    strided_mode_product(a, x, 0, ViewMut::new(out, left, m, right), 0);
}

/// A row-major tensor seen as (left, n, right).
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    data: &'a [f64],
    left: usize,
    n: usize,
    right: usize,
}

impl<'a> View<'a> {
    pub(crate) fn new(data: &'a [f64], left: usize, n: usize, right: usize) -> Self {
        debug_assert_eq!(data.len(), left * n * right);
        Self { data, left, n, right }
    }
}

/// A row-major tensor seen as (left, n, right), to write to.
pub(crate) struct ViewMut<'a> {
    data: &'a mut [f64],
    n: usize,
    right: usize,
}

impl<'a> ViewMut<'a> {
    pub(crate) fn new(data: &'a mut [f64], left: usize, n: usize, right: usize) -> Self {
        debug_assert_eq!(data.len(), left * n * right);
        Self { data, n, right }
    }
}

/// [`mode_product`] from the points `x_first ..` of x's axis to the points `out_first ..` of
/// out's axis. The other points of both stay as they are.
pub(crate) fn strided_mode_product(
    a: MatRef<'_, f64>,
    x: View<'_>,
    x_first: usize,
    out: ViewMut<'_>,
    out_first: usize,
) {
    let (m, n) = a.shape();
    let (left, right) = (x.left, x.right);
    debug_assert_eq!(right, out.right);
    if left == 0 || right == 0 || m == 0 {
        return;
    }
    let flops = 2 * m * n * left * right;
    if right == 1 {
        // One product: (left x n)(n x m).
        let x = MatRef::from_row_major_slice(x.data, left, x.n).subcols(x_first, n);
        let out = MatMut::from_row_major_slice_mut(out.data, left, out.n).subcols_mut(out_first, m);
        gemm(out, Accum::Replace, x, a.transpose(), threads::for_flops(flops));
        return;
    }
    let block = |x_block: &[f64], out_block: &mut [f64], par: Par| {
        let x = MatRef::from_row_major_slice(&x_block[x_first * right..][..n * right], n, right);
        let out = &mut out_block[out_first * right..][..m * right];
        let out = MatMut::from_row_major_slice_mut(out, m, right);
        gemm(out, Accum::Replace, a, x, par);
    };
    let (x_size, out_size) = (x.n * right, out.n * right);
    if left == 1 {
        block(x.data, out.data, threads::for_flops(flops));
    } else if threads::for_flops(flops) == Par::Seq {
        for (x, out) in x.data.chunks_exact(x_size).zip(out.data.chunks_exact_mut(out_size)) {
            block(x, out, Par::Seq);
        }
    } else {
        x.data
            .par_chunks_exact(x_size)
            .zip(out.data.par_chunks_exact_mut(out_size))
            .with_min_len(1 + 200_000 / (m * n * right))
            .for_each(|(x, out)| block(x, out, Par::Seq));
    }
}

/// G\[i, j\] = Σ x\[l, i, r\] x\[l, j, r\] over l and r: the Gram matrix of an axis.
///
/// `x` is a row-major tensor of shape (left, n, right); G is n x n and symmetric.
///
/// # Panics
/// If the lengths do not match.
pub fn mode_gram(x: &[f64], left: usize, n: usize, right: usize) -> Mat<f64> {
    assert_eq!(x.len(), left * n * right, "x is not a (left, n, right) tensor");
    mode_gram_block(View::new(x, left, n, right), 0, n)
}

/// [`mode_gram`] of `count` consecutive points of the axis.
pub(crate) fn mode_gram_block(x: View<'_>, first: usize, count: usize) -> Mat<f64> {
    let (left, n, right) = (x.left, x.n, x.right);
    let mut gram = Mat::zeros(count, count);
    let syrk = |gram: &mut Mat<f64>, a: MatRef<'_, f64>, par: Par| {
        gemm_lower(gram.as_mut(), a, a, 1.0, par);
    };
    if right == 1 {
        let a = MatRef::from_row_major_slice(x.data, left, n).subcols(first, count);
        syrk(&mut gram, a.transpose(), threads::for_flops(count * count * left));
    } else {
        let block = |l: usize| {
            let rows = &x.data[(l * n + first) * right..][..count * right];
            MatRef::from_row_major_slice(rows, count, right)
        };
        if left == 1 {
            syrk(&mut gram, block(0), threads::for_flops(count * count * right));
        } else {
            // A fixed number of partial sums, so that threads do not change the rounding.
            let parts = left.min(8);
            let partial: Vec<Mat<f64>> = (0..parts)
                .into_par_iter()
                .map(|part| {
                    let mut gram = Mat::zeros(count, count);
                    for l in (part * left / parts)..((part + 1) * left / parts) {
                        syrk(&mut gram, block(l), Par::Seq);
                    }
                    gram
                })
                .collect();
            partial.iter().for_each(|p| gram += p);
        }
    }
    settle_registers();
    mirror_lower(gram.as_mut());
    gram
}

/// Copies the lower triangle to the upper one.
pub(crate) fn mirror_lower(mut a: MatMut<'_, f64>) {
    for j in 1..a.ncols() {
        for i in 0..j {
            a[(i, j)] = a[(j, i)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(len: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    fn naive(a: &Mat<f64>, x: &[f64], left: usize, right: usize) -> Vec<f64> {
        let (m, n) = a.shape();
        let mut out = vec![0.0; left * m * right];
        for l in 0..left {
            for i in 0..m {
                for r in 0..right {
                    for j in 0..n {
                        out[(l * m + i) * right + r] += a[(i, j)] * x[(l * n + j) * right + r];
                    }
                }
            }
        }
        out
    }

    #[test]
    fn agrees_with_loops_on_every_view() {
        for (left, n, right, m) in
            [(1, 3, 4, 2), (5, 3, 1, 4), (2, 3, 4, 3), (1, 1, 1, 1), (40, 30, 35, 31), (3, 7, 2, 1)]
        {
            let a = Mat::from_fn(m, n, |i, j| ((i * 5 + j * 3) % 7) as f64 - 3.0);
            let x = tensor(left * n * right);
            let mut out = vec![0.0; left * m * right];
            mode_product(a.as_ref(), &x, left, right, &mut out);
            for (a, b) in out.iter().zip(naive(&a, &x, left, right)) {
                assert!((a - b).abs() < 1e-11, "{left} {n} {right} {m}");
            }
        }
    }

    #[test]
    fn gram_of_an_axis_agrees_with_loops() {
        for (left, n, right) in [(1, 3, 4), (5, 3, 1), (2, 3, 4), (1, 1, 1), (20, 6, 9)] {
            let x = tensor(left * n * right);
            let gram = mode_gram(&x, left, n, right);
            for i in 0..n {
                for j in 0..n {
                    let mut sum = 0.0;
                    for l in 0..left {
                        for r in 0..right {
                            sum += x[(l * n + i) * right + r] * x[(l * n + j) * right + r];
                        }
                    }
                    assert!((gram[(i, j)] - sum).abs() < 1e-12, "{left} {n} {right}");
                }
            }
        }
    }

    #[test]
    fn threads_do_not_change_a_digit() {
        let (left, n, right) = (3, 150, 170);
        let a = Mat::from_fn(n, n, |i, j| ((i * 7 + j * 3) % 13) as f64 / 7.0);
        let x = tensor(left * n * right);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut out = vec![vec![0.0; x.len()]; 3];
                mode_product(a.as_ref(), &x, left, right, &mut out[0]);
                mode_product(a.as_ref(), &x, 1, left * right, &mut out[1]);
                mode_product(a.as_ref(), &x, left * right, 1, &mut out[2]);
                (out, mode_gram(&x, left, n, right), mode_gram(&x, 1, n, left * right))
            })
        };
        assert!(run(1) == run(2) && run(1) == run(5), "threads change the rounding");
    }
}
