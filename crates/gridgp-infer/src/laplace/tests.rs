use std::ops::ControlFlow::{Break, Continue};

use super::*;
use crate::targets::{Gaussian, Target, funnel, go_on, logistic};

fn run<D: LogDensity + Send>(make: &(dyn Fn() -> D + Sync), dim: usize) -> Result<Approximation> {
    laplace(make, &[vec![0.1; dim]], &LaplaceOptions::default(), &go_on)
}

#[test]
fn exact_where_the_target_is_normal() {
    for (sd, rho) in
        [(vec![0.7], 0.0), (vec![1.0, 2.0, 0.5, 1.0], 0.9), (vec![1e-3, 1.0, 30.0, 0.1, 1e3], 0.7)]
    {
        let d = sd.len();
        let mean: Vec<f64> = (0..d).map(|i| 0.3 * i as f64 * sd[i]).collect();
        let target = Gaussian::autoregressive(&mean, &sd, rho);
        let fit = run(&|| target.clone(), d).unwrap();
        assert!(fit.converged && fit.warnings.is_empty(), "{:?}", fit.warnings);
        for i in 0..d {
            assert!((fit.mean[i] - mean[i]).abs() < 1e-6 * sd[i], "{i}: {:?}", fit.mean);
            approx::assert_relative_eq!(fit.sd[i], sd[i], max_relative = 1e-6);
        }
        let evidence = fit.evidence.unwrap();
        assert!((evidence - target.log_normalizer()).abs() < 1e-6, "{evidence}");
        assert!((fit.elbo - evidence).abs() < 1e-5 && fit.elbo_se < 1e-6);
        assert!(fit.pareto_k.k <= 0.0 && fit.pareto_k.ess > 999.9, "{:?}", fit.pareto_k);
    }
}

#[test]
fn draws_have_the_covariance_and_do_not_depend_on_threads() {
    let target = Gaussian::autoregressive(&[0.0; 3], &[1.0, 0.2, 5.0], 0.8);
    let options = LaplaceOptions { draws: 20_000, ..Default::default() };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let make = || target.clone();
        pool.install(|| laplace(&make, &[vec![1.0; 3]], &options, &go_on).unwrap())
    };
    let fit = with(1);
    assert_eq!(fit, with(4));
    let (found, exact) = (crate::targets::covariance(&fit.draws, 3), target.covariance());
    for i in 0..3 {
        for j in 0..3 {
            let size = (exact[(i, i)] * exact[(j, j)]).sqrt();
            assert!((found[(i, j)] - exact[(i, j)]).abs() < 0.03 * size, "{i} {j}");
        }
    }
}

/// log p(u) = a u − b eᵘ, a gamma distribution in its logarithm: mode log(a/b), curvature a, and
/// log ∫ = log Γ(a) − a log b.
#[test]
fn a_gamma_distribution_has_the_error_of_stirling() {
    let (a, b) = (9.0, 2.0);
    let gamma = |u: &[f64], gradient: &mut [f64]| {
        gradient[0] = a - b * u[0].exp();
        a * u[0] - b * u[0].exp()
    };
    let fit = run(&|| Target { dim: 1, function: gamma }, 1).unwrap();
    assert!((fit.mean[0] - (a / b).ln()).abs() < 1e-8);
    approx::assert_relative_eq!(fit.sd[0], 1.0 / a.sqrt(), max_relative = 1e-6);
    // Γ(9) = 8!, and Stirling's series says that the logarithm lacks 1/12a − …
    let exact = 40_320f64.ln() - a * b.ln();
    let error = exact - fit.evidence.unwrap();
    approx::assert_relative_eq!(error, 1.0 / (12.0 * a), max_relative = 2e-3);
    assert!((fit.pareto_k.log_evidence - exact).abs() < 0.02);
}

#[test]
fn a_logistic_regression_has_the_curvature_of_its_formula() {
    let found = hessian::negative_hessian(
        &|| Target { dim: 3, function: logistic },
        &[0.1, -0.4, 0.8],
        &hessian::FINE,
    )
    .unwrap();
    // Σ p (1 − p) c cᵀ + I / 2.5².
    let mut want = Mat::<f64>::identity(3, 3) * (1.0 / 6.25);
    for i in 0..80 {
        let t = f64::from(i) / 40.0 - 1.0;
        let c = [1.0, t, (5.0 * t).sin()];
        let p = 1.0 / (1.0 + (-(0.1 - 0.4 * c[1] + 0.8 * c[2])).exp());
        for (a, b) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)] {
            want[(a, b)] += p * (1.0 - p) * c[a] * c[b];
        }
    }
    assert!((&found.matrix - &want).norm_max() < 1e-6, "{:?}", found.matrix);
    assert!(found.asymmetry < 1e-7, "{}", found.asymmetry);
}

#[test]
fn what_is_not_concave_names_the_direction() {
    // The funnel has no mode: v falls and the density rises without end.
    let error = run(&|| Target { dim: 5, function: funnel }, 5);
    if let Ok(fit) = &error {
        assert!(!fit.pareto_k.is_good(), "{:?}", fit.pareto_k);
    }
    // x² y² / 2 off a saddle at 0, from where the gradient leads nowhere.
    let saddle = |x: &[f64], gradient: &mut [f64]| {
        gradient[0] = -x[0];
        gradient[1] = x[1];
        0.5 * (x[1] * x[1] - x[0] * x[0])
    };
    let make = || Target { dim: 2, function: saddle };
    let options = LaplaceOptions::default();
    let error = laplace(&make, &[vec![0.5, 0.0]], &options, &go_on).unwrap_err().to_string();
    assert!(
        error.contains("+1.00 of unknown 1") || error.contains("-1.00 of unknown 1"),
        "{error}"
    );
    assert!(error.contains("+1.00e0") && error.contains("saddle"), "{error}");
    let flat = |x: &[f64], gradient: &mut [f64]| {
        gradient.copy_from_slice(&[-x[0], 0.0]);
        -0.5 * x[0] * x[0]
    };
    let error = run(&|| Target { dim: 2, function: flat }, 2).unwrap_err().to_string();
    assert!(error.contains("of unknown 1") && error.contains("prior"), "{error}");
}

#[test]
fn an_edge_at_the_mode_is_an_error() {
    let edge = |x: &[f64], gradient: &mut [f64]| {
        gradient[0] = -x[0];
        if x[0] < 0.0 { f64::NEG_INFINITY } else { -0.5 * x[0] * x[0] }
    };
    let make = || Target { dim: 1, function: edge };
    let error = laplace(&make, &[vec![0.0]], &LaplaceOptions::default(), &go_on).unwrap_err();
    assert!(error.to_string().contains("unknown 0: the support ends"), "{error}");
}

#[test]
fn too_many_unknowns_and_interruption() {
    let target = Gaussian::autoregressive(&[3.0; 4], &[1.0, 0.01, 5.0, 1.0], 0.5);
    let make = || target.clone();
    let options = LaplaceOptions { max_dim: 3, ..Default::default() };
    let error = laplace(&make, &[vec![0.0; 4]], &options, &go_on).unwrap_err().to_string();
    assert!(error.contains("4 unknowns") && error.contains("svi or pathfinder"), "{error}");
    // A quadratic is solved by one Newton step from wherever the search was stopped.
    let options = LaplaceOptions::default();
    let stop = |p: &Progress| if p.iteration == 1 { Break(()) } else { Continue(()) };
    let fit = laplace(&make, &[vec![0.0; 4]], &options, &stop).unwrap();
    assert!(fit.interrupted && fit.steps == 1);
    assert!(fit.warnings.iter().any(|w| w.contains("interrupted")), "{:?}", fit.warnings);
}
