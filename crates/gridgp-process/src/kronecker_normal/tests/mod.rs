//! Against dense computations, with three factors of different sizes.

mod density;
mod distribution;
mod gradient;
mod oracle;
mod singular;
mod slice;

use faer::{Mat, MatRef, Scale};
use gridgp_linalg::testing::{covariance, dense_kronecker, normal};
use gridgp_linalg::{Cholesky, symmetric_eigen};

use super::{Factor, KroneckerNormal};

/// Sizes that no transposed axis survives.
const SIZES: [usize; 3] = [3, 4, 2];
const N: usize = 24;

/// A regular covariance for each axis.
fn covariances(seed: u64) -> Vec<Mat<f64>> {
    (0..3).map(|a| covariance(SIZES[a], SIZES[a], 20.0, seed + a as u64)).collect()
}

/// The same covariance in every form in which it can be given.
fn forms(k: MatRef<'_, f64>) -> Vec<Factor> {
    let chol = Cholesky::new(k).unwrap();
    let (values, vectors) = symmetric_eigen(k).unwrap();
    vec![
        Factor::covariance(k).unwrap(),
        Factor::cholesky(chol.l().to_owned()).unwrap(),
        Factor::eigen(&values, vectors.as_ref()).unwrap(),
        // A root with more columns than rows: L times rows that are orthonormal.
        Factor::root(
            chol.l() * normal(k.nrows() + 2, k.nrows(), 9).qr().compute_thin_Q().transpose(),
        )
        .unwrap(),
    ]
}

fn vector(n: usize, seed: u64) -> Vec<f64> {
    normal(n, 1, seed).col_as_slice(0).to_vec()
}

fn dense(factors: &[Factor], sigma: f64) -> Mat<f64> {
    let product = factors
        .iter()
        .fold(Mat::full(1, 1, 1.0), |k, f| dense_kronecker(k.as_ref(), f.to_dense().as_ref()));
    let n = product.nrows();
    product + Scale(sigma * sigma) * Mat::<f64>::identity(n, n)
}

/// Roots of rank 2, 4 and 1 for the three axes.
fn singular_factors() -> Vec<Factor> {
    (0..3).map(|a| Factor::root(normal(SIZES[a], [2, 4, 1][a], 70 + a as u64)).unwrap()).collect()
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    let error = (found - expected).abs();
    assert!(error <= tolerance * expected.abs().max(1.0), "{found} instead of {expected}");
}

#[track_caller]
fn close_mats(found: MatRef<'_, f64>, expected: MatRef<'_, f64>, tolerance: f64) {
    assert_eq!(found.shape(), expected.shape());
    let error = (found - expected).norm_max();
    assert!(error <= tolerance * expected.norm_max().max(1.0), "{found:?} is not {expected:?}");
}
