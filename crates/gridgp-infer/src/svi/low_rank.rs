//! A diagonal plus a matrix of low rank.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::guide::Shape;
use crate::history::dot;

/// More columns cost more than they find; and so many numbers fit on the stack.
pub(super) const MAX_RANK: usize = 64;
/// Entries with which U begins: at exactly 0 its gradient vanishes and it would stay there.
const BEGIN: f64 = 0.1;

/// w = ε₁ + U ε₂ with ε₁ of length d and ε₂ of length k; the parameters are U (d × k), row by row.
///
/// With M = I + Uᵀ U, k × k: log det(I + U Uᵀ) = log det M, and (I + U Uᵀ)⁻¹ = I − U M⁻¹ Uᵀ.
///
/// # Source
/// Ong, Nott and Smith (2018), Journal of Computational and Graphical Statistics 27, 465–478, for
/// the family (there B Bᵀ + D²; here the diagonal also scales U).
pub(super) struct LowRank {
    dim: usize,
    rank: usize,
    /// The lower triangular L of M = L Lᵀ, k × k.
    factor: Vec<f64>,
    log_det: f64,
}

impl LowRank {
    pub(super) fn new(dim: usize, rank: usize) -> Self {
        Self { dim, rank, factor: vec![0.0; rank * rank], log_det: 0.0 }
    }

    /// v = L⁻¹ v.
    fn forward(&self, v: &mut [f64]) {
        let k = self.rank;
        for i in 0..k {
            let known = dot(&self.factor[i * k..i * k + i], v);
            v[i] = (v[i] - known) / self.factor[i * k + i];
        }
    }

    /// v = L⁻ᵀ v.
    fn backward(&self, v: &mut [f64]) {
        let k = self.rank;
        for i in (0..k).rev() {
            v[i] /= self.factor[i * k + i];
            for j in 0..i {
                v[j] -= self.factor[i * k + j] * v[i];
            }
        }
    }
}

impl Shape for LowRank {
    fn parameters(&self, dim: usize) -> usize {
        dim * self.rank
    }

    fn noise(&self, dim: usize) -> usize {
        dim + self.rank
    }

    fn begin(&self, seed: u64, rest: &mut [f64]) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scale = BEGIN / (self.rank as f64).sqrt();
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        rest.iter_mut().for_each(|u| *u = scale * normal());
    }

    /// M and its Cholesky factor. M − I is positive semidefinite, so that no pivot is below 1.
    fn refresh(&mut self, rest: &[f64]) {
        let k = self.rank;
        let m = &mut self.factor;
        m.fill(0.0);
        for row in rest.chunks_exact(k) {
            for i in 0..k {
                for j in 0..=i {
                    m[i * k + j] += row[i] * row[j];
                }
            }
        }
        self.log_det = 0.0;
        for i in 0..k {
            m[i * k + i] += 1.0;
            for j in 0..=i {
                let known = dot(&m[i * k..i * k + j], &m[j * k..j * k + j]);
                let left = m[i * k + j] - known;
                m[i * k + j] = if i == j { left.sqrt() } else { left / m[j * k + j] };
            }
            self.log_det += 2.0 * m[i * k + i].ln();
        }
    }

    fn apply(&self, rest: &[f64], noise: &[f64], w: &mut [f64]) {
        let (own, shared) = noise.split_at(self.dim);
        for ((w, e), u) in w.iter_mut().zip(own).zip(rest.chunks_exact(self.rank)) {
            *w = e + dot(u, shared);
        }
    }

    fn apply_vjp(&self, _rest: &[f64], noise: &[f64], w_bar: &[f64], rest_bar: &mut [f64]) {
        let shared = &noise[self.dim..];
        for (w_bar, u_bar) in w_bar.iter().zip(rest_bar.chunks_exact_mut(self.rank)) {
            for (u_bar, e) in u_bar.iter_mut().zip(shared) {
                *u_bar += w_bar * e;
            }
        }
    }

    fn square(&self, rest: &[f64], _noise: &[f64], w: &[f64]) -> f64 {
        let mut memory = [0.0; MAX_RANK];
        let v = &mut memory[..self.rank];
        for (w, u) in w.iter().zip(rest.chunks_exact(self.rank)) {
            for (v, u) in v.iter_mut().zip(u) {
                *v += w * u;
            }
        }
        self.forward(v);
        dot(w, w) - dot(v, v)
    }

    /// w − U M⁻¹ Uᵀ w.
    fn negative_score(&self, rest: &[f64], _noise: &[f64], mut w: Vec<f64>) -> Option<Vec<f64>> {
        let mut memory = [0.0; MAX_RANK];
        let v = &mut memory[..self.rank];
        for (w, u) in w.iter().zip(rest.chunks_exact(self.rank)) {
            for (v, u) in v.iter_mut().zip(u) {
                *v += w * u;
            }
        }
        self.forward(v);
        self.backward(v);
        for (w, u) in w.iter_mut().zip(rest.chunks_exact(self.rank)) {
            *w -= dot(u, v);
        }
        Some(w)
    }

    fn has_score(&self) -> bool {
        true
    }

    fn log_det(&self) -> f64 {
        self.log_det
    }

    fn variance(&self, rest: &[f64], i: usize) -> f64 {
        let u = &rest[i * self.rank..(i + 1) * self.rank];
        1.0 + dot(u, u)
    }
}
