//! Parameters: their natural values θ and the unconstrained x that inference moves.
//!
//! A model has a list of [`Parameter`]s. Position j in that list is position j in θ and in x, and
//! there is nothing else in x: θⱼ = transformⱼ(xⱼ). A quantity of the model (a lengthscale, the
//! noise) is a [`Value`]: fixed, or the parameter at a position. Two quantities that name the same
//! position are tied.

pub mod testing;
pub mod transform;

pub use transform::Transform;

use gridgp_dist::{Distribution, Prior};

/// A free parameter of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// What every summary, plot and file calls it.
    pub name: String,
    /// Its prior, on the natural scale.
    pub prior: Prior,
    /// From the real line to the support of the prior.
    pub transform: Transform,
    /// Its unit, where it is known.
    pub unit: Option<String>,
    /// Whether the prior is a default, driven by the data.
    pub is_default: bool,
    /// The prior as the model file has it, where it stands there on its own.
    pub written: Option<String>,
}

impl Parameter {
    /// A parameter with this prior. On the real line x is θ in standard deviations of the prior, so
    /// that what moves x does not depend on the unit of θ; elsewhere x has no unit.
    pub fn new(name: impl Into<String>, prior: Prior) -> Self {
        let transform = Transform::for_domain(prior.support());
        let name = name.into();
        let mut parameter =
            Self { name, prior, transform, unit: None, is_default: false, written: None };
        if let (Transform::Scaled(_), Some(sd)) = (transform, prior.sd()) {
            parameter.transform = Transform::Scaled(sd);
        }
        parameter
    }

    /// Makes x no coarser than standard deviations of `default`, the prior that the data suggest:
    /// the written one may be as wide as its author is unsure.
    pub(crate) fn refine(&mut self, default: &Prior) {
        if let (Transform::Scaled(scale), Some(sd)) = (&mut self.transform, default.sd()) {
            *scale = scale.min(sd);
        }
    }

    /// The prior for people: as it was written, such as `log_normal(log(4), 0.7)`, otherwise with
    /// numbers to five digits.
    pub fn prior_text(&self) -> String {
        self.written.clone().unwrap_or_else(|| format!("{:#}", self.prior))
    }
}

/// A quantity of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A number.
    Fixed(f64),
    /// The parameter at this position.
    Free(usize),
}

impl Value {
    /// The number that it is at `theta`.
    #[inline]
    pub fn at(self, theta: &[f64]) -> f64 {
        match self {
            Self::Fixed(v) => v,
            Self::Free(j) => theta[j],
        }
    }

    /// Adds the derivative with respect to this quantity to that of its parameter.
    #[inline]
    pub fn pull_back(self, bar: f64, theta_bar: &mut [f64]) {
        if let Self::Free(j) = self {
            theta_bar[j] += bar;
        }
    }

    /// The position of its parameter.
    #[inline]
    pub fn free(self) -> Option<usize> {
        match self {
            Self::Fixed(_) => None,
            Self::Free(j) => Some(j),
        }
    }
}
