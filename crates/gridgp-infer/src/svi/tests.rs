use std::ops::ControlFlow::{Break, Continue};

use faer::Mat;

use super::guide::LocationScale;
use super::*;
use crate::approximation::Engine;
use crate::targets::{Gaussian, Target, counts, covariance, funnel, go_on, log_det, logistic};

const GUIDES: [Guide; 4] =
    [Guide::MeanField, Guide::LowRank { rank: 1 }, Guide::LowRank { rank: 3 }, Guide::FullRank];

/// A number in [−1, 1] for each i.
fn scatter(i: usize) -> f64 {
    2.0 * ((i as f64 + 1.0) * 0.754_877_666).fract() - 1.0
}

/// A guide of four unknowns away from its beginning.
fn somewhere(guide: Guide) -> LocationScale {
    let mut guide = guide.begin(&[0.3, -0.2, 0.5, 0.1], &[0.4], 3).unwrap();
    for (i, p) in guide.parameters.iter_mut().enumerate() {
        *p += 0.5 * scatter(i);
    }
    guide.refresh();
    guide
}

/// The covariance of a guide, from its root applied to unit noise.
fn dense(guide: &LocationScale) -> Mat<f64> {
    let (d, noise) = (guide.dim(), guide.noise());
    let columns: Vec<Vec<f64>> = (0..noise)
        .map(|j| {
            let (mut unit, mut x) = (vec![0.0; noise], vec![0.0; d]);
            unit[j] = 1.0;
            guide.draw(&unit, &mut x);
            x.iter().zip(guide.mean()).map(|(x, m)| x - m).collect()
        })
        .collect();
    let root = Mat::from_fn(d, noise, |i, j| columns[j][i]);
    &root * root.transpose()
}

#[test]
fn log_density_and_sd_are_those_of_the_dense_covariance() {
    for kind in GUIDES {
        let guide = somewhere(kind);
        let sigma = dense(&guide);
        let noise: Vec<f64> = (0..guide.noise()).map(|i| 1.7 * scatter(i + 90)).collect();
        let mut x = vec![0.0; 4];
        let log_q = guide.draw(&noise, &mut x);
        let precision = crate::targets::inverse(&sigma);
        let mut exact = Gaussian { mean: guide.mean().to_vec(), precision };
        let want = exact.log_density_gradient(&x, &mut [0.0; 4]) - exact.log_normalizer();
        approx::assert_relative_eq!(log_q, want, max_relative = 1e-11);
        for (i, sd) in guide.sd().iter().enumerate() {
            approx::assert_relative_eq!(*sd, sigma[(i, i)].sqrt(), max_relative = 1e-12);
        }
    }
}

/// log p(x(ε)) plus the entropy, or less log q(x(ε)) with q held fixed where unknowns are correlated,
/// at fixed noise.
#[test]
fn the_gradient_of_the_elbo_is_that_of_differences() {
    for kind in GUIDES {
        let mut guide = somewhere(kind);
        let noise: Vec<f64> = (0..guide.noise()).map(|i| 1.5 * scatter(i + 40)).collect();
        let target = |x: &[f64], gradient: &mut [f64]| {
            gradient[3] = -x[3].powi(3);
            logistic(&x[..3], &mut gradient[..3]) - 0.25 * x[3].powi(4)
        };
        let (mut x, mut gradient) = (vec![0.0; 4], vec![0.0; 4]);
        guide.draw(&noise, &mut x);
        target(&x, &mut gradient);
        let mut out = vec![0.0; guide.parameters.len()];
        guide.draw_vjp(&noise, &x, &mut gradient, 1.0, &mut out);
        guide.entropy_vjp(&mut out);
        let precision = crate::targets::inverse(&dense(&guide));
        let mut fixed = Gaussian { mean: guide.mean().to_vec(), precision };
        for j in 0..out.len() {
            let middle = guide.parameters[j];
            let mut at = |h: f64| {
                guide.parameters[j] = middle + h;
                guide.refresh();
                guide.draw(&noise, &mut x);
                target(&x, &mut gradient)
                    + match kind {
                        Guide::MeanField => 0.5 * log_det(&dense(&guide)),
                        _ => -fixed.log_density_gradient(&x, &mut [0.0; 4]),
                    }
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            at(0.0);
            let error = (difference - out[j]).abs();
            assert!(error < 1e-7 * (1.0 + difference.abs()), "{kind:?} {j}: {error:e}");
        }
    }
}

fn fit(target: &Gaussian, options: &SviOptions) -> Approximation {
    svi(&|| target.clone(), &vec![0.0; target.dim()], options, &go_on).unwrap()
}

/// Long, with many particles and a learning rate that ends small.
fn thorough(guide: Guide) -> SviOptions {
    SviOptions {
        guide,
        particles: 8,
        antithetic: true,
        learning_rate: 2e-2,
        final_learning_rate: Some(2e-4),
        stop_early: false,
        ..Default::default()
    }
}

/// KL(q ‖ p) of the best independent q is ½ (Σ log Pᵢᵢ − log det P).
#[test]
fn mean_field_finds_the_means_and_the_conditional_sds() {
    let target =
        Gaussian::autoregressive(&[1.0, -2.0, 0.5, 0.0, 3.0], &[1.0, 0.1, 3.0, 0.5, 1.0], 0.8);
    let fit = fit(&target, &thorough(Guide::MeanField));
    let exact = target.covariance();
    for i in 0..5 {
        let (sd, conditional) = (exact[(i, i)].sqrt(), 1.0 / target.precision[(i, i)].sqrt());
        assert!((fit.mean[i] - target.mean[i]).abs() < 0.02 * sd, "{:?}", fit.mean);
        assert!((fit.sd[i] / conditional - 1.0).abs() < 0.02, "{} {conditional}", fit.sd[i]);
        assert!(fit.sd[i] < 0.7 * sd);
    }
    let diagonal: f64 = (0..5).map(|i| target.precision[(i, i)].ln()).sum();
    let divergence = 0.5 * (diagonal - log_det(&target.precision));
    let want = target.log_normalizer() - divergence;
    assert!((fit.elbo - want).abs() < 4.0 * fit.elbo_se, "{} {want}", fit.elbo);
    assert!(fit.elbo_se < 0.1 && divergence > 1.0, "{}", fit.elbo_se);
}

#[test]
fn full_rank_recovers_an_ill_scaled_covariance() {
    let target = Gaussian::autoregressive(&[0.5, -0.2, 0.5, 0.0], &[1.0, 0.1, 10.0, 0.5], 0.8);
    let fit = fit(&target, &SviOptions { draws: 20_000, ..thorough(Guide::FullRank) });
    let exact = target.covariance();
    let found = covariance(&fit.draws, 4);
    for i in 0..4 {
        let sd = exact[(i, i)].sqrt();
        assert!((fit.mean[i] - target.mean[i]).abs() < 0.02 * sd, "{:?}", fit.mean);
        assert!((fit.sd[i] / sd - 1.0).abs() < 0.02, "{} {sd}", fit.sd[i]);
        for j in 0..4 {
            let scale = sd * exact[(j, j)].sqrt();
            assert!((found[(i, j)] - exact[(i, j)]).abs() < 0.04 * scale, "{i} {j}");
        }
    }
    assert!((fit.elbo - target.log_normalizer()).abs() < 1e-3, "{}", fit.elbo);
    assert!(fit.pareto_k.is_good() && fit.pareto_k.ess > 19_000.0, "{:?}", fit.pareto_k);
    assert!((fit.pareto_k.log_evidence - target.log_normalizer()).abs() < 2e-3);
}

/// D (I + u uᵀ) D with entries of D from 0.3 to 3.
#[test]
fn low_rank_recovers_a_covariance_of_its_kind() {
    let d = 12;
    let scale = |i: usize| 0.3 * 10f64.powf(i as f64 / 11.0);
    let u = |i: usize| 1.5 * scatter(i);
    let sigma = Mat::from_fn(d, d, |i, j| {
        scale(i) * scale(j) * (u(i) * u(j) + if i == j { 1.0 } else { 0.0 })
    });
    let target = Gaussian { mean: vec![0.3; d], precision: crate::targets::inverse(&sigma) };
    for rank in [1, 3] {
        let options = SviOptions { draws: 20_000, ..thorough(Guide::LowRank { rank }) };
        let fit = fit(&target, &options);
        let found = covariance(&fit.draws, d);
        for i in 0..d {
            for j in 0..d {
                let size = (sigma[(i, i)] * sigma[(j, j)]).sqrt();
                let error = (found[(i, j)] - sigma[(i, j)]).abs() / size;
                assert!(error < 0.05, "rank {rank}, {i} {j}: {error}");
            }
        }
        assert!((fit.elbo - target.log_normalizer()).abs() < 0.01, "{rank}: {}", fit.elbo);
    }
}

#[test]
fn one_unknown_and_the_defaults() {
    for guide in [Guide::MeanField, Guide::LowRank { rank: 1 }, Guide::FullRank] {
        let target = Gaussian::autoregressive(&[2.0], &[0.7], 0.0);
        let fit = fit(&target, &SviOptions { guide, ..Default::default() });
        assert!((fit.mean[0] - 2.0).abs() < 0.05 && (fit.sd[0] - 0.7).abs() < 0.04, "{guide:?}");
        assert!(fit.pareto_k.is_good(), "{:?}", fit.pareto_k);
    }
}

/// The average over the last window is nearer to the truth than the last step.
#[test]
fn averaging_helps() {
    let target = Gaussian::autoregressive(&[0.5; 30], &[0.3; 30], 0.5);
    let error = |average| {
        let square = |seed| {
            let options = SviOptions { average, stop_early: false, seed, ..Default::default() };
            fit(&target, &options).mean.iter().map(|m| (m - 0.5).powi(2)).sum::<f64>()
        };
        ((0..4).map(square).sum::<f64>() / 120.0).sqrt()
    };
    let (with, without) = (error(true), error(false));
    assert!(with < 0.75 * without, "{with} {without}");
}

/// Against sums over a grid of 41³ points, six standard deviations to each side.
#[test]
fn a_logistic_regression_is_nearly_normal() {
    let options = thorough(Guide::FullRank);
    let fit = svi(&|| Target { dim: 3, function: logistic }, &[0.0; 3], &options, &go_on).unwrap();
    // k is no measure here. The likelihood has exponential tails, so that p / q grows until the prior,
    // of sd 2.5, takes over: its k is 1 - (sd / 2.5)^2, the nearer to 1 the more answers there are. And
    // the estimate is of the shape of the largest ratios, however little they differ: with 4,000
    // answers 999.7 of 1000 draws are effective, and k is between 0.4 and 0.9.
    assert!(fit.pareto_k.ess > 950.0, "{:?}", fit.pareto_k);
    let at = |i: usize, j: usize| fit.mean[j] + fit.sd[j] * 0.3 * (i as f64 - 20.0);
    let (mut total, mut mean) = (0.0, [0.0; 3]);
    for cell in 0..41 * 41 * 41 {
        let x = [at(cell / 1681, 0), at(cell / 41 % 41, 1), at(cell % 41, 2)];
        let weight = (logistic(&x, &mut [0.0; 3]) + 50.0).exp();
        total += weight;
        mean.iter_mut().zip(x).for_each(|(m, x)| *m += weight * x);
    }
    let volume: f64 = fit.sd.iter().map(|sd| 0.3 * sd).product();
    let evidence = (total * volume).ln() - 50.0;
    assert!((fit.pareto_k.log_evidence - evidence).abs() < 0.015, "{evidence}");
    assert!((0.0..0.05).contains(&(evidence - fit.elbo)), "{} {evidence}", fit.elbo);
    for j in 0..3 {
        let error = (fit.mean[j] - mean[j] / total) / fit.sd[j];
        assert!(error.abs() < 0.05, "{j}: {error}");
    }
}

/// Where p has lighter tails than its guide, p / q is bounded and k below 0, whatever the seed.
#[test]
fn a_regression_of_counts_is_normal() {
    for seed in 0..5 {
        let options = SviOptions { seed, ..thorough(Guide::FullRank) };
        let fit =
            svi(&|| Target { dim: 3, function: counts }, &[0.0; 3], &options, &go_on).unwrap();
        assert!(fit.pareto_k.k < 0.0 && fit.pareto_k.ess > 999.0, "{seed}: {:?}", fit.pareto_k);
    }
}

#[test]
fn a_funnel_is_warned_about() {
    let options = SviOptions { draws: 4000, ..Default::default() };
    let fit = svi(&|| Target { dim: 30, function: funnel }, &[0.0; 30], &options, &go_on).unwrap();
    assert!(!fit.pareto_k.is_good(), "{:?}", fit.pareto_k);
    let warning = fit.warnings.iter().find(|w| w.contains("Pareto k")).expect("a warning");
    assert!(warning.contains("nuts"), "{warning}");
}

/// N(0, 1) without its part below −1.
fn half(x: &[f64], gradient: &mut [f64]) -> f64 {
    gradient[0] = -x[0];
    if x[0] < -1.0 { f64::NEG_INFINITY } else { -0.5 * x[0] * x[0] }
}

#[test]
fn particles_outside_are_left_out_and_counted() {
    let options = SviOptions { particles: 4, ..Default::default() };
    let fit = svi(&|| Target { dim: 1, function: half }, &[0.5], &options, &go_on).unwrap();
    assert!(fit.skipped > 100 && fit.skipped < fit.evaluations, "{}", fit.skipped);
    assert!(fit.mean[0].is_finite() && fit.sd[0] > 0.3, "{:?}", fit.sd);
    assert_eq!(fit.elbo, f64::NEG_INFINITY);
    let count = fit.log_density.iter().filter(|v| !v.is_finite()).count();
    assert!(count > 0 && fit.pareto_k.outside == count);
    assert!(fit.warnings.iter().any(|w| w.contains("were left out")), "{:?}", fit.warnings);
    assert!(fit.warnings.iter().any(|w| w.contains("draws of the mean-field")));
}

/// Uphill to the edge: once the guide has crossed it, no draw is inside.
#[test]
fn a_guide_that_leaves_the_support_is_an_error() {
    let cliff = |x: &[f64], gradient: &mut [f64]| {
        gradient[0] = 1e4;
        if x[0] > 0.5 { f64::NEG_INFINITY } else { 1e4 * x[0] }
    };
    let options = SviOptions { learning_rate: 1.0, initial_sd: vec![1e-3], ..Default::default() };
    let error = svi(&|| Target { dim: 1, function: cliff }, &[0.0], &options, &go_on).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("100 steps in a row") && error.contains("initial_sd"), "{error}");
    let nan = |_: &[f64], _: &mut [f64]| f64::NAN;
    let error = svi(&|| Target { dim: 1, function: nan }, &[0.0], &options, &go_on).unwrap_err();
    assert!(error.to_string().contains("at the start"), "{error}");
}

#[test]
fn progress_comes_every_step_and_can_stop() {
    let target = Gaussian::autoregressive(&[1.0; 2], &[1.0; 2], 0.3);
    let seen = std::sync::Mutex::new(vec![]);
    let options = SviOptions { window: 10, tolerance: 0.0, ..Default::default() };
    let fit = svi(&|| target.clone(), &[0.0; 2], &options, &|p| {
        seen.lock().unwrap().push(p.clone());
        if p.step == 25 { Break(()) } else { Continue(()) }
    })
    .unwrap();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.iter().map(|p| p.step).collect::<Vec<_>>(), (1..=25).collect::<Vec<_>>());
    assert_eq!(seen.iter().map(|p| p.elbo).collect::<Vec<_>>(), fit.curve);
    assert!(seen[18].change.is_none() && seen[19].change.is_some());
    assert!(fit.interrupted && !fit.converged && fit.steps == 25 && fit.draws.len() == 2000);
    assert!(fit.warnings[0].contains("25 of 6000"), "{:?}", fit.warnings);
}

#[test]
fn convergence_ends_the_fit() {
    let target = Gaussian::autoregressive(&[0.2; 4], &[1.0; 4], 0.0);
    let options = SviOptions { particles: 2, antithetic: true, ..Default::default() };
    let early = fit(&target, &options);
    assert!(
        early.converged && early.steps < 6000 && early.steps.is_multiple_of(500),
        "{}",
        early.steps
    );
    let full = fit(&target, &SviOptions { stop_early: false, ..options.clone() });
    assert!(full.converged && full.steps == 6000);
    assert_eq!(full.curve[..early.steps], early.curve);
    let short = fit(&target, &SviOptions { steps: 600, ..options.clone() });
    assert!(!short.converged && short.warnings[0].contains("fewer than two windows"));
    let moving = fit(&target, &SviOptions { steps: 1000, initial_sd: vec![1e-2], ..options });
    assert!(!moving.converged && moving.warnings[0].contains("did not converge"));
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let target = Gaussian::autoregressive(&[1.0; 6], &[0.5; 6], 0.5);
    for guide in GUIDES {
        let with = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let options =
                SviOptions { guide, steps: 300, particles: 5, seed, ..Default::default() };
            pool.install(|| fit(&target, &options))
        };
        let one = with(1, 7);
        assert_eq!(one, with(4, 7));
        assert_ne!(one.draws, with(1, 8).draws);
    }
}

#[test]
fn what_cannot_be_done_says_what_to_try() {
    let message = |dim: usize, options: SviOptions| {
        let flat = |_: &[f64], gradient: &mut [f64]| {
            gradient.fill(0.0);
            0.0
        };
        svi(&|| Target { dim, function: flat }, &vec![0.0; dim], &options, &go_on)
            .unwrap_err()
            .to_string()
    };
    let base = SviOptions::default;
    let large = message(2001, SviOptions { guide: Guide::FullRank, ..base() });
    assert!(large.contains("2001 unknowns") && large.contains("low_rank"), "{large}");
    let rank = message(3, SviOptions { guide: Guide::LowRank { rank: 4 }, ..base() });
    assert!(rank.contains("rank 4") && rank.contains("1 to 3"), "{rank}");
    let odd = message(1, SviOptions { antithetic: true, particles: 3, ..base() });
    assert!(odd.contains("pairs"), "{odd}");
    let sds = |sds: &[f64]| SviOptions { initial_sd: sds.to_vec(), ..base() };
    assert!(message(1, sds(&[-1.0])).contains("initial_sd is -1"));
    assert!(message(1, sds(&[1.0, 2.0, 3.0])).contains("3 numbers for 1 unknowns"));
    assert!(message(1, SviOptions { steps: 0, ..base() }).contains("steps is 0"));
    assert!(message(1, SviOptions { draws: 3, ..base() }).contains("25 or more"));
    assert!(message(0, base()).contains("no unknowns"));
    let start = svi(&|| Target { dim: 2, function: funnel }, &[0.0], &base(), &go_on);
    assert!(start.unwrap_err().to_string().contains("has 1 numbers"));
    assert_eq!(Guide::LowRank { rank: 4 }.engine(), Engine::LowRank(4));
}

/// What a step costs beside the density: `cargo test --release -- --ignored --nocapture overhead`.
#[test]
#[ignore = "a measurement"]
fn overhead_of_a_step() {
    let bell = |x: &[f64], gradient: &mut [f64]| {
        gradient.iter_mut().zip(x).for_each(|(g, x)| *g = -x);
        -0.5 * x.iter().map(|x| x * x).sum::<f64>()
    };
    let time = |guide, dim: usize, steps| {
        let options =
            SviOptions { guide, steps, stop_early: false, draws: 25, ..Default::default() };
        let start = std::time::Instant::now();
        svi(&|| Target { dim, function: bell }, &vec![0.0; dim], &options, &go_on).unwrap();
        let each = start.elapsed().as_secs_f64() / steps as f64;
        println!("{guide:?}, {dim} unknowns: {:.2} µs a step", 1e6 * each);
    };
    for _ in 0..2 {
        time(Guide::MeanField, 88, 6000);
        time(Guide::LowRank { rank: 10 }, 88, 6000);
        time(Guide::FullRank, 88, 6000);
        time(Guide::MeanField, 20_000, 200);
        time(Guide::FullRank, 2000, 20);
    }
}

/// A Gaussian model without free parameters: no noise is left in a step, and the best independent
/// normals are known: the mean of the exact posterior, and the inverse of its precision's diagonal.
#[test]
fn by_quadrature_nothing_is_random_where_only_fields_are_unknown() {
    use gridgp_density::{ExpectedJoint, Joint};
    use gridgp_grid::{Axis, Dataset, Grid, Variable};
    use gridgp_model::Model;
    use gridgp_model::spec::{ModelSpec, Source};

    let source = Source::new(
        "test",
        "[data]\nresponse = 'y'\naxes = ['t']\n[fields.f]\namplitude = 1.3\nt = \
         'matern32(lengthscale = 2)'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f'\nscale = 0.5",
    );
    let t: Vec<f64> = (0..6).map(f64::from).collect();
    let grid = Grid::new(vec![Axis::numbers("t", t).unwrap()]).unwrap();
    let y = vec![0.3, 1.2, -0.4, 0.1, 2.0, 0.7];
    let data = Dataset::new(grid, Variable::new("y", y.clone()), vec![]).unwrap();
    let model = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap();
    let (expected, joint) = (ExpectedJoint::new(&model).unwrap(), Joint::new(&model).unwrap());
    let options = SviOptions {
        steps: 8000,
        learning_rate: 0.01,
        final_learning_rate: Some(1e-4),
        stop_early: false,
        ..SviOptions::default()
    };
    let (make_expected, make) = (|| expected.clone(), || joint.clone());
    let fit = svi_by_quadrature(&make_expected, &make, &[0.0; 6], &options, &go_on).unwrap();
    // y = A z + 0.5 ε: the columns of A are the field at unit vectors.
    let mut probe = joint.clone();
    let a = Mat::from_fn(6, 6, |i, j| {
        let mut z = [0.0; 6];
        z[j] = 1.0;
        probe.fields_at(&z).unwrap().1[0][i]
    });
    let precision = Mat::<f64>::identity(6, 6) + a.transpose() * &a * faer::Scale(4.0);
    let right = a.transpose() * Mat::from_fn(6, 1, |i, _| 4.0 * y[i]);
    let mean = crate::targets::inverse(&precision) * right;
    for i in 0..6 {
        assert!((fit.mean[i] - mean[(i, 0)]).abs() < 1e-3, "{i}: {} {}", fit.mean[i], mean[(i, 0)]);
        let sd = precision[(i, i)].powf(-0.5);
        assert!((fit.sd[i] / sd - 1.0).abs() < 1e-3, "{i}: sd {} for {sd}", fit.sd[i]);
    }
    let last = &fit.curve[7900..];
    let spread = last.iter().fold(0.0f64, |m, v| m.max((v - last[0]).abs()));
    assert!(spread < 1e-6, "the curve still moves by {spread}");
    // Where parameters are drawn, the guide is the one of Monte Carlo.
    let low_rank = SviOptions { guide: Guide::LowRank { rank: 1 }, ..options };
    let e = svi_by_quadrature(&make_expected, &make, &[0.0; 6], &low_rank, &go_on).unwrap_err();
    assert!(e.to_string().contains("mean_field"), "{e}");
}
