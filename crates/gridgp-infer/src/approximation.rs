//! What every approximate engine gives back: a normal distribution, draws, and how far to trust it.

use std::fmt;

use gridgp_density::LogDensity;
use gridgp_grid::{Error, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::pareto_k::ParetoK;

/// Draws that one worker takes from one density.
const CHUNK: usize = 32;

/// Which approximation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// Variational inference, independent unknowns.
    MeanField,
    /// Variational inference, a diagonal plus a matrix of this rank.
    LowRank(usize),
    /// Variational inference, any covariance.
    FullRank,
    /// Normal approximations along optimization paths.
    Pathfinder,
    /// The curvature at the mode.
    Laplace,
    /// Fields integrated out by Laplace's method, parameters by draws from the curvature at their mode.
    NestedLaplace,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MeanField => f.write_str("mean-field variational inference"),
            Self::LowRank(rank) => write!(f, "variational inference of rank {rank}"),
            Self::FullRank => f.write_str("full-rank variational inference"),
            Self::Pathfinder => f.write_str("Pathfinder"),
            Self::Laplace => f.write_str("Laplace approximation"),
            Self::NestedLaplace => f.write_str("nested Laplace approximation"),
        }
    }
}

/// A distribution q that stands for the density p, in the unconstrained unknowns.
///
/// For [`Engine::NestedLaplace`] all of it is about the parameters alone, and the draws are the points at which
/// the fields were drawn.
///
/// p may lack a constant; [`elbo`](Self::elbo) and [`evidence`](Self::evidence) then lack the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Approximation {
    /// How it was made.
    pub engine: Engine,
    /// Number of unknowns d.
    pub dim: usize,
    /// The center of q; length d. For [`Engine::Laplace`] the mode; for [`Engine::Pathfinder`], a
    /// mixture, the mean of the draws.
    pub mean: Vec<f64>,
    /// Standard deviations of q; length d. For [`Engine::Pathfinder`] those of the draws.
    pub sd: Vec<f64>,
    /// Draws from q: row-major, draws × d. For [`Engine::Pathfinder`] resampled by their importance.
    pub draws: Vec<f64>,
    /// log p at each draw; −∞ outside the support.
    pub log_density: Vec<f64>,
    /// log q at each draw.
    pub log_approximation: Vec<f64>,
    /// Estimate of E log p − E log q under q from the draws: a lower bound on log ∫ p, with equality
    /// where q is right. −∞ where a draw is outside the support.
    pub elbo: f64,
    /// The standard error of that estimate.
    pub elbo_se: f64,
    /// The estimate of each step from its few particles, noisy; empty where there are no steps. For
    /// [`Engine::Pathfinder`] that of each point on the best path.
    pub curve: Vec<f64>,
    /// log ∫ p by the engine's own formula, which only [`Engine::Laplace`] and
    /// [`Engine::NestedLaplace`] have.
    pub evidence: Option<f64>,
    /// How good q is as a proposal for p.
    pub pareto_k: ParetoK,
    /// Steps or iterations.
    pub steps: usize,
    /// Evaluations of p with its gradient, for the fit; the draws need one more each.
    pub evaluations: usize,
    /// Evaluations that were left out of the fit because p was −∞ there.
    pub skipped: usize,
    /// What only [`Engine::NestedLaplace`] has, whose unknowns are the parameters alone.
    pub nested: Option<super::nested::Nested>,
    /// Whether the engine's own rule says that more steps would change nothing.
    pub converged: bool,
    /// Whether the progress callback ended it.
    pub interrupted: bool,
    /// What a statistician would want to know before believing the numbers.
    pub warnings: Vec<String>,
}

/// A normal distribution that can be drawn from.
pub(super) trait Normal: Sync {
    fn dim(&self) -> usize;

    /// Length of the standard normal noise that a draw needs.
    fn noise(&self) -> usize;

    /// Turns noise into a draw; the result is its log density.
    fn draw(&self, noise: &[f64], x: &mut [f64]) -> f64;
}

/// Draws with both log densities.
pub(super) struct Draws {
    pub(super) x: Vec<f64>,
    pub(super) log_density: Vec<f64>,
    pub(super) log_approximation: Vec<f64>,
}

/// `count` draws; draw i takes its noise from stream i + 1 of the seed, whatever thread makes it.
pub(super) fn draw<D: LogDensity>(
    make: &(dyn Fn() -> D + Sync),
    normal: &dyn Normal,
    count: usize,
    seed: u64,
) -> Draws {
    let d = normal.dim();
    let mut draws = Draws {
        x: vec![0.0; count * d],
        log_density: vec![0.0; count],
        log_approximation: vec![0.0; count],
    };
    let x = draws.x.par_chunks_mut(CHUNK * d);
    let log_p = draws.log_density.par_chunks_mut(CHUNK);
    let log_q = draws.log_approximation.par_chunks_mut(CHUNK);
    x.zip(log_p).zip(log_q).enumerate().for_each(|(chunk, ((x, log_p), log_q))| {
        let mut density = make();
        let (mut noise, mut gradient) = (vec![0.0; normal.noise()], vec![0.0; d]);
        let each = x.chunks_exact_mut(d).zip(log_p).zip(log_q);
        for (i, ((x, log_p), log_q)) in each.enumerate() {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream((chunk * CHUNK + i + 1) as u64);
            noise.iter_mut().for_each(|z| *z = StandardNormal.sample(&mut rng));
            *log_q = normal.draw(&noise, x);
            *log_p = finite_or_outside(density.log_density_gradient(x, &mut gradient));
        }
    });
    draws
}

/// A value that is not finite counts as outside the support: a NaN would decide every comparison.
pub(super) fn finite_or_outside(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NEG_INFINITY }
}

impl Draws {
    /// log p − log q of each draw.
    pub(super) fn log_ratios(&self) -> Vec<f64> {
        self.log_density.iter().zip(&self.log_approximation).map(|(p, q)| p - q).collect()
    }

    /// The mean of log p − log q and its standard error.
    pub(super) fn elbo(&self) -> (f64, f64) {
        let ratios = self.log_ratios();
        let n = ratios.len() as f64;
        let mean = ratios.iter().sum::<f64>() / n;
        if !mean.is_finite() {
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        let squares = ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>();
        (mean, (squares / (n - 1.0).max(1.0) / n).sqrt())
    }
}

/// Means and standard deviations of the columns of `draws`, which are draws × `dim`.
pub(super) fn moments(draws: &[f64], dim: usize) -> (Vec<f64>, Vec<f64>) {
    let n = (draws.len() / dim) as f64;
    let (mut mean, mut sd) = (vec![0.0; dim], vec![0.0; dim]);
    for x in draws.chunks_exact(dim) {
        mean.iter_mut().zip(x).for_each(|(m, x)| *m += x / n);
    }
    for x in draws.chunks_exact(dim) {
        sd.iter_mut().zip(x).zip(&mean).for_each(|((s, x), m)| *s += (x - m).powi(2));
    }
    sd.iter_mut().for_each(|s| *s = (*s / (n - 1.0).max(1.0)).sqrt());
    (mean, sd)
}

/// A start of the right length, of finite numbers.
pub(super) fn check_start(x: &[f64], dim: usize) -> Result<()> {
    if dim == 0 {
        return Err(Error::Inference(
            "the model has no unknowns; there is nothing to approximate".into(),
        ));
    }
    if x.len() != dim {
        return Err(Error::Inference(format!(
            "the start has {} numbers and the model has {dim} unknowns; give one for each",
            x.len()
        )));
    }
    match x.iter().position(|v| !v.is_finite()) {
        Some(j) => Err(Error::Inference(format!(
            "the start has {} as number {j}; give finite numbers",
            x[j]
        ))),
        None => Ok(()),
    }
}

/// Importance can be judged from so many draws on.
pub(super) const MIN_DRAWS: usize = 25;

/// At least [`MIN_DRAWS`] draws.
pub(super) fn check_draws(draws: usize) -> Result<()> {
    if draws < MIN_DRAWS {
        return Err(Error::Inference(format!(
            "{draws} draws are too few to judge an approximation by; ask for {MIN_DRAWS} or more"
        )));
    }
    Ok(())
}
