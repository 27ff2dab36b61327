//! Matrices of low rank, and operators plus one.

use faer::{Mat, mat};
use gridgp_linalg::testing::normal;
use gridgp_linalg::*;

use crate::cases::{Case, TOL, conforms, dense, kron, random, refused, solve_refused};

/// Features whose columns shrink by √condition in all.
fn features(case: Case, n: usize, r: usize) -> Mat<f64> {
    let steps = (r.max(2) - 1) as f64;
    let shrink = |j: usize| case.condition().powf(-0.5 * j as f64 / steps);
    let q = normal(n, r, 1).qr().compute_thin_Q();
    // Of more columns than rows the last ones are mixtures.
    let g = normal(n, r, 2);
    Mat::from_fn(n, r, |i, j| if j < q.ncols() { q[(i, j)] * shrink(j) } else { g[(i, j)] })
}

pub fn low_rank(case: Case) {
    let n = case.size();
    for r in if case.is_singular() { [2, 3] } else { [n, n + 2] } {
        let name = format!("low rank {r}, {case:?}");
        let (f, core) = (features(case, n, r), random(r, 3));
        let a = &f * &core * f.transpose();
        let op = LowRank::new(f.clone(), core);
        conforms!(name, &op, a, TOL; product entries log_det root eigen);
        assert_eq!(op.eigen().unwrap().rank(), n.min(r), "{name}");
        let a = &f * f.transpose();
        conforms!(name, &LowRank::from_features(f), a, TOL; product entries log_det root eigen);
        if case.is_singular() {
            solve_refused(&name, &op.eigen().unwrap());
        }
    }
}

/// The determinants of A and of the capacitance cancel: digits of A's condition are gone.
fn log_det_tolerance(case: Case) -> f64 {
    if case == Case::IllConditioned { 1e-8 } else { TOL }
}

/// A covariance plus U D Uᵀ: both singular in the same directions, or of the case's condition.
fn updated(case: Case) -> (Mat<f64>, Mat<f64>, Mat<f64>, Mat<f64>) {
    let n = case.size();
    let base = case.covariance(n, 4);
    let u = if case.is_singular() { &base * normal(n, 2, 5) } else { normal(n, 2, 5) };
    let d = random(2, 6);
    let sum = &base + &u * &d * u.transpose();
    (base, u, d, sum)
}

pub fn low_rank_update(case: Case) {
    let name = format!("low-rank update, {case:?}");
    let (base, u, d, sum) = updated(case);
    let op = LowRankUpdate::symmetric(Dense::new(base.clone()), u.clone(), d.clone()).unwrap();
    conforms!(name, &op, sum, TOL; product entries root);
    // Three factors and a low-rank term.
    let factors = case.factors(7);
    let n = factors.iter().map(Mat::nrows).product();
    let v = normal(n, 2, 8);
    let sum = kron(&factors) + &v * &d * v.transpose();
    let product = LowRankUpdate::symmetric(Kronecker::new(dense(&factors)), v, d).unwrap();
    conforms!(name, &product, sum, TOL; product entries root);
    if case.is_singular() {
        refused(&name, op.factorize());
        refused(&name, product.factorize());
    } else {
        let factor = product.factorize().unwrap();
        conforms!(name, &factor, sum, TOL; product solve root);
        conforms!(name, &factor, sum, log_det_tolerance(case); log_det);
    }
}

pub fn factored_low_rank_update(case: Case) {
    let name = format!("factored low-rank update, {case:?}");
    let n = case.size();
    if case.is_singular() {
        // A regular matrix that the update makes singular: I − e eᵀ, twice over.
        let mut u = Mat::zeros(n, 2);
        (u[(0, 0)], u[(3, 1)]) = (1.0, 1.0);
        let d = mat![[-1.0, 0.0], [0.0, -1.0]];
        let a = Mat::<f64>::identity(n, n) + &u * &d * u.transpose();
        let op = LowRankUpdate::symmetric(Identity::new(n), u, d).unwrap().factor().unwrap();
        conforms!(name, &op, a, TOL; product log_det);
        solve_refused(&name, &op);
        let refusal = Err(Error::Singular { size: n, rank: n - 2 });
        assert_eq!(op.solve(normal(n, 1, 1).as_ref()), refusal);
        return;
    }
    let (base, u, d, sum) = updated(case);
    let op = LowRankUpdate::symmetric(Dense::new(base.clone()), u.clone(), d).unwrap();
    let op = op.factorize().unwrap();
    conforms!(name, &op, sum, TOL; product solve root);
    conforms!(name, &op, sum, log_det_tolerance(case); log_det);
    // Not symmetric, with a singular D.
    let (d, v) = (mat![[1.0, 2.0], [0.0, 0.0]], normal(n, 2, 9));
    let sum = &base + &u * &d * v.transpose();
    let op = LowRankUpdate::new(Dense::new(base).lu().unwrap(), u, d, v).unwrap();
    let op = op.factor().unwrap();
    conforms!(name, &op, sum, TOL; product solve);
    conforms!(name, &op, sum, log_det_tolerance(case); log_det);
}

pub fn pivoted_cholesky(case: Case) {
    let name = format!("pivoted cholesky, {case:?}");
    let n = case.size();
    // The noise makes a singular K regular, and decides the condition.
    let noise = if case == Case::IllConditioned { 1e-10 } else { 0.1 };
    let k = case.covariance(n, 1);
    let a = &k + faer::Scale(noise) * Mat::<f64>::identity(n, n);
    let op = PivotedCholesky::new(&Dense::new(k.clone()), n, noise).unwrap();
    conforms!(name, &op, a, TOL; product root);
    conforms!(name, &op, a, log_det_tolerance(case); log_det);
    // A preconditioner solves once, without the pass that brings the digits back.
    let tolerance = if case == Case::IllConditioned { 1e-8 } else { TOL };
    conforms!(name, &op, a, tolerance; solve);
    if case.is_singular() {
        assert_eq!(op.pivots().len(), n / 2, "{name}");
        let error = PivotedCholesky::new(&Dense::new(k), n, 0.0).unwrap_err();
        assert!(matches!(error, Error::Structure(_)), "{name}: {error}");
    }
}

#[test]
fn updates_of_other_ranks() {
    for (n, r) in [(1, 3), (5, 1), (3, 5), (4, 0)] {
        let name = format!("update of {n} rows and rank {r}");
        let (base, u, d) = (random(n, 4), normal(n, r, 1), random(r.max(1), 3));
        let d = d.submatrix(0, 0, r, r).to_owned();
        let sum = &base + &u * &d * u.transpose();
        let op = LowRankUpdate::symmetric(Dense::new(base), u, d).unwrap();
        conforms!(name, &op, sum, TOL; product entries root);
        conforms!(name, &op.factorize().unwrap(), sum, 1e-12; product solve log_det root);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (u, v) = (normal(4, 1, 1), normal(4, 1, 2));
    let skew = LowRankUpdate::new(Identity::new(4), u.clone(), mat![[1.0]], v).unwrap();
    assert!(matches!(skew.square_root(), Err(Error::Structure(_))));
    assert!(LowRankUpdate::symmetric(Identity::new(3), u, mat![[1.0]]).is_err());
}
