//! `cargo xtask spain`: examples/spain against another implementation's posterior.
//!
//! Slow, and so built for speed: NUTS and SVI through the binary, then return levels. Scalars must
//! agree within four standard errors of both runs, the fields in correlation and spread.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::program::{build, output, program};
use crate::table::Table;
use crate::{root, shared};

pub fn run() -> Result<()> {
    let oracle = shared().join("oracles/spain");
    if !oracle.is_dir() {
        eprintln!("SKIPPED: {} is not there", oracle.display());
        return Ok(());
    }
    let expected: Value = serde_json::from_str(&fs::read_to_string(oracle.join("expected.json"))?)?;
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
    let folder = tempfile::tempdir()?;
    let mut wrong = Vec::new();
    for method in ["nuts", "svi"] {
        let fit = Fit::of(&gridgp, method, folder.path())?;
        let found = match method {
            "nuts" => check_nuts(&fit, &expected["nuts"], &oracle)?,
            _ => check_svi(&fit, &expected["svi"])?,
        };
        wrong.extend(found.into_iter().map(|w| format!("{method}: {w}")));
    }
    ensure!(wrong.is_empty(), "examples/spain differs from the oracle:\n{}", wrong.join("\n"));
    Ok(())
}

struct Fit<'a> {
    gridgp: &'a Path,
    folder: &'a Path,
    file: String,
    summary: Value,
}

impl<'a> Fit<'a> {
    fn of(gridgp: &'a Path, method: &str, folder: &'a Path) -> Result<Self> {
        let example = root().join("examples/spain");
        // The rates of the stations differ little: at 4000 draws their sampling error alone brings
        // the correlation of two exact samplers down to 0.999.
        let text = fs::read_to_string(example.join(format!("{method}.toml")))?.replace(
            "chains = 4\ntune = 1000\ndraws = 1000",
            "chains = 4\ntune = 1000\ndraws = 5000",
        );
        let model = folder.join(format!("{method}.toml"));
        fs::write(&model, text)?;
        let data = example.join("observations.csv").display().to_string();
        let file = folder.join(format!("{method}.nc")).display().to_string();
        output(&mut program(
            gridgp,
            &["fit", &model.display().to_string(), "--data", &data, "-o", &file, "--quiet"],
        ))?;
        let summary = output(&mut program(gridgp, &["summary", &file, "--json"]))?;
        Ok(Self { gridgp, folder, file, summary: serde_json::from_str(&summary)? })
    }

    fn table(&self, arguments: &[&str]) -> Result<Table> {
        let csv = self.folder.join("out.csv").display().to_string();
        let arguments = [arguments, &["-o", &csv, "--quiet"]].concat();
        output(&mut program(self.gridgp, &arguments))?;
        Table::read(Path::new(&csv))
    }

    fn parameter(&self, name: &str, key: &str) -> Result<f64> {
        let at = &self.summary["parameters"][name][key];
        at.as_f64().with_context(|| format!("the summary has no {key} of {name}"))
    }

    /// β(s) is the change of any level when the covariate rises by 1: means and sds.
    fn slope(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        let scenarios = ["--scenario", "a:gmst=0", "--scenario", "b:gmst=1", "--period", "100"];
        let table = self.table(&[&["return-levels", &self.file], &scenarios[..]].concat())?;
        let column = |name: &str| table.column(&format!("{name}_change_b_period_100"));
        Ok((column("change_of_level")?, column("change_of_level_sd")?))
    }
}

fn check_nuts(fit: &Fit<'_>, expected: &Value, oracle: &Path) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (ours, theirs) in [
        ("mu0", "mu0"),
        ("beta0", "beta0"),
        ("sigma", "sigma"),
        ("xi", "xi"),
        ("base.station.lengthscale", "mu lengthscale"),
        ("warming.station.lengthscale", "b lengthscale"),
    ] {
        let (mean, sd) = (fit.parameter(ours, "mean")?, fit.parameter(ours, "sd")?);
        let ess = fit.parameter(ours, "ess_bulk")?;
        let want = expected[theirs]["mean"].as_f64().context("no mean")?;
        let error = sd * errors(ess);
        println!(
            "{ours}: {mean:.4} (sd {sd:.4}) for {want}, {:.1} standard errors",
            (mean - want) / error
        );
        if (mean - want).abs() > 4.0 * error {
            wrong.push(format!("{ours} is {mean}, expected {want}, standard error {error}"));
        }
    }
    // Its variances are squares of amplitudes: E a² = (E a)² + var a.
    for (ours, theirs) in [("base.amplitude", "mu variance"), ("warming.amplitude", "b variance")] {
        let (mean, sd) = (fit.parameter(ours, "mean")?, fit.parameter(ours, "sd")?);
        let found = mean * mean + sd * sd;
        let number = |key: &str| expected[theirs][key].as_f64().context("no number");
        let error = number("sd")? * errors(fit.parameter(ours, "ess_bulk")?);
        let want = number("mean")?;
        println!("{theirs}: {found:.4} for {want}, {:.1} standard errors", (found - want) / error);
        if (found - want).abs() > 4.0 * error {
            wrong.push(format!("{theirs} is {found}, expected {want}, standard error {error}"));
        }
    }
    let truth = Table::read(&oracle.join("nuts_fields.csv"))?;
    let table = fit.table(&["predict", &fit.file, "--only", "base", "--quantiles", "0.5"])?;
    let every = |v: Vec<f64>| -> Vec<f64> { v.into_iter().step_by(40).collect() };
    let base = (every(table.column("base")?), every(table.column("base_sd")?));
    for (name, (mean, sd), their) in [("mu(s)", base, "mu"), ("beta(s)", fit.slope()?, "beta")] {
        let want = (truth.column(&format!("{their}_mean"))?, truth.column(&format!("{their}_sd"))?);
        let correlation = correlation(&mean, &want.0)?;
        let ratios: Vec<f64> = sd.iter().zip(&want.1).map(|(a, b)| a / b).collect();
        let (low, high) = range(&ratios);
        println!("{name}: correlation {correlation:.6}, sds {low:.3} to {high:.3} of the oracle's");
        if correlation < 0.999 || low < 0.9 || high > 1.1 {
            wrong.push(format!("{name}: correlation {correlation}, sds {low} to {high}"));
        }
    }
    Ok(wrong)
}

/// The error of the difference of two means, in sds. Theirs has 3000 draws of unknown effective
/// number: as large a share of them as of ours.
fn errors(ess: f64) -> f64 {
    (1.0 / ess + OUR_DRAWS / (THEIR_DRAWS * ess)).sqrt()
}

const OUR_DRAWS: f64 = 20_000.0;
const THEIR_DRAWS: f64 = 3000.0;

fn check_svi(fit: &Fit<'_>, expected: &Value) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut close = |name: &str, found: f64, want: &Value, slack: f64| {
        println!("{name}: {found:.4} for {want}");
        if want.as_f64().is_none_or(|want| (found - want).abs() > slack) {
            wrong.push(format!("{name} is {found}, expected {want} within {slack}"));
        }
    };
    // The guide's own sd over the root of the oracle's 600 draws, four times, and the last steps'
    // noise of stochastic optimization on both sides: about a tenth of an sd.
    for name in ["mu0", "beta0", "sigma", "xi"] {
        let slack = fit.parameter(name, "sd")? * (4.0 / 600f64.sqrt() + 0.1);
        close(name, fit.parameter(name, "mean")?, &expected[name], slack);
    }
    let (low, high) = range(&fit.slope()?.0);
    close("lowest beta(s)", low, &expected["beta_mean_range"][0], 0.05);
    close("highest beta(s)", high, &expected["beta_mean_range"][1], 0.05);
    let (now, then) = gmst()?;
    let (now, then) = (format!("2024:gmst={now}"), format!("2050:gmst={then}"));
    let table = fit.table(&[
        "return-levels",
        &fit.file,
        "--period",
        "100",
        "--scenario",
        &now,
        "--scenario",
        &then,
    ])?;
    let shift = table.column("change_of_level_change_2050_period_100")?;
    let want = &expected["return_level_100_shift_2024_to_2050"];
    close("mean shift", shift.iter().sum::<f64>() / shift.len() as f64, &want["mean"], 0.02);
    let (low, high) = range(&shift);
    close("lowest shift", low, &want["range"][0], 0.025);
    close("highest shift", high, &want["range"][1], 0.025);
    Ok(wrong)
}

/// The global temperature of 2024, and that of 2050 by the rule of the oracle.
fn gmst() -> Result<(f64, f64)> {
    let table = Table::read(&root().join("examples/spain/observations.csv"))?;
    let gmst = table.column("gmst")?;
    let (first, last) = (gmst[0], gmst[39]);
    Ok((last, last + (last - first) / 39.0 * 26.0))
}

fn range(v: &[f64]) -> (f64, f64) {
    v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)))
}

fn correlation(a: &[f64], b: &[f64]) -> Result<f64> {
    if a.len() != b.len() {
        bail!("{} values beside {}", a.len(), b.len());
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(x, y)| f(x - ma, y - mb)).sum()
    };
    Ok(sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt())
}
