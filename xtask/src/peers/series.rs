//! `cargo xtask peers series`: long series beside celerite2, tinygp and statsmodels.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{environment, measured, peer_program};
use crate::program::{build, program};

const MODELS: [&str; 3] = ["matern12", "matern32", "quasi"];
const LENGTHS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const PEERS: [&str; 3] = ["celerite2_peer", "tinygp_peer", "statsmodels_peer"];

const HEADER: &str = "
| model | times | program | log p | difference | cold s | warm s (min) | peak MiB | warm, gridgp = 1 |
|---|---|---|---|---|---|---|---|---|";

pub fn run() -> Result<()> {
    let python = environment("peers-series-venv", "requirements-series.txt")?;
    let gridgp = build(&["--release", "--workspace", "--example", "series_bench"])?;
    println!("{HEADER}");
    for model in MODELS {
        for n in LENGTHS {
            let problem = json!({"model": model, "n": n}).to_string();
            let ours = measured(&mut program(&gridgp, &[&problem]))??;
            println!("{}", row(&ours, &ours)?);
            for peer in PEERS {
                let module = format!("series.{peer}");
                match measured(&mut peer_program(&python, &[&module, &problem]))? {
                    Ok(theirs) => println!("{}", row(&theirs, &ours)?),
                    Err(reason) => println!("| {model} | {n} | {peer} | {reason} | | | | | |"),
                }
            }
        }
    }
    Ok(())
}

fn row(found: &Value, ours: &Value) -> Result<String> {
    let number = |v: &Value, key: &str| v[key].as_f64().with_context(|| format!("no {key:?}"));
    let warm = number(found, "warm_seconds")?;
    let value = number(ours, "value")?;
    Ok(format!(
        "| {} | {} | {} | {:.4} | {:.0e} | {:.2e} | {warm:.2e} ({:.2e}) | {:.0} | {:.1} |",
        found["model"].as_str().context("no model")?,
        found["n"],
        found["peer"].as_str().context("no name")?,
        number(found, "value")?,
        ((number(found, "value")? - value) / value).abs(),
        number(found, "cold_seconds")?,
        number(found, "warm_seconds_min")?,
        number(found, "peak_memory_bytes")? / f64::from(1 << 20),
        warm / number(ours, "warm_seconds")?,
    ))
}
