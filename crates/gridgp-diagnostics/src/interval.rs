//! Intervals that hold a given part of the draws.

use super::quantile::{in_order, quantile_of_sorted};

/// The interval with `mass` of the draws inside and equal parts beyond each end.
///
/// Its ends are quantiles, as [`quantile`](super::quantile()) has them. NaN where there is no value,
/// a NaN among them, or a mass outside [0, 1].
pub fn equal_tailed(values: &[f64], mass: f64) -> (f64, f64) {
    match in_order(values) {
        Some(x) => {
            let tail = 0.5 * (1.0 - mass);
            (quantile_of_sorted(&x, tail), quantile_of_sorted(&x, 1.0 - tail))
        }
        None => (f64::NAN, f64::NAN),
    }
}

/// The highest-density interval: the shortest one with `mass` of the draws inside, 0 < mass < 1.
///
/// Its ends are draws, ⌊mass n⌋ apart in ascending order; of equally short ones the lowest. It is
/// one interval even if the density has two modes. NaN where there is no value, a NaN among them, or
/// another mass.
///
/// ```
/// use gridgp_diagnostics::{equal_tailed, highest_density};
///
/// // Quantiles of an exponential distribution, which is densest at 0.
/// let x: Vec<f64> = (0..1000).map(|i| -(1.0 - (f64::from(i) + 0.5) / 1000.0).ln()).collect();
/// assert!(highest_density(&x, 0.9).0 < 0.001);
/// assert!(equal_tailed(&x, 0.9).0 > 0.05);
/// ```
pub fn highest_density(values: &[f64], mass: f64) -> (f64, f64) {
    let Some(x) = in_order(values).filter(|x| !x.is_empty() && mass > 0.0 && mass < 1.0) else {
        return (f64::NAN, f64::NAN);
    };
    let inside = ((mass * x.len() as f64) as usize).min(x.len() - 1);
    let width = |i: usize| x[i + inside] - x[i];
    let mut best = 0;
    for i in 1..x.len() - inside {
        if width(i) < width(best) {
            best = i;
        }
    }
    (x[best], x[best + inside])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_and_equal_tails() {
        let x = [0.0, 1.0, 1.1, 1.2, 1.3, 1.4, 5.0, 6.0, 7.0, 8.0];
        assert_eq!(highest_density(&x, 0.45), (1.0, 1.4));
        assert_eq!(equal_tailed(&[3.0, 1.0, 2.0], 1.0), (1.0, 3.0));
        assert_eq!(equal_tailed(&[3.0, 1.0, 2.0], 0.5), (1.5, 2.5));
        assert_eq!(highest_density(&[2.0], 0.9), (2.0, 2.0));
    }

    #[test]
    fn nothing_to_say() {
        let nan = |(a, b): (f64, f64)| a.is_nan() && b.is_nan();
        assert!(nan(highest_density(&[], 0.9)) && nan(highest_density(&[1.0, f64::NAN], 0.9)));
        assert!(nan(highest_density(&[1.0], 1.0)) && nan(highest_density(&[1.0], f64::NAN)));
        assert!(nan(equal_tailed(&[], 0.9)) && nan(equal_tailed(&[1.0], 1.5)));
    }
}
