//! Distributions on a subspace.

use std::f64::consts::TAU;

use super::*;

#[test]
fn the_density_on_the_support_is_that_of_the_coefficients() {
    // x = R z with R of full column rank: log p(x) = log N(z; 0, I) − ½ log det RᵀR.
    let factors = singular_factors();
    let root = factors
        .iter()
        .fold(Mat::full(1, 1, 1.0), |r, f| dense_kronecker(r.as_ref(), f.root_matrix()));
    let mean = vector(N, 3);
    let normal = KroneckerNormal::new(mean.clone(), factors, 0.0).unwrap();
    assert_eq!(normal.rank(), 8);
    let z = super::normal(8, 1, 4);
    let x = &root * &z;
    let x: Vec<f64> = (0..N).map(|i| mean[i] + x[(i, 0)]).collect();
    let gram = root.transpose() * &root;
    let half_log_det = 0.5 * Cholesky::new(gram.as_ref()).unwrap().log_det();
    let expected = -0.5 * (z.squared_norm_l2() + 8.0 * TAU.ln()) - half_log_det;
    close(normal.log_prob_one(&x), expected, 1e-11);
    close(normal.log_det(), 2.0 * half_log_det, 1e-12);
    close(normal.entropy(), half_log_det + 4.0 * (1.0 + TAU.ln()), 1e-12);
}

#[test]
fn off_the_support_there_is_none() {
    let normal = KroneckerNormal::new(vec![0.0; N], singular_factors(), 0.0).unwrap();
    let draws = normal.sample(50, 8);
    assert!(normal.log_prob(draws.as_ref()).iter().all(|l| l.is_finite()));
    let mut moved = draws;
    for b in 0..50 {
        moved[(b % N, b)] += 1e-9;
    }
    assert!(normal.log_prob(moved.as_ref()).iter().all(|l| *l == f64::NEG_INFINITY));
}

#[test]
fn singular_covariances_and_eigenpairs_find_the_same_rank() {
    let roots = singular_factors();
    let covariances: Vec<Factor> =
        roots.iter().map(|f| Factor::covariance(f.to_dense().as_ref()).unwrap()).collect();
    let eigen: Vec<Factor> =
        roots.iter().map(|f| Factor::eigen(f.values(), f.basis()).unwrap()).collect();
    let by_root = KroneckerNormal::new(vec![0.0; N], roots, 0.0).unwrap();
    let draws = by_root.sample(20, 5);
    let expected = by_root.log_prob(draws.as_ref());
    for factors in [covariances, eigen] {
        let other = KroneckerNormal::new(vec![0.0; N], factors, 0.0).unwrap();
        assert_eq!(other.rank(), 8);
        for (found, expected) in other.log_prob(draws.as_ref()).iter().zip(&expected) {
            close(*found, *expected, 1e-10);
        }
        assert_eq!(other.log_prob_one(&[1.0; N]), f64::NEG_INFINITY);
    }
}

#[test]
fn a_smooth_covariance_keeps_its_own_draws() {
    // A squared exponential on 60 points: eigenvalues fall to rounding without a gap.
    let k = Mat::from_fn(60, 60, |i, j| {
        let r = (i as f64 - j as f64) / 8.0;
        (-0.5 * r * r).exp()
    });
    let factor = Factor::covariance(k.as_ref()).unwrap();
    assert!(factor.rank() < 50);
    let normal = KroneckerNormal::new(vec![3.0; 60], vec![factor], 0.0).unwrap();
    let draws = normal.sample(30, 2);
    assert!(normal.log_prob(draws.as_ref()).iter().all(|l| l.is_finite()));
    let mut rough = draws.col_as_slice(0).to_vec();
    rough[30] += 1e-3;
    assert_eq!(normal.log_prob_one(&rough), f64::NEG_INFINITY);
}

#[test]
fn a_point_mass() {
    let factors = vec![Factor::root(Mat::zeros(3, 0)).unwrap(), singular_factors().remove(1)];
    let normal = KroneckerNormal::new(vec![2.0; 12], factors, 0.0).unwrap();
    assert_eq!(normal.rank(), 0);
    assert_eq!(normal.log_prob_one(&[2.0; 12]), 0.0);
    assert_eq!(normal.log_prob_one(&[2.1; 12]), f64::NEG_INFINITY);
    assert_eq!(normal.sample(1, 3).col_as_slice(0), [2.0; 12]);
    assert_eq!(normal.entropy(), 0.0);
}

#[test]
fn draws_of_a_graded_root_lie_on_the_support_of_its_covariance() {
    // Rounding in K turns its small eigenvectors far more than n ε.
    let steep = normal(12, 4, 3)
        * Mat::from_fn(4, 4, |i, j| if i == j { 0.02_f64.powi(i as i32) } else { 0.0 });
    let root = Factor::root(steep).unwrap();
    let covariance = Factor::covariance(root.to_dense().as_ref()).unwrap();
    assert_eq!((root.rank(), covariance.rank()), (4, 4));
    let by_root = KroneckerNormal::new(vec![0.0; 12], vec![root], 0.0).unwrap();
    let draws = by_root.sample(200, 9);
    let by_covariance = KroneckerNormal::new(vec![0.0; 12], vec![covariance], 0.0).unwrap();
    assert!(by_covariance.log_prob(draws.as_ref()).iter().all(|l| l.is_finite()));
}
