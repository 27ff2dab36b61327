//! Evenly spaced points on a line: a stationary Gram matrix has n different entries, not n².

use faer::{MatMut, MatRef};
use gridgp_grid::Points;

/// The distances |xᵢ − x₀|, if the points are on a line and evenly spaced as far as they are known.
///
/// No point may be off its place by more than 1e-11 of the largest coordinate, as coordinates are
/// that were written with twelve significant digits: even ones are as true to what was written. Nor by
/// more than 1e-8 of the spacing, which matters far from 0: coordinates such as 10¹⁶ + 0, 2, 4, 8 are
/// all within the first. Hours since 1900, counted in days, are rounded to 2e-10 of their spacing.
pub(super) fn even_distances(x: &Points) -> Option<Vec<f64>> {
    let n = x.len();
    if x.dims() != 1 || n < 2 {
        return None;
    }
    let first = x.row(0)[0];
    let step = (x.row(n - 1)[0] - first) / (n - 1) as f64;
    let largest = x.column(0).fold(0.0, |m: f64, v| m.max(v.abs()));
    let tolerance = (1e-11 * largest).min(1e-8 * step.abs());
    let even =
        x.column(0).enumerate().all(|(i, v)| (v - (first + i as f64 * step)).abs() <= tolerance);
    (even && step != 0.0).then(|| (0..n).map(|i| i as f64 * step.abs()).collect())
}

/// Writes the symmetric Toeplitz matrix with this first column.
pub(super) fn fill_toeplitz(out: MatMut<'_, f64>, first_column: &[f64]) {
    let n = first_column.len();
    // Every column is a window of the diagonals' values, from the upper right to the lower left.
    let mut diagonals = [&first_column[1..], first_column].concat();
    diagonals[..n - 1].reverse();
    for (j, column) in out.col_iter_mut().enumerate() {
        let window = &diagonals[n - 1 - j..];
        column.iter_mut().zip(window).for_each(|(slot, &k)| *slot = k);
    }
}

/// The sum of a symmetric matrix along each pair of diagonals; entry 0 is the trace.
pub(super) fn diagonal_sums(bar: MatRef<'_, f64>) -> Vec<f64> {
    let n = bar.ncols();
    let mut sums = vec![0.0; n];
    for j in 0..n {
        let column = bar.col(j).subrows(j, n - j);
        sums.iter_mut().zip(column.iter()).for_each(|(sum, &g)| *sum += g);
    }
    sums.iter_mut().skip(1).for_each(|sum| *sum *= 2.0);
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    fn is_even(values: &[f64]) -> bool {
        even_distances(&Points::line(values)).is_some()
    }

    #[test]
    fn evenness_is_judged_on_the_points() {
        let tenths: Vec<f64> = (0..1000).map(|i| 5.0 + 0.1 * f64::from(i)).collect();
        assert!(is_even(&tenths));
        let descending: Vec<f64> = (0..720).map(|i| 89.875 - 0.25 * f64::from(i)).collect();
        assert!(is_even(&descending));
        assert!(is_even(&[1.0, 4.0]));
        assert!(!is_even(&[1.0]) && !is_even(&[2.0, 2.0, 2.0]) && !is_even(&[0.0, 1.0, 2.1]));
        // The ends fit, the middle is swapped.
        assert!(!is_even(&[0.0, 2.0, 1.0, 3.0]));
        // Within the rounding of 1e16, but far from even.
        assert!(!is_even(&[1e16, 1e16 + 2.0, 1e16 + 4.0, 1e16 + 8.0]));
        // Hours since 1900 in days: even to within their own rounding.
        let days: Vec<f64> = (0..744).map(|i| 43_500.0 + f64::from(i) / 24.0).collect();
        assert!(is_even(&days));
        // Twelve significant digits of 5 i/49, and of 100 + i/3.
        let written = |digits: i32, v: f64| (v * 10f64.powi(digits)).round() / 10f64.powi(digits);
        let fives =
            (0..50).map(|i| written(if i < 10 { 12 } else { 11 }, f64::from(i) / 49.0 * 5.0));
        assert!(is_even(&fives.collect::<Vec<_>>()));
        let thirds = (0..50).map(|i| written(9, 100.0 + f64::from(i) / 3.0));
        assert!(is_even(&thirds.collect::<Vec<_>>()));
        let four_digits = (0..50).map(|i| written(4, f64::from(i) / 49.0));
        assert!(!is_even(&four_digits.collect::<Vec<_>>()));
        // Single precision rounds at 1e-8: not even, and the general path is exact.
        let single: Vec<f64> = (0..50_u8).map(|i| f64::from(0.1f32 * f32::from(i))).collect();
        assert!(!is_even(&single));
        assert!(even_distances(&Points::new(vec![0.0, 0.0, 1.0, 1.0], 2)).is_none());
    }

    #[test]
    fn sums_run_along_both_diagonals() {
        let bar = Mat::from_fn(3, 3, |i, j| ((i + 1) * (j + 1)) as f64);
        assert_eq!(diagonal_sums(bar.as_ref()), vec![14.0, 16.0, 6.0]);
        let mut out = Mat::zeros(3, 3);
        fill_toeplitz(out.as_mut(), &[1.0, 2.0, 3.0]);
        assert_eq!(out, Mat::from_fn(3, 3, |i: usize, j| 1.0 + i.abs_diff(j) as f64));
    }
}
