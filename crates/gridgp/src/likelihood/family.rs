//! The list of likelihoods.

use std::sync::Arc;

use rand::Rng;

use super::{Column, Gaussian, Likelihood, LikelihoodParameter};

/// A likelihood, built in or your own.
#[derive(Debug, Clone)]
pub enum Family {
    /// Normal.
    Gaussian(Gaussian),
    /// Your own.
    Custom(Arc<dyn Likelihood>),
}

impl Family {
    /// The names in model files, with the family of each.
    pub const ALL: &'static [(&'static str, Family)] = &[("gaussian", Family::Gaussian(Gaussian))];

    /// The family called `name` in model files.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| f.clone())
    }

    /// Its name in model files; `"custom"` for your own.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Gaussian(_) => "gaussian",
            Self::Custom(_) => "custom",
        }
    }

    fn inner(&self) -> &dyn Likelihood {
        match self {
            Self::Gaussian(l) => l,
            Self::Custom(l) => &**l,
        }
    }
}

/// Dispatches; a batch is dispatched once.
impl Likelihood for Family {
    fn parameters(&self) -> &[LikelihoodParameter] {
        self.inner().parameters()
    }

    fn is_discrete(&self) -> bool {
        self.inner().is_discrete()
    }

    fn check(&self, y: f64, known: &[f64]) -> Result<(), String> {
        self.inner().check(y, known)
    }

    fn log_prob(&self, y: f64, p: &[f64]) -> f64 {
        self.inner().log_prob(y, p)
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        self.inner().log_prob_gradient(y, p, gradient)
    }

    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.inner().curvature(y, p, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        self.inner().cdf(y, p)
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        self.inner().quantile(q, p)
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        self.inner().sample(rng, p)
    }

    fn mean(&self, p: &[f64]) -> f64 {
        self.inner().mean(p)
    }

    fn sd(&self, p: &[f64]) -> f64 {
        self.inner().sd(p)
    }

    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        self.inner().accumulate(y, p, bars)
    }
}
