//! Errors of Rust as exceptions of Python, with the same messages.

use gridgp::fit;
use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

pyo3::create_exception!(
    gridgp,
    NotPositiveDefiniteError,
    PyValueError,
    "A covariance matrix that must be positive definite is not."
);

pyo3::create_exception!(
    gridgp,
    InferenceError,
    PyRuntimeError,
    "Inference stopped without a usable result."
);

pyo3::create_exception!(
    gridgp,
    ModelError,
    PyValueError,
    "The model cannot be understood, or does not fit the data."
);

/// An error of the statistics.
pub fn model_error(error: gridgp::Error) -> PyErr {
    let message = error.to_string();
    match error {
        gridgp::Error::Singular(_) => NotPositiveDefiniteError::new_err(message),
        gridgp::Error::TooLarge(_) => PyMemoryError::new_err(message),
        gridgp::Error::Inference(_) => InferenceError::new_err(message),
        gridgp::Error::Spec(_) => ModelError::new_err(message),
        _ => PyValueError::new_err(message),
    }
}

/// An error of a fit or a prediction.
pub fn fit_error(error: fit::Error) -> PyErr {
    let message = error.to_string();
    match error {
        fit::Error::Model(e) => model_error(e),
        fit::Error::Memory(_) => PyMemoryError::new_err(message),
        fit::Error::Log(e) => match e.downcast() {
            Ok(e) => file_error(*e),
            Err(_) => PyOSError::new_err(message),
        },
        fit::Error::Unkept(_) => PyOSError::new_err(message),
        _ => PyValueError::new_err(message),
    }
}

/// An error of a file.
pub fn file_error(error: gridgp_io::Error) -> PyErr {
    let message = error.to_string();
    match error {
        gridgp_io::Error::Model(e) => model_error(e),
        // With the number of the system's error Python makes it a FileNotFoundError and so on.
        gridgp_io::Error::Io { source, .. } => match source.raw_os_error() {
            Some(number) => PyOSError::new_err((number, message)),
            None => PyOSError::new_err(message),
        },
        _ => PyValueError::new_err(message),
    }
}

/// A value that cannot be.
pub fn value_error(message: impl ToString) -> PyErr {
    PyValueError::new_err(message.to_string())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("NotPositiveDefiniteError", py.get_type::<NotPositiveDefiniteError>())?;
    module.add("InferenceError", py.get_type::<InferenceError>())?;
    module.add("ModelError", py.get_type::<ModelError>())
}
