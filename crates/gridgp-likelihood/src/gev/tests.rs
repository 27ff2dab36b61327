use super::*;

/// The derivative with respect to the shape at 0 is z²/2 − z − (z²/2)e⁻ᶻ, and the law is Gumbel's.
#[test]
fn is_gumbel_at_shape_0() {
    for z in [-2.0f64, -0.3, 0.0, 1.0, 8.0] {
        let mut gradient = [0.0; 3];
        let value = Gev.log_prob_gradient(2.0 * z + 1.0, &[1.0, 2.0, 0.0], &mut gradient);
        let tail = (-z).exp();
        approx::assert_relative_eq!(value, -z - tail - 2f64.ln(), max_relative = 1e-14);
        let shape = 0.5 * z * z * (1.0 - tail) - z;
        approx::assert_relative_eq!(gradient[2], shape, max_relative = 1e-14);
    }
}

#[test]
fn the_shape_passes_smoothly_through_0() {
    for z in [-1.5, 0.7, 6.0] {
        let at = |shape: f64| {
            let mut gradient = [0.0; 3];
            let value = Gev.log_prob_gradient(z, &[0.0, 1.0, shape], &mut gradient);
            [value, gradient[0], gradient[1], gradient[2]]
        };
        let center = at(0.0);
        for shape in [-1e-6, -1e-9, -1e-12, 1e-12, 1e-9, 1e-6] {
            for (a, b) in at(shape).iter().zip(center) {
                let slack = 200.0 * f64::abs(shape) * (1.0 + b.abs()) + 1e-14;
                assert!((a - b).abs() <= slack, "{z} {shape}: {a} {b}");
            }
        }
    }
}

#[test]
fn edges_of_the_support() {
    // The end is at 10 exactly.
    let p = [0.0, 1.0, -0.1];
    assert_eq!(Gev.quantile(1.0, &p), 10.0);
    assert_eq!(Gev.quantile(0.0, &p), f64::NEG_INFINITY);
    assert_eq!((Gev.cdf(10.0, &p), Gev.cdf(11.0, &p)), (1.0, 1.0));
    assert_eq!(Gev.log_prob(10.0, &p), f64::NEG_INFINITY);
    assert!(Gev.log_prob(10f64.next_down(), &p).is_finite());
    let p = [0.0, 1.0, 0.1];
    assert_eq!(Gev.quantile(0.0, &p), -10.0);
    assert_eq!(Gev.quantile(1.0, &p), f64::INFINITY);
    assert_eq!((Gev.cdf(-10.0, &p), Gev.cdf(-11.0, &p)), (0.0, 0.0));
    // Inside, but exp(−u) is beyond f64: impossible, not NaN.
    assert_eq!(Gev.log_prob((-100f64).next_up(), &[0.0, 1.0, 0.01]), f64::NEG_INFINITY);
}
