//! The mode of the parameters, and the curvature there.
//!
//! On a large grid starts compete on a block of it, the winner goes on with a larger one, and its curvature
//! there, scaled to all cells, makes the steps on the whole grid: few of its evaluations are needed.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use faer::Mat;
use gridgp_dense::Cholesky;
use gridgp_density::{Correction, LogDensity, NestedPosterior};
use gridgp_grid::{Error, Result};
use gridgp_model::Model;

use super::super::laplace::{hessian, not_concave};
use super::super::map::block;
use super::super::{ApproximateProgress, MaximizeOptions, Progress, maximize, starts};

/// Seconds of one core of an evaluation on a block on which starts compete, and on the block that the winner
/// goes on with.
const SCREENS: [f64; 2] = [0.15, 2.0];
/// A gradient as small as this times √n of n observations leaves the mode nearer than a hundredth of a
/// standard deviation, in a parameter about which they say something each.
const FLAT: f64 = 1e-3;
/// The same distance, where the curvature is known; and that from which on the curvature is worth its
/// evaluations.
const NEAR: f64 = 1e-2;
const NEARER: f64 = 0.1;
/// Newton steps that may follow the search of the mode.
const STEPS: usize = 4;
/// Draws from the priors where none of the starts is possible.
const MORE: usize = 64;
/// Steps with the curvature of a block, and halvings of one.
const GUIDED: usize = 12;
const HALVINGS: usize = 6;

/// The mode of θ and the curvature there.
pub(super) struct Mode {
    pub(super) x: Vec<f64>,
    pub(super) value: f64,
    /// −∇² log p̂ = L Lᵀ.
    pub(super) factor: Cholesky,
    gradient: Vec<f64>,
    pub(super) iterations: usize,
    pub(super) evaluations: usize,
    pub(super) converged: bool,
    pub(super) interrupted: bool,
    pub(super) warnings: Vec<String>,
}

/// Finds the mode of θ.
pub(super) fn find_mode(
    model: &Model,
    posterior: &mut NestedPosterior,
    progress: &(dyn Fn(&ApproximateProgress) -> ControlFlow<()> + Sync),
) -> Result<Mode> {
    let spec = &model.spec.inference;
    let mut mode = Mode {
        x: Vec::new(),
        value: f64::NEG_INFINITY,
        factor: Cholesky::identity(posterior.dim()),
        gradient: Vec::new(),
        iterations: 0,
        evaluations: 0,
        converged: true,
        interrupted: false,
        warnings: Vec::new(),
    };
    if posterior.dim() == 0 {
        mode.value = posterior.clone().log_density(&[])?;
        mode.evaluations = 1;
        return Ok(mode);
    }
    let stopped = AtomicBool::new(false);
    let observed = (model.data.grid.len() - model.data.response.missing_cells().len()) as f64;
    let tolerance = |share: f64| spec.tolerance.max(FLAT * (share * observed).sqrt());
    let most = spec.max_iterations;
    let tell = |step: usize, value: f64| {
        let here = ApproximateProgress { step, steps: most, value };
        stopped.fetch_or(progress(&here).is_break(), Ordering::Relaxed);
        match stopped.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let climbing = |p: &Progress| tell(p.iteration, p.value);
    let mut from = starts(model, spec.starts, spec.seed);
    let cells = model.data.grid.len() as f64;
    let seconds = posterior.plan().seconds();
    // The density of the last block with its share of the cells.
    let mut last = None;
    for most in SCREENS {
        let Some(part) = block(model, |left| seconds * left as f64 / cells <= most)? else { break };
        let Ok(density) = NestedPosterior::new(&part) else { continue };
        let share = part.data.grid.len() as f64 / cells;
        let options = MaximizeOptions {
            near: 0.0,
            max_iterations: spec.max_iterations,
            tolerance: tolerance(share),
            curvature: None,
        };
        // Nothing of the part is in the result: its mode is a start like any other.
        let Ok(best) = maximize(&|| density.clone(), &from, &options, &climbing) else { continue };
        mode.evaluations += best.starts.iter().map(|s| s.evaluations).sum::<usize>();
        from = vec![best.x];
        last = Some((density, share));
        if stopped.load(Ordering::Relaxed) {
            break;
        }
    }
    let is_near = match last {
        Some((density, share)) => {
            mode.x = from[0].clone();
            let is_near = mode.guided(posterior, &density, share, &tell)?;
            posterior.nested().forget();
            is_near
        }
        None => false,
    };
    if !is_near {
        let options = MaximizeOptions {
            near: 0.0,
            max_iterations: spec.max_iterations,
            tolerance: tolerance(1.0),
            curvature: None,
        };
        let climb = |from: &[Vec<f64>]| maximize(&|| posterior.clone(), from, &options, &climbing);
        // Of more draws from the priors some may be possible.
        let optimum = climb(&from).or_else(|_| climb(&starts(model, MORE, spec.seed)));
        let optimum = optimum.map_err(|_| nowhere())?;
        mode.evaluations += optimum.starts.iter().map(|s| s.evaluations).sum::<usize>();
        mode.iterations += optimum.iterations;
        (mode.x, mode.value, mode.gradient) = (optimum.x, optimum.value, optimum.gradient);
        mode.converged = optimum.converged;
        // The mode of the fields that the next searches begin at; of several it may be another one.
        mode.value = posterior.log_density_gradient(&mode.x, &mut mode.gradient);
        mode.evaluations += 1;
        posterior.nested().forget();
        if !mode.value.is_finite() {
            return Err(nowhere());
        }
    }
    mode.interrupted = stopped.load(Ordering::Relaxed);
    mode.curve(posterior)?;
    Ok(mode)
}

fn nowhere() -> Error {
    Error::Inference(
        "no start was found where the data are possible: log p(y | θ) is -inf at draws from the priors, since \
         observations are impossible there whatever the fields are, or a covariance has no factor; set \
         inference.start to parameters that fit the data, or give priors that exclude extreme values"
            .into(),
    )
}

impl Mode {
    /// Steps on all cells with the curvature on a block of them, corrected by what each step shows (BFGS);
    /// whether they came near the mode.
    fn guided(
        &mut self,
        posterior: &mut NestedPosterior,
        block: &NestedPosterior,
        share: f64,
        tell: &dyn Fn(usize, f64) -> ControlFlow<()>,
    ) -> Result<bool> {
        let dim = self.x.len();
        let Ok(found) = hessian::negative_hessian(&|| block.clone(), &self.x, &hessian::COARSE)
        else {
            return Ok(false);
        };
        self.evaluations += found.evaluations;
        let mut matrix = Mat::from_fn(dim, dim, |i, j| found.matrix[(i, j)] / share);
        let density = posterior;
        self.gradient = vec![0.0; dim];
        self.value = density.log_density_gradient(&self.x, &mut self.gradient);
        self.evaluations += 1;
        if !self.value.is_finite() {
            return Ok(false);
        }
        self.climb(density, &mut matrix, NEARER, tell)
    }

    /// Steps with a curvature that each corrects, from where value and gradient are known, until the mode is
    /// within `near` standard deviations; whether it is.
    fn climb(
        &mut self,
        density: &mut NestedPosterior,
        matrix: &mut Mat<f64>,
        near: f64,
        tell: &dyn Fn(usize, f64) -> ControlFlow<()>,
    ) -> Result<bool> {
        let dim = self.x.len();
        for iteration in 0..GUIDED {
            let Ok(factor) = Cholesky::new(matrix.as_ref()) else { return Ok(false) };
            self.factor = factor;
            self.iterations += 1;
            if self.distance(&self.gradient) < near {
                return Ok(true);
            }
            if tell(iteration, self.value).is_break() {
                return Ok(true);
            }
            let mut step = self.gradient.clone();
            self.factor.solve_l(&mut step);
            self.factor.solve_lt(&mut step);
            let mut is_higher = false;
            for _ in 0..HALVINGS {
                let x: Vec<f64> = self.x.iter().zip(&step).map(|(x, s)| x + s).collect();
                let mut gradient = vec![0.0; dim];
                let value = density.log_density_gradient(&x, &mut gradient);
                self.evaluations += 1;
                if value.is_finite() {
                    correct(matrix, &step, &self.gradient, &gradient);
                }
                if value > self.value {
                    (self.x, self.value, self.gradient) = (x, value, gradient);
                    is_higher = true;
                    break;
                }
                step.iter_mut().for_each(|s| *s *= 0.3);
            }
            if !is_higher {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// The curvature at the mode, and what is left of the way to it.
    fn curve(&mut self, posterior: &mut NestedPosterior) -> Result<()> {
        let found = hessian::negative_hessian(&|| posterior.clone(), &self.x, &hessian::COARSE)?;
        self.evaluations += found.evaluations;
        self.factor = Cholesky::new(found.matrix.as_ref())
            .map_err(|_| not_concave(found.matrix.as_ref(), self.converged))?;
        let mut gradient = std::mem::take(&mut self.gradient);
        for _ in 0..STEPS {
            if self.distance(&gradient) < NEAR {
                break;
            }
            let mut step = gradient.clone();
            self.factor.solve_l(&mut step);
            self.factor.solve_lt(&mut step);
            let x: Vec<f64> = self.x.iter().zip(&step).map(|(x, s)| x + s).collect();
            let mut next = vec![0.0; x.len()];
            let value = posterior.log_density_gradient(&x, &mut next);
            self.evaluations += 1;
            if value.is_nan() || value <= self.value {
                break;
            }
            (self.x, self.value, gradient) = (x, value, next);
        }
        posterior.nested().forget();
        let left = self.distance(&gradient);
        self.converged = left < NEARER && !self.interrupted;
        if !self.converged {
            self.warnings.push(format!(
                "the search did not reach the mode of the parameters, which is {left:.2} standard \
                 deviations away; raise max_iterations, or give a better start"
            ));
        }
        Ok(())
    }

    /// The mode of the density by [matched moments](gridgp_density::NestedLaplace::matched_log_prob), from that
    /// of Laplace's method and with its curvature. The posterior has matched moments from then on, unless they
    /// change nothing.
    ///
    /// # Errors
    /// As [`NestedPosterior::correction`]; then mode and posterior are as they were.
    pub(super) fn correct(
        &mut self,
        posterior: &mut NestedPosterior,
        tell: &dyn Fn(usize, f64) -> ControlFlow<()>,
    ) -> Result<Correction> {
        let first = posterior.correction(&self.x)?;
        posterior.match_moments(true);
        let dim = self.x.len();
        let root = self.factor.clone();
        let mut matrix = Mat::from_fn(dim, dim, |i, j| {
            (0..=i.min(j)).map(|k| root.l()[(i, k)] * root.l()[(j, k)]).sum()
        });
        let mut gradient = vec![0.0; dim];
        let value = posterior.log_density_gradient(&self.x, &mut gradient);
        self.evaluations += 2;
        let [least, most] = first.scale;
        let is_nothing = first.shift < NEAR && least > 1.0 - NEAR && most < 1.0 + NEAR;
        if !value.is_finite() || (is_nothing && self.distance(&gradient) < NEAR) {
            posterior.match_moments(false);
            posterior.nested().forget();
            let why =
                "the density of the parameters with matched moments is not finite at their mode";
            return if value.is_finite() { Ok(first) } else { Err(Error::Singular(why.into())) };
        }
        (self.value, self.gradient) = (value, gradient);
        let is_near = self.climb(posterior, &mut matrix, NEARER, tell)?;
        posterior.nested().forget();
        if !is_near {
            self.converged = false;
            self.warnings.push(
                "the search with matched moments did not reach the mode of the parameters; correction = \
                 false leaves them out"
                    .into(),
            );
        }
        posterior.correction(&self.x)
    }

    /// √(gᵀ (−H)⁻¹ g), in standard deviations.
    fn distance(&self, gradient: &[f64]) -> f64 {
        let mut g = gradient.to_vec();
        self.factor.solve_l(&mut g);
        g.iter().map(|g| g * g).sum::<f64>().sqrt()
    }
}

/// B + yyᵀ/(yᵀs) − B s sᵀB/(sᵀBs), of the step s and what it changed in the gradient of −log p.
fn correct(matrix: &mut Mat<f64>, step: &[f64], before: &[f64], after: &[f64]) {
    let dim = step.len();
    let y: Vec<f64> = before.iter().zip(after).map(|(b, a)| b - a).collect();
    let bs: Vec<f64> = (0..dim).map(|i| (0..dim).map(|j| matrix[(i, j)] * step[j]).sum()).collect();
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let (ys, sbs) = (dot(&y, step), dot(step, &bs));
    if ys > 1e-3 * sbs && sbs > 0.0 {
        for i in 0..dim {
            for j in 0..dim {
                matrix[(i, j)] += y[i] * y[j] / ys - bs[i] * bs[j] / sbs;
            }
        }
    }
}
