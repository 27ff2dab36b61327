//! The memory of the machine, for front-ends, and for readers of files before they take any.

use std::path::Path;

/// How often a result is in memory until it is written: as it was made, as the tree of its file and as
/// bytes, which grow by doubling.
pub const COPIES_TO_WRITE: u128 = 6;

/// The most memory that this process has used, in bytes, where the system tells.
pub fn peak_memory() -> Option<u64> {
    field(&read("/proc/self/status")?, "VmHWM:").map(|kib| 1024 * kib)
}

/// Refuses work that would not fit into memory, before anything is allocated.
///
/// Available is what the machine has left, or less where the process has a limit of its own: that of
/// its control group (a container, a batch job) or of its address space (`ulimit -v`).
///
/// # Errors
/// Less memory is available than `bytes`, where the system tells; the message names `what`, which may
/// say after a semicolon what to try.
pub fn check_memory(bytes: u128, what: &str) -> Result<(), String> {
    match available_memory() {
        Some(available) if bytes > u128::from(available) => Err(too_much(bytes, available, what)),
        _ => Ok(()),
    }
}

fn too_much(bytes: u128, available: u64, what: &str) -> String {
    let (what, advice) = match what.split_once("; ") {
        Some((what, advice)) => (what, format!("; {advice}")),
        None => (what, String::new()),
    };
    format!(
        "{what} needs about {} of memory and {} are available{advice}",
        gib(bytes as f64),
        gib(available as f64)
    )
}

fn available_memory() -> Option<u64> {
    let machine = read("/proc/meminfo").and_then(|t| field(&t, "MemAvailable:"));
    let machine = machine.map(|kib| 1024 * kib);
    let limits = [machine, control_group(Path::new("/")), address_space()];
    limits.into_iter().flatten().min()
}

/// What the control groups of this process leave, of either version; `root` is that of the files.
fn control_group(root: &Path) -> Option<u64> {
    let groups = read(root.join("proc/self/cgroup"))?;
    let in_version = |line: &str| {
        // `hierarchy:controllers:path`, without controllers in version 2.
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let files = if controllers.is_empty() {
            ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file ")
        } else if controllers.split(',').any(|c| c == "memory") {
            (
                "sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                "total_inactive_file ",
            )
        } else {
            return None;
        };
        let (mount, limit, usage, cache) = files;
        let mount = root.join(mount);
        let number = |at: &Path, name: &str| read(at.join(name))?.trim().parse::<u64>().ok();
        // The limits of the groups around it hold as well.
        let own = mount.join(path.trim_start_matches('/'));
        let around = own.ancestors().take_while(|at| at.starts_with(&mount));
        let left = around.filter_map(|at| {
            let limit = number(at, limit)?;
            // Files that the system can drop are counted as used.
            let cache = read(at.join("memory.stat")).and_then(|t| field(&t, cache)).unwrap_or(0);
            Some(limit.saturating_sub(number(at, usage)?.saturating_sub(cache)))
        });
        left.min()
    };
    groups.lines().filter_map(in_version).min()
}

/// What `ulimit -v` leaves.
fn address_space() -> Option<u64> {
    let limits = read("/proc/self/limits")?;
    let line = limits.lines().find(|l| l.starts_with("Max address space"))?;
    let limit: u64 = line.split_whitespace().nth(3)?.parse().ok()?;
    let used = field(&read("/proc/self/status")?, "VmSize:")?;
    Some(limit.saturating_sub(1024 * used))
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The number after a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|l| l.starts_with(name))?;
    line[name.len()..].split_whitespace().next()?.parse().ok()
}

/// As many GiB, with a digit where there are few.
fn gib(bytes: f64) -> String {
    let gib = bytes / (1u64 << 30) as f64;
    match gib {
        ..0.1 => format!("{:.0} MiB", 1024.0 * gib),
        ..1e6 => format!("{gib:.1} GiB"),
        _ => format!("{gib:.1e} GiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_of_the_control_groups_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let file = |name: &str, text: &str| {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        file("proc/self/cgroup", "0::/batch/job\n");
        assert_eq!(control_group(root), None);
        file("sys/fs/cgroup/batch/job/memory.max", "max\n");
        file("sys/fs/cgroup/batch/memory.max", "5000\n");
        file("sys/fs/cgroup/batch/memory.current", "3000\n");
        assert_eq!(control_group(root), Some(2000));
        file("sys/fs/cgroup/batch/memory.stat", "anon 900\ninactive_file 1000\n");
        assert_eq!(control_group(root), Some(3000));
        // The first version, beside the second.
        file("proc/self/cgroup", "0::/\n7:cpu:/a\n4:cpuset,memory:/a\n");
        file("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "700\n");
        file("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "900\n");
        assert_eq!(control_group(root), Some(0));
    }

    #[test]
    fn what_is_too_large_is_said_with_an_advice() {
        let said = too_much(3 << 30, 1 << 26, "a field of 9 points; try fewer");
        assert_eq!(
            said,
            "a field of 9 points needs about 3.0 GiB of memory and 64 MiB are available; try fewer"
        );
        assert!(check_memory(u128::MAX, "all").unwrap_err().contains("e29 GiB"));
    }
}
