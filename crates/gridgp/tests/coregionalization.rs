//! Correlated outputs, from a model file to predictions.

use std::ops::ControlFlow;

use faer::{Mat, mat};
use gridgp::density::{LogPosterior, Marginal};
use gridgp::grid::{Axis, Coordinate, Dataset, Grid, Points, Variable};
use gridgp::infer::map;
use gridgp::kernel::{Covariance, Kernel, KernelOptions};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};
use gridgp::posterior::{Conditional, Place};
use gridgp::process::KroneckerNormal;
use gridgp::process::kronecker_normal::Factor;

const N: usize = 80;
const NOISE: f64 = 0.1;

fn outputs(labels: &[&str]) -> Axis {
    let labels = labels.iter().map(|&l| l.to_owned()).collect();
    Axis::new("output", vec![Coordinate::labels("output", labels)]).unwrap()
}

fn times() -> Vec<f64> {
    (0..N).map(|i| 0.25 * i as f64).collect()
}

/// What the outputs share: correlation 0.9, standard deviations 1 and 2.
fn truth() -> Mat<f64> {
    mat![[1.0, 1.8], [1.8, 4.0]]
}

/// A draw of two outputs, B ⊗ matern32(lengthscale = 0.7) + noise.
fn simulated() -> Dataset {
    let kernel = Kernel::from_name("matern32", &KernelOptions::of(["t"])).unwrap();
    let mut gram = Mat::zeros(N, N);
    kernel.gram(&Points::line(&times()), &[0.7], gram.as_mut());
    let factors = [truth(), gram].map(|k| Factor::covariance(k.as_ref()).unwrap());
    let normal = KroneckerNormal::new(vec![0.0; 2 * N], factors.to_vec(), NOISE).unwrap();
    let y = normal.sample(1, 8).col_as_slice(0).to_vec();
    let axes = vec![outputs(&["temperature", "pressure"]), Axis::numbers("t", times()).unwrap()];
    Dataset::new(Grid::new(axes).unwrap(), Variable::new("y", y), vec![]).unwrap()
}

fn model(output: &str) -> Model {
    let text = format!(
        "[data]\nresponse = 'y'\naxes = ['output', 't']\n[fields.f]\namplitude = 1\n\
         output = '{output}'\nt = 'matern32()'\n[likelihood]\nfamily = 'gaussian'\n\
         location = 'f'\n"
    );
    let source = Source::new("outputs.toml", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, simulated()).unwrap()
}

/// The covariance of the outputs at θ.
fn between_outputs(model: &Model, theta: &[f64]) -> Mat<f64> {
    let axis = model.fields[0].axes[0].as_ref().unwrap();
    let mut k = Mat::zeros(2, 2);
    axis.kernel.gram(&axis.points, &axis.numbers(theta), k.as_mut());
    k
}

#[test]
fn parameters_are_named_after_the_labels_and_have_their_default_priors() {
    let model = model("coregionalization(rank = 1)");
    let priors: Vec<String> =
        model.parameters[1..5].iter().map(|p| format!("{} ~ {}", p.name, p.prior)).collect();
    assert_eq!(
        priors,
        [
            "f.output.weights.temperature.1 ~ normal(0, 1)",
            "f.output.weights.pressure.1 ~ normal(0, 1)",
            "f.output.kappa.temperature ~ half_normal(1)",
            "f.output.kappa.pressure ~ half_normal(1)",
        ]
    );
}

#[test]
fn gradients_agree_with_differences() {
    for kernel in [
        "coregionalization(rank = 2)",
        "coregionalization(rank = 1, kappa = 0)",
        "coregionalization(rank = 1, weights = [1, 0.8]) + constant()",
    ] {
        let model = model(kernel);
        let value = |j: usize| 0.9 + 0.13 * j as f64;
        let theta: Vec<f64> = (0..model.parameters.len()).map(value).collect();
        let mut marginal = Marginal::new(&model).unwrap();
        let mut gradient = vec![0.0; theta.len()];
        marginal.log_prob_vjp(&theta, &mut gradient).unwrap();
        for j in 0..theta.len() {
            let h = 1e-3;
            let mut at = |steps: f64| {
                let mut theta = theta.clone();
                theta[j] += steps * h;
                marginal.log_prob(&theta).unwrap().log_prob
            };
            let difference = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h);
            let error = (gradient[j] - difference).abs();
            let name = &model.parameters[j].name;
            assert!(error < 1e-6 * (1.0 + difference.abs()), "{kernel}, {name}: {error:e}");
        }
    }
}

#[test]
fn two_outputs_are_fitted_and_inform_each_other() {
    let model = model("coregionalization(rank = 2)");
    let fit = map(&model, &|_| ControlFlow::Continue(())).unwrap();
    assert!(fit.gradient_norm < 1e-3, "{}", fit.gradient_norm);
    let k = between_outputs(&model, &fit.estimate);
    let correlation = k[(0, 1)] / (k[(0, 0)] * k[(1, 1)]).sqrt();
    // About 25 independent stretches of time: (1 - 0.81)/5 is the error of the correlation.
    assert!((correlation - 0.9).abs() < 0.12, "{correlation}");
    let ratio = (k[(1, 1)] / k[(0, 0)]).sqrt();
    assert!((ratio / 2.0).ln().abs() < 0.4, "{ratio}");
    // No worse than the truth: σ, W = (1, 1.8) and κ of what it leaves, ℓ.
    let truth = [NOISE, 1.0, 0.0, 1.8, 0.0, 1e-3, 0.76, 0.7];
    let k = between_outputs(&model, &truth);
    assert!((k - self::truth()).norm_max() < 1e-2);
    let mut posterior = LogPosterior::new(&model, model.spec.inference.density).unwrap();
    let names: Vec<&str> = model.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!((names[0], names[7]), ("scale", "f.t.lengthscale"));
    let unconstrained: Vec<f64> =
        model.parameters.iter().zip(truth).map(|(p, t)| p.transform.inverse(t)).collect();
    let mut gradient = vec![0.0; truth.len()];
    let at_truth = gridgp::density::LogDensity::log_density_gradient(
        &mut posterior,
        &unconstrained,
        &mut gradient,
    );
    assert!(fit.log_posterior > at_truth, "{} {at_truth}", fit.log_posterior);

    // The labels of the data in another order, and one that they do not have.
    let conditional = Conditional::new(&model, &fit.estimate).unwrap();
    let place = |labels: &[&str]| Place {
        grid: Grid::new(vec![outputs(labels), Axis::numbers("t", times()).unwrap()]).unwrap(),
        covariates: vec![],
    };
    let here = conditional.on_grid(&conditional.here()).unwrap();
    let turned = conditional.on_grid(&place(&["pressure", "temperature"])).unwrap();
    for i in 0..N {
        assert!((here.mean[i] - turned.mean[N + i]).abs() < 1e-10);
        assert!((here.mean[i] - model.data.response.values[i]).abs() < 6.0 * NOISE);
    }
    let refused = conditional.on_grid(&place(&["pressure", "wind"])).unwrap_err().to_string();
    assert!(refused.contains("\"output\": the data have no \"wind\""), "{refused}");
    let at = [Points::line(&[0.0, 2.0]), Points::line(&[0.1, 0.1])];
    let refused = conditional.at_points(&at, &[]).unwrap_err().to_string();
    assert!(refused.contains("point 1") && refused.contains("\"output\""), "{refused}");
}

#[test]
fn what_it_cannot_take_is_pointed_at() {
    let of = |axes: &str, kernels: &str| {
        let text = format!(
            "[data]\nresponse = 'y'\naxes = [{axes}]\n[fields.f]\n{kernels}\n\
             [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n"
        );
        let source = Source::new("outputs.toml", text);
        let spec = ModelSpec::from_toml(&source).unwrap();
        Model::new(spec, &source, simulated()).unwrap_err().to_string()
    };
    let both = "'output', 't'";
    assert!(of(both, "t = 'coregionalization(rank = 1)'").contains("\"t\" holds numbers"));
    assert!(of(both, "output = 'coregionalization(rank = 3)'").contains("2 labels"));
    assert!(of(both, "output = 'coregionalization()'").contains("`rank = 1`"));
    let few = of(both, "output = 'coregionalization(rank = 2, weights = [1, 2])'");
    assert!(few.contains("2 values for 4 parameters"), "{few}");
    let refused = of(both, "output = 'matern32()'");
    assert!(refused.contains("coregionalization(rank = 1)"), "{refused}");
}
