//! The log density.

use std::f64::consts::TAU;

use super::*;

fn dense_log_prob(a: &Mat<f64>, mean: &[f64], x: &[f64]) -> f64 {
    let chol = Cholesky::new(a.as_ref()).unwrap();
    let r = Mat::from_fn(x.len(), 1, |i, _| x[i] - mean[i]);
    let mut z = r.clone();
    chol.solve_l_in_place(z.as_mut());
    -0.5 * (z.squared_norm_l2() + chol.log_det() + x.len() as f64 * TAU.ln())
}

#[test]
fn agrees_with_the_dense_density_in_every_form() {
    let k = covariances(1);
    let mean = vector(N, 5);
    let x = normal(N, 4, 6);
    for sigma in [0.0, 0.3] {
        for form in 0..4 {
            let factors: Vec<Factor> =
                k.iter().map(|k| forms(k.as_ref()).swap_remove(form)).collect();
            let a = dense(&factors, sigma);
            let normal = KroneckerNormal::new(mean.clone(), factors, sigma).unwrap();
            assert_eq!(normal.rank(), N);
            for (b, found) in normal.log_prob(x.as_ref()).into_iter().enumerate() {
                close(found, dense_log_prob(&a, &mean, x.col_as_slice(b)), 1e-12);
                assert_eq!(found, normal.log_prob_one(x.col_as_slice(b)));
            }
            close(normal.log_det(), Cholesky::new(a.as_ref()).unwrap().log_det(), 1e-12);
            for (i, v) in normal.variance().into_iter().enumerate() {
                close(v, a[(i, i)], 1e-13);
            }
        }
    }
}

#[test]
fn singular_factors_with_noise_agree_with_the_dense_density() {
    let factors = singular_factors();
    let (mean, x) = (vector(N, 5), normal(N, 3, 6));
    let a = dense(&factors, 0.2);
    let normal = KroneckerNormal::new(mean.clone(), factors, 0.2).unwrap();
    assert_eq!(normal.rank(), N);
    for (b, found) in normal.log_prob(x.as_ref()).into_iter().enumerate() {
        close(found, dense_log_prob(&a, &mean, x.col_as_slice(b)), 1e-11);
    }
}

#[test]
fn one_factor_and_five_factors() {
    let k = covariance(6, 6, 10.0, 3);
    let one =
        KroneckerNormal::new(vec![0.0; 6], vec![Factor::covariance(k.as_ref()).unwrap()], 0.1);
    let x = vector(6, 8);
    let want = dense_log_prob(&dense(one.as_ref().unwrap().factors(), 0.1), &[0.0; 6], &x);
    close(one.unwrap().log_prob_one(&x), want, 1e-12);

    let five: Vec<Factor> = [2, 1, 3, 2, 2]
        .iter()
        .map(|&n| Factor::covariance(covariance(n, n, 5.0, n as u64).as_ref()).unwrap())
        .collect();
    let (a, x) = (dense(&five, 0.0), vector(24, 9));
    let five = KroneckerNormal::new(vec![0.5; 24], five, 0.0).unwrap();
    close(five.log_prob_one(&x), dense_log_prob(&a, &[0.5; 24], &x), 1e-12);
}

#[test]
fn a_value_that_is_infinite_has_no_density_and_one_that_is_nan_none_to_tell() {
    let factors = singular_factors();
    for sigma in [0.0, 0.3] {
        let normal = KroneckerNormal::new(vec![0.0; N], factors.clone(), sigma).unwrap();
        let mut x = vec![0.0; N];
        x[7] = f64::INFINITY;
        assert_eq!(normal.log_prob_one(&x), f64::NEG_INFINITY);
        x[7] = f64::NAN;
        assert!(normal.log_prob_one(&x).is_nan());
    }
}

#[test]
fn bad_input_is_refused_with_a_reason() {
    let k = covariance(3, 3, 2.0, 1);
    let factor = || Factor::covariance(k.as_ref()).unwrap();
    let message = |mean: Vec<f64>, factors, sigma| {
        KroneckerNormal::new(mean, factors, sigma).unwrap_err().to_string()
    };
    assert!(message(vec![], vec![], 0.0).contains("at least one factor"));
    assert!(message(vec![0.0; 8], vec![factor(), factor()], 0.0).contains("8 values"));
    assert!(message(vec![f64::NAN; 3], vec![factor()], 0.0).contains("position 0"));
    assert!(message(vec![0.0; 3], vec![factor()], -1.0).contains("-1"));
    assert!(message(vec![0.0; 3], vec![factor()], f64::NAN).contains("NaN"));

    let tiny = || Factor::root(faer::mat![[1e-200], [0.0]]).unwrap();
    assert!(message(vec![0.0; 2], vec![tiny()], 0.0).contains("another unit"));
    assert!(message(vec![0.0; 2], vec![tiny()], 1e-200).contains("another unit"));
    let small = KroneckerNormal::new(vec![0.0; 2], vec![tiny()], 1e-3).unwrap();
    assert!(small.log_prob_one(&[1e-3, 0.0]).is_finite());

    let indefinite = faer::mat![[1.0, 2.0], [2.0, 1.0]];
    let refused = Factor::covariance(indefinite.as_ref()).unwrap_err().to_string();
    assert!(refused.contains("-1.000e0"), "{refused}");
    assert!(Factor::cholesky(indefinite.clone()).unwrap_err().to_string().contains("lower"));
    let refused = Factor::eigen(&[1.0, 1.0], indefinite.as_ref()).unwrap_err().to_string();
    assert!(refused.contains("orthonormal"), "{refused}");
    let nan = faer::mat![[1.0, 0.0], [f64::NAN, 1.0]];
    assert!(Factor::covariance(nan.as_ref()).unwrap_err().to_string().contains("(1, 0)"));
    assert!(Factor::root(nan).unwrap_err().to_string().contains("NaN"));
}
