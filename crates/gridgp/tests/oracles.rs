//! Numbers that this project did not compute.
//!
//! They lie beside the repository, in `shared/oracles`; where they are absent the tests say so and
//! pass.

use std::path::PathBuf;

use faer::Mat;
use gridgp::density::{LogDensity, LogPosterior, Marginal};
use gridgp::extremes::{return_level, return_period};
use gridgp::grid::{Axis, Dataset, Grid, Points, Variable};
use gridgp::kernel::{Covariance, Kernel, KernelOptions};
use gridgp::likelihood::{Gev, Likelihood};
use gridgp::model::Model;
use gridgp::model::spec::{Density, ModelSpec, Source};
use gridgp::posterior::{Conditional, Place};
use gridgp_linalg::Cholesky;
use serde_json::Value;

/// The text of an oracle, or `None` (with a message) where it is absent.
fn read(file: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles"));
    let path = path.join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("skipped: {} is absent", path.display());
    }
    text
}

fn json(file: &str) -> Option<Value> {
    read(file).map(|text| serde_json::from_str(&text).unwrap())
}

/// The numbers of a table, row by row, without the header.
fn table(text: &str, header: bool) -> Vec<Vec<f64>> {
    let lines = text.lines().skip(usize::from(header));
    lines.map(|l| l.split(',').map(|v| v.trim().parse().unwrap()).collect()).collect()
}

fn even(from: f64, to: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| from + (to - from) * i as f64 / (n - 1) as f64).collect()
}

fn grid(axes: [(&str, Vec<f64>); 2]) -> Grid {
    Grid::new(axes.map(|(name, values)| Axis::numbers(name, values).unwrap()).into()).unwrap()
}

fn model(text: &str, data: Dataset) -> Model {
    let source = Source::new("oracle.toml", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

fn assert_close(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance * want.abs(), "{got} {want}");
}

const KRON2D: &str = r#"
[data]
response = "y"
axes = ["x1", "x2"]

[parameters]
ls1 = "gamma(2, rate = 2)"
ls2 = "gamma(2, rate = 2)"
eta = "half_normal(2)"
sigma = "half_normal(2)"

[fields.f]
amplitude = "eta"
x1 = "matern52(lengthscale = ls1)"
x2 = "cosine(period = ls2)"

[likelihood]
family = "gaussian"
location = "f"
scale = "sigma"
"#;

/// Matérn 5/2 ⊗ cosine on 50 x 30 cells, the published MAP, and what was computed there.
fn kron2d() -> Option<(Model, Vec<f64>, Value)> {
    let expected = json("kron2d/expected.json")?;
    let rows = table(&read("kron2d/observations.csv")?, true);
    let grid = grid([("x1", even(0.0, 5.0, 50)), ("x2", even(0.0, 3.0, 30))]);
    for (cell, row) in rows.iter().enumerate() {
        let at =
            [grid.unravel(cell)[0] as f64 * 5.0 / 49.0, grid.unravel(cell)[1] as f64 * 3.0 / 29.0];
        assert!((row[0] - at[0]).abs() < 1e-11 && (row[1] - at[1]).abs() < 1e-11);
    }
    let y = Variable::new("y", rows.iter().map(|r| r[3]).collect());
    let model = model(KRON2D, Dataset::new(grid, y, vec![]).unwrap());
    let map = &expected["map"];
    let theta = model.parameters.iter().map(|p| map[p.name.as_str()].as_f64().unwrap()).collect();
    Some((model, theta, expected))
}

#[test]
fn kron2d_has_the_known_density_at_the_known_map() {
    let Some((model, theta, expected)) = kron2d() else { return };
    let log_prob = Marginal::new(&model).unwrap().log_prob(&theta).unwrap().log_prob;
    assert_close(log_prob, expected["log_marginal_likelihood_at_map"].as_f64().unwrap(), 1e-9);

    let mut posterior = LogPosterior::new(&model, Density::Natural).unwrap();
    let x: Vec<f64> =
        model.parameters.iter().zip(&theta).map(|(p, &t)| p.transform.inverse(t)).collect();
    let mut gradient = vec![0.0; x.len()];
    let value = posterior.log_density_gradient(&x, &mut gradient);
    assert_close(value, expected["log_posterior_at_map"].as_f64().unwrap(), 1e-9);
    // The MAP has 8 digits, and the curvature with respect to log ls2 is about 1.6e5, 1/0.0025².
    assert!(gradient.iter().all(|g| g.abs() < 1e-3), "{gradient:?}");
}

#[test]
fn kron2d_predicts_as_the_dense_conditional() {
    let Some((model, theta, _)) = kron2d() else { return };
    let Some(text) = read("kron2d/prediction_at_map.csv") else { return };
    let rows = table(&text, true);
    let conditional = Conditional::new(&model, &theta).unwrap();
    let new = grid([("x1", even(5.1, 7.1, 20)), ("x2", even(-0.5, 3.5, 40))]);
    let axes: Vec<Points> = new.axes().iter().map(Axis::points).collect();
    let at = |a: usize| -> Points {
        Points::line(&(0..new.len()).map(|c| axes[a].row(new.unravel(c)[a])[0]).collect::<Vec<_>>())
    };
    let points = conditional.at_points(&[at(0), at(1)], &[]).unwrap();
    let place = Place { grid: new.clone(), covariates: vec![] };
    for moments in [conditional.on_grid(&place).unwrap(), points] {
        assert_eq!(moments.mean.len(), rows.len());
        for (cell, row) in rows.iter().enumerate() {
            let index = new.unravel(cell);
            assert!((axes[0].row(index[0])[0] - row[0]).abs() < 1e-11);
            assert!((axes[1].row(index[1])[0] - row[1]).abs() < 1e-11);
            let variance = moments.sd[cell].powi(2);
            assert!((moments.mean[cell] - row[2]).abs() < 1e-8, "{} {row:?}", moments.mean[cell]);
            assert!((variance - row[3]).abs() < 1e-8, "{variance} {row:?}");
        }
    }
}

const GRID2D: &str = r#"
[data]
response = "z"
axes = ["x", "y"]

[fields.f]
amplitude = 1
x = "squared_exponential(lengthscale = 1)"
y = "squared_exponential(lengthscale = 1)"

[likelihood]
family = "gaussian"
location = "f"
scale = 0.15
"#;

#[test]
fn grid2d_has_the_known_likelihood_and_posterior_mean() {
    let Some(expected) = json("grid2d/expected.json") else { return };
    let Some(text) = read("grid2d/z_obs.csv") else { return };
    let number = |name: &str| expected[name].as_f64().unwrap();
    let (x, y) = (even(0.0, 4.0, 15), even(0.0, 4.0, 15));
    let z = Variable::new("z", table(&text, false).concat());
    let grid = grid([("x", x.clone()), ("y", y.clone())]);
    let model = model(GRID2D, Dataset::new(grid, z, vec![]).unwrap());
    let log_prob = Marginal::new(&model).unwrap().log_prob(&[]).unwrap().log_prob;
    assert_close(log_prob, number("log_marginal_likelihood"), 1e-9);

    let conditional = Conditional::new(&model, &[]).unwrap();
    let mean = conditional.on_grid(&conditional.here()).unwrap().mean;
    let errors: Vec<f64> =
        (0..225).map(|c| mean[c] - x[c / 15].sin() * (1.5 * y[c % 15]).cos()).collect();
    let rmse = (errors.iter().map(|e| e * e).sum::<f64>() / 225.0).sqrt();
    let largest = errors.iter().fold(0.0_f64, |m, e| m.max(e.abs()));
    assert!((rmse - number("posterior_mean_rmse_against_truth")).abs() < 1e-10, "{rmse}");
    let want = number("posterior_mean_max_abs_error_against_truth");
    assert!((largest - want).abs() < 1e-10, "{largest}");
}

#[test]
fn grid2d_has_the_known_trace_and_log_determinant() {
    let Some(expected) = json("grid2d/expected.json") else { return };
    let kernel = Kernel::from_name("squared_exponential", &KernelOptions::of(["x"])).unwrap();
    let mut gram = Mat::zeros(15, 15);
    kernel.gram(&Points::line(&even(0.0, 4.0, 15)), &[1.0], gram.as_mut());
    let trace = (0..15).map(|i| gram[(i, i)]).sum::<f64>();
    assert_eq!(trace * trace, expected["trace_kron"].as_f64().unwrap());
    // Both factors are the same: log det(K ⊗ K) = 2 · 15 log det K.
    let log_det = 30.0 * Cholesky::new(gram.as_ref()).unwrap().log_det();
    assert_close(log_det, expected["log_det_kron_exact_gram"].as_f64().unwrap(), 1e-6);
}

/// log_prob, three derivatives, cdf and return levels of the GEV, for shapes from −0.95 to 0.95,
/// ±1e-12 included.
#[test]
fn oracle_gev() {
    let Some(oracle) = json("gev/gev.json") else { return };
    let number = |row: &Value, key: &str| row[key].as_f64().unwrap();
    let (mut inside, mut outside) = (0, 0);
    for row in oracle["log_prob"].as_array().unwrap() {
        let p = ["location", "scale", "shape"].map(|key| number(row, key));
        let y = number(row, "y");
        let mut gradient = [f64::NAN; 3];
        let value = Gev.log_prob_gradient(y, &p, &mut gradient);
        if row["log_prob"] == "-inf" {
            assert_eq!((value, gradient), (f64::NEG_INFINITY, [0.0; 3]), "{row}");
            outside += 1;
            continue;
        }
        assert_close(value, number(row, "log_prob"), 1e-10);
        assert_eq!(value, Gev.log_prob(y, &p));
        for (found, key) in gradient.iter().zip(["d_location", "d_scale", "d_shape"]) {
            assert_close(*found, number(row, key), 1e-10);
        }
        assert_close(Gev.cdf(y, &p), number(row, "cdf"), 1e-10);
        inside += 1;
    }
    assert!(inside > 50 && outside > 0, "{inside} rows inside, {outside} outside");
    for row in oracle["return_level"].as_array().unwrap() {
        let [location, scale, shape] = ["location", "scale", "shape"].map(|key| number(row, key));
        let period = number(row, "return_period");
        let level = return_level(location, scale, shape, period);
        assert_close(level, number(row, "return_level"), 1e-10);
        let back = return_period(location, scale, shape, level);
        assert_close(back, period, 1e-8);
    }
}
