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
mod elsewhere;
mod exact_fields;
mod expected;
mod latent_field;
mod observed_equation;
#[cfg(test)]
mod tests;

use super::{LogDensity, Marginal};
use crate::Result;
use crate::dist::Distribution;
use crate::dist::special::LN_SQRT_2PI;
use crate::grid::Points;
use crate::likelihood::{Family, Likelihood, MAX_PARAMETERS};
use crate::model::Model;
use crate::param::Parameter;
pub use expected::ExpectedJoint;
use latent_field::LatentField;
pub(crate) use observed_equation::ObservedEquation;
use rand::Rng;

/// log p(y | θ, z) + log p(θ) + log p(z), in unconstrained θ with the Jacobian of the transforms.
///
/// Each field is f = amplitude · (⊗ CₐLₐ) z with z ~ N(0, I): Lₐ is the Cholesky factor of Kₐ + εI, or
/// the features of a kernel of finite rank, and Cₐ removes the mean along a centered axis. Missing
/// cells have no likelihood, and their fields the prior.
#[derive(Debug, Clone)]
pub struct Joint {
    parameters: Vec<Parameter>,
    family: Family,
    fields: Vec<LatentField>,
    equations: Vec<ObservedEquation>,
    /// The observed responses, as modelled.
    response: Vec<f64>,
    /// The cells that they are in.
    cells: Vec<usize>,
    /// For each axis its length and the covariates that multiply the only field, where the model
    /// is one that integrates it out.
    weights: Option<Vec<(usize, Option<Vec<f64>>)>>,
    theta: Vec<f64>,
    theta_bar: Vec<f64>,
    bars: Vec<Vec<f64>>,
    field_bars: Vec<Vec<f64>>,
}

impl Joint {
    /// The joint density of a model, with the jitter of its `[inference]`.
    ///
    /// # Errors
    /// [`crate::Error::Singular`] if a kernel without free parameters cannot be factorized.
    pub fn new(model: &Model) -> Result<Self> {
        let data = &model.data;
        let missing = data.response.missing.as_deref();
        let is_observed = |cell: &usize| missing.is_none_or(|m| !m[*cell]);
        let cells: Vec<usize> = (0..data.grid.len()).filter(is_observed).collect();
        let jitter = model.spec.inference.jitter;
        let fields = model
            .fields
            .iter()
            .map(|f| LatentField::new(f, &data.grid, jitter))
            .collect::<Result<Vec<_>>>()?;
        let positions: Vec<Vec<usize>> = fields.iter().map(|f| f.positions().to_vec()).collect();
        let mut equations: Vec<ObservedEquation> = model
            .equations
            .iter()
            .map(|e| ObservedEquation::new(e, &data.grid, &data.covariates, &positions, &cells))
            .collect();
        if let (Some(upper), Some(last)) = (&model.upper, equations.last_mut()) {
            *last = ObservedEquation::known(cells.iter().map(|&c| upper[c]).collect());
        }
        let all = model.modelled_response();
        Ok(Self {
            parameters: model.parameters.clone(),
            family: model.family.clone(),
            response: cells.iter().map(|&c| all[c]).collect(),
            cells,
            weights: Marginal::new(model).ok().map(|m| m.field_weights(model)),
            theta: vec![0.0; model.parameters.len()],
            theta_bar: vec![0.0; model.parameters.len()],
            bars: equations.iter().map(|e| vec![0.0; e.len()]).collect(),
            field_bars: fields.iter().map(|f| vec![0.0; f.values().len()]).collect(),
            fields,
            equations,
        })
    }

    /// Number of free parameters: where the fields' unknowns begin.
    pub fn parameter_count(&self) -> usize {
        self.parameters.len()
    }

    /// For each field, where its unknowns stand in x.
    pub fn field_ranges(&self) -> Vec<std::ops::Range<usize>> {
        let mut start = self.parameters.len();
        let next = |f: &LatentField| {
            let range = start..start + f.unknowns();
            start = range.end;
            range
        };
        self.fields.iter().map(next).collect()
    }

    /// The observed cells, in the order of the pointwise quantities.
    pub fn cells(&self) -> &[usize] {
        &self.cells
    }

    /// The likelihood's parameters at the observed cells, in its order.
    fn observed_equations(&self) -> &[ObservedEquation] {
        &self.equations
    }

    /// The positions of the axes of each field.
    pub(crate) fn field_positions(&self) -> Vec<Vec<usize>> {
        self.fields.iter().map(|f| f.positions().to_vec()).collect()
    }

    /// The field f at new points along the axes that it lives on, after [`Joint::fields_at`].
    ///
    /// `points[a]` are new points along axis a of the grid, or nothing where it has not moved.
    /// What the data's points leave open is drawn: all cells jointly, but for the new points of the
    /// axes that are to be taken `apart`, each of which is drawn for itself.
    pub(crate) fn field_on_grid(
        &self,
        f: usize,
        points: &[Option<Points>],
        apart: &[bool],
        rng: &mut dyn Rng,
    ) -> Result<Vec<f64>> {
        self.fields[f].on_grid(&self.theta, points, apart, rng)
    }

    /// The same at scattered points, each drawn for itself: point i is `points[a].row(i)`.
    pub(crate) fn field_at_points(
        &self,
        f: usize,
        points: &[Points],
        rng: &mut dyn Rng,
    ) -> Result<Vec<f64>> {
        self.fields[f].at_points(&self.theta, points, rng)
    }

    /// θ and the values of the fields at x, each on its own axes, row-major.
    ///
    /// # Errors
    /// [`crate::Error::Singular`] if a covariance cannot be factorized there.
    pub fn fields_at(&mut self, x: &[f64]) -> Result<(&[f64], Vec<&[f64]>)> {
        self.move_to(x)?;
        Ok((&self.theta, self.fields.iter().map(LatentField::values).collect()))
    }

    /// log p(yᵢ | x) of each observed cell, written to `out`.
    ///
    /// # Errors
    /// As [`Joint::fields_at`].
    pub fn log_likelihood(&mut self, x: &[f64], out: &mut [f64]) -> Result<()> {
        self.move_to(x)?;
        let mut p = [0.0; MAX_PARAMETERS];
        let count = self.equations.len();
        for (i, (out, &y)) in out.iter_mut().zip(&self.response).enumerate() {
            for (p, e) in p.iter_mut().zip(&self.equations) {
                *p = e.column().at(i);
            }
            *out = self.family.log_prob(y, &p[..count]);
        }
        Ok(())
    }

    /// The likelihood's parameters at x in some of the observed cells, written to `out`: cell,
    /// parameter. The cells are positions in [`Joint::cells`].
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
        for (i, row) in cells.zip(out.chunks_exact_mut(self.equations.len())) {
            row.iter_mut().zip(&self.equations).for_each(|(p, e)| *p = e.column().at(i));
        }
        Ok(())
    }

    fn move_to(&mut self, x: &[f64]) -> Result<()> {
        let (x, mut z) = x.split_at(self.parameters.len());
        for ((t, p), &x) in self.theta.iter_mut().zip(&self.parameters).zip(x) {
            *t = p.transform.forward(x);
        }
        for field in &mut self.fields {
            let (own, rest) = z.split_at(field.unknowns());
            field.update(&self.theta, own)?;
            z = rest;
        }
        for e in &mut self.equations {
            e.update(&self.theta, |f| self.fields[f].values());
        }
        Ok(())
    }
}

impl LogDensity for Joint {
    fn dim(&self) -> usize {
        self.parameters.len() + self.fields.iter().map(LatentField::unknowns).sum::<usize>()
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        assert_eq!((x.len(), gradient.len()), (self.dim(), self.dim()), "lengths must be dim()");
        // A factorization that fails is a place where the density cannot be known: outside.
        if self.move_to(x).is_err() {
            return f64::NEG_INFINITY;
        }
        let Self { parameters, family, fields, equations, response, theta, theta_bar, .. } = self;
        let count = equations.len();
        self.bars.iter_mut().for_each(|b| b.fill(0.0));
        self.field_bars.iter_mut().for_each(|b| b.fill(0.0));
        theta_bar.fill(0.0);
        let mut total = {
            let mut columns = [crate::likelihood::Column::Constant(0.0); MAX_PARAMETERS];
            for (column, e) in columns.iter_mut().zip(equations.iter()) {
                *column = e.column();
            }
            let mut bars: [&mut [f64]; MAX_PARAMETERS] = Default::default();
            for (slot, bar) in bars.iter_mut().zip(&mut self.bars) {
                *slot = bar;
            }
            family.accumulate(response, &columns[..count], &mut bars[..count])
        };
        if !total.is_finite() {
            return f64::NEG_INFINITY;
        }
        for (e, bar) in equations.iter().zip(&mut self.bars) {
            e.vjp(theta, bar, fields, theta_bar, &mut self.field_bars);
        }
        let (x, z) = x.split_at(parameters.len());
        let (x_bar, z_bar) = gradient.split_at_mut(parameters.len());
        // The prior of z.
        for (bar, z) in z_bar.iter_mut().zip(z) {
            *bar = -z;
            total -= 0.5 * z * z + LN_SQRT_2PI;
        }
        let mut rest = z_bar;
        for (field, bar) in fields.iter_mut().zip(&self.field_bars) {
            let (own, next) = rest.split_at_mut(field.unknowns());
            field.vjp(theta, bar, theta_bar, own);
            rest = next;
        }
        for (j, p) in parameters.iter().enumerate() {
            total += p.prior.log_prob(theta[j]) + p.transform.log_jacobian(x[j]);
            let bar = theta_bar[j] + p.prior.log_prob_derivative(theta[j]);
            x_bar[j] =
                bar * p.transform.derivative(x[j]) + p.transform.log_jacobian_derivative(x[j]);
        }
        if total.is_nan() || gradient.iter().any(|g| !g.is_finite()) {
            return f64::NEG_INFINITY;
        }
        total
    }
}
