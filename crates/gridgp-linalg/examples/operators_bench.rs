//! Time and memory of structured operators, as the programs in `peers/operators` measure theirs: a
//! JSON description in (`peers/operators/README.md` has the format), one JSON line out.
//! `cargo xtask peers operators` runs it.

use std::error::Error;
use std::time::Instant;

use faer::{Mat, MatRef};
use gridgp_linalg::{
    Dense, Factorize, Kronecker, LinearOperator, LogDet, Solve, SumKronecker, Toeplitz,
    settle_registers,
};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let described: Value = serde_json::from_str(&std::env::args().nth(1).ok_or("no problem")?)?;
    let operation = Operation::named(described["operation"].as_str().ok_or("no operation")?)?;
    let n = described["n"].as_u64().ok_or("no n")? as usize;
    let mut lcg = Lcg(described["seed"].as_u64().ok_or("no seed")?);
    let matrices = operation.matrices(n, &mut lcg);
    let rows = if operation == Operation::ToeplitzMatvec { n } else { n * n };
    let v: Vec<f64> = (0..rows).map(|_| lcg.uniform() - 0.5).collect();
    let v = MatRef::from_column_major_slice(&v, rows, 1);

    let given = matrices.clone();
    let started = Instant::now();
    let result = operation.run(given, v)?;
    let cold = started.elapsed().as_secs_f64();
    let result = result.col_as_slice(0);
    settle_registers();
    let value: f64 = result.iter().enumerate().map(|(i, r)| (i as f64).cos() * r).sum();
    let norm = result.iter().map(|r| r * r).sum::<f64>().sqrt();

    let at_least = setting("PEER_SECONDS", 2.0)?;
    let calls = setting("PEER_CALLS", 5.0)? as usize;
    let mut times: Vec<f64> = Vec::new();
    while times.len() < calls || times.iter().sum::<f64>() < at_least {
        // Other matrices in each call, so that no result can be remembered; made outside the clock.
        let call = times.len() + 1;
        let factor = |i: usize| 1.0 + 1e-3 * ((call + i) as f64).sin();
        let shifted =
            matrices.iter().enumerate().map(|(i, m)| faer::Scale(factor(i)) * m).collect();
        let before = Instant::now();
        operation.run(shifted, v)?;
        times.push(before.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let result = json!({
        "peer": "gridgp",
        "threads": rayon::current_num_threads(),
        "operation": described["operation"],
        "n": n,
        "value": value,
        "norm": norm,
        "cold_seconds": cold,
        "warm_seconds": times[times.len() / 2],
        "warm_seconds_min": times[0],
        "warm_calls": times.len(),
        "peak_memory_bytes": peak_memory()?,
    });
    println!("{result}");
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Operation {
    KroneckerSolve,
    KroneckerLogDet,
    KroneckerMatvec,
    SumSolve,
    ToeplitzMatvec,
}

impl Operation {
    fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "kronecker_solve" => Self::KroneckerSolve,
            "kronecker_log_det" => Self::KroneckerLogDet,
            "kronecker_matvec" => Self::KroneckerMatvec,
            "sum_solve" => Self::SumSolve,
            "toeplitz_matvec" => Self::ToeplitzMatvec,
            _ => return Err(format!("unknown operation {name:?}").into()),
        })
    }

    /// The factors in the order A, B or A₁, B₁, A₂, B₂, or one Toeplitz column.
    fn matrices(self, n: usize, lcg: &mut Lcg) -> Vec<Mat<f64>> {
        let lengthscales: &[f64] = match self {
            Self::ToeplitzMatvec => {
                let decay = |k: usize, _| (-10.0 * k as f64 / n as f64).exp();
                let mut column = Mat::from_fn(n, 1, decay);
                column[(0, 0)] += 0.1;
                return vec![column];
            }
            Self::SumSolve => &[1.0, 2.0, 0.5, 3.0],
            _ => &[1.0, 2.0],
        };
        lengthscales.iter().map(|&l| factor(n, l, lcg)).collect()
    }

    /// From given matrices to the result: what is factorized counts.
    fn run(self, matrices: Vec<Mat<f64>>, v: MatRef<'_, f64>) -> Result<Mat<f64>> {
        Ok(match self {
            Self::KroneckerSolve => kronecker(matrices).factorize()?.solve(v)?,
            Self::KroneckerLogDet => {
                Mat::full(1, 1, kronecker(matrices).factorize()?.log_det()?.log_abs)
            }
            Self::KroneckerMatvec => kronecker(matrices).apply(v),
            Self::SumSolve => {
                let mut first = matrices;
                let second = first.split_off(2);
                let terms = vec![kronecker(first), kronecker(second)];
                SumKronecker::new(terms)?.factorize()?.solve(v)?
            }
            Self::ToeplitzMatvec => Toeplitz::new(matrices[0].col_as_slice(0).to_vec()).apply(v),
        })
    }
}

fn kronecker(matrices: Vec<Mat<f64>>) -> Kronecker<Dense> {
    Kronecker::new(matrices.into_iter().map(Dense::new).collect())
}

/// An exponential kernel on uneven points from 0 to 10, plus 0.1 on the diagonal.
fn factor(n: usize, lengthscale: f64, lcg: &mut Lcg) -> Mat<f64> {
    let mut x = vec![0.0];
    for i in 1..n {
        x.push(x[i - 1] + 0.5 + lcg.uniform());
    }
    let last = x[n - 1];
    x.iter_mut().for_each(|x| *x *= 10.0 / last);
    Mat::from_fn(n, n, |i, j| {
        let nugget = if i == j { 0.1 } else { 0.0 };
        (-(x[i] - x[j]).abs() / lengthscale).exp() + nugget
    })
}

/// The generator of `peers/problem.py`.
struct Lcg(u64);

impl Lcg {
    /// The next draw from [0, 1).
    fn uniform(&mut self) -> f64 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 * 2f64.powi(-53)
    }
}

/// A number from the environment.
fn setting(name: &str, default: f64) -> Result<f64> {
    Ok(std::env::var(name).map_or(Ok(default), |v| v.parse())?)
}

/// Largest resident set of this process so far, in bytes.
fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    let kib: u64 = line.split_whitespace().nth(1).ok_or("no number in VmHWM")?.parse()?;
    Ok(kib * 1024)
}
