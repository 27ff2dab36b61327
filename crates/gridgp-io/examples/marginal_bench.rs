//! Time and memory of the log marginal likelihood with gradient, as the programs in `peers/` measure
//! theirs: a JSON description of the problem in (`peers/marginal/README.md` has the format), one JSON
//! line out. `cargo xtask bench` and `cargo xtask peers` run it.

use std::error::Error;
use std::f64::consts::PI;
use std::path::Path;
use std::time::Instant;

use faer::Mat;
use faer::linalg::matmul::matmul;
use gridgp_density::Marginal;
use gridgp_grid::{Axis, Dataset, Grid, Variable};
use gridgp_model::Model;
use gridgp_model::spec::{ModelSpec, Source};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let described: Value = serde_json::from_str(&std::env::args().nth(1).ok_or("no problem")?)?;
    let problem = Problem::new(&described)?;
    let data_memory = peak_memory()?;

    let started = Instant::now();
    let source = Source::new("problem.toml", problem.model_file);
    let model = Model::new(ModelSpec::from_toml(&source)?, &source, problem.data)?;
    let mut marginal = Marginal::new(&model)?;
    let mut evaluate = |log_theta: &[f64]| -> Result<(f64, Vec<f64>)> {
        let theta: Vec<f64> = log_theta.iter().map(|x| x.exp()).collect();
        let mut gradient = vec![0.0; theta.len()];
        let value = marginal.log_prob_vjp(&theta, &mut gradient)?.log_prob;
        gradient.iter_mut().zip(&theta).for_each(|(g, t)| *g *= t);
        Ok((value, gradient))
    };
    let theta = problem.log_parameters;
    let (value, gradient) = evaluate(&theta)?;
    let cold = started.elapsed().as_secs_f64();

    let at_least = setting("PEER_SECONDS", 2.0)?;
    let calls = setting("PEER_CALLS", 5.0)? as usize;
    let mut times: Vec<f64> = Vec::new();
    let started = Instant::now();
    while times.len() < calls || started.elapsed().as_secs_f64() < at_least {
        // Other parameters in each call, so that no result can be remembered.
        let call = times.len() + 1;
        let shifted: Vec<f64> =
            theta.iter().enumerate().map(|(i, t)| t + 1e-3 * ((call + i) as f64).sin()).collect();
        let before = Instant::now();
        evaluate(&shifted)?;
        times.push(before.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let peak_memory = peak_memory()?;
    let result = json!({
        "peer": "gridgp",
        "threads": rayon::current_num_threads(),
        "n": model.data.grid.shape(),
        "value": value,
        "gradient": gradient,
        "cold_seconds": cold,
        "warm_seconds": times[times.len() / 2],
        "warm_seconds_min": times[0],
        "warm_calls": times.len(),
        "data_memory_bytes": data_memory,
        "peak_memory_bytes": peak_memory,
        "gemm_gflops": gemm_gflops(),
    });
    println!("{result}");
    Ok(())
}

/// A problem in the terms of gridgp.
struct Problem {
    data: Dataset,
    model_file: String,
    /// Logs of the lengthscales in axis order, of the amplitude and of the noise.
    log_parameters: Vec<f64>,
}

impl Problem {
    fn new(described: &Value) -> Result<Self> {
        let axes = described["axes"].as_array().ok_or("no axes")?;
        let number = |v: &Value| v.as_f64().ok_or_else(|| format!("{v} is not a number"));
        let mut log_parameters = Vec::new();
        for axis in axes {
            log_parameters.push(number(&axis["lengthscale"])?.ln());
        }
        let noise = number(&described["noise"])?;
        log_parameters.extend([number(&described["amplitude"])?.ln(), noise.ln()]);

        let (names, head) = match described["file"].as_str() {
            None => {
                let names: Vec<String> = (0..axes.len()).map(|a| format!("x{a}")).collect();
                let head = format!("[data]\nresponse = 'y'\naxes = {names:?}\n");
                (names, head)
            }
            Some(file) => file_section(file, text(&described["variable"])?)?,
        };
        let mut parameters = String::new();
        let mut kernels = String::new();
        for (a, (axis, name)) in axes.iter().zip(&names).enumerate() {
            let kernel = text(&axis["kernel"])?;
            let key = if kernel == "cosine" { "period" } else { "lengthscale" };
            parameters += &format!("l{a} = 'log_normal(0, 1)'\n");
            kernels += &format!("{name} = '{kernel}({key} = l{a})'\n");
        }
        let model_file = format!(
            "{head}[parameters]\n{parameters}a = 'half_normal(1)'\ns = 'half_normal(1)'\n\
             [fields.f]\namplitude = 'a'\n{kernels}\
             [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\nscale = 's'\n"
        );
        let data = match described["file"].as_str() {
            None => generated(described, &names, noise)?,
            Some(file) => {
                let source = Source::new("problem.toml", model_file.as_str());
                gridgp_io::read(Path::new(file), &ModelSpec::from_toml(&source)?.data)?
            }
        };
        Ok(Self { data, model_file, log_parameters })
    }
}

fn text(v: &Value) -> Result<&str> {
    v.as_str().ok_or_else(|| format!("{v} is not text").into())
}

/// The axes of a variable in the order of the file, and the section `[data]` that reads it.
fn file_section(file: &str, variable: &str) -> Result<(Vec<String>, String)> {
    let summary = gridgp_io::summarize(Path::new(file), None)?;
    let dims = &summary.variables.iter().find(|v| v.name == variable).ok_or("no variable")?.dims;
    let names: Vec<String> = dims.iter().map(|(name, _)| name.clone()).collect();
    let mut head = format!("[data]\nresponse = '{variable}'\nstandardize = true\n");
    for name in &names {
        let is_time = summary
            .coordinates
            .iter()
            .any(|c| c.name == *name && c.units.as_ref().is_some_and(|u| u.contains(" since ")));
        let units = if is_time { ", units = 'days'" } else { "" };
        head += &format!("axes.{name} = {{ coordinates = '{name}'{units} }}\n");
    }
    Ok((names, head))
}

/// The data of `peers/problem.py`, to the rounding of sines and cosines.
fn generated(described: &Value, names: &[String], noise: f64) -> Result<Dataset> {
    let mut state = described["seed"].as_u64().ok_or("no seed")?;
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 * 2f64.powi(-53)
    };
    let mut axes = Vec::new();
    for (name, axis) in names.iter().zip(described["axes"].as_array().ok_or("no axes")?) {
        let n = axis["size"].as_u64().ok_or("an axis without size")? as usize;
        let x: Vec<f64> = match axis["spacing"].as_str().unwrap_or("even") {
            "even" => (0..n).map(|i| 10.0 * i as f64 / (n - 1) as f64).collect(),
            "uneven" => {
                let mut x = vec![0.0];
                for i in 1..n {
                    x.push(x[i - 1] + 0.5 + uniform());
                }
                let last = x[n - 1];
                x.iter().map(|v| 10.0 * v / last).collect()
            }
            other => return Err(format!("spacing {other:?} is neither even nor uneven").into()),
        };
        axes.push(Axis::numbers(name, x)?);
    }
    let mut mean = vec![(1.0, 0.0)];
    for (a, axis) in axes.iter().enumerate() {
        let x: Vec<f64> = axis.points().column(0).collect();
        let a = a as f64;
        mean = mean
            .iter()
            .flat_map(|&(p, s)| {
                x.iter()
                    .map(move |x| (p * (0.7 * (a + 1.0) * x + 0.3).sin(), s + (0.4 + 0.3 * a) * x))
            })
            .collect();
    }
    let y = mean
        .iter()
        .map(|(p, s)| p + 0.5 * s.cos() + noise * 12f64.sqrt() * (uniform() - 0.5))
        .collect();
    Ok(Dataset::new(Grid::new(axes)?, Variable::new("y", y), vec![])?)
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

/// The best rate of a 1500 x 1500 product, with all threads.
fn gemm_gflops() -> f64 {
    let n = 1500;
    let a = Mat::from_fn(n, n, |i, j| ((i + 2 * j) as f64 * PI).sin());
    let mut out = Mat::zeros(n, n);
    let par = faer::Par::rayon(0);
    let seconds = (0..5)
        .map(|_| {
            let started = Instant::now();
            matmul(&mut out, faer::Accum::Replace, &a, &a, 1.0, par);
            started.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    2e-9 * (n as f64).powi(3) / seconds
}
