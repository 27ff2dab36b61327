//! `cargo xtask peers`: gridgp beside the Python programs in `peers/`, in one run on this machine.

mod laplace;
mod masked;
mod nuts;
mod operators;
mod series;
mod svi;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::bench::{self, HEADER, THREADS, row};
use crate::program::{self, build, output, program};
use crate::root;

const PEERS: [&str; 3] = ["numpy_by_hand", "jax_eigh", "pymc_marginal_kron"];

/// Longer than this, and there is no result.
const PATIENCE: Duration = Duration::from_secs(300);

pub fn run(text: &str, torch: bool) -> Result<()> {
    if text == "nuts" {
        return nuts::run();
    }
    if text == "svi" {
        return svi::run();
    }
    if text == "series" {
        return series::run();
    }
    if text == "masked" {
        return masked::run();
    }
    if text == "laplace" {
        return laplace::run(&[100, 300]);
    }
    if text != "operators" {
        let python = environment("peers-venv", "requirements.txt")?;
        marginals(&python, text)?;
        if text.is_empty() || text == "fit" {
            fits(&python)?;
        }
    }
    if text.is_empty() || text == "operators" { operators::run(torch) } else { Ok(()) }
}

fn marginals(python: &Path, text: &str) -> Result<()> {
    let gridgp = bench::gridgp()?;
    println!("{HEADER}");
    for (name, problem) in bench::problems(text) {
        let problem = problem.to_string();
        let ours = measured(&mut program(&gridgp, &[&problem]))??;
        println!("{}", row(&name, &ours, None)?);
        for peer in PEERS {
            let module = format!("marginal.{peer}");
            match measured(&mut peer_program(python, &[&module, &problem]))? {
                Ok(theirs) => println!("{}", row(&name, &theirs, Some(&ours))?),
                Err(reason) => println!("| {name} | {peer} | {reason} | | | | | | |"),
            }
        }
    }
    Ok(())
}

/// From the start of the program, or from the data in memory for a peer, to the optimum.
fn fits(python: &Path) -> Result<()> {
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
    println!(
        "\n| fit | program | seconds | peak MiB | log density | gridgp = 1 |\n|---|---|---|---|---|---|"
    );
    let kron2d = root().join("examples/kron2d/observations.csv");
    let kron2d = kron2d.to_str().context("a path is not UTF-8")?;
    let ours = fit(&gridgp, &["examples/kron2d/map.toml"])?;
    fit_row("kron2d, log posterior", "gridgp", &ours, "log_posterior", None)?;
    match measured(&mut peer_program(python, &["fit.pymc_kron2d", kron2d]))? {
        Ok(theirs) => fit_row("", "pymc_find_map", &theirs, "log_posterior", Some(&ours))?,
        Err(reason) => println!("| | pymc_find_map | {reason} | | | |"),
    }
    for (_, problem) in bench::problems("era5") {
        let file = bench::era5_file();
        let file = file.to_str().context("a path is not UTF-8")?;
        let ours = fit(&gridgp, &["examples/era5_uk/model.toml", "--data", file])?;
        let value = "log_marginal_likelihood";
        fit_row("era5, log marginal likelihood", "gridgp", &ours, value, None)?;
        for peer in &PEERS[..2] {
            let arguments = ["fit.lbfgs", peer, &problem.to_string()];
            match measured(&mut peer_program(python, &arguments))? {
                Ok(theirs) => fit_row("", peer, &theirs, value, Some(&ours))?,
                Err(reason) => println!("| | {peer} | {reason} | | | |"),
            }
        }
    }
    Ok(())
}

/// What `gridgp summary` says of a fit, with the wall-clock seconds of the whole program, reading
/// and writing included, under `cold_seconds`.
fn fit(gridgp: &Path, arguments: &[&str]) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("fit.nc");
    let file = file.to_str().context("a path is not UTF-8")?;
    let started = Instant::now();
    output(&mut program(
        gridgp,
        &[&["fit"], arguments, &["-o", file, "--quiet", "--threads", THREADS]].concat(),
    ))?;
    let seconds = started.elapsed().as_secs_f64();
    let summary = output(&mut program(gridgp, &["summary", file, "--json"]))?;
    let mut summary: Value = serde_json::from_str(&summary)?;
    summary["cold_seconds"] = seconds.into();
    Ok(summary)
}

fn fit_row(fit: &str, name: &str, found: &Value, value: &str, ours: Option<&Value>) -> Result<()> {
    let seconds = |v: &Value| v["cold_seconds"].as_f64().or(v["seconds"].as_f64());
    let time = seconds(found).context("no seconds")?;
    let memory = found["fit_memory_bytes"].as_f64().or(found["peak_memory_bytes"].as_f64());
    let ratio = time / ours.map_or(Some(time), seconds).context("no seconds")?;
    println!(
        "| {fit} | {name} | {time:.3} | {:.0} | {:.5} | {ratio:.1} |",
        memory.context("no memory")? / f64::from(1 << 20),
        found[value].as_f64().with_context(|| format!("no {value:?}"))?,
    );
    Ok(())
}

/// A Python with what is in `peers/{requirements}`, made once in `target/{folder}`.
pub fn environment(folder: &str, requirements: &str) -> Result<PathBuf> {
    if let Some(python) = installed(folder, requirements)? {
        return Ok(python);
    }
    let folder = root().join("target").join(folder);
    let python = folder.join("bin/python");
    let path = folder.to_str().context("the path of the repository is not UTF-8")?;
    program::run(&mut program("python3", &["-m", "venv", "--clear", path]))?;
    let file = format!("peers/{requirements}");
    program::run(&mut program(&python, &["-m", "pip", "install", "--quiet", "-r", &file]))?;
    fs::copy(root().join(file), folder.join("requirements.txt"))?;
    Ok(python)
}

/// The Python of [`environment`], if that has been made with the requirements of today.
fn installed(folder: &str, requirements: &str) -> Result<Option<PathBuf>> {
    let folder = root().join("target").join(folder);
    let wanted = fs::read_to_string(root().join("peers").join(requirements))?;
    let found = fs::read_to_string(folder.join("requirements.txt"));
    Ok(found.is_ok_and(|found| found == wanted).then(|| folder.join("bin/python")))
}

fn peer_program(python: &Path, module_and_arguments: &[&str]) -> Command {
    let mut command = program(python, &["-W", "ignore", "-m"]);
    command.args(module_and_arguments).current_dir(root().join("peers"));
    command
}

/// The JSON line that a program prints, or why there is none.
fn measured(command: &mut Command) -> Result<Result<Value>> {
    measured_within(command, PATIENCE)
}

/// As [`measured`], for programs that are given more time.
fn measured_within(command: &mut Command, patience: Duration) -> Result<Result<Value>> {
    let folder = tempfile::tempdir()?;
    let (out, messages) = (folder.path().join("out"), folder.path().join("messages"));
    let mut child = command
        .env("PEER_THREADS", THREADS)
        .env("RAYON_NUM_THREADS", THREADS)
        .stdout(Stdio::from(fs::File::create(&out)?))
        .stderr(Stdio::from(fs::File::create(&messages)?))
        .spawn()?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            return Ok(Err(anyhow::anyhow!("no result in {} s", patience.as_secs())));
        }
        sleep(Duration::from_millis(20));
    };
    let read = || -> Result<Value> {
        let said = fs::read_to_string(&messages)?;
        ensure!(status.success(), "failed: {}", said.lines().last().unwrap_or("no message"));
        Ok(serde_json::from_str(fs::read_to_string(&out)?.trim())?)
    };
    Ok(read())
}
