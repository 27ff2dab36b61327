//! The parts that stand on their own: kernels, operators, distributions, extremes.
//!
//! What Python calls them and how they broadcast is decided in Python (`kernels.py`,
//! `operators.py`, `distributions.py`, `extremes.py`); here are the loops.

mod any_operator;
mod arrays;
mod extremes;
mod family;
mod kernel_function;
mod kronecker_normal;
mod operator;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::NotPositiveDefiniteError;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    kernel_function::register(module)?;
    operator::register(module)?;
    kronecker_normal::register(module)?;
    family::register(module)?;
    extremes::register(module)
}

/// An error of the linear algebra.
fn algebra_error(error: gridgp::linalg::Error) -> PyErr {
    match error {
        gridgp::linalg::Error::NotPositiveDefinite { .. } => {
            NotPositiveDefiniteError::new_err(error.to_string())
        }
        other => PyValueError::new_err(other.to_string()),
    }
}

/// An error of a distribution or a simulation: a covariance that is none, or an argument.
fn part_error(error: gridgp::Error) -> PyErr {
    match error {
        gridgp::Error::Singular(message) => NotPositiveDefiniteError::new_err(message),
        other => PyValueError::new_err(other.to_string()),
    }
}
