//! R̂: whether chains agree.

use super::autocovariance::{mean, variance, variance_of};
use super::ess::with;
use super::workspace::Workspace;

/// Rank-normalized split R̂: the larger one of that of the draws and that of their distances to the
/// median (which tells chains of different spread).
///
/// R̂ = √((B/W + n − 1) / n) with the variance W within and B/n between the half-chains of n draws,
/// all of normal scores of ranks. 1 if the chains agree, at most 1.01 is advised. NaN for a single
/// chain and where all draws are equal; infinite where the chains are constant and differ.
///
/// # Panics
/// Chains of different lengths.
///
/// # Source
/// Vehtari et al. (2021).
pub fn r_hat(chains: &[&[f64]]) -> f64 {
    with(chains, |w| {
        w.sort();
        w.bulk().1
    })
}

impl Workspace {
    /// Effective sample size in the bulk, and R̂; needs [`Workspace::sort`].
    pub(super) fn bulk(&mut self) -> (f64, f64) {
        self.rank();
        let ess = self.ess_of_series();
        if self.chains() < 2 {
            return (ess, f64::NAN);
        }
        let bulk = self.r_hat_of_series();
        self.rank_folded();
        // Two values only have one distance to the median: nothing is folded then.
        let folded = self.r_hat_of_series();
        (ess, if bulk.is_nan() { bulk } else { bulk.max(folded) })
    }

    fn r_hat_of_series(&self) -> f64 {
        let n = self.half();
        let halves = || self.series.chunks_exact(n);
        let within = halves().map(variance).sum::<f64>() / halves().len() as f64;
        let between = n as f64 * variance_of(halves().map(mean));
        ((between / within + n as f64 - 1.0) / n as f64).sqrt()
    }
}
