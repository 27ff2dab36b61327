//! Each observation predicted by all others, at given parameters: exact and normal.

use std::f64::consts::PI;

use gridgp_dist::{Distribution as _, Normal};
use gridgp_grid::{Error, Result};

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
    /// [`Error::Data`] for conjugate gradients, which do not know P; where a filter leaves fewer than six
    /// digits of Pᵢᵢ.
    ///
    /// # Source
    /// Rasmussen and Williams 2006, Gaussian processes for machine learning, eq. 5.10 to 5.12.
    pub fn leave_one_out(&self) -> Result<Residuals> {
        let precision = match self.conditioned.inverse_diagonal() {
            Some(diagonal) => diagonal,
            None => self.precision_by_variance()?,
        };
        let missing = self.model.data.response.missing.as_deref();
        let cells: Vec<usize> =
            (0..self.model.data.grid.len()).filter(|&c| missing.is_none_or(|m| !m[c])).collect();
        let standard = Normal::new(0.0, 1.0).map_err(Error::Data)?;
        let (alpha, unit) = (&self.conditioned.alpha, self.model.standardization.1);
        let residual: Vec<f64> = cells.iter().map(|&c| alpha[c] / precision[c].sqrt()).collect();
        let below: Vec<f64> = residual.iter().map(|&z| standard.cdf(z)).collect();
        let scores = cells.iter().zip(&residual).zip(&below).map(|((&c, &z), &p)| {
            let sd = unit / precision[c].sqrt();
            let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
            let crps = sd * (z * (2.0 * p - 1.0) + 2.0 * density - PI.sqrt().recip());
            (crps, -0.5 * (z * z + (2.0 * PI).ln()) - sd.ln())
        });
        let (crps, log_score) = scores.unzip();
        let k = vec![0.0; cells.len()];
        Ok(Residuals {
            cells,
            up_to: below.clone(),
            below,
            residual,
            crps,
            log_score,
            k,
            good_k: f64::INFINITY,
        })
    }

    /// Pᵢᵢ = (1 − Var(fᵢ | y)/σᵢ²)/σᵢ², from the variances that predictions have.
    fn precision_by_variance(&self) -> Result<Vec<f64>> {
        let cells = self.model.data.grid.len();
        if self.sd_error(cells) > 0.0 {
            return Err(Error::Data(
                "residuals at a mode need an exact algebra: by conjugate gradients standard deviations \
                 of so many cells are from draws; set inference.algebra, fit a part of the grid (sel), \
                 or fit by draws"
                    .into(),
            ));
        }
        let unit = self.model.standardization.1;
        let moments = self.on_grid(&self.here())?;
        let missing = self.model.data.response.missing.as_deref();
        let mut precision = vec![0.0; cells];
        for (c, p) in precision.iter_mut().enumerate() {
            if missing.is_some_and(|m| m[c]) {
                continue;
            }
            let (explained, total) =
                ((moments.sd[c] / unit).powi(2), moments.sd_observation[c] / unit);
            let noise = total * total - explained;
            let left = noise - explained;
            // The variances hold some fourteen digits.
            if left < 1e-8 * noise {
                return Err(Error::Data(format!(
                    "at {} the others say nearly nothing of an observation that its noise does not: \
                     rounding leaves no residual there",
                    self.model.data.grid.describe(c)
                )));
            }
            *p = left / (noise * noise);
        }
        Ok(precision)
    }
}
