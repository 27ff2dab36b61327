//! Observations predicted by others, at given parameters: exact and normal.

use std::f64::consts::PI;

use gridgp_dist::{Distribution as _, Normal};
use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use gridgp_model::spec::Algebra;

use super::conditional::Conditional;
use super::residuals::Residuals;

impl Conditional<'_> {
    /// Every observation beside its prediction by all others, at the parameters of the fit.
    ///
    /// With P = A⁻¹ the others predict yᵢ with mean yᵢ − αᵢ/Pᵢᵢ and variance 1/Pᵢᵢ, exactly, in one pass.
    /// The parameters have seen the observation; of a fit by draws importance weights leave it out of
    /// them as well ([`residuals`](crate::residuals())).
    ///
    /// # Errors
    /// [`Error::Data`] for conjugate gradients on so many cells that a solution for each would take long;
    /// [`Error::Singular`] where filters would lose P in rounding.
    ///
    /// # Source
    /// Rasmussen and Williams 2006, Gaussian processes for machine learning, eq. 5.10 to 5.12.
    pub fn leave_one_out(&self) -> Result<Residuals> {
        if self.sd_error(self.model.data.grid.len()) > 0.0 {
            return Err(Error::Data(TOO_MANY.into()));
        }
        let precision = self.conditioned.inverse_diagonal()?;
        let missing = self.model.data.response.missing.as_deref();
        let cells: Vec<usize> =
            (0..self.model.data.grid.len()).filter(|&c| missing.is_none_or(|m| !m[c])).collect();
        let (alpha, unit) = (&self.conditioned.alpha, self.model.standardization.1);
        let residual = cells.iter().map(|&c| alpha[c] / precision[c].sqrt()).collect();
        let sd: Vec<f64> = cells.iter().map(|&c| unit / precision[c].sqrt()).collect();
        normal_residuals(cells, residual, &sd)
    }
}

/// Every observation beside its prediction by those of other groups, at parameters `theta`: of another
/// station, of other years.
///
/// `group` has the group of each cell of the grid, and every group is left out as a whole, at the cost of
/// a prediction of the grid for each. The parameters have seen all of them.
///
/// # Errors
/// As [`Conditional::new`] and [`Conditional::on_grid`]; a group that holds all observations;
/// conjugate gradients on so many cells that standard deviations are from draws.
pub fn held_out(model: &Model, theta: &[f64], group: &[usize]) -> Result<Residuals> {
    let cells = model.data.grid.len();
    assert_eq!(group.len(), cells, "a group for each of {cells} cells");
    let known = model.data.response.missing.clone().unwrap_or_else(|| vec![false; cells]);
    let mut groups: Vec<usize> = (0..cells).filter(|&c| !known[c]).map(|c| group[c]).collect();
    let count = groups.len();
    groups.sort_unstable();
    groups.dedup();
    let mut found = Vec::with_capacity(count);
    let mut others = model.clone();
    // What one mask takes another may not.
    others.spec.inference.algebra = Algebra::Auto;
    for g in groups {
        let missing: Vec<bool> = (0..cells).map(|c| known[c] || group[c] == g).collect();
        if missing.iter().all(|m| *m) {
            return Err(Error::Data(
                "one group holds all observations, and nothing is left to predict them by".into(),
            ));
        }
        others.data.response.missing = Some(missing);
        let conditional = Conditional::new(&others, theta)?;
        if conditional.sd_error(cells) > 0.0 {
            return Err(Error::Data(TOO_MANY.into()));
        }
        let moments = conditional.on_grid(&conditional.here())?;
        let own = (0..cells).filter(|&c| !known[c] && group[c] == g);
        found.extend(own.map(|c| (c, moments.mean[c], moments.sd_observation[c])));
    }
    found.sort_unstable_by_key(|(c, ..)| *c);
    let y = &model.data.response.values;
    let residual = found.iter().map(|&(c, mean, sd)| (y[c] - mean) / sd).collect();
    let sd: Vec<f64> = found.iter().map(|(.., sd)| *sd).collect();
    normal_residuals(found.iter().map(|(c, ..)| *c).collect(), residual, &sd)
}

/// Residuals of normal predictions with these standard deviations, on the scale of the response.
fn normal_residuals(cells: Vec<usize>, residual: Vec<f64>, sd: &[f64]) -> Result<Residuals> {
    let standard = Normal::new(0.0, 1.0).map_err(Error::Data)?;
    let below: Vec<f64> = residual.iter().map(|&z| standard.cdf(z)).collect();
    let scores = sd.iter().zip(&residual).zip(&below).map(|((&sd, &z), &p)| {
        let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
        let crps = sd * (z * (2.0 * p - 1.0) + 2.0 * density - PI.sqrt().recip());
        (crps, -0.5 * (z * z + (2.0 * PI).ln()) - sd.ln())
    });
    let (crps, log_score) = scores.unzip();
    let k = vec![0.0; cells.len()];
    let (up_to, good_k) = (below.clone(), f64::INFINITY);
    Ok(Residuals { cells, up_to, below, residual, crps, log_score, k, good_k })
}

const TOO_MANY: &str = "residuals at a mode need an exact algebra: by conjugate gradients standard \
                        deviations of so many cells are from draws; set inference.algebra, fit a part of \
                        the grid (sel), or fit by draws";
