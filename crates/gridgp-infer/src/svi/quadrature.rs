//! Steps whose expectations over the fields are exact.

use gridgp_density::ExpectedLogDensity;
use gridgp_dist::special::LN_SQRT_2PI;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::guide::LocationScale;
use super::particles::{Estimate, Estimator};

/// One draw of the unknowns over which there is no expectation.
struct Worker<D> {
    density: D,
    rng: ChaCha8Rng,
    noise: Vec<f64>,
    x: Vec<f64>,
    gradient: Vec<f64>,
    sd_gradient: Vec<f64>,
    /// E log p + the negative log density of the guide, or nothing outside of the support.
    elbo: Option<f64>,
}

impl<D: ExpectedLogDensity> Worker<D> {
    fn step(&mut self, guide: &LocationScale) {
        let (mean, scales) = (guide.mean(), guide.scales());
        let count = self.noise.len();
        // −E log q: ½ε² for a draw ε, and its mean ½ where there is an expectation.
        let mut entropy = 0.5 * (mean.len() - count) as f64;
        for z in &mut self.noise {
            *z = StandardNormal.sample(&mut self.rng);
            entropy += 0.5 * *z * *z;
        }
        self.x.copy_from_slice(mean);
        for ((x, z), scale) in self.x.iter_mut().zip(&self.noise).zip(scales) {
            *x += scale * z;
        }
        entropy += scales.iter().map(|s| s.ln() + LN_SQRT_2PI).sum::<f64>();
        let Self { density, x, gradient, sd_gradient, .. } = self;
        let value = density.expectation_gradient(x, &scales[count..], gradient, sd_gradient);
        self.elbo = value.is_finite().then_some(value + entropy);
    }
}

/// Draws of the parameters, each with the exact expectation over the fields.
pub(super) struct Quadrature<D> {
    workers: Vec<Worker<D>>,
}

impl<D: ExpectedLogDensity + Send> Quadrature<D> {
    pub(super) fn new(make: &dyn Fn() -> D, count: usize, seed: u64) -> Self {
        let worker = |stream| {
            let density = make();
            let (d, sampled) = (density.dim(), density.sampled());
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(stream);
            Worker {
                density,
                rng,
                noise: vec![0.0; sampled],
                x: vec![0.0; d],
                gradient: vec![0.0; d],
                sd_gradient: vec![0.0; d - sampled],
                elbo: None,
            }
        };
        Self { workers: (0..count as u64).map(worker).collect() }
    }
}

impl<D: ExpectedLogDensity + Send> Estimator for Quadrature<D> {
    /// A standard deviation s enters by its logarithm: ∂/∂log s = s ∂/∂s, which is the draw's
    /// distance from its mean where there is a draw.
    fn step(&mut self, guide: &LocationScale, gradient: &mut [f64]) -> Estimate {
        match self.workers.as_mut_slice() {
            [one] => one.step(guide),
            all => all.par_iter_mut().for_each(|worker| worker.step(guide)),
        }
        let count = self.workers.len();
        let used = self.workers.iter().filter(|w| w.elbo.is_some()).count();
        let factor = 1.0 / used as f64;
        gradient.fill(0.0);
        let (mean, scales) = (guide.mean(), guide.scales());
        let (mean_bar, scale_bar) = gradient.split_at_mut(mean.len());
        let mut sum = 0.0;
        // One after the other, in order: the sum is the same for any number of threads.
        for w in &self.workers {
            let Some(elbo) = w.elbo else { continue };
            sum += elbo;
            let sampled = w.noise.len();
            for (i, g) in w.gradient.iter().enumerate() {
                mean_bar[i] += factor * g;
                scale_bar[i] += factor
                    * if i < sampled {
                        g * (w.x[i] - mean[i])
                    } else {
                        w.sd_gradient[i - sampled] * scales[i]
                    };
            }
        }
        guide.entropy_vjp(gradient);
        Estimate { elbo: (used > 0).then_some(sum * factor), skipped: count - used }
    }
}
