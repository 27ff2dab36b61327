//! The fields given parameters and data, exactly, where the likelihood is Gaussian.

use faer::Mat;
use gridgp_dense::{KroneckerIdentity, Spectral};
use gridgp_grid::{Error, Result};
use gridgp_likelihood::Family;
use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::super::gaps::Full;
use super::Joint;
use super::observed::Observed;

impl Joint {
    /// Replaces the field's unknowns in x by a draw from p(z | y, θ).
    ///
    /// Matheron's rule: with y = m + Hz + σε, a draw z* of the prior and y* = m + Hz* + σε give
    /// z = z* + Hᵀ(HHᵀ + σ²I)⁻¹(y − y*). It is exact for the model that is sampled, jitter included.
    ///
    /// # Errors
    /// [`Error::Spec`] unless the model is one that [`Marginal`](crate::Marginal) takes;
    /// [`Error::Singular`] if a factorization fails.
    pub fn draw_fields(&mut self, x: &mut [f64], rng: &mut dyn Rng) -> Result<()> {
        let (count, observed) = (self.parameter_count(), &self.observed);
        let ([field], [_, scale], Family::Gaussian(_)) =
            (self.fields.as_slice(), observed.equations.as_slice(), &observed.family)
        else {
            return Err(refuse());
        };
        if scale.len() != 1 || self.weights.is_none() {
            return Err(refuse());
        }
        debug_assert_eq!(field.unknowns(), x.len() - count);
        x[count..].iter_mut().for_each(|z| *z = StandardNormal.sample(rng));
        self.move_to(x)?;
        let Observed { equations, response, cells, .. } = &self.observed;
        let sigma = equations[1].column().at(0);
        let mut residual = vec![0.0; self.weights.iter().flatten().map(|(size, _)| size).product()];
        for (i, (y, &cell)) in response.iter().zip(cells).enumerate() {
            let noise: f64 = StandardNormal.sample(rng);
            residual[cell] = y - equations[0].column().at(i) - sigma * noise;
        }
        let mut alpha = match self.solve_along(sigma, &residual) {
            Some(alpha) => alpha?,
            None => {
                let (factors, variance) = self.covariance()?;
                let covariance = KroneckerIdentity::new(factors, variance, sigma * sigma)
                    .map_err(|e| Error::Singular(e.to_string()))?;
                if let Some(gaps) = &self.gaps {
                    let full = Full::of(&covariance);
                    gaps.factorize(full)?.fill(gaps, full, &mut residual);
                }
                let alpha = covariance.solve(&residual);
                gridgp_dense::settle_registers();
                cells.iter().map(|&cell| alpha[cell]).collect()
            }
        };
        let Self { fields, observed, .. } = self;
        let Observed { equations, theta, theta_bar, field_bars, .. } = observed;
        field_bars[0].fill(0.0);
        let values = |_| fields[0].values();
        equations[0].vjp(theta, &mut alpha, values, theta_bar, field_bars);
        fields[0].z_vjp(theta, &field_bars[0], &mut x[count..]);
        Ok(())
    }

    /// The factors and the scale of HHᵀ = s · ⊗ WₐLₐLₐᵀWₐ at the last θ.
    fn covariance(&self) -> Result<(Vec<Spectral>, f64)> {
        let (field, weights) = (&self.fields[0], self.weights.as_ref().ok_or_else(refuse)?);
        let Observed { equations, theta, .. } = &self.observed;
        let (coefficient, amplitude) = (equations[0].coefficient(0, theta), field.amplitude(theta));
        let roots = field.positions().iter().zip(field.roots());
        let factors = weights
            .iter()
            .enumerate()
            .map(|(a, (size, w))| {
                let w = |i: usize| w.as_ref().map_or(1.0, |w| w[i]);
                let root = roots.clone().find(|(position, _)| **position == a);
                let root = root.map(|(_, axis)| axis.matrix().expect("no axis is long"));
                let features = match root {
                    Some(r) => Mat::from_fn(*size, r.rank(), |i, j| w(i) * r.root()[(i, j)]),
                    None => Mat::from_fn(*size, 1, |i, _| w(i)),
                };
                Spectral::from_features(features.as_ref())
                    .map_err(|e| Error::Singular(e.to_string()))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((factors, (coefficient * amplitude).powi(2)))
    }
}

fn refuse() -> Error {
    Error::Spec(
        "the field has no exact conditional in this model: that needs a gaussian likelihood with \
         one field in its location, one scale for all cells, and covariates along one axis each"
            .into(),
    )
}
