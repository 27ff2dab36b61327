//! The Gaussian marginal likelihood of a model on a grid, exact, with its gradient.
//!
//! y ~ N(m(θ), Σ_f s_f C_f (⊗K_{f,a}(θ)) C_f + D(θ)) in the observed cells: the fields are integrated
//! out, θ alone remains. [`Plan`] chooses the algebra: `spectral_route` for one field and one σ, on the
//! grid or its observed places; `state_space` for long axes along which all fields are Markov processes;
//! `sparse` where they are such along every axis; `dense` for some thousand cells, `iterative` for
//! everything else.

mod axis;
mod completed;
mod covariance;
mod dense;
mod design;
mod field_term;
mod filling;
mod inverse_diagonal;
mod iterative;
mod kronecker;
mod long_axis;
mod noise;
mod places;
mod plan;
mod predict;
mod predict_series;
mod sparse;
mod spectral_route;
mod state_space;
#[cfg(test)]
mod tests;

use axis::AxisFactor;
use dense::{Cells, DenseCovariance};
use design::Design;
use field_term::FieldTerm;
use filling::Probes;
use gridgp_grid::{Error, Result};
use gridgp_model::spec::Algebra;
use gridgp_model::{Equation, Model, Term};
use iterative::{Iterative, Settings};
use noise::Noise;
use places::Layout;
pub use plan::Plan;
pub(crate) use plan::{beside_planes, seconds, sparse_operations};
pub use predict::{Arrangement, Conditioned, SpectralSolution, Target};
pub use sparse::SparsePlace;
use sparse::SparseRoute;
pub(crate) use sparse::{SparseCost, SparseStates, beyond};
use spectral_route::SpectralRoute;
pub use state_space::SeriesPlace;
use state_space::SeriesRoute;

use super::gaps::Gaps;

/// A bound on the error of ℓ above which small eigenvalues are worth a slower way to them.
const COARSE: f64 = 1e-6;
/// Most cells for that: some seconds where they are all on one axis.
const MOST_RESOLVED: usize = 2000;

/// log p(y | θ) of a model with a Gaussian likelihood, its fields integrated out.
#[derive(Debug, Clone)]
pub struct Marginal {
    shape: Vec<usize>,
    /// As modelled, on the grid; of no meaning where a cell is missing.
    response: Vec<f64>,
    mean: Vec<(Term, Design)>,
    terms: Vec<FieldTerm>,
    noise: Noise,
    plan: Plan,
    route: Route,
    residual: Vec<f64>,
}

/// What an algebra keeps from one evaluation to the next.
#[derive(Debug, Clone)]
enum Route {
    Spectral(Box<SpectralRoute>),
    Dense(Cells),
    Iterative(Cells, Settings),
    Series(Box<SeriesRoute>),
    Sparse(Box<SparseRoute>),
}

/// What the algebras of the observed cells give.
struct Evaluation {
    value: MarginalValue,
    /// A⁻¹r on the grid.
    alpha: Vec<f64>,
    /// ∂ℓ/∂σ² of each observed cell, where derivatives were asked for.
    variance_bar: Vec<f64>,
}

impl Route {
    /// The observed cells; `None` where the algebra has its own layout of them.
    fn cells(&self) -> Option<&Cells> {
        match self {
            Self::Spectral(_) => None,
            Self::Dense(cells) | Self::Iterative(cells, _) => Some(cells),
            Self::Series(route) => Some(&route.cells),
            Self::Sparse(route) => Some(&route.cells),
        }
    }

    /// log N(r; 0, A) for a residual on the grid, with the noise of each observed cell.
    fn evaluate(
        &mut self,
        terms: &[FieldTerm],
        theta: &[f64],
        sigma: &[f64],
        residual: &[f64],
        theta_bar: Option<&mut [f64]>,
    ) -> Result<Evaluation> {
        match self {
            Self::Spectral(_) => unreachable!("it goes by axes, not by cells"),
            Self::Series(route) => route.evaluate(terms, theta, sigma, residual, theta_bar),
            Self::Sparse(route) => route.evaluate(terms, theta, sigma, residual, theta_bar),
            Self::Dense(cells) => {
                let covariance = DenseCovariance::new(terms, cells, theta, sigma)?;
                let found = covariance.log_prob(&cells.of(residual));
                let variance_bar = theta_bar.map_or(Vec::new(), |bar| {
                    covariance.vjp(terms, cells, theta, &found.alpha, bar)
                });
                let truncation = covariance.rounding(&found.alpha, sigma);
                let value =
                    MarginalValue { log_prob: found.log_prob, truncation, standard_error: 0.0 };
                Ok(Evaluation { value, alpha: cells.spread(&found.alpha), variance_bar })
            }
            Self::Iterative(cells, settings) => {
                let covariance = Iterative::new(terms, cells, theta, sigma, *settings)?;
                let r = cells.of(residual);
                let found = covariance.evaluate(terms, cells, theta, &r, *settings, theta_bar)?;
                let (log_prob, standard_error) = (found.log_prob, found.standard_error);
                let value = MarginalValue { log_prob, truncation: 0.0, standard_error };
                let (alpha, variance_bar) = (cells.spread(&found.alpha), found.variance_bar);
                Ok(Evaluation { value, alpha, variance_bar })
            }
        }
    }
}

/// A value of the marginal likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarginalValue {
    /// log p(y | θ), normalized, of the response as modelled (standardized, if it is).
    pub log_prob: f64,
    /// An upper bound on how much eigenpairs that are zero to rounding, and rounding itself where
    /// eigenvalues as small as that count, could change it.
    pub truncation: f64,
    /// The standard error of `log_prob`; 0 where it is exact.
    pub standard_error: f64,
}

impl Marginal {
    /// The marginal likelihood of a model, by the algebra of its `[inference]` or the cheapest that
    /// takes it.
    ///
    /// # Errors
    /// [`Error::Spec`] if the fields cannot be integrated out, or not by the algebra that is asked
    /// for, with what can be.
    pub fn new(model: &Model) -> Result<Self> {
        let (mut terms, scale) = Self::parts(model)?;
        let (data, shape) = (&model.data, model.data.grid.shape());
        let (location, _) = model.gaussian_parts().expect("it has parts");
        let mean = location
            .fixed()
            .map(|t| (t.clone(), Design::new(t, &data.grid, &data.covariates)))
            .collect();
        let missing = data.response.missing.as_deref().filter(|m| m.contains(&true));
        let observed: Vec<usize> =
            (0..data.grid.len()).filter(|&c| missing.is_none_or(|m| !m[c])).collect();
        let noise = Noise::new(scale, model, &observed);
        let plan = Plan::new(model, &terms, noise.same().is_some())?;
        if plan.grouping.is_some() {
            terms[0].axes.iter_mut().try_for_each(AxisFactor::prepare)?;
        }
        let route = match (&plan.grouping, missing) {
            (None, _) if plan.algebra == Algebra::StateSpace => {
                let timeline = plan.timeline.clone().expect("it was planned along an axis");
                Route::Series(Box::new(SeriesRoute::new(timeline, Cells::new(&shape, observed))))
            }
            (None, _) if plan.algebra == Algebra::Sparse => {
                let lattice = plan.lattice.clone().expect("it was planned on a lattice");
                Route::Sparse(Box::new(SparseRoute::new(lattice, Cells::new(&shape, observed))))
            }
            (None, _) if plan.algebra == Algebra::Iterative => {
                let (probes, modes) = plan::effort(shape.len(), observed.len());
                let settings = Settings { probes, modes, seed: model.spec.inference.seed };
                Route::Iterative(Cells::new(&shape, observed), settings)
            }
            (None, _) => Route::Dense(Cells::new(&shape, observed)),
            (Some(_), None) => {
                let layout = Layout::whole(&shape, Vec::new());
                Route::Spectral(Box::new(SpectralRoute::new(layout, &terms[0], None)))
            }
            (Some(grouping), Some(missing)) => {
                let layout = Layout::new(grouping, &shape, missing, &terms[0].axes)?;
                let count = plan::probes(layout.missing.len(), observed.len());
                let probes = (plan.algebra == Algebra::Iterative)
                    .then_some(Probes { count, seed: model.spec.inference.seed });
                Route::Spectral(Box::new(SpectralRoute::new(layout, &terms[0], probes)))
            }
        };
        let response = model.modelled_response();
        Ok(Self { shape, response, mean, terms, noise, plan, route, residual: Vec::new() })
    }

    /// The fields of the location and the scale.
    fn parts(model: &Model) -> Result<(Vec<FieldTerm>, &Equation)> {
        let Some((location, scale)) = model.gaussian_parts() else {
            return Err(Error::Spec(format!(
                "the exact marginal takes a gaussian likelihood whose location is a sum without a \
                 link and whose scale has no field; this {} model needs a method that samples the \
                 fields: nuts or laplace",
                model.family.name()
            )));
        };
        let random = location.random();
        let terms: Vec<_> = random.map(|(f, term)| FieldTerm::new(model, f, term)).collect();
        if terms.is_empty() {
            return Err(Error::Spec(
                "the location has no field: without one there is nothing to integrate out; add a \
                 field to [fields] and to the location"
                    .into(),
            ));
        }
        Ok((terms, scale))
    }

    /// How the marginal likelihood of a model would be computed, before any of it is.
    ///
    /// # Errors
    /// As [`Marginal::new`].
    pub fn plan_of(model: &Model) -> Result<Plan> {
        let (terms, scale) = Self::parts(model)?;
        Plan::new(model, &terms, scale.as_quantity().is_some())
    }

    /// How it is computed.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// log p(y | θ); the derivatives with respect to θ are added to `theta_bar`.
    ///
    /// # Errors
    /// [`Error::Singular`] if a factor is not positive semidefinite at these values.
    pub fn log_prob_vjp(&mut self, theta: &[f64], theta_bar: &mut [f64]) -> Result<MarginalValue> {
        self.evaluate(theta, Some(theta_bar))
    }

    /// log p(y | θ).
    ///
    /// # Errors
    /// As [`Marginal::log_prob_vjp`].
    pub fn log_prob(&mut self, theta: &[f64]) -> Result<MarginalValue> {
        self.evaluate(theta, None)
    }

    /// What to know about the model at `theta` before believing it: fields over two axes whose border is near.
    pub fn doubts(&self, theta: &[f64]) -> Vec<String> {
        let Some(lattice) = &self.plan.lattice else { return Vec::new() };
        lattice.near_borders(&self.terms, theta)
    }

    /// Number of missing cells m that the spectral algebra corrects for: an evaluation costs some
    /// 2 m² operations a cell for them, and memory of m numbers a cell.
    pub fn missing(&self) -> usize {
        self.gaps().map_or(0, Gaps::count)
    }

    /// The share of them in the cells that the algebra goes over.
    pub fn missing_share(&self) -> f64 {
        let Route::Spectral(route) = &self.route else { return 0.0 };
        route.layout.missing.len() as f64 / route.layout.shape.iter().product::<usize>() as f64
    }

    pub(super) fn gaps(&self) -> Option<&Gaps> {
        match &self.route {
            Route::Spectral(route) => route.gaps.as_ref(),
            Route::Dense(_) | Route::Iterative(..) | Route::Series(_) | Route::Sparse(_) => None,
        }
    }

    fn evaluate(
        &mut self,
        theta: &[f64],
        mut theta_bar: Option<&mut [f64]>,
    ) -> Result<MarginalValue> {
        self.update_residual(theta);
        for term in &self.terms {
            let scale = term.scale(theta);
            if !scale.is_finite() {
                return Err(Error::Singular(format!(
                    "the variance {scale} of the field {:?} leaves the range of numbers",
                    term.name
                )));
            }
        }
        let wants_alpha =
            theta_bar.is_some() && self.mean.iter().any(|(t, _)| !t.parameters.is_empty());
        let size = self.shape.iter().product();
        let Self { terms, noise, route, residual, .. } = self;
        let (value, alpha) = match route {
            Route::Spectral(route) => {
                let sigma = noise.at(theta, 1)[0];
                check_noise(&[sigma])?;
                let whole = std::mem::take(residual);
                *residual = route.layout.compress(whole);
                let bar = theta_bar.as_deref_mut();
                let found =
                    route.evaluate(&terms[0], theta, sigma * sigma, residual, bar, wants_alpha)?;
                if let Some(bar) = theta_bar.as_deref_mut() {
                    noise.vjp(theta, vec![2.0 * sigma * found.noise_bar], bar);
                }
                (found.value, found.alpha.map(|alpha| route.layout.spread(alpha, size)))
            }
            by_cells => {
                let sigma = noise.at(theta, by_cells.cells().map_or(1, Cells::len));
                check_noise(&sigma)?;
                let bar = theta_bar.as_deref_mut();
                let found = by_cells.evaluate(terms, theta, &sigma, residual, bar)?;
                if let Some(bar) = theta_bar.as_deref_mut() {
                    let mut bars = found.variance_bar;
                    bars.iter_mut().zip(&sigma).for_each(|(b, s)| *b *= 2.0 * s);
                    noise.vjp(theta, bars, bar);
                }
                (found.value, wants_alpha.then_some(found.alpha))
            }
        };
        if let (Some(bar), Some(alpha)) = (theta_bar, alpha) {
            for (term, design) in &self.mean {
                term.coefficient_vjp(theta, design.dot(&self.shape, &alpha), bar);
            }
        }
        Ok(value)
    }

    /// For each axis its length, and what multiplies the field along it, where there is one field with
    /// covariates along one axis each, and one σ.
    pub(super) fn field_weights(&self, model: &Model) -> Option<Vec<(usize, Option<Vec<f64>>)>> {
        let ([term], Some(_)) = (self.terms.as_slice(), self.noise.same()) else { return None };
        let weights = term.weights(&model.data.grid, &model.data.covariates)?;
        Some(self.shape.iter().copied().zip(weights).collect())
    }

    /// residual = y − mean, on the grid.
    fn update_residual(&mut self, theta: &[f64]) {
        self.residual.clear();
        self.residual.extend_from_slice(&self.response);
        for (term, design) in &self.mean {
            design.add_to(-term.coefficient(theta), &self.shape, &mut self.residual);
        }
    }
}

/// ‖v‖².
fn squared_norm(v: &[f64]) -> f64 {
    v.iter().map(|v| v * v).sum()
}

fn check_noise(sigma: &[f64]) -> Result<()> {
    match sigma.iter().find(|s| !(s.is_finite() && *s * *s > 0.0)) {
        None => Ok(()),
        Some(s) => Err(Error::Singular(format!("the noise {s} leaves the range of numbers"))),
    }
}
