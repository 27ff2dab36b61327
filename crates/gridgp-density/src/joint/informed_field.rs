//! A random field from unknowns that stay round where the data say much about it.

use gridgp_grid::{Grid, Result};
use gridgp_model::Field;

use super::informed_axis::InformedAxis;
use super::informed_product::InformedProduct;
use super::informed_series::InformedSeries;
use super::latent_field::LatentField;
use super::long_axis::LongAxes;

/// f = amplitude · (⊗Rₐ) z with z = B^(−½) u and B = I + τ · amplitude² ⊗RₐᵀRₐ.
///
/// If every value of f were observed once with variance 1/τ, then u given θ would be normal with
/// covariance I, for every θ, whichever square root of B that is. On one axis it is a Cholesky
/// factor. The factor of a product of axes would be as large as their grid: there it is the
/// symmetric root, in the eigenvectors of each axis. Along a long axis of state space it is the Cholesky
/// factor of that axis alone, by sweeps.
#[derive(Debug, Clone)]
pub(super) enum InformedField {
    Axis(Box<InformedAxis>),
    Product(Box<InformedProduct>),
    Series(Box<InformedSeries>),
}

macro_rules! either {
    ($self:expr, $field:ident => $call:expr) => {
        match $self {
            InformedField::Axis($field) => $call,
            InformedField::Product($field) => $call,
            InformedField::Series($field) => $call,
        }
    };
}

impl InformedField {
    pub(super) fn new(field: &Field, grid: &Grid, long: LongAxes) -> Result<Self> {
        if let Some(series) = InformedSeries::new(field, grid, long)? {
            return Ok(Self::Series(Box::new(series)));
        }
        let jitter = long.jitter();
        let mut along = field.axes.iter().zip(grid.axes()).filter(|(kernel, _)| kernel.is_some());
        Ok(match (along.next(), along.next()) {
            (Some((Some(kernel), axis)), None) => {
                let (name, amplitude) = (axis.name(), field.amplitude);
                Self::Axis(Box::new(InformedAxis::new(name, kernel.clone(), amplitude, jitter)?))
            }
            _ => Self::Product(Box::new(InformedProduct::new(field, grid, jitter)?)),
        })
    }

    /// The field with a long axis.
    pub(super) fn series(&self) -> Option<&InformedSeries> {
        if let Self::Series(field) = self { Some(field) } else { None }
    }

    /// The same, to change it.
    pub(super) fn series_mut(&mut self) -> Option<&mut InformedSeries> {
        if let Self::Series(field) = self { Some(field) } else { None }
    }

    /// Number of unknowns: ∏ rₐ.
    pub(super) fn unknowns(&self) -> usize {
        either!(self, f => f.unknowns())
    }

    /// The field on its axes, row-major.
    pub(super) fn values(&self) -> &[f64] {
        either!(self, f => f.values())
    }

    /// The field at θ and u, with information τ about each of its values; log p(u | θ).
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] if a covariance cannot be factorized.
    pub(super) fn update(&mut self, theta: &[f64], tau: f64, u: &[f64]) -> Result<f64> {
        either!(self, f => f.update(theta, tau, u))
    }

    /// Adds the derivatives of likelihood and log p(u | θ) to `theta_bar`, from the adjoint of the
    /// values, and writes those with respect to u; the derivative with respect to τ.
    pub(super) fn vjp(
        &mut self,
        theta: &[f64],
        tau: f64,
        values_bar: &[f64],
        theta_bar: &mut [f64],
        u_bar: &mut [f64],
    ) -> f64 {
        either!(self, f => f.vjp(theta, tau, values_bar, theta_bar, u_bar))
    }

    /// The whitened unknowns z of `whitened`, the same field with Cholesky roots, after
    /// [`update`](Self::update) of both at the same θ.
    pub(super) fn write_whitened(&mut self, whitened: &LatentField, z: &mut [f64]) {
        match self {
            Self::Axis(field) => field.write_whitened(z),
            Self::Series(field) => field.write_whitened(z),
            Self::Product(field) => field.write_whitened(whitened, z),
        }
    }

    /// The inverse of [`write_whitened`](Self::write_whitened), after an update of `whitened`.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub(super) fn read_whitened(
        &mut self,
        whitened: &LatentField,
        theta: &[f64],
        tau: f64,
        u: &mut [f64],
    ) -> Result<()> {
        either!(self, f => f.read_whitened(whitened, theta, tau, u))
    }
}
