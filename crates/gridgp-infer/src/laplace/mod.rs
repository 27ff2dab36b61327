//! The normal distribution with the mode and the curvature of a density.

pub(super) mod hessian;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use faer::{Mat, MatRef};
use gridgp_dense::{Cholesky, norm, symmetric_eigen};
use gridgp_density::LogDensity;
use gridgp_dist::special::LN_SQRT_2PI;
use gridgp_grid::{Error, Result};

use super::approximation::{
    Approximation, Engine, Normal, check_draws, check_start, draw, finite_or_outside,
};
use super::maximize::maximize_boxed;
use super::pareto_k::ParetoK;
use super::{AnyDensity, MaximizeOptions, Progress};

/// How a Laplace approximation is made.
#[derive(Debug, Clone, PartialEq)]
pub struct LaplaceOptions {
    /// How the mode is searched.
    pub maximize: MaximizeOptions,
    /// Most unknowns d: the Hessian takes 2 d to 6 d evaluations, 16 d² bytes and d³ operations; 2500.
    pub max_dim: usize,
    /// Draws, by which the approximation is judged; 1000, at least 25.
    pub draws: usize,
    /// Seed of the draws; 0.
    pub seed: u64,
}

impl Default for LaplaceOptions {
    fn default() -> Self {
        Self { maximize: MaximizeOptions::default(), max_dim: 2500, draws: 1000, seed: 0 }
    }
}

impl LaplaceOptions {
    /// Refuses too many unknowns.
    pub(crate) fn check(&self, d: usize) -> Result<()> {
        if d <= self.max_dim {
            return Ok(());
        }
        Err(Error::TooLarge(format!(
            "the Laplace approximation needs the dense Hessian, and with {d} unknowns that is \
             {:.1} GB; it takes up to {} unknowns (max_dim): use svi or pathfinder",
            16.0 * (d as f64).powi(2) / 1e9,
            self.max_dim
        )))
    }
}

/// Newton steps that may follow the search of the mode.
const NEWTON: usize = 3;
/// A Hessian as asymmetric as this, relative to its diagonal, is not known to three digits.
const MAX_ASYMMETRY: f64 = 1e-3;

/// Approximates p by N(m, (−∇² log p(m))⁻¹) at its mode m: exact where p is normal.
///
/// The mode is the best that [`maximize`](crate::maximize) finds from `starts`, improved by up to three Newton steps
/// while they come nearer. The Hessian is dense, from central differences of the gradient
/// and symmetrized: the step in unknown j is between 10⁻⁵ and 10⁻² of its standard deviation with
/// the others held fixed (10⁻³ where the first trial is outside of that), so the truncation error
/// is at most 2 · 10⁻⁵ of the fourth derivative in units of that deviation. The asymmetry before
/// symmetrizing shows what noise in the gradient adds; above 10⁻³ of the diagonal it is a warning.
///
/// [`evidence`](Approximation::evidence) is log p(m) + ½ d log 2π − ½ log det(−∇² log p(m)).
///
/// # Errors
/// [`Error::Inference`] as from [`maximize`](crate::maximize), where the support ends at the mode, and where p is not
/// concave there: then it names the direction in which p rises or is flat. [`Error::TooLarge`] for
/// more than [`max_dim`](LaplaceOptions::max_dim) unknowns.
///
/// # Source
/// Tierney and Kadane (1986), Journal of the American Statistical Association 81, 82–86.
///
/// ```
/// use std::ops::ControlFlow::Continue;
/// use gridgp_density::LogDensity;
/// use gridgp_infer::{LaplaceOptions, laplace};
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
/// let fit = laplace(&|| Bell, &[vec![0.0]], &LaplaceOptions::default(), &|_| Continue(()))?;
/// assert!((fit.mean[0] - 2.0).abs() < 1e-8 && (fit.sd[0] - 0.5).abs() < 1e-8);
/// let constant = 0.5 * (2.0 * std::f64::consts::PI).ln() + 0.5f64.ln();
/// assert!((fit.evidence.unwrap() - constant).abs() < 1e-8);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn laplace<'d, D: LogDensity + Send + 'd>(
    make: &(dyn Fn() -> D + Sync),
    starts: &[Vec<f64>],
    options: &LaplaceOptions,
    progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync),
) -> Result<Approximation> {
    laplace_boxed(&|| Box::new(make()), starts, options, progress)
}

fn laplace_boxed<'d>(
    make: &(dyn Fn() -> AnyDensity<'d> + Sync),
    starts: &[Vec<f64>],
    options: &LaplaceOptions,
    progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync),
) -> Result<Approximation> {
    check_draws(options.draws)?;
    let mut density = make();
    let d = density.dim();
    for start in starts {
        check_start(start, d)?;
    }
    options.check(d)?;
    let stopped = AtomicBool::new(false);
    let optimum = maximize_boxed(make, starts, &options.maximize, &|p| {
        let flow = progress(p);
        stopped.fetch_or(flow.is_break(), Ordering::Relaxed);
        flow
    })?;
    let interrupted = stopped.into_inner();
    let mut warnings = Vec::new();
    if interrupted {
        warnings.push("the search for the mode was interrupted".into());
    }

    let mut evaluations: usize = optimum.starts.iter().map(|s| s.evaluations).sum();
    let found = hessian::negative_hessian(make, &optimum.x, &hessian::FINE)?;
    evaluations += found.evaluations;
    let factor = Cholesky::new(found.matrix.as_ref())
        .map_err(|_| not_concave(found.matrix.as_ref(), optimum.converged))?;
    let mut mode = Mode { x: optimum.x, value: optimum.value, gradient: optimum.gradient };
    evaluations += mode.polish(&mut density, &factor);
    let converged = mode.distance(&factor) < 1e-2;
    if !converged {
        warnings.push(format!(
            "the search did not reach the mode, which is {:.2} standard deviations away; raise \
             max_iterations, or give a better start",
            mode.distance(&factor)
        ));
    }
    if found.asymmetry > MAX_ASYMMETRY {
        warnings.push(format!(
            "the Hessian from differences is asymmetric by {:.0e} of its diagonal: the gradient is \
             noisy or not smooth at the mode, and standard deviations have as few digits",
            found.asymmetry
        ));
    }
    let normal = Curved { log_det: factor.log_det(), factor, mode: mode.x };
    let draws = draw(make, &normal, options.draws, options.seed);
    let (pareto_k, _) = ParetoK::new(&draws.log_ratios());
    warnings.extend(pareto_k.warnings(Engine::Laplace));
    let (elbo, elbo_se) = draws.elbo();
    Ok(Approximation {
        engine: Engine::Laplace,
        dim: d,
        sd: normal.sd(),
        evidence: Some(mode.value + d as f64 * LN_SQRT_2PI - 0.5 * normal.log_det),
        mean: normal.mode,
        draws: draws.x,
        log_density: draws.log_density,
        log_approximation: draws.log_approximation,
        elbo,
        elbo_se,
        curve: Vec::new(),
        pareto_k,
        steps: optimum.iterations,
        evaluations,
        skipped: 0,
        nested: None,
        converged,
        interrupted,
        warnings,
    })
}

/// Where the search stands.
struct Mode {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl Mode {
    /// Newton steps with the curvature at hand, while they raise the density; how many evaluations.
    fn polish(&mut self, density: &mut impl LogDensity, factor: &Cholesky) -> usize {
        let d = self.x.len();
        for done in 0..NEWTON {
            let mut step = Mat::from_fn(d, 1, |i, _| self.gradient[i]);
            factor.solve_in_place(step.as_mut());
            let x: Vec<f64> = (0..d).map(|i| self.x[i] + step[(i, 0)]).collect();
            let mut gradient = vec![0.0; d];
            let value = finite_or_outside(density.log_density_gradient(&x, &mut gradient));
            let next = Self { x, value, gradient };
            // Near the mode values differ by round-off alone; the gradient still tells.
            let nearer = next.distance(factor) < 0.5 * self.distance(factor);
            if !nearer || value < self.value - 1e-9 * self.value.abs().max(1.0) {
                return done + 1;
            }
            *self = next;
        }
        NEWTON
    }

    /// How far away the mode is by the curvature here, in standard deviations: √(gᵀ (−H)⁻¹ g).
    fn distance(&self, factor: &Cholesky) -> f64 {
        let mut g = Mat::from_fn(self.x.len(), 1, |i, _| self.gradient[i]);
        factor.solve_l_in_place(g.as_mut());
        let distance = norm(g.as_ref());
        if distance.is_finite() { distance } else { f64::INFINITY }
    }
}

/// What to do where the negative Hessian has an eigenvalue that is not positive.
pub(super) fn not_concave(matrix: MatRef<'_, f64>, converged: bool) -> Error {
    let d = matrix.nrows();
    let Ok((values, vectors)) = symmetric_eigen(matrix) else {
        return Error::Inference("the Hessian at the mode could not be decomposed".into());
    };
    let direction = vectors.col(0);
    let mut order: Vec<usize> = (0..d).collect();
    order.sort_by(|&a, &b| direction[b].abs().total_cmp(&direction[a].abs()));
    let parts: Vec<String> =
        order.iter().take(3).map(|&i| format!("{:+.2} of unknown {i}", direction[i])).collect();
    let advice = if converged {
        "the mode is a ridge or a saddle there: give a prior that bounds these unknowns, start \
         elsewhere, or use svi or nuts"
    } else {
        "the search for the mode has not converged: raise max_iterations or give a better start"
    };
    Error::Inference(format!(
        "the log density is not concave where the search for its mode ended: along {} its second \
         derivative is {:+.2e}; {advice}",
        parts.join(", "),
        -values[0]
    ))
}

/// x = m + L⁻ᵀ ε with −∇² log p(m) = L Lᵀ.
struct Curved {
    mode: Vec<f64>,
    factor: Cholesky,
    log_det: f64,
}

impl Curved {
    /// Square roots of the diagonal of (L Lᵀ)⁻¹: norms of the columns of L⁻¹.
    fn sd(&self) -> Vec<f64> {
        let d = self.mode.len();
        let mut inverse = Mat::identity(d, d);
        self.factor.solve_l_in_place(inverse.as_mut());
        (0..d).map(|j| norm(inverse.col(j).as_mat())).collect()
    }
}

impl Normal for Curved {
    fn dim(&self) -> usize {
        self.mode.len()
    }

    fn noise(&self) -> usize {
        self.mode.len()
    }

    fn draw(&self, noise: &[f64], x: &mut [f64]) -> f64 {
        let d = x.len();
        let l = self.factor.l();
        x.copy_from_slice(noise);
        for i in (0..d).rev() {
            // Column i of L below the diagonal is contiguous.
            let below: f64 = (i + 1..d).map(|k| l[(k, i)] * x[k]).sum();
            x[i] = (x[i] - below) / l[(i, i)];
        }
        let square: f64 = noise.iter().map(|z| z * z).sum();
        x.iter_mut().zip(&self.mode).for_each(|(x, m)| *x += m);
        0.5 * (self.log_det - square) - d as f64 * LN_SQRT_2PI
    }
}
