//! `cargo xtask kill N`: the program is killed, interrupted and run out of disk at random times.
//!
//! After each time every output is whole or absent, and the same command, with `--resume` where draws
//! are kept, ends in the output that nothing happened to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::program;
use crate::random::Random;

/// What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

const DATA: &str = "data.csv";
const LOG: &str = "nuts.nc.partial";

const MODEL: &str = r#"
[data]
file = "data.csv"
response = "y"
axes = ["x", "t"]

[parameters]
base = "normal(1, 1)"
ls = "inverse_gamma(5, scale = 5)"
eta = "half_normal(1)"

[fields.f]
amplitude = "eta"
x = "matern52(lengthscale = ls)"
t = "matern32(lengthscale = 2)"
"#;

const COUNTS: &str = r#"
[likelihood]
family = "poisson"
rate = "exp(base + f)"

[inference]
method = "nuts"
chains = 2
tune = 200
draws = 600
"#;

const NORMAL: &str = r#"
[likelihood]
family = "gaussian"
location = "base + f"
scale = 0.5
"#;

struct Job {
    output: &'static str,
    arguments: &'static [&'static str],
    /// Outputs of other jobs that it reads.
    reads: &'static [&'static str],
}

const JOBS: [Job; 6] = [
    Job { output: "nuts.nc", arguments: &["fit", "nuts.toml", "--threads", "2"], reads: &[] },
    Job { output: "map.nc", arguments: &["fit", "map.toml"], reads: &[] },
    Job { output: "at_mode.csv", arguments: &["predict", "map.nc"], reads: &["map.nc"] },
    Job { output: "draws.nc", arguments: &["predict", "nuts.nc"], reads: &["nuts.nc"] },
    Job { output: "residuals.nc", arguments: &["residuals", "nuts.nc"], reads: &["nuts.nc"] },
    Job { output: "report.html", arguments: &["report", "nuts.nc"], reads: &["nuts.nc"] },
];

/// What happens to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Accident {
    Kill,
    Interrupt,
    /// Killed while draws are written, and the last record is torn.
    Torn,
    /// A file system of a few kilobytes.
    FullDisk,
    /// A folder that cannot be written.
    ReadOnly,
}

use Accident::{FullDisk, Interrupt, Kill, ReadOnly, Torn};

pub fn run(count: usize, seed: u64) -> Result<()> {
    let gridgp = program::build(&["--workspace", "--no-default-features", "--bin", "gridgp"])?;
    let bench = Bench::new(gridgp)?;
    let mut random = Random(seed);
    let mut happened: BTreeMap<(Accident, &str), usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for trial in 0..count {
        let job = &JOBS[random.below(JOBS.len())];
        let accident = match random.below(if bench.mounts { 10 } else { 8 }) {
            0..=3 => Kill,
            4..=6 => Interrupt,
            7 => Torn,
            8 => FullDisk,
            _ => ReadOnly,
        };
        *happened.entry((accident, job.output)).or_default() += 1;
        if let Err(fault) = bench.trial(job, accident, &mut random) {
            let fault = format!("trial {trial}, {accident:?} of {}: {fault:#}", job.output);
            eprintln!("{fault}");
            faults.push(fault);
        }
    }
    for ((accident, output), times) in &happened {
        println!("{accident:?} {output} {times}");
    }
    println!("{count} runs disturbed, seed {seed}: {} faults", faults.len());
    ensure!(faults.is_empty(), "{} of {count} went wrong", faults.len());
    Ok(())
}

/// The program, and what it gives undisturbed.
struct Bench {
    gridgp: PathBuf,
    whole: TempDir,
    seconds: BTreeMap<&'static str, f64>,
    /// Whether small file systems can be mounted here.
    mounts: bool,
}

impl Bench {
    fn new(gridgp: PathBuf) -> Result<Self> {
        let whole = tempfile::tempdir()?;
        let here = whole.path();
        let cell = |c: i32| format!("{},{},{}\n", c / 5, c % 5, (c * 7 + c * c) % 6);
        let table: String = std::iter::once("x,t,y\n".into()).chain((0..30).map(cell)).collect();
        fs::write(here.join(DATA), table)?;
        fs::write(here.join("nuts.toml"), format!("{MODEL}{COUNTS}"))?;
        fs::write(here.join("map.toml"), format!("{MODEL}{NORMAL}"))?;
        let mounts = mounted("true", here, "", 64)?.status()?.success();
        if !mounts {
            eprintln!("skipped: full disks and read-only folders, as nothing can be mounted here");
        }
        let mut bench = Self { gridgp, whole, seconds: BTreeMap::new(), mounts };
        for job in &JOBS {
            let begun = Instant::now();
            let here = bench.whole.path().to_owned();
            let (end, said) = ended(bench.command(&here, job, false).spawn()?)?;
            ensure!(end == Some(0), "gridgp {} fails undisturbed: {said}", job.arguments.join(" "));
            bench.seconds.insert(job.output, begun.elapsed().as_secs_f64());
        }
        Ok(bench)
    }

    fn command(&self, folder: &Path, job: &Job, resume: bool) -> Command {
        let mut command = Command::new(&self.gridgp);
        command.args(job.arguments).args(["-o", job.output]).current_dir(folder);
        if resume {
            command.arg("--resume");
        }
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// A folder with what the job reads.
    fn folder(&self, job: &Job) -> Result<TempDir> {
        let folder = tempfile::tempdir()?;
        for name in [DATA, "nuts.toml", "map.toml"].iter().chain(job.reads) {
            fs::copy(self.whole.path().join(name), folder.path().join(name))?;
        }
        Ok(folder)
    }

    fn trial(&self, job: &Job, accident: Accident, random: &mut Random) -> Result<()> {
        let folder = self.folder(job)?;
        let here = folder.path();
        match accident {
            FullDisk => self.small_disk(job, here, random)?,
            ReadOnly => self.read_only(job, here)?,
            Kill | Interrupt | Torn => {
                self.disturbed(job, accident, here, random)?;
                // And once more, now and then.
                while random.below(4) == 0 {
                    self.disturbed(job, accident, here, random)?;
                }
            }
        }
        let log = here.join(LOG);
        if accident == Torn && log.exists() {
            let file = fs::OpenOptions::new().write(true).open(&log)?;
            let length = file.metadata()?.len();
            file.set_len(length - random.below(200.min(length as usize)) as u64)?;
        }
        self.again(job, here).context("when it ran once more")
    }

    /// Runs the job, and stops it at a random time.
    fn disturbed(
        &self,
        job: &Job,
        accident: Accident,
        here: &Path,
        random: &mut Random,
    ) -> Result<()> {
        let name = if accident == Interrupt { "-INT" } else { "-KILL" };
        let resume = here.join(LOG).exists();
        let child = self.command(here, job, resume).spawn()?;
        sleep(Duration::from_secs_f64(1.1 * self.seconds[job.output] * random.uniform()));
        // It may have ended by now.
        Command::new("kill")
            .args([name, &child.id().to_string()])
            .stderr(Stdio::null())
            .status()?;
        let (code, said) = ended(child)?;
        ensure!(accident != Interrupt || code.is_some(), "died by the signal");
        self.nothing_half(job, here, &said)?;
        ensure!(accident != Interrupt || !litter(here)?, "left a temporary file");
        Ok(())
    }

    /// The output is absent, or a file that the program can read.
    fn nothing_half(&self, job: &Job, here: &Path, said: &str) -> Result<()> {
        ensure!(!said.contains("panicked"), "{said}");
        let output = here.join(job.output);
        if !output.exists() || self.same(job, here)? {
            return Ok(());
        }
        // An interrupted run keeps its draws, or its best point, as a fit of its own.
        ensure!(
            job.arguments[0] == "fit" && self.summary(&output)?["interrupted"] == true,
            "half an output"
        );
        Ok(())
    }

    /// The command runs undisturbed at last.
    fn again(&self, job: &Job, here: &Path) -> Result<()> {
        let resume = here.join(LOG).exists();
        let (code, said) = ended(self.command(here, job, resume).spawn()?)?;
        ensure!(code == Some(0), "exit code {code:?}: {said}");
        ensure!(!here.join(LOG).exists(), "its log is still there");
        ensure!(self.same(job, here)?, "another output than undisturbed");
        Ok(())
    }

    fn same(&self, job: &Job, here: &Path) -> Result<bool> {
        let [found, whole] = [here, self.whole.path()].map(|f| f.join(job.output));
        Ok(match job.arguments[0] {
            // They hold the time that the run took.
            "fit" => self.summary(&found)? == self.summary(&whole)?,
            _ => fs::read(found)? == fs::read(whole)?,
        })
    }

    /// The summary of a fit, whose numbers are written so that they are read back to the last bit,
    /// without what it took.
    fn summary(&self, fit: &Path) -> Result<Value> {
        let mut command = Command::new(&self.gridgp);
        let mut summary: Value =
            serde_json::from_str(&program::output(command.arg("summary").arg(fit).arg("--json"))?)?;
        let entries = summary.as_object_mut().context("a summary is an object")?;
        entries
            .retain(|key, _| !["seconds", "memory", "evaluations"].iter().any(|w| key.contains(w)));
        Ok(summary)
    }

    fn small_disk(&self, job: &Job, here: &Path, random: &mut Random) -> Result<()> {
        let free = 1 + random
            .below(2 * self.whole.path().join(job.output).metadata()?.len() as usize / 1024);
        let (code, said) = ended(self.in_mount(job, here, "", free)?)?;
        ensure!(code != Some(1) || said.contains("disk is full"), "{said}");
        ensure!(matches!(code, Some(0 | 1)), "exit code {code:?}: {said}");
        self.nothing_half(job, here, &said)?;
        ensure!(!litter(here)?, "left a temporary file");
        Ok(())
    }

    fn read_only(&self, job: &Job, here: &Path) -> Result<()> {
        let (code, said) = ended(self.in_mount(job, here, "mount -o remount,ro .;", 0)?)?;
        ensure!(code == Some(1) && said.contains(job.output), "exit code {code:?}: {said}");
        self.nothing_half(job, here, &said)
    }

    /// The job in a file system of its own, with so many free kilobytes; what is there afterwards is
    /// copied back.
    fn in_mount(&self, job: &Job, here: &Path, before: &str, kilobytes: usize) -> Result<Child> {
        let arguments = job.arguments.join(" ");
        let script = format!(
            "{before} {} {arguments} -o {}; code=$?; cp -a . \"$back\"; exit $code",
            self.gridgp.display(),
            job.output
        );
        let mut used = 0;
        for file in fs::read_dir(here)? {
            used += file?.metadata()?.len().div_ceil(4096) * 4;
        }
        let mut command =
            mounted(&script, here, "cp -a . \"$disk\"; cd \"$disk\";", used as usize + kilobytes)?;
        Ok(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?)
    }
}

/// A shell with a small file system that only it and its children see.
fn mounted(script: &str, here: &Path, before: &str, kilobytes: usize) -> Result<Command> {
    let script = format!(
        "export back=\"$PWD\" disk=\"$(mktemp -d)\"; \
         mount -t tmpfs -o size={kilobytes}k tmpfs \"$disk\" || exit 77; {before} {script}"
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(here);
    Ok(command)
}

/// Exit code and what it said.
fn ended(mut child: Child) -> Result<(Option<i32>, String)> {
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            bail!("did not end in {} s", PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output()?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Whether there is a file that a renaming should have taken away.
fn litter(here: &Path) -> Result<bool> {
    for file in fs::read_dir(here)? {
        if file?.file_name().to_string_lossy().starts_with(".gridgp-") {
            return Ok(true);
        }
    }
    Ok(false)
}
