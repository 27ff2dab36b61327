//! Cholesky factors in matrices that somebody else owns: fronts of a sparse factor, tiles.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltError, LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatMut, MatRef};

use crate::gemm::settle_registers;
use crate::{Error, Result, threads};

/// Replaces the lower triangle of A by L with A = L Lᵀ; what is above it is lost. Returns log det A.
///
/// A pivot of at most (j + 1) ε A\[j, j\] counts as zero, as in [`Cholesky::new`](crate::Cholesky::new).
///
/// # Errors
/// [`Error::NotPositiveDefinite`] with the pivot, whose value is NaN where faer gave up at it, or
/// [`Error::NotFinite`].
///
/// # Panics
/// If A is not square.
pub fn factorize_in_place(mut a: MatMut<'_, f64>) -> Result<f64> {
    let size = a.nrows();
    let diagonal: Vec<f64> = (0..size).map(|j| a[(j, j)]).collect();
    if let Some(j) = diagonal.iter().position(|d| !d.is_finite()) {
        let value = diagonal[j];
        return Err(Error::NotFinite { what: "matrix", row: j, column: j, value });
    }
    let par = threads::for_flops(size * size * size / 3);
    let scratch = cholesky_in_place_scratch::<f64>(size, par, Default::default());
    let mut memory = MemBuffer::new(scratch);
    let stack = MemStack::new(&mut memory);
    let found =
        cholesky_in_place(a.as_mut(), LltRegularization::default(), par, stack, Default::default());
    settle_registers();
    let refused = |pivot, value| Error::NotPositiveDefinite { size, pivot, value };
    found.map_err(|LltError::NonPositivePivot { index }| refused(index, f64::NAN))?;
    let mut log_det = 0.0;
    for (j, d) in diagonal.iter().enumerate() {
        let pivot = a[(j, j)] * a[(j, j)];
        // The comparison fails for NaN, too.
        if !(pivot > (j + 1) as f64 * f64::EPSILON * d && pivot.is_finite()) {
            return Err(refused(j, pivot));
        }
        log_det += pivot.ln();
    }
    Ok(log_det)
}

/// Replaces B by L⁻¹B; above the diagonal L is not read.
///
/// # Panics
/// If the shapes do not match.
pub fn solve_lower_in_place(l: MatRef<'_, f64>, b: MatMut<'_, f64>) {
    let par = threads::for_flops(l.nrows() * l.nrows() * b.ncols());
    solve_lower_triangular_in_place(l, b, par);
    settle_registers();
}

/// Replaces B by L⁻ᵀB; above the diagonal L is not read.
///
/// # Panics
/// If the shapes do not match.
pub fn solve_lower_transposed_in_place(l: MatRef<'_, f64>, b: MatMut<'_, f64>) {
    let par = threads::for_flops(l.nrows() * l.nrows() * b.ncols());
    solve_upper_triangular_in_place(l.transpose(), b, par);
    settle_registers();
}

/// L⁻ᵀL⁻¹, all of it; above the diagonal L is not read.
///
/// # Panics
/// If L is not square.
pub fn inverse_product(l: MatRef<'_, f64>) -> Mat<f64> {
    let n = l.nrows();
    let par = threads::for_flops(n * n * n / 3);
    let (mut inverse, mut out) = (Mat::zeros(n, n), Mat::zeros(n, n));
    invert_lower_triangular(inverse.as_mut(), l, par);
    let inverse = inverse.as_ref();
    matmul(
        out.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        inverse.transpose(),
        BlockStructure::TriangularUpper,
        inverse,
        BlockStructure::TriangularLower,
        1.0,
        par,
    );
    settle_registers();
    for j in 0..n {
        for i in 0..j {
            out[(i, j)] = out[(j, i)];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_factor_in_a_larger_matrix() {
        for n in [1, 2, 9, 130] {
            let a = Mat::from_fn(n, n, |i, j| {
                (-0.3 * (i as f64 - j as f64).powi(2)).exp() + f64::from(u8::from(i == j))
            });
            let mut all = Mat::full(n + 3, n, 7.0);
            all.as_mut().subrows_mut(0, n).copy_from(&a);
            let (mut l, below) = all.as_mut().split_at_row_mut(n);
            let log_det = factorize_in_place(l.as_mut()).unwrap();
            let root = crate::Cholesky::new(a.as_ref()).unwrap();
            assert!((log_det - root.log_det()).abs() < 1e-12);
            assert!(below.as_ref().col_iter().all(|c| c.iter().all(|v| *v == 7.0)));
            let mut x = Mat::<f64>::identity(n, n);
            solve_lower_in_place(l.as_ref(), x.as_mut());
            solve_lower_transposed_in_place(l.as_ref(), x.as_mut());
            assert!((&a * &x - Mat::<f64>::identity(n, n)).norm_max() < 1e-13);
            assert!((inverse_product(l.as_ref()) - &x).norm_max() < 1e-13);
        }
    }

    #[test]
    fn refusals() {
        let mut a = Mat::<f64>::identity(4, 4);
        a[(2, 2)] = 0.0;
        let found = factorize_in_place(a.as_mut());
        assert!(matches!(found, Err(Error::NotPositiveDefinite { size: 4, pivot: 2, .. })));
        a[(1, 1)] = f64::INFINITY;
        assert!(matches!(factorize_in_place(a.as_mut()), Err(Error::NotFinite { row: 1, .. })));
    }
}
