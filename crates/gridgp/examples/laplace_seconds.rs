//! How long the nested Laplace approximation on a large grid takes, and how right it is.
//!
//! `cargo run --release --example laplace_seconds -- 100 300` simulates Poisson counts whose log rate is a
//! Matérn ½ field on n × n cells, 40 % of them missing in scattered cells and in blocks, for each n: seconds
//! and peak memory of the fit, the root mean square error of the log rate over all cells, and which share of
//! them lies within the 90 % intervals. `bernoulli` beside the sizes takes yes and no in place of counts,
//! `gev` yearly maxima of 40 years with fields in their location, its trend and the log of the scale, of which
//! the first is judged; `draws=100` more draws, `plain` none of the correction for skewness.

use std::ops::ControlFlow;
use std::time::Instant;

use gridgp::density::Joint;
use gridgp::grid::{Axis, Covariate, Dataset, Grid, Variable};
use gridgp::infer::{ApproximateProgress, approximate};
use gridgp::likelihood::{Bernoulli, Gev, Likelihood, Poisson};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Lengthscales in cells.
const LENGTHS: [f64; 2] = [15.0, 25.0];
const YEARS: usize = 40;

type Failure = Box<dyn std::error::Error>;

/// What is simulated.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Counts,
    Binary,
    Maxima,
}

/// One draw of a field: first-order autoregressions along both axes.
fn field(n: usize, mean: f64, sd: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
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
    f.iter().map(|v| mean + sd * v).collect()
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

/// A model of simulated data, and the predictor that is judged.
fn simulate(n: usize, kind: Kind, settings: &str) -> Result<(Model, Vec<f64>), Failure> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mean, sd) = if kind == Kind::Maxima { (35.0, 2.0) } else { (0.5, 0.9) };
    let truth = field(n, mean, sd, &mut rng);
    let gaps = missing(n, &mut rng);
    let years = if kind == Kind::Maxima { YEARS } else { 1 };
    let warming = field(n, 1.0, 0.4, &mut rng);
    let spread = field(n, 0.5, 0.2, &mut rng);
    let trend: Vec<f64> = (0..years).map(|t| t as f64 / 20.0 - 1.0).collect();
    let response = (0..n * n * years).map(|c| {
        let (cell, year) = (c / years, c % years);
        let eta = truth[cell];
        let y = match kind {
            Kind::Counts => Poisson.sample(&mut rng, &[eta.exp()]),
            Kind::Binary => Bernoulli.sample(&mut rng, &[1.0 / (1.0 + (-eta).exp())]),
            Kind::Maxima => {
                let location = eta + warming[cell] * trend[year];
                Gev.sample(&mut rng, &[location, spread[cell].exp(), 0.1])
            }
        };
        if gaps[cell] { f64::NAN } else { y }
    });
    let response = Variable::with_nan_as_missing("y", response.collect());
    let axis = |name: &str, n: usize| Axis::numbers(name, (0..n).map(|i| i as f64).collect());
    let mut axes = vec![axis("a", n)?, axis("b", n)?];
    let mut covariates = Vec::new();
    if kind == Kind::Maxima {
        axes.push(axis("t", years)?);
        covariates.push(Covariate::with_nan_as_missing("trend", vec![2], trend, None));
    }
    let data = Dataset::new(Grid::new(axes)?, response, covariates)?;
    let one = |name: &str, sd: f64| {
        format!(
            "[fields.{name}]\namplitude = 'half_normal({sd})'\n\
             a = 'matern12(lengthscale ~ log_normal(3, 1))'\n\
             b = 'matern12(lengthscale ~ log_normal(3, 1))'\n"
        )
    };
    let text = match kind {
        Kind::Maxima => format!(
            "axes = ['a', 'b', 't']\ncovariates.trend = {{ along = 't' }}\n[parameters]\n\
             mu = 'normal(35, 5)'\nb0 = 'normal(0, 2)'\ns0 = 'normal(0, 1)'\nxi = 'normal(0, 0.2)'\n{}{}{}\
             [likelihood]\nfamily = 'gev'\nlocation = 'mu + f + (b0 + warming) * trend'\n\
             scale = 'exp(s0 + spread)'\nshape = 'xi'\n",
            one("f", 3.0),
            one("warming", 1.0),
            one("spread", 0.5)
        ),
        _ => format!(
            "axes = ['a', 'b']\n[parameters]\nmu = 'normal(0, 2)'\n{}[likelihood]\n{}\n",
            one("f", 2.0),
            match kind {
                Kind::Counts => "family = 'poisson'\nrate = 'exp(mu + f)'",
                _ => "family = 'bernoulli'\nprobability = 'logistic(mu + f)'",
            }
        ),
    };
    let text = format!(
        "[data]\nresponse = 'y'\n{text}[inference]\nmethod = 'laplace'\nstarts = 2\n{settings}"
    );
    let source = Source::new("model.toml", text);
    Ok((Model::new(ModelSpec::from_toml(&source)?, &source, data)?, truth))
}

/// Gigabytes.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e6
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|a| a == word);
    let kind = match (has("bernoulli"), has("gev")) {
        (true, _) => Kind::Binary,
        (_, true) => Kind::Maxima,
        _ => Kind::Counts,
    };
    let draws = arguments.iter().find_map(|a| a.strip_prefix("draws="));
    let draws: usize = draws.map_or(Ok(64), str::parse)?;
    for n in arguments.iter().filter_map(|a| a.parse::<usize>().ok()) {
        let settings = format!("draws = {draws}\ncorrection = {}\n", !has("plain"));
        let (model, truth) = simulate(n, kind, &settings)?;
        let begin = Instant::now();
        let step = |p: &ApproximateProgress| {
            if std::env::var("STEPS").is_ok() {
                eprintln!("{:8.1} s: {p:?}", begin.elapsed().as_secs_f64());
            }
            ControlFlow::Continue(())
        };
        let (samples, found) = approximate(&model, &step)?;
        let (seconds, memory) = (begin.elapsed().as_secs_f64(), peak_memory());

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
             evaluations, {} points, {} Newton iterations and {} rounds at them, plan {:.2} s an evaluation",
            (error / cells).sqrt(),
            inside / cells,
            found.pareto_k.k,
            found.evaluations,
            nested.points,
            nested.newton_iterations,
            nested.rounds,
            nested.plan.seconds()
        );
        if let Some(c) = nested.correction {
            println!("    corrected: {c:?}");
        }
        for (p, (m, s)) in model.parameters.iter().zip(found.mean.iter().zip(&found.sd)) {
            println!("    {}: {:.4} (sd {s:.4} unconstrained)", p.name, p.transform.forward(*m));
        }
        found.warnings.iter().for_each(|w| println!("    {w}"));
    }
    Ok(())
}
