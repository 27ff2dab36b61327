//! What a parameter of the likelihood is: a predictor seen through a link.

use super::link::Link;
use super::predictor::{Predictor, Term};
use crate::param::Value;

/// p = shift + multiplier · link(predictor) for one parameter of the likelihood, in every cell.
///
/// The multiplier is a number times known covariates: `exposure * exp(mu + f)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Equation {
    /// The parameter's name, `"location"`.
    pub name: String,
    /// A number that is added.
    pub shift: f64,
    /// A number times covariates.
    pub multiplier: Term,
    /// What the predictor is seen through.
    pub link: Link,
    /// A sum of terms.
    pub predictor: Predictor,
}

impl Equation {
    /// A predictor without a link.
    pub fn linear(name: impl Into<String>, predictor: Predictor) -> Self {
        Self {
            name: name.into(),
            shift: 0.0,
            multiplier: Term { factor: 1.0, ..Term::default() },
            link: Link::Identity,
            predictor,
        }
    }

    /// A single quantity, the same in every cell.
    pub fn quantity(name: impl Into<String>, value: Value) -> Self {
        let term = match value {
            Value::Fixed(factor) => Term { factor, ..Term::default() },
            Value::Free(j) => Term { factor: 1.0, parameters: vec![j], ..Term::default() },
        };
        Self::linear(name, Predictor { terms: vec![term] })
    }

    /// The quantity, where it is one number for all cells, written as a number or a parameter.
    pub fn as_quantity(&self) -> Option<Value> {
        let term = match self.predictor.terms.as_slice() {
            // A sum that is 0 has no terms.
            [] => return self.is_linear().then_some(Value::Fixed(0.0)),
            [term] => term,
            _ => return None,
        };
        if !self.is_linear() || term.field.is_some() || !term.covariates.is_empty() {
            return None;
        }
        match term.parameters.as_slice() {
            [] => Some(Value::Fixed(term.factor)),
            [j] if term.factor == 1.0 => Some(Value::Free(*j)),
            _ => None,
        }
    }

    /// Whether there is no link, shift or multiplier.
    pub fn is_linear(&self) -> bool {
        let one = Term { factor: 1.0, ..Term::default() };
        self.link == Link::Identity && self.shift == 0.0 && self.multiplier == one
    }

    /// The covariates that it uses, some perhaps twice.
    pub fn covariates(&self) -> impl Iterator<Item = usize> {
        let terms = self.predictor.terms.iter().chain([&self.multiplier]);
        terms.flat_map(|t| t.covariates.iter().copied())
    }
}
