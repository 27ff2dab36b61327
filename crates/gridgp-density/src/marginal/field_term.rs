//! A random field in the location: its variance, its factors along the axes, and what multiplies it.

use gridgp_grid::{Covariate, Grid};
use gridgp_model::param::Value;
use gridgp_model::{Field, Model, PlaneKernel, Term};

use super::axis::AxisFactor;
use super::design::Design;

/// c · f: a term of the location with a field, of prior covariance s·C (⊗Kₐ) C.
///
/// s = (amplitude · coefficient)². Covariates along one axis each are part of the Kₐ; the others are
/// the diagonal of C.
#[derive(Debug, Clone)]
pub(super) struct FieldTerm {
    /// The position of the field in the model.
    pub(super) field: usize,
    pub(super) name: String,
    amplitude: Value,
    term: Term,
    pub(super) axes: Vec<AxisFactor>,
    /// Its kernel over two axes together, along which the factors above are those of no field.
    pub(super) plane: Option<PlaneTerm>,
    /// The diagonal of C, one value a cell of the grid; `None` for I.
    pub(super) cells: Option<Vec<f64>>,
}

/// An isotropic kernel over two axes.
#[derive(Debug, Clone)]
pub(super) struct PlaneTerm {
    pub(super) kernel: PlaneKernel,
    /// The points of each axis, in their order.
    pub(super) points: [Vec<f64>; 2],
}

impl PlaneTerm {
    fn new(kernel: &PlaneKernel, model: &Model) -> Self {
        let axes = model.data.grid.axes();
        let points = kernel.axes.map(|a| axes[a].points().column(0).collect());
        Self { kernel: kernel.clone(), points }
    }

    /// ℓ along each axis.
    pub(super) fn lengthscales(&self, theta: &[f64]) -> [f64; 2] {
        self.kernel.lengthscales.map(|l| l.at(theta))
    }
}

impl FieldTerm {
    pub(super) fn new(model: &Model, field: usize, term: &Term) -> Self {
        let (data, position) = (&model.data, field);
        let Field { name, amplitude, axes, plane } = &model.fields[field];
        let (weights, cells) = split(Design::new(term, &data.grid, &data.covariates), axes.len());
        let axes = data
            .grid
            .axes()
            .iter()
            .zip(axes)
            .zip(weights)
            .map(|((axis, kernel), w)| AxisFactor::new(axis.name(), axis.len(), kernel.clone(), w))
            .collect();
        let plane = plane.as_ref().map(|kernel| PlaneTerm::new(kernel, model));
        let (name, term) = (name.clone(), term.clone());
        Self { field: position, name, amplitude: *amplitude, term, axes, plane, cells }
    }

    /// The field by itself, along some of the axes of the grid.
    pub(super) fn alone(model: &Model, field: usize, axes: &[usize]) -> Self {
        let Field { name, amplitude, axes: kernels, plane } = &model.fields[field];
        let grid = model.data.grid.axes();
        let factor =
            |&a: &usize| AxisFactor::new(grid[a].name(), grid[a].len(), kernels[a].clone(), None);
        Self {
            field,
            name: name.clone(),
            amplitude: *amplitude,
            term: Term { factor: 1.0, field: Some(field), ..Term::default() },
            axes: axes.iter().map(factor).collect(),
            plane: plane.as_ref().map(|kernel| {
                let mut plane = PlaneTerm::new(kernel, model);
                plane.kernel.axes = kernel
                    .axes
                    .map(|a| axes.iter().position(|b| *b == a).expect("the field varies along it"));
                plane
            }),
            cells: None,
        }
    }

    /// s.
    pub(super) fn scale(&self, theta: &[f64]) -> f64 {
        self.multiplier(theta).powi(2)
    }

    /// √s, with its sign: amplitude · coefficient.
    pub(super) fn multiplier(&self, theta: &[f64]) -> f64 {
        self.amplitude.at(theta) * self.term.coefficient(theta)
    }

    /// Adds s̄ · ∂s/∂θ.
    pub(super) fn scale_vjp(&self, theta: &[f64], scale_bar: f64, theta_bar: &mut [f64]) {
        self.multiplier_vjp(theta, 2.0 * self.multiplier(theta) * scale_bar, theta_bar);
    }

    /// Adds the derivatives of the [`multiplier`](Self::multiplier) times `bar`.
    pub(super) fn multiplier_vjp(&self, theta: &[f64], bar: f64, theta_bar: &mut [f64]) {
        let (amplitude, coefficient) = (self.amplitude.at(theta), self.term.coefficient(theta));
        self.amplitude.pull_back(bar * coefficient, theta_bar);
        self.term.coefficient_vjp(theta, bar * amplitude, theta_bar);
    }

    /// The prior variance of s·⊗Kₐ on the grid.
    pub(super) fn prior_variance(&self, theta: &[f64]) -> PriorVariance {
        let axes = self.axes.iter().map(|a| a.diagonal(theta)).collect();
        PriorVariance { scale: self.scale(theta), axes }
    }

    /// The amplitude.
    pub(super) fn amplitude(&self, theta: &[f64]) -> f64 {
        self.amplitude.at(theta)
    }

    /// amplitude².
    pub(super) fn variance(&self, theta: &[f64]) -> f64 {
        self.amplitude.at(theta).powi(2)
    }

    /// What multiplies the field, but for covariates.
    pub(super) fn coefficient(&self, theta: &[f64]) -> f64 {
        self.term.coefficient(theta)
    }

    /// The covariates that multiply it along each axis of the data; `None` where one varies along
    /// several.
    pub(super) fn weights(
        &self,
        grid: &Grid,
        covariates: &[Covariate],
    ) -> Option<Vec<Option<Vec<f64>>>> {
        let (weights, cells) = split(Design::new(&self.term, grid, covariates), self.axes.len());
        cells.is_none().then_some(weights)
    }
}

/// Variances on a grid that are a product over its axes.
pub(super) struct PriorVariance {
    scale: f64,
    axes: Vec<Vec<f64>>,
}

impl PriorVariance {
    /// In a cell of a grid of this shape.
    pub(super) fn at(&self, cell: usize, shape: &[usize]) -> f64 {
        let (mut rest, mut product) = (cell, self.scale);
        for (axis, n) in self.axes.iter().zip(shape).rev() {
            product *= axis[rest % n];
            rest /= n;
        }
        product
    }
}

/// What multiplies a field: a vector an axis where it is not 1, or one value a cell.
pub(super) type Weights = (Vec<Option<Vec<f64>>>, Option<Vec<f64>>);

pub(super) fn split(design: Design, axes: usize) -> Weights {
    match design {
        Design::Separable(weights) => (weights, None),
        Design::Dense(cells) => (vec![None; axes], Some(cells)),
    }
}
