//! The memory of the machine, for front-ends: nothing in the libraries asks on its own.

/// The most memory that this process has used, in bytes, where the system tells.
pub fn peak_memory() -> Option<u64> {
    field("/proc/self/status", "VmHWM:")
}

/// Refuses work that would not fit into memory, before anything is allocated.
///
/// # Errors
/// Less memory is available than `bytes`, where the system tells; the message names `what`.
pub fn check_memory(bytes: u128, what: &str) -> Result<(), String> {
    match field("/proc/meminfo", "MemAvailable:") {
        Some(available) if bytes > u128::from(available) => Err(format!(
            "{what} needs about {:.1} GiB of memory and {:.1} GiB are available; keep fewer points \
             with `sel` or `isel` in [data]",
            gib(bytes as f64),
            gib(available as f64)
        )),
        _ => Ok(()),
    }
}

fn field(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|l| l.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn gib(bytes: f64) -> f64 {
    bytes / (1u64 << 30) as f64
}
