//! What this machine has: memory and threads.

use anyhow::{Context, bail};

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

/// The most memory that this process has used, where the system tells.
pub fn peak_memory() -> Option<u64> {
    field("/proc/self/status", "VmHWM:")
}

/// Memory that could be used, where the system tells.
fn available_memory() -> Option<u64> {
    field("/proc/meminfo", "MemAvailable:")
}

fn field(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|l| l.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Refuses work that would not fit into memory, before anything is allocated.
pub fn check_memory(bytes: u128, what: &str) -> anyhow::Result<()> {
    if let Some(available) = available_memory()
        && bytes > u128::from(available)
    {
        bail!(
            "{what} needs about {:.1} GiB of memory and {:.1} GiB are available; keep fewer points \
             with `sel` or `isel` in [data]",
            gib(bytes as f64),
            gib(available as f64)
        );
    }
    Ok(())
}

fn gib(bytes: f64) -> f64 {
    bytes / (1u64 << 30) as f64
}
