//! Quantiles of draws.

/// The quantile at `p` in [0, 1], with linear interpolation (R's type 7, NumPy's default).
///
/// With n values in order, x₀ … xₙ₋₁, it is the value at the position (n − 1) p. NaN if there is no
/// value or a NaN among them, or for another `p`.
///
/// ```
/// assert_eq!(gridgp_diagnostics::quantile(&[4.0, 1.0, 2.0], 0.75), 3.0);
/// ```
pub fn quantile(values: &[f64], p: f64) -> f64 {
    match in_order(values) {
        Some(sorted) => quantile_of_sorted(&sorted, p),
        None => f64::NAN,
    }
}

/// As [`quantile`], of values that are in ascending order already.
pub fn quantile_of_sorted(sorted: &[f64], p: f64) -> f64 {
    if sorted.is_empty() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let position = (sorted.len() - 1) as f64 * p;
    let (below, part) = (position as usize, position.fract());
    let (a, b) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    // From the nearer end, so that the quantile grows with p and meets both ends.
    if a == b || part == 0.0 {
        a
    } else if part < 0.5 {
        a + (b - a) * part
    } else {
        b - (b - a) * (1.0 - part)
    }
}

/// The values in ascending order, unless there is a NaN among them.
pub(super) fn in_order(values: &[f64]) -> Option<Vec<f64>> {
    if values.iter().any(|x| x.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_between_values() {
        let x = [3.0, 1.0, 10.0, 2.0];
        for (p, q) in [(0.0, 1.0), (0.1, 1.3), (0.5, 2.5), (0.9, 7.9), (1.0, 10.0)] {
            approx::assert_relative_eq!(quantile(&x, p), q, max_relative = 1e-15);
        }
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
        assert_eq!(quantile(&[1.0, f64::INFINITY, f64::INFINITY], 0.75), f64::INFINITY);
    }

    #[test]
    fn nothing_to_say() {
        assert!(quantile(&[], 0.5).is_nan());
        assert!(quantile(&[1.0, f64::NAN], 0.5).is_nan());
        assert!(quantile(&[1.0], 1.1).is_nan() && quantile(&[1.0], f64::NAN).is_nan());
    }
}
