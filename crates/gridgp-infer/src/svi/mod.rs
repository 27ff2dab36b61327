//! Stochastic variational inference: the normal distribution nearest to a density, by Adam.

mod adam;
mod full_rank;
mod guide;
mod low_rank;
mod mean_field;
mod particles;
mod quadrature;
#[cfg(test)]
mod tests;
mod window;

use std::ops::ControlFlow;

use adam::{Adam, clip};
use gridgp_density::{ExpectedLogDensity, LogDensity};
use gridgp_grid::{Error, Result};
use guide::LocationScale;
use particles::{Estimator, Particles};
use quadrature::Quadrature;
use window::Window;

use super::AnyDensity;
use super::approximation::{Approximation, Normal, check_draws, check_start, draw};
use super::pareto_k::ParetoK;

pub use guide::Guide;

/// Steps in a row without a usable particle after which there is no hope.
const MAX_SKIPPED_STEPS: usize = 100;

/// Steps for which the curve has its memory at once.
const MAX_RESERVED: usize = 1_000_000;

/// How a variational fit goes.
#[derive(Debug, Clone, PartialEq)]
pub struct SviOptions {
    /// Which normal distributions are searched; [`Guide::MeanField`].
    pub guide: Guide,
    /// Most steps; 6000.
    pub steps: usize,
    /// Adam's learning rate, about the length of a step in each parameter; 0.003.
    pub learning_rate: f64,
    /// The learning rate after `steps` steps, reached geometrically; constant if absent.
    pub final_learning_rate: Option<f64>,
    /// Longest gradient, in the Euclidean norm; a longer one is shortened to it; 10.
    pub clip: f64,
    /// Draws of the guide for each step; 1.
    pub particles: usize,
    /// Whether particles come in pairs μ ± R ε; false. Their number must be even then.
    pub antithetic: bool,
    /// Standard deviation of each unknown at the beginning, unconstrained, or one for all; 0.1.
    pub initial_sd: Vec<f64>,
    /// Steps in a window; 500. See [`svi`] for the rule.
    pub window: usize,
    /// Relative change from window to window that counts as none; 10⁻⁴.
    pub tolerance: f64,
    /// Whether convergence ends the fit before `steps`; true.
    pub stop_early: bool,
    /// Whether the parameters are averaged over the last full window; true. Otherwise they are those
    /// after the last step.
    pub average: bool,
    /// Draws from the fitted guide, by which it is judged; 1000, at least 25.
    pub draws: usize,
    /// Seed of everything random; 0.
    pub seed: u64,
}

impl Default for SviOptions {
    fn default() -> Self {
        Self {
            guide: Guide::MeanField,
            steps: 6000,
            learning_rate: 3e-3,
            final_learning_rate: None,
            clip: 10.0,
            particles: 1,
            antithetic: false,
            initial_sd: vec![0.1],
            window: 500,
            tolerance: 1e-4,
            stop_early: true,
            average: true,
            draws: 1000,
            seed: 0,
        }
    }
}

/// Where a variational fit stands after a step.
#[derive(Debug, Clone, PartialEq)]
pub struct SviProgress {
    /// Steps done, from 1.
    pub step: usize,
    /// Most steps.
    pub steps: usize,
    /// This step's estimate of the ELBO; −∞ where no particle was usable.
    pub elbo: f64,
    /// Relative change of the mean ELBO between the last two full windows, once there are two.
    pub change: Option<f64>,
    /// Particles left out so far.
    pub skipped: usize,
}

/// Finds the normal distribution q of a family that maximizes the ELBO E log p(x) − E log q(x),
/// x ~ q: the one nearest to p in KL(q ‖ p).
///
/// Each step draws x = μ + R ε with ε ~ N(0, I), takes the gradient of log p(x) through x to the
/// parameters of q, adds that of the entropy, which is exact, and lets Adam move. For correlated
/// unknowns the gradient is that of log p(x) − log q(x) through x, q held fixed, which has the same
/// expectation and no noise where q is p (Roeder, Wu and Duvenaud 2017, NeurIPS 30). A particle where
/// p is −∞ or its gradient not finite is left out, and counted in
/// [`Approximation::skipped`].
///
/// Converged means: with m the mean of the steps' estimates over a window of
/// [`window`](SviOptions::window) steps and m' that over the one before,
/// |m − m'| ≤ [`tolerance`](SviOptions::tolerance) · max(100, |m|) twice in a row. Windows do not
/// overlap; steps without a usable particle are not in m.
///
/// `start` is the first μ: a mode or zeros. `make` gives each worker its own density; several
/// particles run in parallel on the current rayon pool, with the same result for any number of
/// threads. `progress` sees every step; a `Break` ends the fit, and what there is comes back with
/// [`interrupted`](Approximation::interrupted).
///
/// Not converging and a poor fit are warnings, not errors.
///
/// # Errors
/// [`Error::Inference`] where an option or the start is unusable, p is −∞ at the start, or no
/// particle was usable in 100 steps in a row; [`Error::TooLarge`] where [`Guide::FullRank`] has too
/// many unknowns.
///
/// # Source
/// Kucukelbir, Tran, Ranganath, Gelman and Blei (2017), Automatic differentiation variational
/// inference, Journal of Machine Learning Research 18(14).
///
/// ```
/// use std::ops::ControlFlow::Continue;
/// use gridgp_density::LogDensity;
/// use gridgp_infer::{SviOptions, svi};
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
/// let fit = svi(&|| Bell, &[0.0], &SviOptions::default(), &|_| Continue(()))?;
/// assert!((fit.mean[0] - 2.0).abs() < 0.05 && (fit.sd[0] - 0.5).abs() < 0.05);
/// assert!(fit.pareto_k.is_good());
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn svi<'d, D: LogDensity + Send + 'd>(
    make: &(dyn Fn() -> D + Sync),
    start: &[f64],
    options: &SviOptions,
    progress: &(dyn Fn(&SviProgress) -> ControlFlow<()> + Sync),
) -> Result<Approximation> {
    svi_boxed(&|| Box::new(make()), start, options, progress)
}

fn svi_boxed<'d>(
    make: &(dyn Fn() -> AnyDensity<'d> + Sync),
    start: &[f64],
    options: &SviOptions,
    progress: &(dyn Fn(&SviProgress) -> ControlFlow<()> + Sync),
) -> Result<Approximation> {
    check_options(options)?;
    check_density(make(), start)?;
    let guide = options.guide.begin(start, &options.initial_sd, options.seed)?;
    let particles =
        Particles::new(make, &guide, options.particles, options.antithetic, options.seed);
    ascend(make, guide, particles, options, progress)
}

/// As [`svi`] with [`Guide::MeanField`], with the expectation over some unknowns exact in each step:
/// only the others are drawn, so that gradient and curve have less noise.
///
/// `make_expected` gives each worker the expectation of the density that `make` gives; draws of the
/// fitted guide are judged by the latter.
///
/// # Errors
/// As [`svi`]; [`Error::Inference`] for another guide or antithetic particles.
pub fn svi_by_quadrature<E: ExpectedLogDensity + Send, D: LogDensity + Send>(
    make_expected: &(dyn Fn() -> E + Sync),
    make: &(dyn Fn() -> D + Sync),
    start: &[f64],
    options: &SviOptions,
    progress: &(dyn Fn(&SviProgress) -> ControlFlow<()> + Sync),
) -> Result<Approximation> {
    check_options(options)?;
    if options.guide != Guide::MeanField || options.antithetic {
        return Err(Error::Inference(
            "svi's expectation by quadrature takes the unknowns for independent: it needs the guide \
             mean_field, and particles that are not antithetic"
                .into(),
        ));
    }
    check_density(make(), start)?;
    let guide = options.guide.begin(start, &options.initial_sd, options.seed)?;
    let draws = Quadrature::new(make_expected, options.particles, options.seed);
    ascend(&|| Box::new(make()) as AnyDensity<'_>, guide, draws, options, progress)
}

/// Follows the estimates of the gradient, and judges where that leads.
fn ascend<D: LogDensity>(
    make: &(dyn Fn() -> D + Sync),
    mut guide: LocationScale,
    mut estimator: impl Estimator,
    options: &SviOptions,
    progress: &(dyn Fn(&SviProgress) -> ControlFlow<()> + Sync),
) -> Result<Approximation> {
    let parameters = guide.parameters.len();
    let mut gradient = vec![0.0; parameters];
    let mut adam = Adam::new(parameters);
    let mut window = Window::new(options.window, parameters);
    let mut curve = Vec::with_capacity(options.steps.min(MAX_RESERVED));
    let decay = options.final_learning_rate.map_or(1.0, |last| last / options.learning_rate);
    let (mut skipped, mut skipped_steps, mut interrupted) = (0, 0, false);
    while curve.len() < options.steps {
        let rate = options.learning_rate * decay.powf(curve.len() as f64 / options.steps as f64);
        let estimate = estimator.step(&guide, &mut gradient);
        skipped += estimate.skipped;
        if estimate.elbo.is_some() && clip(&mut gradient, options.clip) {
            adam.ascend(&mut guide.parameters, &gradient, rate);
            guide.refresh();
            skipped_steps = 0;
        } else {
            skipped_steps += 1;
            if skipped_steps == MAX_SKIPPED_STEPS {
                return Err(hopeless(curve.len() + 1));
            }
        }
        curve.push(estimate.elbo.unwrap_or(f64::NEG_INFINITY));
        let full = window.push(estimate.elbo, &guide.parameters, options.tolerance);
        interrupted = progress(&SviProgress {
            step: curve.len(),
            steps: options.steps,
            elbo: curve[curve.len() - 1],
            change: window.change(),
            skipped,
        })
        .is_break();
        if interrupted || full && options.stop_early && window.is_quiet() {
            break;
        }
    }
    if let (true, Some(average)) = (options.average, window.average()) {
        guide.parameters.copy_from_slice(average);
        guide.refresh();
    }

    let converged = window.is_quiet();
    let mut warnings = Vec::new();
    if interrupted {
        warnings.push(format!(
            "the fit was interrupted after {} of {} steps",
            curve.len(),
            options.steps
        ));
    } else if !converged {
        warnings.push(unconverged(&window, options));
    }
    if skipped > 0 {
        warnings.push(format!(
            "{skipped} of {} particles were left out, since the log density or its gradient was not \
             finite there; where they are many, the guide spills over the edge of the support and \
             its means and sds are not to be trusted",
            curve.len() * options.particles
        ));
    }
    let engine = options.guide.engine();
    let draws = draw(make, &guide, options.draws, options.seed ^ DRAWS);
    let (pareto_k, _) = ParetoK::new(&draws.log_ratios());
    warnings.extend(pareto_k.warnings(engine));
    let (elbo, elbo_se) = draws.elbo();
    Ok(Approximation {
        engine,
        dim: guide.dim(),
        mean: guide.mean().to_vec(),
        sd: guide.sd(),
        draws: draws.x,
        log_density: draws.log_density,
        log_approximation: draws.log_approximation,
        elbo,
        elbo_se,
        steps: curve.len(),
        evaluations: curve.len() * options.particles,
        curve,
        evidence: None,
        pareto_k,
        skipped,
        nested: None,
        converged,
        interrupted,
        warnings,
    })
}

/// Keeps the noise of the final draws apart from that of the fit.
const DRAWS: u64 = 0x6472_6177_7300_0000;

fn check_options(options: &SviOptions) -> Result<()> {
    let positive = |name: &str, value: f64| {
        if value.is_finite() && value > 0.0 {
            Ok(())
        } else {
            Err(Error::Inference(format!("svi's {name} is {value}; give a positive number")))
        }
    };
    positive("learning_rate", options.learning_rate)?;
    positive("final_learning_rate", options.final_learning_rate.unwrap_or(1.0))?;
    positive("clip", options.clip)?;
    options.initial_sd.iter().try_for_each(|sd| positive("initial_sd", *sd))?;
    positive("steps", options.steps as f64)?;
    positive("particles", options.particles as f64)?;
    positive("window", options.window as f64)?;
    if options.tolerance.is_nan() || options.tolerance < 0.0 {
        return Err(Error::Inference(format!(
            "svi's tolerance is {}; give 0 or a positive number",
            options.tolerance
        )));
    }
    if options.antithetic && options.particles % 2 == 1 {
        return Err(Error::Inference(format!(
            "antithetic particles come in pairs and svi has {}; give an even number",
            options.particles
        )));
    }
    check_draws(options.draws)
}

fn check_density(mut density: impl LogDensity, start: &[f64]) -> Result<()> {
    check_start(start, density.dim())?;
    let mut gradient = vec![0.0; start.len()];
    if !density.log_density_gradient(start, &mut gradient).is_finite() {
        return Err(Error::Inference(
            "the log density is -inf at the start of svi: data outside the likelihood's support at \
             these values, or a covariance that cannot be factorized; start from a mode, or set \
             inference.start to values that fit the data's scale"
                .into(),
        ));
    }
    Ok(())
}

fn hopeless(step: usize) -> Error {
    Error::Inference(format!(
        "svi gave up at step {step}: in {MAX_SKIPPED_STEPS} steps in a row the log density was -inf, \
         or its gradient not finite, at every draw of the guide; start from a mode, or try a smaller \
         initial_sd, a smaller learning_rate, or more particles"
    ))
}

fn unconverged(window: &Window, options: &SviOptions) -> String {
    let (length, tolerance) = (options.window, options.tolerance);
    let (Some(change), Some(noise)) = (window.change(), window.noise()) else {
        return format!(
            "convergence could not be told: {} steps hold fewer than two windows of {length}; raise \
             steps",
            options.steps
        );
    };
    if change > tolerance && change > noise {
        format!(
            "svi did not converge in {} steps: over the last {length} the mean ELBO still changed \
             by {change:.1e} of itself, above {tolerance:.1e}; raise steps, or start from a mode",
            options.steps
        )
    } else if noise > tolerance {
        format!(
            "convergence could not be told: the mean ELBO of {length} steps changed by {change:.1e} \
             of itself and its noise alone is {noise:.1e}, above the tolerance {tolerance:.1e}; \
             raise particles or steps, or lower learning_rate"
        )
    } else {
        format!(
            "convergence is not sure: the mean ELBO changed little ({change:.1e} of itself) between \
             the last two windows of {length} steps, but more before; raise steps"
        )
    }
}
