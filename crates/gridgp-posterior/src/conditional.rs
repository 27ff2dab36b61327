//! The location at given parameters, conditional on the data.

use faer::Mat;
use gridgp_dense::{KroneckerIdentity, Spectral};
use gridgp_density::gaps::{Full, GapFactor, Gaps};
use gridgp_density::{Conditioned, Marginal};
use gridgp_grid::Result;
use gridgp_model::Model;

use super::place::Place;

/// p(location | y, θ): Gaussian, exact, on any grid and at any points.
///
/// With A = s·⊗K + σ²I and α = A⁻¹(y − m), the mean at new points is m* + s·⊗K*ₐ α. The variance of
/// the field is s·⊗kₐ** − s²·⊗(K*ₐQₐ)^{∘2} (1/D), written with the shares Pₐ = (K*ₐQₐ)^{∘2} Λₐ⁻¹ of the
/// eigenvectors in the prior variance as what none of them reaches, s (⊗kₐ** − ⊗Pₐ 1), and what the
/// noise hides of them, s ⊗Pₐ (σ²/D). Missing cells take W Wᵀ out of A⁻¹ (m columns, W̃ = ⊗Qₐᵀ W): the
/// residual is filled there, and the variance grows by Σₖ (s·⊗(K*ₐQₐ) w̃ₖ)².
///
/// The first part is a difference of numbers as large as the prior's, so a standard deviation is exact
/// to about 1e-8 of the amplitude. Where the data leave nothing open but their noise, the second part
/// keeps it from being 0.
#[derive(Debug, Clone)]
pub struct Conditional<'m> {
    pub(super) model: &'m Model,
    pub(super) marginal: Marginal,
    pub(super) theta: Vec<f64>,
    /// A = s·⊗K + σ²I.
    pub(super) covariance: KroneckerIdentity,
    /// What missing cells change in A⁻¹.
    gaps: Option<(Gaps, GapFactor)>,
    /// A⁻¹(y − m), on the grid of the data.
    pub(super) alpha: Vec<f64>,
    /// s = (amplitude · coefficient)².
    pub(super) variance: f64,
    /// σ².
    pub(super) noise: f64,
}

/// Means and standard deviations on the scale of the response.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// E(location | y).
    pub mean: Vec<f64>,
    /// Standard deviation of the location: of the field, without noise.
    pub sd: Vec<f64>,
    /// Standard deviation of a new observation: √(sd² + σ²).
    pub sd_observation: Vec<f64>,
}

impl<'m> Conditional<'m> {
    /// Conditions on the data at parameters `theta`, natural and in the order of the model's.
    ///
    /// # Errors
    /// As [`Marginal::new`] and [`Marginal::log_prob`].
    ///
    /// # Panics
    /// If `theta` does not have one value a parameter.
    pub fn new(model: &'m Model, theta: &[f64]) -> Result<Self> {
        let expected = model.parameters.len();
        assert_eq!(theta.len(), expected, "theta must have {expected} values, one a parameter");
        let mut marginal = Marginal::new(model)?;
        let Conditioned { covariance, gaps, alpha } = marginal.condition(theta)?;
        Ok(Self {
            model,
            theta: theta.to_vec(),
            alpha,
            variance: marginal.variance(theta),
            noise: marginal.noise(theta),
            covariance,
            gaps,
            marginal,
        })
    }

    /// σ on the scale of the response.
    pub fn noise_sd(&self) -> f64 {
        self.noise.sqrt() * self.model.standardization.1
    }

    /// The grid of the data as a place.
    pub fn here(&self) -> Place {
        Place { grid: self.model.data.grid.clone(), covariates: Vec::new() }
    }

    /// W̃, and its number of columns; none where no cell is missing.
    pub(super) fn gap_columns(&self) -> Option<(&[f64], usize)> {
        self.gaps.as_ref().map(|(gaps, factor)| (factor.w(), gaps.count()))
    }

    /// Aₒₒ⁻¹ r of the observed cells, 0 where a cell is missing; what r holds there does not count.
    pub(super) fn solve(&self, mut r: Vec<f64>) -> Vec<f64> {
        if let Some((gaps, factor)) = &self.gaps {
            factor.fill(gaps, Full::of(&self.covariance), &mut r);
        }
        self.covariance.solve(&r)
    }

    /// Kₐ = QₐΛₐQₐᵀ.
    pub(super) fn factors(&self) -> &[Spectral] {
        self.covariance.factors()
    }

    /// Qₐ, nₐ x rₐ.
    pub(super) fn bases(&self) -> Vec<Mat<f64>> {
        self.factors().iter().map(|f| f.basis().to_dense()).collect()
    }

    /// s/D, on the grid of the joint eigenbasis.
    pub(super) fn scaled_precision(&self) -> Vec<f64> {
        let mut d = self.covariance.diagonal();
        d.iter_mut().for_each(|d| *d = self.variance / *d);
        d
    }

    /// σ²/D, on the grid of the joint eigenbasis.
    pub(super) fn hidden(&self) -> Vec<f64> {
        let mut d = self.covariance.diagonal();
        d.iter_mut().for_each(|d| *d = self.noise / *d);
        d
    }

    /// Turns each K*ₐQₐ into the shares Pₐ of the eigenvectors, and gives their sums Pₐ 1 for each point.
    pub(super) fn shares(&self, projected: &mut [Mat<f64>]) -> Vec<Vec<f64>> {
        let share = |(projected, factor): (&mut Mat<f64>, &Spectral)| {
            let values = factor.values();
            let rounding = 0.5 * f64::EPSILON * values.iter().copied().fold(0.0, f64::max);
            let mut sums = vec![0.0; projected.nrows()];
            for (column, &value) in projected.col_iter_mut().zip(values) {
                let weight = if value > rounding { value.recip() } else { 0.0 };
                for (p, sum) in column.iter_mut().zip(&mut sums) {
                    *p = *p * *p * weight;
                    *sum += *p;
                }
            }
            sums
        };
        projected.iter_mut().zip(self.factors()).map(share).collect()
    }

    /// Back to the scale of the response.
    pub(super) fn moments(&self, mut mean: Vec<f64>, variance: Vec<f64>) -> Moments {
        let (origin, unit) = self.model.standardization;
        mean.iter_mut().for_each(|m| *m = origin + unit * *m);
        let sd: Vec<f64> = variance.into_iter().map(|v| unit * v.max(0.0).sqrt()).collect();
        let noise_sd = self.noise_sd();
        let sd_observation = sd.iter().map(|sd| sd.hypot(noise_sd)).collect();
        Moments { mean, sd, sd_observation }
    }
}
