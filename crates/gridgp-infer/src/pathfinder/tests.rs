use std::ops::ControlFlow::{Break, Continue};

use super::*;
use crate::targets::{Gaussian, Target, covariance, funnel, go_on, logistic};

fn run<D: LogDensity + Send>(
    make: &(dyn Fn() -> D + Sync),
    starts: &[Vec<f64>],
    options: &PathfinderOptions,
) -> Approximation {
    pathfinder(make, starts, options, &go_on).unwrap()
}

/// With as many pairs as unknowns the curvature of a quadratic is known to the line searches'
/// precision; the weights do the rest.
#[test]
fn a_normal_target_is_recovered() {
    let target = Gaussian::autoregressive(&[1.0, -2.0, 0.5, 0.0], &[1.0, 0.3, 3.0, 0.5], 0.6);
    let options = PathfinderOptions {
        history: 12,
        candidates: 10_000,
        draws: 20_000,
        maximize: MaximizeOptions { tolerance: 1e-6, ..Default::default() },
        ..Default::default()
    };
    let starts = [vec![0.0; 4], vec![2.0, -1.0, 3.0, 1.0]];
    let fit = run(&|| target.clone(), &starts, &options);
    assert!(fit.converged && fit.pareto_k.is_good(), "{:?}", fit.pareto_k);
    let (found, exact) = (covariance(&fit.draws, 4), target.covariance());
    for i in 0..4 {
        let sd = exact[(i, i)].sqrt();
        assert!((fit.mean[i] - target.mean[i]).abs() < 0.03 * sd, "{:?}", fit.mean);
        for j in 0..4 {
            let size = sd * exact[(j, j)].sqrt();
            assert!((found[(i, j)] - exact[(i, j)]).abs() < 0.05 * size, "{i} {j}");
        }
    }
    let normalizer = target.log_normalizer();
    assert!((fit.pareto_k.log_evidence - normalizer).abs() < 0.02, "{:?}", fit.pareto_k);
    assert!(fit.elbo <= normalizer + 4.0 * fit.elbo_se);
}

#[test]
fn one_unknown() {
    let target = Gaussian::autoregressive(&[2.0], &[0.7], 0.0);
    let fit = run(&|| target.clone(), &[vec![-1.0]], &PathfinderOptions::default());
    assert!((fit.mean[0] - 2.0).abs() < 0.05 && (fit.sd[0] - 0.7).abs() < 0.05, "{:?}", fit.sd);
    assert!(fit.pareto_k.is_good());
}

/// The start is the mode of N(0, I), so that no step is taken.
#[test]
fn a_start_at_the_mode_is_a_path() {
    let target = Gaussian::autoregressive(&[0.0; 3], &[1.0; 3], 0.0);
    let fit = run(&|| target.clone(), &[vec![0.0; 3]], &PathfinderOptions::default());
    assert_eq!((fit.steps, fit.curve.len()), (0, 1));
    assert!(fit.pareto_k.k <= 0.0 && (fit.elbo - target.log_normalizer()).abs() < 1e-10);
}

/// N(−3, 1) and e times N(3, 1).
#[test]
fn two_modes_get_their_masses() {
    let modes = |x: &[f64], gradient: &mut [f64]| {
        let (left, right) = (-0.5 * (x[0] + 3.0).powi(2), 1.0 - 0.5 * (x[0] - 3.0).powi(2));
        let top = left.max(right);
        let sum = (left - top).exp() + (right - top).exp();
        let weight = (right - top).exp() / sum;
        gradient[0] = -(1.0 - weight) * (x[0] + 3.0) - weight * (x[0] - 3.0);
        top + sum.ln()
    };
    let make = || Target { dim: 1, function: modes };
    let options = PathfinderOptions { draws: 4000, candidates: 4000, ..Default::default() };
    // Found three times, the left mode has no more mass than found once.
    for starts in [&[-4.5, 4.5][..], &[-4.5, -4.4, -1.5, 4.5]] {
        let starts: Vec<_> = starts.iter().map(|x| vec![*x]).collect();
        let fit = run(&make, &starts, &options);
        assert!(fit.pareto_k.is_good(), "{:?}", fit.pareto_k);
        let right = fit.draws.iter().filter(|x| **x > 0.0).count() as f64 / 4000.0;
        let mass = 1.0 + 1f64.exp();
        assert!((right - 1f64.exp() / mass).abs() < 0.03, "{right}");
        let evidence = mass.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln();
        assert!((fit.pareto_k.log_evidence - evidence).abs() < 0.03, "{:?}", fit.pareto_k);
    }
}

#[test]
fn a_logistic_regression_is_well_approximated() {
    let make = || Target { dim: 3, function: logistic };
    let fit = run(&make, &[vec![0.0; 3], vec![1.0; 3]], &PathfinderOptions::default());
    assert!(fit.pareto_k.is_good(), "{:?}", fit.pareto_k);
    let laplace = crate::laplace(&make, &[vec![0.0; 3]], &Default::default(), &go_on).unwrap();
    let evidence = laplace.pareto_k.log_evidence;
    assert!((fit.pareto_k.log_evidence - evidence).abs() < 0.05, "{evidence}");
    for j in 0..3 {
        assert!((fit.mean[j] - laplace.mean[j]).abs() < 0.4 * laplace.sd[j], "{:?}", fit.mean);
        assert!((fit.sd[j] / laplace.sd[j] - 1.0).abs() < 0.15, "{:?}", fit.sd);
    }
}

#[test]
fn a_funnel_is_warned_about() {
    let make = || Target { dim: 20, function: funnel };
    let start: Vec<f64> = (0..20).map(|i| 1.0 + 0.1 * f64::from(i)).collect();
    let fit = run(&make, &[start], &PathfinderOptions::default());
    assert!(!fit.pareto_k.is_good(), "{:?}", fit.pareto_k);
    assert!(fit.warnings.iter().any(|w| w.contains("Pareto k of the Pathfinder")));
    assert!(fit.draws.iter().all(|x| x.is_finite()));
}

#[test]
fn paths_outside_the_support_are_counted() {
    let half = |x: &[f64], gradient: &mut [f64]| {
        gradient[0] = 3.0 - x[0];
        if x[0] < -1.0 { f64::NEG_INFINITY } else { -0.5 * (x[0] - 3.0).powi(2) }
    };
    let make = || Target { dim: 1, function: half };
    let fit = run(&make, &[vec![-2.0], vec![0.0]], &PathfinderOptions::default());
    assert!(fit.warnings.iter().any(|w| w.contains("1 of 2 paths")), "{:?}", fit.warnings);
    assert!((fit.mean[0] - 3.0).abs() < 0.1);
    let options = PathfinderOptions::default();
    let error = pathfinder(&make, &[vec![-2.0]], &options, &go_on).unwrap_err().to_string();
    assert!(error.contains("1 tried"), "{error}");
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let starts: Vec<_> = (0..5).map(|i| vec![f64::from(i) - 2.0, 1.0, 0.3]).collect();
    let with = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let options = PathfinderOptions { seed, ..Default::default() };
        let make = || Target { dim: 3, function: logistic };
        pool.install(|| run(&make, &starts, &options))
    };
    let one = with(1, 3);
    assert_eq!(one, with(4, 3));
    assert_ne!(one.draws, with(1, 4).draws);
}

#[test]
fn interruption_uses_the_best_so_far() {
    let target = Gaussian::autoregressive(&[1.0; 6], &[1.0, 0.1, 2.0, 1.0, 0.5, 1.0], 0.7);
    let make = || target.clone();
    let options = PathfinderOptions::default();
    let stop = |p: &Progress| if p.iteration == 3 { Break(()) } else { Continue(()) };
    let fit = pathfinder(&make, &[vec![0.0; 6]], &options, &stop).unwrap();
    assert!(fit.interrupted && !fit.converged && fit.steps == 3 && fit.curve.len() == 4);
    assert_eq!(fit.draws.len(), 6000);
}

#[test]
fn resampling_keeps_shares_and_count() {
    let weights: Vec<f64> = [0.5, 0.0, 0.3, 0.2].iter().map(|w: &f64| w.ln()).collect();
    let chosen = resample(&weights, 100, 1);
    let count = |i| chosen.iter().filter(|c| **c == i).count();
    assert_eq!([count(0), count(1), count(2), count(3)], [50, 0, 30, 20]);
}

#[test]
fn what_cannot_be_done_says_what_to_try() {
    let target = Gaussian::autoregressive(&[1.0; 2], &[1.0; 2], 0.7);
    let message = |starts: &[Vec<f64>], options: PathfinderOptions| {
        pathfinder(&|| target.clone(), starts, &options, &go_on).unwrap_err().to_string()
    };
    let base = PathfinderOptions::default;
    assert!(message(&[], base()).contains("at least one"));
    assert!(message(&[vec![0.0]], base()).contains("has 1 numbers"));
    let one = [vec![0.0; 2]];
    assert!(message(&one, PathfinderOptions { history: 0, ..base() }).contains("1 to 32"));
    assert!(message(&one, PathfinderOptions { elbo_draws: 0, ..base() }).contains("elbo_draws"));
    assert!(message(&one, PathfinderOptions { candidates: 2, ..base() }).contains("25 or more"));
}
