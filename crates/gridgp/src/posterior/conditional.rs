//! The location at given parameters, conditional on the data.

use faer::Mat;
use gridgp_linalg::Spectral;

use crate::density::Marginal;
use crate::grid::{Covariate, Grid};
use crate::model::Model;
use crate::{Error, Result};

/// p(location | y, θ): Gaussian, exact, on any grid and at any points.
///
/// With A = s·⊗K + σ²I and α = A⁻¹(y − m), the mean at new points is m* + s·⊗K*ₐ α and the variance
/// of the field s·⊗kₐ** − s²·⊗(K*ₐQₐ)^{∘2} (1/D).
#[derive(Debug, Clone)]
pub struct Conditional<'m> {
    pub(super) model: &'m Model,
    pub(super) marginal: Marginal,
    pub(super) theta: Vec<f64>,
    pub(super) factors: Vec<Spectral>,
    /// A⁻¹(y − m), on the grid of the data.
    pub(super) alpha: Vec<f64>,
    /// s·⊗λ + σ².
    pub(super) eigenvalues: Vec<f64>,
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

/// Where to predict: a grid with the axes of the data, and the covariates there.
#[derive(Debug, Clone)]
pub struct Place {
    /// The new grid.
    pub grid: Grid,
    /// Covariates along the new axes, by name; those whose axes have not moved may be absent.
    pub covariates: Vec<Covariate>,
}

impl<'m> Conditional<'m> {
    /// Conditions on the data at parameters `theta`.
    ///
    /// # Errors
    /// As [`Marginal::new`] and [`Marginal::log_prob`].
    pub fn new(model: &'m Model, theta: &[f64]) -> Result<Self> {
        let mut marginal = Marginal::new(model)?;
        let c = marginal.condition(theta)?;
        let eigenvalues = c.diagonal();
        Ok(Self {
            model,
            theta: theta.to_vec(),
            alpha: c.solve(marginal.residual()),
            variance: marginal.variance(theta),
            noise: marginal.noise(theta),
            factors: c.factors().to_vec(),
            eigenvalues,
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

    /// The covariates of the model at a place; those that the place lacks must not have moved.
    pub(super) fn covariates(&self, place: &Place) -> Result<Vec<Covariate>> {
        let data = &self.model.data;
        let used = |c: usize| self.model.location.terms.iter().any(|t| t.covariates.contains(&c));
        let mut found = Vec::new();
        for (c, known) in data.covariates.iter().enumerate() {
            if let Some(new) = place.covariates.iter().find(|n| n.name == known.name) {
                let expected: usize =
                    new.axes.iter().map(|&a| place.grid.axes()[a].len()).product();
                if new.axes != known.axes || new.values.len() != expected {
                    return Err(Error::Data(format!(
                        "covariate {:?} does not have the axes here that it has in the fit",
                        known.name
                    )));
                }
                found.push(new.clone());
                continue;
            }
            let moved = known
                .axes
                .iter()
                .find(|&&a| place.grid.axes()[a].points() != data.grid.axes()[a].points());
            found.push(match moved {
                Some(&a) if used(c) => {
                    return Err(Error::Data(format!(
                        "the covariate {:?} is not known at the new points of axis {:?}; add it to \
                         the file of new points, as a column or variable of that name",
                        known.name,
                        data.grid.axes()[a].name()
                    )));
                }
                // Nothing depends on it.
                Some(_) => {
                    let length = known.axes.iter().map(|&a| place.grid.axes()[a].len()).product();
                    Covariate { values: vec![0.0; length], ..known.clone() }
                }
                None => known.clone(),
            });
        }
        Ok(found)
    }

    /// For each axis, Cov(f(new), f(data)) and the prior variance of the new points, with the
    /// covariates that multiply the field; without the amplitude.
    pub(super) fn cross(
        &self,
        grid: &Grid,
        covariates: &[Covariate],
    ) -> Result<Vec<(Mat<f64>, Vec<f64>)>> {
        if grid.axes().len() != self.model.data.grid.axes().len() {
            return Err(Error::Grid("the new grid must have the axes of the data".into()));
        }
        for (new, old) in grid.axes().iter().zip(self.model.data.grid.axes()) {
            let names = |a: &crate::grid::Axis| -> Vec<String> {
                a.coordinates().iter().map(|c| c.name.clone()).collect()
            };
            if new.name() != old.name() || names(new) != names(old) {
                return Err(Error::Grid(format!(
                    "the new grid has axis {:?} with {:?} where the data have {:?} with {:?}",
                    new.name(),
                    names(new),
                    old.name(),
                    names(old)
                )));
            }
        }
        self.marginal.cross(grid, covariates, &self.theta)
    }

    /// Back to the scale of the response.
    pub(super) fn moments(&self, mean: Vec<f64>, variance: Vec<f64>) -> Moments {
        let (origin, unit) = self.model.standardization;
        let noise = self.noise;
        let root = |v: f64| v.max(0.0).sqrt() * unit;
        Moments {
            mean: mean.into_iter().map(|m| origin + unit * m).collect(),
            sd: variance.iter().map(|&v| root(v)).collect(),
            sd_observation: variance.iter().map(|&v| root(v.max(0.0) + noise)).collect(),
        }
    }
}
