//! log p̂(θ | y) in the unconstrained parameters, up to a constant.

use gridgp_grid::Result;
use gridgp_model::Model;

use super::{Correction, NestedLaplace, NestedPlan};
use crate::LogDensity;

/// The [nested Laplace approximation](NestedLaplace) times the priors, as a density of unconstrained x, the
/// Jacobian of the transforms included.
///
/// Each search of a mode begins at that of the last x: values depend on what came before, by less than
/// 10⁻⁹ where the likelihood is log-concave.
#[derive(Debug, Clone)]
pub struct NestedPosterior {
    nested: NestedLaplace,
    theta: Vec<f64>,
    theta_bar: Vec<f64>,
    matches: bool,
}

impl NestedPosterior {
    /// The posterior of a model.
    ///
    /// # Errors
    /// As [`NestedLaplace::new`].
    pub fn new(model: &Model) -> Result<Self> {
        Ok(Self {
            nested: NestedLaplace::new(model)?,
            theta: Vec::new(),
            theta_bar: Vec::new(),
            matches: false,
        })
    }

    /// How it is computed.
    pub fn plan(&self) -> &NestedPlan {
        self.nested.plan()
    }

    /// Number of values of each field in [draws](NestedLaplace::draws).
    pub fn field_lengths(&self) -> Vec<usize> {
        self.nested.draw_lengths()
    }

    /// Whether the density is that of [matched moments](NestedLaplace::matched_log_prob) from now on.
    pub fn match_moments(&mut self, matches: bool) {
        self.matches = matches;
    }

    /// The next search begins where that of `other`, the same model's, would.
    pub fn begin_as(&mut self, other: &Self) {
        self.nested.x.clone_from(&other.nested.x);
        self.nested.sites.clone_from(&other.nested.sites);
    }

    /// The approximation alone.
    pub fn nested(&mut self) -> &mut NestedLaplace {
        &mut self.nested
    }

    /// The value alone; afterwards [`nested`](Self::nested) is at x.
    ///
    /// # Errors
    /// As [`NestedLaplace::log_prob`] or [`NestedLaplace::matched_log_prob`].
    pub fn log_density(&mut self, x: &[f64]) -> Result<f64> {
        self.move_to(x);
        let value = match self.matches {
            true => self.nested.matched_log_prob(&self.theta)?,
            false => self.nested.log_prob(&self.theta)?,
        };
        let mut unused = vec![0.0; x.len()];
        Ok(value + self.nested.observed.priors(x, &mut unused))
    }

    /// What matched moments change in the fields at x; afterwards they are matched there.
    ///
    /// # Errors
    /// As [`NestedLaplace::correction`].
    pub fn correction(&mut self, x: &[f64]) -> Result<Correction> {
        self.move_to(x);
        self.nested.correction(&self.theta)
    }

    fn move_to(&mut self, x: &[f64]) {
        let parameters = &self.nested.observed.parameters;
        self.theta.clear();
        self.theta.extend(parameters.iter().zip(x).map(|(p, &x)| p.transform.forward(x)));
    }
}

impl LogDensity for NestedPosterior {
    fn dim(&self) -> usize {
        self.nested.observed.parameters.len()
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        assert_eq!((x.len(), gradient.len()), (self.dim(), self.dim()), "lengths must be dim()");
        self.move_to(x);
        let Self { nested, theta, theta_bar, matches } = self;
        theta_bar.clear();
        theta_bar.resize(x.len(), 0.0);
        // No mode or no factor: the density cannot be known there.
        let found = match matches {
            true => nested.matched_log_prob_vjp(theta, theta_bar),
            false => nested.log_prob_vjp(theta, theta_bar),
        };
        let Ok(value) = found else { return f64::NEG_INFINITY };
        nested.observed.theta_bar.copy_from_slice(theta_bar);
        let total = value + nested.observed.priors(x, gradient);
        if total.is_nan() || gradient.iter().any(|g| !g.is_finite()) {
            return f64::NEG_INFINITY;
        }
        total
    }
}
