//! The nested Laplace approximation of a model: the mode of its parameters, points around it, and draws of
//! the fields at each.
//!
//! θ has the density p̂(θ | y) of [`NestedPosterior`]. Its mode and its curvature there make a normal
//! distribution in unconstrained parameters, of which some points stand for all: spread evenly (a rank-1
//! sequence), with exactly its mean and its covariance. At each the fields have their mode and their
//! precision, one factorization, and draws of them belong to that θ. A point counts by its weight, p̂ over the
//! normal density, smoothed as [`ParetoK`] does.

mod mode;
mod points;
#[cfg(test)]
mod tests;
mod visit;

use std::ops::ControlFlow;

use gridgp_dense::Cholesky;
use gridgp_density::{Correction, NestedPlan, NestedPosterior, Samples};
use gridgp_dist::special::LN_SQRT_2PI;
use gridgp_grid::Result;
use gridgp_model::Model;

use super::approximation::{Approximation, Engine};
use super::{ApproximateProgress, ParetoK};
use mode::{Mode, find_mode};
use points::{Halves, Points};
use visit::Visits;
pub(super) use visit::is_small as visits_beside;

/// What a nested Laplace approximation has beside an [`Approximation`] of the parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Nested {
    /// How the modes of fields were found.
    pub plan: NestedPlan,
    /// Newton iterations, of the evaluations at the points.
    pub newton_iterations: usize,
    /// What matched moments changed in the fields, at the mode of the parameters; none where they were not
    /// asked for, or there are none.
    pub correction: Option<Correction>,
    /// Rounds in which moments were matched, of all evaluations.
    pub rounds: usize,
    /// Different θ among the draws, and those that were tried.
    pub points: usize,
    /// See [`points`](Self::points).
    pub tried: usize,
}

/// Fewest points, and seconds of one core that more may take.
const FEWEST: usize = 32;
const SECONDS: f64 = 12.0;
/// Points from which on Pareto k is taken at its word.
const MANY: usize = 100;

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
    let mut posterior = NestedPosterior::new(model)?;
    let plan = posterior.plan().clone();
    let mut found = find_mode(model, &mut posterior, progress)?;
    let mut correction = None;
    if spec.correction && !found.interrupted {
        let tell = |step: usize, value: f64| {
            progress(&ApproximateProgress { step, steps: spec.max_iterations, value })
        };
        match found.correct(&mut posterior, &tell) {
            Ok(what) => correction = Some(what),
            Err(why) => {
                posterior.match_moments(false);
                found.warnings.push(format!(
                    "the fields given the parameters are not corrected for skewness, since {why}: compare \
                     with nuts"
                ));
            }
        }
    }
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
    } = found;
    let dim = mode.len();
    let count = points_of(model, &plan);
    let halves = halves(&mut posterior, &mode, value, &factor);
    let points = Points::new(&mode, &factor, &halves, count, spec.seed);
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
    // The tail of few points says little: then their effective number decides.
    if dim > 0 && (count >= MANY || pareto_k.ess < 0.5 * count as f64) {
        warnings.extend(pareto_k.warnings(Engine::NestedLaplace));
    }
    let n = ratios.len() as f64;
    let elbo = ratios.iter().sum::<f64>() / n;
    let spread = ratios.iter().map(|r| (r - elbo).powi(2)).sum::<f64>();
    let d = dim as f64;
    let sd = sds(&factor);
    let (newton_iterations, rounds) = (visits.newton_iterations(), visits.rounds());
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
                correction,
                rounds,
                points: used.iter().filter(|n| **n > 0).count(),
                tried: ratios.len(),
            }),
            converged,
            interrupted,
            warnings,
        },
    ))
}

/// How far in standard deviations of the curvature its halves are measured, and how long or short they may be.
const MEASURED: f64 = 1.5;
const SHORTEST: f64 = 0.5;
const LONGEST: f64 = 2.5;

/// How much longer halves are than measured, so that tails that are heavier than theirs have points: the weights
/// of d normal unknowns stay equal but for a factor near e^{1/(2d)} in their effective number.
fn widened(dim: usize) -> f64 {
    (1.0 + 1.0 / dim as f64).sqrt()
}

/// Along each column of L⁻ᵀ the standard deviations of the normal distributions that fall as much as the density
/// does on either side of the mode.
fn halves(
    posterior: &mut NestedPosterior,
    mode: &[f64],
    value: f64,
    factor: &Cholesky,
) -> Vec<Halves> {
    let mut along = |j: usize, distance: f64| {
        let mut x = vec![0.0; mode.len()];
        x[j] = distance;
        factor.solve_lt(&mut x);
        x.iter_mut().zip(mode).for_each(|(x, m)| *x += m);
        let fall = value - posterior.log_density(&x).unwrap_or(f64::NEG_INFINITY);
        let sd = MEASURED / (2.0 * fall).max(0.0).sqrt();
        // In vain where the density is no number there.
        if sd.is_nan() { 1.0 } else { sd.clamp(SHORTEST, LONGEST) }
    };
    let wide = widened(mode.len());
    (0..mode.len()).map(|j| [-MEASURED, MEASURED].map(|s| wide * along(j, s))).collect()
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
