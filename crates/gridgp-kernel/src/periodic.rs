//! Periodic: functions that repeat themselves exactly.

use std::f64::consts::PI;

use super::list::{COLUMNS, KernelInfo};
use super::phase::phase;
use super::{Markov, Profile, Role};

/// k = exp(−2 sin²(πr/p)/ℓ²), in one coordinate.
///
/// θ = (p, ℓ), the period p in the coordinate's unit; ℓ is a pure number, about 1 for functions
/// with one bump in a period. PyMC's `Periodic` is exp(−sin²(πr/p)/2ℓ²), so its ℓ is 2ℓ here;
/// GPyTorch's `PeriodicKernel` divides by λ instead of ℓ², so its λ is ℓ = √λ here.
///
/// # Source
/// MacKay (1998), Introduction to Gaussian Processes, eq. 47.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Periodic;

impl Profile for Periodic {
    type Shape = [f64; 2];
    const INFO: KernelInfo = KernelInfo {
        name: "periodic",
        formula: "exp(-2 sin(pi r / period)^2 / lengthscale^2)",
        parameters: &[
            ("period", "distance after which the function repeats"),
            ("lengthscale", "smoothness within a period, a pure number"),
        ],
        options: COLUMNS,
        rank: "n",
        summary: "repeats itself exactly; one coordinate",
    };
    const SCALED: bool = false;
    const SHAPE: &'static [Role] = &[Role::Period, Role::PeriodicLengthscale];
    const MARKOV: Option<Markov> = Some(Markov::Periodic);

    #[inline]
    fn profile(r: f64, [period, lengthscale]: [f64; 2]) -> (f64, f64, [f64; 2]) {
        let (sin, cos) = (PI * phase(r, period)).sin_cos();
        let t = sin / lengthscale;
        // Beyond this k is 0, and so must be its derivatives.
        let t = if t.abs() > 1e150 { t.signum() * 1e150 } else { t };
        let k = (-2.0 * t * t).exp();
        // Products begin with k t, which is 0 wherever the rest may overflow.
        let slope = -4.0 * PI * (k * t) * cos / lengthscale / period;
        (k, slope, [-slope * (r / period), 4.0 * (k * t) * t / lengthscale])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_exactly_and_its_derivatives_too() {
        for (near, far) in [(0.25, 1024.25), (1.75, 2047.75)] {
            let (a, b) = (Periodic::profile(near, [2.0, 0.7]), Periodic::profile(far, [2.0, 0.7]));
            assert_eq!((a.0, a.1), (b.0, b.1));
        }
    }

    #[test]
    fn short_lengthscales_give_no_nan() {
        for lengthscale in [1e-200, 1e-300, 1e300] {
            for r in [0.0, 1e-300, 0.5, 1.0] {
                let (k, slope, shape) = Periodic::profile(r, [1.0, lengthscale]);
                assert!((0.0..=1.0).contains(&k) && slope.is_finite(), "{r} {lengthscale}");
                assert!(shape.iter().all(|d| d.is_finite()), "{r} {lengthscale}");
            }
        }
    }
}
