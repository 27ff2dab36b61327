//! The mode of a log density, from several starts.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use gridgp_density::LogDensity;
use gridgp_grid::{Error, Result};
use rayon::prelude::*;

use super::AnyDensity;
use super::climb::{Climb, climb};
use super::history::History;

/// When a maximization ends.
#[derive(Clone, Debug, PartialEq)]
pub struct MaximizeOptions {
    /// Most iterations from each start; one iteration needs one or two evaluations, rarely more.
    pub max_iterations: usize,
    /// Largest |∂/∂xᵢ| that counts as 0; absolute, as the scale of a log density is 1.
    pub tolerance: f64,
    /// A mode that is nearer than this by the curvature along the way, in standard deviations, is found;
    /// 0: the gradient alone decides.
    pub near: f64,
    /// What is known of the curvature; it is learned from nothing if absent.
    pub curvature: Option<History>,
}

impl Default for MaximizeOptions {
    fn default() -> Self {
        Self { max_iterations: 500, tolerance: 1e-4, near: 0.0, curvature: None }
    }
}

/// How far from the first start no mode is expected: 50 is e⁵⁰ in a lengthscale.
const FAR: f64 = 50.0;

/// The best point found.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// The unknowns, unconstrained; length d.
    pub x: Vec<f64>,
    /// The log density there.
    pub value: f64,
    /// Its gradient there; length d.
    pub gradient: Vec<f64>,
    /// Iterations of the start that won.
    pub iterations: usize,
    /// Evaluations of the log density with its gradient, of the start that won.
    pub evaluations: usize,
    /// Whether the gradient is 0 within the tolerance, and nobody stopped the search.
    pub converged: bool,
    /// Which start won.
    pub start: usize,
    /// How every start ended, in their order, the winner among them.
    pub starts: Vec<StartSummary>,
    /// The curvature along the way of the start that won.
    pub curvature: History,
}

/// How one start ended.
#[derive(Clone, Debug, PartialEq)]
pub struct StartSummary {
    /// The log density where it ended; −∞ where the start itself was outside the support.
    pub value: f64,
    /// Largest |entry| of the gradient there; +∞ outside the support.
    pub gradient_norm: f64,
    /// Iterations.
    pub iterations: usize,
    /// Evaluations of the log density with its gradient.
    pub evaluations: usize,
    /// Whether the gradient is 0 within the tolerance.
    pub converged: bool,
}

/// Where one start stands after an iteration.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Which start.
    pub start: usize,
    /// How many there are.
    pub starts: usize,
    /// Iterations done; 0 is the start itself.
    pub iteration: usize,
    /// The log density.
    pub value: f64,
    /// Largest |entry| of its gradient.
    pub gradient_norm: f64,
}

/// In words: which start, its iteration, log density and gradient.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, starts, iteration, value, gradient_norm } = self;
        write!(
            f,
            "start {} of {starts}, iteration {iteration}: log posterior {value:.4}, gradient \
             {gradient_norm:.1e}",
            start + 1
        )
    }
}

/// Maximizes a log density by L-BFGS from each of `starts`, and keeps the highest.
///
/// `make` gives each start its own density; starts run in parallel on the current rayon pool, with
/// the same result for any number of threads (ties go to the first start). A start where the
/// density is −∞ is skipped, which its [`StartSummary`] tells; one that ends more than 50 away from
/// the first start without converging has run away, along a pole of a prior say, and does not win
/// over others. `progress` sees every iteration of
/// every start, from the thread that did it; a `Break` ends all of them, those that have not begun
/// included, and the best so far comes back with `converged` false.
///
/// Not converging is not an error: look at [`Optimum::converged`] and the gradient.
///
/// # Errors
///
/// [`Error::Inference`] where there is no start, a start has the wrong length or a number that is
/// not finite, or the density is −∞ at all of them.
///
/// # Source
///
/// Nocedal and Wright (2006), Numerical Optimization, section 7.2; Hager and Zhang (2005), SIAM
/// J. Optim. 16, 170–192, for the line search near the optimum.
///
/// ```
/// use std::ops::ControlFlow::Continue;
/// use gridgp_density::LogDensity;
/// use gridgp_infer::{MaximizeOptions, maximize};
///
/// /// log x − x with x = exp(u).
/// struct Exponential;
/// impl LogDensity for Exponential {
///     fn dim(&self) -> usize {
///         1
///     }
///     fn log_density_gradient(&mut self, u: &[f64], gradient: &mut [f64]) -> f64 {
///         gradient[0] = 1.0 - u[0].exp();
///         u[0] - u[0].exp()
///     }
/// }
///
/// let optimum =
///     maximize(&|| Exponential, &[vec![3.0]], &MaximizeOptions::default(), &|_| Continue(()))?;
/// assert!(optimum.converged && optimum.x[0].abs() < 1e-4);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn maximize<'d, D: LogDensity + Send + 'd>(
    make: &(dyn Fn() -> D + Sync),
    starts: &[Vec<f64>],
    options: &MaximizeOptions,
    progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync),
) -> Result<Optimum> {
    maximize_boxed(&|| Box::new(make()), starts, options, progress)
}

pub(super) fn maximize_boxed<'d>(
    make: &(dyn Fn() -> AnyDensity<'d> + Sync),
    starts: &[Vec<f64>],
    options: &MaximizeOptions,
    progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync),
) -> Result<Optimum> {
    let stopped = AtomicBool::new(false);
    let climbs: Vec<Climb> = starts
        .par_iter()
        .enumerate()
        .map(|(start, x)| {
            if stopped.load(Ordering::Relaxed) {
                // Another start has a point to keep.
                return Ok(Climb::unbegun(x));
            }
            let density = make();
            check_start(start, x, density.dim())?;
            Ok(climb(density, x, options, |iteration, point| {
                let flow = progress(&Progress {
                    start,
                    starts: starts.len(),
                    iteration,
                    value: -point.value,
                    gradient_norm: point.gradient_norm(),
                });
                if flow.is_break() {
                    stopped.store(true, Ordering::Relaxed);
                }
                if stopped.load(Ordering::Relaxed) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            }))
        })
        // Through a vector, so that of several errors it is always the first that is reported.
        .collect::<Vec<_>>()
        .into_iter()
        .collect::<Result<_>>()?;

    let summaries = climbs
        .iter()
        .map(|c| StartSummary {
            value: -c.point.value,
            gradient_norm: c.point.gradient_norm(),
            iterations: c.iterations,
            evaluations: c.evaluations,
            converged: c.converged,
        })
        .collect();
    let ran_away = |c: &Climb| {
        let distances = c.point.x.iter().zip(&starts[0]).map(|(x, from)| (x - from).abs());
        !c.converged && distances.fold(0.0, f64::max) > FAR
    };
    let (start, best) = climbs
        .into_iter()
        .enumerate()
        .filter(|(_, c)| c.point.value.is_finite())
        .min_by(|(_, a), (_, b)| {
            ran_away(a).cmp(&ran_away(b)).then(a.point.value.total_cmp(&b.point.value))
        })
        .ok_or_else(|| nowhere_finite(starts.len()))?;
    Ok(Optimum {
        x: best.point.x,
        value: -best.point.value,
        gradient: best.point.gradient.iter().map(|g| -g).collect(),
        iterations: best.iterations,
        evaluations: best.evaluations,
        converged: best.converged && !stopped.into_inner(),
        start,
        starts: summaries,
        curvature: best.history,
    })
}

fn check_start(start: usize, x: &[f64], dim: usize) -> Result<()> {
    if x.len() != dim {
        return Err(Error::Inference(format!(
            "start {start} has {} numbers and the model has {dim} unknowns; give one for each",
            x.len()
        )));
    }
    match x.iter().position(|v| !v.is_finite()) {
        Some(j) => Err(Error::Inference(format!(
            "start {start} has {} as number {j}; give finite numbers",
            x[j]
        ))),
        None => Ok(()),
    }
}

fn nowhere_finite(starts: usize) -> Error {
    Error::Inference(match starts {
        0 => "there is no start to maximize from; give at least one".into(),
        n => format!(
            "the log density is -inf at every start ({n} tried): the values there are outside a \
             prior's support, or a covariance cannot be factorized; set inference.start to values \
             that fit the data's scale, or give priors that exclude extreme lengthscales and \
             amplitudes"
        ),
    })
}
