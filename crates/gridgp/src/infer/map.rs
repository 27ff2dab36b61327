//! The parameters of highest posterior density.

use std::ops::ControlFlow;

use super::{MaximizeOptions, Optimum, Progress, maximize, starts};
use crate::Result;
use crate::density::{LogPosterior, Marginal};
use crate::model::Model;

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
    /// How the search went.
    pub optimum: Optimum,
    /// What a statistician would want to know before believing the numbers.
    pub warnings: Vec<String>,
}

/// Maximizes the posterior of a model from several starts, with the settings of its
/// [`InferenceSpec`](crate::model::spec::InferenceSpec).
///
/// # Errors
/// [`crate::Error::Spec`] if the exact marginal cannot take the model,
/// [`crate::Error::Inference`] if no start has a finite density.
pub fn map(model: &Model, progress: &(dyn Fn(&Progress) -> ControlFlow<()> + Sync)) -> Result<Map> {
    let spec = &model.spec.inference;
    let prototype = LogPosterior::new(model, spec.density)?;
    let options =
        MaximizeOptions { max_iterations: spec.max_iterations, tolerance: spec.tolerance };
    let starts = starts(model, spec.starts, spec.seed);
    let optimum = maximize(&|| prototype.clone(), &starts, &options, progress)?;
    let estimate = model.natural(&optimum.x);
    let value = Marginal::new(model)?.log_prob(&estimate)?;
    let gradient_norm = optimum.gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
    let warnings = warnings(model, &optimum, gradient_norm, &estimate);
    Ok(Map {
        estimate,
        log_posterior: optimum.value,
        log_marginal_likelihood: value.log_prob,
        truncation: value.truncation,
        gradient_norm,
        optimum,
        warnings,
    })
}

fn warnings(model: &Model, optimum: &Optimum, norm: f64, estimate: &[f64]) -> Vec<String> {
    use crate::dist::Distribution;
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
