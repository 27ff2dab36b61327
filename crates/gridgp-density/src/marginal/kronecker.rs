//! log N(r; 0, s·⊗Kₐ + σ²I) and its adjoints, in the joint eigenbasis.
//!
//! With r̃ = ⊗Qᵀ r, D = s·⊗λ + σ², α̃ = r̃/D:
//!
//! ℓ = −½⟨r̃, α̃⟩ − ½ Σ log D − (N/2) log 2π, and what the basis does not reach has variance σ².
//!
//! One adjoint an axis serves every parameter of its factor, and no difference of eigenvalues
//! occurs in it: K̄ₐ = (s/2) Qₐ (Bₐ − diag wₐ) Qₐᵀ with Bₐ = α̃₍ₐ₎ (⊗λ of the others) α̃₍ₐ₎ᵀ and
//! wₐ the contraction of 1/D with the λ of the others.

use std::f64::consts::PI;

use faer::{Mat, MatRef};
use gridgp_dense::{
    Basis, Spectral, mode_contraction, mode_gram, mode_product, product, project_in_place,
    settle_registers,
};
use rayon::prelude::*;

use super::covariance::{
    Value, alpha_on_grid, dropped, norm_outside, outer, perturbation, split_diagonal, truncation,
};

/// Buffers that live from one evaluation to the next.
#[derive(Debug, Default, Clone)]
pub(super) struct Scratch {
    /// r̃, then α̃.
    tilde: Vec<f64>,
    /// α̃ √(⊗λ), and work space of the projections.
    beta: Vec<f64>,
    /// Σ of λ/D over the last axis.
    contracted: Vec<f64>,
    /// The contraction wₐ of each axis.
    weights: Vec<Vec<f64>>,
}

/// s·⊗Kₐ + σ²I with the spectral factors of all axes.
pub(super) struct KroneckerNoise {
    pub(super) factors: Vec<Spectral>,
    pub(super) scale: f64,
    pub(super) noise: f64,
}

/// A fixed number of partial sums: threads do not change the rounding.
const PARTS: usize = 32;

impl KroneckerNoise {
    fn bases(&self) -> Vec<&Basis> {
        self.factors.iter().map(Spectral::basis).collect()
    }

    fn rank(&self) -> usize {
        self.factors.iter().map(Spectral::rank).product()
    }

    /// ℓ and its derivatives with respect to s and σ²; leaves in `scratch` what the other derivatives
    /// need.
    pub(super) fn evaluate(&self, r: &[f64], scratch: &mut Scratch) -> Value {
        let n = r.len();
        scratch.tilde.clear();
        scratch.tilde.extend_from_slice(r);
        project_in_place(&self.bases(), &mut scratch.tilde, &mut scratch.beta);
        let rank = self.rank();
        let outside = n - rank;
        scratch.beta.resize(rank, 0.0);

        let (last, others) = self.factors.split_last().expect("at least one factor");
        let prefixes = outer(others.iter().map(Spectral::values));
        let roots: Vec<Vec<f64>> = self.factors.iter().map(|f| root_weights(f.values())).collect();
        let (last_root, other_roots) = roots.split_last().expect("at least one factor");
        let prefix_roots = outer(other_roots.iter().map(Vec::as_slice));
        scratch.contracted.resize(prefixes.len(), 0.0);

        let columns = last.rank();
        let rows = prefixes.len().div_ceil(PARTS).max(1);
        let sums: Vec<Sums> = scratch
            .tilde
            .par_chunks_mut((rows * columns).max(1))
            .zip(scratch.beta.par_chunks_mut((rows * columns).max(1)))
            .zip(scratch.contracted.par_chunks_mut(rows))
            .zip(prefixes.par_chunks(rows).zip(prefix_roots.par_chunks(rows)))
            .map(|(((tilde, beta), contracted), (prefix, root))| {
                settle_registers();
                let mut sums = Sums { last: vec![0.0; columns], ..Sums::default() };
                for (i, c) in contracted.iter_mut().enumerate() {
                    let range = i * columns..(i + 1) * columns;
                    let (tilde, beta) = (&mut tilde[range.clone()], &mut beta[range]);
                    *c = self.row(
                        prefix[i],
                        root[i],
                        last.values(),
                        last_root,
                        tilde,
                        beta,
                        &mut sums,
                    );
                }
                sums
            })
            .collect();
        let mut total = Sums { last: vec![0.0; columns], ..Sums::default() };
        sums.iter().for_each(|s| total.add(s));

        let mut value = Value {
            log_prob: -0.5 * (total.quadratic + total.log_det + n as f64 * (2.0 * PI).ln()),
            scale_bar: 0.5 * total.scale_bar,
            noise_bar: 0.5 * (total.alpha_squared - total.inverse),
            truncation: 0.0,
        };
        let rounding = self.scale * rounding(&self.factors);
        let (mut inverse, mut alpha_squared) = (total.inverse, total.alpha_squared);
        if outside > 0 {
            let inside = || self.inside(&scratch.tilde);
            let rest = norm_outside(&self.bases(), r, total.norm, inside);
            inverse += outside as f64 / self.noise;
            alpha_squared += rest / (self.noise * self.noise);
            value.leave_outside(rest, outside, self.noise);
            let traces = self.factors.iter().map(trace_and_dropped);
            let dropped = self.scale * dropped(&traces.collect::<Vec<_>>());
            value.truncation = truncation(dropped, self.noise, total.alpha_squared, rest);
        }
        value.truncation += perturbation(rounding, inverse, alpha_squared);
        scratch.weights = contract(&self.factors, &scratch.contracted);
        scratch.weights.push(total.last);
        value
    }

    /// One row along the last axis. Returns Σ λ/D over it.
    #[inline]
    fn row(
        &self,
        prefix: f64,
        prefix_root: f64,
        values: &[f64],
        roots: &[f64],
        tilde: &mut [f64],
        beta: &mut [f64],
        sums: &mut Sums,
    ) -> f64 {
        let mut contracted = 0.0;
        let mut product = 1.0;
        for j in 0..values.len() {
            let lambda = prefix * values[j];
            let d = self.scale * lambda + self.noise;
            let inverse = 1.0 / d;
            let r = tilde[j];
            let alpha = r * inverse;
            sums.norm += r * r;
            sums.quadratic += r * alpha;
            sums.alpha_squared += alpha * alpha;
            sums.inverse += inverse;
            sums.scale_bar += lambda * (alpha * alpha - inverse);
            sums.last[j] += prefix * inverse;
            contracted += values[j] * inverse;
            tilde[j] = alpha;
            beta[j] = alpha * prefix_root * roots[j];
            // One logarithm for many factors, long before the product leaves the range.
            product *= d;
            if !(1e-100..1e100).contains(&product) {
                sums.log_det += product.ln();
                product = 1.0;
            }
        }
        sums.log_det += product.ln();
        contracted
    }

    /// r̃ = D α̃.
    fn inside(&self, alpha: &[f64]) -> Vec<f64> {
        alpha.iter().zip(self.diagonal()).map(|(a, d)| a * d).collect()
    }

    fn diagonal(&self) -> Vec<f64> {
        let mut d = outer(self.factors.iter().map(Spectral::values));
        d.iter_mut().for_each(|v| *v = self.scale * *v + self.noise);
        d
    }

    /// Whether Qₐ leaves a part of the axis out.
    pub(super) fn is_low_rank(&self, a: usize) -> bool {
        self.factors[a].rank() < self.factors[a].size()
    }

    /// K̄ₐ = ∂ℓ/∂Kₐ for axis `a`, n x n and symmetric, from what [`Self::evaluate`] left.
    ///
    /// Axes of low rank overwrite β, so they come last.
    pub(super) fn gram_bar(&self, a: usize, r: &[f64], scratch: &mut Scratch) -> Mat<f64> {
        let factor = &self.factors[a];
        if self.is_low_rank(a) {
            return self.gram_bar_of_low_rank(a, r, scratch);
        }
        let weights = &scratch.weights[a];
        let left = self.factors[..a].iter().map(Spectral::rank).product();
        let right = self.factors[a + 1..].iter().map(Spectral::rank).product();
        let root = root_weights(factor.values());
        let mut blocks = factor.basis().block_grams(&scratch.beta, left, right);
        for (block, (first, count)) in blocks.iter_mut().zip(factor.basis().blocks()) {
            for j in 0..count {
                for i in 0..count {
                    block[(i, j)] *= 0.5 * self.scale / (root[first + i] * root[first + j]);
                }
                block[(j, j)] -= 0.5 * self.scale * weights[first + j];
            }
        }
        factor.basis().congruence(blocks)
    }

    /// The same where Qₐ does not span the axis: the part outside it matters to the derivative,
    /// because a parameter may move the span.
    fn gram_bar_of_low_rank(&self, a: usize, r: &[f64], scratch: &mut Scratch) -> Mat<f64> {
        let (y, shifted, outside) = self.weighted_alpha(a, r, scratch);
        let (left, n, right) = self.view(a);
        let basis = self.factors[a].basis();
        let mut bar = mode_gram(&y, left, n, right);
        let mut trace = basis.congruence(split_diagonal(basis, &shifted));
        for i in 0..n {
            trace[(i, i)] += outside;
        }
        for j in 0..n {
            for i in 0..n {
                bar[(i, j)] = 0.5 * self.scale * (bar[(i, j)] - trace[(i, j)]);
            }
        }
        bar
    }

    /// K̄ₐ F for a matrix F of few columns, at the cost of n times their number: K̄ₐ is not made.
    pub(super) fn gram_bar_times(
        &self,
        a: usize,
        r: &[f64],
        f: MatRef<'_, f64>,
        scratch: &mut Scratch,
    ) -> Mat<f64> {
        let (y, shifted, outside) = self.weighted_alpha(a, r, scratch);
        let (left, n, right) = self.view(a);
        let mut projected = vec![0.0; left * f.ncols() * right];
        mode_product(f.transpose(), &y, left, right, &mut projected);
        let mut bar = Mat::zeros(n, f.ncols());
        mode_contraction(&y, &projected, left, right, bar.as_mut());
        let q = self.factors[a].basis().to_dense();
        let mut inside = product(q.transpose(), f);
        for column in inside.col_iter_mut() {
            column.iter_mut().zip(&shifted).for_each(|(v, w)| *v *= w);
        }
        bar -= product(q.as_ref(), inside.as_ref());
        settle_registers();
        for j in 0..f.ncols() {
            let (bar, f) = (bar.col_as_slice_mut(j), f.col(j));
            for (bar, f) in bar.iter_mut().zip(f.iter()) {
                *bar = 0.5 * self.scale * (*bar - outside * f);
            }
        }
        bar
    }

    /// (left, n, right) of axis `a` on its points, among the eigenvectors of the others.
    fn view(&self, a: usize) -> (usize, usize, usize) {
        let rank = |f: &[Spectral]| f.iter().map(Spectral::rank).product();
        (rank(&self.factors[..a]), self.factors[a].size(), rank(&self.factors[a + 1..]))
    }

    /// What K̄ₐ = (s/2) (Σ y yᵀ − Q diag(w) Qᵀ − outside · I) is made of: y, α on the points of axis
    /// `a` times √λ of the others, then w and the last number.
    fn weighted_alpha(
        &self,
        a: usize,
        r: &[f64],
        scratch: &mut Scratch,
    ) -> (Vec<f64>, Vec<f64>, f64) {
        let weights = &scratch.weights[a];
        let factor = &self.factors[a];
        let (left, n, right) = self.view(a);
        // r in the basis of the other axes.
        let identity = Basis::Identity { size: n };
        let bases: Vec<&Basis> = self
            .factors
            .iter()
            .enumerate()
            .map(|(b, f)| if b == a { &identity } else { f.basis() })
            .collect();
        let mut y = r.to_vec();
        project_in_place(&bases, &mut y, &mut scratch.beta);
        // α = (y − Q Qᵀ y)/σ² + Q α̃ = y/σ² + Q (α̃ − Qᵀy/σ²), and Qᵀy = D α̃.
        let d = self.diagonal();
        let inside: Vec<f64> =
            scratch.tilde.iter().zip(d).map(|(alpha, d)| alpha * (1.0 - d / self.noise)).collect();
        scratch.beta.resize(y.len(), 0.0);
        factor.basis().expand(&inside, left, right, &mut scratch.beta);
        let fast = outer(self.factors[a + 1..].iter().map(Spectral::values));
        let slow = outer(self.factors[..a].iter().map(Spectral::values));
        for (l, block) in y.chunks_exact_mut(n * right).enumerate() {
            for (i, row) in block.chunks_exact_mut(right).enumerate() {
                let at = (l * n + i) * right;
                for (k, v) in row.iter_mut().enumerate() {
                    let alpha = *v / self.noise + scratch.beta[at + k];
                    *v = alpha * (slow[l] * fast[k]).sqrt();
                }
            }
        }
        let outside = slow.iter().sum::<f64>() * fast.iter().sum::<f64>() / self.noise;
        (y, weights.iter().map(|w| w - outside).collect(), outside)
    }

    /// α = A⁻¹ r on the grid.
    pub(super) fn alpha(&self, r: &[f64], scratch: &Scratch) -> Vec<f64> {
        let inside = || self.inside(&scratch.tilde);
        alpha_on_grid(&self.bases(), scratch.tilde.clone(), inside, r, self.noise)
    }
}

/// tr K and a bound on what was dropped of it.
pub(super) fn trace_and_dropped(f: &Spectral) -> (f64, f64) {
    (f.values().iter().sum::<f64>() + f.dropped(), f.dropped())
}

/// The norm of what rounding may be in ⊗Kₐ, as far as the factors say.
fn rounding(factors: &[Spectral]) -> f64 {
    let largest = |f: &Spectral| f.values().iter().copied().fold(0.0, f64::max);
    let of = |(a, f): (usize, &Spectral)| -> f64 {
        let others = factors.iter().enumerate().filter(|(b, _)| *b != a);
        f.rounding() * others.map(|(_, f)| largest(f)).product::<f64>()
    };
    factors.iter().enumerate().map(of).sum()
}

/// Sums over cells of the eigenbasis.
#[derive(Debug, Default)]
struct Sums {
    norm: f64,
    quadratic: f64,
    log_det: f64,
    alpha_squared: f64,
    inverse: f64,
    scale_bar: f64,
    last: Vec<f64>,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.norm += other.norm;
        self.quadratic += other.quadratic;
        self.log_det += other.log_det;
        self.alpha_squared += other.alpha_squared;
        self.inverse += other.inverse;
        self.scale_bar += other.scale_bar;
        self.last.iter_mut().zip(&other.last).for_each(|(a, b)| *a += b);
    }
}

/// √λ, with a floor far below rounding so that it can be divided out again; also where all λ are 0,
/// since the other axes are weighted with it.
fn root_weights(values: &[f64]) -> Vec<f64> {
    let largest = values.iter().copied().fold(0.0, f64::max);
    let floor = 1e-60 * if largest > 0.0 { largest } else { 1.0 };
    values.iter().map(|v| v.max(floor).sqrt()).collect()
}

/// wₐ for every axis but the last, from Σ λ/D over the last.
fn contract(factors: &[Spectral], contracted: &[f64]) -> Vec<Vec<f64>> {
    let others = &factors[..factors.len() - 1];
    (0..others.len())
        .map(|a| {
            let slow = outer(others[..a].iter().map(Spectral::values));
            let fast = outer(others[a + 1..].iter().map(Spectral::values));
            let r = others[a].rank();
            let mut w = vec![0.0; r];
            for (l, slow) in slow.iter().enumerate() {
                for (i, w) in w.iter_mut().enumerate() {
                    let row = &contracted[(l * r + i) * fast.len()..][..fast.len()];
                    *w += slow * row.iter().zip(&fast).map(|(c, f)| c * f).sum::<f64>();
                }
            }
            w
        })
        .collect()
}
