//! Leave-one-out cross-validation from the draws of one fit.

use gridgp_grid::Result;

use super::pareto::{log_sum_exp, pareto_smooth};
use super::pointwise::{by_cell, total_and_error};

/// What [`loo`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Loo {
    /// Expected log pointwise predictive density, Σᵢ log p(yᵢ | y₋ᵢ); higher is better.
    pub elpd: f64,
    /// Its standard error, from the spread over the cells.
    pub se: f64,
    /// Effective number of parameters: how far the fit is better than the prediction.
    pub p: f64,
    /// log p(yᵢ | y₋ᵢ) of each cell.
    pub pointwise: Vec<f64>,
    /// Shape k̂ of the tail of the weights of each cell.
    pub k: Vec<f64>,
    /// Up to here k̂ is good: min(1 − 1/log₁₀ S, 0.7) for S draws.
    pub good_k: f64,
}

impl Loo {
    /// The cells whose k̂ is not good, where the draws say too little about leaving the cell out.
    pub fn bad_cells(&self) -> impl Iterator<Item = usize> + '_ {
        self.k.iter().enumerate().filter_map(|(i, k)| (*k > self.good_k).then_some(i))
    }
}

/// Leave-one-out cross-validation by Pareto smoothed importance sampling (PSIS-LOO).
///
/// Draws s get weights ∝ 1 / p(yᵢ | θₛ), which stand for a fit without yᵢ. `log_likelihood` is
/// log p(yᵢ | θₛ), row-major draws × `cells`, the chains one after the other. `reff` is the relative
/// efficiency of the draws, see [`relative_efficiency`].
///
/// Runs on the current rayon pool; the result does not depend on its size.
///
/// # Errors
/// [`Error::Data`](gridgp_grid::Error::Data): fewer than two draws, a length that is no multiple of
/// `cells`, a log likelihood that is not finite (the message names draw and cell), or `reff` that is
/// not positive.
///
/// # Source
/// Vehtari, Gelman and Gabry (2017), Statistics and Computing 27, 1413–1432; the threshold of k̂ is
/// that of Vehtari et al. (2024), Journal of Machine Learning Research 25(72).
///
/// ```
/// use gridgp_diagnostics::loo;
///
/// // Two cells, 1000 draws that hardly differ: leaving a cell out changes hardly anything.
/// let ll: Vec<f64> = (0..2000).map(|i| -1.0 + 0.01 * f64::from(i).sin()).collect();
/// let found = loo(&ll, 2, 1.0)?;
/// assert!((found.elpd + 2.0).abs() < 0.01 && found.p < 0.01);
/// assert_eq!(found.bad_cells().count(), 0);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn loo(log_likelihood: &[f64], cells: usize, reff: f64) -> Result<Loo> {
    if !(reff > 0.0 && reff.is_finite()) {
        return Err(gridgp_grid::Error::Data(format!(
            "the relative efficiency is {reff}; it must be positive, 1 for independent draws"
        )));
    }
    let found = by_cell(log_likelihood, cells, |ll| {
        let mut weights: Vec<f64> = ll.iter().map(|l| -l).collect();
        let k = pareto_smooth(&mut weights, reff);
        let elpd = log_sum_exp(weights.iter().zip(&*ll).map(|(w, l)| w + l));
        let lpd = log_sum_exp(ll.iter().copied()) - (ll.len() as f64).ln();
        (elpd, lpd, k)
    })?;
    let draws = (log_likelihood.len() / cells) as f64;
    let (elpd, se) = total_and_error(found.iter().map(|(elpd, _, _)| *elpd));
    Ok(Loo {
        elpd,
        se,
        p: found.iter().map(|(_, lpd, _)| *lpd).sum::<f64>() - elpd,
        pointwise: found.iter().map(|(elpd, _, _)| *elpd).collect(),
        k: found.iter().map(|(_, _, k)| *k).collect(),
        good_k: (1.0 - 1.0 / draws.log10()).min(0.7),
    })
}

/// The relative efficiency of draws: the mean over all scalars of the posterior of
/// [`ess_mean`](super::ess_mean) / S, as ArviZ takes it for [`loo`].
///
/// `ess` holds one effective sample size a scalar; those that are NaN do not count. 1 for a single
/// chain, and where nothing is known.
pub fn relative_efficiency(ess: &[f64], chains: usize, draws: usize) -> f64 {
    let known = || ess.iter().filter(|e| e.is_finite());
    let count = known().count();
    if chains < 2 || count == 0 {
        return 1.0;
    }
    known().sum::<f64>() / count as f64 / (chains * draws) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_cannot_be_weighed() {
        let fails = |ll: &[f64], cells, reff| loo(ll, cells, reff).unwrap_err().to_string();
        assert!(fails(&[-1.0; 5], 2, 1.0).contains("5 log likelihoods"));
        assert!(fails(&[-1.0; 2], 2, 1.0).contains("at least two draws"));
        assert!(fails(&[], 0, 1.0).contains("0 cells"));
        assert!(fails(&[-1.0; 4], 2, 0.0).contains("relative efficiency is 0"));
        let message = fails(&[-1.0, -1.0, -1.0, f64::NEG_INFINITY], 2, 1.0);
        assert!(message.contains("-inf at draw 1, cell 1"), "{message}");
    }

    #[test]
    fn efficiency_is_a_mean_over_scalars() {
        assert_eq!(relative_efficiency(&[100.0, 300.0, f64::NAN], 2, 200), 0.5);
        assert_eq!(relative_efficiency(&[100.0], 1, 200), 1.0);
        assert_eq!(relative_efficiency(&[f64::NAN], 2, 200), 1.0);
    }
}
