//! Matérn 5/2: functions that are differentiable twice.

use gridgp_dist::special::branchless::exp_minus;

use super::circle::Images;
use super::circle_matern::HalfInteger;
use super::list::{DISTANCE, KernelInfo};
use super::{Markov, Profile, Role};

/// k = (1 + s + s²/3) exp(−s), s = √5 r/ℓ.
///
/// The same ℓ as in PyMC, GPyTorch and Stan.
///
/// # Source
/// Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, eq. 4.17.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matern52;

impl Profile for Matern52 {
    type Shape = [f64; 0];
    const INFO: KernelInfo = KernelInfo {
        name: "matern52",
        formula: "(1 + s + s^2/3) exp(-s), s = sqrt(5) r / lengthscale",
        parameters: &[("lengthscale", "distance over which values are related")],
        options: DISTANCE,
        rank: "n",
        summary: "differentiable twice; a good first choice",
    };
    const SHAPE: &'static [Role] = &[];
    const MARKOV: Option<Markov> = Some(Markov::Matern(3));

    #[inline(always)]
    fn profile(u: f64, []: [f64; 0]) -> (f64, f64, [f64; 0]) {
        let s = 5f64.sqrt() * u;
        let e = exp_minus(s);
        ((1.0 + s + s * s / 3.0) * e, -5.0 / 3.0 * u * (1.0 + s) * e, [])
    }

    fn around(q: f64, []: [f64; 0]) -> Option<Images<[f64; 0]>> {
        let sums = HalfInteger {
            root: 5f64.sqrt(),
            value: [1.0, 1.0, 1.0 / 3.0],
            fall: [0.0, 1.0 / 3.0, 1.0 / 3.0],
        };
        Some(sums.around(q))
    }
}
