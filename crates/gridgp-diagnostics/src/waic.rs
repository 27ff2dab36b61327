//! The widely applicable information criterion.

use gridgp_grid::Result;

use super::pareto::log_sum_exp;
use super::pointwise::{by_cell, total_and_error};

/// What [`waic`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Waic {
    /// Expected log pointwise predictive density; higher is better.
    pub elpd: f64,
    /// Its standard error, from the spread over the cells.
    pub se: f64,
    /// Effective number of parameters, Σᵢ Varₛ log p(yᵢ | θₛ).
    pub p: f64,
    /// The contribution of each cell to `elpd`.
    pub pointwise: Vec<f64>,
    /// Cells whose log likelihood has a variance above 0.4, where WAIC starts to fail.
    pub bad_cells: Vec<usize>,
}

/// The widely applicable information criterion, on the scale of log densities.
///
/// elpdᵢ = log meanₛ p(yᵢ | θₛ) − Varₛ log p(yᵢ | θₛ), with the variance over n. Prefer
/// [`loo`](super::loo()), which tells more surely where it fails. `log_likelihood` as there.
///
/// # Errors
/// [`Error::Data`](gridgp_grid::Error::Data): fewer than two draws, a length that is no multiple of
/// `cells`, or a log likelihood that is not finite.
///
/// # Source
/// Watanabe (2010), Journal of Machine Learning Research 11, 3571–3594; Vehtari, Gelman and Gabry
/// (2017), Statistics and Computing 27, 1413–1432.
pub fn waic(log_likelihood: &[f64], cells: usize) -> Result<Waic> {
    let found = by_cell(log_likelihood, cells, |ll| {
        let n = ll.len() as f64;
        let mean = ll.iter().sum::<f64>() / n;
        let variance = ll.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n;
        (log_sum_exp(ll.iter().copied()) - n.ln() - variance, variance)
    })?;
    let (elpd, se) = total_and_error(found.iter().map(|(elpd, _)| *elpd));
    let bad = found.iter().enumerate().filter(|(_, (_, variance))| *variance > 0.4);
    Ok(Waic {
        elpd,
        se,
        p: found.iter().map(|(_, variance)| *variance).sum(),
        pointwise: found.iter().map(|(elpd, _)| *elpd).collect(),
        bad_cells: bad.map(|(i, _)| i).collect(),
    })
}
