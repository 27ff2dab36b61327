//! What covariates can be where a prediction is asked for.

use gridgp_dist::Domain;
use gridgp_grid::doubts::written;
use gridgp_likelihood::{DefaultValue, Likelihood};

use crate::resolve::{is_even, known_deviations};
use crate::{Link, Model};

impl Model {
    /// Why the covariate number `c` cannot have this value at a new place, if it cannot: it makes a
    /// parameter of the likelihood that must be positive, or is a known standard deviation. Trials and
    /// exposures of 0 are another thing, see [`Model::without_zero_exposure`].
    pub fn why_not(&self, c: usize, value: f64) -> Option<String> {
        for (e, p) in self.equations.iter().zip(self.family.parameters()) {
            let is_known = matches!(p.default, DefaultValue::Known(_));
            let mut terms = e.predictor.terms.iter().filter(|t| t.covariates.contains(&c));
            let why = if e.link == Link::Sqrt && known_deviations(&e.predictor).any(|d| d == c) {
                (value < 0.0).then_some("a known standard deviation cannot be negative")
            } else if e.link == Link::Sqrt && terms.clone().any(|t| !is_even(&t.covariates, c)) {
                (value < 0.0).then_some("what a square root is taken of cannot be negative")
            } else if p.domain != Domain::Real && e.multiplier.covariates.contains(&c) {
                (value < 0.0).then_some("what multiplies a positive parameter must be positive")
            } else if p.domain != Domain::Real && e.link == Link::Identity && terms.next().is_some()
            {
                let zero = is_known || p.default == DefaultValue::Noise;
                let is_wrong = value < 0.0 || (value == 0.0 && !zero);
                is_wrong.then_some("it makes a parameter that must be positive")
            } else {
                None
            };
            if let Some(why) = why {
                let name = &self.data.covariates[c].name;
                return Some(format!("the covariate {name:?} is {}: {why}", written(value)));
            }
        }
        None
    }
}
