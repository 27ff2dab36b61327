//! Independent unknowns.

use super::guide::Shape;
use crate::history::dot;

/// w = ε.
pub(super) struct Independent;

impl Shape for Independent {
    fn parameters(&self, _dim: usize) -> usize {
        0
    }

    fn noise(&self, dim: usize) -> usize {
        dim
    }

    fn apply(&self, _rest: &[f64], noise: &[f64], w: &mut [f64]) {
        w.copy_from_slice(noise);
    }

    fn apply_vjp(&self, _rest: &[f64], _noise: &[f64], _w_bar: &[f64], _rest_bar: &mut [f64]) {}

    fn square(&self, _rest: &[f64], noise: &[f64], _w: &[f64]) -> f64 {
        dot(noise, noise)
    }

    fn variance(&self, _rest: &[f64], _i: usize) -> f64 {
        1.0
    }
}
