//! Errors of Rust as exceptions of Python, with the same messages.

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

pyo3::create_exception!(
    gridgp,
    NotPositiveDefiniteError,
    PyValueError,
    "A covariance matrix that must be positive definite is not."
);

/// An error of the statistics.
pub fn model_error(error: gridgp::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// An error of a file.
pub fn file_error(error: gridgp_io::Error) -> PyErr {
    PyOSError::new_err(error.to_string())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("NotPositiveDefiniteError", module.py().get_type::<NotPositiveDefiniteError>())
}
