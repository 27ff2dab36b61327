//! The nested Laplace approximation of a model: the mode of its parameters, points around it, and draws of
//! the fields at each.
//!
//! θ has the density p̂(θ | y) of [`NestedPosterior`]. Its mode and its curvature there make a normal
//! distribution in unconstrained parameters, of which some points stand for all: spread evenly (a rank-1
//! sequence), with exactly its mean and its covariance. At each the fields have their mode and their
//! precision, one factorization, and draws of them belong to that θ. A point counts by its weight, p̂ over the
//! normal density, smoothed as [`ParetoK`] does.

mod points;
#[cfg(test)]
mod tests;
mod visit;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use gridgp_dense::Cholesky;
use gridgp_density::{LogDensity, NestedPlan, NestedPosterior, Samples};
use gridgp_dist::special::LN_SQRT_2PI;
use gridgp_grid::Result;
use gridgp_model::Model;

use super::approximation::{Approximation, Engine};
use super::laplace::{hessian, not_concave};
use super::map::block;
use super::{ApproximateProgress, MaximizeOptions, ParetoK, Progress, maximize, starts};
use points::Points;
use visit::Visits;

/// What a nested Laplace approximation has beside an [`Approximation`] of the parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Nested {
    /// How the modes of fields were found.
    pub plan: NestedPlan,
    /// Newton iterations, of the evaluations at the points.
    pub newton_iterations: usize,
    /// Different θ among the draws, and those that were tried.
    pub points: usize,
    /// See [`points`](Self::points).
    pub tried: usize,
}

/// Seconds of one core of an evaluation on a block on which starts compete, and on the block that the winner
/// goes on with.
const SCREENS: [f64; 2] = [0.15, 3.0];
/// Fewest points, and seconds of one core that more may take.
const FEWEST: usize = 32;
const SECONDS: f64 = 3.0;
/// A gradient as small as this times √n of n observations leaves the mode nearer than a hundredth of a
/// standard deviation, in a parameter about which they say something each.
const FLAT: f64 = 1e-4;
/// The same distance, where the curvature is known.
const NEAR: f64 = 1e-2;
/// Newton steps that may follow the search of the mode.
const STEPS: usize = 4;

/// At how many points of the parameters `laplace` draws the fields of a model: as many as draws where an
/// evaluation is cheap.
pub fn points_of(model: &Model, plan: &NestedPlan) -> usize {
    let (dim, draws) = (model.parameters.len(), model.spec.inference.draws);
    if dim == 0 {
        return 1;
    }
    let affordable = (SECONDS / plan.seconds()) as usize;
    affordable.clamp(FEWEST, draws.max(FEWEST)).max(4 * dim)
}

/// The mode of θ and the curvature there.
struct Mode {
    x: Vec<f64>,
    value: f64,
    /// −∇² log p̂ = L Lᵀ.
    factor: Cholesky,
    gradient: Vec<f64>,
    iterations: usize,
    evaluations: usize,
    converged: bool,
    interrupted: bool,
    warnings: Vec<String>,
}

/// Approximates the posterior of a model; draws are of the unknowns of [`Joint`](gridgp_density::Joint).
///
/// # Errors
/// As [`NestedPosterior::new`] and [`maximize`]; [`Error::Inference`] where the density of θ is not concave at
/// its mode.
pub(super) fn nested(
    model: &Model,
    progress: &(dyn Fn(&ApproximateProgress) -> ControlFlow<()> + Sync),
) -> Result<(Samples, Approximation)> {
    let spec = &model.spec.inference;
    let posterior = NestedPosterior::new(model)?;
    let plan = posterior.plan().clone();
    let Mode {
        x: mode,
        value,
        factor,
        iterations,
        evaluations,
        converged,
        mut interrupted,
        mut warnings,
        ..
    } = find_mode(model, &posterior, progress)?;
    let dim = mode.len();
    let count = points_of(model, &plan);
    let points = Points::new(&mode, &factor, count, spec.seed);
    let mut visits = Visits::new(model, posterior, &points, spec.draws, spec.seed)?;
    interrupted |= visits.run(progress)?;
    let ratios = visits.log_ratios();
    let (pareto_k, weights) = ParetoK::new(&ratios);
    let pareto_k = if dim == 0 { ParetoK { k: 0.0, ..pareto_k } } else { pareto_k };
    let used = visits.allot(&weights);
    let samples = visits.samples(&used)?;
    if interrupted {
        warnings.push(
            "the run was interrupted: parameters or fields are known from fewer points".into(),
        );
    }
    if dim > 0 {
        warnings.extend(pareto_k.warnings(Engine::NestedLaplace));
    }
    let n = ratios.len() as f64;
    let elbo = ratios.iter().sum::<f64>() / n;
    let spread = ratios.iter().map(|r| (r - elbo).powi(2)).sum::<f64>();
    let d = dim as f64;
    let sd = sds(&factor);
    let newton_iterations = visits.newton_iterations();
    Ok((
        samples,
        Approximation {
            engine: Engine::NestedLaplace,
            dim,
            sd,
            evidence: Some(value + d * LN_SQRT_2PI - 0.5 * factor.log_det()),
            mean: mode,
            draws: points.all()[..ratios.len() * dim].to_vec(),
            log_density: visits.log_density().to_vec(),
            log_approximation: points.log_density()[..ratios.len()].to_vec(),
            elbo: if elbo.is_finite() { elbo } else { f64::NEG_INFINITY },
            elbo_se: (spread / (n - 1.0).max(1.0) / n).sqrt(),
            curve: Vec::new(),
            pareto_k,
            steps: iterations,
            evaluations: evaluations + ratios.len(),
            skipped: pareto_k.outside,
            nested: Some(Nested {
                plan,
                newton_iterations,
                points: used.iter().filter(|n| **n > 0).count(),
                tried: ratios.len(),
            }),
            converged,
            interrupted,
            warnings,
        },
    ))
}

/// Square roots of the diagonal of (L Lᵀ)⁻¹: norms of the columns of L⁻¹.
fn sds(factor: &Cholesky) -> Vec<f64> {
    let unit = |j: usize| -> f64 {
        let mut e = vec![0.0; factor.size()];
        e[j] = 1.0;
        factor.solve_l(&mut e);
        e.iter().map(|v| v * v).sum()
    };
    (0..factor.size()).map(|j| unit(j).sqrt()).collect()
}

/// Finds the mode of θ: on blocks of a large grid first, where starts compete.
fn find_mode(
    model: &Model,
    posterior: &NestedPosterior,
    progress: &(dyn Fn(&ApproximateProgress) -> ControlFlow<()> + Sync),
) -> Result<Mode> {
    let spec = &model.spec.inference;
    if posterior.dim() == 0 {
        let value = posterior.clone().log_density(&[])?;
        return Ok(Mode {
            x: Vec::new(),
            value,
            factor: Cholesky::identity(0),
            gradient: Vec::new(),
            iterations: 0,
            evaluations: 1,
            converged: true,
            interrupted: false,
            warnings: Vec::new(),
        });
    }
    let stopped = AtomicBool::new(false);
    let observed = model.data.grid.len() - model.data.response.missing_cells().len();
    let tolerance = spec.tolerance.max(FLAT * (observed as f64).sqrt());
    let mut options =
        MaximizeOptions { max_iterations: spec.max_iterations, tolerance, curvature: None };
    let most = spec.max_iterations;
    let climbing = |p: &Progress| {
        let here = ApproximateProgress { step: p.iteration, steps: most, value: p.value };
        stopped.fetch_or(progress(&here).is_break(), Ordering::Relaxed);
        match stopped.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let mut from = starts(model, spec.starts, spec.seed);
    let cells = model.data.grid.len() as f64;
    let (seconds, mut evaluations, mut before) = (posterior.plan().seconds(), 0, 0.0);
    for most in SCREENS {
        let Some(part) = block(model, |left| seconds * left as f64 / cells <= most)? else { break };
        let Ok(density) = NestedPosterior::new(&part) else { continue };
        let share = part.data.grid.len() as f64 / cells;
        // Nothing of the part is in the result: its mode is a start like any other.
        options.tolerance = FLAT * 10.0 * (share * observed as f64).sqrt();
        if let (Some(history), true) = (options.curvature.take(), before > 0.0) {
            options.curvature = Some(history.scaled(before / share));
        }
        let Ok(best) = maximize(&|| density.clone(), &from, &options, &climbing) else { continue };
        evaluations += best.starts.iter().map(|s| s.evaluations).sum::<usize>();
        from = vec![best.x];
        (options.curvature, before) = (Some(best.curvature), share);
        if stopped.load(Ordering::Relaxed) {
            break;
        }
    }
    options.tolerance = tolerance;
    if let Some(history) = options.curvature.take() {
        options.curvature = Some(history.scaled(before));
    }
    let optimum = maximize(&|| posterior.clone(), &from, &options, &climbing)?;
    evaluations += optimum.starts.iter().map(|s| s.evaluations).sum::<usize>();
    let interrupted = stopped.into_inner();
    let mut mode = Mode {
        factor: Cholesky::identity(optimum.x.len()),
        x: optimum.x,
        value: optimum.value,
        gradient: optimum.gradient,
        iterations: optimum.iterations,
        evaluations,
        converged: optimum.converged,
        interrupted,
        warnings: Vec::new(),
    };
    mode.curve(posterior)?;
    Ok(mode)
}

impl Mode {
    /// The curvature at the mode, and what is left of the way to it.
    fn curve(&mut self, posterior: &NestedPosterior) -> Result<()> {
        let found = hessian::negative_hessian(&|| posterior.clone(), &self.x, &hessian::COARSE)?;
        self.evaluations += found.evaluations;
        self.factor = Cholesky::new(found.matrix.as_ref())
            .map_err(|_| not_concave(found.matrix.as_ref(), self.converged))?;
        let mut gradient = std::mem::take(&mut self.gradient);
        let mut density = posterior.clone();
        for _ in 0..STEPS {
            if self.distance(&gradient) < NEAR {
                break;
            }
            let mut step = gradient.clone();
            self.factor.solve_l(&mut step);
            self.factor.solve_lt(&mut step);
            let x: Vec<f64> = self.x.iter().zip(&step).map(|(x, s)| x + s).collect();
            let mut next = vec![0.0; x.len()];
            let value = density.log_density_gradient(&x, &mut next);
            self.evaluations += 1;
            if !(value > self.value) {
                break;
            }
            (self.x, self.value, gradient) = (x, value, next);
        }
        let left = self.distance(&gradient);
        self.converged = left < 10.0 * NEAR && !self.interrupted;
        if !self.converged {
            self.warnings.push(format!(
                "the search did not reach the mode of the parameters, which is {left:.2} standard \
                 deviations away; raise max_iterations, or give a better start"
            ));
        }
        Ok(())
    }

    /// √(gᵀ (−H)⁻¹ g), in standard deviations.
    fn distance(&self, gradient: &[f64]) -> f64 {
        let mut g = gradient.to_vec();
        self.factor.solve_l(&mut g);
        g.iter().map(|g| g * g).sum::<f64>().sqrt()
    }
}
