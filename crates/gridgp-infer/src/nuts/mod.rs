//! Draws from a log density by the No-U-Turn Sampler.
//!
//! Trajectories are those of nuts-rs. Around them: [`Whitening`] (the coordinates), `shape` (how
//! they are learned), `step_size`, `chain` (tuning, then draws).

mod chain;
mod draws;
mod shape;
mod step_size;
#[cfg(test)]
mod tests;
mod transition;
mod whitening;

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub use draws::{ChainDraws, Draws, Statistics};
pub use whitening::Whitening;

use chain::Chain;
use gridgp_density::LogDensity;
use gridgp_grid::{Error, Result};
use rayon::prelude::*;

use super::AnyDensity;

/// What is learned of the posterior's shape while tuning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// A scale for each unknown.
    Diagonal,
    /// Scales, and the directions along which unknowns depend on each other.
    LowRank,
}

/// How to sample.
#[derive(Clone, Debug, PartialEq)]
pub struct NutsOptions {
    /// Draws of each chain that are made to tune it, and thrown away.
    pub tune: usize,
    /// Draws of each chain that are kept.
    pub draws: usize,
    /// How often steps should be accepted, between 0 and 1: nearer 1 the steps are shorter, which
    /// costs time and avoids divergences.
    pub target_accept: f64,
    /// Most doublings of a trajectory, which has at most 2^`max_depth` − 1 steps.
    pub max_depth: usize,
    /// What is learned of the posterior's shape.
    pub metric: Metric,
    /// What is known of the shape before tuning; nothing if absent.
    pub whitening: Option<Whitening>,
    /// The same seed gives the same draws.
    pub seed: u64,
    /// Most threads in use at once; those of the current rayon pool if absent.
    pub threads: Option<usize>,
}

impl Default for NutsOptions {
    fn default() -> Self {
        Self {
            tune: 1000,
            draws: 1000,
            target_accept: 0.8,
            max_depth: 10,
            metric: Metric::LowRank,
            whitening: None,
            seed: 0,
            threads: None,
        }
    }
}

/// What a chain is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Draws that are thrown away.
    Tuning,
    /// Draws that are kept.
    Sampling,
}

/// What happens while sampling.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A draw.
    Draw {
        /// Which chain.
        chain: usize,
        /// What the draw is for.
        phase: Phase,
        /// Its number in this phase, from 0.
        draw: usize,
        /// The unknowns; length d.
        x: &'a [f64],
        /// How it came about.
        statistics: &'a Statistics,
    },
    /// A chain has ended its tuning.
    Tuned {
        /// Which chain.
        chain: usize,
        /// What tuning led to.
        adapted: &'a Adapted,
    },
}

/// What tuning led to, and where the chain stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapted {
    /// Length of a step in white coordinates.
    pub step_size: f64,
    /// The white coordinates.
    pub whitening: Whitening,
    /// The unknowns from which the next draw is made: the last draw, or the end of tuning.
    pub position: Vec<f64>,
}

/// What a chain needs to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainState {
    /// Which chain.
    pub chain: usize,
    /// Draws that are kept already.
    pub draws: usize,
    /// What tuning led to; a chain that had not ended its tuning begins anew.
    pub adapted: Option<Adapted>,
}

/// Draws from the distribution whose log density `make` gives, one chain from each of `starts`.
///
/// `make` gives each chain its own density. Chains run on threads of their own, as many at a time
/// as there are threads; if there are more threads than chains, each chain has several for its
/// evaluations. The draws depend on the seed and not on the number of threads.
///
/// `observe` sees every draw as it is made, from the thread that made it; a `Break` ends all chains
/// in the middle of their trajectories, and the draws so far come back with `interrupted` set.
///
/// To go on after an interruption give the same starts and options, and as `resume` for each chain
/// what [`Draws::states`] says, or what was kept of the events: the last draw, its number plus one,
/// and the chain's [`Event::Tuned`]. Only the draws that were missing are made, and they are those
/// that the run would have made, to the last bit.
///
/// A place where the density is −∞ is a divergence, not an error.
///
/// # Errors
/// [`Error::Inference`] where there is nothing to sample, a start is outside of the support or of
/// the wrong length, or `resume` and options do not fit each other.
///
/// # Source
/// Hoffman and Gelman (2014), The No-U-Turn Sampler, JMLR 15; Betancourt (2017), A conceptual
/// introduction to Hamiltonian Monte Carlo.
///
/// ```
/// use std::ops::ControlFlow::Continue;
/// use gridgp_density::LogDensity;
/// use gridgp_infer::{NutsOptions, nuts};
///
/// struct StandardNormal;
/// impl LogDensity for StandardNormal {
///     fn dim(&self) -> usize {
///         1
///     }
///     fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
///         gradient[0] = -x[0];
///         -0.5 * x[0] * x[0]
///     }
/// }
///
/// let options = NutsOptions { tune: 200, draws: 400, ..Default::default() };
/// let starts = [vec![0.0], vec![1.0]];
/// let draws = nuts(&|| StandardNormal, &starts, &options, None, &|_| Continue(()))?;
/// let x: Vec<f64> = draws.chains.iter().flat_map(|c| c.x.iter().copied()).collect();
/// let square = x.iter().map(|x| x * x).sum::<f64>() / 800.0;
/// assert!((square - 1.0).abs() < 0.3);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn nuts<'d, D: LogDensity + Send + 'd>(
    make: &(dyn Fn() -> D + Sync),
    starts: &[Vec<f64>],
    options: &NutsOptions,
    resume: Option<&[ChainState]>,
    observe: &(dyn Fn(&Event) -> ControlFlow<()> + Sync),
) -> Result<Draws> {
    nuts_boxed(&|| Box::new(make()), starts, options, resume, observe)
}

fn nuts_boxed<'d>(
    make: &(dyn Fn() -> AnyDensity<'d> + Sync),
    starts: &[Vec<f64>],
    options: &NutsOptions,
    resume: Option<&[ChainState]>,
    observe: &(dyn Fn(&Event) -> ControlFlow<()> + Sync),
) -> Result<Draws> {
    let dim = make().dim();
    check(dim, starts, options)?;
    if let Some(states) = resume {
        check_states(dim, states, starts.len(), options)?;
    }
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results = Mutex::new(Vec::new());
    let work = || {
        loop {
            let chain = next.fetch_add(1, Ordering::Relaxed);
            let Some(start) = starts.get(chain) else { return };
            let state = resume.map(|states| &states[chain]);
            let run = Chain { chain, density: make(), options, observe, stop: &stop };
            let result = run.run(start, state);
            if result.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            results.lock().expect("no thread panics with the lock").push((chain, result));
        }
    };
    let threads = options.threads.unwrap_or_else(rayon::current_num_threads);
    let workers = threads.min(starts.len());
    std::thread::scope(|scope| {
        for worker in 0..workers {
            // A pool for each, since chains in one pool would run each other's work while they
            // wait, and a draw could take as long as a chain.
            let share = threads / workers + usize::from(worker < threads % workers);
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(share)
                .build()
                .map_err(|e| Error::Inference(format!("threads could not be started: {e}")))?;
            scope.spawn(move || pool.install(work));
        }
        Ok(())
    })?;
    let mut results = results.into_inner().expect("no thread panics with the lock");
    results.sort_by_key(|(chain, _)| *chain);
    let chains: Vec<ChainDraws> =
        results.into_iter().map(|(_, result)| result).collect::<Result<_>>()?;
    let interrupted = chains.iter().any(|c| c.first + c.len() < options.draws);
    Ok(Draws { chains, interrupted })
}

/// Refuses draws to go on from that [`nuts()`] would not have made with this density and options.
///
/// The log density of every draw is computed anew, and the first and the last draw of each chain
/// are made again from what is before them, which takes one evaluation a draw and two trajectories
/// a chain. Everything must agree to the last bit. Chains that have no draw pass.
///
/// # Errors
/// [`Error::Inference`] names the first draw that differs.
pub fn verify_draws<'d, D: LogDensity + Send + 'd>(
    make: &(dyn Fn() -> D + Sync),
    options: &NutsOptions,
    chains: &[ChainDraws],
) -> Result<()> {
    chains.par_iter().try_for_each(|made| {
        if made.adapted.as_ref().is_some_and(|a| a.whitening.flaw(made.dim).is_some()) {
            return Err(unlike(made.chain, 0));
        }
        let observe = &|_: &Event| ControlFlow::Continue(());
        let stop = &AtomicBool::new(false);
        let density: AnyDensity<'d> = Box::new(make());
        let chain = Chain { chain: made.chain, density, options, observe, stop };
        match chain.foreign(made)? {
            Some(draw) => Err(unlike(made.chain, draw)),
            None => Ok(()),
        }
    })
}

fn unlike(chain: usize, draw: usize) -> Error {
    Error::Inference(format!(
        "draw {draw} of chain {chain} is not the one that this model, data and seed give: the draws \
         were damaged, or made by another build or on another kind of processor; start anew"
    ))
}

fn check(dim: usize, starts: &[Vec<f64>], options: &NutsOptions) -> Result<()> {
    let fail = |message: String| Err(Error::Inference(message));
    if dim == 0 {
        return fail(
            "there is nothing to sample: the model has no unknowns; give a parameter a prior \
             instead of a number"
                .into(),
        );
    }
    if starts.is_empty() {
        return fail("there is no start to sample from; give one for each chain".into());
    }
    for (chain, x) in starts.iter().enumerate() {
        if x.len() != dim {
            return fail(format!(
                "the start of chain {chain} has {} numbers and the model has {dim} unknowns; give \
                 one for each",
                x.len()
            ));
        }
        if let Some(j) = x.iter().position(|v| !v.is_finite()) {
            return fail(format!(
                "the start of chain {chain} has {} as number {j}; give finite numbers",
                x[j]
            ));
        }
    }
    if !(options.target_accept > 0.0 && options.target_accept < 1.0) {
        return fail(format!(
            "target_accept is {}; it must lie between 0 and 1, 0.8 is usual",
            options.target_accept
        ));
    }
    if !(1..=30).contains(&options.max_depth) {
        return fail(format!(
            "max_depth is {}; it must lie between 1 and 30, 10 is usual",
            options.max_depth
        ));
    }
    if options.threads == Some(0) {
        return fail("threads is 0; give at least 1".into());
    }
    match options.whitening.as_ref().and_then(|w| w.flaw(dim)) {
        Some(flaw) => fail(format!("the whitening to start with cannot be used: {flaw}")),
        None => Ok(()),
    }
}

fn check_states(
    dim: usize,
    states: &[ChainState],
    chains: usize,
    options: &NutsOptions,
) -> Result<()> {
    let fail = |message: String| {
        Err(Error::Inference(format!("the run cannot go on: {message}; start it anew")))
    };
    if states.len() != chains {
        return fail(format!("it had {} chains, and {chains} are asked for", states.len()));
    }
    for (i, state) in states.iter().enumerate() {
        if state.chain != i {
            return fail(format!("chain {} stands at the place of chain {i}", state.chain));
        }
        if state.draws > options.draws {
            return fail(format!(
                "chain {i} has {} draws, more than the {} asked for",
                state.draws, options.draws
            ));
        }
        let Some(adapted) = &state.adapted else {
            if state.draws > 0 {
                return fail(format!("chain {i} has draws and no end of tuning"));
            }
            continue;
        };
        if let Some(flaw) = adapted.whitening.flaw(dim) {
            return fail(format!("the whitening of chain {i} cannot be used: {flaw}"));
        }
        if !(adapted.step_size.is_finite() && adapted.step_size > 0.0) {
            return fail(format!("the step size of chain {i} is {}", adapted.step_size));
        }
        if adapted.position.len() != dim || adapted.position.iter().any(|v| !v.is_finite()) {
            return fail(format!("the position of chain {i} is not {dim} finite numbers"));
        }
    }
    Ok(())
}
