//! R and M against matrices, and derivatives against differences.

use super::*;

/// One observation at each time, as roots want it.
fn cases() -> Vec<Case> {
    let full = |mut case: Case, weighted: bool| {
        let n = case.times.len();
        case.starts = (0..=n).collect();
        case.variances = (0..n).map(|o| 0.05 + 0.04 * number(o, 1)).collect();
        case.r = (0..n).map(|o| number(o, 2)).collect();
        if weighted { case.weighted() } else { case }
    };
    let lists =
        || super::cases().into_iter().filter(|c| c.sites.is_empty() && c.weights.is_empty());
    lists().map(|c| full(c, false)).chain(lists().map(|c| full(c, true))).collect()
}

/// Information that varies, and is none at some times, but for τ < 1.
fn course(n: usize, tau: f64) -> Vec<f64> {
    let one = |k: usize| if k % 6 == 4 { 0.0 } else { 1.0 + 0.8 * number(k, 8) };
    if tau < 1.0 { Vec::new() } else { (0..n).map(one).collect() }
}

fn identity(n: usize) -> Vec<f64> {
    (0..n * n).map(|i| f64::from(u8::from(i / n == i % n))).collect()
}

#[test]
fn the_root_is_the_cholesky_factor() {
    for case in cases() {
        let (observations, n) = (case.observations(), case.times.len());
        let root = Root::new(&case.process, &observations).unwrap();
        let dense = Cholesky::new(case.covariance().as_ref()).unwrap();
        let l: Vec<f64> = (0..n * n).map(|i| dense.l()[(i / n, i % n)]).collect();
        let mut out = vec![0.0; n * n];
        root.multiply(&case.process, &observations, &identity(n), n, &mut out);
        assert_close(&out, &l, 1e-12, "R");
        assert!((root.log_det() - dense.log_det()).abs() < 1e-11);
        root.multiply_transposed(&case.process, &observations, &identity(n), n, &mut out);
        let turned: Vec<f64> = (0..n * n).map(|i| l[i % n * n + i / n]).collect();
        assert_close(&out, &turned, 1e-12, "the transpose");
        let mut y = case.r.clone();
        root.multiply(&case.process, &observations, &case.r, 1, &mut y);
        let (mut alpha, mut z) = (vec![0.0; n], vec![0.0; n]);
        root.solve(&case.process, &observations, &y, 1, &mut z);
        assert_close(&z, &case.r, 1e-10, "the inverse");
        root.solve_transposed(&case.process, &observations, &case.r, 1, &mut alpha);
        let filter = Filter::new(&case.process, &observations).unwrap();
        assert_close(
            &alpha,
            &filter.solve(&case.process, &observations, &y),
            1e-10,
            "the solution",
        );
    }
}

#[test]
fn unknowns_are_round_where_each_number_is_observed() {
    for case in cases() {
        let (observations, n) = (case.observations(), case.times.len());
        for tau in [0.0, 0.3, 40.0] {
            let course = course(n, tau);
            let informed = Informed::new(&case.process, &observations, tau, &course).unwrap();
            let (mut z, mut y) = (vec![0.0; n * n], vec![0.0; n * n]);
            let mut sweep = Sweep::default();
            let u = identity(n);
            informed.forward(&case.process, &observations, &u, n, &mut z, &mut y, &mut sweep);
            // ZᵀZ + Yᵀ diag(τ) Y = I, and Z = M⁻ᵀ is lower triangular.
            let square = |a: &[f64], i: usize| -> f64 {
                (0..n).map(|k| a[k * n + i / n] * a[k * n + i % n]).sum()
            };
            let scaled: Vec<f64> = (0..n * n)
                .map(|i| y[i] * (tau * course.get(i / n).unwrap_or(&1.0)).sqrt())
                .collect();
            let all: Vec<f64> = (0..n * n).map(|i| square(&z, i) + square(&scaled, i)).collect();
            assert_close(&all, &u, 1e-10, "information");
            (0..n).for_each(|i| (i + 1..n).for_each(|j| assert!(z[i * n + j] == 0.0)));
            let log_det: f64 = (0..n).map(|i| -z[i * n + i].ln()).sum();
            assert!((informed.log_det() - log_det).abs() < 1e-10);
            let mut product = vec![0.0; n * n];
            informed.root().multiply(&case.process, &observations, &z, n, &mut product);
            assert_close(&y, &product, 1e-12, "y");
            let mut back = vec![0.0; n * n];
            informed.inform(&case.process, &observations, &z, n, &mut back);
            assert_close(&back, &u, 1e-11, "u");
        }
    }
}

/// ⟨w, y⟩ − ½ zᵀz − log |M| of two series.
fn value(case: &Case, tau: f64, u: &[f64], w: &[f64]) -> f64 {
    let (observations, n) = (case.observations(), case.times.len());
    let course = course(n, tau);
    let informed = Informed::new(&case.process, &observations, tau, &course).unwrap();
    let (mut z, mut y) = (vec![0.0; 2 * n], vec![0.0; 2 * n]);
    informed.forward(&case.process, &observations, u, 2, &mut z, &mut y, &mut Sweep::default());
    let along: f64 = w.iter().zip(&y).map(|(w, y)| w * y).sum();
    along - 0.5 * z.iter().map(|z| z * z).sum::<f64>() - 2.0 * informed.log_det()
}

/// The derivative by differences of fourth order.
fn slope(
    case: &mut Case,
    step: f64,
    at: impl Fn(&mut Case, f64),
    of: impl Fn(&Case) -> f64,
) -> f64 {
    let mut moved = |steps: f64| {
        at(case, steps * step);
        let value = of(case);
        at(case, -steps * step);
        value
    };
    (8.0 * (moved(1.0) - moved(-1.0)) - (moved(2.0) - moved(-2.0))) / (12.0 * step)
}

#[test]
fn gradients_are_those_of_the_sweep() {
    for mut case in cases() {
        let n = case.times.len();
        let u: Vec<f64> = (0..2 * n).map(|i| 1.3 * number(i, 5)).collect();
        let w: Vec<f64> = (0..2 * n).map(|i| number(i, 6)).collect();
        for tau in [0.0, 0.3, 6.0] {
            let (observations, course) = (case.observations(), course(n, tau));
            let informed = Informed::new(&case.process, &observations, tau, &course).unwrap();
            let (mut z, mut y) = (vec![0.0; 2 * n], vec![0.0; 2 * n]);
            let mut sweep = Sweep::default();
            informed.forward(&case.process, &observations, &u, 2, &mut z, &mut y, &mut sweep);
            let mut u_bar = vec![0.0; 2 * n];
            let mut bars = informed.bars(&case.process);
            informed.back(
                &case.process,
                &observations,
                (&u, &z, &sweep),
                2,
                &w,
                |z| -z,
                &mut u_bar,
                &mut bars,
            );
            let found = informed.finish(&case.process, &observations, &mut bars, 2).unwrap();
            let check = |name: &str, value: f64, expected: f64| {
                let slack = 2e-7 * expected.abs().max(10.0);
                assert!((value - expected).abs() < slack, "{name} {tau}: {value} {expected}");
            };
            for i in [0, 1, 9, 2 * n - 1] {
                let at = |by: f64| {
                    let mut u = u.clone();
                    u[i] += by;
                    value(&case, tau, &u, &w)
                };
                check("u", u_bar[i], (at(1e-4) - at(-1e-4)) / 2e-4);
            }
            let of = |c: &Case| value(c, tau, &u, &w);
            for i in 0..case.gains.len() {
                let expected = slope(&mut case, 1e-3, |c, by| c.gains[i] += by, of);
                check("gain", found.gains[i], expected);
            }
            for i in [0, 5, n - 1] {
                let expected = slope(&mut case, 3e-5, |c, by| c.variances[i] += by, of);
                check("variance", found.variances[i], expected);
                if !case.weights.is_empty() {
                    let expected = slope(&mut case, 1e-3, |c, by| c.weights[0][i] += by, of);
                    check("weight", found.weights[0][i], expected);
                }
            }
            let mut factor = 0;
            for b in 0..case.process.blocks().len() {
                for f in 0..case.process.blocks()[b].factors.len() {
                    let moved = |c: &mut Case, by: f64| {
                        let mut blocks = c.process.blocks().to_vec();
                        match &mut blocks[b].factors[f] {
                            Factor::Matern { rate, .. } | Factor::Rotation { rate } => *rate += by,
                            Factor::White => {}
                        }
                        c.process = Process::new(blocks);
                    };
                    let expected = slope(&mut case, 1e-4, moved, of);
                    check("rate", found.rates[factor], expected);
                    factor += 1;
                }
            }
            if tau > 0.0 {
                let at = |by: f64| value(&case, tau + by, &u, &w);
                check("tau", found.tau, (at(1e-4) - at(-1e-4)) / 2e-4);
            }
        }
    }
}
