//! The pullback of the log density.

use faer::{Mat, MatRef, Scale};
use gridgp_linalg::mode_gram;

use super::{KroneckerNormal, modes};

/// The adjoints of everything that the log density depends on.
#[derive(Debug, Clone)]
pub struct Gradient {
    /// Of the values x, N × batch.
    pub value: Mat<f64>,
    /// Of the mean μ, N numbers.
    pub mean: Vec<f64>,
    /// Of σ; 0 at σ = 0.
    pub sigma: f64,
    /// Of each covariance Kₐ, nₐ × nₐ and symmetric; [`Factor::root_bar`](super::Factor::root_bar)
    /// turns it into that of a root.
    pub factors: Vec<Mat<f64>>,
}

impl KroneckerNormal {
    /// The pullback of [`log_prob`](Self::log_prob): the gradient of Σ_b ℓ̄_b log p(x_b).
    ///
    /// With α = (K + σ²I)⁻¹(x − μ): x̄ = −α, μ̄ = α, σ̄ = σ(‖α‖² − tr (K + σ²I)⁻¹), and for each
    /// axis K̄ₐ = ½(Aₐ − Wₐ), with Aₐ = α₍ₐ₎(⊗_{b≠a} K_b)α₍ₐ₎ᵀ and Wₐ that of the log determinant. No
    /// eigenvector is differentiated, so repeated eigenvalues do no harm.
    ///
    /// Columns of log density −∞ contribute nothing. With σ = 0 and singular factors the adjoints
    /// are those of changes that keep the support where it is: α and K̄ₐ lie within it.
    ///
    /// # Panics
    /// If `x` does not have N rows, or `log_prob_bar` does not have one number for each column.
    pub fn log_prob_vjp(&self, x: MatRef<'_, f64>, log_prob_bar: &[f64]) -> Gradient {
        assert_eq!(x.ncols(), log_prob_bar.len(), "one adjoint for each column");
        let n = self.size();
        let noise = self.sigma * self.sigma;
        let mut value = Mat::zeros(n, x.ncols());
        let mut mean = vec![0.0; n];
        let mut squares = 0.0;
        let mut weight = 0.0;
        let mut factors: Vec<Mat<f64>> =
            self.factors.iter().map(|f| Mat::zeros(f.size(), f.size())).collect();
        let roots: Vec<Mat<f64>> = self.factors.iter().map(weighted_basis).collect();
        let mut first = 0;
        for block in self.blocks(x) {
            let rotated = self.rotate(block);
            let log_probs = self.log_probs_of(block, &rotated);
            let mut inside = rotated.inside;
            let divisors = self.variances.iter().cycle();
            inside.iter_mut().zip(divisors).for_each(|(t, d)| *t /= d);
            let mut alpha = self.expand(inside, block.ncols());
            if let (Some(outside), true) = (&rotated.outside, self.sigma > 0.0) {
                alpha.iter_mut().zip(outside).for_each(|(a, o)| *a += o / noise);
            }
            for (b, log_prob) in log_probs.into_iter().enumerate() {
                let bar = log_prob_bar[first + b];
                if log_prob == f64::NEG_INFINITY {
                    continue;
                }
                let alpha = &alpha[b * n..][..n];
                let values = value.as_mut().col_mut(first + b).iter_mut();
                values.zip(alpha).for_each(|(v, a)| *v = -bar * a);
                mean.iter_mut().zip(alpha).for_each(|(m, a)| *m += bar * a);
                squares += bar * alpha.iter().map(|a| a * a).sum::<f64>();
                weight += bar;
                for (axis, factor_bar) in factors.iter_mut().enumerate() {
                    *factor_bar += Scale(0.5 * bar) * self.quadratic_adjoint(alpha, axis, &roots);
                }
            }
            first += block.ncols();
        }
        let mut inverse_trace: f64 = self.variances.iter().map(|d| 1.0 / d).sum();
        if self.sigma > 0.0 {
            inverse_trace += (n - self.variances.len()) as f64 / noise;
        }
        for (axis, factor_bar) in factors.iter_mut().enumerate() {
            *factor_bar -= Scale(0.5 * weight) * self.log_det_adjoint(axis);
        }
        let sigma =
            if self.sigma > 0.0 { self.sigma * (squares - weight * inverse_trace) } else { 0.0 };
        Gradient { value, mean, sigma, factors }
    }

    /// Aₐ = α₍ₐ₎(⊗_{b≠a} K_b)α₍ₐ₎ᵀ, by roots of the other K_b.
    fn quadratic_adjoint(&self, alpha: &[f64], axis: usize, roots: &[Mat<f64>]) -> Mat<f64> {
        let mut shape = self.shape();
        let mut x = alpha.to_vec();
        let others =
            roots.iter().enumerate().map(|(b, root)| (b != axis).then(|| root.transpose()));
        modes::apply(others, 1, &mut shape, &mut x, &mut Vec::new());
        let (left, right) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
        mode_gram(&x, left, shape[axis], right)
    }

    /// Wₐ = ∂ log det / ∂Kₐ: Qₐ diag(w) Qₐᵀ, and beyond Qₐ the traces of the other factors over σ².
    fn log_det_adjoint(&self, axis: usize) -> Mat<f64> {
        let factor = &self.factors[axis];
        let mut shape: Vec<usize> = self.factors.iter().map(|f| f.rank()).collect();
        let mut w: Vec<f64> = self.variances.iter().map(|d| 1.0 / d).collect();
        let others = self.factors.iter().enumerate().map(|(b, f)| {
            (b != axis).then(|| MatRef::from_row_major_slice(f.values(), 1, f.rank()))
        });
        modes::apply(others, 1, &mut shape, &mut w, &mut Vec::new());
        let traces = self.factors.iter().enumerate().filter(|(b, _)| *b != axis);
        let beyond = if self.sigma > 0.0 && factor.rank() < factor.size() {
            traces.map(|(_, f)| f.trace()).product::<f64>() / (self.sigma * self.sigma)
        } else {
            0.0
        };
        let q = factor.basis();
        let scaled = Mat::from_fn(q.nrows(), q.ncols(), |i, j| q[(i, j)] * (w[j] - beyond));
        scaled * q.transpose() + Scale(beyond) * Mat::<f64>::identity(q.nrows(), q.nrows())
    }
}

/// Q diag(√λ).
fn weighted_basis(factor: &super::Factor) -> Mat<f64> {
    let (q, values) = (factor.basis(), factor.values());
    Mat::from_fn(q.nrows(), q.ncols(), |i, j| q[(i, j)] * values[j].sqrt())
}
