//! `cargo xtask coverage [COUNT]`: how often the 90 % intervals hold the truth, over simulated data
//! sets of the design of examples/spain.
//!
//! Slow. mu0 and the levels are those of the stations at hand: the model's fields are centered over
//! them, so the truth of mu0 is the mean of the true field, and so for beta0.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::program::{build, output, program};
use crate::root;
use crate::table::Table;

/// What replaces the [inference] of the example: shorter, since there are many data sets.
const METHODS: [(&str, &str); 2] = [
    ("nuts", "method = \"nuts\"\nchains = 1\ntune = 500\ndraws = 500\n"),
    ("svi", "method = \"svi\"\nsteps = 6000\ndraws = 500\n"),
];

pub fn run(count: usize) -> Result<()> {
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
    let example = fs::read_to_string(root().join("examples/spain/nuts.toml"))?;
    let (model, _) = example.split_once("[inference]").context("no [inference]")?;
    let folder = tempfile::tempdir()?;
    // Covered and asked, by method and quantity.
    let mut counts: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for seed in 1..=count {
        for (method, inference) in METHODS {
            for (name, hits, all) in one(&gridgp, folder.path(), model, inference, seed)? {
                let entry = counts.entry((method, name)).or_default();
                entry.0 += hits;
                entry.1 += all;
            }
        }
        if seed % 5 == 0 || seed == count {
            println!("after {seed} data sets:");
            for ((method, name), (hits, all)) in &counts {
                let share = *hits as f64 / *all as f64;
                // Stations of one data set share its parameters: the error is that of data sets.
                let error = (share * (1.0 - share) / seed as f64).sqrt();
                println!("  {method} {name}: {share:.3} (binomial error {error:.3})");
            }
        }
    }
    Ok(())
}

/// One data set by one method: for each quantity how many intervals hold the truth, and of how many.
fn one(
    gridgp: &Path,
    folder: &Path,
    model: &str,
    inference: &str,
    seed: usize,
) -> Result<Vec<(&'static str, usize, usize)>> {
    let file = |name: &str| folder.join(name).display().to_string();
    let gridgp = |arguments: &[&str]| output(&mut program(gridgp, arguments));
    let (data, fit, out) = (file("observations.csv"), file("fit.nc"), file("out.csv"));
    let seed = seed.to_string();
    gridgp(&["simulate", "-o", &data, "--seed", &seed, "--quiet"])?;
    let toml = file("model.toml");
    fs::write(&toml, format!("{model}[inference]\n{inference}"))?;
    gridgp(&["fit", &toml, "-o", &fit, "--seed", &seed, "--quiet"])?;
    let summary: Value = serde_json::from_str(&gridgp(&["summary", &fit, "--json"])?)?;
    let truth = Table::read(Path::new(&data))?;
    let column = |name: &str| truth.column(name);
    let (location, slope) = (column("location_true")?, column("slope_true")?);
    let (scale, shape) = (column("scale_true")?, column("shape_true")?);
    let gmst = column("gmst")?;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let mut found = Vec::new();
    for (name, value) in
        [("mu0", mean(&location)), ("beta0", mean(&slope)), ("sigma", scale[0]), ("xi", shape[0])]
    {
        let p = &summary["parameters"][name];
        let end = |key: &str| p[key].as_f64().with_context(|| format!("{name} has no {key}: {p}"));
        found.push((name, usize::from(end("q5")? <= value && value <= end("q95")?), 1));
    }
    let last = *gmst.last().context("no years")?;
    let scenario = format!("last:gmst={last}");
    gridgp(&[
        "return-levels",
        &fit,
        "--period",
        "100",
        "--scenario",
        &scenario,
        "-o",
        &out,
        "--quiet",
    ])?;
    let levels = Table::read(Path::new(&out))?;
    let end =
        |p: &str| levels.column(&format!("level_quantiles_scenario_last_period_100_quantile_{p}"));
    let (low, high) = (end("0.05")?, end("0.95")?);
    let years = gmst.len() / low.len();
    let centered = last - mean(&gmst);
    let reduced = -(-(-0.01f64).ln_1p()).ln();
    let hits = (0..low.len())
        .filter(|s| {
            let i = s * years;
            let rise = ((shape[i] * reduced).exp() - 1.0) / shape[i];
            let level = location[i] + slope[i] * centered + scale[i] * rise;
            low[*s] <= level && level <= high[*s]
        })
        .count();
    found.push(("100-year levels", hits, low.len()));
    Ok(found)
}
