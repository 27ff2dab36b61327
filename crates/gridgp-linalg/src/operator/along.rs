//! Strided operators along an axis of a tensor.

use faer::{Mat, MatMut, MatRef};

use crate::Result;

/// Runs an operator that takes strided matrices along the middle axis of a row-major tensor.
pub(super) fn along(
    from: usize,
    to: usize,
    x: &[f64],
    left: usize,
    right: usize,
    out: &mut [f64],
    mut step: impl FnMut(MatRef<'_, f64>, MatMut<'_, f64>) -> Result<()>,
) -> Result<()> {
    debug_assert_eq!(x.len(), left * from * right);
    debug_assert_eq!(out.len(), left * to * right);
    if x.is_empty() || out.is_empty() {
        out.fill(0.0);
        return Ok(());
    }
    if right == 1 {
        return step(
            MatRef::from_column_major_slice(x, from, left),
            MatMut::from_column_major_slice_mut(out, to, left),
        );
    }
    if left == 1 {
        return step(
            MatRef::from_row_major_slice(x, from, right),
            MatMut::from_row_major_slice_mut(out, to, right),
        );
    }
    // One call for many short blocks: each block's columns side by side in a tile.
    let per_tile = (TILE_COLUMNS / right).clamp(1, left);
    let mut x_tile = Mat::zeros(from, per_tile * right);
    let mut out_tile = Mat::zeros(to, per_tile * right);
    let blocks = x.chunks(per_tile * from * right).zip(out.chunks_mut(per_tile * to * right));
    for (x, out) in blocks {
        let count = x.len() / (from * right);
        for l in 0..count {
            let block =
                MatRef::from_row_major_slice(&x[l * from * right..][..from * right], from, right);
            x_tile.as_mut().subcols_mut(l * right, right).copy_from(block);
        }
        let width = count * right;
        step(x_tile.subcols(0, width), out_tile.as_mut().subcols_mut(0, width))?;
        for l in 0..count {
            let block = &mut out[l * to * right..][..to * right];
            MatMut::from_row_major_slice_mut(block, to, right)
                .copy_from(out_tile.subcols(l * right, right));
        }
    }
    Ok(())
}

/// Wide enough to fill a matrix product, narrow enough for a tile to stay in cache.
const TILE_COLUMNS: usize = 128;
