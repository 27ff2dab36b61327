//! What this machine has: memory and threads.

use anyhow::{Context, bail};

pub use gridgp_io::peak_memory;

/// Most threads for each core: more only wait for each other, and take memory.
const MOST_A_CORE: usize = 8;

/// Sets the number of threads for everything that follows.
pub fn set_threads(threads: Option<usize>) -> anyhow::Result<()> {
    let Some(threads) = threads else { return Ok(()) };
    if threads == 0 {
        bail!("--threads must be at least 1");
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = MOST_A_CORE * cores;
    if threads > most {
        eprintln!("warning: --threads {threads}: {most} are used, {MOST_A_CORE} for each core");
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.min(most))
        .build_global()
        .context("the threads could not be started")
}

/// Refuses work that would not fit into memory, before anything is allocated.
pub fn check_memory(bytes: u128, what: &str) -> anyhow::Result<()> {
    gridgp_io::check_memory(bytes, what).map_err(anyhow::Error::msg)
}
