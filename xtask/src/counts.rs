//! `cargo xtask counts [N]`: time and memory of NUTS on N × N counts (100), 4 chains of 1000 draws;
//! `--days N` on N counts (20,000) along one axis, 2 chains of 500 draws.

use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bench::THREADS;
use crate::program::{build, output, program};

const MODEL: &str = r#"
[data]
file = "counts.csv"
response = "y"
axes = ["a", "b"]

[parameters]
mu = "normal(0, 2)"

[fields.f]
amplitude = "half_normal(1)"
a = "matern32(lengthscale ~ log_normal(log(20), 0.7))"
b = "matern32(lengthscale ~ log_normal(log(20), 0.7))"

[likelihood]
family = "poisson"
rate = "exp(mu + f)"

[inference]
method = "nuts"
chains = 4
tune = 1000
draws = 1000
"#;

const DAYS: &str = r#"
[data]
file = "counts.csv"
response = "y"
axes = ["day"]

[parameters]
mu = "normal(0, 2)"

[fields.f]
amplitude = "half_normal(1)"
day = "matern32(lengthscale ~ log_normal(log(50), 0.7))"

[likelihood]
family = "poisson"
rate = "exp(mu + f)"

[inference]
method = "nuts"
chains = 2
tune = 500
draws = 500
"#;

pub fn run(n: usize) -> Result<()> {
    measure(&format!("{n} x {n}"), MODEL, &table(n), None)
}

/// Counts of `n` days on one axis, and the time of a forecast of a year.
pub fn days(n: usize) -> Result<()> {
    let last = n as f64;
    let at = format!("day={last}:{}:365", last + 364.0);
    measure(&format!("{n} days"), DAYS, &days_table(n), Some(&at))
}

fn measure(name: &str, model: &str, table: &str, forecast: Option<&str>) -> Result<()> {
    let gridgp = build(&["--release", "--workspace", "--bin", "gridgp"])?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (toml, fit) = (file("model.toml"), file("fit.nc"));
    fs::write(file("counts.csv"), table)?;
    fs::write(&toml, model)?;
    let started = Instant::now();
    let arguments = ["fit", &toml, "-o", &fit, "--quiet", "--threads", THREADS];
    output(&mut program(&gridgp, &arguments))?;
    let seconds = started.elapsed().as_secs_f64();
    let found: Value =
        serde_json::from_str(&output(&mut program(&gridgp, &["summary", &fit, "--json"]))?)?;
    println!(
        "| counts | chains x draws | evaluations | seconds in all | peak MiB | min ESS of parameters | largest R-hat | divergences |\n|---|---|---|---|---|---|---|---|"
    );
    let parameters = found["parameters"].as_object().context("no parameters")?;
    let of = |key: &'static str| parameters.values().filter_map(move |p| p[key].as_f64());
    println!(
        "| {name} | {} x {} | {} | {seconds:.1} | {:.0} | {:.0} | {:.3} | {} |",
        found["chains"],
        found["draws"],
        found["evaluations"],
        found["peak_memory_bytes"].as_f64().context("no memory")? / f64::from(1 << 20),
        of("ess_bulk").reduce(f64::min).context("no ess_bulk")?,
        of("r_hat").reduce(f64::max).context("no r_hat")?,
        found["divergences"],
    );
    if let Some(at) = forecast {
        let started = Instant::now();
        output(&mut program(
            &gridgp,
            &["predict", &fit, "--at", at, "-o", &file("p.nc"), "--quiet"],
        ))?;
        println!("forecast {at}: {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Counts of days with a season, a slow course and a rate between 0.6 and 14, as a table.
fn days_table(n: usize) -> String {
    let mut text = String::from("day,y\n");
    let mut uniform = uniforms();
    for day in 0..n {
        let t = day as f64;
        let season = 0.8 * (std::f64::consts::TAU * t / 365.25).sin();
        let height = season + 0.5 * (t / 37.0).sin() + 0.3 * (t / 900.0).cos();
        writeln!(text, "{day},{}", count((1.0 + height).exp(), uniform()))
            .expect("a string takes all");
    }
    text
}

/// SplitMix64.
pub fn uniforms() -> impl FnMut() -> f64 {
    let mut state = 1_u64;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The count at which the cumulative probability passes a uniform number.
pub fn count(rate: f64, u: f64) -> u32 {
    let (mut count, mut p) = (0, (-rate).exp());
    let mut below = p;
    while below < u && count < 1000 {
        count += 1;
        p *= rate / f64::from(count);
        below += p;
    }
    count
}

/// Counts with a smooth rate between 0.5 and 15, as a table.
fn table(n: usize) -> String {
    let mut text = String::from("a,b,y\n");
    let mut uniform = uniforms();
    for i in 0..n {
        for j in 0..n {
            let (a, b) = (i as f64, j as f64);
            let height = (a / 15.0).sin() * (b / 11.0).cos() + 0.7 * ((a + 2.0 * b) / 37.0).sin();
            let count = count((1.0 + height).exp(), uniform());
            writeln!(text, "{i},{j},{count}").expect("a string takes all");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_the_mean_of_their_rate() {
        let text = table(60);
        let counts: Vec<f64> = text
            .lines()
            .skip(1)
            .map(|line| line.rsplit(',').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(counts.len(), 3600);
        let mean = counts.iter().sum::<f64>() / 3600.0;
        assert!((2.0..6.0).contains(&mean), "{mean}");
        assert_eq!(text, table(60));
        let days = days_table(4000);
        let sum: f64 = days
            .lines()
            .skip(1)
            .map(|l| l.rsplit(',').next().unwrap().parse::<f64>().unwrap())
            .sum();
        assert!((2.0..6.0).contains(&(sum / 4000.0)), "{}", sum / 4000.0);
    }
}
