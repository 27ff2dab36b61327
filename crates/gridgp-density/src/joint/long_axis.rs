//! Which axis of a field goes by state space.

use gridgp_kernel::{Covariance, StateSpace};
use gridgp_model::spec::{Algebra, Method};
use gridgp_model::{AxisKernel, Field, Model};

/// From so many points on an axis goes by state space: there it takes less than a matrix.
const MANY: usize = 400;
/// Cosines that a periodic kernel is counted as where its lengthscale is not yet known.
const COSINES: usize = 10;
/// Where fields are drawn given Gaussian data one filter holds the states of all functions of the other
/// axes: so many are quick.
const MOST_STATES: usize = 16;

/// What decides which axes of a model's fields go by state space.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LongAxes {
    algebra: Algebra,
    jitter: f64,
    /// Whether fields may be drawn given the data, by a filter, which takes out no mean.
    is_gaussian: bool,
}

impl LongAxes {
    /// That of a model: its `inference.algebra`. `auto` takes state space where it costs less than a
    /// matrix, `state_space` wherever it can, any other algebra nowhere.
    pub(crate) fn of(model: &Model) -> Self {
        let spec = &model.spec.inference;
        // Of `laplace` the algebra says how fields are found, and not what their draws are written in.
        let algebra = match (spec.method, spec.algebra) {
            (Method::Laplace, Algebra::Sparse) => Algebra::Auto,
            (_, algebra) => algebra,
        };
        Self { algebra, jitter: spec.jitter, is_gaussian: model.gaussian().is_some() }
    }

    /// The jitter of the model.
    pub(super) fn jitter(&self) -> f64 {
        self.jitter
    }

    /// The long axis of a field and the Markov process that its kernel is there: of those that can be
    /// one the axis with most points.
    pub(crate) fn of_field(&self, field: &Field) -> Option<(usize, StateSpace, Vec<f64>)> {
        let kernels = || field.axes.iter().enumerate().filter_map(|(a, k)| Some((a, k.as_ref()?)));
        let unknowns = |k: &AxisKernel| k.functions().unwrap_or(k.points.len());
        let all: usize = kernels().map(|(_, k)| unknowns(k)).product();
        let long = |(a, k): (usize, &AxisKernel)| {
            let (form, times) = self.along(k, all / unknowns(k).max(1))?;
            Some((a, form, times))
        };
        kernels().filter_map(long).max_by_key(|(_, _, times)| times.len())
    }

    /// The process along an axis, beside so many functions of the others.
    fn along(&self, kernel: &AxisKernel, others: usize) -> Option<(StateSpace, Vec<f64>)> {
        let n = kernel.points.len();
        let asked = self.algebra == Algebra::StateSpace;
        if kernel.functions().is_some() || !(asked || self.algebra == Algebra::Auto && n >= MANY) {
            return None;
        }
        let form = kernel.kernel.state_space()?;
        let times: Vec<f64> = kernel.points.column(form.column()?).collect();
        let states: usize = form.block_sizes(COSINES).iter().sum();
        let pays = 20 * states.pow(3) <= n * n;
        let can_be_drawn = !kernel.center && others * states <= MOST_STATES;
        let increase = times.windows(2).all(|t| t[0] < t[1]);
        let wanted = asked || pays && (can_be_drawn || !self.is_gaussian);
        (wanted && increase).then_some((form, times))
    }

    /// The number of states along the long axis of a field.
    pub(crate) fn states(&self, field: &Field) -> Option<(usize, usize)> {
        let (axis, form, _) = self.of_field(field)?;
        Some((axis, form.block_sizes(COSINES).iter().sum()))
    }
}
