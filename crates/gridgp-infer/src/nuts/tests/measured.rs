//! Which metric is worth more for an evaluation of the log density.

use std::path::Path;

use faer::Mat;
use gridgp_density::LogPosterior;
use gridgp_grid::{Axis, Dataset, Grid, Variable};
use gridgp_model::Model;
use gridgp_model::spec::{Density, ModelSpec, Source};

use super::*;
use crate::{MaximizeOptions, maximize};

/// The exact posterior of the parameters of `examples/kron2d`.
fn kron2d() -> LogPosterior {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/kron2d"));
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let y = read("observations.csv");
    let y = y.lines().skip(1).map(|l| l.rsplit(',').next().unwrap().parse().unwrap()).collect();
    let even = |n: usize, to: f64| (0..n).map(|i| i as f64 * to / (n - 1) as f64).collect();
    let axes =
        [Axis::numbers("x1", even(50, 5.0)).unwrap(), Axis::numbers("x2", even(30, 3.0)).unwrap()];
    let data =
        Dataset::new(Grid::new(axes.into()).unwrap(), Variable::new("y", y), vec![]).unwrap();
    let source = Source::new("map.toml", read("map.toml"));
    let model = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap();
    LogPosterior::new(&model, Density::Unconstrained).unwrap()
}

/// Log lengthscale, amplitude and noise of a Gaussian process with few data: the banana that a
/// lengthscale and an amplitude make, and an end where the noise explains everything.
fn few_data(x: &[f64], gradient: &mut [f64]) -> f64 {
    let value = |x: &[f64]| {
        let (length, amplitude, noise) = (x[0].exp(), x[1].exp(), x[2].exp());
        let k = Mat::from_fn(8, 8, |i, j| {
            let r = 0.4 * i.abs_diff(j) as f64 / length;
            amplitude * amplitude * (1.0 + r) * (-r).exp()
                + if i == j { noise * noise } else { 0.0 }
        });
        let factor = gridgp_dense::Cholesky::new(k.as_ref()).ok()?;
        let mut y = Mat::from_fn(8, 1, |i, _| [0.3, 0.9, 0.4, 1.2, 0.2, -0.6, 0.1, -0.9][i]);
        factor.solve_l_in_place(y.as_mut());
        let priors = (x[0] * x[0] + x[1] * x[1]) / 4.5 + (x[2] + 1.0).powi(2) / 2.0;
        Some(-0.5 * y.squared_norm_l2() - 0.5 * factor.log_det() - priors)
    };
    let differences = || -> Option<f64> {
        for j in 0..3 {
            let at = |h: f64| {
                let mut x = x.to_vec();
                x[j] += h;
                value(&x)
            };
            gradient[j] = (at(1e-5)? - at(-1e-5)?) / 2e-5;
        }
        value(x)
    };
    let mut differences = differences;
    differences().unwrap_or(f64::NEG_INFINITY)
}

/// Least effective draws of any unknown, for a thousand evaluations in sampling; and evaluations in
/// tuning.
fn worth<D: LogDensity + Send>(
    make: &(impl Fn() -> D + Sync),
    start: &[f64],
    metric: Metric,
) -> [f64; 4] {
    let options = NutsOptions { metric, target_accept: 0.9, seed: 11, ..Default::default() };
    let draws = sample(make, &vec![start.to_vec(); 4], &options).unwrap();
    let statistics = || draws.chains.iter().flat_map(|c| &c.statistics);
    let steps: f64 = statistics().map(|s| f64::from(s.n_steps)).sum();
    let of = |j: usize| {
        let values = unknown(&draws, j, |x| x);
        let (mean, _) = moments(&values);
        effective(&values).min(effective(&unknown(&draws, j, |x| (x - mean).powi(2))))
    };
    let least = (0..start.len()).map(of).fold(f64::INFINITY, f64::min);
    let tuning: usize = draws.chains.iter().map(|c| c.tuning_steps).sum();
    let count = statistics().count() as f64;
    [1e3 * least / steps, steps / count, tuning as f64 / 4.0, draws.divergences() as f64]
}

fn report<D: LogDensity + Send>(name: &str, make: impl Fn() -> D + Sync, start: &[f64]) {
    for metric in [Metric::Diagonal, Metric::LowRank] {
        let [worth, steps, tuning, divergences] = worth(&make, start, metric);
        eprintln!(
            "{name:28} {metric:?}: {worth:6.1} ESS per 1000 evaluations, {steps:5.1} a draw, \
             {tuning:7.0} to tune a chain, {divergences} divergences"
        );
    }
}

#[test]
#[ignore = "takes minutes; prints the figures of DESIGN.md"]
fn metrics() {
    let ar = |d: usize, rho: f64| move || Normal::correlated(d, rho);
    report("normal, d = 8, rho = 0.9", ar(8, 0.9), &[0.0; 8]);
    report("normal, d = 100, rho = 0.9", ar(100, 0.9), &[0.0; 100]);
    let factor = || {
        let loading = |i: usize, k: usize| ((3 * i + 7 * k * i + k) as f64).sin();
        let covariance = Mat::from_fn(100, 100, |i, j| {
            (0..3).map(|k| 3.0 * loading(i, k) * loading(j, k)).sum::<f64>()
                + f64::from(u8::from(i == j))
        });
        Normal::new(vec![0.0; 100], covariance)
    };
    report("normal, d = 100, 3 factors", factor, &[0.5; 100]);
    report("funnel, d = 10", || Function { dim: 10, function: funnel }, &[0.1; 10]);
    report("process with 8 data", || Function { dim: 3, function: few_data }, &[0.1; 3]);
    let posterior = kron2d();
    let mode = maximize(
        &|| posterior.clone(),
        &[vec![0.1, 0.7, 0.2, -0.5], vec![0.1, 0.3, 0.2, -0.5], vec![0.1, 0.1, 0.2, -0.5]],
        &MaximizeOptions::default(),
        &|_| Continue(()),
    );
    report("kron2d", || posterior.clone(), &mode.unwrap().x);
}
