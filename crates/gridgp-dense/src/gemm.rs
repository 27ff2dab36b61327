//! Dense matrix products that leave the processor as they found it.
//!
//! The products of faer 0.24.4 end without clearing the upper halves of the x86 vector registers.
//! With those in use every ordinary floating-point instruction waits for the one before: `exp`
//! takes 165 ns instead of 5, until something clears them. Code compiled for wide registers clears
//! them on its way out, so entering and leaving such a function is the remedy. It costs 2 ns, and
//! does nothing on other processors.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::threads;

/// out = A B, or out += A B, then [`settle_registers`].
///
/// # Panics
/// If the shapes do not match.
pub fn gemm(out: MatMut<'_, f64>, accum: Accum, a: MatRef<'_, f64>, b: MatRef<'_, f64>, par: Par) {
    matmul(out, accum, a, b, 1.0, par);
    settle_registers();
}

/// out −= A B, then [`settle_registers`].
///
/// # Panics
/// If the shapes do not match.
pub fn gemm_subtract(out: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>, par: Par) {
    matmul(out, Accum::Add, a, b, -1.0, par);
    settle_registers();
}

/// A B, as a new matrix; with as many threads as `*` of faer takes.
///
/// # Panics
/// If the shapes do not match.
pub fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    gemm(out.as_mut(), Accum::Replace, a, b, faer::get_global_parallelism());
    out
}

/// √Σ aᵢⱼ², without overflow.
pub fn norm(a: MatRef<'_, f64>) -> f64 {
    let norm = a.norm_l2();
    settle_registers();
    norm
}

/// out = L B for a lower triangular L, half the work of [`gemm`]; what stands above the diagonal of
/// L is not read. Then [`settle_registers`].
///
/// # Panics
/// If the shapes do not match.
pub fn gemm_triangular(out: MatMut<'_, f64>, l: MatRef<'_, f64>, b: MatRef<'_, f64>, par: Par) {
    triangular::matmul(
        out,
        BlockStructure::Rectangular,
        Accum::Replace,
        l,
        BlockStructure::TriangularLower,
        b,
        BlockStructure::Rectangular,
        1.0,
        par,
    );
    settle_registers();
}

/// The lower triangle of out += alpha A Bᵀ, where that product is symmetric; the strict upper
/// triangle stays as it is. Then [`settle_registers`].
///
/// # Panics
/// If the shapes do not match.
pub fn gemm_lower(
    out: MatMut<'_, f64>,
    a: MatRef<'_, f64>,
    b: MatRef<'_, f64>,
    alpha: f64,
    par: Par,
) {
    triangular::matmul(
        out,
        BlockStructure::TriangularLower,
        Accum::Add,
        a,
        BlockStructure::Rectangular,
        b.transpose(),
        BlockStructure::Rectangular,
        alpha,
        par,
    );
    settle_registers();
}

/// Parallelism for about `flops` floating-point operations: that of the caller's rayon pool, where the
/// work repays the hand-over.
pub fn parallelism(flops: usize) -> Par {
    threads::for_flops(flops)
}

/// Leaves the vector registers as ordinary code expects them.
///
/// Call it before a loop of scalar arithmetic that may run after a dense product on the same
/// thread: another thread may have lent this one to a product.
#[inline]
pub fn settle_registers() {
    pulp::Arch::new().dispatch(Touch);
}

/// Uses a wide register, so that the compiler clears it on the way out.
struct Touch;

impl pulp::WithSimd for Touch {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        std::hint::black_box(simd.splat_f64s(std::hint::black_box(1.0)));
    }
}
