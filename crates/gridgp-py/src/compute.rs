//! The way from Python to what computes: without the GIL, on threads that are alive, and with a panic
//! as an exception that `except Exception` catches.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyMemoryError, PyRuntimeError};
use pyo3::prelude::*;

use crate::pool;

/// Where the last panic was, and what it said.
static LAST: Mutex<String> = Mutex::new(String::new());

/// Runs `work` without the GIL.
///
/// # Errors
/// A panic, which is a bug of gridgp, as `RuntimeError`; threads that cannot be started.
pub fn compute<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| here(work))
}

/// Runs `work` on this thread, with the errors of [`compute`].
pub fn here<T: Send>(work: impl FnOnce() -> T + Send) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(|| pool::install(work))).map_err(|_| bug())?.map_err(pool::error)
}

fn bug() -> PyErr {
    let said = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    PyRuntimeError::new_err(format!(
        "this is a bug of gridgp, and not of yours: {said}. Please report it with what you called, \
         at {}/issues",
        env!("CARGO_PKG_REPOSITORY")
    ))
}

/// Refuses an array that would not fit into memory, before it is made.
pub fn admit(rows: usize, columns: usize, what: &str) -> PyResult<()> {
    let bytes = rows as u128 * columns as u128 * 8;
    // Rust counts bytes in an isize, and what is small is not worth a look at the machine.
    if bytes < 1 << 26
        || isize::try_from(bytes).is_ok() && gridgp_io::check_memory(bytes, what).is_ok()
    {
        return Ok(());
    }
    Err(PyMemoryError::new_err(format!(
        "{what} would be {rows} x {columns} numbers, {:.1} GiB: more than there is memory",
        bytes as f64 / (1u64 << 30) as f64
    )))
}

/// Panics, for the tests.
#[pyfunction]
fn panic_for_tests(py: Python<'_>, message: String) -> PyResult<()> {
    compute(py, || panic!("{message}"))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // A library does not print: what the standard hook would say is in the exception.
    set_hook(Box::new(|info| {
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = info.to_string().replace('\n', " ");
    }));
    module.add_function(wrap_pyfunction!(panic_for_tests, module)?)
}
