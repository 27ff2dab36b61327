//! Simulates a grid with missing cells, and times the marginal likelihood with its gradient at the truth, as
//! `peers/masked` does beside it: a JSON description in (`peers/masked/README.md` has the format), a table
//! written, one JSON line out. `cargo xtask peers masked` runs it.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use gridgp_density::Marginal;
use gridgp_model::Model;
use gridgp_model::spec::{ModelSpec, Source};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// η, the lengthscales, σ.
const TRUTH: [f64; 4] = [1.0, 1.0, 1.5, 0.3];
/// The step of both axes.
const STEP: f64 = 0.1;

fn main() -> Result<()> {
    let described: Value = serde_json::from_str(&std::env::args().nth(1).ok_or("no problem")?)?;
    let size = |i: usize| described["n"][i].as_u64().ok_or("no n").map(|n| n as usize);
    let n = [size(0)?, size(1)?];
    let missing = described["missing"].as_f64().ok_or("no missing")?;
    let text = |key: &str| described[key].as_str().ok_or_else(|| format!("no {key}"));
    let (table, model) = (text("table")?, text("model")?);
    std::fs::write(table, simulated(n, missing)?)?;

    let source = Source::new(model, std::fs::read_to_string(model)?);
    let spec = ModelSpec::from_toml(&source)?;
    let data = gridgp_io::read(Path::new(table), &spec.data)?;
    let model = Model::new(spec, &source, data)?;
    let mut marginal = Marginal::new(&model)?;
    let mut evaluate = |theta: &[f64]| marginal.log_prob_vjp(theta, &mut vec![0.0; theta.len()]);
    let value = evaluate(&TRUTH)?;
    let at_least: f64 = setting("PEER_SECONDS", 2.0)?;
    let calls = setting("PEER_CALLS", 5.0)? as usize;
    let mut seconds: Vec<f64> = Vec::new();
    while seconds.len() < calls || seconds.iter().sum::<f64>() < at_least {
        // Other parameters in each call, so that no result can be remembered.
        let call = seconds.len() + 1;
        let shift = |(i, t): (usize, &f64)| t * (1e-3 * ((call + i) as f64).sin()).exp();
        let theta: Vec<f64> = TRUTH.iter().enumerate().map(shift).collect();
        let before = Instant::now();
        evaluate(&theta)?;
        seconds.push(before.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let result = json!({
        "peer": "gridgp",
        "value": value.log_prob,
        "standard_error": value.standard_error,
        "truth": TRUTH,
        "warm_seconds": seconds[seconds.len() / 2],
        "algebra": marginal.plan().detail,
    });
    println!("{result}");
    Ok(())
}

/// A table of η matern52(x; lx) matern52(t; lt) plus noise, missing cells left out.
fn simulated(n: [usize; 2], missing: f64) -> Result<String> {
    let [eta, lx, lt, noise] = TRUTH;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut normal = |count: usize| -> Vec<f64> {
        (0..count).map(|_| StandardNormal.sample(&mut rng)).collect()
    };
    let (white, errors) = (normal(n[0] * n[1]), normal(n[0] * n[1]));
    let (x, t) = (root(n[0], lx), root(n[1], lt));
    let mut half = vec![0.0; white.len()];
    for i in 0..n[0] {
        for k in 0..=i {
            for j in 0..n[1] {
                half[i * n[1] + j] += x[i * n[0] + k] * white[k * n[1] + j];
            }
        }
    }
    let mut text = String::from("x,t,y\n");
    for i in 0..n[0] {
        for j in 0..n[1] {
            let f: f64 = (0..=j).map(|k| t[j * n[1] + k] * half[i * n[1] + k]).sum();
            if rng.random::<f64>() >= missing {
                let y = eta * f + noise * errors[i * n[1] + j];
                writeln!(text, "{},{},{y}", STEP * i as f64, STEP * j as f64)?;
            }
        }
    }
    Ok(text)
}

/// The Cholesky factor of a Matérn 5/2 correlation, with 1e-9 on its diagonal.
fn root(n: usize, lengthscale: f64) -> Vec<f64> {
    let correlation = |i: usize, j: usize| {
        let r = 5.0_f64.sqrt() * STEP * i.abs_diff(j) as f64 / lengthscale;
        (1.0 + r + r * r / 3.0) * (-r).exp() + if i == j { 1e-9 } else { 0.0 }
    };
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let rest: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let v = correlation(i, j) - rest;
            l[i * n + j] = if i == j { v.sqrt() } else { v / l[j * n + j] };
        }
    }
    l
}

fn setting(name: &str, default: f64) -> Result<f64> {
    Ok(std::env::var(name).map_or(Ok(default), |v| v.parse())?)
}
