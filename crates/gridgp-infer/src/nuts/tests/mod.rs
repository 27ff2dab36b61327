mod measured;
mod resume;
mod targets;

use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::{AtomicUsize, Ordering};

use targets::*;

use super::*;

/// Samples without watching.
fn sample<D: LogDensity + Send>(
    make: impl Fn() -> D + Sync,
    starts: &[Vec<f64>],
    options: &NutsOptions,
) -> Result<Draws> {
    nuts(&make, starts, options, None, &|_| Continue(()))
}

/// The draws of one unknown, chain by chain, under a function.
fn unknown(draws: &Draws, j: usize, f: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
    let chain = |c: &ChainDraws| (0..c.len()).map(|i| f(c.draw(i)[j])).collect();
    draws.chains.iter().map(chain).collect()
}

/// That a mean over draws is `expected` within four of its standard errors.
fn assert_mean(draws: &Draws, j: usize, f: impl Fn(f64) -> f64, expected: f64) {
    let values = unknown(draws, j, f);
    let (mean, variance) = moments(&values);
    let error = (variance / effective(&values)).sqrt();
    assert!((mean - expected).abs() < 4.0 * error, "{j}: {mean} is not {expected} ± {error}");
    // An estimate that is hopelessly uncertain proves nothing.
    assert!(error < 0.1 * variance.sqrt(), "{error}");
}

#[test]
fn moments_of_a_correlated_normal() {
    for metric in [Metric::Diagonal, Metric::LowRank] {
        let target = Normal::correlated(6, 0.9);
        let options = NutsOptions { metric, seed: 3, ..Default::default() };
        let starts = vec![vec![1.0; 6]; 4];
        let draws = sample(|| target.clone(), &starts, &options).unwrap();
        assert!(!draws.interrupted && draws.divergences() == 0);
        for j in 0..6 {
            assert_mean(&draws, j, |x| x, target.mean[j]);
            let variance = target.covariance[(j, j)];
            assert_mean(&draws, j, |x| (x - target.mean[j]).powi(2), variance);
        }
        for chain in &draws.chains {
            assert_eq!((chain.len(), chain.tuning_draws, chain.first), (1000, 1000, 0));
        }
        // Of all chains: that of one hangs on last digits, which processors do not share.
        let rates = draws.chains.iter().flat_map(|c| &c.statistics).map(|s| s.acceptance_rate);
        let accepted = rates.sum::<f64>() / 4000.0;
        assert!((accepted - 0.8).abs() < 0.08, "{accepted}");
    }
}

/// log of a gamma variable with shape 3: skewed, and its moments are known.
#[test]
fn moments_of_a_skewed_density_in_one_dimension() {
    let make = || Function {
        dim: 1,
        function: |x: &[f64], g: &mut [f64]| {
            g[0] = 3.0 - x[0].exp();
            3.0 * x[0] - x[0].exp()
        },
    };
    let options = NutsOptions { draws: 3000, seed: 8, ..Default::default() };
    let draws = sample(make, &[vec![5.0], vec![-5.0]], &options).unwrap();
    // The digamma and trigamma functions at 3.
    assert_mean(&draws, 0, |x| x, 0.922_784_335_098_467_1);
    assert_mean(&draws, 0, |x| (x - 0.922_784_335_098_467_1).powi(2), 0.394_934_066_848_226_4);
    assert_mean(&draws, 0, f64::exp, 3.0);
}

/// The half-normal distribution, with nothing beyond its end.
#[test]
fn the_end_of_the_support_is_a_divergence() {
    let make = || Function {
        dim: 1,
        function: |x: &[f64], g: &mut [f64]| {
            g[0] = if x[0] < 0.0 { f64::NAN } else { -x[0] };
            if x[0] < 0.0 { f64::NEG_INFINITY } else { -0.5 * x[0] * x[0] }
        },
    };
    let options = NutsOptions { draws: 4000, seed: 1, ..Default::default() };
    let draws = sample(make, &[vec![1.0], vec![2.0]], &options).unwrap();
    assert!(draws.divergences() > 100);
    assert!(draws.chains.iter().all(|c| c.x.iter().all(|&x| x >= 0.0)));
    let diverged = draws.chains[0].statistics.iter().find(|s| s.diverging).unwrap();
    assert_eq!(diverged.max_energy_error, f64::INFINITY);
    assert_mean(&draws, 0, |x| x, (2.0 / std::f64::consts::PI).sqrt());
}

#[test]
fn a_funnel_diverges_and_shorter_steps_help() {
    let count = |target_accept| {
        let options = NutsOptions { target_accept, seed: 5, draws: 4000, ..Default::default() };
        let make = || Function { dim: 10, function: funnel };
        sample(make, &[vec![0.1; 10], vec![0.2; 10]], &options).unwrap().divergences()
    };
    let (coarse, fine) = (count(0.6), count(0.95));
    assert!(coarse > 20 && fine < coarse / 2, "{coarse} {fine}");
}

#[test]
fn draws_do_not_depend_on_the_number_of_threads() {
    let target = Normal::correlated(4, 0.5);
    let starts: Vec<_> = (0..5).map(|i| vec![0.3 * f64::from(i); 4]).collect();
    let with = |threads, seed| {
        let options = NutsOptions { tune: 200, draws: 100, threads, seed, ..Default::default() };
        sample(|| target.clone(), &starts, &options).unwrap()
    };
    let one = with(Some(1), 7);
    assert_eq!(one, with(Some(4), 7));
    assert_eq!(one, with(Some(11), 7));
    let other = with(None, 8);
    let (a, b) = (&one.chains[0], &other.chains[0]);
    assert!(a.x.iter().zip(&b.x).all(|(a, b)| a != b));
    // Chains from the same place differ as well.
    let options = NutsOptions { tune: 50, draws: 5, ..Default::default() };
    let twins = sample(|| target.clone(), &[vec![0.0; 4], vec![0.0; 4]], &options).unwrap();
    assert!(twins.chains[0].x.iter().zip(&twins.chains[1].x).all(|(a, b)| a != b));
}

#[test]
fn a_known_shape_is_used_from_the_first_draw() {
    let target = Normal::correlated(6, 0.98);
    let start = [target.mean.clone()];
    let steps = |whitening| {
        let options = NutsOptions { tune: 0, draws: 200, whitening, seed: 2, ..Default::default() };
        let draws = sample(|| target.clone(), &start, &options).unwrap();
        draws.chains[0].statistics.iter().map(|s| s.n_steps).sum::<u32>()
    };
    let tuned = sample(|| target.clone(), &start, &NutsOptions::default()).unwrap();
    let known = tuned.chains[0].adapted.clone().map(|a| a.whitening);
    let (blind, seeing) = (steps(None), steps(known));
    assert!(seeing < 200 * 10 && blind > 4 * seeing, "{blind} {seeing}");
}

#[test]
fn a_trajectory_cut_short_is_counted() {
    let target = Normal::correlated(6, 0.9);
    let options = NutsOptions { max_depth: 2, tune: 100, draws: 50, ..Default::default() };
    let draws = sample(|| target.clone(), &[vec![0.0; 6]], &options).unwrap();
    let chain = &draws.chains[0];
    assert!(draws.saturated() > 10);
    for s in &chain.statistics {
        assert!(s.tree_depth <= 2 && s.n_steps <= 3);
        assert!(!s.reached_max_treedepth || s.tree_depth == 2);
    }
}

#[test]
fn statistics_belong_to_their_draws() {
    let target = Normal::correlated(3, 0.5);
    let options = NutsOptions { tune: 100, draws: 50, ..Default::default() };
    let seen = AtomicUsize::new(0);
    let draws = nuts(&|| target.clone(), &[vec![0.0; 3]], &options, None, &|event| {
        seen.fetch_add(1, Ordering::Relaxed);
        if let Event::Draw { x, statistics, .. } = event {
            let mut gradient = [0.0; 3];
            assert_eq!(target.clone().log_density_gradient(x, &mut gradient), statistics.lp);
            assert!(statistics.energy >= -statistics.lp);
        }
        Continue(())
    })
    .unwrap();
    assert_eq!(seen.into_inner(), 151);
    let (chain, adapted) = (&draws.chains[0], draws.chains[0].adapted.as_ref().unwrap());
    for s in &chain.statistics {
        assert!((0.9..1.1).contains(&(s.step_size / adapted.step_size)));
        assert!((0.0..=1.0).contains(&s.acceptance_rate) && !s.diverging);
    }
}

#[test]
fn a_break_stops_a_chain_in_the_middle_of_a_trajectory() {
    // Without tuning and with a step that is far too short, a trajectory has 2^20 steps.
    let evaluations = AtomicUsize::new(0);
    let make = || {
        let evaluations = &evaluations;
        Function {
            dim: 2,
            function: move |x: &[f64], g: &mut [f64]| {
                evaluations.fetch_add(1, Ordering::Relaxed);
                g.copy_from_slice(&[-1e10 * x[0], -x[1]]);
                -0.5 * (1e10 * x[0] * x[0] + x[1] * x[1])
            },
        }
    };
    let options = NutsOptions { tune: 1, max_depth: 20, threads: Some(2), ..Default::default() };
    let draws = nuts(&make, &[vec![0.0; 2], vec![0.0; 2]], &options, None, &|_| Break(())).unwrap();
    assert!(draws.interrupted && draws.chains.iter().all(ChainDraws::is_empty));
    assert!(evaluations.into_inner() < 100_000);
}

#[test]
fn what_cannot_be_sampled_says_what_to_try() {
    let flat = |dim| move || Function { dim, function: |_: &[f64], _: &mut [f64]| 0.0 };
    let message = |dim, starts: &[Vec<f64>], options: NutsOptions| match sample(
        flat(dim),
        starts,
        &options,
    ) {
        Err(Error::Inference(message)) => message,
        other => panic!("{other:?}"),
    };
    let good = NutsOptions::default;
    assert!(message(0, &[vec![]], good()).contains("no unknowns"));
    assert!(message(1, &[], good()).contains("one for each chain"));
    let two = [vec![0.0; 2], vec![0.0]];
    assert!(message(2, &two, good()).contains("start of chain 1 has 1 numbers"));
    assert!(message(1, &[vec![f64::NAN]], good()).contains("start of chain 0 has NaN"));
    let one = [vec![0.5]];
    let target = NutsOptions { target_accept: 1.0, ..good() };
    assert!(message(1, &one, target).contains("target_accept is 1"));
    assert!(message(1, &one, NutsOptions { max_depth: 0, ..good() }).contains("max_depth is 0"));
    let threads = NutsOptions { threads: Some(0), ..good() };
    assert!(message(1, &one, threads).contains("at least 1"));
    let whitening = NutsOptions { whitening: Some(Whitening::identity(3)), ..good() };
    assert!(message(1, &one, whitening).contains("3 scales"));

    let outside = || Function {
        dim: 1,
        function: |x: &[f64], g: &mut [f64]| {
            g[0] = -1.0;
            if x[0] < 0.0 { f64::NEG_INFINITY } else { -x[0] }
        },
    };
    match sample(outside, &[vec![1.0], vec![-1.0]], &good()) {
        Err(Error::Inference(m)) => assert!(m.contains("start of chain 1 lies outside"), "{m}"),
        other => panic!("{other:?}"),
    }
}
