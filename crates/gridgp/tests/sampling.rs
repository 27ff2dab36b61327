//! Draws of the posterior: every route, and a density written by hand, say the same.

use std::ops::ControlFlow::Continue;
use std::path::PathBuf;

use gridgp::density::LogDensity;
use gridgp::diagnostics::{Statistics, statistics};
use gridgp::grid::{Axis, Dataset, Grid, Variable};
use gridgp::infer::{NutsOptions, Sampled, nuts, plan, sample};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};
use gridgp::posterior::unfold;
use serde_json::Value;

fn model(text: &str, data: Dataset) -> Model {
    let source = Source::new("sampling.toml", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

fn even(to: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| to * i as f64 / (n - 1) as f64).collect()
}

fn data(names: [&str; 2], axes: [Vec<f64>; 2], y: Vec<f64>) -> Dataset {
    let axes = names.iter().zip(axes).map(|(name, v)| Axis::numbers(*name, v).unwrap()).collect();
    Dataset::new(Grid::new(axes).unwrap(), Variable::new("y", y), vec![]).unwrap()
}

fn drawn(model: &Model) -> Sampled {
    sample(model, &plan(model).unwrap(), None, &|_| Continue(())).unwrap()
}

/// What draws, chain by chain, say of one scalar.
fn of(values: &[f64], chains: usize) -> Statistics {
    statistics(&values.chunks_exact(values.len() / chains).collect::<Vec<_>>())
}

/// Parameters, then the cells of the field.
fn scalars(model: &Model, sampled: &Sampled) -> Vec<(String, Statistics)> {
    let samples = &sampled.samples;
    let found = unfold(model, samples, true, false).unwrap();
    let parameters = model.parameters.iter().zip(&found.parameters);
    let mut all: Vec<(String, Statistics)> =
        parameters.map(|(p, v)| (p.name.clone(), of(v, samples.chains))).collect();
    let cells = model.data.grid.len();
    for cell in 0..cells {
        let values: Vec<f64> = found.fields[0].iter().skip(cell).step_by(cells).copied().collect();
        all.push((format!("f[{cell}]"), of(&values, samples.chains)));
    }
    all
}

/// Means and standard deviations agree within so many of their standard errors.
fn assert_same(a: &[(String, Statistics)], b: &[(String, Statistics)], errors: f64) {
    assert_eq!(a.len(), b.len());
    for ((name, a), (other, b)) in a.iter().zip(b) {
        assert_eq!(name, other);
        assert!(a.r_hat < 1.02 && b.r_hat < 1.02, "{name}: R-hat {} {}", a.r_hat, b.r_hat);
        let near = |what: &str, u: f64, v: f64, error: f64| {
            assert!((u - v).abs() < errors * error, "{what} of {name}: {u}, {v}, error {error}");
            // An estimate that is hopelessly uncertain proves nothing.
            assert!(error < 0.1 * a.sd, "{what} of {name}: error {error}, sd {}", a.sd);
        };
        near("mean", a.mean, b.mean, a.mcse_mean.hypot(b.mcse_mean));
        near("sd", a.sd, b.sd, a.mcse_sd.hypot(b.mcse_sd));
    }
}

const SMALL: &str = r#"
[data]
response = "y"
axes = ["x", "t"]

[parameters]
base = "normal(1, 1)"
ls = "inverse_gamma(5, scale = 5)"
eta = "half_normal(1)"
sigma = "half_normal(0.5)"

[fields.f]
amplitude = "eta"
x = "matern52(lengthscale = ls)"
t = "matern32(lengthscale = 1.5)"

[likelihood]
family = "gaussian"
location = "base + f"
scale = "sigma"

[inference]
method = "nuts"
route = "ROUTE"
chains = 4
tune = 500
draws = 1500
target_accept = 0.9
seed = 3
"#;

const X: usize = 6;
const T: usize = 5;

fn small_response() -> Vec<f64> {
    let cell = |c: usize| {
        let (i, j) = ((c / T) as f64, (c % T) as f64);
        // Noise that no smooth field follows: its posterior keeps away from 0.
        1.5 + (0.9 * i + 0.4 * j).sin() + ((14 * c) % 31) as f64 / 31.0 - 0.5
    };
    (0..X * T).map(cell).collect()
}

fn small(route: &str) -> Model {
    let axes = [even(2.5, X), even(2.0, T)];
    model(&SMALL.replace("ROUTE", route), data(["x", "t"], axes, small_response()))
}

/// The model `SMALL` again, from its formulas alone: one dense covariance matrix of all cells, its
/// Cholesky factor by the textbook, priors written out. x = [base, log ls, log eta, log sigma, z].
#[derive(Clone)]
struct Dense {
    y: Vec<f64>,
}

const N: usize = X * T;
type Matrix = Vec<[f64; N]>;

impl Dense {
    /// The lower L with L Lᵀ = Kx ⊗ Kt + 10⁻¹⁰ I.
    fn root(ls: f64) -> Matrix {
        let (x, t) = (even(2.5, X), even(2.0, T));
        let mut l = vec![[0.0; N]; N];
        for a in 0..N {
            for b in 0..=a {
                let r = 5f64.sqrt() * (x[a / T] - x[b / T]).abs() / ls;
                let s = 3f64.sqrt() * (t[a % T] - t[b % T]).abs() / 1.5;
                l[a][b] = (1.0 + r + r * r / 3.0) * (-r).exp() * (1.0 + s) * (-s).exp();
            }
            l[a][a] += 1e-10;
        }
        for j in 0..N {
            for i in j..N {
                let dot: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
                let v = l[i][j] - dot;
                l[i][j] = if i == j { v.sqrt() } else { v / l[j][j] };
            }
        }
        l
    }

    fn times(l: &Matrix, z: &[f64]) -> Vec<f64> {
        (0..N).map(|i| (0..=i).map(|j| l[i][j] * z[j]).sum()).collect()
    }

    fn field(x: &[f64]) -> Vec<f64> {
        let field = Self::times(&Self::root(x[1].exp()), &x[4..]);
        field.into_iter().map(|v| x[2].exp() * v).collect()
    }
}

impl LogDensity for Dense {
    fn dim(&self) -> usize {
        4 + N
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let [base, ls, eta, sigma] = [x[0], x[1].exp(), x[2].exp(), x[3].exp()];
        let z = &x[4..];
        let l = Self::root(ls);
        let g = Self::times(&l, z);
        let (up, down) = (Self::root(ls * 1e-4f64.exp()), Self::root(ls * (-1e-4f64).exp()));
        let (up, down) = (Self::times(&up, z), Self::times(&down, z));
        // e = y − base − eta · g.
        let e: Vec<f64> = (0..N).map(|i| self.y[i] - base - eta * g[i]).collect();
        let squares: f64 = e.iter().map(|e| e * e).sum();
        let (precision, n) = (1.0 / (sigma * sigma), N as f64);
        let dot = |v: &[f64]| -> f64 { e.iter().zip(v).map(|(e, v)| e * v).sum() };
        let z_squares: f64 = z.iter().map(|z| z * z).sum();
        let value = -0.5 * precision * squares - n * x[3] - 0.5 * z_squares
            // normal(1, 1), inverse_gamma(5, 5), half_normal(1), half_normal(0.5), with log-Jacobians.
            - 0.5 * (base - 1.0).powi(2)
            - 6.0 * x[1] - 5.0 / ls
            + x[1]
            - 0.5 * eta * eta
            + x[2]
            - 2.0 * sigma * sigma
            + x[3];
        gradient[0] = precision * e.iter().sum::<f64>() - (base - 1.0);
        let slope: Vec<f64> = (0..N).map(|i| (up[i] - down[i]) / 2e-4).collect();
        gradient[1] = precision * eta * dot(&slope) - 5.0 + 5.0 / ls;
        gradient[2] = precision * eta * dot(&g) - eta * eta + 1.0;
        gradient[3] = precision * squares - n - 4.0 * sigma * sigma + 1.0;
        for j in 0..N {
            let column: f64 = (j..N).map(|i| l[i][j] * e[i]).sum();
            gradient[4 + j] = precision * eta * column - z[j];
        }
        value
    }
}

#[test]
fn the_gradient_written_by_hand_is_that_of_its_value() {
    let mut dense = Dense { y: small_response() };
    let x: Vec<f64> = (0..4 + N).map(|i| 0.3 * (i as f64 * 1.3).sin()).collect();
    let (mut gradient, mut ignored) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    dense.log_density_gradient(&x, &mut gradient);
    for j in 0..x.len() {
        let mut at = |h: f64| {
            let mut x = x.clone();
            x[j] += h;
            dense.log_density_gradient(&x, &mut ignored)
        };
        let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((gradient[j] - difference).abs() < 1e-5 * difference.abs().max(1.0), "{j}");
    }
}

#[test]
fn marginal_joint_and_a_dense_density_agree() {
    let (by_marginal, by_joint) = (small("marginal"), small("joint"));
    let marginal = scalars(&by_marginal, &drawn(&by_marginal));
    let joint = scalars(&by_joint, &drawn(&by_joint));

    let starts: Vec<Vec<f64>> = (0..4)
        .map(|c| (0..4 + N).map(|i| 0.2 * ((i + 40 * c) as f64 * 1.3).sin()).collect())
        .collect();
    let options =
        NutsOptions { tune: 500, draws: 1500, target_accept: 0.9, seed: 5, ..Default::default() };
    let density = Dense { y: small_response() };
    let draws = nuts(&|| density.clone(), &starts, &options, None, &|_| Continue(())).unwrap();
    let all: Vec<&[f64]> = draws.chains.iter().flat_map(|c| c.x.chunks_exact(c.dim)).collect();
    let natural = |j: usize, v: f64| if j == 0 { v } else { v.exp() };
    let mut dense: Vec<(String, Statistics)> = ["base", "ls", "eta", "sigma"]
        .iter()
        .enumerate()
        .map(|(j, name)| {
            let values: Vec<f64> = all.iter().map(|x| natural(j, x[j])).collect();
            ((*name).to_owned(), of(&values, 4))
        })
        .collect();
    let fields: Vec<Vec<f64>> = all.iter().map(|x| Dense::field(x)).collect();
    for cell in 0..N {
        let values: Vec<f64> = fields.iter().map(|f| f[cell]).collect();
        dense.push((format!("f[{cell}]"), of(&values, 4)));
    }

    // 204 comparisons: by chance alone one in a thousand such tests would exceed 4.5.
    assert_same(&marginal, &joint, 4.5);
    assert_same(&marginal, &dense, 4.5);
    assert_same(&joint, &dense, 4.5);
}

/// The text of an oracle, or `None` (with a message) where it is absent.
fn oracle(file: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles"));
    let path = path.join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("skipped: {} is absent", path.display());
    }
    text
}

/// `examples/kron2d` with the latent priors.
fn kron2d(route: &str, draws: usize, seed: u64) -> Option<(Model, Value)> {
    let expected: Value = serde_json::from_str(&oracle("kron2d/expected.json")?).unwrap();
    let table = oracle("kron2d/observations.csv")?;
    let y = table.lines().skip(1).map(|l| l.rsplit(',').next().unwrap().parse().unwrap()).collect();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/kron2d/latent_ROUTE.toml");
    let text = std::fs::read_to_string(file.replace("ROUTE", route)).unwrap();
    assert!(text.contains("target_accept = 0.9"));
    let text = text.replace("\ndraws = 1000", &format!("\ndraws = {draws}\nseed = {seed}"));
    let model = model(&text, data(["x1", "x2"], [even(5.0, 50), even(3.0, 30)], y));
    assert_eq!((model.spec.inference.draws, model.spec.inference.seed), (draws, seed));
    Some((model, expected["posterior_under_latent_priors"].clone()))
}

fn assert_oracle(model: &Model, sampled: &Sampled, expected: &Value) {
    let found = unfold(model, &sampled.samples, false, false).unwrap();
    for (p, values) in model.parameters.iter().zip(&found.parameters) {
        let s = of(values, sampled.samples.chains);
        let want = |key: &str| expected[&p.name][key].as_f64().unwrap();
        let (mean, sd) = (want("mean"), want("sd"));
        eprintln!(
            "{:6} mean {:.5} ({mean}), sd {:.5} ({sd}), MCSE {:.5}, ESS {:.0} {:.0}",
            p.name, s.mean, s.sd, s.mcse_mean, s.ess_bulk, s.ess_tail
        );
        assert!(s.r_hat < 1.01, "{}: R-hat {}", p.name, s.r_hat);
        assert!((s.mean - mean).abs() < 4.0 * s.mcse_mean, "{}: {} {mean}", p.name, s.mean);
        assert!((s.sd - sd).abs() < 0.05 * sd, "{}: {} {sd}", p.name, s.sd);
        // With less, 5 % would be luck.
        assert!(s.mcse_sd < 0.02 * sd, "{}: the sd is known to {}", p.name, s.mcse_sd);
    }
    assert_eq!(sampled.draws.divergences(), 0);
}

#[test]
fn the_oracle_of_kron2d_by_the_marginal_route() {
    let Some((model, expected)) = kron2d("marginal", 2500, 1) else { return };
    let sampled = drawn(&model);
    assert_oracle(&model, &sampled, &expected);
}

#[test]
#[ignore = "takes a minute; `cargo xtask sampling` runs it"]
fn the_oracle_of_kron2d_by_the_joint_route() {
    let Some((model, expected)) = kron2d("joint", 2000, 1) else { return };
    let sampled = drawn(&model);
    assert_oracle(&model, &sampled, &expected);
}

/// A line beside a field on 12 × 4 cells, the response in units of `unit`, the first axis in units of
/// `length`.
fn in_units(method: &str, unit: f64, length: f64) -> Value {
    let x: Vec<f64> = even(11.0, 12);
    let y = (0..48).map(|c| {
        let (i, j) = (f64::from(c / 4), f64::from(c % 4));
        let noise = (f64::from(c) * 0.618).fract() - 0.5;
        unit * (20.0 + 0.3 * i + (0.7 * i).sin() * (1.0 + 0.2 * j) + 0.5 * noise)
    });
    let scaled = x.iter().map(|x| length * x).collect();
    let mut data = data(["x", "t"], [scaled, even(3.0, 4)], y.collect());
    data.covariates.push(gridgp::grid::Covariate {
        name: "c".into(),
        axes: vec![0],
        values: x.iter().map(|x| x - 5.5).collect(),
        units: None,
        missing: None,
    });
    let text = format!(
        "[data]\nresponse = 'y'\naxes = ['x', 't']\n[parameters]\nm = 'default'\nb = 'default'\n\
         [fields.f]\nx = 'matern52(lengthscale ~ log_normal(log({}), 0.7))'\nt = 'matern52()'\n\
         [likelihood]\nfamily = 'gaussian'\nlocation = 'm + b * c + f'\n[inference]\nmethod = \
         '{method}'\nchains = 2\ntune = 300\ndraws = 400\nsteps = 2000\n",
        3.0 * length
    );
    let source = Source::new("units.toml", text.as_str());
    let fitted = gridgp::fit::fit(&model(&text, data), &source, &[], None, &gridgp::fit::Quiet);
    fitted.unwrap().summary
}

/// What has no unit is the same in all units, and so is the way to it.
#[test]
fn the_same_data_in_other_units_are_the_same_fit() {
    // Draws of nuts part ways by rounding, and so does how many draws of laplace each point is given; the
    // others are the same steps.
    for (method, tolerance) in [("map", 1e-6), ("laplace", 0.0), ("svi", 1e-4), ("nuts", 0.0)] {
        let plain = in_units(method, 1.0, 1.0);
        for (unit, length) in [(1e-9, 1.0), (1e6, 1e5), (1e-7, 1e-3)] {
            let other = in_units(method, unit, length);
            for (name, p) in plain["parameters"].as_object().unwrap() {
                let scale = match name.as_str() {
                    "f.x.lengthscale" => length,
                    "f.t.lengthscale" => 1.0,
                    _ => unit,
                };
                let q = &other["parameters"][name];
                let number = |p: &Value, key: &str| p[key].as_f64().unwrap_or(0.0);
                let (a, b) = (number(p, "estimate"), number(q, "estimate") / scale);
                let error = 5.0 * number(p, "mcse_mean").hypot(number(q, "mcse_mean") / scale);
                let by_draws = matches!(method, "nuts" | "laplace");
                let allowed = if by_draws { error } else { tolerance * a.abs().max(0.1) };
                assert!((a - b).abs() <= allowed, "{method}, {unit:e}, {name}: {a} and {b}");
            }
            assert_eq!(plain["converged"], other["converged"], "{method}, {unit:e}");
        }
    }
}
