//! The pullback, against finite differences.

use super::*;

/// Fourth-order difference of f along one direction.
fn slope(f: impl Fn(f64) -> f64) -> f64 {
    let h = 1e-3;
    (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
}

fn check(factors: &[Factor], sigma: f64, x: &Mat<f64>, mean: &[f64], free: bool) {
    let weights = [0.7, -0.4, 1.3];
    let total = |mean: &[f64], factors: Vec<Factor>, sigma: f64, x: &Mat<f64>| -> f64 {
        let normal = KroneckerNormal::new(mean.to_vec(), factors, sigma).unwrap();
        normal.log_prob(x.as_ref()).iter().zip(&weights).map(|(l, w)| l * w).sum()
    };
    let normal = KroneckerNormal::new(mean.to_vec(), factors.to_vec(), sigma).unwrap();
    let gradient = normal.log_prob_vjp(x.as_ref(), &weights);

    if free {
        for (i, b) in [(0, 0), (5, 1), (23, 2)] {
            let difference = slope(|h| {
                let mut x = x.clone();
                x[(i, b)] += h;
                total(mean, factors.to_vec(), sigma, &x)
            });
            close(gradient.value[(i, b)], difference, 1e-8);
        }
        for i in [0, 7, 23] {
            let difference = slope(|h| {
                let mut mean = mean.to_vec();
                mean[i] += h;
                total(&mean, factors.to_vec(), sigma, x)
            });
            close(gradient.mean[i], difference, 1e-8);
        }
    }
    if sigma > 0.0 {
        let difference = slope(|h| total(mean, factors.to_vec(), sigma + 0.1 * h, x)) / 0.1;
        close(gradient.sigma, difference, 1e-7);
    } else {
        assert_eq!(gradient.sigma, 0.0);
    }
    for axis in 0..3 {
        let root = factors[axis].root_matrix();
        let bar = factors[axis].root_bar(gradient.factors[axis].as_ref());
        // Within the support, a root can only be mixed: R + h R M.
        let mix = normal_matrix(root.ncols());
        let direction = if free { normal_of(root.nrows(), root.ncols()) } else { root * &mix };
        let expected = slope(|h| {
            let mut moved = factors.to_vec();
            moved[axis] = Factor::root(root + Scale(0.1 * h) * &direction).unwrap();
            total(mean, moved, sigma, x)
        }) / 0.1;
        let found: f64 = (0..root.ncols()).map(|j| bar.col(j).transpose() * direction.col(j)).sum();
        close(found, expected, 1e-7);
        let symmetric = &gradient.factors[axis];
        close_mats(symmetric.as_ref(), symmetric.transpose(), 1e-12);
    }
}

fn normal_of(rows: usize, columns: usize) -> Mat<f64> {
    normal(rows, columns, 31)
}

fn normal_matrix(n: usize) -> Mat<f64> {
    normal_of(n, n)
}

#[test]
fn of_regular_factors_in_every_form() {
    let k = covariances(11);
    let (mean, x) = (vector(N, 12), normal_of(N, 3));
    for form in 0..4 {
        let factors: Vec<Factor> = k.iter().map(|k| forms(k.as_ref()).swap_remove(form)).collect();
        for sigma in [0.0, 0.4] {
            check(&factors, sigma, &x, &mean, true);
        }
    }
}

#[test]
fn of_singular_factors_with_noise() {
    check(&singular_factors(), 0.4, &normal_of(N, 3), &vector(N, 12), true);
}

#[test]
fn of_singular_factors_within_their_support() {
    let factors = singular_factors();
    let mean = vector(N, 12);
    let draws = KroneckerNormal::new(mean.clone(), factors.clone(), 0.0).unwrap().sample(3, 4);
    check(&factors, 0.0, &draws, &mean, false);
    // Along the support the value's gradient is that of the density there.
    let normal = KroneckerNormal::new(mean.clone(), factors.clone(), 0.0).unwrap();
    let gradient = normal.log_prob_vjp(draws.subcols(0, 1), &[1.0]);
    let along = KroneckerNormal::new(vec![0.0; N], factors, 0.0).unwrap().sample(1, 77);
    let found = gradient.value.col(0).transpose() * along.col(0);
    let expected = slope(|h| {
        let moved: Vec<f64> = (0..N).map(|i| draws[(i, 0)] + h * along[(i, 0)]).collect();
        normal.log_prob_one(&moved)
    });
    close(found, expected, 1e-8);
}

#[test]
fn repeated_eigenvalues_do_no_harm() {
    let factors: Vec<Factor> = SIZES
        .iter()
        .map(|&n| Factor::covariance(Mat::<f64>::identity(n, n).as_ref()).unwrap())
        .collect();
    check(&factors, 0.4, &normal_of(N, 3), &vector(N, 12), true);
}

#[test]
fn what_lies_off_the_support_contributes_nothing() {
    let factors = singular_factors();
    let normal = KroneckerNormal::new(vec![0.0; N], factors, 0.0).unwrap();
    let gradient = normal.log_prob_vjp(normal_of(N, 3).as_ref(), &[1.0, 2.0, 3.0]);
    assert_eq!(gradient.value.norm_max(), 0.0);
    assert!(gradient.mean.iter().all(|m| *m == 0.0));
    assert!(gradient.factors.iter().all(|k| k.norm_max() == 0.0));
}

#[test]
fn little_noise_leaves_the_gradient_along_the_support() {
    // A residue of 1e-16 inside of the span, divided by σ² = 1e-12, would show.
    let factors = singular_factors();
    let exact = KroneckerNormal::new(vec![0.0; N], factors.clone(), 0.0).unwrap();
    let noisy = KroneckerNormal::new(vec![0.0; N], factors.clone(), 1e-6).unwrap();
    let q =
        factors.iter().fold(Mat::full(1, 1, 1.0), |q, f| dense_kronecker(q.as_ref(), f.basis()));
    let x = exact.sample(1, 3);
    let aside = normal_of(N, 1);
    let aside = Scale(1e-6) * (&aside - &q * (q.transpose() * &aside));
    let moved = noisy.log_prob_vjp((&x + aside).as_ref(), &[1.0]).value;
    let expected = exact.log_prob_vjp(x.as_ref(), &[1.0]).value;
    close_mats((q.transpose() * moved).as_ref(), (q.transpose() * expected).as_ref(), 1e-8);
}
