//! log N(r; 0, s·⊗Kₐ + σ²I) where one axis is long and the others have few eigenvalues λ.
//!
//! In the eigenvectors of the other axes the covariance falls into one matrix Aⱼ = s λⱼ K + σ²I for
//! each λⱼ, and a Cholesky factor with an inverse costs an eighth of an eigenproblem. With
//! αⱼ = Aⱼ⁻¹ r̃ⱼ and tⱼ = tr(Aⱼ⁻¹ K):
//!
//! ∂ℓ/∂K = (s/2) Σ λⱼ (αⱼ αⱼᵀ − Aⱼ⁻¹), ∂ℓ/∂s = ½ Σ λⱼ (αⱼᵀ K αⱼ − tⱼ),
//!
//! and for another axis b ∂ℓ/∂K_b = (s/2) (B − diag w), where B contracts α with Kα and w the t with
//! the λ of the remaining axes.

use std::f64::consts::PI;

use faer::{Accum, Mat, MatMut, MatRef};
use gridgp_dense::gemm::{gemm, parallelism};
use gridgp_dense::{Basis, Cholesky, Spectral, project_in_place};
use gridgp_grid::{Error, Result};

use super::super::gaps::eigenvalues;
use super::covariance::{
    Value, alpha_on_grid, dropped, norm_outside, perturbation, split_diagonal, truncation,
};
use super::kronecker::trace_and_dropped;

/// Up to so many eigenvalues of the other axes a Cholesky factor for each is cheaper than the
/// eigenproblem, which costs 6 to 10 of them (4 to 800 points, with the inverse, one thread).
pub(super) const FEW: usize = 6;

/// Buffers that live from one evaluation to the next. Tensors have the long axis last: for each λⱼ
/// its n values.
#[derive(Debug, Default, Clone)]
pub(super) struct Scratch {
    /// r̃.
    tilde: Vec<f64>,
    alpha: Vec<f64>,
    /// K α.
    k_alpha: Vec<f64>,
    /// Σ λⱼ (αⱼ αⱼᵀ − Aⱼ⁻¹), a block each, lower triangles.
    bars: Vec<Mat<f64>>,
    /// tⱼ.
    traces: Vec<f64>,
    /// What a block needs to be factorized.
    blocks: Vec<BlockScratch>,
}

#[derive(Debug, Clone)]
struct BlockScratch {
    factor: Cholesky,
    shifted: Mat<f64>,
    l_inverse: Mat<f64>,
    inverse: Mat<f64>,
}

/// s·⊗Kₐ + σ²I.
pub(super) struct LongAxis {
    /// Which axis is long.
    pub(super) axis: usize,
    /// Where K is block diagonal.
    pub(super) basis: Basis,
    /// The blocks of K.
    pub(super) blocks: Vec<Mat<f64>>,
    /// The spectral factors of the other axes, in order.
    pub(super) others: Vec<Spectral>,
    pub(super) scale: f64,
    pub(super) noise: f64,
}

impl LongAxis {
    /// As [`super::covariance::Covariance::evaluate`].
    ///
    /// # Errors
    /// [`Error::Singular`] where σ² is too small beside s λ K.
    pub(super) fn evaluate(&self, r: &[f64], scratch: &mut Scratch) -> Result<Value> {
        let n = self.basis.size();
        let lambdas = eigenvalues(&self.others);
        scratch.tilde.clear();
        scratch.tilde.extend_from_slice(r);
        project_in_place(&self.bases(), &mut scratch.tilde, &mut scratch.alpha);
        let norm: f64 = scratch.tilde.iter().map(|v| v * v).sum();
        self.put_last(&mut scratch.tilde, &mut scratch.alpha);
        scratch.alpha.clone_from(&scratch.tilde);
        self.fit_memory(scratch);

        let mut sums = Sums::default();
        scratch.traces.clear();
        for (&lambda, alpha) in lambdas.iter().zip(scratch.alpha.chunks_exact_mut(n)) {
            let mut trace = 0.0;
            for (b, (first, count)) in self.basis.blocks().into_iter().enumerate() {
                let memory = &mut scratch.blocks[b];
                self.factorize(&self.blocks[b], lambda, memory)?;
                let alpha = &mut alpha[first..][..count];
                memory.factor.solve_l(alpha);
                sums.quadratic += alpha.iter().map(|v| v * v).sum::<f64>();
                memory.factor.solve_lt(alpha);
                sums.log_det += memory.factor.log_det();
                sums.alpha_squared += alpha.iter().map(|v| v * v).sum::<f64>();
                let BlockScratch { factor, l_inverse, inverse, .. } = memory;
                factor.inverse_lower(l_inverse.as_mut(), inverse.as_mut());
                sums.inverse += (0..count).map(|i| inverse[(i, i)]).sum::<f64>();
                let bar = scratch.bars[b].as_mut();
                trace += add_bar(lambda, alpha, inverse.as_ref(), self.blocks[b].as_ref(), bar);
            }
            scratch.traces.push(trace);
        }
        scratch.k_alpha.resize(scratch.alpha.len(), 0.0);
        self.multiply(&scratch.alpha, &mut scratch.k_alpha);
        let products = scratch.alpha.chunks_exact(n).zip(scratch.k_alpha.chunks_exact(n));
        let scale_bar = products
            .zip(lambdas.iter().zip(&scratch.traces))
            .map(|((a, k), (l, t))| l * (a.iter().zip(k).map(|(a, k)| a * k).sum::<f64>() - t));

        let mut value = Value {
            log_prob: -0.5 * (sums.quadratic + sums.log_det + r.len() as f64 * (2.0 * PI).ln()),
            scale_bar: 0.5 * scale_bar.sum::<f64>(),
            noise_bar: 0.5 * (sums.alpha_squared - sums.inverse),
            truncation: 0.0,
        };
        let outside = r.len() - scratch.tilde.len();
        if outside > 0 {
            let inside = || self.put_back(&scratch.tilde);
            let rest = norm_outside(&self.bases(), r, norm, inside);
            value.leave_outside(rest, outside, self.noise);
            let mut traces: Vec<_> = self.others.iter().map(trace_and_dropped).collect();
            traces.push((self.trace(), 0.0));
            let dropped = self.scale * dropped(&traces);
            value.truncation = truncation(dropped, self.noise, sums.alpha_squared, rest);
        }
        let most = lambdas.iter().copied().fold(0.0, f64::max);
        let rounding = self.scale * most * f64::EPSILON * (n as f64).sqrt() * self.largest();
        value.truncation += perturbation(rounding, sums.inverse, sums.alpha_squared);
        Ok(value)
    }

    /// As [`super::covariance::Covariance::alpha`].
    pub(super) fn alpha(&self, r: &[f64], scratch: &Scratch) -> Vec<f64> {
        let inside = || self.put_back(&scratch.tilde);
        alpha_on_grid(&self.bases(), self.put_back(&scratch.alpha), inside, r, self.noise)
    }

    /// As [`super::covariance::Covariance::gram_bar`].
    pub(super) fn gram_bar(&self, a: usize, r: &[f64], scratch: &Scratch) -> Mat<f64> {
        if a != self.axis {
            return self.other_bar(a, r, scratch);
        }
        let whole = |bar: &Mat<f64>| {
            let entry = |i: usize, j: usize| 0.5 * self.scale * bar[(i.max(j), i.min(j))];
            Mat::from_fn(bar.nrows(), bar.nrows(), entry)
        };
        self.basis.congruence(scratch.bars.iter().map(whole).collect())
    }

    /// The same for another axis, on its points: where its eigenvectors do not span it, the part
    /// outside matters to the derivative, because a parameter may move the span.
    fn other_bar(&self, a: usize, r: &[f64], scratch: &Scratch) -> Mat<f64> {
        let at = if a < self.axis { a } else { a - 1 };
        let (before, rest) = self.others.split_at(at);
        let (factor, after) = rest.split_first().expect("the axis is among the others");
        let (slow, fast) = (eigenvalues(before), eigenvalues(after));
        let (n, m, rank) = (self.basis.size(), factor.size(), factor.rank());
        let (left, right) = (slow.len(), fast.len());

        let mut alpha = vec![0.0; left * m * right * n];
        let mut outside = 0.0;
        if rank == m {
            factor.basis().expand(&scratch.alpha, left, right * n, &mut alpha);
        } else {
            // α = (y − Q Qᵀ y)/σ² + Q α̃ with y = r in the bases of all axes but this one.
            let differences = scratch.alpha.iter().zip(&scratch.tilde);
            let inside: Vec<f64> = differences.map(|(a, t)| a - t / self.noise).collect();
            factor.basis().expand(&inside, left, right * n, &mut alpha);
            let identity = Basis::Identity { size: m };
            let mut bases = self.bases();
            bases[a] = &identity;
            let (mut y, mut work) = (r.to_vec(), Vec::new());
            project_in_place(&bases, &mut y, &mut work);
            put_last(&mut y, &mut work, n, self.right(Some((at, m))));
            alpha.iter_mut().zip(y).for_each(|(a, y)| *a += y / self.noise);
            outside =
                slow.iter().sum::<f64>() * fast.iter().sum::<f64>() * self.trace() / self.noise;
        }
        let mut k_alpha = vec![0.0; alpha.len()];
        self.multiply(&alpha, &mut k_alpha);
        for (i, row) in k_alpha.chunks_exact_mut(n).enumerate() {
            let lambda = slow[i / (m * right)] * fast[i % right];
            row.iter_mut().for_each(|v| *v *= lambda);
        }
        let mut bar = Mat::zeros(m, m);
        let columns = right * n;
        for (x, y) in alpha.chunks_exact(m * columns).zip(k_alpha.chunks_exact(m * columns)) {
            let x = MatRef::from_row_major_slice(x, m, columns);
            let y = MatRef::from_row_major_slice(y, m, columns);
            gemm(bar.as_mut(), Accum::Add, x, y.transpose(), parallelism(2 * m * m * columns));
        }
        let mut shifted = vec![-outside; rank];
        for (i, t) in scratch.traces.iter().enumerate() {
            shifted[i / right % rank] += slow[i / (rank * right)] * fast[i % right] * t;
        }
        let trace = factor.basis().congruence(split_diagonal(factor.basis(), &shifted));
        Mat::from_fn(m, m, |i, j| {
            let t = trace[(i, j)] + if i == j { outside } else { 0.0 };
            0.5 * self.scale * (0.5 * (bar[(i, j)] + bar[(j, i)]) - t)
        })
    }

    /// The bases of all axes, in order.
    fn bases(&self) -> Vec<&Basis> {
        let mut bases: Vec<&Basis> = self.others.iter().map(Spectral::basis).collect();
        bases.insert(self.axis, &self.basis);
        bases
    }

    /// tr K.
    fn trace(&self) -> f64 {
        self.blocks.iter().map(|k| k.diagonal().column_vector().sum()).sum()
    }

    /// The largest diagonal entry of the blocks of K.
    fn largest(&self) -> f64 {
        let of = |k: &Mat<f64>| k.diagonal().column_vector().iter().copied().fold(0.0, f64::max);
        self.blocks.iter().map(of).fold(0.0, f64::max)
    }

    /// Number of λ that belong to the axes after the long one; with `(b, m)` the other axis b counts
    /// m.
    fn right(&self, instead: Option<(usize, usize)>) -> usize {
        let count = |(b, f): (usize, &Spectral)| match instead {
            Some((other, m)) if other == b => m,
            _ => f.rank(),
        };
        self.others.iter().enumerate().skip(self.axis).map(count).product()
    }

    fn put_last(&self, x: &mut Vec<f64>, work: &mut Vec<f64>) {
        put_last(x, work, self.basis.size(), self.right(None));
    }

    /// A tensor with the axes in their order from one with the long axis last.
    fn put_back(&self, x: &[f64]) -> Vec<f64> {
        let (n, right) = (self.basis.size(), self.right(None));
        let mut out = vec![0.0; x.len()];
        for (from, to) in x.chunks_exact(n * right).zip(out.chunks_exact_mut(n * right)) {
            for (k, row) in from.chunks_exact(n).enumerate() {
                row.iter().enumerate().for_each(|(i, v)| to[i * right + k] = *v);
            }
        }
        out
    }

    /// out = K x along the long axis, which is last.
    fn multiply(&self, x: &[f64], out: &mut [f64]) {
        let n = self.basis.size();
        let count = x.len() / n;
        let x = MatRef::from_column_major_slice(x, n, count);
        let mut out = MatMut::from_column_major_slice_mut(out, n, count);
        for (k, (first, size)) in self.blocks.iter().zip(self.basis.blocks()) {
            let out = out.as_mut().subrows_mut(first, size);
            let par = parallelism(2 * size * size * count);
            gemm(out, Accum::Replace, k.as_ref(), x.subrows(first, size), par);
        }
    }

    /// Factorizes s λ K + σ²I for a block of K.
    fn factorize(&self, k: &Mat<f64>, lambda: f64, memory: &mut BlockScratch) -> Result<()> {
        let shift = self.scale * lambda;
        for j in 0..k.ncols() {
            let column = memory.shifted.col_mut(j).iter_mut();
            column.zip(k.col(j).iter()).for_each(|(s, k)| *s = shift * k);
            memory.shifted[(j, j)] += self.noise;
        }
        memory
            .factor
            .update(memory.shifted.as_ref())
            .map_err(|e| Error::Singular(format!("field and noise together: {e}")))
    }

    /// Blocks of the right sizes, sums of 0.
    fn fit_memory(&self, scratch: &mut Scratch) {
        let fits =
            scratch.blocks.iter().map(|b| b.factor.size()).eq(self.blocks.iter().map(Mat::nrows));
        if !fits {
            let zeros = |k: &Mat<f64>| Mat::zeros(k.nrows(), k.nrows());
            scratch.blocks = self
                .blocks
                .iter()
                .map(|k| BlockScratch {
                    factor: Cholesky::identity(k.nrows()),
                    shifted: zeros(k),
                    l_inverse: zeros(k),
                    inverse: zeros(k),
                })
                .collect();
            scratch.bars = self.blocks.iter().map(zeros).collect();
        }
        scratch.bars.iter_mut().for_each(|b| b.fill(0.0));
    }
}

/// bar += λ (α αᵀ − A⁻¹), in lower triangles; returns tr(A⁻¹ K).
fn add_bar(
    lambda: f64,
    alpha: &[f64],
    inverse: MatRef<'_, f64>,
    k: MatRef<'_, f64>,
    mut bar: MatMut<'_, f64>,
) -> f64 {
    let n = alpha.len();
    let mut trace = 0.0;
    for j in 0..n {
        let mut below = 0.0;
        let bars = bar.as_mut().col_mut(j).subrows_mut(j, n - j);
        let entries =
            inverse.col(j).subrows(j, n - j).iter().zip(k.col(j).subrows(j, n - j).iter());
        for ((bar, alpha_i), (inverse, k)) in bars.iter_mut().zip(&alpha[j..]).zip(entries) {
            *bar += lambda * (alpha_i * alpha[j] - inverse);
            below += inverse * k;
        }
        trace += 2.0 * below - inverse[(j, j)] * k[(j, j)];
    }
    trace
}

/// Moves the axis of `n` points, which has `right` entries after it, to the end.
fn put_last(x: &mut Vec<f64>, work: &mut Vec<f64>, n: usize, right: usize) {
    if right == 1 {
        return;
    }
    work.clear();
    for block in x.chunks_exact(n * right) {
        for k in 0..right {
            work.extend(block[k..].iter().step_by(right));
        }
    }
    std::mem::swap(x, work);
}

#[derive(Default)]
struct Sums {
    quadratic: f64,
    log_det: f64,
    alpha_squared: f64,
    inverse: f64,
}
