//! Products along every axis of a batch of row-major tensors.

use faer::MatRef;
use gridgp_linalg::mode_product;

/// Replaces x, a row-major tensor of shape (batch, shape…), by ⊗Aₐ x; `None` leaves an axis alone.
///
/// `shape` becomes that of the result; `scratch` is only worked in. Both buffers can be used again
/// without another allocation.
pub(super) fn apply<'a>(
    matrices: impl Iterator<Item = Option<MatRef<'a, f64>>>,
    batch: usize,
    shape: &mut [usize],
    x: &mut Vec<f64>,
    scratch: &mut Vec<f64>,
) {
    for (axis, matrix) in matrices.enumerate() {
        let Some(matrix) = matrix else { continue };
        let left = batch * shape[..axis].iter().product::<usize>();
        let right = shape[axis + 1..].iter().product();
        shape[axis] = matrix.nrows();
        scratch.resize(left * matrix.nrows() * right, 0.0);
        if matrix.ncols() == 0 {
            scratch.fill(0.0);
        } else if !scratch.is_empty() {
            mode_product(matrix, x, left, right, scratch);
        }
        std::mem::swap(x, scratch);
    }
}

/// v₁ ⊗ v₂ ⊗ …
pub(super) fn outer<'a>(vectors: impl Iterator<Item = &'a [f64]>) -> Vec<f64> {
    vectors.fold(vec![1.0], |product, v| {
        product.iter().flat_map(|&p| v.iter().map(move |v| p * v)).collect()
    })
}
