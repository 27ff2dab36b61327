//! Matérn 3/2: functions that are differentiable once.

use gridgp_dist::special::branchless::exp_minus;

use super::circle::Images;
use super::circle_matern::HalfInteger;
use super::list::{DISTANCE, KernelInfo};
use super::{Markov, Profile, Role};

/// k = (1 + s) exp(−s), s = √3 r/ℓ.
///
/// The same ℓ as in PyMC, GPyTorch and Stan.
///
/// # Source
/// Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, eq. 4.17.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matern32;

impl Profile for Matern32 {
    type Shape = [f64; 0];
    const INFO: KernelInfo = KernelInfo {
        name: "matern32",
        formula: "(1 + s) exp(-s), s = sqrt(3) r / lengthscale",
        parameters: &[("lengthscale", "distance over which values are related")],
        options: DISTANCE,
        rank: "n",
        summary: "differentiable once",
    };
    const SHAPE: &'static [Role] = &[];
    const MARKOV: Option<Markov> = Some(Markov::Matern(2));

    #[inline(always)]
    fn profile(u: f64, []: [f64; 0]) -> (f64, f64, [f64; 0]) {
        let s = 3f64.sqrt() * u;
        let e = exp_minus(s);
        ((1.0 + s) * e, -3.0 * u * e, [])
    }

    fn around(q: f64, []: [f64; 0]) -> Option<Images<[f64; 0]>> {
        let sums = HalfInteger { root: 3f64.sqrt(), value: [1.0, 1.0, 0.0], fall: [0.0, 1.0, 0.0] };
        Some(sums.around(q))
    }
}
