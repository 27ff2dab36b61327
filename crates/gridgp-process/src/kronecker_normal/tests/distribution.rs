//! Draws, entropy, divergence.

use std::f64::consts::TAU;

use super::*;

pub(super) fn regular(seed: u64, sigma: f64) -> KroneckerNormal {
    let factors = covariances(seed).iter().map(|k| forms(k.as_ref()).swap_remove(1)).collect();
    KroneckerNormal::new(vector(N, seed + 50), factors, sigma).unwrap()
}

#[test]
fn moments_of_draws() {
    const DRAWS: usize = 20_000;
    for factors in [
        covariances(1).iter().map(|k| forms(k.as_ref()).swap_remove(0)).collect(),
        singular_factors(),
    ] {
        let a = dense(&factors, 0.5);
        let normal = KroneckerNormal::new(vector(N, 2), factors, 0.5).unwrap();
        let draws = normal.sample(DRAWS, 3);
        let centered = Mat::from_fn(N, DRAWS, |i, j| draws[(i, j)] - normal.mean()[i]);
        let covariance = Scale(1.0 / DRAWS as f64) * (&centered * centered.transpose());
        for i in 0..N {
            let mean = centered.row(i).iter().sum::<f64>() / DRAWS as f64;
            assert!(mean.abs() < 5.0 * (a[(i, i)] / DRAWS as f64).sqrt(), "mean {i}");
            for j in 0..N {
                let sd = ((a[(i, i)] * a[(j, j)] + a[(i, j)].powi(2)) / DRAWS as f64).sqrt();
                assert!((covariance[(i, j)] - a[(i, j)]).abs() < 5.0 * sd, "({i}, {j})");
            }
        }
    }
}

#[test]
fn a_draw_depends_on_its_number_alone() {
    let normal = regular(4, 0.3);
    let all = normal.sample(5, 10);
    let mut sampler = normal.sampler(10);
    let mut x = vec![0.0; N];
    for draw in [3, 0, 4] {
        sampler.sample_into(draw, &mut x);
        assert_eq!(x, all.col_as_slice(draw as usize));
    }
    assert_ne!(all.col_as_slice(0), all.col_as_slice(1));
    assert_ne!(all, normal.sample(5, 11));
}

#[test]
fn entropy_and_divergence_agree_with_dense_formulas() {
    for (sigma_p, sigma_q) in [(0.0, 0.0), (0.4, 0.3), (0.4, 0.0), (0.0, 0.3)] {
        let (p, q) = (regular(20, sigma_p), regular(30, sigma_q));
        let (a, b) = (dense(p.factors(), sigma_p), dense(q.factors(), sigma_q));
        let (chol_a, chol_b) =
            (Cholesky::new(a.as_ref()).unwrap(), Cholesky::new(b.as_ref()).unwrap());
        close(p.entropy(), 0.5 * (chol_a.log_det() + N as f64 * (1.0 + TAU.ln())), 1e-12);
        let mut ratio = a.clone();
        chol_b.solve_in_place(ratio.as_mut());
        let trace: f64 = (0..N).map(|i| ratio[(i, i)]).sum();
        let mut shift = Mat::from_fn(N, 1, |i, _| q.mean()[i] - p.mean()[i]);
        chol_b.solve_l_in_place(shift.as_mut());
        let expected = 0.5
            * (trace + shift.squared_norm_l2() - N as f64 + chol_b.log_det() - chol_a.log_det());
        close(p.kl_divergence(&q).unwrap(), expected, 1e-11);
        close(p.kl_divergence(&p).unwrap(), 0.0, 1e-11);
    }
}

#[test]
fn divergence_of_singular_distributions() {
    let p = KroneckerNormal::new(vec![0.0; N], singular_factors(), 0.0).unwrap();
    close(p.kl_divergence(&p).unwrap(), 0.0, 1e-10);
    // Twice the scale on the same support of 8 dimensions: 8 (½/4 − ½ + log 2).
    let mut factors = singular_factors();
    factors[0] = Factor::root(Scale(2.0) * factors[0].root_matrix()).unwrap();
    let wide = KroneckerNormal::new(vec![0.0; N], factors, 0.0).unwrap();
    let expected = 8.0 * (0.125 - 0.5 + 2f64.ln());
    close(p.kl_divergence(&wide).unwrap(), expected, 1e-11);
    // Another support, another mean off the support, more dimensions.
    let mut turned = singular_factors();
    turned[0] = Factor::root(normal(3, 2, 99)).unwrap();
    for other in [
        KroneckerNormal::new(vec![0.0; N], turned, 0.0).unwrap(),
        KroneckerNormal::new(vector(N, 1), singular_factors(), 0.0).unwrap(),
        regular(1, 0.0),
    ] {
        assert_eq!(p.kl_divergence(&other).unwrap(), f64::INFINITY);
        assert_eq!(other.kl_divergence(&p).unwrap(), f64::INFINITY);
    }
}

#[test]
fn divergence_from_low_rank_with_noise() {
    // Axes of p reach beyond those of q, all three of them, and the other way round.
    let low = KroneckerNormal::new(vec![0.0; N], singular_factors(), 0.7).unwrap();
    let full = KroneckerNormal::new(vec![0.0; N], regular(3, 0.5).factors().to_vec(), 0.5).unwrap();
    let turned = (0..3).map(|a| Factor::root(normal(SIZES[a], 1, 90 + a as u64)).unwrap());
    let turned = KroneckerNormal::new(vec![0.0; N], turned.collect(), 0.6).unwrap();
    for (p, q) in [(&low, &full), (&full, &low), (&full, &turned), (&low, &turned), (&turned, &low)]
    {
        let (mut ratio, b) = (dense(p.factors(), p.sigma()), dense(q.factors(), q.sigma()));
        let log_det = Cholesky::new(ratio.as_ref()).unwrap().log_det();
        let chol = Cholesky::new(b.as_ref()).unwrap();
        chol.solve_in_place(ratio.as_mut());
        let trace: f64 = (0..N).map(|i| ratio[(i, i)]).sum();
        let expected = 0.5 * (trace - N as f64 + chol.log_det() - log_det);
        close(p.kl_divergence(q).unwrap(), expected, 1e-10);
    }
}

/// A distribution of 10⁵ points whose covariance would take 80 GB.
fn large() -> KroneckerNormal {
    let factor = |n: usize| {
        let k = Mat::from_fn(n, n, |i, j| (-(i as f64 - j as f64).abs() / 5.0).exp());
        Factor::cholesky(Cholesky::new(k.as_ref()).unwrap().l().to_owned()).unwrap()
    };
    KroneckerNormal::new(vec![0.0; 100_000], vec![factor(50), factor(40), factor(50)], 0.0).unwrap()
}

/// Streams draws and compares moments at two points: variances 1, covariance exp(−3/5).
fn stream(draws: u64) {
    let normal = large();
    let mut sampler = normal.sampler(17);
    let mut x = vec![0.0; normal.size()];
    let (mut mean, mut variance, mut covariance) = (0.0, 0.0, 0.0);
    for draw in 0..draws {
        sampler.sample_into(draw, &mut x);
        let (a, b) = (x[45_678], x[45_681]);
        mean += a;
        variance += a * a;
        covariance += a * b;
    }
    let n = draws as f64;
    let rho = (-0.6_f64).exp();
    assert!((mean / n).abs() < 5.0 / n.sqrt());
    assert!((variance / n - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
    assert!((covariance / n - rho).abs() < 5.0 * ((1.0 + rho * rho) / n).sqrt());
}

#[test]
fn draws_of_a_large_grid_stream() {
    stream(20);
}

#[test]
#[ignore = "slow"]
fn ten_thousand_draws_of_a_large_grid_stream() {
    stream(10_000);
}
