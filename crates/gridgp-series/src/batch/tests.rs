//! Blocks against one observation after the other, and against the covariance written out.

use super::*;
use crate::tests::{Case, assert_close, cases, targets};
use crate::{Gradient, Loadings, Targets, Variances};

fn empty(case: &Case) -> Gradient {
    let constant = -0.5 * (2.0 * std::f64::consts::PI).ln();
    Gradient {
        log_prob: constant * case.r.len() as f64,
        alpha: vec![0.0; case.r.len()],
        gains: vec![0.0; case.gains.len()],
        weights: case.weights.iter().map(|w| vec![0.0; w.len()]).collect(),
        rates: vec![0.0; case.process.factors()],
        variances: vec![0.0; case.r.len()],
    }
}

/// Both ways, whichever is quicker.
fn gradients(case: &Case) -> [Gradient; 2] {
    let observations = case.observations();
    let (mut single, mut blocks) = (empty(case), empty(case));
    let (process, r) = (&case.process, &case.r[..]);
    crate::gradient::one_by_one(process, &observations, r, &mut single).unwrap();
    let job = Job { process, observations: &observations, r, out: &mut blocks };
    pulp::Arch::new().dispatch(job).unwrap();
    [single, blocks]
}

#[test]
fn gradients_are_those_of_one_observation_after_the_other() {
    for case in cases() {
        let [single, blocks] = gradients(&case);
        let (want, found) = (&single, &blocks);
        assert_close(&[found.log_prob], &[want.log_prob], 1e-12, "value");
        assert_close(&found.alpha, &want.alpha, 1e-11, "alpha");
        assert_close(&found.gains, &want.gains, 1e-10, "gains");
        assert_close(&found.rates, &want.rates, 1e-10, "rates");
        assert_close(&found.variances, &want.variances, 1e-10, "variances");
        for (a, b) in found.weights.iter().zip(&want.weights) {
            assert_close(a, b, 1e-10, "weights");
        }
    }
}

#[test]
fn solutions_are_the_dense_ones_with_memory_and_without() {
    for case in cases() {
        let observations = case.observations();
        let (process, n) = (&case.process, case.r.len());
        let alpha = case.dense_alpha();
        let quadratic: f64 = alpha.iter().zip(&case.r).map(|(a, r)| a * r).sum();
        let mut variances = vec![0.0; n];
        for numbers in [usize::MAX, 0] {
            let factors =
                Factors::with_memory(process, &observations, &mut variances, numbers).unwrap();
            assert_close(&factors.solve(process, &observations, &case.r), &alpha, 1e-11, "alpha");
            let (_, squares) = factors.innovations(process, &observations, &case.r);
            assert_close(&[squares], &[quadratic], 1e-11, "squares");
        }
        let log_det: f64 = variances.iter().map(|s| s.ln()).sum();
        let log_prob = -0.5 * (quadratic + log_det + n as f64 * (2.0 * std::f64::consts::PI).ln());
        assert_close(&[log_prob], &[case.dense_log_prob()], 1e-12, "value");
    }
}

#[test]
fn variances_are_those_of_one_observation_after_the_other() {
    for case in cases() {
        let observations = case.observations();
        let (starts, gains, sites) = targets(&case);
        let loadings = Loadings { gains: &gains, sites: &sites, weighted: &[], weights: &[] };
        let targets = Targets { starts: &starts, loadings };
        let zeros = vec![0.0; case.r.len()];
        let empty =
            || Variances { targets: vec![0.0; sites.len()], precisions: vec![0.0; case.r.len()] };
        let (mut want, mut found) = (empty(), empty());
        crate::variance::one_by_one(&case.process, &observations, &targets, &zeros, &mut want)
            .unwrap();
        sweep(&case.process, &observations, &targets, &zeros, &mut found).unwrap();
        assert_close(&found.targets, &want.targets, 1e-12, "targets");
        assert_close(&found.precisions, &want.precisions, 1e-11, "precisions");
    }
}

/// More blocks than a stretch holds, and more states than a matrix product takes at once.
#[test]
fn stretches_change_nothing() {
    use gridgp_kernel::{Block, Factor};
    let number = |i: usize, j: usize| (1.0 + 12.9898 * i as f64 + 78.233 * j as f64).sin();
    let (sites, t) = (20, 2500);
    let block =
        |i: usize| Block::new(1.0, vec![Factor::Matern { order: 2, rate: 0.1 + 0.01 * i as f64 }]);
    let process = Process::new((0..sites).map(block).collect());
    let times: Vec<f64> = (0..t).map(|k| k as f64 + 0.3 * number(k, 5)).collect();
    let gains: Vec<f64> = (0..sites * sites).map(|i| number(i, 3)).collect();
    let (mut starts, mut seen) = (vec![0], Vec::new());
    for k in 0..t {
        seen.extend((0..sites as u32).filter(|s| !(k + 3 * *s as usize).is_multiple_of(7)));
        starts.push(seen.len());
    }
    let n = seen.len();
    let variances: Vec<f64> = (0..n).map(|o| 0.02 + 0.01 * number(o, 1)).collect();
    let case = Case {
        process,
        times,
        starts,
        variances,
        gains,
        sites: seen,
        weighted: vec![None; sites],
        weights: Vec::new(),
        r: (0..n).map(|o| number(o, 2)).collect(),
    };
    let observations = case.observations();
    assert!(is_quicker(&case.process, &observations));
    assert!(stretch::Stretches::new(&case.process, &observations, &case.r).count() > 2);
    let [want, found] = gradients(&case);
    assert_close(&[found.log_prob], &[want.log_prob], 1e-12, "value");
    assert_close(&found.alpha, &want.alpha, 1e-10, "alpha");
    assert_close(&found.gains, &want.gains, 1e-10, "gains");
    assert_close(&found.rates, &want.rates, 1e-10, "rates");
    assert_close(&found.variances, &want.variances, 1e-10, "variances");
}

#[test]
fn a_noise_that_is_lost_is_refused() {
    let mut case = cases().into_iter().find(|c| c.sites.len() > 100).unwrap();
    case.variances.fill(-1.0);
    let mut variances = vec![0.0; case.r.len()];
    let error = Factors::new(&case.process, &case.observations(), &mut variances).unwrap_err();
    assert!(error.to_string().contains("not positive"), "{error}");
}

/// `cargo test --release -p gridgp-series measured -- --ignored --nocapture`: microseconds a time for the
/// value with its gradient, one observation after the other and in blocks.
#[test]
#[ignore = "prints how long the two ways take"]
fn measured() {
    use gridgp_kernel::{Block, Factor};
    let number = |i: usize, j: usize| (1.0 + 12.9898 * i as f64 + 78.233 * j as f64).sin();
    println!("{:>6} {:>6} {:>6} {:>9} {:>9}", "states", "order", "seen", "single", "blocks");
    for (sites, order) in [
        (2, 3),
        (3, 3),
        (8, 1),
        (4, 3),
        (12, 1),
        (6, 3),
        (20, 1),
        (18, 3),
        (50, 1),
        (50, 3),
        (150, 1),
    ] {
        for p in [1, 2, 3, 5, 10, 18, 48, 120, 400] {
            let d = sites * order;
            if p > 8 * d {
                continue;
            }
            let t = (20_000_000 / (d * d * (p + 4))).clamp(20, 2000);
            let rate = |i: usize| 0.1 + 0.01 * i as f64;
            let block = |i: usize| Block::new(1.0, vec![Factor::Matern { order, rate: rate(i) }]);
            let process = Process::new((0..sites).map(block).collect());
            let n = t * p;
            let case = Case {
                process,
                times: (0..t).map(|k| k as f64).collect(),
                starts: (0..=t).map(|k| k * p).collect(),
                variances: vec![0.1; n],
                gains: (0..p * sites).map(|i| number(i, 3)).collect(),
                sites: (0..n).map(|o| (o % p) as u32).collect(),
                weighted: Vec::new(),
                weights: Vec::new(),
                r: (0..n).map(|o| number(o, 2)).collect(),
            };
            let observations = case.observations();
            let (process, observations, r) = (&case.process, &observations, &case.r[..]);
            let mut out = empty(&case);
            let mut seconds = [f64::INFINITY; 2];
            for _ in 0..3 {
                let begun = std::time::Instant::now();
                crate::gradient::one_by_one(process, observations, r, &mut out).unwrap();
                seconds[0] = seconds[0].min(begun.elapsed().as_secs_f64());
                let begun = std::time::Instant::now();
                let job = Job { process, observations, r, out: &mut out };
                pulp::Arch::new().dispatch(job).unwrap();
                seconds[1] = seconds[1].min(begun.elapsed().as_secs_f64());
            }
            let [single, blocks] = seconds.map(|s| 1e6 * s / t as f64);
            let quicker = if is_quicker(process, observations) { "blocks" } else { "" };
            println!("{d:6} {order:6} {p:6} {single:9.2} {blocks:9.2} {quicker}");
        }
    }
}
