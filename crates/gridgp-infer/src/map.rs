//! The parameters of highest posterior density.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, Ordering};

use gridgp_density::{LogPosterior, Marginal, Plan};
use gridgp_grid::Result;
use gridgp_kernel::{Covariance, Role};
use gridgp_model::Model;
use gridgp_model::spec::{Algebra, Density};

use super::curvature::distance_to_mode;
use super::line_search::ROUND_OFF;
use super::starts::at_other_peaks;
use super::{MaximizeOptions, Optimum, Progress, StartSummary, maximize, starts};

/// A mode of the posterior of θ.
#[derive(Debug, Clone)]
pub struct Map {
    /// θ at the mode.
    pub estimate: Vec<f64>,
    /// log p(y | θ) + log p(θ) at the mode, and the Jacobian where the unconstrained density was
    /// asked for.
    pub log_posterior: f64,
    /// log p(y | θ) at the mode.
    pub log_marginal_likelihood: f64,
    /// The standard error of it and of the log posterior; 0 where they are exact.
    pub standard_error: f64,
    /// An upper bound on what dropped eigenpairs change in it.
    pub truncation: f64,
    /// The largest entry of the gradient in the unconstrained parameters.
    pub gradient_norm: f64,
    /// How the search went, on all cells.
    pub optimum: Optimum,
    /// How each start ended, where they competed: on all cells, or on a block of them.
    pub starts: Vec<StartSummary>,
    /// The number of cells on which the starts competed, where that was not all of them.
    pub screened_on: Option<usize>,
    /// Whether `progress` ended the search: this is then the best point that it had seen.
    pub interrupted: bool,
    /// How the marginal likelihood was computed.
    pub plan: Plan,
    /// What a statistician would want to know before believing the numbers.
    pub warnings: Vec<String>,
}

/// Maximizes the posterior of a model from several starts, with the settings of its
/// [`InferenceSpec`](gridgp_model::spec::InferenceSpec).
///
/// On a grid of more than 160,000 cells, or where filters or sparse factors take more than 0.3 s for an
/// evaluation by their plan, the starts compete on a block of it first, cut from the middle of the longest
/// axes, and only the winner goes on with all cells. Where few of those are missing and take conjugate
/// gradients, it goes on with a grid whose gaps are filled by their means, and then with the data as they
/// are. Where an evaluation takes more than 3 s, a mode nearer than a thousandth of a standard deviation is
/// found. Where the winner's period is no peak of the periodogram, there are more starts at the peaks.
///
/// A `Break` of `progress` ends the search after the evaluations that are under way, and the best
/// point so far comes back as [`Map::interrupted`].
///
/// # Errors
/// [`gridgp_grid::Error::Spec`] if the exact marginal cannot take the model,
/// [`gridgp_grid::Error::Inference`] if no start has a finite density.
pub fn map(model: &Model, progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync)) -> Result<Map> {
    let Search { mut posterior, optimum, starts, screened_on, interrupted, ambiguity } =
        search(model, model.spec.inference.density, progress)?;
    let estimate = model.natural(&optimum.x);
    let value = posterior.marginal().log_prob(&estimate)?;
    let gradient_norm = optimum.gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
    let mut warnings = warnings(model, &optimum, gradient_norm, &estimate);
    if interrupted {
        // In place of the one that says that the search did not converge.
        warnings[0] = format!(
            "the search was stopped: this is the best point so far and perhaps far from the mode; the \
             largest entry of the gradient is {gradient_norm:.2e}"
        );
    } else {
        warnings.extend(ambiguity);
    }
    if value.truncation > SURE {
        warnings.push(format!(
            "the covariance is singular to rounding beside this noise: the log marginal likelihood is \
             sure to {:.1e} only, and predicted means may be off by more than the noise; give the \
             noise a prior that keeps away from 0, or the field a rougher kernel, such as matern52",
            value.truncation
        ));
    }
    warnings.extend(posterior.marginal().doubts(&estimate));
    if value.standard_error > MOST_ERROR {
        warnings.push(format!(
            "the log marginal likelihood has a standard error of {:.1} from random probes; compare models \
             by larger differences only",
            value.standard_error
        ));
    }
    Ok(Map {
        estimate,
        log_posterior: optimum.value,
        log_marginal_likelihood: value.log_prob,
        standard_error: value.standard_error,
        truncation: value.truncation,
        gradient_norm,
        optimum,
        starts,
        screened_on,
        interrupted,
        plan: posterior.marginal().plan().clone(),
        warnings,
    })
}

impl Map {
    /// Evaluations of the log posterior from all starts, on a block or on all cells.
    pub fn evaluations(&self) -> usize {
        evaluations(&self.starts, self.screened_on, &self.optimum)
    }
}

/// What [`search`] finds.
pub(super) struct Search {
    /// The density on all cells.
    pub(super) posterior: LogPosterior,
    pub(super) optimum: Optimum,
    starts: Vec<StartSummary>,
    screened_on: Option<usize>,
    /// Whether `progress` ended it.
    interrupted: bool,
    /// A warning where a single start reached the mode.
    ambiguity: Option<String>,
}

impl Search {
    /// Evaluations of the log posterior from all starts, on a block or on all cells.
    pub(super) fn evaluations(&self) -> usize {
        evaluations(&self.starts, self.screened_on, &self.optimum)
    }
}

fn evaluations(starts: &[StartSummary], screened_on: Option<usize>, optimum: &Optimum) -> usize {
    let last = screened_on.map_or(0, |_| optimum.evaluations);
    starts.iter().map(|s| s.evaluations).sum::<usize>() + last
}

/// The mode of the marginal posterior, as [`map`] searches it.
pub(super) fn search(
    model: &Model,
    density: Density,
    progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync),
) -> Result<Search> {
    let spec = &model.spec.inference;
    let stopped = AtomicBool::new(false);
    let progress = &|p: &Progress| {
        let flow = progress(p);
        stopped.fetch_or(flow.is_break(), Ordering::Relaxed);
        if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { flow }
    };
    let mut posterior = LogPosterior::new(model, density)?;
    let mut options = MaximizeOptions {
        max_iterations: spec.max_iterations,
        tolerance: spec.tolerance,
        near: if posterior.plan().seconds() > SECONDS { NEAR } else { 0.0 },
        curvature: None,
    };
    let starts = starts(model, spec.starts, spec.seed);
    if let Some(block) = screen(model)? {
        let prototype = LogPosterior::new(&block, density)?;
        // The starts compete on a part of the data, and the winner goes on with all of them. A
        // mode of the part is a start like any other: nothing of the part is in the result.
        if let Ok(best) = compete(&block, &prototype, &starts, &options, progress) {
            let cells = block.data.grid.len();
            let share = cells as f64 / model.data.grid.len() as f64;
            let ambiguity = ambiguity(&block, &best);
            options.curvature = Some(best.curvature.scaled(1.0 / share));
            let (mut from, mut before) = (best.x, 0);
            if let Some(whole) = completed(&mut posterior, &from)
                && let Ok(near) = maximize(&|| whole.clone(), &[from.clone()], &options, progress)
            {
                (from, before) = (near.x, near.evaluations);
                options.curvature = Some(near.curvature);
            }
            let mut optimum = maximize(&|| posterior.clone(), &[from], &options, progress)?;
            optimum.evaluations += before;
            let interrupted = stopped.load(Ordering::Relaxed);
            settle(&mut optimum, &posterior, spec.tolerance, interrupted);
            let (starts, screened_on) = (best.starts, Some(cells));
            return Ok(Search { posterior, optimum, starts, screened_on, interrupted, ambiguity });
        }
    }
    let mut optimum = compete(model, &posterior, &starts, &options, progress)?;
    let interrupted = stopped.load(Ordering::Relaxed);
    settle(&mut optimum, &posterior, spec.tolerance, interrupted);
    let (starts, ambiguity) = (optimum.starts.clone(), ambiguity(model, &optimum));
    Ok(Search { posterior, optimum, starts, screened_on: None, interrupted, ambiguity })
}

/// The density of a grid whose few gaps are filled, which takes much less time where they take conjugate
/// gradients.
fn completed(posterior: &mut LogPosterior, x: &[f64]) -> Option<LogPosterior> {
    let slow = posterior.plan().algebra == Algebra::Iterative;
    let few = posterior.marginal().missing_share() <= FEW_GAPS;
    (slow && few).then(|| posterior.completed(x).ok().flatten()).flatten()
}

/// Lets a search that ended by round-off count as converged where the mode is nearer than `tolerance`
/// by the curvature there: along a narrow ridge the gradient is large when nothing is left to gain. One
/// that was interrupted has not converged, whatever its best start did.
fn settle(optimum: &mut Optimum, posterior: &LogPosterior, tolerance: f64, interrupted: bool) {
    if interrupted {
        optimum.converged = false;
    } else if !optimum.converged {
        let mut density = posterior.clone();
        if density.marginal().plan().algebra != Algebra::Iterative {
            let rest = distance_to_mode(&mut density, &optimum.x, &optimum.gradient);
            optimum.converged = rest <= tolerance;
        }
    }
}

/// The best of `starts`, or a higher mode from one of the peaks of the periodogram that the best does
/// not stand on.
fn compete(
    model: &Model,
    prototype: &LogPosterior,
    starts: &[Vec<f64>],
    options: &MaximizeOptions,
    progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync),
) -> Result<Optimum> {
    let mut best = maximize(&|| prototype.clone(), starts, options, progress)?;
    let others = at_other_peaks(model, &best.x);
    if others.is_empty() {
        return Ok(best);
    }
    let (before, all) = (starts.len(), starts.len() + others.len());
    let later =
        |p: &Progress| progress(&Progress { start: before + p.start, starts: all, ..p.clone() });
    if let Ok(other) = maximize(&|| prototype.clone(), &others, options, &later) {
        let starts = [best.starts, other.starts.clone()].concat();
        if other.value > best.value && (other.converged || !best.converged) {
            best = Optimum { start: before + other.start, ..other };
        }
        best.starts = starts;
    }
    Ok(best)
}

/// The same for its standard error.
const MOST_ERROR: f64 = 0.5;
/// A log likelihood may be off by this without a word.
const SURE: f64 = 1e-3;
/// Most cells for starts to compete on.
pub(super) const SCREEN: usize = 160_000;
/// The same where an evaluation takes conjugate gradients.
const SCREEN_ITERATIVE: usize = 10_000;
/// Most seconds, of one core, of an evaluation on those cells.
const SCREEN_SECONDS: f64 = 0.3;
/// An axis is not cut below this.
const SHORTEST: usize = 32;

/// The share of missing cells up to which a grid is searched as a complete one first.
const FEW_GAPS: f64 = 0.05;

/// Standard deviations from the mode that count as none where an evaluation takes more seconds than…
const NEAR: f64 = 1e-3;
/// … these.
const SECONDS: f64 = 3.0;

/// A block of a large grid: the longest axis is halved about its middle until the block is small.
///
/// A block keeps the spacing, which is what short lengthscales and the noise depend on. An axis
/// with a period is left whole: a period needs its repetitions.
fn screen(model: &Model) -> Result<Option<Model>> {
    let most = if is_iterative(model) { SCREEN_ITERATIVE } else { SCREEN };
    // Filters take time in proportion to their axis, and sparse factors nearly so.
    let is_even = |p: &Plan| matches!(p.algebra, Algebra::StateSpace | Algebra::Sparse);
    let in_proportion = Marginal::plan_of(model).ok().filter(is_even);
    let seconds = in_proportion.map_or(0.0, |plan| plan.seconds());
    let cells = model.data.grid.len() as f64;
    block(model, |left| left <= most && seconds * left as f64 / cells <= SCREEN_SECONDS)
}

/// A block of a grid as [`screen`] cuts it, of a number of cells that is small enough; none where that
/// is the whole grid, or axes cannot be cut.
pub(super) fn block(model: &Model, is_enough: impl Fn(usize) -> bool) -> Result<Option<Model>> {
    let shape = model.data.grid.shape();
    let has_period = |a: usize| {
        model
            .fields
            .iter()
            .filter_map(|f| f.axes[a].as_ref())
            .any(|k| k.kernel.parameters().iter().any(|p| p.role == Role::Period))
    };
    let mut ranges: Vec<Range<usize>> = shape.iter().map(|&n| 0..n).collect();
    let is_small = |ranges: &[Range<usize>]| is_enough(ranges.iter().map(Range::len).product());
    while !is_small(&ranges) {
        let longest = (0..shape.len())
            .filter(|&a| ranges[a].len() >= 2 * SHORTEST && !has_period(a))
            .max_by_key(|&a| ranges[a].len());
        let Some(a) = longest else { break };
        let (middle, length) = ((ranges[a].start + ranges[a].end) / 2, ranges[a].len() / 2);
        ranges[a] = middle - length / 2..middle - length / 2 + length;
    }
    if ranges.iter().zip(&shape).all(|(r, &n)| r.len() == n) {
        return Ok(None);
    }
    model.block(&ranges).map(Some)
}

fn is_iterative(model: &Model) -> bool {
    Marginal::plan_of(model).is_ok_and(|plan| plan.algebra == Algebra::Iterative)
}

/// A warning where of several starts only one reached the best value, or one ran away beyond it.
fn ambiguity(model: &Model, best: &Optimum) -> Option<String> {
    let sure = if is_iterative(model) { 1.0 } else { 1e-3 };
    let same = (ROUND_OFF * best.value.abs()).max(sure);
    let highest = best.starts.iter().map(|s| s.value).fold(f64::MIN, f64::max);
    if highest > best.value + same {
        return Some(format!(
            "the density rises without end somewhere, to {highest:.1} where a start gave up: a prior \
             such as gamma(0.001, rate = 0.001) has a pole at an end of its range; this is the highest \
             mode beside it, and a prior that is bounded there makes it the only one"
        ));
    }
    let there = best.starts.iter().filter(|s| (s.value - best.value).abs() < same).count();
    (best.starts.len() > 1 && there == 1).then(|| {
        format!(
            "only one of {} starts reached this mode; there may be a higher one: try more starts",
            best.starts.len()
        )
    })
}

fn warnings(model: &Model, optimum: &Optimum, norm: f64, estimate: &[f64]) -> Vec<String> {
    use gridgp_dist::Distribution;
    let mut warnings = Vec::new();
    if !optimum.converged {
        warnings.push(format!(
            "the search stopped at a point that is not stationary: the largest entry of the \
             gradient is {norm:.2e}, where {:.0e} was asked for; allow more max_iterations, or \
             start elsewhere with inference.start",
            model.spec.inference.tolerance
        ));
    }
    for (p, &theta) in model.parameters.iter().zip(estimate) {
        let below = p.prior.cdf(theta);
        if !(1e-3..=0.999).contains(&below) {
            warnings.push(format!(
                "{} = {theta:.4} lies in the far {} tail of its prior {}: data and prior disagree",
                p.name,
                if below < 0.5 { "lower" } else { "upper" },
                p.prior
            ));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_density::LogDensity;
    use gridgp_grid::{Axis, Dataset, Grid, Variable};
    use gridgp_model::spec::{ModelSpec, Source};

    fn model(shape: [usize; 2], kernels: [&str; 2]) -> Model {
        let axis = |name: &str, n: usize| {
            Axis::numbers(name, (0..n).map(|i| 0.1 * i as f64).collect()).unwrap()
        };
        let grid = Grid::new(vec![axis("x", shape[0]), axis("t", shape[1])]).unwrap();
        let y = (0..grid.len()).map(|c| {
            let (i, j) = ((c / shape[1]) as f64, (c % shape[1]) as f64);
            (0.11 * i).sin() * (0.07 * j).cos() + 0.1 * ((c * 7919 % 1009) as f64 / 1009.0 - 0.5)
        });
        let data = Dataset::new(grid, Variable::new("y", y.collect()), vec![]).unwrap();
        let text = format!(
            "[data]\nresponse = 'y'\naxes = ['x', 't']\n[fields.f]\nx = '{}'\nt = '{}'\n\
             [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n",
            kernels[0], kernels[1]
        );
        let source = Source::new("test", text);
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
    }

    /// Scattered gaps make one filter of 40 states, of which an evaluation on all times takes 0.4 s.
    #[test]
    fn slow_filters_are_screened() {
        let mut m = model([3000, 40], ["matern12()", "matern32()"]);
        m.data.response.missing = Some((0..m.data.grid.len()).map(|c| c % 23 == 7).collect());
        let plan = Marginal::plan_of(&m).unwrap();
        assert_eq!(plan.algebra, Algebra::StateSpace);
        assert!((SCREEN_SECONDS..2.0 * SCREEN_SECONDS).contains(&plan.seconds()), "{plan:?}");
        assert_eq!(screen(&m).unwrap().unwrap().data.grid.shape(), [1500, 40]);
    }

    #[test]
    fn only_large_grids_are_screened_and_periods_keep_their_axis() {
        let shape = |m: &Model| screen(m).unwrap().map(|block| block.data.grid.shape());
        let smooth = ["matern52()", "matern52()"];
        assert_eq!(shape(&model([400, 400], smooth)), None);
        assert_eq!(shape(&model([401, 400], smooth)), Some(vec![200, 400]));
        assert_eq!(shape(&model([500, 340], ["periodic()", "matern52()"])), Some(vec![500, 170]));
    }

    #[test]
    fn the_mode_of_a_screened_grid_is_the_mode_of_all_cells() {
        let mut m = model([500, 330], ["squared_exponential()", "squared_exponential()"]);
        m.spec.inference.starts = 3;
        let found = map(&m, &|_| ControlFlow::Continue(())).unwrap();
        assert_eq!((found.screened_on, found.starts.len()), (Some(250 * 330), 3));
        assert!(found.optimum.converged, "{:?}", found.warnings);
        // From nothing, on all cells.
        let density = LogPosterior::new(&m, m.spec.inference.density).unwrap();
        let start = starts(&m, 1, 0);
        let options = MaximizeOptions { tolerance: 1e-3, ..Default::default() };
        let direct =
            maximize(&|| density.clone(), &start, &options, &|_| ControlFlow::Continue(()))
                .unwrap();
        assert!((direct.value - found.log_posterior).abs() < 1e-6, "{}", direct.value);
    }

    #[test]
    fn a_search_that_is_stopped_keeps_its_best_point() {
        use std::sync::Mutex;
        for (shape, screened) in [([40, 5], None), ([500, 330], Some(250 * 330))] {
            let mut m = model(shape, ["matern52()", "squared_exponential()"]);
            m.spec.inference.starts = 3;
            let seen = Mutex::new((0, f64::NEG_INFINITY));
            let found = map(&m, &|p| {
                let mut seen = seen.lock().unwrap();
                *seen = (seen.0 + 1, seen.1.max(p.value));
                if seen.0 > 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let found = found.unwrap();
            assert!(found.interrupted && !found.optimum.converged, "{:?}", found.warnings);
            assert!(found.warnings[0].contains("was stopped"), "{:?}", found.warnings);
            assert_eq!(found.warnings.iter().filter(|w| w.contains("only one of")).count(), 0);
            assert_eq!(found.screened_on, screened);
            // On a block the values are others.
            assert!(screened.is_some() || found.log_posterior == seen.lock().unwrap().1);
            let again = LogPosterior::new(&m, m.spec.inference.density).unwrap();
            let again = again
                .clone()
                .log_density_gradient(&found.optimum.x, &mut vec![0.0; found.optimum.x.len()]);
            assert_eq!(again, found.log_posterior);
        }
        let whole =
            map(&model([40, 5], ["matern52()", "matern52()"]), &|_| ControlFlow::Continue(()));
        assert!(!whole.unwrap().interrupted);
    }

    /// All starts end where the period is not, and the periodogram knows better.
    #[test]
    fn a_peak_of_the_periodogram_is_looked_at_when_all_starts_agree() {
        let m = model([120, 12], ["cosine()", "matern52()"]);
        let posterior = LogPosterior::new(&m, m.spec.inference.density).unwrap();
        let j = m.position("f.x.period").unwrap();
        let mut start = starts(&m, 1, 0).swap_remove(0);
        start[j] = m.parameters[j].transform.inverse(1.3);
        let options = MaximizeOptions::default();
        let silent = |_: &Progress| ControlFlow::Continue(());
        let make = || posterior.clone();
        let there = maximize(&make, std::slice::from_ref(&start), &options, &silent).unwrap();
        let found = compete(&m, &posterior, &[start], &options, &silent).unwrap();
        let period = 0.1 * 2.0 * std::f64::consts::PI / 0.11;
        assert!((m.natural(&there.x)[j] / period - 1.0).abs() > 0.1);
        assert!((m.natural(&found.x)[j] / period - 1.0).abs() < 0.01);
        assert!(found.value > there.value + 10.0 && found.start > 0, "{found:?}");
        assert_eq!(found.starts[found.start].value, found.value);
    }

    /// gamma(0.001, rate = 0.001) rises to ∞ at 0, and so does the density of the mode.
    #[test]
    fn a_pole_of_a_prior_is_not_the_mode() {
        let mut m = model([40, 3], ["matern52()", "matern52()"]);
        let plain = map(&m, &|_| ControlFlow::Continue(())).unwrap();
        let j = m.position("scale").unwrap();
        let arguments = [(None, 0.001), (Some("rate"), 0.001)];
        m.parameters[j].prior = gridgp_dist::Prior::from_call("gamma", &arguments).unwrap();
        let found = map(&m, &|_| ControlFlow::Continue(())).unwrap();
        assert!(found.optimum.converged, "{:?}", found.warnings);
        let ratio = found.estimate[j] / plain.estimate[j];
        assert!((0.8..1.25).contains(&ratio), "{ratio}");
    }

    #[test]
    fn a_covariance_that_is_singular_beside_the_noise_is_told() {
        let smooth =
            ["squared_exponential(lengthscale = 2)", "squared_exponential(lengthscale = 2)"];
        let mut m = model([12, 8], smooth);
        m.spec.inference.starts = 1;
        let told = |m: &Model| {
            let found = map(m, &|_| ControlFlow::Continue(())).unwrap();
            let said = found.warnings.iter().any(|w| w.contains("singular to rounding"));
            assert_eq!(said, found.truncation > SURE, "{:?}", found.warnings);
            said
        };
        assert!(!told(&m));
        let j = m.position("scale").unwrap();
        m.parameters[j].prior =
            gridgp_dist::Prior::from_call("uniform", &[(None, 1e-9), (None, 1e-8)]).unwrap();
        m.parameters[j].transform =
            gridgp_model::param::Transform::for_domain(gridgp_dist::Domain::Interval(1e-9, 1e-8));
        assert!(told(&m));
    }
}
