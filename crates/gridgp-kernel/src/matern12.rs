//! Matérn ½: continuous, rough functions.

use gridgp_dist::special::branchless::exp_minus;

use super::circle::Images;
use super::circle_matern::HalfInteger;
use super::list::{DISTANCE, KernelInfo};
use super::{Markov, Profile, Role};

/// k = exp(−r/ℓ), the Ornstein–Uhlenbeck process; nowhere differentiable. Around a circle of
/// circumference P it is cosh((P/2 − r)/ℓ)/cosh(P/2ℓ).
///
/// PyMC's `Matern12` and GPyTorch's `MaternKernel(nu=0.5)` have the same ℓ; PyMC's `Exponential`
/// is exp(−r/2ℓ), so its ℓ is 2ℓ here.
///
/// # Source
/// Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, section
/// 4.2.1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matern12;

impl Profile for Matern12 {
    type Shape = [f64; 0];
    const INFO: KernelInfo = KernelInfo {
        name: "matern12",
        formula: "exp(-r / lengthscale)",
        parameters: &[("lengthscale", "distance over which values are related")],
        options: DISTANCE,
        rank: "n",
        summary: "continuous but rough; also called exponential, Ornstein-Uhlenbeck",
    };
    const SHAPE: &'static [Role] = &[];
    const MARKOV: Option<Markov> = Some(Markov::Matern(1));

    #[inline(always)]
    fn profile(u: f64, []: [f64; 0]) -> (f64, f64, [f64; 0]) {
        let k = exp_minus(u);
        (k, -k, [])
    }

    fn around(q: f64, []: [f64; 0]) -> Option<Images<[f64; 0]>> {
        let sums = HalfInteger { root: 1.0, value: [1.0, 0.0, 0.0], fall: [1.0, 0.0, 0.0] };
        Some(sums.around(q))
    }
}
