//! Matrices with all of their entries, their factorizations, and diagonal ones.

use faer::{Mat, mat};
use gridgp_linalg::testing::{covariance, normal};
use gridgp_linalg::*;

use crate::cases::{Case, TOL, conforms, diagonal as matrix, inverse, refused, solve_refused};

pub fn dense(case: Case) {
    let name = format!("dense, {case:?}");
    let a = case.covariance(case.size(), 1);
    let op = Dense::new(a.clone());
    conforms!(name, &op, a, TOL; product root eigen);
    conforms!(name, &op, a, 0.0; entries);
    if case.is_singular() {
        refused(&name, op.factorize());
        assert_eq!(op.square_root().unwrap().columns(), case.size() / 2);
    } else {
        conforms!(name, &op.factorize().unwrap(), a, TOL; product solve log_det);
    }
    let rectangular = normal(case.size() + 2, case.size(), 2);
    let op = Dense::new(rectangular.clone());
    conforms!("rectangular dense", &op, rectangular, TOL; product entries);
}

pub fn cholesky(case: Case) {
    let a = case.covariance(case.size(), 1);
    let name = format!("cholesky, {case:?}");
    if case.is_singular() {
        return refused(&name, Cholesky::new(a.as_ref()));
    }
    let op = Cholesky::new(a.as_ref()).unwrap();
    conforms!(name, &op, a, TOL; product entries solve log_det root eigen);
}

pub fn lu(case: Case) {
    let name = format!("lu, {case:?}");
    let a = case.general(case.size(), 3);
    let op = Lu::new(a.as_ref()).unwrap();
    conforms!(name, &op, a, TOL; product log_det);
    if case.is_singular() {
        solve_refused(&name, &op);
    } else {
        conforms!(name, &op, a, TOL; solve);
    }
}

pub fn triangular(case: Case) {
    let name = format!("triangular, {case:?}");
    let n = case.size();
    let g = normal(n, n, 6);
    let on_diagonal = |i: usize| match case {
        Case::Random | Case::OneByOne => -1.0 - g[(i, i)].abs(),
        Case::IllConditioned => case.condition().powf(-(i as f64) / (n - 1) as f64),
        Case::RankDeficient => f64::from(u8::from(i != 2 && i != 5)),
    };
    let l = Mat::from_fn(n, n, |i, j| match i.cmp(&j) {
        // Rows as small as their pivots, or the condition would be far above that of the pivots.
        std::cmp::Ordering::Greater => 0.3 * g[(i, j)] * on_diagonal(i).abs(),
        std::cmp::Ordering::Equal => on_diagonal(i),
        std::cmp::Ordering::Less => 0.0,
    });
    let u = l.transpose().to_owned();
    let (lower, upper) = (Triangular::lower(l.clone()), Triangular::upper(u.clone()));
    assert_eq!(lower.clone().into_transpose(), upper);
    for (op, a) in [(lower, l), (upper, u)] {
        conforms!(name, &op, a, TOL; product log_det);
        conforms!(name, &op, a, 0.0; entries);
        if case.is_singular() {
            solve_refused(&name, &op);
        } else {
            conforms!(name, &op, a, TOL; solve);
        }
    }
}

pub fn diagonal(case: Case) {
    let name = format!("diagonal, {case:?}");
    let n = case.size();
    let values: Vec<f64> = match case {
        Case::Random | Case::OneByOne => (0..n).map(|i| 0.3 + i as f64).collect(),
        Case::IllConditioned => (0..n).map(|i| 1e4 * 10f64.powf(-(i as f64) / 0.6)).collect(),
        Case::RankDeficient => (0..n).map(|i| (i % 3) as f64).collect(),
    };
    let a = matrix(&values);
    let op = Diagonal::new(values);
    conforms!(name, &op, a, TOL; product entries log_det root eigen);
    if case.is_singular() {
        solve_refused(&name, &op);
        refused(&name, op.factorize());
        refused(&name, op.inverse());
    } else {
        conforms!(name, &op, a, TOL; solve);
        conforms!(name, &op.factorize().unwrap(), a, TOL; solve log_det);
        conforms!(name, &op.inverse().unwrap(), inverse(&a), TOL; product);
    }
}

/// There is but one of a size: it is neither ill-conditioned nor singular.
pub fn identity(case: Case) {
    let n = case.size();
    let (op, a) = (Identity::new(n), Mat::<f64>::identity(n, n));
    conforms!("identity", &op, a, TOL; product entries solve log_det root eigen);
    conforms!("identity", &op.factorize().unwrap(), a, TOL; solve log_det);
}

#[test]
fn indefinite_matrices_have_no_root() {
    let indefinite = Dense::new(mat![[1.0, 2.0], [2.0, 1.0]]);
    assert!(matches!(indefinite.square_root(), Err(Error::NotPositiveDefinite { .. })));
    assert!(matches!(indefinite.factorize(), Err(Error::NotPositiveDefinite { .. })));
    assert!(Diagonal::new(vec![1.0, -1.0]).square_root().is_err());
    let zero = Diagonal::new(vec![2.0, 0.0]);
    assert!(matches!(zero.factorize(), Err(Error::NotPositiveDefinite { pivot: 1, .. })));
}

#[test]
fn the_rank_is_part_of_the_refusal() {
    let a = covariance(8, 3, 10.0, 4);
    let b = normal(8, 1, 1);
    let refusal = Err(Error::Singular { size: 8, rank: 3 });
    assert_eq!(Dense::new(a.clone()).eigen().unwrap().solve(b.as_ref()), refusal);
    assert_eq!(Dense::new(a).lu().unwrap().solve(b.as_ref()), refusal);
    // A zero pivot does not always cost a rank.
    let nilpotent = Triangular::lower(mat![[0.0, 0.0], [5.0, 0.0]]);
    let refusal = Err(Error::Singular { size: 2, rank: 1 });
    assert_eq!(nilpotent.solve(mat![[1.0], [1.0]].as_ref()), refusal);
}

#[test]
fn a_repeated_point_is_refused() {
    // Whether its pivot comes out above or below 0 is chance; neither is a pivot.
    for n in [2, 5, 20, 60] {
        for seed in 0..20 {
            let k = covariance(n - 1, n - 1, 10.0, seed);
            let a = Mat::from_fn(n, n, |i, j| k[(i % (n - 1), j % (n - 1))]);
            refused("repeated", Cholesky::new(a.as_ref()));
            // Units do not matter.
            let unit = |i: usize| 10f64.powf((7 * i % 40) as f64 / 4.0 - 5.0);
            let scaled = Mat::from_fn(n, n, |i, j| unit(i) * a[(i, j)] * unit(j));
            refused("rescaled", Cholesky::new(scaled.as_ref()));
        }
    }
}
