//! A random field on one axis, from unknowns that stay round where the data say much about it.

use faer::{Accum, Mat};
use gridgp_dense::Cholesky;
use gridgp_dense::gemm::{gemm, gemm_lower, parallelism};
use gridgp_dist::special::LN_SQRT_2PI;
use gridgp_grid::Result;
use gridgp_model::AxisKernel;
use gridgp_model::param::Value;

use super::axis_root::AxisRoot;
use super::latent_field::LatentField;

/// f = amplitude · R z with z = M⁻ᵀ u and M Mᵀ = B = I + τ · amplitude² RᵀR, M upper triangular.
///
/// R is the root of the whitened form, so z is too. It gives
///
/// ```text
/// log p(u | θ) = −½ zᵀz − log det M − r/2 log 2π
/// ```
///
/// With R lower triangular amplitude · R M⁻ᵀ is so as well: it is the Cholesky factor of what would
/// be the covariance of f given the data, which for much information does not turn with θ. A
/// lower triangular M would make it turn.
///
/// Below everything along r stands from the last to the first, so that M is lower triangular.
#[derive(Debug, Clone)]
pub(super) struct InformedAxis {
    amplitude: Value,
    root: AxisRoot,
    /// RᵀR.
    gram: Mat<f64>,
    /// M.
    factor: Cholesky,
    u: Vec<f64>,
    z: Vec<f64>,
    values: Vec<f64>,
    /// Rᵀf̄.
    projected: Vec<f64>,
    u_bar: Vec<f64>,
    scratch: [Mat<f64>; 2],
    /// R̄, where R is made of features.
    root_bar: Mat<f64>,
}

impl InformedAxis {
    pub(super) fn new(
        name: &str,
        kernel: AxisKernel,
        amplitude: Value,
        jitter: f64,
    ) -> Result<Self> {
        let root = AxisRoot::new(name, kernel, jitter)?;
        let (n, r) = (root.size(), root.rank());
        let mut field = Self {
            amplitude,
            gram: Mat::zeros(r, r),
            factor: Cholesky::identity(r),
            u: vec![0.0; r],
            z: vec![0.0; r],
            values: vec![0.0; n],
            projected: vec![0.0; r],
            u_bar: vec![0.0; r],
            scratch: [Mat::zeros(r, r), Mat::zeros(r, r)],
            root_bar: if root.is_triangular() { Mat::new() } else { Mat::zeros(n, r) },
            root,
        };
        if !field.root.is_free() {
            field.multiply_root();
        }
        Ok(field)
    }

    pub(super) fn unknowns(&self) -> usize {
        self.z.len()
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    pub(super) fn update(&mut self, theta: &[f64], tau: f64, u: &[f64]) -> Result<f64> {
        self.move_to(theta, tau)?;
        self.u.copy_from_slice(u);
        self.z.copy_from_slice(u);
        self.factor.solve_lt(&mut self.z);
        let r = self.z.len();
        self.values.fill(0.0);
        let amplitude = self.amplitude.at(theta);
        for (j, z) in self.z.iter().rev().enumerate() {
            let column = self.root.root().col(j);
            let scale = amplitude * z;
            self.values.iter_mut().zip(column.iter()).for_each(|(f, l)| *f += scale * l);
        }
        let squares: f64 = self.z.iter().map(|z| z * z).sum();
        Ok(-0.5 * (squares + self.factor.log_det()) - LN_SQRT_2PI * r as f64)
    }

    /// What does not depend on u.
    fn move_to(&mut self, theta: &[f64], tau: f64) -> Result<()> {
        if self.root.is_free() {
            self.root.update(theta)?;
            self.multiply_root();
        }
        let r = self.z.len();
        let scale = tau * self.amplitude.at(theta).powi(2);
        let b = &mut self.scratch[0];
        for j in 0..r {
            let column = b.col_as_slice_mut(j)[j..].iter_mut();
            column.zip(&self.gram.col_as_slice(j)[j..]).for_each(|(b, g)| *b = scale * g);
            b[(j, j)] += 1.0;
        }
        self.factor.update(b.as_ref()).map_err(|e| self.root.singular(&e))
    }

    fn multiply_root(&mut self) {
        let (root, product) = (self.root.root().transpose(), &mut self.scratch[0]);
        product.fill(0.0);
        let par = parallelism(root.nrows() * root.nrows() * root.ncols());
        gemm_lower(product.as_mut(), root, root, 1.0, par);
        let r = self.z.len();
        for j in 0..r {
            for (i, v) in product.col_as_slice(r - 1 - j)[r - 1 - j..].iter().rev().enumerate() {
                (self.gram[(i, j)], self.gram[(j, i)]) = (*v, *v);
            }
        }
    }

    pub(super) fn vjp(
        &mut self,
        theta: &[f64],
        tau: f64,
        values_bar: &[f64],
        theta_bar: &mut [f64],
        u_bar: &mut [f64],
    ) -> f64 {
        let r = self.z.len();
        let amplitude = self.amplitude.at(theta);
        let mut amplitude_bar = 0.0;
        for (k, projected) in self.projected.iter_mut().enumerate() {
            let column = self.root.root().col(r - 1 - k);
            *projected = column.iter().zip(values_bar).map(|(l, bar)| l * bar).sum();
            amplitude_bar += *projected * self.z[k];
            *projected *= amplitude;
            self.u_bar[k] = *projected - self.z[k];
        }
        self.factor.solve_l(&mut self.u_bar);
        u_bar.copy_from_slice(&self.u_bar);
        // B̄ = ½ M⁻ᵀ (P + Pᵀ) M⁻¹ where P is the lower triangle of Mᵀ M̄ with half of its diagonal.
        // Of M̄ = −z ūᵀ − diag(1/M) that is −u ūᵀ − I.
        let [inner, b_bar] = &mut self.scratch;
        for (j, bar) in self.u_bar.iter().enumerate() {
            let column = inner.col_as_slice_mut(j)[j..].iter_mut();
            column.zip(&self.u[j..]).for_each(|(p, u)| *p = -u * bar);
            inner[(j, j)] -= 1.0;
        }
        self.factor.vjp_from_inner(inner.as_mut(), b_bar.as_mut());
        // Of B = I + τ amplitude² RᵀR.
        let scale = tau * amplitude * amplitude;
        let column = |j| b_bar.col_as_slice(j).iter().zip(self.gram.col_as_slice(j));
        let scale_bar: f64 = (0..r).flat_map(column).map(|(b, g)| b * g).sum();
        amplitude_bar += 2.0 * tau * amplitude * scale_bar;
        self.amplitude.pull_back(amplitude_bar, theta_bar);
        if self.root.is_free() {
            self.root_vjp(2.0 * scale, values_bar, amplitude, theta_bar);
        }
        amplitude * amplitude * scale_bar
    }

    /// The pullback through the kernel; B̄ stands in the second scratch matrix.
    fn root_vjp(&mut self, scale: f64, values_bar: &[f64], amplitude: f64, theta_bar: &mut [f64]) {
        let r = self.z.len();
        let [work, b_bar] = &mut self.scratch;
        if self.root.is_triangular() {
            // Of RᵀR̄ = scale RᵀR B̄ + amplitude Rᵀf̄ zᵀ the lower triangle is wanted, from the first to
            // the last. The transpose of the product is B̄ RᵀR.
            work.fill(0.0);
            let par = parallelism(r * r * r);
            gemm_lower(work.as_mut(), b_bar.as_ref(), self.gram.as_ref(), scale, par);
            for j in 0..r {
                let (z, k) = (self.z[j], r - 1 - j);
                for i in 0..=j {
                    b_bar[(r - 1 - i, k)] = work[(j, i)] + self.projected[i] * z;
                }
            }
            self.root.vjp_from_inner(theta_bar, b_bar.as_mut());
        } else {
            let gram_bar = Mat::from_fn(r, r, |i, j| scale * b_bar[(r - 1 - i, r - 1 - j)]);
            let (root, root_bar) = (self.root.root(), &mut self.root_bar);
            let par = parallelism(2 * root.nrows() * r * r);
            gemm(root_bar.as_mut(), Accum::Replace, root, gram_bar.as_ref(), par);
            for j in 0..r {
                for (i, bar) in values_bar.iter().enumerate() {
                    root_bar[(i, j)] += amplitude * bar * self.z[r - 1 - j];
                }
            }
            self.root.vjp(theta_bar, root_bar.as_mut());
        }
    }

    /// z, after [`update`](Self::update).
    pub(super) fn write_whitened(&self, z: &mut [f64]) {
        z.iter_mut().zip(self.z.iter().rev()).for_each(|(z, own)| *z = *own);
    }

    pub(super) fn read_whitened(
        &mut self,
        whitened: &LatentField,
        theta: &[f64],
        tau: f64,
        u: &mut [f64],
    ) -> Result<()> {
        self.move_to(theta, tau)?;
        self.z.iter_mut().zip(whitened.z().iter().rev()).for_each(|(z, w)| *z = *w);
        // u = Mᵀ z.
        let m = self.factor.l();
        for (j, u) in u.iter_mut().enumerate() {
            *u = (j..self.z.len()).map(|i| m[(i, j)] * self.z[i]).sum();
        }
        Ok(())
    }
}
