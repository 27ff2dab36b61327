//! Kernels around a circle, against the explicit sum over images.

use faer::Mat;
use gridgp_dense::symmetric_eigen;
use gridgp_grid::Points;

use super::circle::Wrapped;
use super::conformance::check_kernel;
use super::{
    Covariance, Kernel, KernelOptions, Matern12, Matern32, Matern52, Profile, RationalQuadratic,
    SquaredExponential,
};

const NAMES: [&str; 5] =
    ["squared_exponential", "matern12", "matern32", "matern52", "rational_quadratic"];

fn around(name: &str, circumference: f64) -> Kernel {
    let options = KernelOptions { circle: Some(circumference), ..KernelOptions::of(["x"]) };
    Kernel::from_name(name, &options).unwrap()
}

fn on_line(name: &str) -> Kernel {
    Kernel::from_name(name, &KernelOptions::of(["x"])).unwrap()
}

fn theta(kernel: &Kernel, lengthscale: f64, alpha: f64) -> Vec<f64> {
    [lengthscale, alpha][..kernel.parameter_count()].to_vec()
}

fn gram(kernel: &Kernel, x: &[f64], theta: &[f64]) -> Mat<f64> {
    let mut out = Mat::zeros(x.len(), x.len());
    kernel.gram(&Points::line(x), theta, out.as_mut());
    out
}

/// Σⱼ κ(u + jq) / Σⱼ κ(jq) over |j| ≤ `count`, smallest first; κ of [`Profile`], on the line.
fn explicit<P: Profile>(u: f64, q: f64, count: u32, shape: P::Shape) -> f64 {
    let sum = |u: f64| {
        let images = (1..=count).rev().flat_map(|j| {
            let there = f64::from(j) * q;
            [there - u, there + u]
        });
        images.chain([u]).map(|x| P::profile(x, shape).0).sum::<f64>()
    };
    sum(u) / sum(0.0)
}

/// Compares value and slope at lengthscale 1 on circles from very short to very long ones.
fn compare<P: Profile>(shape: P::Shape, count: u32, shortest: f64, tolerance: f64) {
    for q in [0.02, 0.1, 0.28, 0.31, 0.7, 1.0, 2.5, 3.0, 7.0, 20.0, 300.0] {
        if q < shortest {
            continue;
        }
        let wrapped = Wrapped::<P>::new(q, 1.0, shape);
        for share in [0.0, 1e-9, 0.07, 0.2, 0.37, 0.4999] {
            let u = share * q;
            let k = wrapped.at(u);
            let expected = explicit::<P>(u, q, count, shape);
            let name = P::INFO.name;
            assert!(
                (k.value - expected).abs() < tolerance,
                "{name} {q} {share}: {} {expected}",
                k.value
            );
            // The other way around, and after whole turns.
            let other = wrapped.at(q - u).value;
            let far = wrapped.at(u + 5.0 * q).value;
            // As far as q − u and u + 5 q are known.
            let known = 1e-15 * (10.0 + 2.0 * q);
            assert!((k.value - other).abs() < known, "{name} {q} {share}");
            assert!((k.value - far).abs() < known, "{name} {q} {share}");
            if share > 0.0 && share < 0.45 {
                let h = 1e-4 * u.min(1.0);
                let at = |steps: f64| wrapped.at(u + steps * h).value;
                let difference = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h);
                let error = (k.slope - difference).abs();
                assert!(error < 1e-8 + 1e-15 / h, "{name} {q} {share}: {} {difference}", k.slope);
            }
        }
    }
}

#[test]
fn the_sum_over_hundreds_of_images() {
    // e⁻¹⁵ at the last image on the shortest circle would show: 0.02 · 2500 = 50.
    compare::<Matern12>([], 2500, 0.0, 1e-14);
    compare::<Matern32>([], 2500, 0.0, 1e-14);
    compare::<Matern52>([], 2500, 0.0, 1e-14);
    compare::<SquaredExponential>([], 600, 0.0, 1e-14);
    for alpha in [9.0, 30.0, 1000.0] {
        compare::<RationalQuadratic>([alpha], 4000, 0.1, 1e-14);
    }
}

#[test]
fn heavy_tails_are_summed_to_the_end() {
    // What 20,000 images leave out is 2/(2α − 1) times the last term and their number.
    for alpha in [1.5, 2.0, 3.5] {
        compare::<RationalQuadratic>([alpha], 20_000, 0.0, 3e-9);
    }
    // α = 1 is a wrapped Cauchy density: with a = 2π√2/q, (cosh a − 1)/(cosh a − cos(2πu/q)).
    for q in [0.05, 0.2, 0.9, 4.0, 50.0, 3e4] {
        let a = std::f64::consts::TAU * 2f64.sqrt() / q;
        let wrapped = Wrapped::<RationalQuadratic>::new(q, 1.0, [1.0]);
        for share in [0.0, 1e-6, 0.1, 0.25, 0.5] {
            // cosh a − cos b = 2 sinh²(a/2) + 2 sin²(b/2), with nothing lost for small a.
            let sines = (std::f64::consts::PI * share).sin().powi(2);
            let expected = 1.0 / (1.0 + sines / (0.5 * a).sinh().powi(2));
            let found = wrapped.at(share * q).value;
            assert!((found - expected).abs() < 2e-15, "{q} {share}: {found} {expected}");
        }
    }
}

#[test]
fn rational_quadratic_by_its_fourier_series() {
    // From the other side: Σ cₖ cos(2πku/q) with Bessel functions K in 40 digits (mpmath). At u = 0.3 q
    // and lengthscale 1 the value, −∂/∂ℓ and ∂/∂α.
    for (alpha, q, expected) in [
        (0.501, 0.4, [0.9999999997557218, -3.961013482445703e-09, -2.4096936666757107e-07]),
        (0.501, 45.0, [0.9601212265153485, -0.04162641287014952, -38.37503840457686]),
        (0.75, 1.7, [0.9888776062382807, -0.05311689416961529, -0.02086471082943578]),
        (0.75, 45.0, [0.05131582285517349, -0.07486511734185546, -0.3094304416239175]),
        (1.3, 1.7, [0.9853876112189306, -0.0825577782312365, 0.00019612184995008427]),
        (1.3, 6.0, [0.4218621919633739, -0.6220554485088998, -0.19254751861206457]),
        (4.0, 1.7, [0.9901572297429996, -0.07786919518366449, 0.0012703187571029928]),
        (4.0, 45.0, [3.1306459265459425e-06, -2.399314512575611e-05, -6.9284431848230835e-06]),
        (9.7, 1.7, [0.9937774848992651, -0.06117973978211842, 0.0003113709915978809]),
        (60.0, 0.4, [1.0, 0.0, 0.0]),
        (60.0, 1.7, [0.9965737571319387, -0.0431542428454104, 9.871243853244132e-06]),
        (60.0, 6.0, [0.20246313043071168, -0.6419946181695416, -7.352223875737103e-05]),
    ] {
        let k = Wrapped::<RationalQuadratic>::new(q, 1.0, [alpha]).at(0.3 * q);
        // The sum itself is about 1/(2α − 1), and its logarithm has the square of that for a slope.
        let heavy = 1.0 + 1.0 / (2.0 * alpha - 1.0);
        let found = [(k.value, 1.0), (k.pull, 1.0), (k.shape[0], heavy)];
        for ((found, size), expected) in found.into_iter().zip(expected) {
            let error = (found - expected).abs();
            assert!(error < 2e-15 * size.max(expected.abs()), "{alpha} {q} {found} {expected}");
        }
    }
}

#[test]
fn the_cosine_hyperbolic_of_matern12() {
    for (r, p, l) in [(3.0, 24.0, 5.0), (11.0, 24.0, 0.7), (0.2, 1.0, 400.0)] {
        let found = gram(&around("matern12", p), &[0.0, r], &[l])[(0, 1)];
        let expected = f64::cosh((0.5 * p - r) / l) / f64::cosh(0.5 * p / l);
        assert!((found - expected).abs() < 1e-15);
    }
}

#[test]
fn conforms_for_short_and_long_lengthscales_on_all_kinds_of_points() {
    let even: Vec<f64> = (0..12).map(|i| 0.25 * f64::from(i)).collect();
    let whole_circle: Vec<f64> = (0..10).map(|i| -1.0 + 0.3 * f64::from(i)).collect();
    // More than a turn, with places that meet.
    let scattered = vec![0.0, 0.31, 1.13, 2.7, -0.4, 3.0, 5.7, 10.2];
    for x in [even, whole_circle, scattered] {
        for lengthscale in [0.05, 0.2, 0.7, 1.9, 4.2, 11.0, 300.0] {
            for name in NAMES {
                let kernel = around(name, 3.0);
                let alphas: &[f64] =
                    if kernel.parameter_count() > 1 { &[0.51, 0.9, 2.5, 40.0] } else { &[1.0] };
                for &alpha in alphas {
                    check_kernel(&kernel, &Points::line(&x), &theta(&kernel, lengthscale, alpha));
                }
            }
        }
    }
}

#[test]
fn the_gradient_is_continuous_where_the_way_of_summing_changes() {
    // Both ways of rational_quadratic, and of 32 images and none: little steps, no jump.
    for name in ["squared_exponential", "rational_quadratic"] {
        let kernel = around(name, 1.0);
        let points = Points::line(&[0.0, 0.13, 0.52]);
        let bar = Mat::from_fn(3, 3, |i, j| ((i + j) as f64).cos());
        for alpha in [0.55, 1.0, 7.0, 9.5, 26.0, 200.0] {
            let mut last: Option<(Mat<f64>, Vec<f64>)> = None;
            for step in 0..3000 {
                let lengthscale = 0.05 * f64::exp(0.002 * f64::from(step));
                let theta = theta(&kernel, lengthscale, alpha);
                let now = gram(&kernel, &[0.0, 0.13, 0.52], &theta);
                let mut gradient = vec![0.0; theta.len()];
                kernel.gram_vjp(&points, &theta, bar.as_ref(), &mut gradient);
                gradient[0] *= lengthscale;
                if let Some((before, slope)) = last {
                    assert!((&now - &before).norm_max() < 0.01, "{name} {alpha} {lengthscale}");
                    let jump = gradient.iter().zip(&slope).map(|(a, b)| (a - b).abs());
                    assert!(jump.fold(0.0, f64::max) < 0.02, "{name} {alpha} {lengthscale}");
                }
                last = Some((now, gradient));
            }
        }
    }
}

#[test]
fn positive_semidefinite_whatever_the_lengthscale() {
    let whole: Vec<f64> = (0..36).map(|i| 10.0 * f64::from(i)).collect();
    let scattered: Vec<f64> = (0..36).map(|i| 360.0 * f64::from(i * i % 97) / 97.0).collect();
    for x in [&whole, &scattered] {
        for name in NAMES {
            let kernel = around(name, 360.0);
            for lengthscale in [1e-3, 1.0, 30.0, 100.0, 360.0, 1e4, 1e8, 1e200] {
                let gram = gram(&kernel, x, &theta(&kernel, lengthscale, 0.8));
                let eigenvalues = symmetric_eigen(gram.as_ref()).unwrap().0;
                assert!(eigenvalues[0] > -2e-14, "{name} {lengthscale}: {}", eigenvalues[0]);
                if lengthscale >= 1e8 {
                    // A constant: one eigenvalue of n, up to what Matérn ½ leaves.
                    assert!((gram[(0, 18)] - 1.0).abs() < 1e-6, "{name} {lengthscale}");
                }
            }
        }
    }
    // The same on the line, cut open and closed by force, is not.
    let folded = Mat::from_fn(36, 36, |i, j| {
        let r = 10.0 * (i.abs_diff(j)).min(36 - i.abs_diff(j)) as f64;
        SquaredExponential::profile(r / 100.0, []).0
    });
    assert!(symmetric_eigen(folded.as_ref()).unwrap().0[0] < -0.1);
}

#[test]
fn on_a_long_circle_it_is_the_kernel_of_the_line() {
    let x = [0.0, 0.4, 1.1, 2.0, 5.0];
    for name in ["squared_exponential", "matern12", "matern32", "matern52"] {
        let (circle, line) = (around(name, 1000.0), on_line(name));
        let difference = gram(&circle, &x, &[0.9]) - gram(&line, &x, &[0.9]);
        assert!(difference.norm_max() < 1e-15, "{name}");
        let bar = Mat::from_fn(5, 5, |i, j| ((i + j) as f64).sin());
        let (mut a, mut b) = ([0.0], [0.0]);
        circle.gram_vjp(&Points::line(&x), &[0.9], bar.as_ref(), &mut a);
        line.gram_vjp(&Points::line(&x), &[0.9], bar.as_ref(), &mut b);
        assert!((a[0] - b[0]).abs() < 1e-14, "{name} {a:?} {b:?}");
    }
    // A heavy tail comes around even so: (q/√2α)^−2α.
    let difference = gram(&around("rational_quadratic", 1e6), &x, &[0.9, 1.5])
        - gram(&on_line("rational_quadratic"), &x, &[0.9, 1.5]);
    assert!(difference.norm_max() < 1e-15);
}

#[test]
fn an_alpha_without_a_sum_is_nan_and_not_admitted() {
    let kernel = around("rational_quadratic", 3.0);
    let role = kernel.parameters()[1].role;
    assert!(!role.admits(0.5) && role.admits(0.5000001));
    for alpha in [0.5, 0.2, f64::NAN] {
        assert!(gram(&kernel, &[0.0, 1.0, 2.5], &[1.0, alpha])[(0, 1)].is_nan());
    }
    // Towards ½ the images outweigh all: everything is related.
    assert!(gram(&kernel, &[0.0, 1.5], &[0.1, 0.5 + 1e-12])[(0, 1)] > 1.0 - 1e-9);
    for name in NAMES {
        let kernel = around(name, 3.0);
        for lengthscale in [f64::NAN, 0.0] {
            let theta = theta(&kernel, lengthscale, 1.3);
            for x in [[0.0, 1.0, 2.0], [0.0, 1.0, 2.5]] {
                let k = gram(&kernel, &x, &theta);
                assert!(k[(0, 0)].is_nan() && k[(0, 1)].is_nan(), "{name} {lengthscale}");
            }
        }
    }
}

#[test]
fn ten_west_is_350_east() {
    for name in NAMES {
        let kernel = around(name, 360.0);
        let theta = theta(&kernel, 40.0, 1.3);
        let x = Points::line(&[0.0, 100.0, 200.0]);
        let (mut west, mut east) = (Mat::zeros(3, 1), Mat::zeros(3, 1));
        kernel.cross(&x, &Points::line(&[-10.0]), &theta, west.as_mut());
        kernel.cross(&x, &Points::line(&[350.0]), &theta, east.as_mut());
        assert_eq!(west, east);
    }
}
