//! Room for the diagnostics of scalars of one shape.

use super::autocovariance::{Autocovariance, mean, variance};
use super::rank::NormalScores;

/// Plans and buffers for any number of scalars with the same number of chains and draws.
///
/// ```
/// use gridgp_diagnostics::Workspace;
///
/// let mut workspace = Workspace::new(2, 100);
/// for frequency in [1.0, 2.0] {
///     let chain: Vec<f64> = (0..100).map(|i| (frequency * f64::from(i)).sin()).collect();
///     assert!(workspace.statistics(&[&chain, &chain]).ess_bulk > 100.0);
/// }
/// ```
#[derive(Debug)]
pub struct Workspace {
    chains: usize,
    draws: usize,
    /// All draws, chain by chain; in order once [`Workspace::sort`] has run.
    pub(super) pooled: Vec<f64>,
    /// First and last half of each chain, one after the other; a middle draw is left out.
    pub(super) split: Vec<f64>,
    /// What is looked at: scores, indicators, squares …, laid out as `split`.
    pub(super) series: Vec<f64>,
    /// Values with their positions in `split`.
    pub(super) order: Vec<(f64, usize)>,
    pub(super) scores: NormalScores,
    pub(super) autocovariance: Autocovariance,
}

impl Workspace {
    /// For scalars with `chains` chains of `draws` draws.
    pub fn new(chains: usize, draws: usize) -> Self {
        let split = 2 * chains * (draws / 2);
        Self {
            chains,
            draws,
            pooled: Vec::with_capacity(chains * draws),
            split: Vec::with_capacity(split),
            series: Vec::with_capacity(split),
            order: Vec::with_capacity(split),
            scores: NormalScores::new(split),
            autocovariance: Autocovariance::new((draws / 2).max(1)),
        }
    }

    /// For scalars like this one.
    pub fn of(chains: &[&[f64]]) -> Self {
        Self::new(chains.len(), chains.first().map_or(0, |c| c.len()))
    }

    /// Takes the draws of a scalar; whether they can be judged: at least four draws a chain, and
    /// no NaN.
    pub(super) fn load(&mut self, chains: &[&[f64]]) -> bool {
        assert_eq!(chains.len(), self.chains, "the number of chains is that of the workspace");
        self.pooled.clear();
        self.split.clear();
        let half = self.half();
        for chain in chains {
            assert_eq!(chain.len(), self.draws, "all chains have the draws of the workspace");
            self.pooled.extend_from_slice(chain);
            self.split.extend_from_slice(&chain[..half]);
            self.split.extend_from_slice(&chain[self.draws - half..]);
        }
        self.chains >= 1 && self.draws >= 4 && !self.has_nan()
    }

    pub(super) fn chains(&self) -> usize {
        self.chains
    }

    /// Draws of half a chain.
    pub(super) fn half(&self) -> usize {
        self.draws / 2
    }

    /// Whether the scalar has a NaN, or no draw at all.
    pub(super) fn has_nan(&self) -> bool {
        self.pooled.is_empty() || self.pooled.iter().any(|x| x.is_nan())
    }

    /// Mean and standard deviation of all draws.
    pub(super) fn mean_and_sd(&self) -> (f64, f64) {
        if self.pooled.is_empty() {
            return (f64::NAN, f64::NAN);
        }
        (mean(&self.pooled), variance(&self.pooled).sqrt())
    }

    /// Brings the pooled draws, and the halves with their positions, into order.
    pub(super) fn sort(&mut self) {
        self.order.clear();
        self.order.extend(self.split.iter().copied().zip(0..));
        self.order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        if self.split.len() == self.pooled.len() {
            self.pooled.iter_mut().zip(&self.order).for_each(|(p, (x, _))| *p = *x);
        } else {
            self.pooled.sort_unstable_by(f64::total_cmp);
        }
    }

    /// The pooled draws, in order after [`Workspace::sort`].
    pub(super) fn sorted(&self) -> &[f64] {
        &self.pooled
    }
}
