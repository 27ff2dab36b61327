//! The iterative routes against direct ones.

use faer::Mat;
use gridgp_linalg::testing::{check_log_det, check_solve, check_square_root, covariance, normal};
use gridgp_linalg::*;

fn smooth(n: usize, noise: f64) -> (Mat<f64>, Mat<f64>) {
    let k = Mat::from_fn(n, n, |i, j| {
        let r = (i as f64 - j as f64) / n as f64;
        (-0.5 * r * r / 0.04).exp()
    });
    let a = &k + faer::Scale(noise) * Mat::<f64>::identity(n, n);
    (k, a)
}

fn exact(a: &Mat<f64>) -> Cholesky {
    Cholesky::new(a.as_ref()).unwrap()
}

fn error(x: &Mat<f64>, a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    let want = Solve::solve(&exact(a), b.as_ref()).unwrap();
    (x - &want).norm_max() / want.norm_max()
}

#[test]
fn cg_solves_batches_and_reports() {
    for n in [1, 2, 30] {
        let a = covariance(n, n, 100.0, 1);
        let mut b = normal(n, 4, 2);
        b.col_as_slice_mut(2).fill(0.0); // solved by zero
        let stop = cg::Stop { tolerance: 1e-12, max_iterations: 200 };
        let solution =
            cg::solve(&Dense::new(a.clone()), b.as_ref(), &Identity::new(n), stop).unwrap();
        assert!(error(&solution.x, &a, &b) < 1e-10);
        assert!(solution.residual <= 1e-11 && solution.tolerance == 1e-12);
        assert_eq!(solution.x.col(2).norm_l2(), 0.0);
        let none = cg::solve(&Dense::new(a), b.subcols(0, 0), &Identity::new(n), stop).unwrap();
        assert_eq!((none.iterations, none.x.ncols()), (0, 0));
    }
}

#[test]
fn preconditioners_save_iterations() {
    let n = 120;
    let (k, a) = smooth(n, 1e-3);
    let b = normal(n, 2, 3);
    let op = Dense::new(a.clone());
    let stop = cg::Stop { tolerance: 1e-10, max_iterations: 500 };
    let plain = cg::solve(&op, b.as_ref(), &Identity::new(n), stop).unwrap();
    let pivoted = PivotedCholesky::new(&Dense::new(k), 15, 1e-3).unwrap();
    let good = cg::solve(&op, b.as_ref(), &pivoted, stop).unwrap();
    let best = cg::solve(&op, b.as_ref(), &exact(&a), stop).unwrap();
    for solution in [&plain, &good, &best] {
        assert!(error(&solution.x, &a, &b) < 1e-6);
    }
    assert!(best.iterations <= 2 && good.iterations < plain.iterations / 2);

    // Jacobi cures bad scales.
    let d: Vec<f64> = (0..n).map(|i| 10f64.powf(4.0 * i as f64 / n as f64)).collect();
    let scaled = Mat::from_fn(n, n, |i, j| {
        let rough = (-(i.abs_diff(j) as f64)).exp();
        (d[i] * d[j]).sqrt() * rough
    });
    let op = Dense::new(scaled);
    let jacobi = Diagonal::new(op.diagonal());
    let stop = cg::Stop { max_iterations: 5000, ..stop };
    let plain = cg::solve(&op, b.as_ref(), &Identity::new(n), stop).unwrap();
    let jacobi = cg::solve(&op, b.as_ref(), &jacobi, stop).unwrap();
    assert!(jacobi.iterations * 3 < plain.iterations);
}

#[test]
fn the_full_grid_preconditioner_ends_after_the_missing_cells() {
    let (_, k) = smooth(12, 0.01);
    let grid = Kronecker::new(vec![Dense::new(k.clone()), Dense::new(k)]);
    let missing = [3, 40, 41, 100, 143];
    let keep: Vec<bool> = (0..144).map(|i| !missing.contains(&i)).collect();
    let gaps = Masked::principal(grid.clone(), &keep).unwrap();
    let full = cg::FullGrid::new(grid.factorize().unwrap(), &keep).unwrap();
    let b = normal(139, 1, 4);
    let stop = cg::Stop { tolerance: 1e-8, max_iterations: 50 };
    let solution = cg::solve(&gaps, b.as_ref(), &full, stop).unwrap();
    // m + 1 in exact arithmetic; a few more in floating point.
    assert!(solution.iterations <= missing.len() + 5, "{} iterations", solution.iterations);
    let direct = Masked::principal(grid.factorize().unwrap(), &keep).unwrap();
    let direct = direct.complement().unwrap().solve(b.as_ref()).unwrap();
    assert!((&solution.x - &direct).norm_max() < 1e-5 * direct.norm_max());
}

#[test]
fn no_convergence_is_an_error() {
    let (_, a) = smooth(60, 1e-9);
    let (op, b) = (Dense::new(a), normal(60, 1, 1));
    let stop = cg::Stop { tolerance: 1e-12, max_iterations: 3 };
    let result = cg::solve(&op, b.as_ref(), &Identity::new(60), stop);
    let Err(Error::NotConverged { iterations: 3, residual, tolerance, .. }) = result else {
        panic!("accepted {result:?}")
    };
    assert!(residual > tolerance && tolerance == 1e-12);
    let indefinite = Diagonal::new(vec![1.0, -1.0]);
    let stop = cg::Stop::default();
    let b = normal(2, 1, 1);
    assert!(matches!(
        cg::solve(&indefinite, b.as_ref(), &Identity::new(2), stop),
        Err(Error::NotPositiveDefinite { .. })
    ));
    assert!(
        cg::solve(&Diagonal::new(vec![f64::NAN; 2]), b.as_ref(), &Identity::new(2), stop).is_err()
    );
}

#[test]
fn pivoted_cholesky_is_an_operator_of_its_own() {
    let (k, _) = smooth(20, 0.1);
    let op = PivotedCholesky::new(&Dense::new(k.clone()), 6, 0.1).unwrap();
    assert_eq!(op.pivots().len(), 6);
    let m = op.to_dense();
    check_solve("pivoted", &op, m.as_ref(), 1e-11);
    check_log_det("pivoted", &op, m.as_ref(), 1e-11);
    check_square_root("pivoted", &op, m.as_ref(), 1e-12);
    let trace: f64 = (0..20).map(|i| k[(i, i)] + 0.1 - m[(i, i)]).sum();
    assert!((op.residual_trace() - trace).abs() < 1e-12);
    // With every pivot it is the matrix; a matrix of rank 3 has three pivots.
    let full = PivotedCholesky::new(&Dense::new(k.clone()), 20, 0.1).unwrap();
    let a = &k + faer::Scale(0.1) * Mat::<f64>::identity(20, 20);
    assert!((full.to_dense() - a).norm_max() < 1e-13);
    let low = covariance(10, 3, 5.0, 1);
    assert_eq!(PivotedCholesky::new(&Dense::new(low), 10, 0.1).unwrap().pivots().len(), 3);
    assert!(PivotedCholesky::new(&Dense::new(k), 3, 0.0).is_err());
}

#[test]
fn stochastic_determinants_know_their_error() {
    let n = 80;
    let (k, a) = smooth(n, 1e-2);
    let exact = exact(&a).log_det();
    let op = Dense::new(a.clone());
    let mut misses = 0;
    for seed in 0..20 {
        let probes = lanczos::Probes { count: 20, steps: 80, seed };
        let estimate = lanczos::log_det(&op, &Identity::new(n), probes).unwrap();
        assert!(estimate.quadrature_change < 1e-6, "{estimate:?}");
        misses += usize::from((estimate.log_det - exact).abs() > 3.0 * estimate.standard_error);
    }
    // Each misses with probability below 1 % (Student t with 19 degrees of freedom).
    assert!(misses <= 2, "{misses} of 20 estimates are off by more than three standard errors");
    let probes = lanczos::Probes { count: 20, steps: 40, seed: 1 };
    let plain = lanczos::log_det(&op, &Identity::new(n), probes).unwrap();
    let pivoted = PivotedCholesky::new(&Dense::new(k), 6, 1e-2).unwrap();
    let controlled = lanczos::log_det(&op, &pivoted, probes).unwrap();
    assert!(controlled.standard_error < 0.1 * plain.standard_error);
    assert!((controlled.log_det - exact).abs() < 4.0 * controlled.standard_error + 1e-9);

    let indefinite = Diagonal::new(vec![2.0, -1.0, 3.0]);
    let found = lanczos::log_det(&indefinite, &Identity::new(3), probes);
    assert!(matches!(found, Err(Error::NotPositiveDefinite { .. })));
    let one = lanczos::Probes { count: 1, ..probes };
    assert!(lanczos::log_det(&op, &Identity::new(n), one).is_err());
}
