//! `gridgp._core`: what the Python package `gridgp` calls. Thin: a class here holds a Rust value,
//! checks nothing that Rust checks already, and enters Rust through `compute`.

mod compute;
mod density;
mod each;
mod errors;
mod fit;
mod parts;
mod places;
mod pool;
mod problem;
mod spec;
mod tree;
mod worker;

use pyo3::prelude::*;

/// The Rust side of the package `gridgp`.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    compute::register(module)?;
    pool::register(module)?;
    errors::register(module)?;
    module.add_class::<spec::Spec>()?;
    module.add_class::<problem::Problem>()?;
    module.add_class::<density::Density>()?;
    module.add_class::<fit::Fit>()?;
    module.add_function(wrap_pyfunction!(places::find_points, module)?)?;
    parts::register(module)
}
