//! One draw from the one before. The only file that names nuts-rs.
//!
//! nuts-rs builds the trajectory. What it could adapt is adapted here instead, and every draw is a
//! chain of its own to it: so a draw depends on the point, the whitening, the step size and its
//! random numbers alone, and a run that was killed goes on as if it had not been.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use gridgp_density::LogDensity;
use gridgp_grid::{Error, Result};
use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, FlowNutsSettings, HasDims, KineticEnergyKind,
    LogpError, Settings, StepSizeAdaptMethod,
};
use rand_chacha::ChaCha8Rng;

use super::{Statistics, Whitening};

/// Where a chain stands.
pub(super) struct Point {
    pub(super) x: Vec<f64>,
    pub(super) log_density: f64,
    pub(super) gradient: Vec<f64>,
}

impl Point {
    /// None outside of the support.
    pub(super) fn new(density: &mut impl LogDensity, x: &[f64]) -> Option<Self> {
        let mut gradient = vec![0.0; x.len()];
        let log_density = density.log_density_gradient(x, &mut gradient);
        let inside = log_density.is_finite() && gradient.iter().all(|g| g.is_finite());
        inside.then(|| Self { x: x.to_vec(), log_density, gradient })
    }
}

/// How to move.
pub(super) struct Move<'a> {
    pub(super) whitening: &'a Whitening,
    pub(super) step_size: f64,
    pub(super) max_depth: usize,
    /// Ends the trajectory early.
    pub(super) stop: &'a AtomicBool,
}

/// A draw, and how it came about.
pub(super) struct Moved {
    pub(super) to: Point,
    pub(super) statistics: Statistics,
    /// The acceptance as tuning sees it: the mean over the trajectory of 2 min(1, a)/(1 + a) with
    /// a = exp(−change of energy). On a long run it has the mean of `acceptance_rate`, and a start
    /// with a lucky energy changes it less.
    pub(super) acceptance: f64,
    /// Whether it says something about the shape of the posterior: it did not stay where it was,
    /// nor right before a divergence.
    pub(super) telling: bool,
}

/// The draw after `from`; None where `stop` ended it.
///
/// # Source
/// Hoffman and Gelman (2014), The No-U-Turn Sampler, JMLR 15, with the draw from all of the
/// trajectory of Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo.
pub(super) fn transition<D: LogDensity>(
    density: &mut D,
    from: &Point,
    how: &Move,
    mut rng: ChaCha8Rng,
) -> Result<Option<Moved>> {
    let mut settings = FlowNutsSettings {
        num_tune: 0,
        maxdepth: how.max_depth as u64,
        trajectory_kind: KineticEnergyKind::Euclidean,
        gradient_clipping: None,
        store_gradient: true,
        ..Default::default()
    };
    let adapt = &mut settings.adapt_options;
    adapt.step_size_settings.adapt_options.method = StepSizeAdaptMethod::Fixed(how.step_size);
    adapt.step_size_settings.jitter = None;
    // No energy error is below this, so no draws are collected to train a transformation.
    adapt.transform_train_max_energy_error = f64::NEG_INFINITY;

    let target = Target { density, from, how, scratch: vec![0.0; from.x.len()] };
    let fail = |e| match how.stop.load(Ordering::Relaxed) {
        true => Ok(None),
        false => Err(Error::Inference(format!("the sampler failed: {e:#}"))),
    };
    let mut chain = match settings.new_chain(0, CpuMath::new(target), &mut rng) {
        Ok(chain) => chain,
        Err(e) => return fail(e),
    };
    if let Err(e) = chain.set_position(&from.x) {
        return fail(e);
    }
    let (x, stats) = match chain.expanded_draw() {
        Ok((x, _, stats, _)) => (x, stats),
        Err(e) => return fail(e),
    };
    let index = stats.point.index_in_trajectory;
    let steps = &stats.adapt.step_size;
    let diverging = stats.divergence.diverging;
    let statistics = Statistics {
        lp: stats.point.logp,
        energy: stats.point.energy,
        max_energy_error: -steps.max_energy_error,
        acceptance_rate: steps.mean_tree_accept,
        step_size: how.step_size,
        tree_depth: stats.depth as u32,
        n_steps: steps.n_steps as u32,
        diverging,
        reached_max_treedepth: stats.maxdepth_reached,
    };
    let gradient = stats.point.gradient.expect("store_gradient is set");
    let to = Point { x: x.into_vec(), log_density: statistics.lp, gradient };
    let telling = if diverging { index.abs() > 4 } else { index != 0 };
    Ok(Some(Moved { to, statistics, acceptance: steps.mean_tree_accept_sym, telling }))
}

/// The log density as nuts-rs sees it.
struct Target<'a, D> {
    density: &'a mut D,
    from: &'a Point,
    how: &'a Move<'a>,
    scratch: Vec<f64>,
}

/// Why there is no value.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the log density is -inf")]
    Outside,
    #[error("stopped")]
    Stopped,
}

impl LogpError for Refusal {
    fn is_recoverable(&self) -> bool {
        matches!(self, Self::Outside)
    }
}

impl<D> HasDims for Target<'_, D> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".into(), self.from.x.len() as u64)])
    }
}

impl<D: LogDensity> CpuLogpFunc for Target<'_, D> {
    type LogpError = Refusal;
    type FlowParameters = ();
    type ExpandedVector = ();

    fn dim(&self) -> usize {
        self.from.x.len()
    }

    fn logp(&mut self, x: &[f64], gradient: &mut [f64]) -> Result<f64, Refusal> {
        // nuts-rs asks twice for the point that it starts at, which is known.
        if x == self.from.x {
            gradient.copy_from_slice(&self.from.gradient);
            return Ok(self.from.log_density);
        }
        if self.how.stop.load(Ordering::Relaxed) {
            return Err(Refusal::Stopped);
        }
        let value = self.density.log_density_gradient(x, gradient);
        match value.is_finite() && gradient.iter().all(|g| g.is_finite()) {
            true => Ok(value),
            false => Err(Refusal::Outside),
        }
    }

    fn expand_vector<R: rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        _: &[f64],
    ) -> Result<(), CpuMathError> {
        Ok(())
    }

    fn inv_transform_normalize(
        &mut self,
        (): &(),
        x: &[f64],
        gradient: &[f64],
        white: &mut [f64],
        white_gradient: &mut [f64],
    ) -> Result<f64, Refusal> {
        self.how.whitening.to_white(x, white, &mut self.scratch);
        self.how.whitening.pull_back(gradient, white_gradient, &mut self.scratch);
        // A start with a gradient of exactly 0 in one direction is refused there; this is as good
        // as 0 and is not.
        for g in white_gradient.iter_mut().filter(|g| **g == 0.0) {
            *g = f64::MIN_POSITIVE;
        }
        // The log determinant is the same everywhere; without it the energy is that of x.
        Ok(0.0)
    }

    fn init_from_untransformed_position(
        &mut self,
        (): &(),
        x: &[f64],
        gradient: &mut [f64],
        white: &mut [f64],
        white_gradient: &mut [f64],
        _: Option<f64>,
    ) -> Result<(f64, f64), Refusal> {
        let value = self.logp(x, gradient)?;
        let log_det = self.inv_transform_normalize(&(), x, gradient, white, white_gradient)?;
        Ok((value, log_det))
    }

    fn init_from_transformed_position(
        &mut self,
        (): &(),
        x: &mut [f64],
        gradient: &mut [f64],
        white: &[f64],
        white_gradient: &mut [f64],
        _: Option<f64>,
    ) -> Result<(f64, f64), Refusal> {
        self.how.whitening.to_unknowns(white, x);
        let value = self.logp(x, gradient)?;
        self.how.whitening.pull_back(gradient, white_gradient, &mut self.scratch);
        Ok((value, 0.0))
    }

    fn new_transformation<R: rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        _: usize,
        _: u64,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    fn init_transformation<R: rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        _: &[f64],
        _: &[f64],
        _: u64,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    fn transformation_id(&self, (): &()) -> Result<i64, Refusal> {
        Ok(0)
    }
}
