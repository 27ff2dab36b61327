//! Marginals and conditionals along an axis.

use std::f64::consts::TAU;

use super::distribution::regular;
use super::*;

/// Positions on the grid whose index along the axis is in `points`, in the order of `points`.
fn positions(axis: usize, points: &[usize]) -> Vec<usize> {
    let right: usize = SIZES[axis + 1..].iter().product();
    let left: usize = SIZES[..axis].iter().product();
    let mut out = vec![];
    for l in 0..left {
        for p in points {
            out.extend((0..right).map(|r| (l * SIZES[axis] + p) * right + r));
        }
    }
    out
}

fn pick(a: &Mat<f64>, rows: &[usize], columns: &[usize]) -> Mat<f64> {
    Mat::from_fn(rows.len(), columns.len(), |i, j| a[(rows[i], columns[j])])
}

#[test]
fn marginals_are_submatrices() {
    for (axis, points) in [(0, vec![2, 0]), (1, vec![3, 1, 0]), (2, vec![1])] {
        let p = regular(40, 0.3);
        let at = positions(axis, &points);
        let marginal = p.marginal(axis, &points).unwrap();
        let a = dense(p.factors(), 0.3);
        close_mats(dense(marginal.factors(), 0.3).as_ref(), pick(&a, &at, &at).as_ref(), 1e-13);
        let mean: Vec<f64> = at.iter().map(|&i| p.mean()[i]).collect();
        assert_eq!(marginal.mean(), mean);
    }
}

#[test]
fn conditionals_are_schur_complements() {
    for (axis, points) in [(0, vec![2, 0]), (1, vec![3, 1]), (2, vec![1])] {
        let p = regular(40, 0.0);
        let free: Vec<usize> = (0..SIZES[axis]).filter(|i| !points.contains(i)).collect();
        let (o, f) = (positions(axis, &points), positions(axis, &free));
        let y = vector(o.len(), 41);
        let conditional = p.conditional(axis, &points, &y).unwrap();
        let a = dense(p.factors(), 0.0);
        let chol = Cholesky::new(pick(&a, &o, &o).as_ref()).unwrap();
        let mut solved = pick(&a, &o, &f);
        chol.solve_in_place(solved.as_mut());
        let covariance = pick(&a, &f, &f) - pick(&a, &f, &o) * &solved;
        close_mats(dense(conditional.factors(), 0.0).as_ref(), covariance.as_ref(), 1e-11);
        let shift = Mat::from_fn(o.len(), 1, |i, _| y[i] - p.mean()[o[i]]);
        let mean = solved.transpose() * shift;
        for (i, found) in conditional.mean().iter().enumerate() {
            close(*found, p.mean()[f[i]] + mean[(i, 0)], 1e-11);
        }
        // p(free, given) = p(given) p(free | given).
        let mut x = vec![0.0; N];
        let rest = vector(f.len(), 42);
        o.iter().zip(&y).for_each(|(&i, y)| x[i] = *y);
        f.iter().zip(&rest).for_each(|(&i, v)| x[i] = *v);
        let product =
            p.marginal(axis, &points).unwrap().log_prob_one(&y) + conditional.log_prob_one(&rest);
        close(p.log_prob_one(&x), product, 1e-11);
    }
}

#[test]
fn conditioning_what_is_singular() {
    // Rank 2 along axis 0: two points fix the third.
    let p = KroneckerNormal::new(vector(N, 1), singular_factors(), 0.0).unwrap();
    let x = p.sample(1, 6);
    let given: Vec<f64> = positions(0, &[2, 0]).into_iter().map(|i| x[(i, 0)]).collect();
    let rest = p.conditional(0, &[2, 0], &given).unwrap();
    assert_eq!(rest.rank(), 0);
    for (found, i) in rest.mean().iter().zip(positions(0, &[1])) {
        close(*found, x[(i, 0)], 1e-12);
    }
    let refused = p.conditional(0, &[2, 0], &vector(given.len(), 3)).unwrap_err().to_string();
    assert!(refused.contains("outside the support") && refused.contains("8 of 16"), "{refused}");
}

#[test]
fn wrong_slices_are_refused_with_a_reason() {
    let p = regular(1, 0.0);
    let of = |axis, points: &[usize], values: &[f64]| {
        p.conditional(axis, points, values).unwrap_err().to_string()
    };
    assert!(of(3, &[0], &[]).contains("no axis 3"));
    assert!(of(0, &[3], &[]).contains("no point 3"));
    assert!(of(0, &[1, 1], &[]).contains("listed twice"));
    assert!(of(0, &[], &[]).contains("no points"));
    assert!(of(0, &[0], &[1.0; 7]).contains("7 values"));
    assert!(of(2, &[0, 1], &[1.0; 24]).contains("nothing is left"));
    assert!(of(0, &[0], &[f64::NAN; 8]).contains("position 0 is NaN"));
    let noisy = regular(1, 0.1).conditional(0, &[0], &[0.0; 8]).unwrap_err().to_string();
    assert!(noisy.contains("sigma = 0.1") && noisy.contains("_with_noise"), "{noisy}");
    let exact = p.conditional_with_noise(0, &[0], &[0.0; 8]).unwrap_err().to_string();
    assert!(exact.contains("sigma = 0"), "{exact}");
    assert!(regular(1, 0.0).kl_divergence(&p.marginal(0, &[1]).unwrap()).is_err());
}

/// The dense conditional of x at `f` given `y` at `o`: mean and covariance.
fn schur(a: &Mat<f64>, mean: &[f64], o: &[usize], f: &[usize], y: &[f64]) -> (Mat<f64>, Mat<f64>) {
    let mut solved = pick(a, o, f);
    Cholesky::new(pick(a, o, o).as_ref()).unwrap().solve_in_place(solved.as_mut());
    let covariance = pick(a, f, f) - pick(a, f, o) * &solved;
    let shift = Mat::from_fn(o.len(), 1, |i, _| y[i] - mean[o[i]]);
    (Mat::from_fn(f.len(), 1, |i, _| mean[f[i]]) + solved.transpose() * shift, covariance)
}

#[test]
fn conditionals_with_noise_are_schur_complements() {
    let wide = (0..3).map(|a| forms(covariances(40)[a].as_ref()).swap_remove(3)).collect();
    let families = [regular(40, 0.0).factors().to_vec(), singular_factors(), wide];
    for (factors, sigma) in families.into_iter().flat_map(|f| [(f.clone(), 0.3), (f, 1e-3)]) {
        let p = KroneckerNormal::new(vector(N, 5), factors, sigma).unwrap();
        let a = dense(p.factors(), sigma);
        for (axis, points) in [(0, vec![2, 0]), (1, vec![3, 1]), (1, vec![0, 2, 3]), (2, vec![1])] {
            let free: Vec<usize> = (0..SIZES[axis]).filter(|i| !points.contains(i)).collect();
            let (o, f) = (positions(axis, &points), positions(axis, &free));
            let x = p.sample(1, 41);
            let y: Vec<f64> = o.iter().map(|&i| x[(i, 0)]).collect();
            let found = p.conditional_with_noise(axis, &points, &y).unwrap();
            assert_eq!(found.size(), f.len());
            assert_eq!(found.shape().iter().product::<usize>(), f.len());
            let (mean, covariance) = schur(&a, p.mean(), &o, &f, &y);
            // The dense reference inverts a matrix of condition 1/σ².
            let tolerance = 1e-14 / (sigma * sigma);
            for (i, variance) in found.variance().into_iter().enumerate() {
                close(found.mean()[i], mean[(i, 0)], tolerance);
                close(variance, covariance[(i, i)], tolerance);
            }
            let chol = Cholesky::new(covariance.as_ref()).unwrap();
            close(found.log_det(), chol.log_det(), 100.0 * tolerance);
            let constant = chol.log_det() + f.len() as f64 * TAU.ln();
            close(found.entropy(), 0.5 * (constant + f.len() as f64), 100.0 * tolerance);
            let values = Mat::from_fn(f.len(), 3, |i, b| mean[(i, 0)] + (i + b) as f64 * sigma);
            for (b, log_prob) in found.log_prob(values.as_ref()).into_iter().enumerate() {
                let mut z = Mat::from_fn(f.len(), 1, |i, _| values[(i, b)] - mean[(i, 0)]);
                chol.solve_l_in_place(z.as_mut());
                close(log_prob, -0.5 * (z.squared_norm_l2() + constant), 100.0 * tolerance);
            }
            let mut infinite = vec![0.0; f.len()];
            infinite[0] = f64::INFINITY;
            assert_eq!(found.log_prob_one(&infinite), f64::NEG_INFINITY);
        }
    }
}

#[test]
fn draws_given_noisy_values_have_their_moments() {
    const DRAWS: usize = 20_000;
    let p = regular(40, 0.5);
    let (o, f) = (positions(1, &[3, 1]), positions(1, &[0, 2]));
    let y = vector(o.len(), 6);
    let found = p.conditional_with_noise(1, &[3, 1], &y).unwrap();
    let (mean, covariance) = schur(&dense(p.factors(), 0.5), p.mean(), &o, &f, &y);
    let draws = found.sample(DRAWS, 3);
    assert_eq!(found.sample(2, 3), draws.subcols(0, 2));
    let centered = Mat::from_fn(f.len(), DRAWS, |i, j| draws[(i, j)] - mean[(i, 0)]);
    let moments = Scale(1.0 / DRAWS as f64) * (&centered * centered.transpose());
    for i in 0..f.len() {
        let average = centered.row(i).iter().sum::<f64>() / DRAWS as f64;
        assert!(average.abs() < 5.0 * (covariance[(i, i)] / DRAWS as f64).sqrt(), "mean {i}");
        for j in 0..f.len() {
            let one = covariance[(i, i)] * covariance[(j, j)] + covariance[(i, j)].powi(2);
            let error = (moments[(i, j)] - covariance[(i, j)]).abs();
            assert!(error < 5.0 * (one / DRAWS as f64).sqrt(), "({i}, {j})");
        }
    }
}

#[test]
fn a_large_grid_is_conditioned_in_structured_time() {
    // 50 · 40 · 50 points, half of them given: the dense covariance of those would take 20 GB.
    let factor = |n: usize| {
        let k = Mat::from_fn(n, n, |i, j| (-(i as f64 - j as f64).abs() / 5.0).exp());
        Factor::cholesky(Cholesky::new(k.as_ref()).unwrap().l().to_owned()).unwrap()
    };
    let factors = vec![factor(50), factor(40), factor(50)];
    let p = KroneckerNormal::new(vec![1.0; 100_000], factors, 0.1).unwrap();
    let points: Vec<usize> = (0..40).step_by(2).collect();
    let found = p.conditional_with_noise(1, &points, &vec![1.0; 50_000]).unwrap();
    // Values at their mean say nothing about the mean, and everything about the spread.
    assert!(found.mean().iter().all(|m| (m - 1.0).abs() < 1e-12));
    assert!(found.variance().iter().all(|v| *v > 0.01 && *v < 0.5));
    assert!(found.log_prob_one(found.mean()).is_finite());
}
