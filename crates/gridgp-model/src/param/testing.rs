//! Conformance of a [`Transform`].

use super::Transform;

/// Checks that the methods of a transform agree with each other.
///
/// For x from −700 to 700: θ is finite, in the domain and increasing, and the derivatives are
/// finite. Where θ resolves x: the inverse returns it. Near 0: the derivatives are those of finite
/// differences; log dθ/dx is the logarithm of dθ/dx.
///
/// # Panics
/// Where a check fails; the message names the transform, the point and both numbers.
pub fn check_transform(transform: &Transform) {
    assert_eq!(Transform::for_domain(transform.domain()).domain(), transform.domain());
    let close = |what: &str, x: f64, found: f64, expected: f64, slack: f64| {
        assert!(
            (found - expected).abs() <= slack,
            "{transform:?}: {what} at x = {x} is {found:e}, expected {expected:e} up to {slack:e}"
        );
    };

    let mut last = f64::NEG_INFINITY;
    for i in -1400..=1400 {
        let x = 0.5 * f64::from(i);
        let theta = transform.forward(x);
        assert!(
            transform.domain().contains(theta) && theta >= last,
            "{transform:?}: θ({x}) = {theta} after {last}"
        );
        last = theta;
        let derivative = transform.derivative(x);
        assert!(derivative.is_finite() && derivative > 0.0, "{transform:?}: dθ/dx at {x}");
        assert!(transform.log_jacobian_derivative(x).is_finite(), "{transform:?}: at {x}");
        let log_jacobian = transform.log_jacobian(x);
        close("log_jacobian", x, log_jacobian, derivative.ln(), 1e-13 * (1.0 + x.abs()));

        // x moves by this much when θ, or the end of the domain beside it, is rounded.
        let ends = [transform.domain().lower(), transform.domain().upper()];
        let size =
            ends.iter().filter(|end| end.is_finite()).fold(theta.abs(), |a, b| a.max(b.abs()));
        let rounding = 4.0 * f64::EPSILON * size / derivative + 1e-15 * x.abs();
        if rounding < 1e-3 {
            close("inverse", x, transform.inverse(theta), x, rounding);
        }
    }

    for i in -40..=40 {
        let x = 0.2 * f64::from(i);
        let slope = difference(|x| transform.forward(x), x);
        let rounding = 1e-13 * transform.forward(x).abs() / STEP;
        let derivative = transform.derivative(x);
        close("derivative", x, derivative, slope, 1e-9 * derivative + rounding);
        let slope = difference(|x| transform.log_jacobian(x), x);
        close("log_jacobian_derivative", x, transform.log_jacobian_derivative(x), slope, 1e-9);
    }
}

const STEP: f64 = 0.01;

/// Central difference of sixth order.
fn difference(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let pair = |k: f64| f(x + k * STEP) - f(x - k * STEP);
    (45.0 * pair(1.0) - 9.0 * pair(2.0) + pair(3.0)) / (60.0 * STEP)
}
