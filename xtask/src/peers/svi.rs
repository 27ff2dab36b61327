//! `cargo xtask peers svi`: examples/spain by variational inference and NUTS beside NumPyro.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{environment, fit, measured_within, peer_program};
use crate::program::build;
use crate::root;

const STEPS: u32 = 6000;
/// Tuning draws and draws of each of the two chains.
const COUNTS: (u32, u32) = (1000, 1500);
/// gridgp is fast enough for several tries, of which the median counts.
const TRIES: usize = 5;
/// Longer than this, and a peer has no result.
const PATIENCE: Duration = Duration::from_secs(1800);

pub fn run() -> Result<()> {
    let python = environment("peers-nuts-venv", "requirements-nuts.txt")?;
    let gridgp = build(&["--release", "--package", "gridgp-cli", "--bin", "gridgp"])?;
    let example = root().join("examples/spain");
    let data = example.join("observations.csv").display().to_string();
    let folder = tempfile::tempdir()?;
    let ours = |method: &str, changes: &[(&str, String)]| -> Result<Value> {
        let mut text = fs::read_to_string(example.join(format!("{method}.toml")))?;
        for (from, to) in changes {
            ensure!(text.contains(from), "examples/spain/{method}.toml has no {from:?}");
            text = text.replace(from, to);
        }
        let model = folder.path().join(format!("{method}.toml"));
        fs::write(&model, text)?;
        fit(&gridgp, &[&model.display().to_string(), "--data", &data])
    };
    let theirs = |arguments: &[&str]| {
        let arguments = [&["svi.spain", &data], arguments].concat();
        measured_within(&mut peer_program(&python, &arguments), PATIENCE)
    };
    // All steps, as the peer takes them.
    let changes = [("draws = 1000", "draws = 1000\nstop_early = false".to_owned())];
    let mut fits = (0..TRIES).map(|_| ours("svi", &changes)).collect::<Result<Vec<_>>>()?;
    fits.sort_by(|a, b| {
        a["cold_seconds"].as_f64().partial_cmp(&b["cold_seconds"].as_f64()).expect("seconds")
    });
    let svi = &fits[TRIES / 2];
    ensure!(svi["steps"] == STEPS, "{} steps in place of {STEPS}", svi["steps"]);
    println!("| spain, svi, {STEPS} steps | cold, s | times gridgp | warm, s | times gridgp |");
    println!("|---|---|---|---|---|");
    let seconds = number(svi, "cold_seconds")?;
    println!("| gridgp, the whole program | {seconds:.3} | 1 | | |");
    match theirs(&["svi", &STEPS.to_string()])? {
        Ok(found) => {
            let (cold, warm) = (number(&found, "cold_seconds")?, number(&found, "seconds")?);
            println!(
                "| NumPyro | {cold:.1} | {:.1} | {warm:.2} | {:.1} |",
                cold / seconds,
                warm / seconds
            );
        }
        Err(reason) => println!("| NumPyro | {reason} | | | |"),
    }

    let (tune, draws) = COUNTS;
    let nuts = ours(
        "nuts",
        &[
            ("chains = 4", "chains = 2".into()),
            ("tune = 1000", format!("tune = {tune}")),
            ("draws = 1000", format!("draws = {draws}")),
        ],
    )?;
    let parameters = nuts["parameters"].as_object().context("no parameters")?;
    let least = parameters.values().filter_map(|p| p["ess_bulk"].as_f64()).reduce(f64::min);
    let (least, seconds) = (least.context("no ess_bulk")?, number(&nuts, "cold_seconds")?);
    println!(
        "\n| spain, nuts, 2 chains of {tune} + {draws} | min ESS | divergences | seconds | ESS/s | gridgp, times it |"
    );
    println!("|---|---|---|---|---|---|");
    println!("{}", row("gridgp", least, &nuts["divergences"], seconds, least / seconds));
    match theirs(&["nuts", &tune.to_string(), &draws.to_string()])? {
        Ok(found) => {
            let (ess, time) = (number(&found, "min_ess_bulk")?, number(&found, "seconds")?);
            println!("{}", row("NumPyro", ess, &found["divergences"], time, least / seconds));
        }
        Err(reason) => println!("| NumPyro | {reason} | | | | |"),
    }
    Ok(())
}

fn number(found: &Value, key: &str) -> Result<f64> {
    found[key].as_f64().with_context(|| format!("no {key:?}"))
}

/// `ours` is the rate of gridgp.
fn row(name: &str, ess: f64, divergences: &Value, seconds: f64, ours: f64) -> String {
    let rate = ess / seconds;
    format!("| {name} | {ess:.0} | {divergences} | {seconds:.1} | {rate:.2} | {:.1} |", ours / rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_rate_and_a_ratio() {
        let found = row("peer", 500.0, &Value::from(1), 25.0, 60.0);
        assert_eq!(found, "| peer | 500 | 1 | 25.0 | 20.00 | 3.0 |");
    }
}
