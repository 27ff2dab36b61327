//! Loops over pairs of points: down the columns, each pair of a symmetric matrix once.

use faer::{MatMut, MatRef};

/// Writes k(i, j) for i ≥ j and mirrors it, so that the result is exactly symmetric.
pub(super) fn fill_symmetric(out: MatMut<'_, f64>, k: impl Fn(usize, usize) -> f64) {
    fill_columns(out, |j, column| {
        column.iter_mut().enumerate().for_each(|(i, slot)| *slot = k(i + j, j));
    });
}

/// The same, a column at a time: `below(j, column)` writes k(j, j), k(j + 1, j) ….
pub(super) fn fill_columns(mut out: MatMut<'_, f64>, below: impl Fn(usize, &mut [f64])) {
    let n = out.ncols();
    let mut scratch = vec![0.0; n];
    for j in 0..n {
        below(j, &mut scratch[j..]);
        let column = out.as_mut().col_mut(j).subrows_mut(j, n - j);
        column.iter_mut().zip(&scratch[j..]).for_each(|(slot, k)| *slot = *k);
    }
    mirror(out);
}

/// Below this size a block and its transpose stay in the cache together.
const BLOCK: usize = 32;

/// Copies the lower triangle to the upper one.
fn mirror(mut out: MatMut<'_, f64>) {
    let n = out.ncols();
    if n > BLOCK {
        let (upper, right, below, lower) = out.split_at_mut(n / 2, n / 2);
        copy_transposed(below.as_ref(), right);
        mirror(upper);
        mirror(lower);
    } else {
        (0..n).for_each(|i| (0..i).for_each(|j| out[(j, i)] = out[(i, j)]));
    }
}

/// Writes the transpose, halving the longer side until both are short: reads or writes are
/// strided, and in a whole matrix each would miss the cache.
fn copy_transposed(from: MatRef<'_, f64>, out: MatMut<'_, f64>) {
    let (rows, columns) = (out.nrows(), out.ncols());
    if rows.max(columns) <= BLOCK {
        for (column, row) in out.col_iter_mut().zip(from.row_iter()) {
            column.iter_mut().zip(row.iter()).for_each(|(slot, &k)| *slot = k);
        }
    } else if rows > columns {
        let (top, bottom) = out.split_at_row_mut(rows / 2);
        let (left, right) = from.split_at_col(rows / 2);
        copy_transposed(left, top);
        copy_transposed(right, bottom);
    } else {
        let (left, right) = out.split_at_col_mut(columns / 2);
        let (top, bottom) = from.split_at_row(columns / 2);
        copy_transposed(top, left);
        copy_transposed(bottom, right);
    }
}

/// Writes k(i, j) everywhere.
pub(super) fn fill(mut out: MatMut<'_, f64>, k: impl Fn(usize, usize) -> f64) {
    for j in 0..out.ncols() {
        let column = out.as_mut().col_mut(j);
        column.iter_mut().enumerate().for_each(|(i, slot)| *slot = k(i, j));
    }
}

/// Calls `add(i, j, weight)` for i > j with weight Ḡᵢⱼ + Ḡⱼᵢ = 2Ḡᵢⱼ.
pub(super) fn below_diagonal(bar: MatRef<'_, f64>, mut add: impl FnMut(usize, usize, f64)) {
    let n = bar.ncols();
    for j in 0..n {
        let column = bar.col(j).subrows(j + 1, n - j - 1);
        column.iter().enumerate().for_each(|(i, &g)| add(i + j + 1, j, 2.0 * g));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    #[test]
    fn every_entry_is_written_once() {
        for n in [0, 1, 2, 31, 32, 33, 70, 151] {
            let mut out = Mat::from_fn(n, n, |_, _| f64::NAN);
            fill_symmetric(out.as_mut(), |i, j| (i * 1000 + j) as f64);
            for i in 0..n {
                for j in 0..n {
                    assert_eq!(out[(i, j)], (i.max(j) * 1000 + i.min(j)) as f64);
                }
            }
            let mut count = 0;
            below_diagonal(out.as_ref(), |i, j, w| {
                assert!(i > j && w == 2.0 * out[(i, j)]);
                count += 1;
            });
            assert_eq!(count, n * n.saturating_sub(1) / 2);
        }
    }
}
