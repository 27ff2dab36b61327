//! What chains of draws say, and how far to trust them.
//!
//! One scalar is given as `chains: &[&[f64]]`, its draws chain by chain, all chains of the same
//! length. A scalar with a NaN, or with fewer than four draws a chain, has diagnostics NaN.
//!
//! Definitions are those of Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Bayesian
//! Analysis 16, 667–718; the tests hold the numbers against ArviZ 0.23. They differ from it only
//! where it turns on rounding: constants of other units than 1, and quantiles that are draws.
//!
//! ```
//! use gridgp_diagnostics::statistics;
//!
//! // The angles n√2 and n√3 (mod 1) spread evenly, as if drawn from a uniform distribution.
//! let chain = |root: f64| (1..=500).map(|n| (f64::from(n) * root).fract()).collect::<Vec<_>>();
//! let (a, b) = (chain(2f64.sqrt()), chain(3f64.sqrt()));
//! let s = statistics(&[&a, &b]);
//! assert!((s.mean - 0.5).abs() < 0.01 && (s.r_hat - 1.0).abs() < 0.01);
//! // The second chain lies elsewhere: nothing can be said about the mean.
//! let b: Vec<f64> = b.iter().map(|x| x + 1.0).collect();
//! assert!(statistics(&[&a, &b]).r_hat > 1.5);
//! ```

mod autocovariance;
mod bfmi;
mod ess;
mod interval;
mod loo;
mod mcse;
mod pareto;
mod pointwise;
mod quantile;
mod rank;
mod rhat;
mod waic;
mod workspace;

#[cfg(test)]
mod tests;

pub use bfmi::bfmi;
pub use ess::{ess_bulk, ess_mean, ess_quantile, ess_sd, ess_tail};
pub use interval::{equal_tailed, highest_density};
pub use loo::{Loo, loo, relative_efficiency};
pub use mcse::{mcse_mean, mcse_quantile, mcse_sd};
pub use pareto::{ParetoFit, fit_pareto, pareto_smooth};
pub use quantile::{quantile, quantile_of_sorted};
pub use rhat::r_hat;
pub use waic::{Waic, waic};
pub use workspace::Workspace;

/// What is reported of one scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// Mean of all draws.
    pub mean: f64,
    /// Standard deviation of all draws, with n − 1.
    pub sd: f64,
    /// Median.
    pub median: f64,
    /// 5 % quantile, the lower end of the 90 % interval.
    pub q5: f64,
    /// 95 % quantile, its upper end.
    pub q95: f64,
    /// Effective sample size in the bulk; see [`ess_bulk`].
    pub ess_bulk: f64,
    /// Effective sample size in the tails; see [`ess_tail`].
    pub ess_tail: f64,
    /// Rank-normalized split R̂; see [`r_hat`]. NaN for a single chain.
    pub r_hat: f64,
    /// Monte Carlo standard error of the mean.
    pub mcse_mean: f64,
    /// Monte Carlo standard error of the standard deviation.
    pub mcse_sd: f64,
}

/// Everything in [`Statistics`] for one scalar.
///
/// For thousands of scalars use [`Workspace::statistics`], which plans and allocates once.
///
/// # Panics
/// Chains of different lengths.
pub fn statistics(chains: &[&[f64]]) -> Statistics {
    Workspace::of(chains).statistics(chains)
}

impl Workspace {
    /// As [`statistics`].
    ///
    /// # Panics
    /// Chains of another number or length than the workspace was made for.
    pub fn statistics(&mut self, chains: &[&[f64]]) -> Statistics {
        let readable = self.load(chains);
        let (mean, sd) = self.mean_and_sd();
        let quantile = |w: &Self, p| quantile_of_sorted(w.sorted(), p);
        let nan = f64::NAN;
        let (median, q5, q95) = if self.has_nan() {
            (nan, nan, nan)
        } else {
            self.sort();
            (quantile(self, 0.5), quantile(self, 0.05), quantile(self, 0.95))
        };
        if !readable {
            let (ess_bulk, ess_tail, r_hat, mcse_mean, mcse_sd) = (nan, nan, nan, nan, nan);
            return Statistics {
                mean,
                sd,
                median,
                q5,
                q95,
                ess_bulk,
                ess_tail,
                r_hat,
                mcse_mean,
                mcse_sd,
            };
        }
        let (ess_bulk, r_hat) = self.bulk();
        Statistics {
            mean,
            sd,
            median,
            q5,
            q95,
            ess_bulk,
            ess_tail: self.ess_below(q5).min(self.ess_below(q95)),
            r_hat,
            mcse_mean: sd / self.ess_of_mean().sqrt(),
            mcse_sd: self.mcse_of_sd(mean),
        }
    }
}
