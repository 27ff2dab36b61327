//! Return levels and periods of the GEV.

use gridgp_dist::special::{expm1_ratio, ln_1p_ratio};

/// The level that one block maximum exceeds with probability 1/period.
///
/// location + scale · (exp(shape a) − 1)/shape, a = −log(−log(1 − 1/period)), right through shape 0.
/// With yearly maxima the period is in years and above 1. Under parameters that change with time
/// this is the level of one year's climate; see [`design_life_level`](super::design_life_level).
/// NaN where the period is not above 1.
///
/// # Source
/// Coles, An introduction to statistical modeling of extreme values (2001), equation (3.4).
pub fn return_level(location: f64, scale: f64, shape: f64, period: f64) -> f64 {
    let a = -(-(-1.0 / period).ln_1p()).ln();
    location + scale * a * expm1_ratio(shape * a)
}

/// P(Y > level) for one block maximum.
///
/// Accurate far out, where 1 − cdf has no digits left: 1 − exp(−exp(−u)) with expm1.
pub fn exceedance(location: f64, scale: f64, shape: f64, level: f64) -> f64 {
    // 0 − 0 is 0, where the negation of 0 would make the period −∞.
    0.0 - log_no_exceedance(location, scale, shape, level).exp_m1()
}

/// The period of which `level` is the [`return_level`]: 1/P(Y > level).
///
/// Infinite at and above the upper end of a GEV with shape < 0.
pub fn return_period(location: f64, scale: f64, shape: f64, level: f64) -> f64 {
    1.0 / exceedance(location, scale, shape, level)
}

/// log P(Y ≤ level) = −exp(−u), from −∞ to 0.
pub(super) fn log_no_exceedance(location: f64, scale: f64, shape: f64, level: f64) -> f64 {
    let z = (level - location) / scale;
    let w = shape * z;
    if w <= -1.0 {
        // Beyond the upper end, or below the lower end.
        return if shape < 0.0 { 0.0 } else { f64::NEG_INFINITY };
    }
    -(-z * ln_1p_ratio(w)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_likelihood::{Gev, Likelihood};

    #[test]
    fn level_is_the_quantile_and_period_its_inverse() {
        for shape in [-0.6, -0.12, -1e-9, 0.0, 1e-12, 0.2, 0.9] {
            for period in [1.01, 2.0, 100.0, 1e6] {
                let level = return_level(34.5, 1.8, shape, period);
                let quantile = Gev.quantile(1.0 - 1.0 / period, &[34.5, 1.8, shape]);
                approx::assert_relative_eq!(level, quantile, max_relative = 1e-9);
                let back = return_period(34.5, 1.8, shape, level);
                approx::assert_relative_eq!(back, period, max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn far_tails_keep_their_digits() {
        // Gumbel: P(Y > z) is exp(−z) for large z.
        approx::assert_relative_eq!(
            exceedance(0.0, 1.0, 0.0, 100.0),
            (-100f64).exp(),
            max_relative = 1e-14
        );
    }

    #[test]
    fn ends_of_the_support() {
        assert_eq!(exceedance(0.0, 1.0, -0.1, 10.0), 0.0);
        assert_eq!(exceedance(0.0, 1.0, -0.1, 50.0), 0.0);
        assert_eq!(return_period(0.0, 1.0, -0.1, 50.0), f64::INFINITY);
        assert_eq!(exceedance(0.0, 1.0, 0.1, -50.0), 1.0);
        assert!(return_level(0.0, 1.0, 0.1, 0.5).is_nan());
    }
}
