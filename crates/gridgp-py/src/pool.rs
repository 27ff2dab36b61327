//! Threads that a fork does not lose.
//!
//! A forked process has none of its parent's threads, and what waits there for rayon's global pool
//! waits for ever. So a child (of `multiprocessing`, joblib, Dask) computes in a pool of its own.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// A child of a child of … this many is refused.
const GENERATIONS: usize = 64;

/// How many forks lie between the process that loaded this module and the current one.
static GENERATION: AtomicUsize = AtomicUsize::new(0);

/// The pool of each generation but the first, which has rayon's own. One place a generation: what
/// another thread of the parent was making at the fork is never finished in the child.
static POOLS: [OnceLock<Result<ThreadPool, String>>; GENERATIONS] =
    [const { OnceLock::new() }; GENERATIONS];

/// `work` on threads that are alive in this process.
pub fn install<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    let Some(child) = GENERATION.load(Ordering::Relaxed).checked_sub(1) else {
        return Ok(work());
    };
    let pool = POOLS.get(child).ok_or("this process comes from too many forks of forks")?;
    let pool = pool.get_or_init(|| {
        let made = ThreadPoolBuilder::new().thread_name(|i| format!("gridgp-{i}")).build();
        made.map_err(|e| format!("threads could not be started: {e}"))
    });
    match pool {
        Ok(pool) => Ok(pool.install(work)),
        Err(message) => Err(message.clone()),
    }
}

/// What Python calls in each new child, before anything else runs there.
#[pyfunction]
fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let os = module.py().import("os")?;
    // Windows has no fork.
    if let Some(register) = os.getattr_opt("register_at_fork")? {
        let hook = pyo3::types::PyDict::new(module.py());
        hook.set_item("after_in_child", wrap_pyfunction!(forked, module)?)?;
        register.call((), Some(&hook))?;
    }
    Ok(())
}

/// The exception for threads that are not there.
pub fn error(message: String) -> PyErr {
    PyRuntimeError::new_err(message)
}
