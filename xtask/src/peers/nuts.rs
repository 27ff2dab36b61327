//! `cargo xtask peers nuts`: effective draws per second beside PyMC with nutpie and NumPyro.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{environment, fit, measured_within, peer_program};
use crate::program::build;
use crate::root;

/// Tuning draws and draws of each of the two chains; gridgp's always, a peer's unless it is asked for
/// fewer.
const COUNT: u32 = 1000;
/// Asks for fewer draws of the peers, `PEER_DRAWS=200`: they need many minutes for all.
const FEWER: &str = "PEER_DRAWS";
/// Longer than this, and a peer has no result.
const PATIENCE: Duration = Duration::from_secs(3600);

const PEERS: [[&str; 2]; 4] =
    [["latent", "nutpie"], ["latent", "numpyro"], ["marginal", "nutpie"], ["marginal", "numpyro"]];

const HEADER: &str = "
| kron2d, 2 chains | tune + draws | min ESS of hyperparameters | divergences | seconds | ESS/s | gridgp joint, times it | gridgp marginal, times it | in all (compiling, writing), s |
|---|---|---|---|---|---|---|---|---|";

pub fn run() -> Result<()> {
    let python = environment("peers-nuts-venv", "requirements-nuts.txt")?;
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
    let ours = ["joint", "marginal"]
        .map(|route| Ok((route, ours(&gridgp, route)?)))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let rates: Vec<f64> = ours.iter().map(|(_, v)| rate(v)).collect::<Result<_>>()?;
    println!("{HEADER}");
    for (route, found) in &ours {
        println!("{}", row(&format!("gridgp {route}"), found, &rates)?);
    }
    let data = root().join("examples/kron2d/observations.csv");
    let data = data.to_str().context("a path is not UTF-8")?;
    let count = match std::env::var(FEWER) {
        Ok(fewer) => fewer.parse().with_context(|| format!("{FEWER} is {fewer}"))?,
        Err(_) => COUNT,
    };
    let count = count.to_string();
    for [route, sampler] in PEERS {
        let arguments = ["nuts.kron2d", data, route, sampler, &count, &count];
        let name = format!("PyMC {route} {sampler}");
        match measured_within(&mut peer_program(&python, &arguments), PATIENCE)? {
            Ok(found) => println!("{}", row(&name, &found, &rates)?),
            Err(reason) => println!("| {name} | {reason} | | | | | | | |"),
        }
    }
    Ok(())
}

/// What `gridgp fit` does: its own `seconds` are those of reading, starting, tuning, drawing,
/// predicting and diagnosing, to which the last column adds writing.
fn ours(gridgp: &Path, route: &str) -> Result<Value> {
    let example = root().join("examples/kron2d");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("model.toml");
    let text = std::fs::read_to_string(example.join(format!("latent_{route}.toml")))?;
    std::fs::write(&file, text.replace("chains = 4", "chains = 2"))?;
    let data = example.join("observations.csv");
    let path = |p: &Path| p.to_str().map(str::to_owned).context("a path is not UTF-8");
    let mut found = fit(gridgp, &[&path(&file)?, "--data", &path(&data)?])?;
    anyhow::ensure!(found["chains"] == 2 && found["draws"] == COUNT, "another number of draws");
    let parameters = found["parameters"].as_object().context("no parameters")?;
    let least = parameters.values().filter_map(|p| p["ess_bulk"].as_f64()).reduce(f64::min);
    found["min_ess_bulk"] = least.context("no ess_bulk")?.into();
    Ok(found)
}

fn rate(found: &Value) -> Result<f64> {
    let number = |key: &str| found[key].as_f64().with_context(|| format!("no {key:?}"));
    Ok(number("min_ess_bulk")? / number("seconds")?)
}

fn row(name: &str, found: &Value, ours: &[f64]) -> Result<String> {
    let number = |key: &str| found[key].as_f64().with_context(|| format!("no {key:?}"));
    let rate = rate(found)?;
    Ok(format!(
        "| {name} | {} + {} | {:.0} | {} | {:.1} | {rate:.3} | {:.1} | {:.1} | {:.1} |",
        found["tune"],
        found["draws"],
        number("min_ess_bulk")?,
        found["divergences"],
        number("seconds")?,
        ours[0] / rate,
        ours[1] / rate,
        number("cold_seconds")?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_has_rates_and_ratios() {
        let found = json!({
            "tune": 10, "draws": 20, "min_ess_bulk": 50.0, "divergences": 1, "seconds": 25.0,
            "cold_seconds": 30.0
        });
        let row = row("peer", &found, &[8.0, 20.0]).unwrap();
        assert_eq!(row, "| peer | 10 + 20 | 50 | 1 | 25.0 | 2.000 | 4.0 | 10.0 | 30.0 |");
        assert!(rate(&json!({"seconds": 1.0})).is_err());
    }
}
