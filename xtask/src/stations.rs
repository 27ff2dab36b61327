//! `cargo xtask stations [N …]`: time and memory of the model of examples/spain, by number of stations.
//!
//! Its fields have one value for each station, and their covariance is dense: an evaluation costs the
//! cube of the number of stations, and memory its square. With a basis of sines for each field the
//! cost goes with the number of stations itself.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bench::THREADS;
use crate::program::{build, output, program};
use crate::root;

/// A variational fit and a run of two chains.
const METHODS: [(&str, &str); 2] = [
    ("svi", "method = \"svi\"\nsteps = 2000\ndraws = 1000\n"),
    ("nuts", "method = \"nuts\"\nchains = 2\ntune = 500\ndraws = 500\n"),
];

/// Sines for each coordinate of a basis; none is the kernel itself, up to so many stations by `svi`
/// and by `nuts`. 14 reach lengthscales of 2.2 degrees in a box of the width of Spain.
const KERNELS: [(Option<usize>, [usize; 2]); 2] =
    [(None, [1000, 100]), (Some(14), [usize::MAX, 1000])];

pub fn run(counts: &[&str]) -> Result<()> {
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
    let example = fs::read_to_string(root().join("examples/spain/nuts.toml"))?;
    let (model, _) = example.split_once("[inference]").context("no [inference]")?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (data, toml, fit) = (file("observations.csv"), file("model.toml"), file("fit.nc"));
    println!(
        "| stations | fields | method | evaluations | seconds in all | peak MiB | min ESS of parameters | divergences |\n|---|---|---|---|---|---|---|---|"
    );
    for count in counts {
        output(&mut program(
            &gridgp,
            &["simulate", "-o", &data, "--seed", "1", "--stations", count, "--quiet"],
        ))?;
        let stations: usize = count.parse().with_context(|| format!("{count} stations"))?;
        for (basis, most) in KERNELS {
            let model = match basis {
                Some(m) => model.replace("matern32(", &format!("matern32(basis = {m}, ")),
                None => model.to_owned(),
            };
            for ((method, inference), most) in METHODS.into_iter().zip(most) {
                if stations > most {
                    continue;
                }
                fs::write(&toml, format!("{model}[inference]\n{inference}"))?;
                let started = Instant::now();
                let arguments = ["fit", &toml, "-o", &fit, "--quiet", "--threads", THREADS];
                output(&mut program(&gridgp, &arguments))?;
                let seconds = started.elapsed().as_secs_f64();
                let found = output(&mut program(&gridgp, &["summary", &fit, "--json"]))?;
                println!("{}", row(count, basis, method, seconds, &serde_json::from_str(&found)?)?);
            }
        }
    }
    Ok(())
}

fn row(
    stations: &str,
    basis: Option<usize>,
    method: &str,
    seconds: f64,
    found: &Value,
) -> Result<String> {
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
        basis.map_or_else(|| "dense".into(), |m| format!("{m} x {m} sines")),
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
        let nuts = row("10", None, "nuts", 1.25, &found).unwrap();
        assert_eq!(nuts, "| 10 | dense | nuts | 7 | 1.2 | 2 | 300 | 1 |");
        let svi = row("10", Some(3), "svi", 1.25, &found).unwrap();
        assert_eq!(svi, "| 10 | 3 x 3 sines | svi | 7 | 1.2 | 2 |  | 1 |");
    }
}
