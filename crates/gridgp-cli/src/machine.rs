//! What this machine has: memory and threads.

use anyhow::{Context, bail};

pub use gridgp_io::peak_memory;

/// Sets the number of threads for everything that follows.
pub fn set_threads(threads: Option<usize>) -> anyhow::Result<()> {
    if threads == Some(0) {
        bail!("--threads must be at least 1");
    }
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("the threads could not be started")?;
    }
    Ok(())
}

/// Refuses work that would not fit into memory, before anything is allocated.
pub fn check_memory(bytes: u128, what: &str) -> anyhow::Result<()> {
    gridgp_io::check_memory(bytes, what).map_err(anyhow::Error::msg)
}
