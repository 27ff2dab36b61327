//! A random field on a product of axes, from unknowns that stay round where the data say much.

use faer::Mat;
use gridgp_dense::{mode_contraction, mode_product, settle_registers};
use gridgp_dist::special::LN_SQRT_2PI;
use gridgp_grid::{Grid, Result};
use gridgp_model::Field;
use gridgp_model::param::Value;

use super::axis_spectrum::AxisSpectrum;
use super::divided_difference::pair_sums;
use super::latent_field::LatentField;

/// f = amplitude · (⊗Rₐ) z with z = (I + τ · amplitude² ⊗Sₐ)^(−½) u and Sₐ = RₐᵀRₐ.
///
/// If every value of f were observed once with variance 1/τ, then u given θ would be normal with
/// covariance I, for every θ. As τ → 0 it is the whitened form with symmetric roots (non-centered),
/// where τ is large it is √τ f (centered), and each eigenvector of ⊗Sₐ is treated as its own signal
/// needs. For any τ it is exact: z ~ N(0, I) gives
///
/// ```text
/// log p(u | θ) = Σ (−½ cₖ ũₖ² + ½ log cₖ − ½ log 2π),   c = 1/(1 + τ · amplitude² ⊗s),   ũ = (⊗Vₐᵀ) u
/// ```
///
/// A power of a matrix is a smooth function of it. Its derivative meets eigenvalues in divided
/// differences, (h(x) − h(y))/(x − y), never as 1/(x − y), and those of these powers have formulas
/// without a difference.
#[derive(Debug, Clone)]
pub(super) struct InformedProduct {
    amplitude: Value,
    axes: Vec<AxisSpectrum>,
    /// (left, r, right) of each axis in the tensor of the unknowns.
    views: Vec<(usize, usize, usize)>,
    /// ũ.
    turned: Vec<f64>,
    /// ⊗s.
    information: Vec<f64>,
    /// √c.
    shrink: Vec<f64>,
    /// amplitude · ⊗roots.
    gain: Vec<f64>,
    /// The tensor before and after each product with a reach; `stages[0]` is gain √c ũ.
    stages: Vec<Vec<f64>>,
    /// Their adjoints.
    bars: Vec<Vec<f64>>,
    scratch: [Vec<f64>; 4],
    /// For each axis the adjoint of the spectrum in two parts, and of the reach.
    pairs: Vec<Vec<f64>>,
    spectrum_bars: Vec<Mat<f64>>,
    reach_bars: Vec<Mat<f64>>,
}

impl InformedProduct {
    pub(super) fn new(field: &Field, grid: &Grid, jitter: f64) -> Result<Self> {
        let along = field.axes.iter().zip(grid.axes());
        let axes = along
            .filter_map(|(kernel, axis)| {
                let kernel = kernel.clone()?;
                Some(AxisSpectrum::new(axis.name(), kernel, jitter))
            })
            .collect::<Result<Vec<_>>>()?;
        let ranks: Vec<usize> = axes.iter().map(AxisSpectrum::rank).collect();
        let views = (0..axes.len())
            .map(|a| (ranks[..a].iter().product(), ranks[a], ranks[a + 1..].iter().product()))
            .collect();
        let stage = |done: usize| -> usize {
            let size = |(a, axis): (usize, &AxisSpectrum)| {
                if a < done { axis.size() } else { axis.rank() }
            };
            axes.iter().enumerate().map(size).product()
        };
        let stages: Vec<Vec<f64>> = (0..=axes.len()).map(|done| vec![0.0; stage(done)]).collect();
        let zeros = vec![0.0; stage(0)];
        Ok(Self {
            amplitude: field.amplitude,
            views,
            turned: zeros.clone(),
            information: zeros.clone(),
            shrink: zeros.clone(),
            gain: zeros.clone(),
            bars: stages.clone(),
            stages,
            scratch: std::array::from_fn(|_| zeros.clone()),
            pairs: ranks.iter().map(|r| vec![0.0; r * r]).collect(),
            spectrum_bars: ranks.iter().map(|&r| Mat::zeros(r, r)).collect(),
            reach_bars: axes.iter().map(|a| Mat::zeros(a.size(), a.rank())).collect(),
            axes,
        })
    }

    /// Number of unknowns: ∏ rₐ.
    pub(super) fn unknowns(&self) -> usize {
        self.turned.len()
    }

    /// The field on its axes, row-major.
    pub(super) fn values(&self) -> &[f64] {
        self.stages.last().expect("there is the first stage")
    }

    /// The field at θ and u, with information τ about each of its values; log p(u | θ).
    ///
    /// # Errors
    /// As [`AxisSpectrum::update`].
    pub(super) fn update(&mut self, theta: &[f64], tau: f64, u: &[f64]) -> Result<f64> {
        self.move_to(theta, tau)?;
        self.turned.copy_from_slice(u);
        self.turn(true);
        let mut log_density = 0.0;
        for (k, u) in self.turned.iter().enumerate() {
            let h = self.shrink[k];
            let z = h * u;
            self.stages[0][k] = self.gain[k] * z;
            log_density += h.ln() - 0.5 * z * z - LN_SQRT_2PI;
        }
        for a in 0..self.axes.len() {
            let (left, right) = self.sides(a);
            let (before, after) = self.stages.split_at_mut(a + 1);
            mode_product(self.axes[a].reach(), &before[a], left, right, &mut after[0]);
        }
        settle_registers();
        Ok(log_density)
    }

    /// What does not depend on u.
    fn move_to(&mut self, theta: &[f64], tau: f64) -> Result<()> {
        for axis in &mut self.axes {
            axis.update(theta)?;
        }
        let amplitude = self.amplitude.at(theta);
        self.information.fill(1.0);
        self.gain.fill(amplitude);
        for (axis, &view) in self.axes.iter().zip(&self.views) {
            multiply_along(&mut self.information, view, axis.values());
            if axis.is_symmetric() {
                multiply_along(&mut self.gain, view, axis.roots());
            }
        }
        let scale = tau * amplitude * amplitude;
        for (h, s) in self.shrink.iter_mut().zip(&self.information) {
            *h = 1.0 / (1.0 + scale * s).sqrt();
        }
        Ok(())
    }

    /// Adds the derivatives of likelihood and log p(u | θ) to `theta_bar` and `u_bar`, from the
    /// adjoint of the values; the derivative with respect to τ.
    pub(super) fn vjp(
        &mut self,
        theta: &[f64],
        tau: f64,
        values_bar: &[f64],
        theta_bar: &mut [f64],
        u_bar: &mut [f64],
    ) -> f64 {
        let amplitude = self.amplitude.at(theta);
        let count = self.axes.len();
        self.bars[count].copy_from_slice(values_bar);
        for a in (0..count).rev() {
            let (left, right) = self.sides(a);
            let (before, after) = self.bars.split_at_mut(a + 1);
            let reach = self.axes[a].reach();
            mode_product(reach.transpose(), &after[0], left, right, &mut before[a]);
        }
        settle_registers();
        // With x = τ amplitude² ⊗s, √c = h(x) and w = gain h ũ, the total is ⟨w̄, w⟩ + log p(u).
        let (mut amplitude_bar, mut scale_bar) = (0.0, 0.0);
        let scale = tau * amplitude * amplitude;
        let w_bar = &self.bars[0];
        for k in 0..self.turned.len() {
            let (h, u) = (self.shrink[k], self.turned[k]);
            let (z, z_bar) = (h * u, self.gain[k] * w_bar[k]);
            amplitude_bar += z_bar * z;
            let c = h * h;
            scale_bar -= 0.5 * c * (z_bar * z - z * z + 1.0) * self.information[k];
            // Of ũ.
            self.scratch[0][k] = h * (z_bar - z);
        }
        let amplitude_bar = amplitude_bar / amplitude + 2.0 * tau * amplitude * scale_bar;
        self.amplitude.pull_back(amplitude_bar, theta_bar);
        for a in 0..count {
            if self.axes[a].is_free() {
                self.axis_vjp(a, scale, amplitude * amplitude, theta_bar);
            }
        }
        self.turned.copy_from_slice(&self.scratch[0]);
        self.turn(false);
        u_bar.copy_from_slice(&self.turned);
        amplitude * amplitude * scale_bar
    }

    /// The pullback through the kernel of one axis.
    ///
    /// At other indices r fixed, u enters the field through a function of Sₐ: √(s c(ρs)) for the
    /// symmetric root and √c(ρs) for features, ρ = τ amplitude² ∏ s of the other axes. Their divided
    /// differences are c c'/(√(sc) + √(s'c')) and −ρ c c'/(√c + √c'); that of c, by which
    /// −½ ũᵀcũ goes with Sₐ, is −ρ c c'.
    fn axis_vjp(&mut self, a: usize, scale: f64, variance: f64, theta_bar: &mut [f64]) {
        let (left, r, right) = self.views[a];
        let is_symmetric = self.axes[a].is_symmetric();
        let [_, others, alpha, beta] = &mut self.scratch;
        let others_of = |out: &mut Vec<f64>, first: f64, symmetric_only: bool| {
            out.fill(first);
            for (b, (axis, &view)) in self.axes.iter().zip(&self.views).enumerate() {
                if b != a && (axis.is_symmetric() || !symmetric_only) {
                    multiply_along(out, view, axis.values());
                }
            }
        };
        let spectrum_bar = &mut self.spectrum_bars[a];
        others_of(others, scale, false);
        // From log p(u): ½ Σ ρ c ũ c' ũ', and on the diagonal −½ Σ ρ c.
        for k in 0..others.len() {
            let c = self.shrink[k] * self.shrink[k];
            beta[k] = c * self.turned[k];
            alpha[k] = others[k] * beta[k];
        }
        mode_contraction(alpha, beta, left, right, spectrum_bar.as_mut());
        settle_registers();
        for l in 0..left {
            for i in 0..r {
                let at = (l * r + i) * right;
                let sum: f64 =
                    (at..at + right).map(|k| others[k] * self.shrink[k] * self.shrink[k]).sum();
                spectrum_bar[(i, i)] -= sum;
            }
        }
        // From the likelihood.
        if is_symmetric {
            others_of(others, variance, true);
            for k in 0..others.len() {
                let h = self.shrink[k];
                alpha[k] = others[k] * h * h * self.bars[0][k];
                // √(sc), times what the other axes and the amplitude add.
                others[k] = self.gain[k] * h;
            }
        } else {
            for k in 0..others.len() {
                let h = self.shrink[k];
                alpha[k] = -others[k] * h * h * self.gain[k] * self.bars[0][k];
                others[k] = h;
            }
        }
        let pairs = &mut self.pairs[a];
        pair_sums(alpha, beta, others, (left, r, right), self.axes[a].blocks(), pairs);
        // Both parts are twice what they should be; what lies outside of the blocks is nothing.
        for i in 0..r {
            for j in 0..r {
                let inside = self.axes[a].blocks().iter().any(|b| b.contains(&i) && b.contains(&j));
                let sum = spectrum_bar[(i, j)] + pairs[i * r + j];
                spectrum_bar[(i, j)] = if inside { 0.5 * sum } else { 0.0 };
            }
        }
        let reach_bar = if is_symmetric {
            None
        } else {
            let (left, right) = self.sides(a);
            let bar = self.reach_bars[a].as_mut();
            mode_contraction(&self.bars[a + 1], &self.stages[a], left, right, bar);
            Some(self.reach_bars[a].as_mut())
        };
        self.axes[a].vjp(self.spectrum_bars[a].as_ref(), reach_bar, theta_bar);
    }

    /// The whitened unknowns z of `whitened`, the same field with Cholesky roots, after
    /// [`update`](Self::update) of both at the same θ.
    pub(super) fn write_whitened(&mut self, whitened: &LatentField, z: &mut [f64]) {
        for ((z, u), h) in z.iter_mut().zip(&self.turned).zip(&self.shrink) {
            *z = u * h;
        }
        for (a, axis) in whitened.roots().iter().enumerate() {
            let (left, _, right) = self.views[a];
            let root = axis.matrix().expect("a product has no long axis");
            let rotation = root.rotation(&self.axes[a]);
            self.scratch[0].copy_from_slice(z);
            mode_product(rotation.as_ref(), &self.scratch[0], left, right, z);
        }
        settle_registers();
    }

    /// The inverse of [`write_whitened`](Self::write_whitened), after an update of `whitened`.
    ///
    /// # Errors
    /// As [`AxisSpectrum::update`].
    pub(super) fn read_whitened(
        &mut self,
        whitened: &LatentField,
        theta: &[f64],
        tau: f64,
        u: &mut [f64],
    ) -> Result<()> {
        self.move_to(theta, tau)?;
        self.turned.copy_from_slice(whitened.z());
        for (a, axis) in whitened.roots().iter().enumerate() {
            let (left, _, right) = self.views[a];
            let root = axis.matrix().expect("a product has no long axis");
            let rotation = root.rotation(&self.axes[a]);
            self.scratch[0].copy_from_slice(&self.turned);
            let turned = &mut self.turned;
            mode_product(rotation.transpose(), &self.scratch[0], left, right, turned);
        }
        self.turned.iter_mut().zip(&self.shrink).for_each(|(u, h)| *u /= h);
        self.turn(false);
        u.copy_from_slice(&self.turned);
        Ok(())
    }

    /// Turns `turned` into the eigenvectors of all axes, or back.
    fn turn(&mut self, into: bool) {
        for (axis, &(left, _, right)) in self.axes.iter().zip(&self.views) {
            std::mem::swap(&mut self.turned, &mut self.scratch[1]);
            let v = axis.vectors();
            let v = if into { v.transpose() } else { v };
            mode_product(v, &self.scratch[1], left, right, &mut self.turned);
        }
        settle_registers();
    }

    /// Sizes of the axes before `a`, which have been multiplied, and after it, which have not.
    fn sides(&self, a: usize) -> (usize, usize) {
        let left = self.axes[..a].iter().map(AxisSpectrum::size).product();
        let right = self.axes[a + 1..].iter().map(AxisSpectrum::rank).product();
        (left, right)
    }
}

/// x\[l, i, r\] *= v\[i\].
fn multiply_along(x: &mut [f64], (_, n, right): (usize, usize, usize), v: &[f64]) {
    for block in x.chunks_exact_mut(n * right) {
        for (row, v) in block.chunks_exact_mut(right).zip(v) {
            row.iter_mut().for_each(|x| *x *= v);
        }
    }
}
