//! `cargo xtask peers operators`: structured operators beside JAX and linear_operator.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{environment, installed, measured, peer_program};
use crate::program::{build, program};

/// Operations of `peers/operators/README.md`, with rows of a factor, or of the Toeplitz matrix.
const PROBLEMS: [(&str, [usize; 3]); 5] = [
    ("kronecker_solve", [100, 300, 1000]),
    ("kronecker_log_det", [100, 300, 1000]),
    ("kronecker_matvec", [100, 300, 1000]),
    ("sum_solve", [100, 300, 1000]),
    ("toeplitz_matvec", [1000, 30_000, 1_000_000]),
];

const HEADER: &str = "
| operation | n | program | norm of the result | difference | cold s | warm s (min) | peak MiB | warm, gridgp = 1 |
|---|---|---|---|---|---|---|---|---|";

pub fn run(torch: bool) -> Result<()> {
    let peers = peers(torch)?;
    let gridgp = build(&["--release", "--workspace", "--example", "operators_bench"])?;
    println!("{HEADER}");
    for (operation, sizes) in PROBLEMS {
        for n in sizes {
            let problem = json!({"operation": operation, "n": n, "seed": 1}).to_string();
            let ours = measured(&mut program(&gridgp, &[&problem]))??;
            println!("{}", row(&ours, &ours)?);
            for (peer, python) in &peers {
                let module = format!("operators.{peer}");
                match measured(&mut peer_program(python, &[&module, &problem]))? {
                    Ok(theirs) => println!("{}", row(&theirs, &ours)?),
                    Err(reason) => println!("| {operation} | {n} | {peer} | {reason} | | | | | |"),
                }
            }
        }
    }
    Ok(())
}

/// The peers that can run here, each with its Python.
fn peers(torch: bool) -> Result<Vec<(&'static str, PathBuf)>> {
    let mut peers = Vec::new();
    match environment("peers-venv", "requirements.txt") {
        Ok(python) => peers.push(("jax_operators", python)),
        Err(reason) => eprintln!("SKIPPED: jax_operators, because {reason:#}"),
    }
    let with_torch = ("peers-torch-venv", "requirements-torch.txt");
    let python = match installed(with_torch.0, with_torch.1)? {
        None if torch => environment(with_torch.0, with_torch.1).map(Some),
        found => Ok(found),
    };
    match python {
        Ok(Some(python)) => peers.push(("linear_operator_peer", python)),
        Ok(None) => eprintln!(
            "SKIPPED: linear_operator_peer, because PyTorch (5 GB) is not installed; with --torch \
             it is"
        ),
        Err(reason) => eprintln!("SKIPPED: linear_operator_peer, because {reason:#}"),
    }
    Ok(peers)
}

fn row(found: &Value, ours: &Value) -> Result<String> {
    let number = |key: &str| found[key].as_f64().with_context(|| format!("no {key:?}"));
    let warm = number("warm_seconds")?;
    Ok(format!(
        "| {} | {} | {} | {:.8e} | {:.0e} | {:.2e} | {warm:.2e} ({:.2e}) | {:.0} | {:.1} |",
        found["operation"].as_str().context("no operation")?,
        found["n"],
        found["peer"].as_str().context("no name")?,
        number("norm")?,
        difference(found, ours)?,
        number("cold_seconds")?,
        number("warm_seconds_min")?,
        number("peak_memory_bytes")? / f64::from(1 << 20),
        warm / ours["warm_seconds"].as_f64().context("no time")?,
    ))
}

/// Of two results: how far checksums and norms are apart, relative to the norm; the larger of both.
fn difference(found: &Value, wanted: &Value) -> Result<f64> {
    let number = |v: &Value, key: &str| v[key].as_f64().with_context(|| format!("no {key:?}"));
    let apart = |key| Ok::<_, anyhow::Error>((number(found, key)? - number(wanted, key)?).abs());
    Ok(apart("value")?.max(apart("norm")?) / number(wanted, "norm")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_relative_to_the_norm() {
        let wanted = json!({"value": 0.5, "norm": 4.0});
        assert_eq!(difference(&wanted, &wanted).unwrap(), 0.0);
        assert_eq!(difference(&json!({"value": 2.5, "norm": 4.0}), &wanted).unwrap(), 0.5);
        assert_eq!(difference(&json!({"value": 0.5, "norm": 5.0}), &wanted).unwrap(), 0.25);
        // Not a number is written as null.
        assert!(difference(&json!({"value": null, "norm": 4.0}), &wanted).is_err());
    }
}
