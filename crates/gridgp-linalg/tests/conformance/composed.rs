//! Operators made of others.

use faer::Mat;
use gridgp_linalg::testing::normal;
use gridgp_linalg::*;

use crate::cases::{
    Case, TOL, conforms, dense, inverse as dense_inverse, kron, random, refused, solve_refused,
};

pub fn scaled(case: Case) {
    let name = format!("scaled, {case:?}");
    let n = case.size();
    let k = case.covariance(n, 5);
    let a = Mat::from_fn(n, n, |i, j| 0.3 * k[(i, j)]);
    let op = Scaled::new(0.3, Dense::new(k.clone()));
    conforms!(name, &op, a, TOL; product entries root eigen);
    let nothing = Scaled::new(0.0, Identity::new(n));
    conforms!(name, &nothing, Mat::<f64>::zeros(n, n), TOL; product entries log_det root eigen);
    solve_refused(&name, &nothing);
    refused(&name, nothing.factorize());
    let negative = Scaled::new(-2.0, Dense::new(k.clone()).lu().unwrap());
    let minus = Mat::from_fn(n, n, |i, j| -2.0 * k[(i, j)]);
    conforms!(name, &negative, minus, TOL; product log_det);
    if case.is_singular() {
        refused(&name, op.factorize());
        solve_refused(&name, &negative);
    } else {
        conforms!(name, &op.factorize().unwrap(), a, TOL; product solve log_det root);
        conforms!(name, &negative, minus, TOL; solve);
    }
}

/// Blocks on the diagonal, written out.
fn blocks(parts: &[Mat<f64>]) -> Mat<f64> {
    let rows = parts.iter().map(Mat::nrows).sum();
    let mut a = Mat::zeros(rows, parts.iter().map(Mat::ncols).sum());
    let (mut row, mut column) = (0, 0);
    for part in parts {
        a.submatrix_mut(row, column, part.nrows(), part.ncols()).copy_from(part);
        (row, column) = (row + part.nrows(), column + part.ncols());
    }
    a
}

pub fn block_diagonal(case: Case) {
    let name = format!("block diagonal, {case:?}");
    let mut parts: Vec<Mat<f64>> =
        case.sizes().iter().zip(1..).map(|(&n, seed)| case.covariance(n, seed)).collect();
    if case == Case::OneByOne {
        parts.truncate(1);
    }
    let a = blocks(&parts);
    let op = BlockDiagonal::new(dense(&parts));
    conforms!(name, &op, a, TOL; product entries root);
    let lu = BlockDiagonal::new(op.blocks().iter().map(|b| b.lu().unwrap()).collect());
    conforms!(name, &lu, a, TOL; log_det);
    if case.is_singular() {
        solve_refused(&name, &lu);
        refused(&name, op.factorize());
    } else {
        conforms!(name, &lu, a, TOL; solve);
        conforms!(name, &op.factorize().unwrap(), a, TOL; product solve log_det root);
    }
    let tall = [normal(3, 2, 1), normal(1, 2, 2), normal(2, 5, 3)];
    conforms!("tall blocks", &BlockDiagonal::new(dense(&tall)), blocks(&tall), TOL; product entries);
    let none = BlockDiagonal::<Dense>::new(vec![]);
    conforms!("no blocks", &none, Mat::<f64>::zeros(0, 0), TOL; product entries);
}

pub fn sum(case: Case) {
    let name = format!("sum, {case:?}");
    let n = case.size();
    // Both terms keep the range of the one.
    let p = case.covariance(n, 1);
    let a = &p + faer::Scale(0.5) * &p;
    let op = Sum::new(Dense::new(p.clone()), Scaled::new(0.5, Dense::new(p))).unwrap();
    conforms!(name, &op, a, TOL; product entries root);
    let skew = Sum::new(Dense::new(normal(n, n + 1, 2)), Dense::new(normal(n, n + 1, 3))).unwrap();
    conforms!(name, &skew, normal(n, n + 1, 2) + normal(n, n + 1, 3), TOL; product entries);
}

pub fn side_by_side(case: Case) {
    let n = case.size();
    let (left, right) = (case.covariance(n, 1), normal(n, n + 2, 2));
    let a = Mat::from_fn(n, 2 * n + 2, |i, j| if j < n { left[(i, j)] } else { right[(i, j - n)] });
    let op = SideBySide::new(Dense::new(left), Dense::new(right)).unwrap();
    conforms!(format!("side by side, {case:?}"), &op, a, TOL; product);
}

/// A covariance and a square matrix without symmetry, of condition 10¹⁰ together.
fn two(case: Case) -> (Mat<f64>, Mat<f64>) {
    (random(case.size(), 1), case.general(case.size(), 2))
}

pub fn product(case: Case) {
    let name = format!("product, {case:?}");
    let (a, b) = two(case);
    let ab = &a * &b;
    let chol = Dense::new(a).factorize().unwrap();
    let op = Product::new(chol, Dense::new(b).lu().unwrap()).unwrap();
    conforms!(name, &op, ab, TOL; product log_det);
    if case.is_singular() {
        solve_refused(&name, &op);
    } else {
        conforms!(name, &op, ab, TOL; solve);
    }
    let n = case.size();
    let (left, right) = (normal(n, n + 2, 3), normal(n + 2, n + 1, 4));
    let op = Product::new(Dense::new(left.clone()), Dense::new(right.clone())).unwrap();
    conforms!(name, &op, left * right, TOL; product);
}

pub fn transposed(case: Case) {
    let name = format!("transposed, {case:?}");
    let (_, b) = two(case);
    let bt = b.transpose().to_owned();
    conforms!(name, &Transposed::new(Dense::new(b.clone())), bt, TOL; product entries);
    let op = Transposed::new(Dense::new(b).lu().unwrap());
    conforms!(name, &op, bt, TOL; product log_det);
    if case.is_singular() {
        solve_refused(&name, &op);
    } else {
        conforms!(name, &op, bt, TOL; solve);
    }
    let factors = [normal(2, 3, 1), normal(4, 2, 2), normal(1, 2, 3)];
    let op = Transposed::new(Kronecker::new(dense(&factors)));
    conforms!(name, &op, kron(&factors).transpose(), TOL; product entries);
}

pub fn inverse(case: Case) {
    let name = format!("inverse, {case:?}");
    let (_, b) = two(case);
    let lu = Dense::new(b.clone()).lu().unwrap();
    if case.is_singular() {
        return refused(&name, Inverse::new(lu));
    }
    // The dense inverse has no more digits than that.
    let tolerance = TOL * case.condition();
    let op = Inverse::new(lu).unwrap();
    conforms!(name, &op, dense_inverse(&b), tolerance; product solve log_det);
    let a = case.covariance(case.size(), 1);
    let op = Inverse::new(Dense::new(a.clone()).factorize().unwrap()).unwrap();
    conforms!(name, &op, dense_inverse(&a), tolerance; product solve log_det root);
}

#[test]
fn shapes_that_do_not_match_are_refused() {
    assert!(Sum::new(Identity::new(2), Identity::new(3)).is_err());
    assert!(SideBySide::new(Identity::new(2), Identity::new(3)).is_err());
    assert!(Product::new(Identity::new(2), Identity::new(3)).is_err());
}
