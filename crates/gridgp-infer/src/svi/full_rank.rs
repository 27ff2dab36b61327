//! Any covariance, by its Cholesky factor.

use super::guide::Shape;
use crate::history::dot;

/// At this size a step costs 30 ms beside the density, and parameters, gradient, Adam's moments and
/// averages take 100 MB.
pub(super) const MAX_DIM: usize = 2000;

/// w = C ε with C lower triangular and ones on its diagonal; its entries below, row by row, are the
/// parameters. Σ = D C Cᵀ D, of which D C is the Cholesky factor, and log det C Cᵀ = 0.
pub(super) struct UnitTriangular;

/// Where row i of C begins.
fn row(i: usize) -> usize {
    i * i.saturating_sub(1) / 2
}

impl Shape for UnitTriangular {
    fn parameters(&self, dim: usize) -> usize {
        row(dim)
    }

    fn noise(&self, dim: usize) -> usize {
        dim
    }

    fn apply(&self, rest: &[f64], noise: &[f64], w: &mut [f64]) {
        for i in 0..w.len() {
            w[i] = noise[i] + dot(&rest[row(i)..row(i) + i], noise);
        }
    }

    fn apply_vjp(&self, _rest: &[f64], noise: &[f64], w_bar: &[f64], rest_bar: &mut [f64]) {
        for i in 0..w_bar.len() {
            for (c, e) in rest_bar[row(i)..row(i) + i].iter_mut().zip(noise) {
                *c += w_bar[i] * e;
            }
        }
    }

    fn square(&self, _rest: &[f64], noise: &[f64], _w: &[f64]) -> f64 {
        dot(noise, noise)
    }

    /// C⁻ᵀ ε, by substitution.
    ///
    /// Half of d² parameters that each move with the noise of a step cost a third of a nat at 100
    /// unknowns; with the score there is none where p is normal.
    fn negative_score(&self, rest: &[f64], noise: &[f64], _w: Vec<f64>) -> Option<Vec<f64>> {
        let mut v = noise.to_vec();
        for i in (1..v.len()).rev() {
            let (before, from) = v.split_at_mut(i);
            for (b, c) in before.iter_mut().zip(&rest[row(i)..row(i) + i]) {
                *b -= c * from[0];
            }
        }
        Some(v)
    }

    fn has_score(&self) -> bool {
        true
    }

    fn variance(&self, rest: &[f64], i: usize) -> f64 {
        let below = &rest[row(i)..row(i) + i];
        1.0 + dot(below, below)
    }
}
