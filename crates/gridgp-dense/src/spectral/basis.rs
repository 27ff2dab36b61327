//! Orthonormal bases of an axis, and how a tensor is carried into them and back.

use std::f64::consts::FRAC_1_SQRT_2;

use faer::{Accum, Mat, MatMut, MatRef};
use rayon::prelude::*;

use crate::gemm::{gemm, gemm_lower, settle_registers};
use crate::mode_product::{View, ViewMut, mirror_lower, mode_gram_block, strided_mode_product};
use crate::threads;

/// The r orthonormal vectors Q of an axis of n points.
#[derive(Debug, Clone)]
pub enum Basis {
    /// Q = I.
    Identity {
        /// The number of points.
        size: usize,
    },
    /// Q = P, the fold of [`Basis::Split`]: it costs n additions, and makes two blocks of half the
    /// size out of every matrix with K\[i, j\] = K\[n−1−i, n−1−j\].
    Folded {
        /// The number of points.
        size: usize,
    },
    /// Q as it is, n x r.
    Dense(Mat<f64>),
    /// Vectors that are their own mirror image, and vectors that are minus it.
    ///
    /// With the fold P (xᵢ, xₙ₋₁₋ᵢ) → (xᵢ + xₙ₋₁₋ᵢ, xᵢ − xₙ₋₁₋ᵢ)/√2, which is symmetric and its
    /// own inverse, Q = P diag(even, odd). Half the storage and half the work of a dense Q.
    Split {
        /// The number of points n.
        size: usize,
        /// ⌈n/2⌉ x r₁.
        even: Mat<f64>,
        /// ⌊n/2⌋ x r₂.
        odd: Mat<f64>,
    },
}

impl Basis {
    /// Number of points n.
    pub fn size(&self) -> usize {
        match self {
            Self::Identity { size } | Self::Folded { size } | Self::Split { size, .. } => *size,
            Self::Dense(q) => q.nrows(),
        }
    }

    /// Number of vectors r.
    pub fn rank(&self) -> usize {
        match self {
            Self::Identity { size } | Self::Folded { size } => *size,
            Self::Dense(q) => q.ncols(),
            Self::Split { even, odd, .. } => even.ncols() + odd.ncols(),
        }
    }

    /// Q as an n x r matrix.
    pub fn to_dense(&self) -> Mat<f64> {
        match self {
            Self::Identity { size } => Mat::identity(*size, *size),
            Self::Folded { size } => {
                let mut q = Mat::identity(*size, *size);
                fold_rows(q.as_mut());
                q
            }
            Self::Dense(q) => q.clone(),
            Self::Split { size, even, odd } => {
                let (h, r) = (even.nrows(), even.ncols());
                let mut q = Mat::zeros(*size, r + odd.ncols());
                q.as_mut().submatrix_mut(0, 0, h, r).copy_from(even);
                q.as_mut().submatrix_mut(h, r, size - h, odd.ncols()).copy_from(odd);
                fold_rows(q.as_mut());
                q
            }
        }
    }

    /// out = Qᵀ x along the axis: from a (left, n, right) to a (left, r, right) tensor.
    ///
    /// `x` may be overwritten.
    ///
    /// # Panics
    /// If the lengths do not match.
    pub fn project(&self, x: &mut [f64], left: usize, right: usize, out: &mut [f64]) {
        let (n, r) = (self.size(), self.rank());
        assert_eq!(x.len(), left * n * right, "x is not a (left, n, right) tensor");
        assert_eq!(out.len(), left * r * right, "out is not a (left, r, right) tensor");
        match self {
            Self::Identity { .. } => out.copy_from_slice(x),
            Self::Folded { .. } => {
                fold(x, n, right);
                out.copy_from_slice(x);
            }
            Self::Dense(q) => {
                let out = ViewMut::new(out, left, r, right);
                strided_mode_product(q.transpose(), View::new(x, left, n, right), 0, out, 0);
            }
            Self::Split { even, odd, .. } => {
                fold(x, n, right);
                let x = View::new(x, left, n, right);
                let view = ViewMut::new(out, left, r, right);
                strided_mode_product(even.transpose(), x, 0, view, 0);
                let view = ViewMut::new(out, left, r, right);
                strided_mode_product(odd.transpose(), x, even.nrows(), view, even.ncols());
            }
        }
    }

    /// out = Q y along the axis: from a (left, r, right) to a (left, n, right) tensor.
    ///
    /// # Panics
    /// If the lengths do not match.
    pub fn expand(&self, y: &[f64], left: usize, right: usize, out: &mut [f64]) {
        let (n, r) = (self.size(), self.rank());
        assert_eq!(y.len(), left * r * right, "y is not a (left, r, right) tensor");
        assert_eq!(out.len(), left * n * right, "out is not a (left, n, right) tensor");
        match self {
            Self::Identity { .. } => out.copy_from_slice(y),
            Self::Folded { .. } => {
                out.copy_from_slice(y);
                fold(out, n, right);
            }
            Self::Dense(q) => {
                let out = ViewMut::new(out, left, n, right);
                strided_mode_product(q.as_ref(), View::new(y, left, r, right), 0, out, 0);
            }
            Self::Split { even, odd, .. } => {
                let y = View::new(y, left, r, right);
                let view = ViewMut::new(out, left, n, right);
                strided_mode_product(even.as_ref(), y, 0, view, 0);
                let view = ViewMut::new(out, left, n, right);
                strided_mode_product(odd.as_ref(), y, even.ncols(), view, even.nrows());
                fold(out, n, right);
            }
        }
    }

    /// The blocks (first, count) of an r x r matrix B that can matter in Q B Qᵀ where the result
    /// meets only matrices with the symmetry of K.
    pub fn blocks(&self) -> Vec<(usize, usize)> {
        let half = match self {
            Self::Split { even, .. } => even.ncols(),
            Self::Folded { size } => size.div_ceil(2),
            _ => return vec![(0, self.rank())],
        };
        vec![(0, half), (half, self.rank() - half)]
    }

    /// The Gram matrices along the axis of a (left, r, right) tensor, one for each of
    /// [`Basis::blocks`].
    pub fn block_grams(&self, x: &[f64], left: usize, right: usize) -> Vec<Mat<f64>> {
        let view = View::new(x, left, self.rank(), right);
        self.blocks().into_par_iter().map(|(f, c)| mode_gram_block(view, f, c)).collect()
    }

    /// Q B Qᵀ for the symmetric B made of `blocks` (as given by [`Basis::blocks`]).
    pub fn congruence(&self, blocks: Vec<Mat<f64>>) -> Mat<f64> {
        let mut blocks = blocks.into_iter();
        let mut next = || blocks.next().expect("one matrix for each block");
        match self {
            Self::Identity { .. } => next(),
            Self::Folded { size } => {
                let (n, h) = (*size, size.div_ceil(2));
                let mut out = Mat::zeros(n, n);
                out.as_mut().submatrix_mut(0, 0, h, h).copy_from(next());
                out.as_mut().submatrix_mut(h, h, n - h, n - h).copy_from(next());
                fold_both(out.as_mut());
                out
            }
            Self::Dense(q) => {
                let mut out = Mat::zeros(q.nrows(), q.nrows());
                sandwich(q.as_ref(), next().as_ref(), out.as_mut());
                out
            }
            Self::Split { size, even, odd } => {
                let (n, h) = (*size, even.nrows());
                let (b_even, b_odd) = (next(), next());
                let mut out = Mat::zeros(n, n);
                sandwich(even.as_ref(), b_even.as_ref(), out.as_mut().submatrix_mut(0, 0, h, h));
                sandwich(
                    odd.as_ref(),
                    b_odd.as_ref(),
                    out.as_mut().submatrix_mut(h, h, n - h, n - h),
                );
                fold_both(out.as_mut());
                out
            }
        }
    }

    /// The basis with only the vectors marked in `keep`.
    pub(super) fn keep(self, keep: &[bool]) -> Self {
        let pick = |q: &Mat<f64>, keep: &[bool]| {
            let columns: Vec<usize> = (0..q.ncols()).filter(|&j| keep[j]).collect();
            Mat::from_fn(q.nrows(), columns.len(), |i, j| q[(i, columns[j])])
        };
        match self {
            Self::Identity { .. } | Self::Folded { .. } => self,
            Self::Dense(q) => Self::Dense(pick(&q, keep)),
            Self::Split { size, even, odd } => {
                let (first, second) = keep.split_at(even.ncols());
                Self::Split { size, even: pick(&even, first), odd: pick(&odd, second) }
            }
        }
    }
}

/// out = Q B Qᵀ for symmetric B.
fn sandwich(q: MatRef<'_, f64>, b: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
    let (n, r) = q.shape();
    let mut qb = Mat::zeros(n, r);
    gemm(qb.as_mut(), Accum::Replace, q, b, threads::for_flops(2 * n * r * r));
    out.fill(0.0);
    gemm_lower(out.as_mut(), qb.as_ref(), q, 1.0, threads::for_flops(n * n * r));
    mirror_lower(out);
}

/// The fold P along the axis of a (left, n, right) tensor, in place.
fn fold(x: &mut [f64], n: usize, right: usize) {
    let fold_block = |block: &mut [f64]| {
        settle_registers();
        let (front, back) = block.split_at_mut(n.div_ceil(2) * right);
        let pairs = front.chunks_exact_mut(right).zip(back.chunks_exact_mut(right).rev());
        for (a, b) in pairs {
            for (a, b) in a.iter_mut().zip(b) {
                (*a, *b) = ((*a + *b) * FRAC_1_SQRT_2, (*a - *b) * FRAC_1_SQRT_2);
            }
        }
    };
    x.par_chunks_exact_mut(n * right).with_min_len(1 + 100_000 / (n * right)).for_each(fold_block);
}

/// The fold P applied to the rows of a matrix, in place.
fn fold_rows(mut q: MatMut<'_, f64>) {
    let n = q.nrows();
    for j in 0..q.ncols() {
        for i in 0..n / 2 {
            let (a, b) = (q[(i, j)], q[(n - 1 - i, j)]);
            q[(i, j)] = (a + b) * FRAC_1_SQRT_2;
            q[(n - 1 - i, j)] = (a - b) * FRAC_1_SQRT_2;
        }
    }
}

/// P A P for a square A, in place.
fn fold_both(mut a: MatMut<'_, f64>) {
    fold_rows(a.as_mut());
    fold_rows(a.transpose_mut());
}

/// Below this size one eigenproblem is as fast as two halves.
const SMALLEST_SPLIT: usize = 16;

/// The diagonal blocks of P K P, if the others are zero to rounding.
pub(super) fn fold_matrix(k: MatRef<'_, f64>) -> Option<(Mat<f64>, Mat<f64>)> {
    let n = k.nrows();
    if n < SMALLEST_SPLIT {
        return None;
    }
    let tolerance = 8.0 * f64::EPSILON * k.norm_max();
    for j in 0..n.div_ceil(2) {
        for i in j..n {
            if (k[(i, j)] - k[(n - 1 - i, n - 1 - j)]).abs() > tolerance {
                return None;
            }
        }
    }
    let mut folded = k.to_owned();
    fold_both(folded.as_mut());
    let h = n.div_ceil(2);
    Some((folded.submatrix(0, 0, h, h).to_owned(), folded.submatrix(h, h, n - h, n - h).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::{Facts, Spectral};

    fn bases() -> Vec<Basis> {
        let k =
            |n: usize, l: f64| Mat::from_fn(n, n, |i, j| (-(i as f64 - j as f64).abs() / l).exp());
        let split = Facts { centrosymmetric: true, smooth: false };
        let mut bases: Vec<Basis> = [16, 19]
            .map(|n| Spectral::new(k(n, 3.0).as_ref(), split).unwrap().basis().clone())
            .into();
        assert!(bases.iter().all(|b| matches!(b, Basis::Split { .. })));
        bases.push(Spectral::new(k(5, 3.0).as_ref(), Facts::default()).unwrap().basis().clone());
        bases.push(bases[1].clone().keep(&(0..19).map(|i| i % 3 != 0).collect::<Vec<_>>()));
        bases.push(Basis::Identity { size: 4 });
        bases
    }

    #[test]
    fn project_and_expand_are_the_dense_products() {
        for basis in bases() {
            let (n, r) = (basis.size(), basis.rank());
            let q = basis.to_dense();
            for (left, right) in [(1, 1), (3, 1), (1, 4), (2, 3)] {
                let x: Vec<f64> = (0..left * n * right).map(|i| (i as f64 * 0.7).sin()).collect();
                let (mut got, mut want) =
                    (vec![0.0; left * r * right], vec![0.0; left * r * right]);
                basis.project(&mut x.clone(), left, right, &mut got);
                crate::mode_product(q.transpose(), &x, left, right, &mut want);
                assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-13));
                let (mut back, mut dense) = (vec![0.0; x.len()], vec![0.0; x.len()]);
                basis.expand(&got, left, right, &mut back);
                crate::mode_product(q.as_ref(), &want, left, right, &mut dense);
                assert!(back.iter().zip(&dense).all(|(a, b)| (a - b).abs() < 1e-13));
            }
        }
    }

    #[test]
    fn congruence_is_the_dense_product() {
        for basis in bases() {
            let q = basis.to_dense();
            let (r, blocks) = (basis.rank(), basis.blocks());
            let full = Mat::from_fn(r, r, |i, j| ((i * j) as f64 + 1.0).ln());
            let mut masked = Mat::<f64>::zeros(r, r);
            let parts: Vec<Mat<f64>> = blocks
                .iter()
                .map(|&(f, c)| {
                    let block = full.submatrix(f, f, c, c).to_owned();
                    masked.as_mut().submatrix_mut(f, f, c, c).copy_from(&block);
                    block
                })
                .collect();
            let want = &q * masked * q.transpose();
            assert!((basis.congruence(parts) - want).norm_max() < 1e-11);
        }
    }
}
