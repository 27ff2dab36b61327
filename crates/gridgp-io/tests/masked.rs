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

/// What one evaluation gives beside what it should.
struct Compared {
    value: f64,
    want: f64,
    standard_error: f64,
    /// Derivatives with respect to the logs of the parameters, and those of the oracle.
    gradient: Vec<(f64, f64)>,
    /// Means and standard deviations in gaps, and those of the oracle.
    moments: Vec<(f64, f64)>,
}

fn compare(algebra: Algebra) -> Vec<Compared> {
    let Some((mut model, expected)) = oracle() else { return vec![] };
    model.spec.inference.algebra = algebra;
    let mut marginal = Marginal::new(&model).unwrap();
    let one = |evaluation: &Value| {
        let number = |name: &str| evaluation[name].as_f64().unwrap();
        let theta: Vec<f64> = model.parameters.iter().map(|p| number(&p.name)).collect();
        let mut bar = vec![0.0; theta.len()];
        let value = marginal.log_prob_vjp(&theta, &mut bar).unwrap();
        let want = |name: &str| evaluation["gradient_wrt_log"][name].as_f64().unwrap();
        let names = model.parameters.iter().zip(&theta).zip(&bar);
        let gradient = names.map(|((p, theta), bar)| (theta * bar, want(&p.name))).collect();
        let cells = evaluation["gap_cells"].as_array().unwrap();
        let along = |axis: usize| -> Vec<f64> {
            let points = model.data.grid.axes()[axis].points();
            cells.iter().map(|c| points.row(c[axis].as_u64().unwrap() as usize)[0]).collect()
        };
        let points = [Points::new(along(0), 1), Points::new(along(1), 1)];
        let found = Conditional::new(&model, &theta).unwrap().at_points(&points, &[]).unwrap();
        let known =
            |name: &str| evaluation[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap());
        let means = found.mean.iter().copied().zip(known("mean_at_gaps"));
        let sds = found.sd.iter().copied().zip(known("sd_at_gaps"));
        Compared {
            value: value.log_prob,
            want: number("log_marginal_likelihood"),
            standard_error: value.standard_error,
            gradient,
            moments: means.chain(sds).collect(),
        }
    };
    expected["evaluations"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn oracle_masked_by_conjugate_gradients() {
    for c in compare(Algebra::Iterative) {
        let error = (c.value - c.want).abs();
        assert!(error < 4.0 * c.standard_error && error < 0.05, "{} {}", c.value, c.want);
        for (found, want) in c.gradient {
            // A hundredth of what one posterior standard deviation changes in it.
            assert!((found - want).abs() < 0.01 * 19_000_f64.sqrt(), "{found} {want}");
        }
        for (found, want) in c.moments {
            assert!((found - want).abs() < 1e-5, "{found} {want}");
        }
    }
}

fn meets_exactly(algebra: Algebra) {
    for c in compare(algebra) {
        for (found, want) in c.gradient.iter().chain(&c.moments).chain([&(c.value, c.want)]) {
            assert!((found - want).abs() < 1e-8 * want.abs().max(1.0), "{found} {want}");
        }
    }
}

#[test]
fn oracle_masked_by_state_space() {
    meets_exactly(Algebra::StateSpace);
}

#[test]
#[ignore = "a minute: cargo xtask oracles"]
fn oracle_masked_dense() {
    meets_exactly(Algebra::Dense);
}

#[test]
#[ignore = "a minute: cargo xtask oracles"]
fn oracle_masked_complement() {
    meets_exactly(Algebra::Complement);
}
