//! The draws of one step, and what they say about the guide.

use gridgp_density::LogDensity;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::guide::LocationScale;
use crate::approximation::Normal;

/// One draw of the guide with the density there.
struct Particle {
    noise: Vec<f64>,
    x: Vec<f64>,
    gradient: Vec<f64>,
    /// log p − log q, or nothing where p is −∞ or its gradient not finite.
    log_ratio: Option<f64>,
}

/// A density with its own stream of noise, and one particle or an antithetic pair.
struct Worker<D> {
    density: D,
    rng: ChaCha8Rng,
    particles: Vec<Particle>,
}

impl<D: LogDensity> Worker<D> {
    fn step(&mut self, guide: &LocationScale) {
        let (first, others) = self.particles.split_first_mut().expect("one particle at least");
        for z in &mut first.noise {
            *z = StandardNormal.sample(&mut self.rng);
        }
        for other in others.iter_mut() {
            other.noise.iter_mut().zip(&first.noise).for_each(|(a, z)| *a = -z);
        }
        for particle in &mut self.particles {
            let Particle { noise, x, gradient, log_ratio } = particle;
            let log_q = guide.draw(noise, x);
            let value = self.density.log_density_gradient(x, gradient);
            let usable = value.is_finite() && gradient.iter().all(|g| g.is_finite());
            *log_ratio = usable.then_some(value - log_q);
        }
    }
}

/// All particles. Memory is made once; noise depends on the seed and the worker's number only.
pub(super) struct Particles<D> {
    workers: Vec<Worker<D>>,
    count: usize,
}

/// What a step learns of the ELBO.
pub(super) trait Estimator {
    /// Writes an estimate of the gradient of the ELBO with respect to the guide's parameters, that of
    /// the entropy included.
    fn step(&mut self, guide: &LocationScale, gradient: &mut [f64]) -> Estimate;
}

/// What a step's particles say.
pub(super) struct Estimate {
    /// The mean of log p − log q; nothing where no particle was usable.
    pub(super) elbo: Option<f64>,
    /// Particles left out.
    pub(super) skipped: usize,
}

impl<D: LogDensity + Send> Particles<D> {
    pub(super) fn new(
        make: &dyn Fn() -> D,
        guide: &LocationScale,
        count: usize,
        antithetic: bool,
        seed: u64,
    ) -> Self {
        let each = if antithetic { 2 } else { 1 };
        let (d, noise) = (guide.dim(), guide.noise());
        let particle = || Particle {
            noise: vec![0.0; noise],
            x: vec![0.0; d],
            gradient: vec![0.0; d],
            log_ratio: None,
        };
        let worker = |stream| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(stream);
            Worker { density: make(), rng, particles: (0..each).map(|_| particle()).collect() }
        };
        Self { workers: (0..(count / each) as u64).map(worker).collect(), count }
    }
}

impl<D: LogDensity + Send> Estimator for Particles<D> {
    /// Writes the gradient of the ELBO with respect to the guide's parameters: that of log p through
    /// the draws, averaged over the usable ones, plus that of the entropy, which is exact.
    ///
    /// The estimate of the ELBO takes log q at the draws instead: its noise vanishes as q nears p.
    fn step(&mut self, guide: &LocationScale, gradient: &mut [f64]) -> Estimate {
        match self.workers.as_mut_slice() {
            [one] => one.step(guide),
            all => all.par_iter_mut().for_each(|worker| worker.step(guide)),
        }
        let particles = || self.workers.iter().flat_map(|w| &w.particles);
        let used = particles().filter(|p| p.log_ratio.is_some()).count();
        let factor = 1.0 / used as f64;
        let sum: f64 = particles().filter_map(|p| p.log_ratio).sum();
        gradient.fill(0.0);
        // One after the other, in order: the sum is the same for any number of threads.
        for particle in self.workers.iter_mut().flat_map(|w| &mut w.particles) {
            let Particle { noise, x, gradient: g, log_ratio } = particle;
            if log_ratio.is_some() {
                guide.draw_vjp(noise, x, g, factor, gradient);
            }
        }
        guide.entropy_vjp(gradient);
        Estimate { elbo: (used > 0).then_some(sum * factor), skipped: self.count - used }
    }
}
