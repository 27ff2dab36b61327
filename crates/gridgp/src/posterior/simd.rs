//! Ordinary arithmetic after a matrix product.

use std::hint::black_box;

use faer::Col;

/// Frees scalar code from the vector registers that a matrix product has left behind.
///
/// On x86 with AVX-512 the products of faer 0.24 (private-gemm-x86 0.1.22) return without
/// `vzeroupper`. Until some function executes it, every scalar instruction of this thread waits
/// for the upper halves of the registers: exp takes 300 ns in place of 10. A reduction of faer
/// executes it when it returns, in about 20 ns, and is safe code.
pub(super) fn end_product() {
    black_box(Col::<f64>::zeros(16).norm_l2());
}
