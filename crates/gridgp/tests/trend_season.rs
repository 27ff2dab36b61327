//! The fields of `examples/trend_season` against a dense computation, written out here from the
//! formulas of the kernels.

use std::f64::consts::PI;
use std::path::Path;

use gridgp::density::Marginal;
use gridgp::grid::{Axis, Dataset, Grid, Variable};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};
use gridgp::posterior::Conditional;

/// The example with its data, the times in years, and the parameters at its mode.
fn example() -> (Model, Vec<f64>, Vec<f64>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/trend_season");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let table = read("co2_monthly.csv");
    let rows = table.lines().skip(1).map(|line| line.split_once(',').unwrap());
    let (years, y): (Vec<f64>, Vec<f64>) =
        rows.map(|(t, y)| (t.parse::<f64>().unwrap(), y.parse().unwrap_or(f64::NAN))).unzip();
    let grid = Grid::new(vec![Axis::numbers("year", years.clone()).unwrap()]).unwrap();
    let data = Dataset::new(grid, Variable::with_nan_as_missing("co2", y), vec![]).unwrap();
    let source = Source::new("model.toml", read("model.toml"));
    let model = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap();
    let expect: serde_json::Value = serde_json::from_str(&read("expect.json")).unwrap();
    let value = |name: &str| {
        let at = format!("/parameters/{name}/estimate");
        let all = expect["runs"][0]["summary"].as_array().unwrap();
        all.iter().find(|e| e["at"] == *at).unwrap()["value"].as_f64().unwrap()
    };
    let theta = model.parameters.iter().map(|p| value(&p.name)).collect();
    (model, years, theta)
}

/// A = L Lᵀ, row by row.
fn cholesky(a: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut l: Vec<Vec<f64>> = Vec::with_capacity(a.len());
    for (i, row) in a.iter().enumerate() {
        let mut new = Vec::with_capacity(i + 1);
        for j in 0..=i {
            let other = if j < i { &l[j][..j] } else { &new[..] };
            let rest = row[j] - new.iter().zip(other).map(|(x, y)| x * y).sum::<f64>();
            let entry = if j < i { rest / l[j][j] } else { rest.sqrt() };
            new.push(entry);
        }
        l.push(new);
    }
    l
}

/// L⁻¹ b.
fn forward(l: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
    let mut x: Vec<f64> = Vec::with_capacity(b.len());
    for (row, b) in l.iter().zip(b) {
        let known: f64 = row.iter().zip(&x).map(|(l, x)| l * x).sum();
        x.push((b - known) / row[x.len()]);
    }
    x
}

#[test]
fn fields_and_their_sum_are_those_of_the_dense_computation() {
    let (model, years, theta) = example();
    let p = |name: &str| theta[model.position(name).unwrap()];
    let matern52 = |r: f64| (1.0 + r + r * r / 3.0) * (-r).exp();
    let kernel = |field: &str, d: f64| {
        let scale = |name: &str| p(&format!("{field}.year.{name}"));
        let size = p(&format!("{field}.amplitude")).powi(2);
        size * match field {
            "trend" => (-0.5 * (d / scale("lengthscale")).powi(2)).exp(),
            "season" => {
                let wave = (PI * d).sin() / scale("lengthscale");
                let r = 5f64.sqrt() * d.abs() / scale("lengthscale_2");
                (-2.0 * wave * wave).exp() * matern52(r)
            }
            _ => {
                let r = 3f64.sqrt() * d.abs() / scale("lengthscale");
                (1.0 + r) * (-r).exp()
            }
        }
    };
    let fields = ["trend", "season", "short"];
    let seen: Vec<usize> = {
        let missing = model.data.response.missing_cells();
        (0..years.len()).filter(|cell| !missing.contains(cell)).collect()
    };
    assert_eq!((years.len(), seen.len()), (525, 517));
    let entry = |i: usize, j: usize| {
        let d = years[seen[i]] - years[seen[j]];
        let noise = if i == j { p("noise").powi(2) } else { 0.0 };
        fields.iter().map(|f| kernel(f, d)).sum::<f64>() + noise
    };
    let a: Vec<Vec<f64>> =
        (0..seen.len()).map(|i| (0..=i).map(|j| entry(i, j)).collect()).collect();
    let l = cholesky(&a);
    let y: Vec<f64> =
        seen.iter().map(|&cell| model.data.response.values[cell] - p("level")).collect();
    let white = forward(&l, &y);

    let log_det: f64 = (0..l.len()).map(|i| l[i][i].ln()).sum::<f64>();
    let square: f64 = white.iter().map(|v| v * v).sum();
    let want = -0.5 * square - log_det - 0.5 * y.len() as f64 * (2.0 * PI).ln();
    let found = Marginal::new(&model).unwrap().log_prob(&theta).unwrap().log_prob;
    assert!((found - want).abs() < 1e-6, "{found} for {want}");

    let conditional = Conditional::new(&model, &theta).unwrap();
    for (text, parts) in [
        ("trend", &["trend"][..]),
        ("season", &["season"]),
        ("short", &["short"]),
        ("trend + season", &["trend", "season"]),
    ] {
        let about = conditional.clone().about(model.combination(text).unwrap()).unwrap();
        let found = about.on_grid(&about.here()).unwrap();
        let of = |d: f64| parts.iter().map(|f| kernel(f, d)).sum::<f64>();
        // The first and the last month, some between them, and one without a value.
        for cell in [0, 1, 100, 261, 262, 400, 524, model.data.response.missing_cells()[3]] {
            let k: Vec<f64> = seen.iter().map(|&s| of(years[cell] - years[s])).collect();
            let k = forward(&l, &k);
            let mean: f64 = k.iter().zip(&white).map(|(k, w)| k * w).sum();
            let variance = of(0.0) - k.iter().map(|k| k * k).sum::<f64>();
            assert!((found.mean[cell] - mean).abs() < 1e-6, "{text} {cell}: {mean}");
            let sd = variance.sqrt();
            assert!((found.sd[cell] - sd).abs() < 1e-6, "{text} {cell}: {} {sd}", found.sd[cell]);
        }
    }
}
