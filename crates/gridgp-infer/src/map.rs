//! The parameters of highest posterior density.

use std::ops::{ControlFlow, Range};

use gridgp_density::LogPosterior;
use gridgp_grid::Result;
use gridgp_kernel::{Covariance, Role};
use gridgp_model::Model;

use super::{MaximizeOptions, Optimum, Progress, maximize, starts};

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
    /// An upper bound on what dropped eigenpairs change in it.
    pub truncation: f64,
    /// The largest entry of the gradient in the unconstrained parameters.
    pub gradient_norm: f64,
    /// How the search went, on all cells.
    pub optimum: Optimum,
    /// The number of cells on which the starts competed, where that was not all of them.
    pub screened_on: Option<usize>,
    /// What a statistician would want to know before believing the numbers.
    pub warnings: Vec<String>,
}

/// Maximizes the posterior of a model from several starts, with the settings of its
/// [`InferenceSpec`](gridgp_model::spec::InferenceSpec).
///
/// On a grid of more than 160,000 cells the starts compete on a block of it first, cut from the
/// middle of the longest axes, and only the winner goes on with all cells.
///
/// # Errors
/// [`gridgp_grid::Error::Spec`] if the exact marginal cannot take the model,
/// [`gridgp_grid::Error::Inference`] if no start has a finite density.
pub fn map(model: &Model, progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync)) -> Result<Map> {
    let spec = &model.spec.inference;
    let mut prototype = LogPosterior::new(model, spec.density)?;
    let mut options = MaximizeOptions {
        max_iterations: spec.max_iterations,
        tolerance: spec.tolerance,
        curvature: None,
    };
    let mut starts = starts(model, spec.starts, spec.seed);
    let screened = screen(model)?;
    if let Some(block) = &screened {
        let prototype = LogPosterior::new(block, spec.density)?;
        // The starts compete on a part of the data, and the winner goes on with all of them. A
        // mode of the part is a start like any other: nothing of the part is in the result.
        if let Ok(best) = maximize(&|| prototype.clone(), &starts, &options, progress) {
            starts = vec![best.x];
            let share = block.data.grid.len() as f64 / model.data.grid.len() as f64;
            options.curvature = Some(best.curvature.scaled(1.0 / share));
        }
    }
    let optimum = maximize(&|| prototype.clone(), &starts, &options, progress)?;
    let estimate = model.natural(&optimum.x);
    let value = prototype.marginal().log_prob(&estimate)?;
    let gradient_norm = optimum.gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
    let warnings = warnings(model, &optimum, gradient_norm, &estimate);
    Ok(Map {
        estimate,
        log_posterior: optimum.value,
        log_marginal_likelihood: value.log_prob,
        truncation: value.truncation,
        gradient_norm,
        optimum,
        screened_on: screened.map(|block| block.data.grid.len()),
        warnings,
    })
}

/// Most cells for starts to compete on.
pub(super) const SCREEN: usize = 160_000;
/// An axis is not cut below this.
const SHORTEST: usize = 32;

/// A block of a large grid: the longest axis is halved about its middle until the block is small.
///
/// A block keeps the spacing, which is what short lengthscales and the noise depend on. An axis
/// with a period is left whole: a period needs its repetitions.
fn screen(model: &Model) -> Result<Option<Model>> {
    let shape = model.data.grid.shape();
    let has_period = |a: usize| {
        model
            .fields
            .iter()
            .filter_map(|f| f.axes[a].as_ref())
            .any(|k| k.kernel.parameters().iter().any(|p| p.role == Role::Period))
    };
    let mut ranges: Vec<Range<usize>> = shape.iter().map(|&n| 0..n).collect();
    while ranges.iter().map(Range::len).product::<usize>() > SCREEN {
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
    let better = optimum.starts.iter().filter(|s| (s.value - optimum.value).abs() < 1e-3).count();
    if optimum.starts.len() > 1 && better == 1 {
        warnings.push(format!(
            "only one of {} starts reached this mode; there may be a higher one: try more starts",
            optimum.starts.len()
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
        assert_eq!(found.screened_on, Some(250 * 330));
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
}
