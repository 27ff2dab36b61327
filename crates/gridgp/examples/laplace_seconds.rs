//! How long the nested Laplace approximation of counts on a large grid takes, and how right it is.
//!
//! `cargo run --release --example laplace_seconds -- 100 300` simulates Poisson counts whose log rate is a
//! Matérn ½ field on n × n cells, 40 % of them missing in scattered cells and in blocks, for each n: seconds
//! and peak memory of the fit, the root mean square error of the log rate over all cells, and which share of
//! them lies within the 90 % intervals. A method after the sizes, `bernoulli`, takes yes and no in place of
//! counts; `draws=100` more draws.

use std::ops::ControlFlow;
use std::time::Instant;

use gridgp::density::Joint;
use gridgp::grid::{Axis, Dataset, Grid, Variable};
use gridgp::infer::{ApproximateProgress, approximate};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};

/// Lengthscales in cells, the standard deviation and the mean of the log rate.
const LENGTHS: [f64; 2] = [15.0, 25.0];
const SD: f64 = 0.9;
const MEAN: f64 = 0.5;

/// One draw of the field: first-order autoregressions along both axes.
fn field(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut f: Vec<f64> = (0..n * n).map(|_| StandardNormal.sample(rng)).collect();
    for (axis, length) in LENGTHS.into_iter().enumerate() {
        let keep = (-1.0 / length).exp();
        let fresh = (1.0 - keep * keep).sqrt();
        let stride = if axis == 0 { n } else { 1 };
        for line in 0..n {
            let first = if axis == 0 { line } else { line * n };
            for i in 1..n {
                let at = first + i * stride;
                f[at] = keep * f[at - stride] + fresh * f[at];
            }
        }
    }
    f.iter().map(|v| MEAN + SD * v).collect()
}

/// A quarter of the cells scattered, and blocks, 40 % together.
fn missing(n: usize, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut missing: Vec<bool> = (0..n * n).map(|_| rng.random::<f64>() < 0.25).collect();
    let side = (n / 10).max(2);
    while missing.iter().filter(|m| **m).count() * 5 < n * n * 2 {
        let (i, j) = (rng.random_range(0..n - side), rng.random_range(0..n - side));
        for a in i..i + side {
            missing[a * n + j..a * n + j + side].fill(true);
        }
    }
    missing
}

fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e6
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_binary = arguments.iter().any(|a| a == "bernoulli");
    let draws = arguments.iter().find_map(|a| a.strip_prefix("draws="));
    let draws: usize = draws.map_or(Ok(64), str::parse)?;
    for n in arguments.iter().filter_map(|a| a.parse::<usize>().ok()) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let truth = field(n, &mut rng);
        let gaps = missing(n, &mut rng);
        let response = truth.iter().zip(&gaps).map(|(eta, gap)| {
            let y = if is_binary {
                f64::from(rng.random::<f64>() < 1.0 / (1.0 + (-eta).exp()))
            } else {
                Poisson::new(eta.exp()).expect("a rate").sample(&mut rng)
            };
            if *gap { f64::NAN } else { y }
        });
        let response = Variable::with_nan_as_missing("y", response.collect());
        let axis = |name: &str| Axis::numbers(name, (0..n).map(|i| i as f64).collect());
        let data = Dataset::new(Grid::new(vec![axis("a")?, axis("b")?])?, response, vec![])?;
        let equation = if is_binary {
            "family = 'bernoulli'\nprobability = 'logistic(mu + f)'"
        } else {
            "family = 'poisson'\nrate = 'exp(mu + f)'"
        };
        let text = format!(
            "[data]\nresponse = 'y'\naxes = ['a', 'b']\n[parameters]\nmu = 'normal(0, 2)'\n[fields.f]\n\
             amplitude = 'half_normal(2)'\na = 'matern12(lengthscale ~ log_normal(3, 1))'\n\
             b = 'matern12(lengthscale ~ log_normal(3, 1))'\n[likelihood]\n{equation}\n[inference]\n\
             method = 'laplace'\nstarts = 2\ndraws = {draws}\n"
        );
        let source = Source::new("model.toml", text);
        let model = Model::new(ModelSpec::from_toml(&source)?, &source, data)?;

        let begin = Instant::now();
        let step = |p: &ApproximateProgress| {
            if std::env::var("STEPS").is_ok() {
                eprintln!("{:8.1} s: {p:?}", begin.elapsed().as_secs_f64());
            }
            ControlFlow::Continue(())
        };
        let (samples, found) = approximate(&model, &step)?;
        let seconds = begin.elapsed().as_secs_f64();
        let memory = peak_memory();

        let mut joint = Joint::new(&model)?;
        let (mut sum, mut squares) = (vec![0.0; n * n], vec![0.0; n * n]);
        for i in 0..samples.len() {
            let (theta, fields) = joint.fields_at(samples.at(i))?;
            for ((s, q), f) in sum.iter_mut().zip(&mut squares).zip(fields[0]) {
                let eta = theta[0] + f;
                (*s, *q) = (*s + eta, *q + eta * eta);
            }
        }
        let count = samples.len() as f64;
        let (mut error, mut inside) = (0.0, 0.0);
        for ((s, q), truth) in sum.iter().zip(&squares).zip(&truth) {
            let mean = s / count;
            let sd = ((q / count - mean * mean) * count / (count - 1.0)).sqrt();
            error += (mean - truth).powi(2);
            inside += f64::from((mean - truth).abs() < 1.645 * sd);
        }
        let cells = (n * n) as f64;
        let nested = found.nested.as_ref().expect("fields are integrated out");
        println!(
            "{n} x {n}: {seconds:.1} s, {memory:.2} GB, rmse {:.4}, coverage {:.3}; Pareto k {:.2}, {} \
             evaluations, {} points, {} Newton iterations at them, plan {:.2} s an evaluation",
            (error / cells).sqrt(),
            inside / cells,
            found.pareto_k.k,
            found.evaluations,
            nested.points,
            nested.newton_iterations,
            nested.plan.seconds()
        );
        for (p, (m, s)) in model.parameters.iter().zip(found.mean.iter().zip(&found.sd)) {
            println!("    {}: {:.4} (sd {s:.4} unconstrained)", p.name, p.transform.forward(*m));
        }
        found.warnings.iter().for_each(|w| println!("    {w}"));
    }
    Ok(())
}
