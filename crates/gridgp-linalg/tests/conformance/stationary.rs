//! Toeplitz and circulant matrices.

use std::f64::consts::TAU;

use faer::Mat;
use gridgp_linalg::*;

use crate::cases::{Case, TOL, conforms, dense, kron, random, refused, solve_refused};

fn toeplitz_matrix(column: &[f64]) -> Mat<f64> {
    Mat::from_fn(column.len(), column.len(), |i, j| column[i.abs_diff(j)])
}

pub fn toeplitz(case: Case) {
    let n = case.size();
    let k = |r: f64| match case {
        Case::Random => 1.5 * (-r / 3.0).exp(),
        Case::OneByOne => 0.7,
        // Smallest eigenvalue about 1/2ℓ, largest n.
        Case::IllConditioned => (-r / 7e8).exp(),
        // A wave: rank 2.
        Case::RankDeficient => (TAU * r / 4.5).cos(),
    };
    for n in if n == 1 { vec![1] } else { vec![3, n, 16] } {
        let name = format!("toeplitz {n}, {case:?}");
        let points: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let op = Toeplitz::on_even_points(&points, k).unwrap();
        let a = toeplitz_matrix(op.column());
        conforms!(name, &op, a, TOL; product);
        conforms!(name, &op, a, 0.0; entries);
        assert_eq!(Toeplitz::from_dense(a.as_ref()).unwrap().column(), op.column());
        if case.is_singular() {
            solve_refused(&name, &op);
            refused(&name, op.factorize());
            refused(&name, op.log_det());
        } else {
            conforms!(name, &op, a, TOL; solve log_det root);
            conforms!(name, &op.factorize().unwrap(), a, TOL; solve log_det);
        }
    }
    // Factors of a Kronecker product, along every axis.
    let factors: Vec<Toeplitz> = case
        .sizes()
        .iter()
        .map(|&n| Toeplitz::new((0..n).map(|i| k(0.3 * i as f64)).collect()))
        .collect();
    let a = kron(&factors.iter().map(LinearOperator::to_dense).collect::<Vec<_>>());
    let name = format!("toeplitz factors, {case:?}");
    let op = Kronecker::new(factors);
    conforms!(name, &op, a, TOL; product entries);
    match case {
        Case::RankDeficient => solve_refused(&name, &op),
        // Conditions multiply: 10²⁸ for three factors, of which the dense form knows nothing.
        Case::IllConditioned => {}
        Case::Random | Case::OneByOne => conforms!(name, &op, a, TOL; solve log_det),
    }
}

/// A symmetric circulant column with these eigenvalues, those of f and n − f being equal.
fn circulant_column(n: usize, eigenvalue: impl Fn(usize) -> f64) -> Vec<f64> {
    let entry = |i: usize| {
        let wave = |f: usize| (TAU * ((i * f) % n) as f64 / n as f64).cos();
        (0..n).map(|f| eigenvalue(f.min(n - f)) * wave(f)).sum::<f64>() / n as f64
    };
    // One entry for both, so that it is symmetric to the last digit.
    (0..n).map(|i| entry(i.min(n - i))).collect()
}

pub fn circulant(case: Case) {
    let n = case.size();
    for n in if n == 1 { vec![1] } else { vec![2, 3, n, 8] } {
        let name = format!("circulant {n}, {case:?}");
        let last = (n / 2).max(1) as f64;
        let column = circulant_column(n, |f| match case {
            Case::Random | Case::OneByOne => 0.7 + 1.0 / (1.0 + f as f64),
            Case::IllConditioned => case.condition().powf(-(f as f64) / last),
            Case::RankDeficient => f64::from(u8::from(f == 0)),
        });
        let a = Mat::from_fn(n, n, |i, j| column[(i + n - j) % n]);
        let op = Circulant::new(column);
        conforms!(name, &op, a, TOL; product log_det root eigen);
        conforms!(name, &op, a, 0.0; entries);
        if case.is_singular() {
            solve_refused(&name, &op);
            refused(&name, op.factorize());
        } else {
            conforms!(name, &op, a, TOL; solve);
            conforms!(name, &op.factorize().unwrap(), a, TOL; solve log_det);
        }
        let skew: Vec<f64> = match case {
            Case::RankDeficient => (0..n).map(|i| i as f64 - (n - 1) as f64 / 2.0).collect(),
            Case::IllConditioned => op.column().to_vec(),
            Case::Random | Case::OneByOne => (0..n).map(|i| (i * i) as f64 - 3.3).collect(),
        };
        let a = Mat::from_fn(n, n, |i, j| skew[(i + n - j) % n]);
        let op = Circulant::new(skew);
        conforms!(name, &op, a, TOL; product entries log_det);
        match case {
            // Entries of zero sum: the mean cannot be solved for.
            Case::RankDeficient => solve_refused(&name, &op),
            _ => conforms!(name, &op, a, TOL; solve),
        }
        assert_eq!(op.eigen().is_err(), n > 2 && case != Case::IllConditioned, "{name}");
    }
}

#[test]
fn what_is_not_toeplitz_or_not_positive_is_refused() {
    let indefinite = Toeplitz::new(vec![1.0, 0.9, -0.9]);
    assert!(matches!(indefinite.log_det(), Err(Error::NotPositiveDefinite { size: 3, .. })));
    assert!(matches!(indefinite.square_root(), Err(Error::Structure(_))));
    assert!(Toeplitz::from_dense(random(3, 1).as_ref()).is_err());
    assert!(Toeplitz::on_even_points(&[0.0, 1.0, 2.1], |r| r).is_err());
}

#[test]
fn embeddings_with_a_negative_eigenvalue_have_no_root() {
    // Too smooth for so short an axis.
    let op = Toeplitz::new((0..6).map(|i| (-0.02 * f64::from(i * i)).exp()).collect());
    let error = op.square_root().unwrap_err().to_string();
    assert!(error.contains("Dense"), "{error}");
    let kept = Kronecker::new(dense(&[op.to_dense()]));
    conforms!("its dense form", &kept, op.to_dense(), TOL; root);
}

#[test]
fn what_is_not_finite_stays_in_its_column() {
    let x = faer::mat![[1.0, f64::NAN], [0.0, 1.0], [2.0, f64::INFINITY]];
    for y in [
        Toeplitz::new(vec![2.0, 1.0, 0.5]).apply(x.as_ref()),
        Circulant::new(vec![2.0, 1.0, 0.5]).apply(x.as_ref()),
    ] {
        assert!(y.col(0).iter().all(|v| v.is_finite()) && y.col(1).iter().all(|v| v.is_nan()));
    }
    let lost = Toeplitz::new(vec![1.0, f64::NAN, 0.0]).apply(x.as_ref());
    assert!(lost.col(0).iter().all(|v| v.is_nan()));
}
