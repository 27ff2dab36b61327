//! `cargo xtask bench`: time and memory of the log marginal likelihood with gradient.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::program::{build, output, program};
use crate::shared;

/// Threads for everything that is measured.
pub const THREADS: &str = "2";

pub fn run(text: &str) -> Result<()> {
    let gridgp = gridgp()?;
    println!("{HEADER}");
    for (name, problem) in problems(text) {
        let mut command = program(&gridgp, &[&problem.to_string()]);
        let measured = output(command.env("RAYON_NUM_THREADS", THREADS))?;
        println!("{}", row(&name, &serde_json::from_str(&measured)?, None)?);
    }
    Ok(())
}

/// The program that measures gridgp.
pub fn gridgp() -> Result<PathBuf> {
    build(&["--release", "--workspace", "--example", "marginal_bench"])
}

/// The problems whose name has this text, in the format of `peers/marginal/README.md`.
pub fn problems(text: &str) -> Vec<(String, Value)> {
    let oblong = |n: usize, m: usize, spacing: &str, kernel: &str| {
        let axis = |size: usize, lengthscale: f64| json!({"size": size, "spacing": spacing, "kernel": kernel, "lengthscale": lengthscale});
        let problem = json!({"axes": [axis(n, 1.0), axis(m, 1.5)], "amplitude": 1.0, "noise": 0.1, "seed": 1});
        (format!("{kernel} {spacing} {n} x {m}"), problem)
    };
    let grid = |n: usize, spacing: &str, kernel: &str| oblong(n, n, spacing, kernel);
    let mut problems = Vec::new();
    for n in [50, 200, 500, 1000] {
        for kernel in ["matern52", "squared_exponential"] {
            problems.extend(["even", "uneven"].map(|spacing| grid(n, spacing, kernel)));
        }
    }
    problems.push(grid(50, "even", "cosine"));
    // One long axis: by Cholesky factors where the other has few points.
    problems.extend([4, 10].map(|m| oblong(1000, m, "uneven", "matern52")));
    let era5 = era5_file();
    if era5.exists() {
        let axis = |lengthscale: f64| json!({"kernel": "matern32", "lengthscale": lengthscale});
        problems.push((
            "era5".into(),
            json!({
                "file": era5, "variable": "t2m", "axes": [axis(1.0), axis(2.0), axis(2.0)],
                "amplitude": 1.0, "noise": 0.1
            }),
        ));
    } else {
        eprintln!("SKIPPED: era5, because {} is not there", era5.display());
    }
    problems.retain(|(name, _)| name.contains(text));
    problems
}

/// The ERA5 data, which not everybody has.
pub fn era5_file() -> PathBuf {
    let path = shared().join("data/era5_uk_t2m_2019_03.nc");
    path.canonicalize().unwrap_or(path)
}

pub const HEADER: &str = "\
| problem | program | log marginal likelihood | gradient error | cold s | warm s (min) | peak MiB | GFLOP/s, share of GEMM | warm, gridgp = 1 |
|---|---|---|---|---|---|---|---|---|";

/// A row of the table; errors and ratios are against `gridgp`, if this is not gridgp itself.
///
/// The share of the machine's GEMM rate counts the operations of the plain algorithm, whatever a
/// program saves: for an axis of n points in N cells 14/3 n³ for the eigendecomposition, 2Nn for
/// the rotation, Nn and 3n³ for the adjoint. It is absent where a program measures no GEMM rate.
pub fn row(name: &str, measured: &Value, gridgp: Option<&Value>) -> Result<String> {
    let number = |key: &str| measured[key].as_f64().with_context(|| format!("no {key:?}"));
    let warm = number("warm_seconds")?;
    let sizes: Vec<f64> =
        measured["n"].as_array().context("no sizes")?.iter().filter_map(Value::as_f64).collect();
    let cells: f64 = sizes.iter().product();
    let flops: f64 = sizes.iter().map(|n| 23.0 / 3.0 * n.powi(3) + 3.0 * cells * n).sum();
    let rate = 1e-9 * flops / warm;
    let share = measured["gemm_gflops"]
        .as_f64()
        .map(|gemm| format!("{rate:.1}, {:.0} %", 100.0 * rate / gemm))
        .unwrap_or_else(|| format!("{rate:.1}"));
    let (error, ratio) = match gridgp {
        None => (String::new(), "1".into()),
        Some(gridgp) => (
            format!("{:.1e}", gradient_error(&measured["gradient"], &gridgp["gradient"])),
            format!("{:.1}", warm / gridgp["warm_seconds"].as_f64().context("no time")?),
        ),
    };
    Ok(format!(
        "| {name} | {} | {:.8} | {error} | {:.4} | {warm:.4} ({:.4}) | {:.0} | {share} | {ratio} |",
        measured["peer"].as_str().context("no name")?,
        number("value")?,
        number("cold_seconds")?,
        number("warm_seconds_min")?,
        number("peak_memory_bytes")? / f64::from(1 << 20),
    ))
}

/// The largest relative difference, where entries far below the largest count as that far below.
fn gradient_error(found: &Value, wanted: &Value) -> f64 {
    let numbers = |v: &Value| -> Vec<f64> {
        v.as_array().into_iter().flatten().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
    };
    let (found, wanted) = (numbers(found), numbers(wanted));
    let scale = wanted.iter().fold(0.0, |m: f64, w| m.max(w.abs()));
    let error = |(f, w): (&f64, &f64)| (f - w).abs() / w.abs().max(1e-6 * scale);
    let errors: Vec<f64> = found.iter().zip(&wanted).map(error).collect();
    // `max` would drop NaN.
    if errors.iter().any(|e| e.is_nan()) {
        f64::NAN
    } else {
        errors.into_iter().fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_relative_and_keep_nan() {
        let wanted = json!([1.0, -2.0, 0.0]);
        assert!((gradient_error(&json!([1.0, -2.2, 0.0]), &wanted) - 0.1).abs() < 1e-12);
        assert!((gradient_error(&json!([1.0, -2.0, 2e-6]), &wanted) - 1.0).abs() < 1e-12);
        assert!(gradient_error(&json!([null, -2.0, 0.0]), &wanted).is_nan());
        assert!(gradient_error(&json!([3.0, null, 5.0]), &wanted).is_nan());
    }
}
