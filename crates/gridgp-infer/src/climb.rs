//! L-BFGS from one start.

use std::ops::ControlFlow;

use gridgp_density::LogDensity;

use super::history::{History, dot, norm};
use super::line_search::{Objective, Point, search};
use super::maximize::MaximizeOptions;

/// Steps remembered. For the few unknowns of a marginal density that is all of them, as in full
/// BFGS: a memory of ten costs twice the evaluations on a quadratic of condition 10⁶ in six
/// dimensions. For 10⁵ latent unknowns it is 80 MB.
const MEMORY: usize = 50;
/// Longest first trial, in multiples of the step before it or of 1. A step of 4 is a factor of 55
/// in a lengthscale; beyond lie singular covariances more often than optima.
const MAX_GROWTH: f64 = 4.0;
/// Iterations without progress beyond round-off after which a start gives up.
const MAX_STALLED: usize = 10;
/// Standard deviations from the mode that count as none where the density has a standard error.
const NEAR: f64 = 0.02;

/// Where one start ended, with signs as in the minimization.
pub(super) struct Climb {
    pub(super) point: Point,
    pub(super) iterations: usize,
    pub(super) evaluations: usize,
    pub(super) converged: bool,
    pub(super) history: History,
}

impl Climb {
    /// Of a start that was never looked at.
    pub(super) fn unbegun(x: &[f64]) -> Self {
        let (point, history) = (Point::new(x.to_vec()), History::new(MEMORY));
        Self { point, iterations: 0, evaluations: 0, converged: false, history }
    }
}

/// Minimizes from `x`, in its own words: `report` sees each iterate, the start as number 0.
///
/// A direction that fails is followed by the gradient's own, from the same point; if that fails
/// too, round-off has won and the climb ends.
pub(super) fn climb<D: LogDensity>(
    density: D,
    x: &[f64],
    options: &MaximizeOptions,
    mut report: impl FnMut(usize, &Point) -> ControlFlow<()>,
) -> Climb {
    let mut objective = Objective { density, evaluations: 0, outside: 0 };
    let mut here = Point::new(x.to_vec());
    objective.evaluate(&mut here);
    let (mut trial, mut spare) = (here.clone(), here.clone());
    let mut history = options.curvature.clone().unwrap_or_else(|| History::new(MEMORY));
    let mut direction = vec![0.0; x.len()];
    let mut longest = 1.0;
    let mut stall = Stall::new(&here);
    let mut iterations = 0;
    let mut converged = false;
    while here.value.is_finite() {
        let stopped = report(iterations, &here).is_break();
        converged = here.gradient_norm() <= options.tolerance
            || is_near(&objective, &here, options.near, &mut history, &mut direction);
        if stopped || converged || iterations == options.max_iterations || stall.is_over(&here) {
            break;
        }
        let outside = objective.outside;
        let found = loop {
            history.direction(&here.gradient, &mut direction);
            let length = norm(&direction);
            let first = f64::min(1.0, longest / length);
            let found = search(&mut objective, &here, &direction, first, &mut trial, &mut spare);
            if found || history.is_empty() {
                break found;
            }
            history.clear();
            longest = f64::min(1.0, longest);
        };
        if !found {
            break;
        }
        history.push(&here.x, &trial.x, &here.gradient, &trial.gradient);
        let step = here.x.iter().zip(&trial.x).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        // Beside a wall a direction that is still poor would run into it again and again.
        longest = if objective.outside > outside { 2.0 * step } else { MAX_GROWTH * step.max(1.0) };
        std::mem::swap(&mut here, &mut trial);
        iterations += 1;
    }
    Climb { point: here, iterations, evaluations: objective.evaluations, converged, history }
}

/// Whether the curvature says that the mode is near enough. Where values have a standard error the gradient
/// has one as well, and is never 0: there a fiftieth of a standard deviation is.
fn is_near<D: LogDensity>(
    objective: &Objective<D>,
    here: &Point,
    near: f64,
    history: &mut History,
    direction: &mut [f64],
) -> bool {
    let near = if objective.density.standard_error() > 0.0 { near.max(NEAR) } else { near };
    if near == 0.0 || history.len() < here.x.len().min(4) {
        return false;
    }
    history.direction(&here.gradient, direction);
    -dot(&here.gradient, direction) <= near * near
}

/// Notices when neither the value nor the gradient gets better any more: accepting steps by their
/// slopes alone would otherwise wander in the round-off until the iterations are used up.
struct Stall {
    value: f64,
    gradient_norm: f64,
    iterations: usize,
}

impl Stall {
    fn new(start: &Point) -> Self {
        Self { value: start.value, gradient_norm: start.gradient_norm(), iterations: 0 }
    }

    fn is_over(&mut self, here: &Point) -> bool {
        self.iterations += 1;
        let gradient_norm = here.gradient_norm();
        if here.value < self.value - here.accuracy || gradient_norm < 0.9 * self.gradient_norm {
            self.value = self.value.min(here.value);
            self.gradient_norm = self.gradient_norm.min(gradient_norm);
            self.iterations = 0;
        }
        self.iterations > MAX_STALLED
    }
}
