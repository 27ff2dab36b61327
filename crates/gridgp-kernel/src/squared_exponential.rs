//! Squared exponential: very smooth functions.

use gridgp_dist::special::branchless::exp_minus;

use super::circle::{Images, direct_sum, flat, images_needed};
use super::list::{DISTANCE, KernelInfo};
use super::{Profile, Role};

/// k = exp(−r²/2ℓ²), infinitely differentiable.
///
/// The 2 is part of the convention: PyMC's `ExpQuad`, GPyTorch's `RBF` and Stan's `exp_quad` have
/// it too, with the same ℓ; exp(−r²/ℓ²) elsewhere is ℓ/√2 here. The Gram matrix of 1000 points
/// has a numerical rank of about 30.
///
/// # Source
/// Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, eq. 4.9.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquaredExponential;

impl Profile for SquaredExponential {
    type Shape = [f64; 0];
    const INFO: KernelInfo = KernelInfo {
        name: "squared_exponential",
        formula: "exp(-r^2 / (2 lengthscale^2))",
        parameters: &[("lengthscale", "distance over which values are related")],
        options: DISTANCE,
        rank: "n",
        summary: "infinitely smooth; also called RBF, Gaussian, ExpQuad",
    };
    const SHAPE: &'static [Role] = &[];

    #[inline(always)]
    fn profile(u: f64, []: [f64; 0]) -> (f64, f64, [f64; 0]) {
        let k = exp_minus(0.5 * u * u);
        (k, -u * k, [])
    }

    /// Images until they are below rounding; where 32 on either side do not reach it, q < 0.3, and the
    /// second Fourier coefficient is e^(−2π²/q²) < e⁻²⁰⁰ of the first: κ is 1 to rounding.
    fn around(q: f64, []: [f64; 0]) -> Option<Images<[f64; 0]>> {
        Some(match images_needed(q, |x| exp_minus(0.5 * x * x)) {
            Some(count) => Box::new(move |u| direct_sum::<Self>(u, q, count, [])),
            None => flat(q),
        })
    }
}
