//! `gridgp._core`: what the Python package `gridgp` calls. Thin: a class here holds a Rust value,
//! checks nothing that Rust checks already, and gives the GIL back while Rust computes.

mod errors;
mod parts;

use pyo3::prelude::*;

/// The Rust side of the package `gridgp`.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    errors::register(module)?;
    parts::register(module)
}
