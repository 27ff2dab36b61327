//! Files as they should not be: valid ones, changed at random, given to the program.
//!
//! Whatever a file holds, the program ends in words or works: no panic, no signal, nothing longer than
//! ten seconds, no more than a gibibyte, and from a damaged fit or log never other numbers. Everything
//! follows from the seed; what was found lies under `target/fuzz/found`, with the command in its name.

mod corpus;
mod mutate;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use corpus::{Case, corpus};
use mutate::{Mutation, mutate};

use crate::program::build;
use crate::root;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);
/// Memory that a run may use, KiB.
const MEMORY: u64 = 1 << 20;
/// And addresses, KiB: dense products reserve 600 MiB a thread, of which they touch little.
const ADDRESSES: u64 = 8 << 20;
const SEED: u64 = 15;

/// How runs ended.
#[derive(Debug, Default)]
struct Counts {
    worked: AtomicUsize,
    refused: AtomicUsize,
    panics: AtomicUsize,
    signals: AtomicUsize,
    hangs: AtomicUsize,
    memory: AtomicUsize,
    other_numbers: AtomicUsize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Worked,
    Refused,
    Panic,
    Signal,
    Hang,
    Memory,
    OtherNumbers,
}

/// `count` changed files, each given to the program once.
pub fn run(count: usize) -> Result<()> {
    let program = build(&["--workspace", "--no-default-features", "--bin", "gridgp"])?;
    let folder = root().join("target/fuzz");
    let found = folder.join("found");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&found)?;
    let corpus = corpus(&program, &folder)?;
    let (counts, next, failure) = (Counts::default(), AtomicUsize::new(0), Mutex::new(None));
    let begun = Instant::now();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let place = folder.join(format!("worker-{worker}"));
            let (program, corpus, found) = (&program, &corpus, &found);
            let (counts, next, failure) = (&counts, &next, &failure);
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= count || failure.lock().expect("no thread panics").is_some() {
                        return;
                    }
                    if let Err(e) = one(program, corpus, &place, found, i, counts) {
                        *failure.lock().expect("no thread panics") = Some(e);
                    }
                    if i > 0 && i % 10_000 == 0 {
                        eprintln!("{i} of {count} in {:.0} s", begun.elapsed().as_secs_f64());
                    }
                }
            });
        }
    });
    if let Some(e) = failure.into_inner().expect("no thread panics") {
        return Err(e);
    }
    let n = |c: &AtomicUsize| c.load(Ordering::Relaxed);
    println!(
        "{count} files: {} worked, {} refused; {} panics, {} signals, {} hangs, {} beyond 1 GiB, {} \
         other numbers; {:.0} s",
        n(&counts.worked),
        n(&counts.refused),
        n(&counts.panics),
        n(&counts.signals),
        n(&counts.hangs),
        n(&counts.memory),
        n(&counts.other_numbers),
        begun.elapsed().as_secs_f64()
    );
    let bad = n(&counts.worked) + n(&counts.refused);
    ensure!(bad == count, "{} files did harm: see {}", count - bad, found.display());
    Ok(())
}

/// File number `i`.
fn one(
    program: &Path,
    corpus: &[Case],
    place: &Path,
    found: &Path,
    i: usize,
    counts: &Counts,
) -> Result<()> {
    let case = &corpus[i % corpus.len()];
    let mutation = Mutation { seed: SEED, number: i as u64, is_text: case.is_text };
    let bytes = mutate(&case.bytes, &mutation);
    fs::create_dir_all(place)?;
    for (name, bytes) in &case.beside {
        fs::write(place.join(name), bytes)?;
    }
    fs::write(place.join(&case.name), &bytes)?;
    for output in &case.outputs {
        let _ = fs::remove_file(place.join(output));
    }
    let mut end = limited(program, place, &case.arguments)?;
    if let (End::Worked, Some((output, right))) = (end, &case.right) {
        let made = fs::read(place.join(output)).unwrap_or_default();
        // What was not changed, or changed back, gives what it gave.
        if made != *right {
            end = End::OtherNumbers;
        }
    }
    let count = match end {
        End::Worked => &counts.worked,
        End::Refused => &counts.refused,
        End::Panic => &counts.panics,
        End::Signal => &counts.signals,
        End::Hang => &counts.hangs,
        End::Memory => &counts.memory,
        End::OtherNumbers => &counts.other_numbers,
    };
    count.fetch_add(1, Ordering::Relaxed);
    if !matches!(end, End::Worked | End::Refused) {
        let kept = found.join(format!("{end:?}-{i}-{}-{}", case.arguments[0], case.name));
        fs::write(kept, &bytes)?;
    }
    Ok(())
}

/// Runs the program in a folder, within the limits.
fn limited(program: &Path, place: &Path, arguments: &[String]) -> Result<End> {
    let said = place.join("stderr");
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {ADDRESSES}; exec \"$@\""))
        .arg("sh")
        .arg(program)
        .args(arguments)
        .current_dir(place)
        .stdin(Stdio::null())
        .stdout(fs::File::create(place.join("stdout"))?)
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
        Some(0) => End::Worked,
        Some(1 | 2) => End::Refused,
        Some(_) => End::Panic,
        None if said.contains("memory allocation of") => End::Memory,
        None => End::Signal,
    })
}

/// The largest memory that a process has had so far, KiB; 0 where nothing tells.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// A path of the repository's own, where files that not everybody has may lie.
fn shared_cases() -> PathBuf {
    crate::shared().join("cases/fuzz")
}
