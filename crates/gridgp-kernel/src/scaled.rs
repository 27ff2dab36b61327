//! A kernel times a variance.

use faer::{Mat, MatMut, MatRef, unzip, zip};
use gridgp_grid::Points;

use super::{Covariance, Kernel, KernelParameter, Role, StateSpace};

/// a² k, with the parameter `amplitude` a, a standard deviation.
///
/// θ = (a, the kernel's θ). For terms of a sum; a field has its own amplitude, and scaling its
/// whole kernel as well leaves both unidentified. PyMC's `eta**2 * cov` is the same; GPyTorch's
/// `ScaleKernel` has the variance, `outputscale` = a².
#[derive(Debug, Clone, PartialEq)]
pub struct Scaled {
    kernel: Box<Kernel>,
}

impl Scaled {
    /// `kernel` times the square of an amplitude.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel: Box::new(kernel) }
    }

    /// The kernel that is scaled.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }
}

/// a · M into M.
fn multiply(mut matrix: MatMut<'_, f64>, a: f64) {
    zip!(&mut matrix).for_each(|unzip!(m)| *m *= a);
}

/// Σ A ⊙ B.
fn inner(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.col_iter().zip(b.col_iter()) {
        sum += a.iter().zip(b.iter()).map(|(a, b)| a * b).sum::<f64>();
    }
    sum
}

impl Covariance for Scaled {
    fn parameters(&self) -> Vec<KernelParameter> {
        let mut parameters = vec![KernelParameter::number("amplitude", Role::Amplitude)];
        parameters.extend(self.kernel.parameters());
        parameters
    }

    fn parameter_count(&self) -> usize {
        1 + self.kernel.parameter_count()
    }

    fn gram(&self, x: &Points, theta: &[f64], mut out: MatMut<'_, f64>) {
        self.kernel.gram(x, &theta[1..], out.as_mut());
        multiply(out, theta[0] * theta[0]);
    }

    fn cross(&self, x: &Points, y: &Points, theta: &[f64], mut out: MatMut<'_, f64>) {
        self.kernel.cross(x, y, &theta[1..], out.as_mut());
        multiply(out, theta[0] * theta[0]);
    }

    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]) {
        self.kernel.diagonal(x, &theta[1..], out);
        out.iter_mut().for_each(|k| *k *= theta[0] * theta[0]);
    }

    fn gram_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        gram_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        let amplitude = theta[0];
        let mut scratch = Mat::zeros(x.len(), x.len());
        self.kernel.gram(x, &theta[1..], scratch.as_mut());
        theta_bar[0] += 2.0 * amplitude * inner(gram_bar, scratch.as_ref());
        scratch.copy_from(gram_bar);
        multiply(scratch.as_mut(), amplitude * amplitude);
        self.kernel.gram_vjp(x, &theta[1..], scratch.as_ref(), &mut theta_bar[1..]);
    }

    fn feature_count(&self) -> Option<usize> {
        self.kernel.feature_count()
    }

    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        let mut features = self.kernel.features(x, &theta[1..])?;
        multiply(features.as_mut(), theta[0]);
        Some(features)
    }

    fn features_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        features_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        let own = self.kernel.features(x, &theta[1..]).expect("the scaled kernel has features");
        theta_bar[0] += inner(features_bar, own.as_ref());
        let mut own_bar = features_bar.to_owned();
        multiply(own_bar.as_mut(), theta[0]);
        self.kernel.features_vjp(x, &theta[1..], own_bar.as_ref(), &mut theta_bar[1..]);
    }

    fn rank_bound(&self, x: &Points) -> usize {
        self.kernel.rank_bound(x)
    }

    fn unknown_point(&self, x: &Points) -> Option<usize> {
        self.kernel.unknown_point(x)
    }

    fn state_space(&self) -> Option<StateSpace> {
        Some(self.kernel.state_space()?.scaled())
    }

    fn is_stationary(&self) -> bool {
        self.kernel.is_stationary()
    }
}
