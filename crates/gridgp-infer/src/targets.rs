//! Densities with known answers, for the tests of the approximate engines.

use std::ops::ControlFlow::{self, Continue};

use faer::{Mat, Side};
use gridgp_density::LogDensity;

/// A log density written as a function of x and the gradient.
pub(super) struct Target<F> {
    pub(super) dim: usize,
    pub(super) function: F,
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> LogDensity for Target<F> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        (self.function)(x, gradient)
    }
}

/// Any progress is fine.
pub(super) fn go_on<P>(_: &P) -> ControlFlow<()> {
    Continue(())
}

/// −½ (x − mean)ᵀ P (x − mean).
#[derive(Clone)]
pub(super) struct Gaussian {
    pub(super) mean: Vec<f64>,
    pub(super) precision: Mat<f64>,
}

impl Gaussian {
    /// Correlation `rho`^|i − j| and standard deviations `sd`.
    pub(super) fn autoregressive(mean: &[f64], sd: &[f64], rho: f64) -> Self {
        let covariance = Mat::from_fn(sd.len(), sd.len(), |i, j| {
            sd[i] * sd[j] * rho.powi(i as i32 - j as i32).min(rho.powi(j as i32 - i as i32))
        });
        Self { mean: mean.to_vec(), precision: inverse(&covariance) }
    }

    pub(super) fn covariance(&self) -> Mat<f64> {
        inverse(&self.precision)
    }

    /// log ∫ p.
    pub(super) fn log_normalizer(&self) -> f64 {
        let d = self.mean.len() as f64;
        0.5 * (d * (2.0 * std::f64::consts::PI).ln() - log_det(&self.precision))
    }
}

pub(super) fn inverse(a: &Mat<f64>) -> Mat<f64> {
    use faer::linalg::solvers::DenseSolveCore;
    a.llt(Side::Lower).unwrap().inverse()
}

pub(super) fn log_det(a: &Mat<f64>) -> f64 {
    let factor = a.llt(Side::Lower).unwrap();
    2.0 * (0..a.nrows()).map(|i| factor.L()[(i, i)].ln()).sum::<f64>()
}

impl LogDensity for Gaussian {
    fn dim(&self) -> usize {
        self.mean.len()
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let d = x.len();
        let mut value = 0.0;
        for i in 0..d {
            gradient[i] =
                -(0..d).map(|j| self.precision[(i, j)] * (x[j] - self.mean[j])).sum::<f64>();
            value += 0.5 * gradient[i] * (x[i] - self.mean[i]);
        }
        value
    }
}

/// The funnel in `dim` unknowns: v ~ N(0, 3²), the others N(0, eᵛ).
pub(super) fn funnel(x: &[f64], gradient: &mut [f64]) -> f64 {
    let v = x[0];
    let mut value = -0.5 * v * v / 9.0;
    gradient[0] = -v / 9.0;
    for (x, g) in x.iter().zip(gradient.iter_mut()).skip(1) {
        *g = -x * (-v).exp();
        value += 0.5 * x * *g - 0.5 * v;
    }
    for (x, j) in x[1..].iter().zip(1..) {
        gradient[0] += -0.5 - 0.5 * x * gradient[j];
    }
    value
}

/// Logistic regression: 80 answers, an intercept and two slopes with N(0, 2.5²) priors.
pub(super) fn logistic(x: &[f64], gradient: &mut [f64]) -> f64 {
    let mut value = 0.0;
    for j in 0..3 {
        value -= 0.5 * (x[j] / 2.5).powi(2);
        gradient[j] = -x[j] / 6.25;
    }
    for i in 0..80 {
        let t = f64::from(i) / 40.0 - 1.0;
        let covariates = [1.0, t, (5.0 * t).sin()];
        let eta: f64 = x.iter().zip(covariates).map(|(x, c)| x * c).sum();
        let yes = (f64::from(i) * 0.618).fract() < 1.0 / (1.0 + (-0.5 - 1.5 * t).exp());
        let sign = if yes { 1.0 } else { -1.0 };
        // −log(1 + e^(−z)) without overflow.
        let z = sign * eta;
        value -= (-z.abs()).exp().ln_1p() + (-z).max(0.0);
        let slope = sign / (1.0 + z.exp());
        gradient.iter_mut().zip(covariates).for_each(|(g, c)| *g += slope * c);
    }
    value
}

/// Poisson regression: 80 counts of 5 with rates 5 exp(±c·x), three slopes with N(0, 2.5²) priors.
///
/// Symmetric, with tails that are lighter than those of a normal.
pub(super) fn counts(x: &[f64], gradient: &mut [f64]) -> f64 {
    let mut value = 0.0;
    for j in 0..3 {
        value -= 0.5 * (x[j] / 2.5).powi(2);
        gradient[j] = -x[j] / 6.25;
    }
    for i in 0..40 {
        let t = f64::from(i) / 40.0;
        let covariates = [t, (5.0 * t).sin(), (3.0 * t).cos()];
        let eta: f64 = x.iter().zip(covariates).map(|(x, c)| x * c).sum();
        // Each covariate with both signs, and 5 η − 5 η = 0.
        value -= 10.0 * eta.cosh();
        gradient.iter_mut().zip(covariates).for_each(|(g, c)| *g -= 10.0 * eta.sinh() * c);
    }
    value
}

/// Covariance of the rows of `draws`, draws × d.
pub(super) fn covariance(draws: &[f64], dim: usize) -> Mat<f64> {
    let n = (draws.len() / dim) as f64;
    let (mean, _) = super::approximation::moments(draws, dim);
    Mat::from_fn(dim, dim, |i, j| {
        let product = |x: &[f64]| (x[i] - mean[i]) * (x[j] - mean[j]);
        draws.chunks_exact(dim).map(product).sum::<f64>() / (n - 1.0)
    })
}

#[test]
fn gradients_of_the_targets_are_those_of_their_values() {
    let gaussian = Gaussian::autoregressive(&[1.0, -2.0, 0.5], &[1.0, 0.1, 3.0], 0.6);
    let mut gaussian = gaussian.clone();
    type Named<'a> = (&'a str, &'a mut dyn FnMut(&[f64], &mut [f64]) -> f64);
    let mut targets: [Named; 4] = [
        ("Gaussian", &mut |x, g| gaussian.log_density_gradient(x, g)),
        ("funnel", &mut funnel),
        ("logistic", &mut logistic),
        ("counts", &mut counts),
    ];
    for (name, target) in &mut targets {
        let x = [0.3, -0.7, 0.9];
        let (mut gradient, mut ignored) = ([0.0; 3], [0.0; 3]);
        target(&x, &mut gradient);
        for j in 0..3 {
            let mut at = |h: f64| {
                let mut x = x;
                x[j] += h;
                target(&x, &mut ignored)
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((difference - gradient[j]).abs() < 1e-6 * (1.0 + difference.abs()), "{name}");
        }
    }
}
