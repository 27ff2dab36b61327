//! A grid with two fifths of its cells missing, against a dense computation that this project did not
//! make.
//!
//! The oracle lies beside the repository, in `shared/oracles`; where it is absent the test says so and
//! passes.

use std::path::PathBuf;

use gridgp_density::Marginal;
use gridgp_grid::Points;
use gridgp_model::Model;
use gridgp_model::spec::{Algebra, ModelSpec, Source};
use gridgp_posterior::Conditional;
use serde_json::Value;

const TEXT: &str = r#"
[data]
file = "observations.nc"
response = "y"
axes = ["x", "t"]

[parameters]
eta = "half_normal(2)"
lx = "half_normal(2)"
lt = "half_normal(2)"
noise = "half_normal(1)"

[fields.f]
amplitude = "eta"
x = "matern52(lengthscale = lx)"
t = "matern52(lengthscale = lt)"

[likelihood]
family = "gaussian"
location = "f"
scale = "noise"
"#;

fn oracle() -> Option<(Model, Value)> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles/masked"));
    let Ok(expected) = std::fs::read_to_string(folder.join("expected.json")) else {
        eprintln!("skipped: {} is absent", folder.display());
        return None;
    };
    let source = Source::new("oracle.toml", TEXT);
    let spec = ModelSpec::from_toml(&source).unwrap();
    let data = gridgp_io::read(&folder.join("observations.nc"), &spec.data).unwrap();
    let model = Model::new(spec, &source, data).unwrap();
    Some((model, serde_json::from_str(&expected).unwrap()))
}

#[test]
fn oracle_masked_by_conjugate_gradients() {
    let Some((mut model, expected)) = oracle() else { return };
    model.spec.inference.algebra = Algebra::Iterative;
    let mut marginal = Marginal::new(&model).unwrap();
    for evaluation in expected["evaluations"].as_array().unwrap() {
        let number = |name: &str| evaluation[name].as_f64().unwrap();
        let theta: Vec<f64> = model.parameters.iter().map(|p| number(&p.name)).collect();
        let mut bar = vec![0.0; theta.len()];
        let value = marginal.log_prob_vjp(&theta, &mut bar).unwrap();
        let want = number("log_marginal_likelihood");
        let error = (value.log_prob - want).abs();
        assert!(error < 4.0 * value.standard_error && error < 0.05, "{value:?} {want}");
        for ((p, theta), bar) in model.parameters.iter().zip(&theta).zip(&bar) {
            let want = evaluation["gradient_wrt_log"][&p.name].as_f64().unwrap();
            // A hundredth of what one posterior standard deviation changes in it.
            assert!((theta * bar - want).abs() < 0.01 * 19_000_f64.sqrt(), "{}: {want}", p.name);
        }
        let at = |name: &str, i: usize| evaluation[name][i].as_f64().unwrap();
        let cells = evaluation["gap_cells"].as_array().unwrap();
        let along = |axis: usize| -> Vec<f64> {
            let points = model.data.grid.axes()[axis].points();
            cells.iter().map(|c| points.row(c[axis].as_u64().unwrap() as usize)[0]).collect()
        };
        let points = [Points::new(along(0), 1), Points::new(along(1), 1)];
        let moments = Conditional::new(&model, &theta).unwrap().at_points(&points, &[]).unwrap();
        for i in 0..cells.len() {
            assert!((moments.mean[i] - at("mean_at_gaps", i)).abs() < 1e-5, "{moments:?}");
            assert!((moments.sd[i] - at("sd_at_gaps", i)).abs() < 1e-5, "{moments:?}");
        }
    }
}
