//! Models: as written ([`spec`]), and as meant ([`Model`]).
//!
//! [`Model::new`] resolves every name and checks every shape, there and only there. What comes out
//! holds no strings that mean anything: fields, terms and quantities are positions.

mod describe;
pub mod language;
mod predictor;
mod resolve;
pub mod spec;

pub use describe::describe;
pub use predictor::{Predictor, Term};

use crate::grid::{Dataset, Points};
use crate::kernel::Kernel;
use crate::param::{Parameter, Value};
use spec::{ModelSpec, Source};

/// A model of a response on a grid, with every name resolved.
///
/// y = location + scale · ε, ε ~ N(0, 1), where the location is a sum of coefficients times
/// covariates times at most one random field a term.
#[derive(Debug, Clone)]
pub struct Model {
    /// The model as written.
    pub spec: ModelSpec,
    /// The data; the response on its original scale.
    pub data: Dataset,
    /// The free parameters; positions in θ and x.
    pub parameters: Vec<Parameter>,
    /// The random fields.
    pub fields: Vec<Field>,
    /// The predictor of the location.
    pub location: Predictor,
    /// The standard deviation of the noise.
    pub scale: Value,
    /// Where the modelled response has its origin, and its unit: y = origin + unit · modelled.
    /// (0, 1) unless the response is standardized.
    pub standardization: (f64, f64),
}

/// A random field: amplitude · ⊗ₐ Kₐ over its axes, constant along the others.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its standard deviation, where every kernel has a unit diagonal.
    pub amplitude: Value,
    /// For each axis of the grid, its kernel; `None` where the field is constant.
    pub axes: Vec<Option<AxisKernel>>,
}

/// The kernel of a field along an axis.
#[derive(Debug, Clone)]
pub struct AxisKernel {
    /// The kernel.
    pub kernel: Kernel,
    /// Its quantities, in the order of the kernel's parameters.
    pub values: Vec<Value>,
    /// The points of the axis.
    pub points: Points,
    /// Whether the field's mean along this axis is removed.
    pub center: bool,
    /// The kernel as written.
    pub text: String,
}

impl AxisKernel {
    /// The kernel's numbers at `theta`.
    pub fn numbers(&self, theta: &[f64]) -> Vec<f64> {
        self.values.iter().map(|v| v.at(theta)).collect()
    }
}

impl Model {
    /// The model that `spec` means for these data.
    ///
    /// `source` is the text that `spec` was read from, for messages.
    ///
    /// # Errors
    /// [`crate::Error::Spec`] for names, kernels, priors or expressions that mean nothing, with
    /// the place in the text; [`crate::Error::Data`] for data that this model cannot take.
    pub fn new(spec: ModelSpec, source: &Source, data: Dataset) -> crate::Result<Self> {
        resolve::resolve(spec, source, data)
    }

    /// The position of the parameter called `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|p| p.name == name)
    }

    /// Natural parameters from unconstrained ones.
    pub fn natural(&self, x: &[f64]) -> Vec<f64> {
        self.parameters.iter().zip(x).map(|(p, &x)| p.transform.forward(x)).collect()
    }

    /// The response on the scale of the model.
    pub fn modelled_response(&self) -> Vec<f64> {
        let (origin, unit) = self.standardization;
        self.data.response.values.iter().map(|y| (y - origin) / unit).collect()
    }
}
