//! Simulation-based calibration: draws parameters from the prior and data from the model, samples
//! the posterior, and prints the ranks of the truth among the draws as JSON.
//!
//!     cargo run --release --example calibration -- poisson 400 1
//!
//! Talts, Betancourt, Simpson, Vehtari and Gelman (2018), Validating Bayesian inference algorithms
//! with simulation-based calibration: if sampling is right, ranks are uniform on 0 … [`DRAWS`]. The
//! log likelihood is ranked as well: it sees errors in how the data are used that parameters do not.
//!
//! `poisson`, `bernoulli`, `negative_binomial` and `gev` are sampled by `nuts`, with `_laplace` behind the name
//! approximated by that.

use std::error::Error;
use std::ops::ControlFlow::Continue;

use gridgp::density::Joint;
use gridgp::diagnostics::statistics;
use gridgp::grid::{Axis, Dataset, Grid, Variable};
use gridgp::infer::{approximate, plan, sample};
use gridgp::likelihood::{Gev, Likelihood, NegativeBinomial};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};
use gridgp::posterior::{prior_samples, unfold};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};
use rayon::prelude::*;
use serde_json::json;

/// Draws among which the truth is ranked, nearly independent of each other.
const DRAWS: usize = 104;
/// Of so many draws one is taken.
const THIN: usize = 10;
const SIZES: [usize; 2] = [5, 4];
/// Cells of the field that are ranked.
const CELLS: [usize; 2] = [0, 10];

/// What a model's name has behind it where `laplace` approximates it.
const LAPLACE: &str = "_laplace";

fn text(name: &str) -> Result<String, String> {
    let (of, method, route) = match (name.strip_suffix(LAPLACE), name.strip_prefix("gaussian_")) {
        (Some(of), _) => (of, "laplace", "auto"),
        (_, Some(route)) => ("gaussian", "nuts", route),
        _ => (name, "nuts", "joint"),
    };
    let (prior, likelihood) = match of {
        "gaussian" => (
            "normal(0, 1)\"\nsigma = \"inverse_gamma(5, scale = 2)",
            "family = \"gaussian\"\nlocation = \"base + f\"\nscale = \"sigma\"",
        ),
        "poisson" => ("normal(0.5, 0.5)", "family = \"poisson\"\nrate = \"exp(base + f)\""),
        "bernoulli" => {
            ("normal(0, 1)", "family = \"bernoulli\"\nprobability = \"logistic(base + f)\"")
        }
        "negative_binomial" => (
            "normal(1, 0.5)\"\nkappa = \"inverse_gamma(4, scale = 9)",
            "family = \"negative_binomial\"\nmean = \"exp(base + f)\"\nconcentration = \"kappa\"",
        ),
        "gev" => (
            "normal(0, 1)\"\nsigma = \"inverse_gamma(5, scale = 2)\"\nxi = \"normal(0.1, 0.1)",
            "family = \"gev\"\nlocation = \"base + f\"\nscale = \"sigma\"\nshape = \"xi\"",
        ),
        _ => return Err(format!("there is no model {name:?}")),
    };
    // Draws of laplace are one run.
    let draws = if method == "laplace" { (DRAWS + 1) * THIN } else { (DRAWS + 1) * THIN / 2 };
    Ok(format!(
        r#"
[data]
response = "y"
axes = ["x", "t"]

[parameters]
base = "{prior}"
ls = "inverse_gamma(5, scale = 5)"
eta = "half_normal(1)"

[fields.f]
amplitude = "eta"
x = "matern52(lengthscale = ls)"
t = "matern32(lengthscale = 1.5)"

[likelihood]
{likelihood}

[inference]
method = "{method}"
route = "{route}"
chains = 2
tune = 500
draws = {draws}
target_accept = 0.9
"#
    ))
}

fn model(name: &str, y: Vec<f64>, seed: u64) -> Result<Model, Box<dyn Error + Send + Sync>> {
    let source = Source::new("calibration.toml", text(name)?);
    let mut spec = ModelSpec::from_toml(&source)?;
    spec.inference.seed = seed;
    let axes = ["x", "t"]
        .iter()
        .zip(SIZES)
        .map(|(name, n)| Axis::numbers(*name, (0..n).map(|i| 0.5 * i as f64).collect::<Vec<_>>()));
    let grid = Grid::new(axes.collect::<Result<_, _>>()?)?;
    Ok(Model::new(spec, &source, Dataset::new(grid, Variable::new("y", y), vec![])?)?)
}

/// Data given the parameters and the field: what the model says, written anew.
fn simulate(name: &str, theta: &[(String, f64)], f: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
    let value = |name: &str| theta.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, v)| *v);
    let base = value("base");
    f.iter()
        .map(|f| match name.trim_end_matches(LAPLACE) {
            "negative_binomial" => {
                NegativeBinomial.sample(rng, &[(base + f).exp(), value("kappa")])
            }
            "gev" => Gev.sample(rng, &[base + f, value("sigma"), value("xi")]),
            "poisson" => Poisson::new((base + f).exp()).map_or(f64::NAN, |p| p.sample(rng)),
            "bernoulli" => {
                let u: f64 = rng.random();
                f64::from(u8::from(u < 1.0 / (1.0 + (-base - f).exp())))
            }
            _ => {
                let noise: f64 = StandardNormal.sample(rng);
                base + f + value("sigma") * noise
            }
        })
        .collect()
}

/// What one replication says: the rank of each quantity, its effective draws, and divergences.
struct Replication {
    ranks: Vec<(String, usize, f64)>,
    divergences: usize,
}

fn replicate(
    name: &str,
    truth: &[f64],
    seed: u64,
) -> Result<Option<Replication>, Box<dyn Error + Send + Sync>> {
    let any = (0..SIZES[0] * SIZES[1]).map(|c| (c % 2) as f64).collect();
    let before = model(name, any, seed)?;
    let names = before.parameters.iter().map(|p| p.name.clone());
    let natural = before.natural(&truth[..before.parameters.len()]);
    let theta: Vec<(String, f64)> = names.zip(natural).collect();
    let field = Joint::new(&before)?.fields_at(truth)?.1[0].to_vec();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Data that are the same everywhere are refused. To draw others leaves ranks uniform: which data
    // are looked at depends on the data alone, and the posterior given them is the same.
    let y = simulate(name, &theta, &field, &mut rng);
    if y.iter().all(|v| *v == y[0]) {
        return Ok(None);
    }
    let model = model(name, y, seed)?;

    let (samples, divergences) = if name.ends_with(LAPLACE) {
        (approximate(&model, &|_| Continue(()))?.0, 0)
    } else {
        let mut plan = plan(&model)?;
        plan.options.threads = Some(1);
        let sampled = sample(&model, &plan, None, &|_| Continue(()))?;
        (sampled.samples, sampled.draws.divergences())
    };
    let found = unfold(&model, &samples, true, true)?;
    let cells = field.len();
    let mut pointwise = vec![0.0; cells];
    Joint::new(&model)?.log_likelihood(truth, &mut pointwise)?;

    let chains = samples.chains;
    let mut ranks = Vec::new();
    let mut rank = |name: &str, truth: f64, values: &[f64]| {
        let parts: Vec<&[f64]> = values.chunks_exact(values.len() / chains).collect();
        let ess = statistics(&parts).ess_bulk;
        let below = values.iter().step_by(THIN).take(DRAWS).filter(|v| **v < truth).count();
        ranks.push((name.to_owned(), below, ess));
    };
    for ((name, truth), values) in theta.iter().zip(&found.parameters) {
        rank(name, *truth, values);
    }
    for cell in CELLS {
        let values: Vec<f64> = found.fields[0].iter().skip(cell).step_by(cells).copied().collect();
        rank(&format!("f[{cell}]"), field[cell], &values);
    }
    let total: Vec<f64> =
        found.log_likelihood.chunks_exact(cells).map(|l| l.iter().sum()).collect();
    rank("log_likelihood", pointwise.iter().sum(), &total);
    Ok(Some(Replication { ranks, divergences }))
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, count, seed] = arguments.as_slice() else {
        return Err("give a model, the number of replications and a seed".into());
    };
    let (count, seed): (usize, u64) = (count.parse()?, seed.parse()?);
    let any = (0..SIZES[0] * SIZES[1]).map(|c| (c % 2) as f64).collect();
    // Some more, in place of those whose data are refused.
    let spare = count + count / 4;
    let truths = prior_samples(&model(name, any, 0)?, spare, seed)?;
    let mut all: Vec<Replication> = (0..spare)
        .into_par_iter()
        .map(|i| {
            let found = replicate(name, truths.at(i), seed.wrapping_mul(1_000_003) + i as u64);
            found.map_err(|e| format!("replication {i}: {e}").into())
        })
        .filter_map(Result::transpose)
        .collect::<Result<_, Box<dyn Error + Send + Sync>>>()?;
    all.truncate(count);
    let quantities: Vec<_> = (0..all[0].ranks.len())
        .map(|q| {
            let ess = all.iter().map(|r| r.ranks[q].2).fold(f64::INFINITY, f64::min);
            json!({
                "name": all[0].ranks[q].0,
                "ranks": all.iter().map(|r| r.ranks[q].1).collect::<Vec<_>>(),
                "min_ess": ess,
            })
        })
        .collect();
    let divergences: usize = all.iter().map(|r| r.divergences).sum();
    let drawn = count * (DRAWS + 1) * THIN;
    println!(
        "{}",
        json!({
            "draws": DRAWS, "quantities": quantities, "divergences": divergences, "all_draws": drawn
        })
    );
    Ok(())
}
