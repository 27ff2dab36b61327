//! `cargo xtask calibration`: whether posteriors hold what they promise, over many simulated data.
//!
//! The truth has a uniform rank among the draws if sampling is right. A χ² test of the counts in
//! [`BINS`] bins says how surprising the ranks of a quantity are. There are some 75 quantities: below
//! [`ALERT`] a few will fall by chance and deserve a look, with another seed; below [`FAIL`] none
//! should in a thousand such jobs.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::program::{build, output, program};

const MODELS: [&str; 10] = [
    "gaussian_marginal",
    "gaussian_joint",
    "poisson",
    "bernoulli",
    "negative_binomial",
    "gev",
    "poisson_laplace",
    "bernoulli_laplace",
    "negative_binomial_laplace",
    "gev_laplace",
];
/// Odd, for an even number of degrees of freedom.
const BINS: usize = 21;
const ALERT: f64 = 1e-2;
const FAIL: f64 = 1e-5;
/// Asks for other simulations than those of every run.
const SEED: &str = "CALIBRATION_SEED";

pub fn run(count: &str) -> Result<()> {
    let replications: usize = count.parse().with_context(|| format!("{count} is no number"))?;
    ensure!(replications >= 5 * BINS, "{count} replications are too few, give {}", 5 * BINS);
    let seed = std::env::var(SEED).unwrap_or_else(|_| "1".into());
    let example = build(&["--release", "--workspace", "--example", "calibration"])?;
    println!("| model | quantity | chi² ({} dof) | p | least ESS | |", BINS - 1);
    println!("|---|---|---|---|---|---|");
    let (mut alerts, mut failures) = (0, 0);
    for model in MODELS {
        let found = output(&mut program(&example, &[model, count, &seed]))?;
        let found: Value = serde_json::from_str(&found)?;
        let draws = found["draws"].as_u64().context("no draws")? as usize;
        for q in found["quantities"].as_array().context("no quantities")? {
            let ranks = q["ranks"].as_array().context("no ranks")?;
            let ranks: Vec<usize> =
                ranks.iter().filter_map(Value::as_u64).map(|r| r as usize).collect();
            ensure!(ranks.len() == replications, "ranks are missing");
            let statistic = chi_square(&ranks, draws);
            let p = upper_tail(statistic, BINS - 1);
            let verdict = if p < FAIL {
                failures += 1;
                "FAIL"
            } else if p < ALERT {
                alerts += 1;
                "alert"
            } else {
                "ok"
            };
            println!(
                "| {model} | {} | {statistic:.1} | {p:.4} | {:.0} | {verdict} |",
                q["name"].as_str().context("no name")?,
                q["min_ess"].as_f64().unwrap_or(f64::NAN)
            );
        }
        println!(
            "| {model} | divergences | {} of {} draws | | | |",
            found["divergences"], found["all_draws"]
        );
    }
    println!("\n{alerts} alerts (p < {ALERT}), {failures} failures (p < {FAIL})");
    ensure!(failures == 0, "{failures} quantities are not calibrated");
    Ok(())
}

/// Σ (count − expected)²/expected over bins of the ranks 0 … `draws`.
fn chi_square(ranks: &[usize], draws: usize) -> f64 {
    let mut counts = [0.0; BINS];
    ranks.iter().for_each(|r| counts[r * BINS / (draws + 1)] += 1.0);
    let expected = ranks.len() as f64 / BINS as f64;
    counts.iter().map(|c: &f64| (c - expected).powi(2) / expected).sum()
}

/// P(χ² > x) with an even number of degrees of freedom k: e^(−x/2) Σ (x/2)ⁱ/i! over i < k/2.
fn upper_tail(x: f64, freedom: usize) -> f64 {
    assert!(freedom.is_multiple_of(2), "the sum ends for an even number only");
    let (mut term, mut sum) = (1.0, 1.0);
    for i in 1..freedom / 2 {
        term *= 0.5 * x / i as f64;
        sum += term;
    }
    (-0.5 * x).exp() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_tables() {
        // The 95 %, 99 % and 99.9 % points of 20 degrees of freedom, and the median.
        for (x, p) in [(31.410, 0.05), (37.566, 0.01), (45.315, 0.001), (19.337, 0.5)] {
            let found = upper_tail(x, 20);
            assert!((found / p - 1.0).abs() < 1e-3, "{x}: {found} {p}");
        }
        assert!(upper_tail(80.0, 20) < FAIL && upper_tail(0.1, 20) > 0.999);
    }

    #[test]
    fn ranks_that_are_not_uniform_are_found() {
        let even: Vec<usize> = (0..420).map(|i| i % 105).collect();
        assert_eq!(chi_square(&even, 104), 0.0);
        // Posteriors that are a fifth too narrow push ranks to both ends.
        let narrow: Vec<usize> = (0..420)
            .map(|i| {
                let u = (f64::from(i) + 0.5) / 420.0;
                let wide = 0.5 + 1.25 * (u - 0.5);
                (wide.clamp(0.0, 0.999) * 105.0) as usize
            })
            .collect();
        assert!(upper_tail(chi_square(&narrow, 104), BINS - 1) < FAIL);
    }
}
