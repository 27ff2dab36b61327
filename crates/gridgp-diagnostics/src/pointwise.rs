//! The log likelihood of every draw in every cell, cell by cell.

use gridgp_grid::{Error, Result};
use rayon::prelude::*;

/// Cells looked at together: eight neighbors fill a cache line of every draw.
const BLOCK: usize = 8;

/// Applies `f` to the draws of each cell, in parallel; a result a cell, in their order.
///
/// `log_likelihood` is row-major, a row a draw with `cells` numbers. Only a block of cells is copied
/// at a time, and `f` may overwrite its copy.
///
/// # Errors
/// [`Error::Data`] where there are no cells, fewer than two draws, no whole number of draws, or a
/// number that is not finite.
pub(super) fn by_cell<T: Send>(
    log_likelihood: &[f64],
    cells: usize,
    f: impl Fn(&mut [f64]) -> T + Sync,
) -> Result<Vec<T>> {
    let n = log_likelihood.len();
    if cells == 0 || !n.is_multiple_of(cells) || n / cells < 2 {
        return Err(Error::Data(format!(
            "{n} log likelihoods are not at least two draws of {cells} cells each"
        )));
    }
    if let Some(i) = log_likelihood.iter().position(|l| !l.is_finite()) {
        return Err(Error::Data(format!(
            "the log likelihood is {} at draw {}, cell {}; each must be finite to weigh the draws",
            log_likelihood[i],
            i / cells,
            i % cells
        )));
    }
    let draws = n / cells;
    let blocks: Vec<Vec<T>> = (0..cells.div_ceil(BLOCK))
        .into_par_iter()
        .map_init(Vec::new, |copy, block| {
            let first = block * BLOCK;
            let width = BLOCK.min(cells - first);
            copy.resize(width * draws, 0.0);
            for (draw, row) in log_likelihood.chunks_exact(cells).enumerate() {
                for (i, l) in row[first..first + width].iter().enumerate() {
                    copy[i * draws + draw] = *l;
                }
            }
            copy.chunks_exact_mut(draws).map(&f).collect()
        })
        .collect();
    Ok(blocks.into_iter().flatten().collect())
}

/// Sum over the cells, and its standard error √(n Var).
pub(super) fn total_and_error(pointwise: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = pointwise.clone().count() as f64;
    let total: f64 = pointwise.clone().sum();
    let spread: f64 = pointwise.map(|x| (x - total / n).powi(2)).sum();
    (total, spread.sqrt())
}
