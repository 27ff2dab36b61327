//! How many threads a dense computation may use.

use faer::Par;

/// Parallelism for about `flops` floating-point operations.
///
/// Work goes to the rayon pool of the caller, and only when it is large enough to repay the
/// hand-over. The products of this crate are cut along their outputs, never along the sums, so
/// the number of threads does not change a digit.
pub(crate) fn for_flops(flops: usize) -> Par {
    let threads = rayon::current_num_threads();
    if threads == 1 || flops < 4_000_000 { Par::Seq } else { Par::rayon(threads) }
}
