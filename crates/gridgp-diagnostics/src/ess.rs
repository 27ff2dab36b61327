//! Effective sample sizes: how many independent draws would tell as much.
//!
//! Every chain is cut into halves first, so that a drift along a chain counts like a difference
//! between chains.

use super::autocovariance::{mean, variance_of};
use super::quantile::quantile_of_sorted;
use super::workspace::Workspace;

/// Effective sample size in the bulk: of the mean of the rank-normalized draws.
///
/// It says whether the chains explore the middle of the distribution, also where the scalar has no
/// mean or variance. At least 100 a chain is advised. May exceed the number of draws where they are
/// negatively correlated.
///
/// # Panics
/// Chains of different lengths.
///
/// # Source
/// Vehtari et al. (2021).
pub fn ess_bulk(chains: &[&[f64]]) -> f64 {
    with(chains, |w| {
        w.sort();
        w.rank();
        w.ess_of_series()
    })
}

/// Effective sample size in the tails: the smaller one of the 5 % and of the 95 % quantile.
///
/// It says whether an interval can be trusted.
///
/// # Panics
/// Chains of different lengths.
///
/// # Source
/// Vehtari et al. (2021).
pub fn ess_tail(chains: &[&[f64]]) -> f64 {
    ess_quantile(chains, 0.05).min(ess_quantile(chains, 0.95))
}

/// Effective sample size for the mean.
///
/// # Panics
/// Chains of different lengths.
pub fn ess_mean(chains: &[&[f64]]) -> f64 {
    with(chains, Workspace::ess_of_mean)
}

/// Effective sample size for the standard deviation: of the mean of (x − x̄)².
///
/// # Panics
/// Chains of different lengths.
pub fn ess_sd(chains: &[&[f64]]) -> f64 {
    with(chains, |w| {
        let center = mean(&w.pooled);
        w.ess_of_squares(center)
    })
}

/// Effective sample size for the quantile at `p`: of the mean of the indicator x ≤ q.
///
/// # Panics
/// Chains of different lengths.
///
/// # Source
/// Vehtari et al. (2021).
pub fn ess_quantile(chains: &[&[f64]], p: f64) -> f64 {
    with(chains, |w| {
        w.sort();
        let q = quantile_of_sorted(w.sorted(), p);
        w.ess_below(q)
    })
}

/// What `f` says of the chains, NaN if nothing can be said.
pub(super) fn with(chains: &[&[f64]], f: impl FnOnce(&mut Workspace) -> f64) -> f64 {
    let mut workspace = Workspace::of(chains);
    if workspace.load(chains) { f(&mut workspace) } else { f64::NAN }
}

impl Workspace {
    /// Of the draws themselves.
    pub(super) fn ess_of_mean(&mut self) -> f64 {
        self.series.clone_from(&self.split);
        self.ess_of_series()
    }

    /// Of (x − center)².
    pub(super) fn ess_of_squares(&mut self, center: f64) -> f64 {
        self.set_series(|x| (x - center).powi(2));
        self.ess_of_series()
    }

    /// Of the indicator x ≤ `threshold`.
    pub(super) fn ess_below(&mut self, threshold: f64) -> f64 {
        if threshold.is_nan() {
            return f64::NAN;
        }
        self.set_series(|x| f64::from(u8::from(x <= threshold)));
        self.ess_of_series()
    }

    fn set_series(&mut self, f: impl Fn(f64) -> f64) {
        self.series.clear();
        self.series.extend(self.split.iter().map(|&x| f(x)));
    }

    /// The effective sample size S / τ of the mean of `series`, whose half-chains have n draws.
    ///
    /// ρₜ = 1 − (W − γₜ) / V with the mean autocovariance γₜ, the variance W within and V within
    /// and between the half-chains; τ = −1 + 2 Σ (ρ₂ₖ + ρ₂ₖ₊₁) over Geyer's initial monotone
    /// sequence, where the sums of pairs are positive and do not grow.
    ///
    /// Equal values count as independent; those that differ by their rounding alone are equal.
    pub(super) fn ess_of_series(&mut self) -> f64 {
        let (size, n) = (self.series.len() as f64, self.half());
        let least = self.series.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.series.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Infinite values have no mean; their range is no number or infinite.
        if most - least <= 1e-15 * most.abs().max(least.abs()) && (most - least).is_finite() {
            return size;
        }
        let between = variance_of(self.series.chunks_exact(n).map(mean));
        let lags = self.autocovariance.mean(&self.series);
        let within = lags[0] * n as f64 / (n as f64 - 1.0);
        let total = lags[0] + between;
        let rho = |lag: usize| 1.0 - (within - lags[lag]) / total;
        if !rho(1).is_finite() {
            return f64::NAN;
        }

        let mut even = 1.0;
        let mut pair = even + rho(1);
        // The sum of the pairs so far, and the last of them, which the next may not exceed.
        let (mut sum, mut last) = (0.0, f64::INFINITY);
        let mut t = 1;
        while t + 3 < n && pair > 0.0 {
            last = pair.min(last);
            sum += last;
            even = rho(t + 1);
            pair = even + rho(t + 2);
            t += 2;
        }
        // The even lag of the pair that ends the sum lessens the noise of antithetic chains.
        let end = if even > 0.0 || pair >= 0.0 { even } else { 0.0 };
        let tau = -1.0 + 2.0 * sum + end;
        size / tau.max(1.0 / size.log10())
    }
}
