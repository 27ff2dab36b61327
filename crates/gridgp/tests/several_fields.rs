//! Five fields, against a dense computation that this project did not make.
//!
//! The oracle lies beside the repository, in `shared/oracles`; where it is absent the tests say so and
//! pass.

use std::path::PathBuf;

use gridgp::density::Marginal;
use gridgp::grid::{Axis, Covariate, Dataset, Grid, Variable};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};
use gridgp::posterior::Conditional;
use serde_json::Value;

const SITES: usize = 24;
const TIMES: usize = 30;

const TEXT: &str = r#"
[data]
response = "y"
axes = ["s", "t"]

[parameters]
noise = "half_normal(1)"

[fields.base]
s = "matern32()"

[fields.warming]
s = "matern32()"

[fields.year]
t = "matern52()"

[fields.fast]
s = "matern32()"
t = "matern32()"

[fields.slow]
s = "matern52()"
t = "matern52()"

[likelihood]
family = "gaussian"
location = "base + warming * gm + year + fast + slow"
scale = "noise"
"#;

/// The model with its data, θ and the expected numbers; `None` (with a message) where they are absent.
fn oracle(name: &str, text: &str) -> Option<(Model, Vec<f64>, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles/several_fields");
    let path = PathBuf::from(folder).join(format!("several_{name}.csv"));
    let Ok(table) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    let expected = std::fs::read_to_string(path.with_extension("json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let rows: Vec<Vec<f64>> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|v| v.trim().parse().unwrap_or(f64::NAN)).collect())
        .collect();
    // A tenth of the cells has no row.
    let cell = |row: &[f64]| row[0] as usize * TIMES + row[2] as usize;
    let on_grid = |c: usize| {
        let mut values = vec![f64::NAN; SITES * TIMES];
        rows.iter().for_each(|row| values[cell(row)] = row[c]);
        values
    };
    let first = |c: usize, step: usize, count: usize, stride: usize| -> Vec<f64> {
        let values = on_grid(c);
        let along =
            (0..count).map(|i| (0..SITES * TIMES / count).map(move |k| i * stride + k * step));
        along
            .map(|mut cells| cells.find_map(|c| Some(values[c]).filter(|v| !v.is_nan())).unwrap())
            .collect()
    };
    let sites = first(1, 1, SITES, TIMES);
    let times = first(2, TIMES, TIMES, 1);
    let axes = vec![Axis::numbers("s", sites).unwrap(), Axis::numbers("t", times).unwrap()];
    let known = |name: &str, axes: Vec<usize>, mut values: Vec<f64>| {
        let missing: Vec<bool> = values.iter().map(|v| v.is_nan()).collect();
        values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 1.0);
        let missing = missing.contains(&true).then_some(missing);
        Covariate { name: name.into(), axes, values, units: None, missing }
    };
    let gm = known("gm", vec![1], first(3, TIMES, TIMES, 1));
    let covariates = vec![gm, known("sd", vec![0, 1], on_grid(4))];
    let response = Variable::with_nan_as_missing("y", on_grid(5));
    let data = Dataset::new(Grid::new(axes).unwrap(), response, covariates).unwrap();
    let source = Source::new("oracle.toml", text);
    let model = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap();
    let theta = model.parameters.iter().map(|p| number(&expected, &p.name)).collect();
    Some((model, theta, expected))
}

/// The name of one of our parameters in the oracle: its field, and its place there.
fn theirs(name: &str) -> (String, usize) {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [field, "amplitude"] => ((*field).into(), 0),
        [field @ ("fast" | "slow"), "t", _] => ((*field).into(), 2),
        [field, ..] if parts.len() > 1 => ((*field).into(), 1),
        _ => (name.into(), 0),
    }
}

fn number(expected: &Value, name: &str) -> f64 {
    let (field, i) = theirs(name);
    let value = &expected["parameters"][&field];
    value.as_f64().or_else(|| value[i].as_f64()).unwrap()
}

fn check(name: &str, text: &str) {
    let Some((model, theta, expected)) = oracle(name, text) else { return };
    let mut marginal = Marginal::new(&model).unwrap();
    let mut gradient = vec![0.0; theta.len()];
    let value = marginal.log_prob_vjp(&theta, &mut gradient).unwrap();
    let want = expected["log_marginal_likelihood"].as_f64().unwrap();
    assert!((value.log_prob / want - 1.0).abs() < 1e-8, "{} {want}", value.log_prob);
    for ((p, theta), bar) in model.parameters.iter().zip(&theta).zip(gradient) {
        let (field, i) = theirs(&p.name);
        let differences = &expected["gradient_wrt_log_by_differences"];
        let key = if field == "noise" { field } else { format!("{field}.{i}") };
        let want = differences[&key].as_f64().unwrap();
        // Theirs are differences.
        assert!((theta * bar - want).abs() < 2e-6 * want.abs().max(1.0), "{key} {want}");
    }
    let conditional = Conditional::new(&model, &theta).unwrap();
    for (field, means) in expected["component_mean"].as_object().unwrap() {
        // Components are what the fields add to the location.
        let text = if field == "warming" { "warming * gm" } else { field };
        let about = conditional.clone().about(model.combination(text).unwrap()).unwrap();
        let moments = about.on_grid(&about.here()).unwrap();
        let sds = &expected["component_sd"][field];
        for (i, cell) in [0, 100, 400, 719].into_iter().enumerate() {
            let (mean, sd) = (means[i].as_f64().unwrap(), sds[i].as_f64().unwrap());
            assert!((moments.mean[cell] - mean).abs() < 1e-8 * mean.abs().max(0.1), "{field} {i}");
            assert!((moments.sd[cell] / sd - 1.0).abs() < 1e-8, "{field} {i}: {sd}");
        }
    }
}

#[test]
fn oracle_several_fields_with_one_noise() {
    check("constant", TEXT);
}

#[test]
fn oracle_several_fields_with_known_noise() {
    let text = TEXT.replace("[parameters]\nnoise = \"half_normal(1)\"\n", "");
    check("known_sd", &text.replace("\"noise\"", "\"sd\""));
}
