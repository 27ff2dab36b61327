//! The approximate engines on the joint density of a model.

use std::ops::ControlFlow::Continue;

use gridgp::density::{Joint, LogDensity, LogPosterior, Marginal};
use gridgp::grid::{Axis, Dataset, Grid, Variable};
use gridgp::infer::{
    Guide, LaplaceOptions, PathfinderOptions, SviOptions, laplace, pathfinder, svi,
};
use gridgp::model::Model;
use gridgp::model::spec::{Density, ModelSpec, Source};

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

/// Parameters and field together are far from normal: every bound is below the evidence, which the
/// five parameters of the exact marginal give, a richer family has the higher bound, and the
/// poor ones are seen.
#[test]
fn bounds_on_a_small_joint_density_are_below_the_evidence() {
    let m = model(
        "[parameters]\nmu = 'normal(0, 2)'\nsigma = 'log_normal(-0.7, 0.3)'\n[fields.f]\namplitude = 'half_normal(1)'\ns = \
         'matern52(lengthscale ~ log_normal(0.5, 0.3))'\nt = 'matern32(lengthscale ~ \
         log_normal(0.5, 0.3))'",
        "location = 'mu + f'\nscale = 'sigma'",
    );
    let joint = Joint::new(&m).unwrap();
    let make = || joint.clone();
    let start = vec![0.0; joint.dim()];
    let go_on = |_: &_| Continue(());
    let by_path =
        pathfinder(&make, std::slice::from_ref(&start), &PathfinderOptions::default(), &go_on)
            .unwrap();
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
    let posterior = LogPosterior::new(&m, Density::Unconstrained).unwrap();
    let make = || posterior.clone();
    let starts = [vec![0.0; posterior.dim()]];
    let options = LaplaceOptions { draws: 10_000, ..Default::default() };
    let marginal = laplace(&make, &starts, &options, &|_| Continue(())).unwrap();
    // k near its threshold, but a few hundredths are enough here.
    assert!(marginal.pareto_k.ess > 1000.0, "{:?}", marginal.pareto_k);
    let evidence = marginal.pareto_k.log_evidence;
    let report = || fits.iter().map(|f| (f.elbo, f.pareto_k)).collect::<Vec<_>>();
    for fit in &fits {
        assert!(fit.elbo < evidence, "{evidence}: {:?}", report());
    }
    let [mean_field, full_rank, by_path] = &fits;
    assert!(full_rank.elbo > mean_field.elbo + 5.0, "{:?}", report());
    assert!(full_rank.elbo > evidence - 4.0, "{evidence}: {:?}", report());
    for poor in [mean_field, by_path] {
        assert!(!poor.pareto_k.is_good(), "{:?}", report());
        assert!(poor.warnings.iter().any(|w| w.contains("Pareto k")), "{:?}", poor.warnings);
    }
    println!("evidence {evidence:.2}: {:.2?}", report());
}
