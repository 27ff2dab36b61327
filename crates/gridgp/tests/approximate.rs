//! The approximate engines on the joint density of a model.

use std::ops::ControlFlow::Continue;

use gridgp::density::{Joint, LogDensity, Marginal};
use gridgp::grid::{Axis, Dataset, Grid, Variable};
use gridgp::infer::{
    Guide, LaplaceOptions, PathfinderOptions, SviOptions, laplace, pathfinder, svi,
};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};

/// A 6 × 5 grid with a smooth field.
fn model(field: &str, likelihood: &str) -> Model {
    let grid = Grid::new(vec![
        Axis::numbers("s", vec![0.0, 0.7, 1.5, 2.0, 3.1, 4.0]).unwrap(),
        Axis::numbers("t", vec![0.0, 1.0, 2.0, 3.5, 4.0]).unwrap(),
    ])
    .unwrap();
    let y = (0..30).map(|c| {
        let noise = (f64::from(c) * 0.618).fract() - 0.5;
        (0.8 * f64::from(c / 5)).sin() + 0.3 * f64::from(c % 5) + 0.8 * noise
    });
    let data = Dataset::new(grid, Variable::new("y", y.collect()), vec![]).unwrap();
    let text = format!(
        "[data]\nresponse = 'y'\naxes = {{ s = 's', t = 't' }}\n{field}\n[likelihood]\nfamily = \
         'gaussian'\n{likelihood}\n[inference]\njitter = 1e-10\n"
    );
    let source = Source::new("test", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

/// With every parameter known, the fields given Gaussian data are normal: the curvature at the mode
/// says all, and its evidence is the exact marginal likelihood.
#[test]
fn laplace_is_exact_for_gaussian_data() {
    let m = model(
        "[fields.f]\namplitude = 1.2\ns = 'matern52(lengthscale = 1.3)'\nt = \
         'matern32(lengthscale = 2.0)'",
        "location = 'f'\nscale = 0.5",
    );
    let joint = Joint::new(&m).unwrap();
    let start = vec![0.0; joint.dim()];
    let make = || joint.clone();
    let fit = laplace(&make, &[start], &LaplaceOptions::default(), &|_| Continue(())).unwrap();
    let exact = Marginal::new(&m).unwrap().log_prob_vjp(&[], &mut []).unwrap().log_prob;
    let evidence = fit.evidence.unwrap();
    assert!((evidence - exact).abs() < 1e-6, "{evidence} {exact}");
    assert!(fit.warnings.is_empty() && fit.pareto_k.k <= 0.0, "{:?}", fit.pareto_k);
}

/// Parameters and field together are not normal: every engine says how far it is from exact, and
/// their estimates of the evidence agree.
#[test]
fn engines_agree_on_a_small_joint_density() {
    let m = model(
        "[parameters]\nmu = 'normal(0, 2)'\n[fields.f]\namplitude = 'half_normal(1)'\ns = \
         'matern52(lengthscale ~ log_normal(0.5, 0.3))'\nt = 'matern32(lengthscale ~ \
         log_normal(0.5, 0.3))'",
        "location = 'mu + f'\nscale ~ 'log_normal(-0.7, 0.3)'",
    );
    let joint = Joint::new(&m).unwrap();
    let make = || joint.clone();
    let start = vec![0.0; joint.dim()];
    let go_on = |_: &_| Continue(());
    let by_path =
        pathfinder(&make, &[start.clone()], &PathfinderOptions::default(), &go_on).unwrap();
    let by_guide = |guide| {
        let options = SviOptions {
            guide,
            learning_rate: 1e-2,
            final_learning_rate: Some(1e-3),
            ..Default::default()
        };
        svi(&make, &start, &options, &|_| Continue(())).unwrap()
    };
    let fits = [by_guide(Guide::MeanField), by_guide(Guide::FullRank), by_path];
    for fit in &fits {
        println!("{}: elbo {:.2}, {:?}", fit.engine, fit.elbo, fit.pareto_k);
        println!("  {:.3?} {:.3?} {:?}", &fit.mean[..5], &fit.sd[..5], fit.warnings);
        assert!(fit.elbo < fit.pareto_k.log_evidence);
    }
    // A richer family has the higher bound.
    assert!(fits[1].elbo > fits[0].elbo);
    let difference = fits[1].pareto_k.log_evidence - fits[0].pareto_k.log_evidence;
    assert!(difference.abs() < 0.5, "{difference}");
}
