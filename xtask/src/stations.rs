//! `cargo xtask stations [N …]`: time and memory of the model of examples/spain, by number of stations.
//!
//! Its fields have one value for each station, and their covariance is dense: an evaluation costs the
//! cube of the number of stations, and memory its square.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bench::THREADS;
use crate::program::{build, output, program};
use crate::root;

/// A variational fit to its convergence, and a run of two chains; the latter up to so many stations.
const METHODS: [(&str, &str, usize); 2] = [
    ("svi", "method = \"svi\"\nsteps = 6000\ndraws = 1000\n", usize::MAX),
    ("nuts", "method = \"nuts\"\nchains = 2\ntune = 500\ndraws = 500\n", 1000),
];

pub fn run(counts: &[&str]) -> Result<()> {
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
    let example = fs::read_to_string(root().join("examples/spain/nuts.toml"))?;
    let (model, _) = example.split_once("[inference]").context("no [inference]")?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (data, toml, fit) = (file("observations.csv"), file("model.toml"), file("fit.nc"));
    println!(
        "| stations | unknowns | method | evaluations | seconds in all | peak MiB | min ESS of parameters | divergences |\n|---|---|---|---|---|---|---|---|"
    );
    for count in counts {
        output(&mut program(
            &gridgp,
            &["simulate", "-o", &data, "--seed", "1", "--stations", count, "--quiet"],
        ))?;
        let stations: usize = count.parse().with_context(|| format!("{count} stations"))?;
        for (method, inference, most) in METHODS {
            if stations > most {
                continue;
            }
            fs::write(&toml, format!("{model}[inference]\n{inference}"))?;
            let started = Instant::now();
            let arguments = ["fit", &toml, "-o", &fit, "--quiet", "--threads", THREADS];
            output(&mut program(&gridgp, &arguments))?;
            let seconds = started.elapsed().as_secs_f64();
            let found = output(&mut program(&gridgp, &["summary", &fit, "--json"]))?;
            println!("{}", row(stations, method, seconds, &serde_json::from_str(&found)?)?);
        }
    }
    Ok(())
}

fn row(stations: usize, method: &str, seconds: f64, found: &Value) -> Result<String> {
    let parameters = found["parameters"].as_object().context("no parameters")?;
    let least = parameters.values().filter_map(|p| p["ess_bulk"].as_f64()).reduce(f64::min);
    // Draws of a guide are independent: their ESS says nothing.
    let least = match least {
        Some(least) if method == "nuts" => format!("{least:.0}"),
        _ => String::new(),
    };
    let divergences = found["divergences"].as_u64().map(|d| d.to_string()).unwrap_or_default();
    Ok(format!(
        "| {stations} | {} | {method} | {} | {seconds:.1} | {:.0} | {least} | {divergences} |",
        parameters.len() + 2 * stations,
        found["evaluations"],
        found["peak_memory_bytes"].as_f64().context("no memory")? / f64::from(1 << 20),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_has_an_ess_where_it_means_something() {
        let parameters = json!({"mu0": {"ess_bulk": 500.0}, "xi": {"ess_bulk": 300.0}});
        let found = json!({
            "parameters": parameters, "evaluations": 7, "peak_memory_bytes": 2097152, "divergences": 1
        });
        let nuts = row(10, "nuts", 1.25, &found).unwrap();
        assert_eq!(nuts, "| 10 | 22 | nuts | 7 | 1.2 | 2 | 300 | 1 |");
        assert!(row(10, "svi", 1.25, &found).unwrap().ends_with("| 2 |  | 1 |"));
    }
}
