//! Random functions and what conditioning makes of them.

use faer::{Mat, Scale};
use gridgp_grid::Points;
use gridgp_kernel::{Constant, Covariance, Kernel, KernelOptions};
use gridgp_linalg::Cholesky;

use super::*;

fn build(name: &str, degree: Option<usize>) -> Kernel {
    Kernel::from_name(name, &KernelOptions { degree, ..KernelOptions::of(["x"]) }).unwrap()
}

fn polynomials(degree: usize, c: f64) -> FiniteRank {
    FiniteRank::new(build("polynomial", Some(degree)), &[c]).unwrap()
}

/// Uneven points between -1 and 2.
fn points(n: usize) -> Points {
    let x = |i: usize| -1.0 + 3.0 * ((i as f64 + 0.5) / n as f64).powf(1.2);
    Points::line(&(0..n).map(x).collect::<Vec<f64>>())
}

fn choose(d: usize, m: usize) -> f64 {
    (0..m).map(|i| (d - i) as f64 / (i + 1) as f64).product()
}

#[test]
fn rank_is_the_smaller_of_points_and_coefficients() {
    for degree in 0..=6 {
        for c in [0.1, 1.0, 10.0] {
            let process = polynomials(degree, c);
            for n in [1, 2, 3, 5, 6, 7, 8, 30, 1000] {
                assert_eq!(
                    process.rank(&points(n)).unwrap(),
                    n.min(degree + 1),
                    "{degree} {n} {c}"
                );
            }
            // Far apart, where powers differ by six orders of magnitude.
            let wide = Points::line(&(0..1000).map(|i| i as f64 / 50.0).collect::<Vec<_>>());
            assert_eq!(process.rank(&wide).unwrap(), degree + 1);
        }
    }
    // Repeated points add nothing; without the offset only one monomial is left.
    assert_eq!(polynomials(3, 1.0).rank(&Points::line(&[1.0, 2.0, 1.0])).unwrap(), 2);
    assert_eq!(polynomials(3, 0.0).rank(&points(10)).unwrap(), 1);
}

#[test]
fn coefficients_of_draws_have_binomial_variances() {
    const DRAWS: u64 = 20_000;
    for (degree, c) in [(3, 0.5), (4, 2.0)] {
        let process = polynomials(degree, c);
        let declared = process.monomials().unwrap();
        let mut squares = vec![0.0; degree + 1];
        for draw in 0..DRAWS {
            let monomials = process.draw(5, draw).monomials().unwrap();
            for (m, (powers, a)) in monomials.into_iter().enumerate() {
                assert_eq!(powers, [m as u32]);
                squares[m] += a * a / DRAWS as f64;
            }
        }
        for m in 0..=degree {
            let variance = choose(degree, m) * c.powi((degree - m) as i32);
            assert!((declared[m].sd.powi(2) / variance - 1.0).abs() < 1e-12);
            assert_eq!(declared[m].mean, 0.0);
            let error = 5.0 * (2.0 / DRAWS as f64).sqrt();
            assert!((squares[m] / variance - 1.0).abs() < error, "x^{m}: {}", squares[m]);
        }
    }
}

#[test]
fn draws_have_the_covariance_of_the_kernel() {
    let process = polynomials(2, 0.7);
    let x = points(4);
    let root = process.root_at(&x);
    let mut gram = Mat::zeros(4, 4);
    process.kernel.gram(&x, &[0.7], gram.as_mut());
    assert!((&root * root.transpose() - &gram).norm_max() < 1e-13);
    let mut covariance = Mat::<f64>::zeros(4, 4);
    for draw in 0..20_000 {
        let f = process.draw(1, draw).at(&x);
        for j in 0..4 {
            (0..4).for_each(|i| covariance[(i, j)] += f[i] * f[j] / 20_000.0);
        }
    }
    for j in 0..4 {
        for i in 0..4 {
            let sd = ((gram[(i, i)] * gram[(j, j)] + gram[(i, j)].powi(2)) / 20_000.0).sqrt();
            assert!((covariance[(i, j)] - gram[(i, j)]).abs() < 5.0 * sd);
        }
    }
}

#[test]
fn sums_products_and_scaled_kernels_are_read_in_monomials() {
    // (3 (x − 1) x² + 1) has its monomials; a draw equals its polynomial everywhere.
    let line = build("linear", None);
    let kernel = (line * build("polynomial", Some(2))).scaled() + Kernel::Constant(Constant);
    let process = FiniteRank::new(kernel, &[3.0, 1.0, 0.5]).unwrap();
    assert_eq!(process.feature_count(), 4);
    let (x, draw) = (points(9), process.draw(3, 2));
    let monomials = draw.monomials().unwrap();
    let powers: Vec<u32> = monomials.iter().map(|(p, _)| p[0]).collect();
    assert_eq!(powers, [0, 1, 2, 3]);
    for (i, f) in draw.at(&x).into_iter().enumerate() {
        let value: f64 = monomials.iter().map(|(p, a)| a * x.row(i)[0].powi(p[0] as i32)).sum();
        assert!((f - value).abs() < 1e-12 * (1.0 + f.abs()));
    }
    // Two coordinates, of which the second is used.
    let options =
        KernelOptions { columns: Some(vec![1]), degree: Some(2), ..KernelOptions::of(["a", "b"]) };
    let process =
        FiniteRank::new(Kernel::from_name("polynomial", &options).unwrap(), &[1.0]).unwrap();
    let monomials = process.monomials().unwrap();
    assert_eq!(monomials[2].powers, [0, 2]);
    let wave = FiniteRank::new(build("cosine", None), &[2.0]).unwrap();
    assert!(wave.monomials().is_none() && wave.draw(1, 1).monomials().is_none());
    assert_eq!(wave.rank(&points(10)).unwrap(), 2);
}

#[test]
fn monomials_have_coefficients_of_any_standard_deviation() {
    let term = |degree| build("monomial", Some(degree)).scaled();
    let process = FiniteRank::new(term(0) + term(1) + term(4), &[3.0, 0.5, 2.0]).unwrap();
    assert_eq!(process.feature_count(), 3);
    let monomials = process.monomials().unwrap();
    let known: Vec<(u32, f64)> = monomials.iter().map(|m| (m.powers[0], m.sd)).collect();
    assert_eq!(known, [(0, 3.0), (1, 0.5), (4, 2.0)]);
    assert_eq!(process.rank(&points(9)).unwrap(), 3);
    // (x y)^2 of two coordinates, of which the second and third are seen.
    let columns = Some(vec![1, 2]);
    let options = KernelOptions { columns, degree: Some(2), ..KernelOptions::of(["a", "b", "c"]) };
    let process = FiniteRank::new(Kernel::from_name("monomial", &options).unwrap(), &[]).unwrap();
    let monomials = process.monomials().unwrap();
    let known: Vec<(Vec<u32>, f64)> =
        monomials.into_iter().map(|m| (m.powers, m.sd.powi(2).round())).collect();
    assert_eq!(known, [(vec![0, 0, 2], 1.0), (vec![0, 1, 1], 2.0), (vec![0, 2, 0], 1.0)]);
}

#[test]
fn outputs_that_are_related_are_functions_too() {
    // Straight lines of two outputs, of which the second is -2 times the first.
    let labels = vec![vec![], vec!["a".to_string(), "b".to_string()]];
    let base = KernelOptions { labels, ..KernelOptions::of(["x", "output"]) };
    let outputs = KernelOptions { columns: Some(vec![1]), rank: Some(1), ..base.clone() };
    let line = KernelOptions { columns: Some(vec![0]), degree: Some(1), ..base };
    let kernel = Kernel::from_name("polynomial", &line).unwrap()
        * Kernel::from_name("coregionalization", &outputs).unwrap();
    let process = FiniteRank::new(kernel, &[1.0, 1.0, -2.0, 0.0, 0.0]).unwrap();
    let both =
        |x: &[f64], output: f64| Points::new(x.iter().flat_map(|&x| [x, output]).collect(), 2);
    let x = [0.0, 1.0, 3.0];
    assert_eq!(process.rank(&both(&x, 0.0).concat(&both(&x, 1.0))).unwrap(), 2);
    let draw = process.draw(3, 1);
    for (a, b) in draw.at(&both(&x, 0.0)).into_iter().zip(draw.at(&both(&x, 1.0))) {
        assert!((b + 2.0 * a).abs() < 1e-14);
    }
    // Two values of the one output fix the other.
    let known = process.condition(&both(&x[..2], 0.0), &[1.0, 2.0], 0.0).unwrap().process;
    for (found, expected) in known.mean_at(&both(&x, 1.0)).into_iter().zip([-2.0, -4.0, -8.0]) {
        assert!((found - expected).abs() < 1e-13);
    }
    assert!(known.sd_at(&both(&x, 1.0)).iter().all(|sd| *sd < 1e-13));
}

#[test]
fn points_up_to_the_rank_are_interpolated_exactly() {
    for degree in 0..=6 {
        let process = polynomials(degree, 1.0);
        for n in 1..=degree + 1 {
            let x = points(n);
            let y: Vec<f64> = (0..n).map(|i| ((i * 7 + 3) % 5) as f64 - 2.0).collect();
            let known = process.condition(&x, &y, 0.0).unwrap();
            assert_eq!(known.rank, n);
            assert_eq!(known.process.coefficient_root().ncols(), degree + 1 - n);
            for (found, y) in known.process.mean_at(&x).into_iter().zip(&y) {
                assert!((found - y).abs() < 1e-11, "{degree} {n}: {found} is not {y}");
            }
            assert!(known.process.sd_at(&x).iter().all(|sd| *sd < 1e-12));
            // Elsewhere it is uncertain, unless every coefficient is known.
            let sd = known.process.sd_at(&Points::line(&[3.0]))[0];
            assert_eq!(sd > 1e-3, n <= degree, "{degree} {n}: {sd}");
            let draw = known.process.draw(1, 1).at(&x);
            assert!(draw.iter().zip(&y).all(|(f, y)| (f - y).abs() < 1e-11));
        }
    }
}

#[test]
fn conditioning_agrees_with_the_dense_formulas() {
    for (degree, n, sigma) in [(3, 3, 0.0), (5, 2, 0.0), (3, 12, 0.2), (4, 2, 0.5)] {
        let process = polynomials(degree, 0.8);
        let (x, new) = (points(n), Points::line(&[-0.7, 0.33, 2.5]));
        let y: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let mut k = Mat::zeros(n, n);
        process.kernel.gram(&x, &[0.8], k.as_mut());
        let k = k + Scale(sigma * sigma) * Mat::<f64>::identity(n, n);
        let mut cross = Mat::zeros(n, 3);
        process.kernel.cross(&x, &new, &[0.8], cross.as_mut());
        let mut prior = vec![0.0; 3];
        process.kernel.diagonal(&new, &[0.8], &mut prior);
        let mut half = cross.clone();
        let chol = Cholesky::new(k.as_ref()).unwrap();
        chol.solve_l_in_place(half.as_mut());
        let mut z = Mat::from_fn(n, 1, |i, _| y[i]);
        chol.solve_l_in_place(z.as_mut());
        let mean = half.transpose() * &z;
        let known = process.condition(&x, &y, sigma).unwrap().process;
        let (found, sd) = (known.mean_at(&new), known.sd_at(&new));
        for j in 0..3 {
            assert!((found[j] - mean[(j, 0)]).abs() < 1e-9 * (1.0 + mean.norm_max()));
            let variance = prior[j] - half.col(j).squared_norm_l2();
            assert!((sd[j].powi(2) - variance).abs() < 1e-9 * prior[j]);
        }
        let expected =
            -0.5 * (z.squared_norm_l2() + chol.log_det() + n as f64 * std::f64::consts::TAU.ln());
        let log_prob = process.log_prob(&x, &y, sigma).unwrap();
        assert!((log_prob - expected).abs() < 1e-9 * expected.abs());
    }
}

#[test]
fn data_may_come_in_portions() {
    let process = polynomials(4, 1.0);
    let (x, y) = (points(5), [1.0, -0.5, 0.3, 2.0, 0.1]);
    let part = |range: std::ops::Range<usize>| {
        Points::line(&range.map(|i| x.row(i)[0]).collect::<Vec<f64>>())
    };
    for sigma in [0.0, 0.3] {
        let once = process.condition(&x, &y, sigma).unwrap().process;
        let first = process.condition(&part(0..2), &y[..2], sigma).unwrap().process;
        let twice = first.condition(&part(2..5), &y[2..], sigma).unwrap().process;
        for (a, b) in once.coefficient_mean().iter().zip(twice.coefficient_mean()) {
            assert!((a - b).abs() < 1e-10);
        }
        let covariance = |p: &FiniteRank| p.coefficient_root() * p.coefficient_root().transpose();
        assert!((covariance(&once) - covariance(&twice)).norm_max() < 1e-12);
    }
    // What is known already can be said again, but not otherwise.
    let known = process.condition(&part(0..2), &y[..2], 0.0).unwrap().process;
    let again = known.condition(&part(0..2), &y[..2], 0.0).unwrap();
    assert_eq!(again.rank, 0);
    assert!(known.condition(&part(0..1), &[1.01], 0.0).is_err());
}

#[test]
fn what_cannot_be_reached_is_refused_and_fits_with_noise() {
    for (degree, n) in [(0, 2), (2, 4), (3, 40), (6, 1000)] {
        let process = polynomials(degree, 1.0);
        let x = points(n);
        let y: Vec<f64> = (0..n).map(|i| (5.0 * i as f64).sin()).collect();
        let message = process.condition(&x, &y, 0.0).unwrap_err().to_string();
        let freedom = format!("only {} degrees of freedom", degree + 1);
        assert!(message.contains(&freedom) && message.contains("noise"), "{message}");
        assert_eq!(process.log_prob(&x, &y, 0.0).unwrap(), f64::NEG_INFINITY);
        let fitted = process.condition(&x, &y, 0.5).unwrap();
        assert_eq!(fitted.rank, degree + 1);
        assert!(fitted.process.sd_at(&x).iter().all(|sd| *sd > 0.0 && *sd < 0.5));
        assert!(process.log_prob(&x, &y, 0.5).unwrap().is_finite());
        // Values of a polynomial are reached however many there are.
        let y = process.draw(4, 4).at(&x);
        let known = process.condition(&x, &y, 0.0).unwrap().process;
        let size = y.iter().fold(1.0_f64, |m, y| m.max(y.abs()));
        let error = |(f, y): (f64, &f64)| (f - y).abs() < 1e-11 * size;
        assert!(known.mean_at(&x).into_iter().zip(&y).all(error));
        assert!(process.log_prob(&x, &y, 0.0).unwrap().is_finite());
    }
}

#[test]
fn without_offset_the_origin_is_fixed() {
    let process = polynomials(2, 0.0);
    let x = Points::line(&[0.0, 1.0, 2.0]);
    assert!(process.condition(&x, &[0.0, 1.5, 6.0], 0.0).is_ok());
    for wrong in [[0.1, 1.5, 6.0], [1e-9, 1.5, 6.0], [0.0, 1.5, 6.0 + 1e-9]] {
        assert!(process.condition(&x, &wrong, 0.0).is_err());
    }
}

#[test]
fn bad_input_is_refused_with_a_reason() {
    let message = |kernel, theta: &[f64]| FiniteRank::new(kernel, theta).unwrap_err().to_string();
    assert!(message(build("matern32", None), &[1.0]).contains("no features"));
    assert!(message(build("polynomial", Some(2)), &[]).contains("offset"));
    assert!(message(build("polynomial", Some(2)), &[-1.0]).contains("offset cannot be -1"));
    let process = polynomials(2, 1.0);
    let of = |x: &[f64], y: &[f64], noise| {
        process.condition(&Points::line(x), y, noise).unwrap_err().to_string()
    };
    assert!(of(&[1.0], &[1.0, 2.0], 0.0).contains("1 points have 2 values"));
    assert!(of(&[1.0, 2.0], &[1.0, f64::NAN], 0.0).contains("point 1 is NaN"));
    assert!(of(&[f64::NAN], &[1.0], 0.0).contains("point 0"));
    assert!(of(&[1.0], &[1.0], -0.1).contains("-0.1"));
}
