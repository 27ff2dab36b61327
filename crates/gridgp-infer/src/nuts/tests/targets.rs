//! Densities with known answers, and what draws are worth.

use faer::Mat;
use gridgp_dense::Cholesky;
use gridgp_density::LogDensity;

/// A log density written as a function of x and the gradient.
pub struct Function<F> {
    pub dim: usize,
    pub function: F,
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> LogDensity for Function<F> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        (self.function)(x, gradient)
    }
}

/// A multivariate normal distribution.
#[derive(Clone)]
pub struct Normal {
    pub mean: Vec<f64>,
    pub covariance: Mat<f64>,
    precision: Mat<f64>,
}

impl Normal {
    pub fn new(mean: Vec<f64>, covariance: Mat<f64>) -> Self {
        let mut precision = Mat::identity(mean.len(), mean.len());
        Cholesky::new(covariance.as_ref()).unwrap().solve_in_place(precision.as_mut());
        Self { mean, covariance, precision }
    }

    /// Correlations ρ^|i−j|, standard deviations from 0.01 to 100.
    pub fn correlated(d: usize, rho: f64) -> Self {
        let sd = |i: usize| 10f64.powf(4.0 * i as f64 / (d - 1) as f64 - 2.0);
        let covariance = Mat::from_fn(d, d, |i, j| sd(i) * sd(j) * rho.powi(i.abs_diff(j) as i32));
        Self::new((0..d).map(|i| i as f64 * sd(i)).collect(), covariance)
    }
}

impl LogDensity for Normal {
    fn dim(&self) -> usize {
        self.mean.len()
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let d = self.dim();
        let mut value = 0.0;
        for i in 0..d {
            let row = (0..d).map(|j| self.precision[(i, j)] * (x[j] - self.mean[j]));
            gradient[i] = -row.sum::<f64>();
            value += 0.5 * gradient[i] * (x[i] - self.mean[i]);
        }
        value
    }
}

/// Neal's funnel: x₀ is the log variance of the others.
pub fn funnel(x: &[f64], gradient: &mut [f64]) -> f64 {
    let (v, rest) = (x[0], &x[1..]);
    let precision = (-v).exp();
    let squares: f64 = rest.iter().map(|x| x * x).sum();
    for (g, x) in gradient[1..].iter_mut().zip(rest) {
        *g = -precision * x;
    }
    let n = rest.len() as f64;
    gradient[0] = -v / 9.0 + 0.5 * precision * squares - 0.5 * n;
    -v * v / 18.0 - 0.5 * precision * squares - 0.5 * n * v
}

/// Mean and variance over all chains.
pub fn moments(chains: &[Vec<f64>]) -> (f64, f64) {
    let n = chains.iter().map(Vec::len).sum::<usize>() as f64;
    let mean = chains.iter().flatten().sum::<f64>() / n;
    (mean, chains.iter().flatten().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}

/// How many independent draws give as certain a mean: autocorrelations about the mean of all
/// chains, summed in pairs as long as they are positive and falling.
pub fn effective(chains: &[Vec<f64>]) -> f64 {
    let (mean, variance) = moments(chains);
    let n = chains.iter().map(Vec::len).min().unwrap();
    let autocorrelation = |lag: usize| {
        let sum = |c: &Vec<f64>| -> f64 {
            c.iter().zip(&c[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum()
        };
        chains.iter().map(|c| sum(c) / c.len() as f64).sum::<f64>()
            / (chains.len() as f64 * variance)
    };
    let (mut time, mut before) = (-1.0, f64::INFINITY);
    for lag in (0..n - 1).step_by(2) {
        let pair = (autocorrelation(lag) + autocorrelation(lag + 1)).min(before);
        if pair <= 0.0 {
            break;
        }
        time += 2.0 * pair;
        before = pair;
    }
    chains.iter().map(Vec::len).sum::<usize>() as f64 / time.max(0.1)
}
