//! A command in a process of its own, within limits.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::End;

/// A run that takes longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Memory that a run may use, KiB.
pub const MEMORY: u64 = 1 << 20;
/// And addresses, KiB: dense products reserve 600 MiB a thread, of which they touch little.
const ADDRESSES: u64 = 8 << 20;

/// Runs the program in a folder. What it says is in the file `stderr` there.
pub fn run(program: &Path, place: &Path, arguments: &[String]) -> Result<End> {
    let said = place.join("stderr");
    let mut child = limited(program)
        .args(arguments)
        .current_dir(place)
        .stderr(fs::File::create(&said)?)
        .spawn()
        .context("cannot run the program in a shell with limits")?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let greedy = resident(child.id()) > MEMORY;
        if greedy || begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(if greedy { End::Memory } else { End::Hang });
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let said = String::from_utf8_lossy(&fs::read(said)?).into_owned();
    Ok(match status.code() {
        Some(code) => End::of(code),
        None if said.contains("memory allocation of") => End::Memory,
        None => End::Signal,
    })
}

/// A program with the limit of addresses, and nothing to read.
pub fn limited(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("ulimit -v {ADDRESSES}; exec \"$@\""))
        .arg("sh")
        .arg(program)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// The largest memory that a process has had so far, KiB; 0 where nothing tells.
pub fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
