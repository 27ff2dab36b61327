//! Sums over cells against the joint covariance of the cells written out.

use faer::{Col, Mat};
use gridgp_density::Arrangement;
use gridgp_model::spec::Algebra;

use super::algebras::{by, coast, complete, markov, masked, several};
use super::*;
use crate::place::locate;

/// Cov(g | y) of all cells of a place, and the mean, without unit and origin.
fn joint(c: &Conditional<'_>, place: &Place) -> (Vec<f64>, Mat<f64>) {
    let there = locate(c.model, place, &c.needed()).unwrap();
    let (grid, covariates) = (there.grid, &there.covariates);
    let targets =
        c.marginal.targets_on_grid(&c.wanted, grid, covariates, &there.points, &c.theta).unwrap();
    let n = grid.len();
    let mut all = Mat::<f64>::zeros(n, n);
    for target in &targets {
        let axes = c.marginal.prior_along_axes(target, &there.points, &c.theta);
        let k = axes.iter().fold(Mat::full(1, 1, 1.0), |k, a| k.kron(a));
        let weight = |i: usize| target.cells.as_ref().map_or(1.0, |w| w[i]);
        all += Mat::from_fn(n, n, |i, j| target.prior * weight(i) * weight(j) * k[(i, j)]);
    }
    all -= c.conditioned.explained(&targets, Arrangement::Grid, 0..n).unwrap().unwrap();
    (c.mean_on_grid(&there, &targets), all)
}

#[test]
fn sums_have_the_variance_of_the_joint_covariance() {
    let cases = [
        (masked(&[]), Algebra::Spectral, 1e-9),
        (masked(&[13, 22]), Algebra::Complement, 1e-9),
        (masked(&[13, 22]), Algebra::Dense, 1e-12),
        (masked(&[13, 22]), Algebra::StateSpace, 1e-9),
        (masked(&[]), Algebra::StateSpace, 1e-9),
        (coast(), Algebra::StateSpace, 1e-9),
        (complete(), Algebra::StateSpace, 1e-9),
        (several(6), Algebra::StateSpace, 1e-9),
        (markov(), Algebra::Sparse, 1e-9),
        (several(6), Algebra::Dense, 1e-12),
        (several(6), Algebra::Iterative, 1e-5),
    ];
    for (m, algebra, tolerance) in cases {
        let theta = medians(&m);
        let (dense, other) = (by(&m, Algebra::Dense), by(&m, algebra));
        let dense = Conditional::new(&dense, &theta).unwrap();
        let other = Conditional::new(&other, &theta).unwrap();
        let (origin, unit) = other.scaling();
        for place in [elsewhere(), dense.here()] {
            let (mean, covariance) = joint(&dense, &place);
            let n = place.grid.len();
            // A mean, a difference, one cell; more of them than are solved at a time.
            let weights: Vec<Vec<f64>> = (0..20)
                .map(|k| match k {
                    0 => vec![1.0 / n as f64; n],
                    1 => (0..n).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect(),
                    _ => (0..n).map(|i| f64::from(u8::from(i == k))).collect(),
                })
                .collect();
            let found = other.sums_on_grid(&place, 20, |k| weights[k].clone()).unwrap();
            for (k, w) in weights.iter().enumerate() {
                let w = Col::from_fn(n, |i| w[i]);
                let sum = w.iter().sum::<f64>();
                let want =
                    origin * sum + unit * w.iter().zip(&mean).map(|(w, m)| w * m).sum::<f64>();
                let sd = unit * (w.transpose() * &covariance * &w).sqrt();
                assert!((found.mean[k] - want).abs() < tolerance * want.abs().max(1.0), "{k}");
                assert!((found.sd[k] - sd).abs() < tolerance.max(1e-8) * sd.max(1e-2), "{k}");
            }
        }
        let n = m.data.grid.len();
        assert!(other.sums_on_grid(&other.here(), 1, |_| vec![1.0]).is_err());
        assert!(other.sums_on_grid(&other.here(), 1, |_| vec![f64::NAN; n]).is_err());
    }
}
