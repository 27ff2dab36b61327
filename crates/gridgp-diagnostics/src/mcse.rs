//! Monte Carlo standard errors: what more draws would change.

use gridgp_dist::{Beta, Distribution};

use super::ess::with;
use super::workspace::Workspace;

/// Monte Carlo standard error of the mean, sd / √ESS.
///
/// # Panics
/// Chains of different lengths.
pub fn mcse_mean(chains: &[&[f64]]) -> f64 {
    with(chains, |w| w.mean_and_sd().1 / w.ess_of_mean().sqrt())
}

/// Monte Carlo standard error of the standard deviation, in its unit.
///
/// √(Var\[v\] / (ESS E\[v\] 4)) for v = (x − x̄)², the first order of √E\[v\]. NaN where all draws
/// are equal.
///
/// # Panics
/// Chains of different lengths.
pub fn mcse_sd(chains: &[&[f64]]) -> f64 {
    with(chains, |w| {
        let mean = w.mean_and_sd().0;
        w.mcse_of_sd(mean)
    })
}

/// Monte Carlo standard error of the quantile at `p`.
///
/// Half the distance of the order statistics that hold the quantile with the probability of ± one
/// standard error, by a beta distribution with the effective sample size of the quantile.
///
/// # Panics
/// Chains of different lengths.
///
/// # Source
/// Vehtari et al. (2021).
pub fn mcse_quantile(chains: &[&[f64]], p: f64) -> f64 {
    with(chains, |w| {
        w.sort();
        let ess = w.ess_below(super::quantile_of_sorted(w.sorted(), p));
        let Ok(beta) = Beta::new(ess * p + 1.0, ess * (1.0 - p) + 1.0) else { return f64::NAN };
        let sorted = w.sorted();
        let last = sorted.len() as f64 - 1.0;
        // Φ(−1) and Φ(1), with ArviZ's digits: its numbers turn on them.
        let at = |level| beta.quantile(level) * sorted.len() as f64 - 1.0;
        let (low, high) = (at(0.158_655_3).max(0.0).floor(), at(0.841_344_7).min(last).ceil());
        0.5 * (sorted[high as usize] - sorted[low as usize])
    })
}

impl Workspace {
    /// [`mcse_sd`] around the mean of the draws.
    pub(super) fn mcse_of_sd(&mut self, mean: f64) -> f64 {
        let ess = self.ess_of_squares(mean);
        let moment = |power: i32| {
            self.pooled.iter().map(|x| (x - mean).powi(power)).sum::<f64>()
                / self.pooled.len() as f64
        };
        let variance = moment(2);
        ((moment(4) - variance * variance) / ess / variance / 4.0).sqrt()
    }
}
