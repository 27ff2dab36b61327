//! `cargo xtask peers masked`: grids with missing cells beside BoTorch's latent Kronecker GP.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{environment, fit, measured, peer_program};
use crate::bench::THREADS;
use crate::program::{build, output, program};

const MODEL: &str = r#"
[data]
file = "cells.csv"
response = "y"
axes = ["x", "t"]

[parameters]
eta = "half_normal(2)"
lx = "half_normal(2)"
lt = "half_normal(2)"
noise = "half_normal(1)"

[fields.f]
amplitude = "eta"
x = "matern52(lengthscale = lx)"
t = "matern52(lengthscale = lt)"

[likelihood]
family = "gaussian"
location = "f"
scale = "noise"
"#;

const PARAMETERS: [&str; 4] = ["eta", "lx", "lt", "noise"];
/// Sizes, and the share of missing cells.
const GRIDS: [([usize; 2], f64); 2] = [([180, 90], 0.4), ([500, 400], 0.3)];

const HEADER: &str = "
| grid | what | program | seconds | peak MiB | found | seconds, gridgp = 1 |
|---|---|---|---|---|---|---|";

pub fn run() -> Result<()> {
    let python = environment("peers-masked-venv", "requirements-masked.txt")?;
    let bench = build(&["--release", "--workspace", "--example", "masked_bench"])?;
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
    println!("{HEADER}");
    for (n, missing) in GRIDS {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| -> Result<String> {
            Ok(folder.path().join(name).to_str().context("a path is not UTF-8")?.to_owned())
        };
        let (table, model, file) = (at("cells.csv")?, at("model.toml")?, at("fit.nc")?);
        fs::write(&model, MODEL)?;
        let problem = json!({ "n": n, "missing": missing, "table": table, "model": model });
        let ours = measured(&mut program(&bench, &[&problem.to_string()]))??;
        let grid = format!("{} x {}, {:.0} % missing", n[0], n[1], 100.0 * missing);
        let theirs = |stage: &str| {
            let problem = json!({ "table": table, "truth": ours["truth"], "stage": stage });
            measured(&mut peer_program(&python, &["masked.lkgp_peer", &problem.to_string()]))
        };

        let seconds = number(&ours, "warm_seconds")?;
        let value =
            |v: &Value| -> Result<String> { Ok(format!("log p {:.2}", number(v, "value")?)) };
        let said = format!("{} ± {:.2}", value(&ours)?, number(&ours, "standard_error")?);
        row(&format!("{grid}: value with gradient"), "gridgp", seconds, None, &said, seconds);
        peer(theirs("evaluate")?, seconds, value)?;

        let summary = fit(&gridgp, &[&model])?;
        let seconds = number(&summary, "cold_seconds")?;
        let estimates: Vec<f64> = PARAMETERS
            .iter()
            .map(|name| summary["parameters"][*name]["estimate"].as_f64().context("no estimate"))
            .collect::<Result<_>>()?;
        let memory = summary["peak_memory_bytes"].as_f64();
        row("fit", "gridgp", seconds, memory, &said_of(&estimates), seconds);
        peer(theirs("fit")?, seconds, |v| {
            let theta = v["theta"].as_array().context("no theta")?;
            Ok(said_of(&theta.iter().filter_map(Value::as_f64).collect::<Vec<_>>()))
        })?;

        let fitted = ["fit", &model, "-o", &file, "--quiet", "--threads", THREADS];
        output(&mut program(&gridgp, &fitted))?;
        let started = Instant::now();
        let draws = ["predict", &file, "--draws", "16", "--quiet", "--threads", THREADS, "-o"];
        output(&mut program(&gridgp, &[&draws[..], &[&at("prediction.nc")?]].concat()))?;
        let seconds = started.elapsed().as_secs_f64();
        row("16 draws", "gridgp", seconds, None, "with means and sds of all cells", seconds);
        peer(theirs("draw")?, seconds, |_| Ok(String::new()))?;
    }
    Ok(())
}

fn peer(found: Result<Value>, ours: f64, said: impl Fn(&Value) -> Result<String>) -> Result<()> {
    match found {
        Ok(v) => {
            let memory = v["peak_memory_bytes"].as_f64();
            row("", "lkgp", number(&v, "seconds")?, memory, &said(&v)?, ours);
        }
        Err(reason) => println!("| | | lkgp | {reason} | | | |"),
    }
    Ok(())
}

fn row(what: &str, program: &str, seconds: f64, memory: Option<f64>, found: &str, ours: f64) {
    let (grid, what) = what.split_once(": ").unwrap_or(("", what));
    let memory = memory.map_or(String::new(), |m| format!("{:.0}", m / f64::from(1 << 20)));
    let ratio = seconds / ours;
    println!("| {grid} | {what} | {program} | {seconds:.3} | {memory} | {found} | {ratio:.1} |");
}

fn number(v: &Value, key: &str) -> Result<f64> {
    v[key].as_f64().with_context(|| format!("no {key:?}"))
}

fn said_of(theta: &[f64]) -> String {
    let pairs = PARAMETERS.iter().zip(theta);
    pairs.map(|(name, v)| format!("{name} {v:.4}")).collect::<Vec<_>>().join(", ")
}
