//! The location at given parameters, conditional on the data.

use faer::Mat;
use gridgp_dense::Spectral;
use gridgp_density::{Conditioned, Marginal, SpectralSolution};
use gridgp_grid::{Covariate, Error, Grid, Result};
use gridgp_model::{Model, Predictor};

use super::place::Place;

/// p(g | y, θ) of a linear combination g of fields, the location unless [`about`](Self::about) says
/// otherwise: Gaussian, exact, on any grid and at any points.
///
/// With A the covariance of the observed cells and α = A⁻¹(y − m), the mean at new points is
/// m* + Cov(g*, y) α, the variance Var(g*) − Cov(g*, y) A⁻¹ Cov(y, g*).
///
/// Where A = s·⊗K + σ²I on a grid or on its observed places, the variance is written with the shares
/// Pₐ = (K*ₐQₐ)^{∘2} Λₐ⁻¹ of the eigenvectors in the prior variance as what none of them reaches,
/// ⊗kₐ** − ⊗Pₐ 1, and what the noise hides of them, ⊗Pₐ (σ²/D). Cells that are missing beyond that take
/// W Wᵀ out of A⁻¹ (m columns, W̃ = ⊗Qₐᵀ W): the residual is filled there, and the variance grows by
/// Σₖ (s·⊗(K*ₐQₐ) w̃ₖ)².
///
/// The first part is a difference of numbers as large as the prior's, so a standard deviation is exact
/// to about 1e-8 of the amplitude. Where the data leave nothing open but their noise, the second part
/// keeps it from being 0.
#[derive(Debug, Clone)]
pub struct Conditional<'m> {
    pub(super) model: &'m Model,
    pub(super) marginal: Marginal,
    pub(super) theta: Vec<f64>,
    pub(super) conditioned: Conditioned,
    /// g.
    pub(super) wanted: Predictor,
    is_location: bool,
    /// Whether new observations are asked for, too.
    has_noise: bool,
}

/// Means and standard deviations on the scale of the response.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// E(g | y).
    pub mean: Vec<f64>,
    /// Standard deviation of g: without noise.
    pub sd: Vec<f64>,
    /// Standard deviation of a new observation, √(sd² + σ²); empty where g is not the location, or
    /// where it was [left out](Conditional::without_noise).
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
        let conditioned = marginal.condition(theta)?;
        let (location, _) = model.gaussian_parts().expect("the marginal has taken it");
        let (theta, wanted) = (theta.to_vec(), location.clone());
        Ok(Self { model, marginal, theta, conditioned, wanted, is_location: true, has_noise: true })
    }

    /// The same about another linear combination of coefficients, covariates and fields, such as one
    /// field of several; its scale is that of the response, its origin 0.
    ///
    /// # Errors
    /// A field that is in no location, or in two terms: those are not independent.
    pub fn about(mut self, wanted: Predictor) -> Result<Self> {
        let (location, _) = self.model.gaussian_parts().expect("the marginal has taken it");
        for (f, _) in wanted.random() {
            if wanted.random().filter(|(other, _)| *other == f).count() > 1 {
                let name = &self.model.fields[f].name;
                return Err(Error::Data(format!(
                    "the field {name:?} is asked for more than once; write one term, {name} * covariate \
                     with a covariate that adds up the multipliers"
                )));
            }
            if !location.random().any(|(known, _)| known == f) {
                let name = &self.model.fields[f].name;
                let message = format!("the field {name:?} is not in the location");
                return Err(Error::Data(message));
            }
        }
        (self.wanted, self.is_location) = (wanted, false);
        Ok(self)
    }

    /// The same without the standard deviation of new observations: what the scale is made of need not
    /// be known at a new place.
    #[must_use]
    pub fn without_noise(mut self) -> Self {
        self.has_noise = false;
        self
    }

    /// Whether the noise at a new place is asked for.
    pub(super) fn asks_for_noise(&self) -> bool {
        self.is_location && self.has_noise
    }

    /// The positions of the covariates that have to be known at a new place.
    pub(super) fn needed(&self) -> Vec<usize> {
        let mut needed = self.needed_without_noise();
        let (_, scale) = self.model.gaussian_parts().expect("the marginal has taken it");
        let of_noise = self.asks_for_noise().then(|| scale.covariates());
        needed.extend(of_noise.into_iter().flatten());
        needed
    }

    /// Those that g itself is made of.
    pub(super) fn needed_without_noise(&self) -> Vec<usize> {
        self.wanted.terms.iter().flat_map(|t| t.covariates.iter().copied()).collect()
    }

    /// The grid of the data as a place.
    pub fn here(&self) -> Place {
        Place { grid: self.model.data.grid.clone(), covariates: Vec::new() }
    }

    /// Origin and unit of g.
    pub(super) fn scaling(&self) -> (f64, f64) {
        let (origin, unit) = self.model.standardization;
        (if self.is_location { origin } else { 0.0 }, unit)
    }

    /// σ in the cells of a grid on the scale of the response, where g has one.
    pub(super) fn noise(&self, grid: &Grid, covariates: &[Covariate]) -> Option<Vec<f64>> {
        self.asks_for_noise().then(|| {
            let mut noise = self.marginal.noise_on_grid(&self.theta, grid, covariates);
            noise.iter_mut().for_each(|s| *s *= self.model.standardization.1);
            noise
        })
    }

    /// Back to the scale of the response; `noise` is on it.
    pub(super) fn moments(
        &self,
        mut mean: Vec<f64>,
        variance: Vec<f64>,
        noise: Option<Vec<f64>>,
    ) -> Moments {
        let (origin, unit) = self.scaling();
        mean.iter_mut().for_each(|m| *m = origin + unit * *m);
        let sd: Vec<f64> = variance.into_iter().map(|v| unit * v.max(0.0).sqrt()).collect();
        let noise = noise.unwrap_or_default();
        let sd_observation = sd.iter().zip(noise).map(|(sd, noise)| sd.hypot(noise)).collect();
        Moments { mean, sd, sd_observation }
    }
}

/// σ²/D, on the grid of the joint eigenbasis.
pub(super) fn hidden(spectral: &SpectralSolution) -> Vec<f64> {
    let noise = spectral.covariance.noise();
    let mut d = spectral.covariance.diagonal();
    d.iter_mut().for_each(|d| *d = noise / *d);
    d
}

/// Turns each K*ₐQₐ into the shares Pₐ of the eigenvectors, and gives their sums Pₐ 1 for each point.
pub(super) fn shares(spectral: &SpectralSolution, projected: &mut [Mat<f64>]) -> Vec<Vec<f64>> {
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
    projected.iter_mut().zip(spectral.covariance.factors()).map(share).collect()
}
