//! Eigendecompositions, and what is made of them.

use std::f64::consts::FRAC_1_SQRT_2;

use faer::Mat;
use gridgp_linalg::testing::normal;
use gridgp_linalg::*;

use crate::cases::{Case, TOL, conforms, dense, inverse, kron, refused, solve_refused};

const FACTS: [Facts; 2] = [
    Facts { centrosymmetric: false, smooth: false },
    Facts { centrosymmetric: true, smooth: true },
];

/// A covariance that is its own mirror image, so that the split basis is taken too.
fn mirrored(case: Case) -> Mat<f64> {
    let n = case.size();
    let k = case.covariance(n, 1);
    if case.is_singular() {
        // Averaging would raise the rank.
        let waves = Mat::from_fn(n, 2, |i, j| ((i as f64 - 3.0) * (j + 1) as f64).cos());
        return &waves * waves.transpose();
    }
    Mat::from_fn(n, n, |i, j| 0.5 * (k[(i, j)] + k[(n - 1 - i, n - 1 - j)]))
}

pub fn spectral(case: Case) {
    for (facts, k) in FACTS.into_iter().zip([case.covariance(case.size(), 1), mirrored(case)]) {
        let name = format!("spectral, {case:?}, {facts:?}");
        let op = Spectral::new(k.as_ref(), facts).unwrap();
        conforms!(name, &op, k, TOL; product log_det root eigen);
        let eigen = op.eigen().unwrap();
        if case.is_singular() {
            assert!(op.rank() < op.size(), "{name}");
            solve_refused(&name, &eigen);
        } else {
            conforms!(name, &eigen, k, TOL; solve log_det);
        }
    }
    let f = normal(case.size(), if case.is_singular() { 2 } else { case.size() + 1 }, 1);
    let op = Spectral::from_features(f.as_ref()).unwrap();
    let name = format!("features, {case:?}");
    conforms!(name, &op, &f * f.transpose(), TOL; product log_det root eigen);
    // Factors of a Kronecker product.
    let factors = case.factors(2);
    let of = |k: &Mat<f64>| Spectral::new(k.as_ref(), Facts::default()).unwrap();
    let op = Kronecker::new(factors.iter().map(of).collect());
    let name = format!("spectral factors, {case:?}");
    conforms!(name, &op, kron(&factors), TOL; product log_det root eigen);
}

pub fn basis(case: Case) {
    for (facts, k) in FACTS.into_iter().zip([case.covariance(case.size(), 1), mirrored(case)]) {
        let name = format!("basis, {case:?}, {facts:?}");
        let spectral = Spectral::new(k.as_ref(), facts).unwrap();
        let op = spectral.basis();
        let q = op.to_dense();
        assert_eq!(q.ncols() < q.nrows(), case.is_singular(), "{name}");
        conforms!(name, op, q, TOL; product);
        let gram = q.transpose() * &q - Mat::<f64>::identity(q.ncols(), q.ncols());
        assert!(gram.norm_max() < TOL * case.size() as f64, "{name}");
    }
    let n = case.size();
    conforms!("identity basis", &Basis::Identity { size: n }, Mat::<f64>::identity(n, n), TOL; product);
    let fold = Mat::from_fn(n, n, |i, j| match (i + j + 1 == n, i == j) {
        (true, true) => 1.0,
        (true, false) => FRAC_1_SQRT_2,
        (false, true) if i < n / 2 => FRAC_1_SQRT_2,
        (false, true) => -FRAC_1_SQRT_2,
        (false, false) => 0.0,
    });
    conforms!("folded basis", &Basis::Folded { size: n }, fold, TOL; product);
}

/// The blocks of a mirrored matrix, taken back, are the matrix, and so for one that is not.
#[test]
fn block_diagonals() {
    for n in [1, 2, 15, 16, 17, 40] {
        let smooth = |i: usize, j: usize| (-0.1 * (i as f64 - j as f64).powi(2)).exp();
        let even = Mat::from_fn(n, n, smooth);
        let uneven = Mat::from_fn(n, n, |i, j| smooth(i, j) * (1.0 + (i * j) as f64));
        for k in [even, uneven] {
            let facts = Facts { centrosymmetric: true, smooth: false };
            let (basis, blocks) = block_diagonal(k.as_ref(), facts);
            let sizes: Vec<usize> = blocks.iter().map(Mat::nrows).collect();
            let expected: Vec<usize> = basis.blocks().into_iter().map(|(_, count)| count).collect();
            assert_eq!(sizes, expected);
            let back = basis.congruence(blocks);
            assert!((&back - &k).norm_max() < TOL * k.norm_max(), "{n}");
        }
    }
}

pub fn diagonalized(case: Case) {
    let name = format!("diagonalized, {case:?}");
    let a = case.covariance(case.size(), 1);
    let op = Dense::new(a.clone()).eigen().unwrap();
    conforms!(name, &op, a, TOL; product log_det root eigen);
    if case.is_singular() {
        refused(&name, op.inverse());
        solve_refused(&name, &op);
    } else {
        conforms!(name, &op, a, TOL; solve);
        let dense_inverse = inverse(&a);
        let tolerance = TOL * case.condition();
        conforms!(name, &op.inverse().unwrap(), dense_inverse, tolerance; product log_det root);
    }
    // Two matrices at once: the basis is not orthogonal. The second alone is regular.
    let (p, q) = (case.factors(3), Case::Random.factors(4));
    let p = if case == Case::OneByOne { (p.clone(), p) } else { (p, q) };
    let sum = kron(&p.0) + kron(&p.1);
    let terms = [&p.0, &p.1].map(|f| Kronecker::new(dense(f)));
    let op = SumKronecker::new(terms.to_vec()).unwrap().factorize().unwrap();
    conforms!(name, &op, sum, TOL; product solve log_det root);
    assert!(!op.is_orthonormal() && op.eigen().is_err(), "{name}");
}

pub fn kronecker_identity(case: Case) {
    let name = format!("kronecker + noise, {case:?}");
    let factors = case.factors(1);
    let spectral: Vec<Spectral> =
        factors.iter().map(|k| Spectral::new(k.as_ref(), Facts::default()).unwrap()).collect();
    if case.is_singular() {
        // Without noise nothing makes it regular.
        refused(&name, KroneckerIdentity::new(spectral.clone(), 1.5, 0.0));
    }
    // Low rank and little noise is the common way to be ill-conditioned.
    let little = if case == Case::IllConditioned { 1e-9 } else { 0.2 };
    for noise in [little, 0.0] {
        if noise == 0.0 && case.is_singular() {
            continue;
        }
        let op = KroneckerIdentity::new(spectral.clone(), 1.5, noise).unwrap();
        let n = op.size();
        let a = faer::Scale(1.5) * kron(&factors) + faer::Scale(noise) * Mat::<f64>::identity(n, n);
        conforms!(name, &op, a, TOL; product solve log_det root);
    }
}
