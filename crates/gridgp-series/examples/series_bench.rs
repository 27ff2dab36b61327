//! Time and memory of one value with its gradient, as the programs in `peers/series` measure theirs: a
//! JSON description in (`peers/series/README.md` has the format), one JSON line out.
//! `cargo xtask peers series` runs it.

use std::error::Error;
use std::time::Instant;

use gridgp_kernel::{Block, Factor};
use gridgp_series::{Loadings, Observations, Process, log_prob_gradient};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let described: Value = serde_json::from_str(&std::env::args().nth(1).ok_or("no problem")?)?;
    let n = described["n"].as_u64().ok_or("no n")? as usize;
    let model = described["model"].as_str().ok_or("no model")?;
    let factors: fn(&[f64]) -> Vec<Factor> = match model {
        "matern12" => |p| vec![Factor::Matern { order: 1, rate: p[1] }],
        "matern32" => |p| vec![Factor::Matern { order: 2, rate: p[1] }],
        "quasi" => {
            |p| vec![Factor::Matern { order: 1, rate: p[1] }, Factor::Rotation { rate: p[3] }]
        }
        other => return Err(format!("no model {other:?}").into()),
    };
    let times: Vec<f64> = (0..n).map(|k| k as f64).collect();
    let y: Vec<f64> = times.iter().map(|t| (0.1 * t).sin() + 0.3 * (12.9898 * t).sin()).collect();
    let starts: Vec<usize> = (0..=n).collect();
    let mut theta: Vec<f64> = [1.0f64, 0.1, 0.1].iter().map(|p| p.ln()).collect();
    if model == "quasi" {
        theta.push(0.5f64.ln());
    }
    let value_and_gradient = |theta: &[f64]| -> Result<(f64, Vec<f64>)> {
        let p: Vec<f64> = theta.iter().map(|t| t.exp()).collect();
        let gains = [p[0].sqrt()];
        let process = Process::new(vec![Block::new(gains[0], factors(&p))]);
        let variances = vec![p[2]; n];
        let observations = Observations {
            times: &times,
            starts: &starts,
            variances: &variances,
            loadings: Loadings::gains(&gains),
        };
        let found = log_prob_gradient(&process, &observations, &y)?;
        let noise: f64 = found.variances.iter().sum();
        let mut gradient =
            vec![0.5 * found.gains[0] * gains[0], found.rates[0] * p[1], noise * p[2]];
        gradient.extend(found.rates.get(1).map(|r| r * p[3]));
        Ok((found.log_prob, gradient))
    };
    let before = peak_memory()?;
    let started = Instant::now();
    let (value, gradient) = value_and_gradient(&theta)?;
    let cold = started.elapsed().as_secs_f64();
    let at_least = setting("PEER_SECONDS", 2.0)?;
    let calls = setting("PEER_CALLS", 5.0)? as usize;
    let mut seconds: Vec<f64> = Vec::new();
    while seconds.len() < calls || seconds.iter().sum::<f64>() < at_least {
        // Other parameters in each call, so that no result can be remembered.
        let call = seconds.len() + 1;
        let shifted: Vec<f64> =
            theta.iter().enumerate().map(|(i, t)| t + 1e-3 * ((call + i) as f64).sin()).collect();
        let before = Instant::now();
        value_and_gradient(&shifted)?;
        seconds.push(before.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    println!(
        "{}",
        json!({
            "peer": "gridgp",
            "threads": 1,
            "model": model,
            "n": n,
            "value": value,
            "gradient": gradient,
            "cold_seconds": cold,
            "warm_seconds": seconds[seconds.len() / 2],
            "warm_seconds_min": seconds[0],
            "warm_calls": seconds.len(),
            "data_memory_bytes": before,
            "peak_memory_bytes": peak_memory()?,
        })
    );
    Ok(())
}

fn setting(name: &str, otherwise: f64) -> Result<f64> {
    std::env::var(name).map_or(Ok(otherwise), |text| Ok(text.parse()?))
}

/// Largest resident set of this process so far, in bytes.
fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    let kib: u64 = line.split_whitespace().nth(1).ok_or("no number in VmHWM")?.parse()?;
    Ok(kib * 1024)
}
