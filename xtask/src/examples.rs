//! `cargo xtask examples`: every example through the binary, from model file to prediction.
//!
//! `expect.json` of an example says what to run and what must come out:
//!
//! ```json
//! {
//!   "source": "where the numbers come from",
//!   "runs": [{
//!     "model": "map.toml",
//!     "data": "../shared/data/…, if the model file does not name it",
//!     "at": "x1=5.1:7.1:20,x2=-0.5:3.5:40",
//!     "rows": 800,
//!     "summary": [
//!       {"at": "/parameters/ls1/estimate", "value": 0.7375, "relative": 1e-4},
//!       {"at": "/gradient_norm", "at_most": 1e-4},
//!       {"at": "/loo/elpd", "between": [-1000, -980]},
//!       {"at": "/parameters/eta", "truth": 0.8},
//!       {"at": "/parameters/eta", "mean": 0.855, "mcses": 4}
//!     ]
//!   }]
//! }
//! ```
//!
//! The last two are about draws. `truth` is a value that the data were simulated with: it must lie
//! within three posterior standard deviations of the posterior mean. `mean` is a posterior mean that
//! is known from elsewhere: ours must lie within so many of its Monte-Carlo standard errors.
//!
//! A `data` file that is not there skips the run, loudly. A folder without `expect.json` belongs to
//! the Rust program `crates/gridgp/examples/NAME.rs`, which must run.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::program::{build, output, program};
use crate::root;

pub fn run(only: Option<&str>) -> Result<()> {
    // The build of the tests, and of `cargo xtask elnino`.
    let gridgp = build(&["--workspace", "--bin", "gridgp"])?;
    let mut folders: Vec<_> = fs::read_dir(root().join("examples"))?
        .map(|entry| Ok(entry?.path()))
        .filter(|path| path.as_ref().is_ok_and(|p| p.is_dir()) || path.is_err())
        .collect::<Result<_>>()?;
    folders.retain(|folder| only.is_none_or(|name| folder.ends_with(name)));
    folders.sort();
    ensure!(!folders.is_empty(), "there is no example {:?}", only.unwrap_or_default());
    for folder in folders {
        let path = folder.join("expect.json");
        if !path.exists() {
            rust_example(&folder)?;
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let expect: Value =
            serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let runs = expect["runs"].as_array().context("expect.json has no \"runs\"")?;
        for run in runs {
            let started = Instant::now();
            let name = format!(
                "{}/{}",
                folder.file_name().unwrap_or_default().display(),
                run["model"].as_str().unwrap_or_default()
            );
            match example(&gridgp, &folder, run).with_context(|| format!("example {name}"))? {
                Outcome::Passed(checks) => eprintln!(
                    "example {name}: {checks} expectations met in {:.1} s",
                    started.elapsed().as_secs_f64()
                ),
                Outcome::Skipped(file) => {
                    eprintln!("SKIPPED: example {name}, because {file} is not there");
                }
            }
        }
    }
    Ok(())
}

/// An example without a model file is a Rust program of the same name; it must run.
fn rust_example(folder: &Path) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let printed = output(&mut program(build(&["--workspace", "--example", &name])?, &[]))
        .with_context(|| format!("example {name} has no expect.json, and its program failed"))?;
    eprintln!("example {name}: printed {} lines", printed.lines().count());
    Ok(())
}

enum Outcome {
    Passed(usize),
    Skipped(String),
}

fn example(gridgp: &Path, folder: &Path, run: &Value) -> Result<Outcome> {
    let model = path_text(&folder.join(run["model"].as_str().context("no \"model\"")?))?;
    let mut data = Vec::new();
    if let Some(file) = run["data"].as_str() {
        if !root().join(file).exists() {
            return Ok(Outcome::Skipped(file.to_owned()));
        }
        data = vec!["--data", file];
    }
    let out = tempfile::tempdir()?;
    // It stays there: reports of some examples are looked at afterwards.
    let fits = root().join("target/examples");
    fs::create_dir_all(&fits).with_context(|| fits.display().to_string())?;
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let fit = format!("{}_{}.nc", stem(folder), stem(Path::new(&model)));
    let fit = path_text(&fits.join(fit))?;
    // What a run that was stopped has left.
    let _ = fs::remove_file(format!("{fit}.partial"));
    let gridgp = |arguments: &[&[&str]]| output(&mut program(gridgp, &arguments.concat()));
    gridgp(&[&["check", &model], &data])?;
    gridgp(&[&["fit", &model, "-o", &fit, "--quiet"], &data])?;
    let summary: Value = serde_json::from_str(&gridgp(&[&["summary", &fit, "--json"]])?)?;
    let expectations = run["summary"].as_array().context("no \"summary\"")?;
    let wrong: Vec<String> = expectations.iter().filter_map(|e| check(e, &summary).err()).collect();
    if !wrong.is_empty() {
        bail!("{}\nthe whole summary:\n{summary:#}", wrong.join("\n"));
    }
    if let Some(at) = run["at"].as_str() {
        let csv = path_text(&out.path().join("prediction.csv"))?;
        let netcdf = path_text(&out.path().join("prediction.nc"))?;
        for file in [&csv, &netcdf] {
            gridgp(&[&["predict", &fit, "--at", at, "-o", file]])?;
            ensure!(Path::new(file).exists(), "predict succeeded without writing {file}");
        }
        check_rows(&fs::read_to_string(&csv)?, run["rows"].as_u64().context("no \"rows\"")?)?;
    }
    Ok(Outcome::Passed(expectations.len()))
}

fn path_text(path: &Path) -> Result<String> {
    Ok(path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?.to_owned())
}

/// One row a point below the header, and numbers in every column from `mean` on.
fn check_rows(table: &str, rows: u64) -> Result<()> {
    let found = table.lines().count() as u64;
    ensure!(found == rows + 1, "the prediction has {found} lines, not a header and {rows} rows");
    let header = table.lines().next().unwrap_or_default();
    let first = header.split(',').position(|name| name == "mean");
    let first = first.with_context(|| format!("the prediction has no mean: {header}"))?;
    for line in table.lines().skip(1) {
        for cell in line.split(',').skip(first) {
            let finite = cell.parse::<f64>().is_ok_and(f64::is_finite);
            ensure!(finite, "the prediction has the cell {cell:?} in the row {line}");
        }
    }
    Ok(())
}

/// Whether the summary has what is expected at a place, and if not, what it has.
fn check(expectation: &Value, summary: &Value) -> Result<(), String> {
    let at = expectation["at"].as_str().ok_or("an expectation has no \"at\"")?;
    let found = summary.pointer(at).ok_or_else(|| format!("{at} is not in the summary"))?;
    let bound = |key: &str| expectation[key].as_f64();
    if found.is_object() {
        return check_draws(at, expectation, found);
    }
    let met = match (&expectation["value"], found.as_f64()) {
        (Value::Number(wanted), Some(found)) => {
            let wanted = wanted.as_f64().ok_or("a number is no number")?;
            let tolerance = match (bound("absolute"), bound("relative")) {
                (Some(t), None) => t,
                (None, Some(t)) => t * wanted.abs(),
                _ => return Err(format!("{at} needs one of \"absolute\" and \"relative\"")),
            };
            (found - wanted).abs() <= tolerance
        }
        (Value::Null, Some(found)) => {
            let range: Option<[f64; 2]> =
                serde_json::from_value(expectation["between"].clone()).ok();
            match (bound("at_most"), bound("at_least"), range) {
                (Some(most), None, None) => found <= most,
                (None, Some(least), None) => found >= least,
                (None, None, Some([least, most])) => (least..=most).contains(&found),
                _ => {
                    let message = "needs one of \"at_most\", \"at_least\" and \"between\"";
                    return Err(format!("{at} {message}"));
                }
            }
        }
        (wanted, _) => wanted == found,
    };
    if met { Ok(()) } else { Err(format!("{at} is {found}, expected {expectation}")) }
}

/// Whether the draws of a parameter agree with its true value, or with a known posterior mean.
fn check_draws(at: &str, expectation: &Value, found: &Value) -> Result<(), String> {
    let known = |key: &str| {
        found[key].as_f64().ok_or_else(|| format!("{at} has no {key:?}: it is no parameter"))
    };
    let (wanted, far) = match (&expectation["truth"], &expectation["mean"], &expectation["mcses"]) {
        (Value::Number(truth), Value::Null, Value::Null) => (truth, 3.0 * known("sd")?),
        (Value::Null, Value::Number(mean), Value::Number(mcses)) => {
            (mean, mcses.as_f64().unwrap_or(f64::NAN) * known("mcse_mean")?)
        }
        _ => return Err(format!("{at} needs \"truth\", or \"mean\" and \"mcses\"")),
    };
    let mean = known("mean")?;
    let away = (mean - wanted.as_f64().unwrap_or(f64::NAN)).abs();
    if away <= far {
        Ok(())
    } else {
        Err(format!("the mean at {at} is {mean}, {away} away; {far} is allowed by {expectation}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expectations_are_met_or_not() {
        let summary = json!({
            "a": {"b": 2.0},
            "p": {"mean": 1.0, "sd": 0.1, "mcse_mean": 0.01},
            "converged": true,
        });
        for (expectation, met) in [
            (json!({"at": "/a/b", "value": 2.001, "relative": 1e-3}), true),
            (json!({"at": "/a/b", "value": 2.01, "absolute": 1e-3}), false),
            (json!({"at": "/a/b", "at_most": 2.0}), true),
            (json!({"at": "/a/b", "at_least": 2.1}), false),
            (json!({"at": "/a/b", "between": [1.5, 2.0]}), true),
            (json!({"at": "/a/b", "between": [2.1, 3.0]}), false),
            (json!({"at": "/a/b", "between": 2.0}), false),
            (json!({"at": "/p", "truth": 1.29}), true),
            (json!({"at": "/p", "truth": 0.69}), false),
            (json!({"at": "/p", "mean": 0.97, "mcses": 4}), true),
            (json!({"at": "/p", "mean": 0.95, "mcses": 4}), false),
            (json!({"at": "/p", "mean": 1.0}), false),
            (json!({"at": "/a", "truth": 2.0}), false),
            (json!({"at": "/a/b"}), false),
            (json!({"at": "/a/b", "value": 2.0}), false),
            (json!({"at": "/a/c", "at_most": 2.0}), false),
            (json!({"at": "/converged", "value": true}), true),
            (json!({"at": "/converged", "value": false}), false),
        ] {
            assert_eq!(check(&expectation, &summary).is_ok(), met, "{expectation}");
        }
    }

    #[test]
    fn predictions_are_whole_tables_of_numbers() {
        assert!(check_rows("x,mean\n1,2\nMay,3\n", 2).is_ok());
        assert!(check_rows("x,median\n1,2\n2,3\n", 2).is_err());
        assert!(check_rows("x,mean\n1,2\n", 2).is_err());
        assert!(check_rows("x,mean\n1,2\n2,\n", 2).is_err());
        assert!(check_rows("x,mean\n1,2\n2,NaN\n", 2).is_err());
    }
}
