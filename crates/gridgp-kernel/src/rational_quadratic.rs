//! Rational quadratic: squared exponentials of many lengthscales at once.

use super::circle::{ImageSum, Images, MOST, direct_sum, flat, images_needed};
use super::circle_tail::Tail;
use super::list::{KernelInfo, PER_COORDINATE};
use super::{Profile, Role};

/// k = (1 + r²/2αℓ²)^−α; the squared exponential for α → ∞.
///
/// θ = (ℓ, α). Around a circle α must be above ½: below it the images have no sum, for the tails are
/// too heavy, and towards ½ the correlation tends to 1 everywhere. PyMC's `RatQuad` and GPyTorch's `RQKernel` have the same ℓ and α.
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
    const SHAPE_AROUND: &'static [Role] = &[Role::SummableExponent];

    #[inline]
    fn profile(u: f64, [alpha]: [f64; 1]) -> (f64, f64, [f64; 1]) {
        // A tiny α makes q overflow, where k no longer changes: it is about 1.
        let q = u * u / (2.0 * alpha);
        let q = if q > 1e300 { 1e300 } else { q };
        let log = q.ln_1p();
        let k = (-alpha * log).exp();
        (k, -k * (u / (1.0 + q)), [k * (q / (1.0 + q) - log)])
    }

    /// Images until they are below rounding, or twelve and more on either side and the rest by the
    /// formula of Euler and Maclaurin. Where 32 do not suffice for either, κ is 1 to rounding.
    fn around(q: f64, [alpha]: [f64; 1]) -> Option<Images<[f64; 1]>> {
        // Not admitted: there is no sum, and the limit 1 would hide that.
        if alpha.is_nan() || alpha <= 0.5 {
            let nan = ImageSum { value: f64::NAN, slope: 0.0, pull: 0.0, shape: [0.0] };
            return Some(Box::new(move |_| nan));
        }
        // What one tail has, over its first term times the number of terms before it.
        let heavy = (1.0 / (2.0 * alpha - 1.0)).max(1.0);
        let needed = images_needed(q, |x| heavy * Self::profile(x, [alpha]).0);
        // The tail begins at w ≥ 2, w = u/√(2α).
        let root = (2.0 * alpha).sqrt();
        let before_tail = (2.0 * root / q).ceil().max(12.0);
        Some(if let Some(count) = needed {
            Box::new(move |u| direct_sum::<Self>(u, q, count, [alpha]))
        } else if before_tail <= MOST as f64 {
            Box::new(move |u| with_tails(u, q, before_tail as usize, alpha))
        } else {
            flat(q)
        })
    }
}

/// The sum over `count` images on either side, and over all farther ones.
fn with_tails(u: f64, q: f64, count: usize, alpha: f64) -> ImageSum<[f64; 1]> {
    let mut sum = direct_sum::<RationalQuadratic>(u, q, count, [alpha]);
    let root = (2.0 * alpha).sqrt();
    let first = (count as f64 + 1.0) * q;
    for (x, side) in [(first - u, -1.0), (first + u, 1.0)] {
        let tail = Tail::new(x / root, q / root, alpha);
        // w h′ = −2α (h with α − h with α + 1).
        let pull = -2.0 * alpha * (tail.value - Tail::new(x / root, q / root, alpha + 1.0).value);
        sum.value += tail.value;
        sum.slope += side * tail.slope / root;
        sum.pull += pull;
        // w changes with α, too: dw/dα = −w/2α.
        sum.shape[0] += tail.alpha - pull / (2.0 * alpha);
    }
    sum
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
