//! How well the momenta of Hamiltonian Monte Carlo explore the energies.

use super::autocovariance::variance;

/// Estimated Bayesian fraction of missing information of each chain, from its energies.
///
/// Σ (Eₜ − Eₜ₋₁)² / (n − 1) over the variance of E. Below 0.3 the tails of the posterior are hardly
/// reached: reparametrize, or look for a funnel. NaN where a chain has fewer than two draws or all
/// energies are equal. Chains may differ in length.
///
/// # Source
/// Betancourt (2016), arXiv:1604.00695.
///
/// ```
/// // Independent energies have 2, a slow drift nearly 0.
/// let drift: Vec<f64> = (0..100).map(f64::from).collect();
/// assert!(gridgp_diagnostics::bfmi(&[&drift])[0] < 0.01);
/// ```
pub fn bfmi(energies: &[&[f64]]) -> Vec<f64> {
    let of_chain = |e: &&[f64]| {
        if e.len() < 2 {
            return f64::NAN;
        }
        let steps: f64 = e.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
        steps / (e.len() - 1) as f64 / variance(e)
    };
    energies.iter().map(of_chain).collect()
}
