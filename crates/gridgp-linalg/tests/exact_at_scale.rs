//! Numbers from elsewhere, and sizes that a dense matrix cannot reach.

use faer::{Mat, mat};
use gridgp_linalg::testing::{covariance, normal};
use gridgp_linalg::*;

fn relative_residual(a: &impl LinearOperator, x: &Mat<f64>, b: &Mat<f64>) -> f64 {
    (a.apply(x.as_ref()) - b).norm_l2() / b.norm_l2()
}

/// `shared/oracles/grid2d`: 80-digit arithmetic on the exact Gram matrices. A dense factorization
/// of the 225 x 225 product is off by 160.
#[test]
fn determinant_of_a_grid_keeps_its_digits() {
    let k = Mat::from_fn(15, 15, |i, j| {
        let r = (i as f64 - j as f64) * 4.0 / 14.0;
        (-0.5 * r * r).exp()
    });
    let kron = Kronecker::new(vec![Dense::new(k.clone()), Dense::new(k)]);
    assert!((kron.trace() - 225.0).abs() < 1e-12);
    let det = kron.factorize().unwrap().log_det().unwrap();
    assert!((det.log_abs / -4064.3486431356314 - 1.0).abs() < 1e-6, "{}", det.log_abs);
    assert_eq!((det.sign, det.rank, det.size), (1.0, 225, 225));
    // From pivots: a lower estimate of the 2-norm condition.
    assert!(det.condition() > 1e12, "{}", det.condition());
}

/// `shared/oracles/kronecker_normal`: log densities of N(mu, K1 ⊗ K2 [+ 0.01 I]) from SciPy.
#[test]
fn log_densities_of_a_kronecker_normal() {
    let k1 = mat![[1.0, 0.5], [0.5, 2.0]];
    let k2 = mat![[1.0, 0.4, 0.2], [0.4, 2.0, 0.3], [0.2, 0.3, 1.0]];
    let mu = [
        0.40963782655711695,
        0.8298553070613239,
        -1.643023371405677,
        -0.256730126365494,
        -0.9807473560440125,
        -0.17315522486203205,
    ];
    let x = [
        -0.8019314252534474,
        -1.324358995628145,
        -0.24836162209524854,
        0.4204452380655215,
        1.1360465324896427,
        0.10970639932180819,
    ];
    let r = Mat::from_fn(6, 1, |i, _| x[i] - mu[i]);
    let log_prob = |alpha: Mat<f64>, log_det: f64| {
        let square: f64 = (0..6).map(|i| alpha[(i, 0)] * r[(i, 0)]).sum();
        -0.5 * (square + log_det + 6.0 * std::f64::consts::TAU.ln())
    };
    let kron = Kronecker::new(vec![Dense::new(k1.clone()), Dense::new(k2.clone())]);
    let chol = kron.factorize().unwrap();
    let found = log_prob(chol.solve(r.as_ref()).unwrap(), chol.log_det().unwrap().log_abs);
    assert!((found + 12.07899192273987).abs() < 1e-11, "{found}");
    // With noise, as a sum of two Kronecker products.
    let noise = Kronecker::new(vec![
        Dense::new(faer::Scale(0.01) * Mat::<f64>::identity(2, 2)),
        Dense::new(Mat::identity(3, 3)),
    ]);
    let sum = SumKronecker::new(vec![kron, noise]).unwrap().factorize().unwrap();
    let found = log_prob(sum.solve(r.as_ref()).unwrap(), sum.log_det().unwrap().log_abs);
    assert!((found + 12.047700140678039).abs() < 1e-11, "{found}");
}

#[test]
fn two_terms_equal_their_dense_form_at_4000() {
    let sizes = [10, 20, 20];
    let term = |seed: u64| {
        let factors = sizes.iter().zip(seed..);
        Kronecker::new(factors.map(|(&n, s)| Dense::new(covariance(n, n, 50.0, s))).collect())
    };
    let sum = SumKronecker::new(vec![term(1), term(10)]).unwrap();
    let dense = Cholesky::new(sum.to_dense().as_ref()).unwrap();
    let factor = sum.factorize().unwrap();
    let b = normal(4000, 2, 3);
    let (x, want) = (factor.solve(b.as_ref()).unwrap(), Solve::solve(&dense, b.as_ref()).unwrap());
    assert!((&x - &want).norm_max() < 1e-9 * want.norm_max());
    let log_det = factor.log_det().unwrap().log_abs;
    assert!((log_det / dense.log_det() - 1.0).abs() < 1e-12);
}

#[test]
fn two_terms_of_1500_per_factor() {
    let n = 1500;
    let matern = |scale: f64| {
        Dense::new(Mat::from_fn(n, n, |i, j| {
            let r = (i as f64 - j as f64).abs() / scale;
            (1.0 + r) * (-r).exp()
        }))
    };
    let noise = |a: f64| {
        let d: Vec<f64> = (0..n).map(|i| a + (i as f64 / n as f64)).collect();
        Dense::new(Mat::from_fn(n, n, |i, j| if i == j { d[i] } else { 0.0 }))
    };
    let sum = SumKronecker::new(vec![
        Kronecker::new(vec![matern(30.0), matern(10.0)]),
        Kronecker::new(vec![noise(0.5), noise(0.1)]),
    ])
    .unwrap();
    let factor = sum.factorize().unwrap();
    let b = normal(n * n, 1, 1);
    let x = factor.solve(b.as_ref()).unwrap();
    assert!(relative_residual(&sum, &x, &b) < 1e-10);
    assert!(factor.log_det().unwrap().log_abs.is_finite());
    let draw = factor.sample(1, 3).unwrap();
    assert!(draw.is_all_finite());
}

#[test]
fn draws_of_a_large_grid_are_streamed() {
    // N = 10⁵: the covariance would take 80 GB; 320 draws pass through 16 columns.
    let factors: Vec<_> = [50, 50, 40]
        .iter()
        .zip(1..)
        .map(|(&n, s)| Dense::new(covariance(n, n, 100.0, s)))
        .collect();
    let kron = Kronecker::new(factors);
    let root = kron.square_root().unwrap();
    let diagonal = kron.diagonal();
    let mut block = Mat::zeros(kron.rows(), 16);
    let watched = [0, 777, 54_321, 99_999];
    let (mut sums, mut squares) = ([0.0; 4], [0.0; 4]);
    let draws = 320;
    for first in (0..draws).step_by(16) {
        sample::draw_into(&root, 5, first, block.as_mut());
        for (w, &i) in watched.iter().enumerate() {
            for j in 0..16 {
                sums[w] += block[(i, j)];
                squares[w] += block[(i, j)].powi(2);
            }
        }
    }
    for (w, &i) in watched.iter().enumerate() {
        let count = draws as f64;
        assert!(sums[w].abs() / count < 5.0 * (diagonal[i] / count).sqrt());
        assert!((squares[w] / count / diagonal[i] - 1.0).abs() < 5.0 * (2.0 / count).sqrt());
    }
}
