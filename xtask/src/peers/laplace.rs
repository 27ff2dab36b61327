//! `cargo xtask peers laplace`: counts on a grid by nested Laplace, beside TMB and mgcv.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{PATIENCE, measured_within};
use crate::bench::THREADS;
use crate::counts::{count, uniforms};
use crate::program::{build, output, program};
use crate::root;

const MODEL: &str = r#"
[data]
file = "counts.csv"
response = "y"
axes = ["a", "b"]

[parameters]
mu = "normal(0, 2)"

[fields.f]
amplitude = "half_normal(2)"
a = "matern12(lengthscale ~ log_normal(log(20), 1))"
b = "matern12(lengthscale ~ log_normal(log(20), 1))"

[likelihood]
family = "poisson"
rate = "exp(mu + f)"

[inference]
method = "laplace"
starts = 2
draws = 200
"#;

/// Width of a standard normal interval that holds 90 %, halved.
const HALF: f64 = 1.644_853_626_951_472_2;
/// Share of the cells without a count.
const MISSING: f64 = 0.4;

pub fn run(sizes: &[usize]) -> Result<()> {
    let packages = has_r_packages();
    let folder = tempfile::tempdir()?;
    let library = packages.as_ref().ok().map(|()| compiled(folder.path())).transpose()?;
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
    println!(
        "| counts, 40 % missing | program | seconds | peak MiB | rmse of the log rate | 90 % intervals hold | seconds, gridgp = 1 |\n|---|---|---|---|---|---|---|"
    );
    for &n in sizes {
        let truth = simulate(n, &folder.path().join("counts.csv"))?;
        let name = format!("{n} x {n}");
        let (seconds, memory, found) = ours(&gridgp, folder.path())?;
        row(&name, "gridgp", seconds, Some(memory), &score(&found, &truth, n)?, seconds);
        let Some(library) = &library else {
            println!(
                "| | TMB, mgcv | {} | | | | |",
                packages.as_ref().expect_err("there is no library")
            );
            continue;
        };
        let counts = text(folder.path().join("counts.csv"))?;
        let out = text(folder.path().join("peer.csv"))?;
        let tmb = [text(root().join("peers/laplace/tmb_peer.R"))?, text(library.clone())?];
        let k = if n < 200 { "20" } else { "30" };
        let mgcv = [text(root().join("peers/laplace/mgcv_peer.R"))?];
        let runs = [
            [&tmb[..], &[counts.clone(), out.clone()]].concat(),
            [&mgcv[..], &[counts.clone(), out.clone(), k.into()]].concat(),
        ];
        for arguments in runs {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            match measured_within(&mut program("Rscript", &arguments), 4 * PATIENCE)? {
                Ok(theirs) => {
                    let peer = theirs["peer"].as_str().context("no name")?;
                    let found = peer_rows(Path::new(&out))?;
                    let took = theirs["seconds"].as_f64().context("no seconds")?;
                    row("", peer, took, None, &score(&found, &truth, n)?, seconds);
                }
                Err(reason) => println!("| | {} | {reason} | | | | |", arguments[0]),
            }
        }
    }
    Ok(())
}

fn row(
    name: &str,
    program: &str,
    seconds: f64,
    memory: Option<f64>,
    (rmse, inside): &(f64, f64),
    ours: f64,
) {
    let memory = memory.map_or(String::new(), |m| format!("{:.0}", m / f64::from(1 << 20)));
    println!(
        "| {name} | {program} | {seconds:.1} | {memory} | {rmse:.4} | {:.1} % | {:.1} |",
        100.0 * inside,
        seconds / ours
    );
}

fn text(path: PathBuf) -> Result<String> {
    Ok(path.to_str().context("a path is not UTF-8")?.to_owned())
}

/// R with the peers, from `r-cran-mgcv` and `r-cran-tmb` where this user may install them.
fn has_r_packages() -> Result<()> {
    let known = || output(&mut program("Rscript", &["-e", "library(mgcv); library(TMB)"])).is_ok();
    if known() {
        return Ok(());
    }
    let packages = ["r-base-core", "r-cran-mgcv", "r-cran-tmb"];
    let install = [&["install", "-y", "--no-install-recommends"], &packages[..]].concat();
    let installed = output(&mut program("apt-get", &install));
    ensure!(
        installed.is_ok() && known(),
        "R with the packages mgcv and TMB is not here, and `apt-get install {}` did not bring it",
        packages.join(" ")
    );
    Ok(())
}

/// TMB's library of the model.
fn compiled(folder: &Path) -> Result<PathBuf> {
    fs::copy(root().join("peers/laplace/tmb_field.cpp"), folder.join("tmb_field.cpp"))?;
    let compile = "invisible(TMB::compile('tmb_field.cpp', flags = '-O2 -w'))";
    output(program("Rscript", &["-e", compile]).current_dir(folder))?;
    Ok(folder.join("tmb_field.so"))
}

/// A log rate of every cell, with its standard deviation or its interval.
type Found = Vec<(usize, usize, f64, [f64; 2])>;

/// Seconds of fit and prediction, peak memory, and the log rates.
fn ours(gridgp: &Path, folder: &Path) -> Result<(f64, f64, Found)> {
    let at = |name: &str| text(folder.join(name));
    let (model, fit, out) = (at("model.toml")?, at("fit.nc")?, at("prediction.csv")?);
    fs::write(&model, MODEL)?;
    let started = Instant::now();
    output(&mut program(gridgp, &["fit", &model, "-o", &fit, "--quiet", "--threads", THREADS]))?;
    output(&mut program(gridgp, &["predict", &fit, "--only", "rate", "-o", &out, "--quiet"]))?;
    let seconds = started.elapsed().as_secs_f64();
    let summary = output(&mut program(gridgp, &["summary", &fit, "--json"]))?;
    let summary: Value = serde_json::from_str(&summary)?;
    let memory = summary["peak_memory_bytes"].as_f64().context("no memory")?;
    let found = rows(Path::new(&out), &["a", "b", "rate_q0.05", "rate_q0.5", "rate_q0.95"])?;
    let of = |v: Vec<f64>| (v[0] as usize, v[1] as usize, v[3].ln(), [v[2].ln(), v[4].ln()]);
    Ok((seconds, memory, found.into_iter().map(of).collect()))
}

fn peer_rows(path: &Path) -> Result<Found> {
    let all = rows(path, &["a", "b", "eta", "sd"])?;
    let of = |v: Vec<f64>| {
        (v[0] as usize, v[1] as usize, v[2], [v[2] - HALF * v[3], v[2] + HALF * v[3]])
    };
    Ok(all.into_iter().map(of).collect())
}

/// Columns of a table.
fn rows(path: &Path, columns: &[&str]) -> Result<Vec<Vec<f64>>> {
    let table = fs::read_to_string(path)?;
    let mut lines = table.lines();
    let names: Vec<&str> =
        lines.next().context("no header")?.split(',').map(|n| n.trim_matches('"')).collect();
    let place = |name: &&str| {
        names.iter().position(|n| n == name).with_context(|| format!("no {name:?} in {names:?}"))
    };
    let places = columns.iter().map(place).collect::<Result<Vec<_>>>()?;
    lines
        .map(|line| {
            let values: Vec<&str> = line.split(',').collect();
            places.iter().map(|&p| Ok(values[p].parse()?)).collect()
        })
        .collect()
}

/// Root mean square error over all cells, and the share of intervals that hold the truth.
fn score(found: &Found, truth: &[f64], n: usize) -> Result<(f64, f64)> {
    ensure!(found.len() == truth.len(), "{} cells of {}", found.len(), truth.len());
    let (mut squares, mut inside) = (0.0, 0.0);
    for (a, b, eta, [low, high]) in found {
        let known = truth[a * n + b];
        squares += (eta - known).powi(2);
        inside += f64::from(u8::from((*low..=*high).contains(&known)));
    }
    let count = truth.len() as f64;
    Ok(((squares / count).sqrt(), inside / count))
}

/// Counts of a log rate 0.5 + 0.9 f, with f a product of Matérn ½ processes with lengthscales of 15 and 25
/// cells; returns the log rate.
fn simulate(n: usize, path: &Path) -> Result<Vec<f64>> {
    let mut uniform = uniforms();
    let mut normal = || {
        let radius = (-2.0 * uniform().max(f64::MIN_POSITIVE).ln()).sqrt();
        radius * (std::f64::consts::TAU * uniform()).cos()
    };
    let mut f: Vec<f64> = (0..n * n).map(|_| normal()).collect();
    for (lengthscale, stride, step) in [(15.0_f64, n, 1), (25.0, 1, n)] {
        let kept = (-1.0 / lengthscale).exp();
        let new = (1.0 - kept * kept).sqrt();
        for line in 0..n {
            for k in 1..n {
                let at = line * step + k * stride;
                f[at] = kept * f[at - stride] + new * f[at];
            }
        }
    }
    let log_rate: Vec<f64> = f.into_iter().map(|f| 0.5 + 0.9 * f).collect();
    let mut table = String::from("a,b,y\n");
    for (cell, eta) in log_rate.iter().enumerate() {
        let (y, hidden) = (count(eta.exp(), uniform()), uniform() < MISSING);
        let y = if hidden { String::new() } else { y.to_string() };
        writeln!(table, "{},{},{y}", cell / n, cell % n)?;
    }
    fs::write(path, table)?;
    Ok(log_rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_rates_have_the_variance_and_correlation_of_their_field() {
        let folder = tempfile::tempdir().unwrap();
        let n = 300;
        let eta = simulate(n, &folder.path().join("counts.csv")).unwrap();
        let f: Vec<f64> = eta.iter().map(|e| (e - 0.5) / 0.9).collect();
        let mean = |pairs: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = pairs.fold((0.0, 0.0), |(s, c), v| (s + v, c + 1.0));
            sum / count
        };
        let variance = mean(&mut f.iter().map(|v| v * v));
        let below = mean(&mut (0..n * (n - 1)).map(|c| f[c] * f[c + n]));
        assert!((variance - 1.0).abs() < 0.35, "{variance}");
        assert!((below / variance - (-1.0_f64 / 15.0).exp()).abs() < 0.02);
        assert_eq!(rows(&folder.path().join("counts.csv"), &["a", "b"]).unwrap().len(), n * n);
    }
}
