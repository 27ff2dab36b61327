//! Normal draws with explicit seeds.

use faer::{Mat, MatMut};
pub use gridgp_dense::sample::normal_into;

use crate::LinearOperator;

/// Column j of `out` = R z, z ~ N(0, I) from the stream (seed, first + j).
///
/// With A = R Rᵀ the columns are draws from N(0, A). Draws do not depend on how they are cut into
/// blocks, so any number of them can be streamed through a small `out`:
///
/// ```
/// use faer::Mat;
/// use gridgp_linalg::{Identity, sample};
/// let mut all = Mat::zeros(3, 4);
/// sample::draw_into(&Identity::new(3), 7, 0, all.as_mut());
/// let mut last = Mat::zeros(3, 2);
/// sample::draw_into(&Identity::new(3), 7, 2, last.as_mut());
/// assert_eq!(all.col(3), last.col(1));
/// ```
///
/// # Panics
/// If `out` has another number of rows than R.
pub fn draw_into<R: LinearOperator + ?Sized>(
    root: &R,
    seed: u64,
    first: u64,
    out: MatMut<'_, f64>,
) {
    let mut z = Mat::zeros(root.columns(), out.ncols());
    normal_into(seed, first, z.as_mut());
    root.apply_into(z.as_ref(), out);
}
