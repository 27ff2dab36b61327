//! Log densities with gradients, for samplers and optimizers of Python.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use gridgp::density::{Joint, LogDensity, LogPosterior, Marginal};
use gridgp::model::Model;
use gridgp::model::spec::Density as Coordinates;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::compute;
use crate::errors::value_error;

enum Inner {
    Marginal(Box<LogPosterior>),
    Joint(Box<Joint>),
}

impl Inner {
    fn evaluate(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        match self {
            Self::Marginal(density) => density.log_density_gradient(x, gradient),
            Self::Joint(density) => density.log_density_gradient(x, gradient),
        }
    }
}

/// The log density of the unconstrained unknowns.
#[pyclass(frozen, module = "gridgp._core")]
pub struct Density {
    inner: Mutex<Inner>,
    dim: usize,
    route: &'static str,
    names: Vec<String>,
}

impl Density {
    pub fn new(model: &Model, route: &str) -> gridgp::Result<Self> {
        let marginal = match route {
            "marginal" => true,
            "joint" => false,
            "auto" => Marginal::new(model).is_ok(),
            other => {
                return Err(gridgp::Error::Spec(format!(
                    "there is no route {other:?}; there are \"auto\", \"marginal\" and \"joint\""
                )));
            }
        };
        let (inner, dim) = if marginal {
            let density = LogPosterior::new(model, Coordinates::Unconstrained)?;
            let dim = density.dim();
            (Inner::Marginal(Box::new(density)), dim)
        } else {
            let density = Joint::new(model)?;
            let dim = density.dim();
            (Inner::Joint(Box::new(density)), dim)
        };
        Ok(Self {
            inner: Mutex::new(inner),
            dim,
            route: if marginal { "marginal" } else { "joint" },
            names: model.parameters.iter().map(|p| p.name.clone()).collect(),
        })
    }

    fn at(&self, py: Python<'_>, x: &PyReadonlyArray1<'_, f64>) -> PyResult<(f64, Vec<f64>)> {
        // Copied only where it does not lie in one piece.
        let x = x.as_slice().map_or_else(|_| x.as_array().to_vec().into(), Cow::Borrowed);
        if x.len() != self.dim {
            return Err(value_error(format!(
                "x has {} entries and the density has {} unknowns",
                x.len(),
                self.dim
            )));
        }
        let mut gradient = vec![0.0; self.dim];
        let value = py.detach(|| {
            // Not on a thread of the pool, which could take up another evaluation while it waits.
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let inner = &mut *inner;
            compute::here(|| inner.evaluate(&x, &mut gradient))
        })?;
        Ok((value, gradient))
    }
}

#[pymethods]
impl Density {
    /// Number of unknowns.
    #[getter]
    fn dim(&self) -> usize {
        self.dim
    }

    /// `"marginal"` or `"joint"`.
    #[getter]
    fn route(&self) -> &str {
        self.route
    }

    /// The parameters, which come first among the unknowns.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn __call__(&self, py: Python<'_>, x: PyReadonlyArray1<'_, f64>) -> PyResult<f64> {
        Ok(self.at(py, &x)?.0)
    }

    /// The value and the gradient.
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<(f64, Bound<'py, PyArray1<f64>>)> {
        let (value, gradient) = self.at(py, &x)?;
        Ok((value, gradient.into_pyarray(py)))
    }
}
