//! `cargo xtask peers svi`: examples/spain by variational inference and NUTS beside NumPyro.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{environment, fit, measured_within, peer_program};
use crate::program::build;
use crate::root;

const STEPS: u32 = 6000;
/// A fit of so few steps is all start and output, which is taken off where steps alone are told.
const FEW_STEPS: u32 = 100;
/// Tuning draws and draws of each of the two chains.
const COUNTS: (u32, u32) = (1000, 1500);
/// gridgp is fast enough for several tries, of which the median counts.
const TRIES: usize = 5;
/// Longer than this, and a peer has no result.
const PATIENCE: Duration = Duration::from_secs(1800);

pub fn run() -> Result<()> {
    let python = environment("peers-nuts-venv", "requirements-nuts.txt")?;
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
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
    let svi = |steps: u32| -> Result<Value> {
        let all = format!("steps = {steps}\nstop_early = false");
        let changes = [("steps = 6000", all)];
        let mut fits = (0..TRIES).map(|_| ours("svi", &changes)).collect::<Result<Vec<_>>>()?;
        let seconds = |fit: &Value| fit["cold_seconds"].as_f64().expect("seconds");
        fits.sort_by(|a, b| seconds(a).total_cmp(&seconds(b)));
        let middle = fits.swap_remove(TRIES / 2);
        ensure!(middle["steps"] == steps, "{} steps in place of {steps}", middle["steps"]);
        Ok(middle)
    };
    let peer = theirs(&["svi", &STEPS.to_string()])?;
    let (full, brief) = (svi(STEPS)?, svi(FEW_STEPS)?);
    let cold = number(&full, "cold_seconds")?;
    let step = (cold - number(&brief, "cold_seconds")?) / f64::from(STEPS - FEW_STEPS);
    println!(
        "| spain, svi | steps | ELBO | in all, s | NumPyro, times it | the steps alone, s | NumPyro, times it |\n|---|---|---|---|---|---|---|"
    );
    // The seconds of the peer, with compiling and without.
    let theirs_in = |key| peer.as_ref().map_or(f64::NAN, |p| p[key].as_f64().unwrap_or(f64::NAN));
    let line = |name: &str, steps: u32, elbo: f64, whole: f64, alone: f64| {
        println!(
            "| {name} | {steps} | {elbo:.1} | {whole:.2} | {:.1} | {alone:.3} | {:.1} |",
            theirs_in("cold_seconds") / whole,
            theirs_in("seconds") / alone,
        );
    };
    line("gridgp", STEPS, elbo(&full), cold, step * f64::from(STEPS));
    match &peer {
        Ok(found) => {
            let wanted = -number(found, "negative_elbo")?;
            // Steps are worth what they reach: how many of ours are as good as all of the peer's?
            let (mut steps, mut fit) = (FEW_STEPS, brief);
            while elbo(&fit) < wanted && steps < STEPS {
                steps = (2 * steps).min(STEPS);
                fit = svi(steps)?;
            }
            let (whole, alone) = (number(&fit, "cold_seconds")?, step * f64::from(steps));
            line("gridgp, as good as NumPyro", steps, elbo(&fit), whole, alone);
            line("NumPyro", STEPS, wanted, theirs_in("cold_seconds"), theirs_in("seconds"));
        }
        Err(reason) => println!("| NumPyro | {reason} | | | | | |"),
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

/// Minus infinity, which JSON does not have, where a draw of the guide is outside of the support.
fn elbo(fit: &Value) -> f64 {
    fit["elbo"].as_f64().unwrap_or(f64::NEG_INFINITY)
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
