//! Rational quadratic: squared exponentials of many lengthscales at once.

use super::list::{KernelInfo, PER_COORDINATE};
use super::{Profile, Role};

/// k = (1 + r²/2αℓ²)^−α; the squared exponential for α → ∞.
///
/// θ = (ℓ, α). PyMC's `RatQuad` and GPyTorch's `RQKernel` have the same ℓ and α.
///
/// # Source
/// Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, eq. 4.19.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RationalQuadratic;

impl Profile for RationalQuadratic {
    type Shape = [f64; 1];
    const INFO: KernelInfo = KernelInfo {
        name: "rational_quadratic",
        formula: "(1 + r^2 / (2 alpha lengthscale^2))^(-alpha)",
        parameters: &[
            ("lengthscale", "distance over which values are related"),
            ("alpha", "small: many lengthscales at once; large: one, as squared_exponential"),
        ],
        options: PER_COORDINATE,
        rank: "n",
        summary: "infinitely smooth, on many lengthscales at once",
    };
    const SHAPE: &'static [Role] = &[Role::Exponent];

    #[inline]
    fn profile(u: f64, [alpha]: [f64; 1]) -> (f64, f64, [f64; 1]) {
        // A tiny α makes q overflow, where k no longer changes: it is about 1.
        let q = u * u / (2.0 * alpha);
        let q = if q > 1e300 { 1e300 } else { q };
        let log = q.ln_1p();
        let k = (-alpha * log).exp();
        (k, -k * (u / (1.0 + q)), [k * (q / (1.0 + q) - log)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SquaredExponential;

    #[test]
    fn tends_to_the_squared_exponential() {
        for u in [0.0, 1e-8, 0.3, 1.0, 5.0] {
            let (k, slope, [d]) = RationalQuadratic::profile(u, [1e12]);
            let (expected, expected_slope, _) = SquaredExponential::profile(u, []);
            assert!((k - expected).abs() < 1e-10 && (slope - expected_slope).abs() < 1e-10);
            assert!(d.abs() < 1e-15);
        }
    }
}
