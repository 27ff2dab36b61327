//! Loops over pairs of points: down the columns, each pair of a symmetric matrix once.

use faer::{MatMut, MatRef};

/// Writes k(i, j) for i ≥ j and mirrors it, so that the result is exactly symmetric.
pub(super) fn fill_symmetric(mut out: MatMut<'_, f64>, k: impl Fn(usize, usize) -> f64) {
    let n = out.ncols();
    for j in 0..n {
        let column = out.as_mut().col_mut(j).subrows_mut(j, n - j);
        column.iter_mut().enumerate().for_each(|(i, slot)| *slot = k(i + j, j));
    }
    mirror(out);
}

/// Copies the lower triangle to the upper one.
pub(super) fn mirror(mut out: MatMut<'_, f64>) {
    // In square blocks: the reads or the writes are strided, and a block stays in cache.
    const BLOCK: usize = 32;
    let n = out.ncols();
    for left in (0..n).step_by(BLOCK) {
        for top in (left..n).step_by(BLOCK) {
            for i in top..n.min(top + BLOCK) {
                for j in left..i.min(left + BLOCK) {
                    out[(j, i)] = out[(i, j)];
                }
            }
        }
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
        for n in [0, 1, 2, 31, 32, 33, 70] {
            let mut out = Mat::from_fn(n, n, |_, _| f64::NAN);
            fill_symmetric(out.as_mut(), |i, j| (i * 100 + j) as f64);
            for i in 0..n {
                for j in 0..n {
                    assert_eq!(out[(i, j)], (i.max(j) * 100 + i.min(j)) as f64);
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
