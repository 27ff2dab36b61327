//! The covariance of the data, s·⊗Kₐ + σ²I, by the factors that cost least.
//!
//! Both kinds go to bases Q of some axes; what those do not reach has variance σ². Here is that part,
//! which they share.

use faer::{Mat, MatRef};
use gridgp_dense::{Basis, expand_all, product, project_all};
use gridgp_grid::Result;

use super::super::gaps::Full;
use super::kronecker::{self, KroneckerNoise};
use super::long_axis::{self, LongAxis};

/// What one evaluation gives.
#[derive(Debug, Default)]
pub(super) struct Value {
    pub(super) log_prob: f64,
    /// ∂ℓ/∂s.
    pub(super) scale_bar: f64,
    /// ∂ℓ/∂σ².
    pub(super) noise_bar: f64,
    /// An upper bound on what dropped eigenpairs, and rounding of K where small ones count, change
    /// in ℓ.
    pub(super) truncation: f64,
}

impl Value {
    /// Adds the cells that the bases do not reach: `count` of them, with ‖r − QQᵀr‖² = `rest`.
    pub(super) fn leave_outside(&mut self, rest: f64, count: usize, noise: f64) {
        let count = count as f64;
        self.log_prob -= 0.5 * (rest / noise + count * noise.ln());
        self.noise_bar += 0.5 * (rest / noise - count) / noise;
    }
}

/// Buffers that live from one evaluation to the next.
#[derive(Debug, Default, Clone)]
pub(super) struct Scratch {
    kronecker: kronecker::Scratch,
    long_axis: long_axis::Scratch,
}

/// s·⊗Kₐ + σ²I with its factors.
pub(super) enum Covariance {
    /// Eigenvectors of every axis.
    Spectral(KroneckerNoise),
    /// Eigenvectors of all axes but one, which has Cholesky factors.
    LongAxis(LongAxis),
}

impl Covariance {
    /// ℓ and its derivatives with respect to s and σ²; leaves in `scratch` what the other derivatives
    /// need.
    pub(super) fn evaluate(&self, r: &[f64], scratch: &mut Scratch) -> Result<Value> {
        match self {
            Self::Spectral(c) => Ok(c.evaluate(r, &mut scratch.kronecker)),
            Self::LongAxis(c) => c.evaluate(r, &mut scratch.long_axis),
        }
    }

    /// A by the eigenvectors of all axes, if it is that.
    pub(super) fn full(&self) -> Option<Full<'_>> {
        match self {
            Self::Spectral(KroneckerNoise { factors, scale, noise }) => {
                Some(Full { factors, scale: *scale, noise: *noise })
            }
            Self::LongAxis(_) => None,
        }
    }

    /// α = A⁻¹ r on the grid.
    pub(super) fn alpha(&self, r: &[f64], scratch: &Scratch) -> Vec<f64> {
        match self {
            Self::Spectral(c) => c.alpha(r, &scratch.kronecker),
            Self::LongAxis(c) => c.alpha(r, &scratch.long_axis),
        }
    }

    /// K̄ₐ = ∂ℓ/∂Kₐ for axis `a`, n x n and symmetric. Axes for which [`Self::is_low_rank`] come
    /// last.
    pub(super) fn gram_bar(&self, a: usize, r: &[f64], scratch: &mut Scratch) -> Mat<f64> {
        match self {
            Self::Spectral(c) => c.gram_bar(a, r, &mut scratch.kronecker),
            Self::LongAxis(c) => c.gram_bar(a, r, &scratch.long_axis),
        }
    }

    /// K̄ₐ F, for a matrix F of few columns.
    pub(super) fn gram_bar_times(
        &self,
        a: usize,
        r: &[f64],
        f: MatRef<'_, f64>,
        scratch: &mut Scratch,
    ) -> Mat<f64> {
        match self {
            Self::Spectral(c) if c.is_low_rank(a) => {
                c.gram_bar_times(a, r, f, &mut scratch.kronecker)
            }
            _ => product(self.gram_bar(a, r, scratch).as_ref(), f),
        }
    }

    pub(super) fn is_low_rank(&self, a: usize) -> bool {
        matches!(self, Self::Spectral(c) if c.is_low_rank(a))
    }
}

/// ‖r − QQᵀr‖², from the norms where that keeps its digits, else from r̃ = Qᵀr.
pub(super) fn norm_outside(
    bases: &[&Basis],
    r: &[f64],
    norm_inside: f64,
    inside: impl FnOnce() -> Vec<f64>,
) -> f64 {
    let norm: f64 = r.iter().map(|v| v * v).sum();
    if norm - norm_inside > 1e-6 * norm {
        return norm - norm_inside;
    }
    r.iter().zip(expand_all(bases, inside())).map(|(r, i)| (r - i) * (r - i)).sum()
}

/// α = Q α̃ + (r − QQᵀr)/σ², with r̃ = Qᵀr from `inside` where it is needed.
pub(super) fn alpha_on_grid(
    bases: &[&Basis],
    alpha: Vec<f64>,
    inside: impl FnOnce() -> Vec<f64>,
    r: &[f64],
    noise: f64,
) -> Vec<f64> {
    let complete = alpha.len() == r.len();
    let mut alpha = expand_all(bases, alpha);
    if !complete {
        let mut rest: Vec<f64> =
            r.iter().zip(expand_all(bases, inside())).map(|(r, i)| r - i).collect();
        // Twice, since the division by σ² blows up what rounding left inside the span.
        let again = expand_all(bases, project_all(bases, rest.clone()));
        rest.iter_mut().zip(again).for_each(|(r, a)| *r -= a);
        alpha.iter_mut().zip(rest).for_each(|(a, r)| *a += r / noise);
    }
    alpha
}

/// A bound on the trace of what was dropped from ⊗Kₐ, from the trace of each Kₐ and what was dropped
/// of it.
pub(super) fn dropped(axes: &[(f64, f64)]) -> f64 {
    let of = |a: usize| -> f64 {
        let others = axes.iter().enumerate().filter(|(b, _)| *b != a);
        axes[a].1 * others.map(|(_, (trace, _))| trace).product::<f64>()
    };
    (0..axes.len()).map(of).sum()
}

/// Dropping E ≥ 0 from A changes log det A by at most tr(E)/σ² and the quadratic form by at most
/// ‖E‖ ‖α‖².
pub(super) fn truncation(dropped: f64, noise: f64, alpha_squared: f64, rest: f64) -> f64 {
    0.5 * dropped / noise * (1.0 + (alpha_squared * noise + rest / noise))
}

/// A change E of A, of either sign, changes ℓ by at most ½ ‖E‖ (tr A⁻¹ + ‖α‖²) to first order.
pub(super) fn perturbation(norm: f64, inverse: f64, alpha_squared: f64) -> f64 {
    0.5 * norm * (inverse + alpha_squared)
}

/// The entries of ⊗ vectors, the last one fastest.
pub(super) fn outer<'a>(vectors: impl Iterator<Item = &'a [f64]>) -> Vec<f64> {
    vectors
        .fold(vec![1.0], |all, v| all.iter().flat_map(|a| v.iter().map(move |b| a * b)).collect())
}

/// The blocks of diag(`d`) that belong to a basis.
pub(super) fn split_diagonal(basis: &Basis, d: &[f64]) -> Vec<Mat<f64>> {
    let block = |(first, count)| {
        let mut block = Mat::zeros(count, count);
        (0..count).for_each(|i| block[(i, i)] = d[first + i]);
        block
    };
    basis.blocks().into_iter().map(block).collect()
}
