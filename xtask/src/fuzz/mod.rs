//! Files as they should not be: valid ones, changed at random, given to the program.
//!
//! Whatever a file holds, the program ends in words or works: no panic, no signal, nothing longer than
//! ten seconds, no more than a gibibyte, and from a damaged fit or log never other numbers. Everything
//! follows from the seed; what was found lies under `target/fuzz/found`, with the command in its name.
//!
//! A process runs many files one after the other, since to start one takes longer than a small file.
//! What does harm there runs again alone, as does every hundredth file, which has to end in the same way.

mod alone;
mod corpus;
mod mutate;
mod worker;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};
use corpus::{Case, corpus};
use mutate::{Mutation, mutate};
use worker::Worker;

use crate::program::build_all;
use crate::root;

const SEED: u64 = 15;
/// Of so many files one runs alone as well.
const ALONE: usize = 100;
/// So many files are worth an optimized build.
const MANY: usize = 100_000;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Worked,
    Refused,
    Panic,
    Signal,
    Hang,
    Memory,
    OtherNumbers,
    /// Otherwise alone than after other files.
    Otherwise,
}

use End::{Hang, Memory, OtherNumbers, Otherwise, Panic, Refused, Signal, Worked};

impl End {
    const ALL: [(Self, &str); 8] = [
        (Worked, "worked"),
        (Refused, "refused"),
        (Panic, "panics"),
        (Signal, "signals"),
        (Hang, "hangs"),
        (Memory, "beyond 1 GiB"),
        (OtherNumbers, "other numbers"),
        (Otherwise, "otherwise alone"),
    ];

    fn of(code: i32) -> Self {
        match code {
            0 => Worked,
            1 | 2 => Refused,
            _ => Panic,
        }
    }

    fn is_harm(self) -> bool {
        !matches!(self, Worked | Refused)
    }
}

/// What all files share.
struct Bench {
    gridgp: PathBuf,
    many: PathBuf,
    corpus: Vec<Case>,
    found: PathBuf,
    /// In the order of [`End::ALL`].
    counts: [AtomicUsize; 8],
}

/// `count` changed files, each given to the program once.
pub fn run(count: usize) -> Result<()> {
    let profile: &[&str] = if count < MANY { &[] } else { &["--profile", "checked"] };
    let selection = ["--workspace", "--no-default-features", "--bin=gridgp", "--example=many"];
    let built = build_all(&[&selection, profile].concat())?;
    let program = |name: &str| built.iter().find(|p| p.ends_with(name)).cloned();
    let folder = root().join("target/fuzz");
    let found = folder.join("found");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&found)?;
    let gridgp = program("gridgp").expect("it was built");
    let corpus = corpus(&gridgp, &folder)?;
    let many = program("examples/many").expect("it was built");
    let bench = Bench { gridgp, many, corpus, found, counts: Default::default() };
    let begun = Instant::now();
    bench.run(count, &begun)?;
    let seconds = begun.elapsed().as_secs_f64();
    let n: Vec<usize> = bench.counts.iter().map(|n| n.load(Ordering::Relaxed)).collect();
    let ends = End::ALL.iter().zip(&n).map(|((_, words), n)| format!("{n} {words}"));
    println!(
        "{count} files: {}; {seconds:.0} s, {:.0} a second",
        ends.collect::<Vec<_>>().join(", "),
        count as f64 / seconds
    );
    let good = n[0] + n[1];
    ensure!(good == count, "{} files did harm: see {}", count - good, bench.found.display());
    Ok(())
}

impl Bench {
    fn run(&self, count: usize, begun: &Instant) -> Result<()> {
        // In memory where that is a folder: what is written is read once.
        let memory = Path::new("/dev/shm");
        let places = match tempfile::tempdir_in(memory) {
            Ok(places) => places,
            Err(_) => tempfile::tempdir()?,
        };
        let (next, failure) = (AtomicUsize::new(0), Mutex::new(None));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let place = places.path().join(thread.to_string());
                let (next, failure) = (&next, &failure);
                scope.spawn(move || {
                    let mut worker = Worker::new(&self.many);
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        if i >= count || failure.lock().expect("no thread panics").is_some() {
                            return;
                        }
                        if let Err(e) = self.one(&mut worker, &place, i) {
                            *failure.lock().expect("no thread panics") = Some(e);
                        }
                        if i > 0 && i % 10_000 == 0 {
                            eprintln!("{i} of {count} in {:.0} s", begun.elapsed().as_secs_f64());
                        }
                    }
                });
            }
        });
        failure.into_inner().expect("no thread panics").map_or(Ok(()), Err)
    }

    /// File number `i`.
    fn one(&self, worker: &mut Worker, place: &Path, i: usize) -> Result<()> {
        let which = i % self.corpus.len();
        let case = &self.corpus[which];
        let mutation = Mutation { seed: SEED, number: i as u64, is_text: case.is_text };
        let bytes = mutate(&case.bytes, &mutation);
        let here = place.join(which.to_string());
        case.lay_out(&here, &bytes)?;
        let mut end = case.judged(&here, worker.run(&here, &case.arguments)?);
        if end.is_harm() || i.is_multiple_of(ALONE) {
            case.lay_out(&here, &bytes)?;
            let alone = alone::run(&self.gridgp, &here, &case.arguments)?;
            let alone = case.judged(&here, alone);
            if alone.is_harm() {
                end = alone;
            } else if !end.is_harm() && alone != end {
                end = Otherwise;
            }
        }
        let at = End::ALL.iter().position(|(e, _)| *e == end).expect("all are there");
        self.counts[at].fetch_add(1, Ordering::Relaxed);
        if end.is_harm() {
            let name = format!("{end:?}-{i}-{}-{}", case.arguments[0], case.name);
            fs::write(self.found.join(&name), &bytes)?;
            eprintln!("{name}");
            // What it left does not disturb the next one.
            fs::remove_dir_all(&here)?;
        }
        Ok(())
    }
}

/// A path of the repository's own, where files that not everybody has may lie.
fn shared_cases() -> PathBuf {
    crate::shared().join("cases/fuzz")
}
