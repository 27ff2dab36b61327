//! A grid with two fifths of its cells missing, against a dense computation that this project did not
//! make.
//!
//! The oracle lies beside the repository, in `shared/oracles`; where it is absent the test says so and
//! passes.

use std::path::PathBuf;

use gridgp_density::Marginal;
use gridgp_model::Model;
use gridgp_model::spec::{Algebra, ModelSpec, Source};
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
        let begun = std::time::Instant::now();
        let value = marginal.log_prob_vjp(&theta, &mut bar).unwrap();
        let want = number("log_marginal_likelihood");
        eprintln!("{:?} {value:?} {want}", begun.elapsed());
        for ((p, theta), bar) in model.parameters.iter().zip(&theta).zip(&bar) {
            eprintln!("{} {} {}", p.name, theta * bar, evaluation["gradient_wrt_log"][&p.name]);
        }
        assert!((value.log_prob - want).abs() < 4.0 * value.standard_error);
    }
}
