//! Cosine: one wave of unknown amplitude and phase.

use std::f64::consts::TAU;

use super::list::{COLUMNS, KernelInfo};
use super::phase::phase;
use super::{Markov, Profile, Role};

/// k = cos(2πr/p), in one coordinate; rank 2.
///
/// θ = (p), in the coordinate's unit. Features: cos(2πx/p), sin(2πx/p), for
/// cos(a − b) = cos a cos b + sin a sin b. PyMC's `Cosine` has the
/// same p, as its `ls` (its documentation says ls², its code ls); GPyTorch's `CosineKernel` is
/// cos(πr/p), so its p is 2p here. Of the distance in several coordinates the cosine is not
/// positive semidefinite, so it takes one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cosine;

impl Profile for Cosine {
    type Shape = [f64; 1];
    const INFO: KernelInfo = KernelInfo {
        name: "cosine",
        formula: "cos(2 pi r / period)",
        parameters: &[("period", "wavelength")],
        options: COLUMNS,
        rank: "2",
        summary: "one wave of unknown amplitude and phase; one coordinate",
    };
    const SCALED: bool = false;
    const SHAPE: &'static [Role] = &[Role::Period];
    const MARKOV: Option<Markov> = Some(Markov::Cosine);

    #[inline]
    fn profile(r: f64, [period]: [f64; 1]) -> (f64, f64, [f64; 1]) {
        let (sin, cos) = (TAU * phase(r, period)).sin_cos();
        let slope = -TAU / period * sin;
        (cos, slope, [-slope * (r / period)])
    }

    const RANK: Option<usize> = Some(2);

    fn features(x: f64, [period]: [f64; 1], out: &mut [f64]) {
        let (sin, cos) = (TAU * phase(x, period)).sin_cos();
        out.copy_from_slice(&[cos, sin]);
    }

    fn features_vjp(x: f64, [period]: [f64; 1], bar: &[f64], shape_bar: &mut [f64]) {
        let (sin, cos) = (TAU * phase(x, period)).sin_cos();
        shape_bar[0] += TAU / period * (x / period) * (bar[0] * sin - bar[1] * cos);
    }
}
