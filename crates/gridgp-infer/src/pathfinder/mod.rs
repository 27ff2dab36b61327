//! Pathfinder: the best of the normal distributions along optimization paths.

mod inverse_hessian;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use gridgp_density::LogDensity;
use gridgp_grid::{Error, Result};
use inverse_hessian::{MAX_PAIRS, PathMemory, PathNormal};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::approximation::{
    Approximation, Draws, Engine, Normal, check_draws, check_start, draw, finite_or_outside,
    moments,
};
use super::climb::climb;
use super::pareto_k::ParetoK;
use super::{AnyDensity, MaximizeOptions, Progress};

/// With a k̂ above this the weights have no mean, and one draw would stand for all.
const MAX_RESAMPLED: f64 = 1.0;

/// How Pathfinder goes.
#[derive(Debug, Clone, PartialEq)]
pub struct PathfinderOptions {
    /// How the paths climb.
    pub maximize: MaximizeOptions,
    /// Steps that each estimate of the curvature remembers; 6, at most 32.
    pub history: usize,
    /// Draws that judge each point of a path; 10.
    pub elbo_draws: usize,
    /// Draws from the best point of each path, from which the draws are resampled; 500.
    pub candidates: usize,
    /// Draws in the end; 1000, at least 25.
    pub draws: usize,
    /// Seed of everything random; 0.
    pub seed: u64,
}

impl Default for PathfinderOptions {
    fn default() -> Self {
        Self {
            maximize: MaximizeOptions::default(),
            history: 6,
            elbo_draws: 10,
            candidates: 500,
            draws: 1000,
            seed: 0,
        }
    }
}

/// Climbs from each of `starts` by L-BFGS, takes at each point of the path the normal distribution
/// with the curvature seen so far, and keeps that of the highest ELBO.
///
/// The draws of all paths are pooled and resampled by their smoothed importance p/q, where q is the
/// mixture of all paths' distributions: so several modes get their masses, and a mode that several
/// paths have found is not counted as often. (The paper divides by each path's own q.) Where k̂ of the pool exceeds 1 the weights mean nothing; then the
/// draws are those of the path with the highest ELBO, unweighted, and a warning says so.
///
/// Paths run in parallel on the current rayon pool, with the same result for any number of threads.
/// `progress` sees every point of every path; a `Break` ends all paths, and the best so far is used.
///
/// # Errors
/// [`Error::Inference`] where a start or an option is unusable, or no path found a normal
/// distribution with a finite ELBO.
///
/// # Source
/// Zhang, Carpenter, Gelman and Vehtari (2022), Pathfinder: parallel quasi-Newton variational
/// inference, Journal of Machine Learning Research 23(306). Owen and Zhou (2000), Journal of the
/// American Statistical Association 95, 135–143, for dividing by the mixture.
///
/// ```
/// use std::ops::ControlFlow::Continue;
/// use gridgp_density::LogDensity;
/// use gridgp_infer::{PathfinderOptions, pathfinder};
///
/// /// N(2, 0.5²) without its constant.
/// struct Bell;
/// impl LogDensity for Bell {
///     fn dim(&self) -> usize {
///         1
///     }
///     fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
///         gradient[0] = (2.0 - x[0]) / 0.25;
///         -0.5 * (x[0] - 2.0).powi(2) / 0.25
///     }
/// }
///
/// let starts = [vec![-3.0], vec![4.0]];
/// let fit = pathfinder(&|| Bell, &starts, &PathfinderOptions::default(), &|_| Continue(()))?;
/// assert!((fit.mean[0] - 2.0).abs() < 0.05 && (fit.sd[0] - 0.5).abs() < 0.05);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn pathfinder<'d, D: LogDensity + Send + 'd>(
    make: &(dyn Fn() -> D + Sync),
    starts: &[Vec<f64>],
    options: &PathfinderOptions,
    progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync),
) -> Result<Approximation> {
    pathfinder_boxed(&|| Box::new(make()), starts, options, progress)
}

fn pathfinder_boxed<'d>(
    make: &(dyn Fn() -> AnyDensity<'d> + Sync),
    starts: &[Vec<f64>],
    options: &PathfinderOptions,
    progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync),
) -> Result<Approximation> {
    check_options(options)?;
    let dim = make().dim();
    for start in starts {
        check_start(start, dim)?;
    }
    let stopped = AtomicBool::new(false);
    let paths: Vec<Path> = starts
        .par_iter()
        .enumerate()
        .map(|(number, start)| {
            walk(make, start, number, options, |iteration, value, gradient_norm| {
                let starts = starts.len();
                let here = Progress { start: number, starts, iteration, value, gradient_norm };
                stopped.fetch_or(progress(&here).is_break(), Ordering::Relaxed);
                if stopped.load(Ordering::Relaxed) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
        })
        .collect();
    let interrupted = stopped.into_inner();
    let evaluations = paths.iter().map(|p| p.evaluations).sum();
    let skipped = paths.iter().map(|p| p.skipped).sum();
    let failed = paths.iter().filter(|p| p.best.is_none()).count();

    let mut warnings = Vec::new();
    if interrupted {
        warnings.push("the paths were interrupted".into());
    }
    if failed > 0 && failed < paths.len() {
        warnings.push(format!(
            "{failed} of {} paths found no normal distribution with a finite ELBO: their starts are \
             outside the support or too near to its edge",
            paths.len()
        ));
    }
    let usable = paths.iter().enumerate().filter_map(|(i, p)| Some((i, p, p.best.as_ref()?)));
    let mut pools: Vec<Pool> = usable
        .map(|(i, path, best)| {
            let seed = options.seed ^ (CANDIDATES + i as u64);
            let draws = draw(make, &best.normal, options.candidates, seed);
            Pool { path, normal: &best.normal, elbo: draws.elbo(), draws }
        })
        .collect();
    // Of equals the first.
    let best = (0..pools.len())
        .rev()
        .max_by(|&a, &b| pools[a].elbo.0.total_cmp(&pools[b].elbo.0))
        .ok_or_else(|| nowhere(starts.len(), interrupted))?;
    let (path, (elbo, elbo_se)) = (pools[best].path, pools[best].elbo);
    divide_by_mixture(&mut pools);
    let ratios: Vec<f64> = pools.iter().flat_map(|pool| pool.draws.log_ratios()).collect();
    let (pareto_k, weights) = ParetoK::new(&ratios);
    warnings.extend(pareto_k.warnings(Engine::Pathfinder));
    let chosen = if pareto_k.k <= MAX_RESAMPLED {
        resample(&weights, options.draws, options.seed)
    } else {
        warnings.push(
            "the draws are not weighted by their importance, as the weights mean nothing: they are \
             those of the path with the highest ELBO"
                .into(),
        );
        (0..options.draws).map(|i| best * options.candidates + i % options.candidates).collect()
    };
    let place = |c: &usize| (&pools[c / options.candidates].draws, c % options.candidates);
    let mut draws = Vec::with_capacity(options.draws * dim);
    for (pool, i) in chosen.iter().map(place) {
        draws.extend_from_slice(&pool.x[i * dim..(i + 1) * dim]);
    }
    let (mean, sd) = moments(&draws, dim);
    Ok(Approximation {
        engine: Engine::Pathfinder,
        dim,
        mean,
        sd,
        draws,
        log_density: chosen.iter().map(place).map(|(pool, i)| pool.log_density[i]).collect(),
        log_approximation: chosen
            .iter()
            .map(place)
            .map(|(pool, i)| pool.log_approximation[i])
            .collect(),
        elbo,
        elbo_se,
        curve: path.curve.clone(),
        evidence: None,
        pareto_k,
        steps: path.iterations,
        evaluations,
        skipped,
        nested: None,
        converged: path.converged && !interrupted,
        interrupted,
        warnings,
    })
}

/// Keeps the noise of the candidates apart from that of the paths.
const CANDIDATES: u64 = 0x7061_7468_0000_0000;

/// The candidates of one path.
struct Pool<'a> {
    path: &'a Path,
    normal: &'a PathNormal,
    draws: Draws,
    /// Of its own normal distribution, with the standard error.
    elbo: (f64, f64),
}

/// Replaces log q of each candidate by that of the mixture, equal parts of all paths.
fn divide_by_mixture(pools: &mut [Pool<'_>]) {
    let normals: Vec<&PathNormal> = pools.iter().map(|pool| pool.normal).collect();
    if normals.len() == 1 {
        return;
    }
    let d = normals[0].dim();
    for (own, pool) in pools.iter_mut().enumerate() {
        let Draws { x, log_approximation, .. } = &mut pool.draws;
        let each = x.par_chunks_exact(d).zip(log_approximation.par_iter_mut());
        each.for_each_init(
            || vec![0.0; d],
            |scratch, (x, log_q)| {
                let mut terms = (*log_q, 1.0);
                for (_, other) in normals.iter().enumerate().filter(|(i, _)| *i != own) {
                    let log = other.log_density(x, scratch);
                    // The largest so far, and the sum of all relative to it.
                    terms = if log <= terms.0 {
                        (terms.0, terms.1 + (log - terms.0).exp())
                    } else {
                        (log, 1.0 + terms.1 * (terms.0 - log).exp())
                    };
                }
                *log_q = terms.0 + (terms.1 / normals.len() as f64).ln();
            },
        );
    }
}

/// One path, and the best normal distribution along it.
struct Path {
    best: Option<Best>,
    curve: Vec<f64>,
    iterations: usize,
    evaluations: usize,
    skipped: usize,
    converged: bool,
}

struct Best {
    elbo: f64,
    normal: PathNormal,
}

/// Climbs from a start and judges each point as it comes, so that no path is kept.
fn walk<D: LogDensity>(
    make: &(dyn Fn() -> D + Sync),
    start: &[f64],
    number: usize,
    options: &PathfinderOptions,
    mut report: impl FnMut(usize, f64, f64) -> ControlFlow<()>,
) -> Path {
    let d = start.len();
    let mut judge = make();
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    rng.set_stream(number as u64);
    let (mut noise, mut x, mut gradient) = (vec![0.0; d], vec![0.0; d], vec![0.0; d]);
    let mut memory = PathMemory::new(d, options.history);
    let mut best: Option<Best> = None;
    let mut curve = Vec::new();
    let (mut judged, mut skipped) = (0, 0);
    let end = climb(make(), start, &options.maximize, |iteration, point| {
        let flow = report(iteration, -point.value, point.gradient_norm());
        memory.push(&point.x, &point.gradient);
        let Some(normal) = memory.normal() else {
            curve.push(f64::NEG_INFINITY);
            return flow;
        };
        let mut elbo = 0.0;
        for _ in 0..options.elbo_draws {
            noise.iter_mut().for_each(|z| *z = StandardNormal.sample(&mut rng));
            let log_q = normal.draw(&noise, &mut x);
            let log_p = finite_or_outside(judge.log_density_gradient(&x, &mut gradient));
            judged += 1;
            skipped += usize::from(!log_p.is_finite());
            elbo += (log_p - log_q) / options.elbo_draws as f64;
        }
        curve.push(elbo);
        if elbo.is_finite() && best.as_ref().is_none_or(|b| elbo > b.elbo) {
            best = Some(Best { elbo, normal });
        }
        flow
    });
    let (iterations, converged) = (end.iterations, end.converged);
    Path { best, curve, iterations, evaluations: end.evaluations + judged, skipped, converged }
}

/// Systematic resampling: each candidate as often as its share, rounded up or down; shuffled.
fn resample(log_weights: &[f64], count: usize, seed: u64) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::MAX);
    let offset: f64 = rng.random();
    let mut chosen = Vec::with_capacity(count);
    let mut sum = 0.0;
    let mut last = 0;
    for (i, w) in log_weights.iter().enumerate() {
        let share = w.exp();
        if share > 0.0 {
            last = i;
        }
        sum += share * count as f64;
        while chosen.len() < count && chosen.len() as f64 + offset < sum {
            chosen.push(i);
        }
    }
    // Where the shares sum to a little less than 1.
    chosen.resize(count, last);
    chosen.shuffle(&mut rng);
    chosen
}

fn check_options(options: &PathfinderOptions) -> Result<()> {
    if !(1..=MAX_PAIRS).contains(&options.history) {
        return Err(Error::Inference(format!(
            "pathfinder's history is {}; give 1 to {MAX_PAIRS}",
            options.history
        )));
    }
    if options.elbo_draws == 0 {
        return Err(Error::Inference("pathfinder's elbo_draws is 0; give 1 or more".into()));
    }
    check_draws(options.candidates)?;
    check_draws(options.draws)
}

fn nowhere(starts: usize, interrupted: bool) -> Error {
    Error::Inference(match starts {
        0 => "there is no start for pathfinder; give at least one".into(),
        _ if interrupted => {
            "pathfinder was interrupted before any path had a usable point".to_string()
        }
        n => format!(
            "no path of pathfinder ({n} tried) found a normal distribution with a finite ELBO: the \
             starts are outside the support, or the support ends near the paths; start from values \
             that fit the data's scale, or use svi from a mode, or nuts"
        ),
    })
}
