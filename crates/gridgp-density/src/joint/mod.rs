//! The joint log density of parameters and latent fields, for any likelihood.
//!
//! The unknowns are x = [unconstrained θ; z of the first field; z of the second …]. Forwards,
//!
//! ```text
//! x ─transform→ θ, z ─root→ L ─mode products→ f ─terms→ η ─link→ p ─likelihood→ log p(y | x)
//! ```
//!
//! and back through the same stages; each has its pullback beside it, and its memory is made once.

mod axis_root;
mod axis_spectrum;
mod divided_difference;
mod elsewhere;
mod exact_fields;
mod exact_series;
mod expected;
mod field_axis;
mod informed;
mod informed_axis;
mod informed_field;
mod informed_product;
mod informed_series;
mod latent_field;
mod long_axis;
mod observed;
mod plane_modes;
mod rows;
mod series_axis;
mod series_elsewhere;
mod shear;
#[cfg(test)]
mod tests;

use super::gaps::Gaps;
use super::observed_equation::ObservedEquation;
use super::{LogDensity, Marginal};
pub(crate) use axis_root::AxisRoot;
pub use expected::ExpectedJoint;
pub(crate) use expected::gauss_hermite;
use gridgp_dist::special::LN_SQRT_2PI;
use gridgp_grid::{Points, Result};
use gridgp_likelihood::Family;
use gridgp_model::Model;
pub use informed::{InformedJoint, refuse_planes};
use latent_field::LatentField;
pub(crate) use long_axis::LongAxes;
pub(crate) use observed::Observed;
use rand::Rng;

/// log p(y | θ, z) + log p(θ) + log p(z), in unconstrained θ with the Jacobian of the transforms.
///
/// Each field is f = amplitude · (⊗ CₐLₐ) z with z ~ N(0, I): Lₐ is the Cholesky factor of Kₐ + εI, or
/// the features of a kernel of finite rank, and Cₐ removes the mean along a centered axis. Along an axis
/// of many points where the kernel is a Markov process Lₐ is never written out: products with it are
/// sweeps along the axis (`joint/series_axis.rs`). Missing cells have no likelihood, and their fields the
/// prior.
#[derive(Debug, Clone)]
pub struct Joint {
    observed: Observed,
    fields: Vec<LatentField>,
    /// For each axis its length and the covariates that multiply the only field, where the model
    /// is one that integrates it out.
    weights: Option<Vec<(usize, Option<Vec<f64>>)>>,
    /// The missing cells of such a model.
    gaps: Option<Gaps>,
}

impl Joint {
    /// The joint density of a model, with the jitter of its `[inference]`.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] if a kernel without free parameters cannot be factorized.
    pub fn new(model: &Model) -> Result<Self> {
        let long = LongAxes::of(model);
        let make = |f| LatentField::new(f, &model.data.grid, long);
        let fields = model.fields.iter().map(make).collect::<Result<Vec<_>>>()?;
        let positions: Vec<Vec<usize>> = fields.iter().map(|f| f.positions().to_vec()).collect();
        let has_planes = model.fields.iter().any(|f| f.plane.is_some());
        let marginal = if has_planes { None } else { Marginal::new(model).ok() };
        let weights = marginal.and_then(|m| m.field_weights(model));
        let gaps = weights
            .as_ref()
            .and_then(|_| Gaps::new(&model.data.grid.shape(), model.data.response.missing_cells()));
        Ok(Self { observed: Observed::new(model, &positions), gaps, weights, fields })
    }

    /// Number of free parameters: where the fields' unknowns begin.
    pub fn parameter_count(&self) -> usize {
        self.observed.parameters.len()
    }

    /// For each field, where its unknowns stand in x.
    pub fn field_ranges(&self) -> Vec<std::ops::Range<usize>> {
        let mut start = self.observed.parameters.len();
        let next = |f: &LatentField| {
            let range = start..start + f.unknowns();
            start = range.end;
            range
        };
        self.fields.iter().map(next).collect()
    }

    /// The observed cells, in the order of the pointwise quantities.
    pub fn cells(&self) -> &[usize] {
        &self.observed.cells
    }

    /// The likelihood's parameters at the observed cells, in its order.
    fn observed_equations(&self) -> &[ObservedEquation] {
        &self.observed.equations
    }

    /// The positions of the axes of each field.
    pub fn field_positions(&self) -> Vec<Vec<usize>> {
        self.fields.iter().map(|f| f.positions().to_vec()).collect()
    }

    /// The field f at new points along the axes that it lives on, after [`Joint::fields_at`].
    ///
    /// `points[a]` are new points along axis a of the grid, or nothing where it has not moved.
    /// What the data's points leave open is drawn: all cells jointly, but for the new points of the
    /// axes that are to be taken `apart`, each of which is drawn for itself.
    pub fn field_on_grid(
        &self,
        f: usize,
        points: &[Option<Points>],
        apart: &[bool],
        rng: &mut dyn Rng,
    ) -> Result<Vec<f64>> {
        self.fields[f].on_grid(&self.observed.theta, points, apart, rng)
    }

    /// The same at scattered points, each drawn for itself: point i is `points[a].row(i)`.
    pub fn field_at_points(
        &self,
        f: usize,
        points: &[Points],
        rng: &mut dyn Rng,
    ) -> Result<Vec<f64>> {
        self.fields[f].at_points(&self.observed.theta, points, rng)
    }

    /// θ and the values of the fields at x, each on its own axes, row-major.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] if a covariance cannot be factorized there.
    pub fn fields_at(&mut self, x: &[f64]) -> Result<(&[f64], Vec<&[f64]>)> {
        self.move_to(x)?;
        Ok((&self.observed.theta, self.fields.iter().map(LatentField::values).collect()))
    }

    /// log p(yᵢ | x) of each observed cell, written to `out`.
    ///
    /// # Errors
    /// As [`Joint::fields_at`].
    pub fn log_likelihood(&mut self, x: &[f64], out: &mut [f64]) -> Result<()> {
        self.move_to(x)?;
        self.observed.pointwise(out);
        Ok(())
    }

    /// The likelihood that the density is made of: the model's, or where its first parameter is a
    /// link to (0, 1), the same law [by log odds](Family::by_log_odds).
    pub fn family(&self) -> &Family {
        &self.observed.family
    }

    /// The parameters of [`Joint::family`] at x in some of the observed cells, written to `out`:
    /// cell, parameter. The cells are positions in [`Joint::cells`].
    ///
    /// # Errors
    /// As [`Joint::fields_at`].
    pub fn observed_parameters(
        &mut self,
        x: &[f64],
        cells: std::ops::Range<usize>,
        out: &mut [f64],
    ) -> Result<()> {
        self.move_to(x)?;
        for (i, row) in cells.zip(out.chunks_exact_mut(self.observed.equations.len())) {
            row.iter_mut().zip(&self.observed.equations).for_each(|(p, e)| *p = e.column().at(i));
        }
        Ok(())
    }

    /// The whitened unknowns z of all fields, written to `z`, from the unconstrained parameters and the
    /// values of each field on its axes, those of a kernel over two axes together with its margins: the
    /// inverse of [`fields_at`](Self::fields_at).
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] if a covariance cannot be factorized there;
    /// [`gridgp_grid::Error::Spec`] where values do not determine unknowns: a kernel of finite rank, a
    /// centered axis.
    ///
    /// # Panics
    /// If lengths do not match.
    pub fn whiten(&mut self, parameters: &[f64], fields: &[&[f64]], z: &mut [f64]) -> Result<()> {
        assert_eq!(fields.len(), self.fields.len(), "values of each field");
        let Self { observed, fields: own, .. } = self;
        observed.move_parameters(parameters);
        let mut rest = z;
        for (field, values) in own.iter_mut().zip(fields) {
            field.update_roots(&observed.theta)?;
            let (z, next) = rest.split_at_mut(field.unknowns());
            if !field.solve(&observed.theta, values, z) {
                return Err(gridgp_grid::Error::Spec(
                    "the values of a field with a mean taken out, or with a kernel of finite rank, do \
                     not determine its unknowns"
                        .into(),
                ));
            }
            rest = next;
        }
        assert!(rest.is_empty(), "a number for each unknown");
        Ok(())
    }

    /// The fields, with roots at the θ of x; their z stays as it was.
    fn fields_with_roots(&mut self, x: &[f64]) -> Result<&[LatentField]> {
        self.observed.move_parameters(x);
        for field in &mut self.fields {
            field.update_roots(&self.observed.theta)?;
        }
        Ok(&self.fields)
    }

    fn move_to(&mut self, x: &[f64]) -> Result<()> {
        let (x, mut z) = x.split_at(self.observed.parameters.len());
        self.observed.move_parameters(x);
        for field in &mut self.fields {
            let (own, rest) = z.split_at(field.unknowns());
            field.update(&self.observed.theta, own)?;
            z = rest;
        }
        self.observed.move_equations(|f| self.fields[f].values());
        Ok(())
    }
}

impl LogDensity for Joint {
    fn dim(&self) -> usize {
        self.observed.parameters.len()
            + self.fields.iter().map(LatentField::unknowns).sum::<usize>()
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        assert_eq!((x.len(), gradient.len()), (self.dim(), self.dim()), "lengths must be dim()");
        // A factorization that fails is a place where the density cannot be known: outside.
        if self.move_to(x).is_err() {
            return f64::NEG_INFINITY;
        }
        let Self { observed, fields, .. } = self;
        let mut total = observed.log_likelihood();
        if !total.is_finite() {
            return f64::NEG_INFINITY;
        }
        for e in 0..observed.equations.len() {
            observed.equation_vjp(e, |f| fields[f].values());
        }
        let (x, z) = x.split_at(observed.parameters.len());
        let (x_bar, z_bar) = gradient.split_at_mut(x.len());
        // The prior of z.
        for (bar, z) in z_bar.iter_mut().zip(z) {
            *bar = -z;
            total -= 0.5 * z * z + LN_SQRT_2PI;
        }
        let Observed { theta, theta_bar, field_bars, .. } = &mut *observed;
        let mut rest = z_bar;
        for (field, bar) in fields.iter_mut().zip(field_bars) {
            let (own, next) = rest.split_at_mut(field.unknowns());
            field.vjp(theta, bar, theta_bar, own);
            rest = next;
        }
        total += observed.priors(x, x_bar);
        if total.is_nan() || gradient.iter().any(|g| !g.is_finite()) {
            return f64::NEG_INFINITY;
        }
        total
    }
}
