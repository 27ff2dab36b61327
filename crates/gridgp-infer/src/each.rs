//! The modes of many models that differ in their response alone.

use std::ops::ControlFlow;

use gridgp_dense::symmetric_eigen;
use gridgp_density::LogPosterior;
use gridgp_grid::Result;
use gridgp_model::Model;
use gridgp_model::spec::Density;

use super::curvature::negative_hessian;
use super::map::{Search, search};
use super::starts::at_other_peaks;
use super::{MaximizeOptions, Optimum, maximize, starts};

/// A difference of log densities that two ways to one mode may have.
const SAME: f64 = 1e-3;

/// One of many modes.
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    /// θ at the mode.
    pub estimate: Vec<f64>,
    /// For each parameter its standard error: of the normal distribution that has the curvature of the
    /// log density in the unconstrained parameters, by the delta method. NaN where the density does not
    /// curve down in every direction.
    pub standard_error: Vec<f64>,
    /// log p(y | θ) + log p(θ) at the mode.
    pub log_posterior: f64,
    /// log p(y | θ) at the mode.
    pub log_marginal_likelihood: f64,
    /// The largest entry of the gradient in the unconstrained parameters.
    pub gradient_norm: f64,
    /// Whether that is 0 within the tolerance of the model.
    pub converged: bool,
    /// Evaluations of the log posterior with its gradient, those for the standard errors left out.
    pub evaluations: usize,
}

/// The mode of one of many models, from where modes of its like are.
///
/// Two searches begin at `shared`, natural parameters, and where the data suggest. Where both end in the
/// same mode, that is it; else there are all the starts of [`map`](super::map()), as there are without
/// `shared`. So a model that is not like the others costs what it costs by itself, and a result is good
/// to the tolerance of the search whatever `shared` is.
///
/// # Errors
/// As [`map`](super::map()).
pub fn map_each(model: &Model, shared: Option<&[f64]>) -> Result<Each> {
    let density = model.spec.inference.density;
    let (mut posterior, optimum, evaluations) = match from_shared(model, density, shared)? {
        (Some((posterior, optimum)), evaluations) => (posterior, optimum, evaluations),
        (None, before) => {
            let found = search(model, density, &|_| ControlFlow::Continue(()))?;
            let evaluations = before + found.evaluations();
            let Search { posterior, optimum, .. } = found;
            (posterior, optimum, evaluations)
        }
    };
    let estimate = model.natural(&optimum.x);
    let log_marginal_likelihood = posterior.marginal().log_prob(&estimate)?.log_prob;
    Ok(Each {
        standard_error: standard_errors(model, &mut posterior, &optimum.x),
        log_posterior: optimum.value,
        log_marginal_likelihood,
        gradient_norm: optimum.gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs())),
        converged: optimum.converged,
        estimate,
        evaluations,
    })
}

/// The mode that both searches end in, if they do; and how many evaluations that took.
fn from_shared(
    model: &Model,
    density: Density,
    shared: Option<&[f64]>,
) -> Result<(Option<(LogPosterior, Optimum)>, usize)> {
    let Some(shared) = shared else { return Ok((None, 0)) };
    let spec = &model.spec.inference;
    let posterior = LogPosterior::new(model, density)?;
    let shared: Vec<f64> =
        model.parameters.iter().zip(shared).map(|(p, &theta)| p.transform.inverse(theta)).collect();
    if shared.iter().any(|x| !x.is_finite()) {
        return Ok((None, 0));
    }
    let own = starts(model, 1, spec.seed).swap_remove(0);
    let options = MaximizeOptions {
        max_iterations: spec.max_iterations,
        tolerance: spec.tolerance,
        ..MaximizeOptions::default()
    };
    let quiet = |_: &_| ControlFlow::Continue(());
    let Ok(best) = maximize(&|| posterior.clone(), &[shared, own], &options, &quiet) else {
        return Ok((None, 0));
    };
    let evaluations = best.starts.iter().map(|s| s.evaluations).sum();
    let agree = best.starts.iter().all(|s| s.converged && (s.value - best.value).abs() < SAME);
    let is_sure = agree && at_other_peaks(model, &best.x).is_empty();
    Ok((is_sure.then_some((posterior, best)), evaluations))
}

/// √ of the diagonal of H⁻¹ times dθ/dx, H = −∇² log p in x.
fn standard_errors(model: &Model, posterior: &mut LogPosterior, x: &[f64]) -> Vec<f64> {
    let nowhere = vec![f64::NAN; x.len()];
    let Ok((values, vectors)) = symmetric_eigen(negative_hessian(posterior, x).as_ref()) else {
        return nowhere;
    };
    if !values.iter().all(|&v| v > 0.0) {
        return nowhere;
    }
    let of = |(j, p): (usize, &gridgp_model::param::Parameter)| {
        let variance: f64 =
            values.iter().enumerate().map(|(k, v)| vectors[(j, k)].powi(2) / v).sum();
        p.transform.derivative(x[j]).abs() * variance.sqrt()
    };
    model.parameters.iter().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map;
    use gridgp_grid::{Axis, Dataset, Grid, Variable};
    use gridgp_model::spec::{Entry, ModelSpec, Source};

    fn series(phase: f64, noise: f64) -> Vec<f64> {
        let wobble = |i: i32| f64::from((i * 7919 + (1000.0 * phase) as i32) % 1009) / 1009.0 - 0.5;
        (0..60).map(|i| (0.3 * f64::from(i) + phase).sin() + noise * wobble(i)).collect()
    }

    fn model(location: &str) -> (Model, Source) {
        let axis = Axis::numbers("t", (0..60).map(f64::from).collect()).unwrap();
        let data = Variable::new("y", series(0.0, 0.5));
        let data = Dataset::new(Grid::new(vec![axis]).unwrap(), data, vec![]).unwrap();
        let text = format!(
            "[data]\nresponse = 'y'\naxes = ['t']\n[parameters]\nm = 'default'\n[fields.f]\n\
             t = 'matern52()'\n[likelihood]\nfamily = 'gaussian'\nlocation = '{location}'\n"
        );
        let source = Source::new("test", text);
        (Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap(), source)
    }

    #[test]
    fn the_mode_from_a_shared_start_is_that_of_all_starts() {
        let (prototype, source) = model("m + f");
        let shared = map_each(&prototype, None).unwrap();
        for phase in [0.7, 2.0] {
            let mut y = series(phase, 0.8);
            (y[7], y[8]) = (f64::NAN, f64::NAN);
            let m = prototype.with_response(&source, y).unwrap();
            let each = map_each(&m, Some(&shared.estimate)).unwrap();
            let alone = map(&m, &|_| ControlFlow::Continue(())).unwrap();
            assert!(each.converged && each.evaluations < alone.evaluations(), "{each:?}");
            assert!((each.log_posterior - alone.log_posterior).abs() < 1e-8, "{each:?} {alone:?}");
            for (a, b) in each.estimate.iter().zip(&alone.estimate) {
                assert!((a - b).abs() < 1e-4 * b.abs(), "{each:?} {alone:?}");
            }
        }
    }

    /// Of an intercept and noise alone the standard errors are known: a field that is next to nothing
    /// leaves σ/√n and, with a flat prior in log σ nearby, σ/√(2n).
    #[test]
    fn standard_errors_are_those_of_a_normal_sample() {
        let (mut prototype, source) = model("m + f");
        prototype.spec.fields["f"].amplitude = Some(Entry::Number(1e-6));
        prototype.spec.fields["f"].axes["t"] = "matern52(lengthscale = 3)".into();
        let y = (0..60).map(|i| f64::from(i * 7919 % 1009) / 1009.0).collect();
        let m = prototype.with_response(&source, y).unwrap();
        let found = map_each(&m, None).unwrap();
        let at = |name: &str| m.position(name).unwrap();
        let sigma = found.estimate[at("scale")];
        let expected = [(at("m"), sigma / 60f64.sqrt()), (at("scale"), sigma / 120f64.sqrt())];
        for (j, expected) in expected {
            // The priors are some fifty times as wide.
            let error = found.standard_error[j] / expected - 1.0;
            assert!(error.abs() < 0.02, "{} {error}", m.parameters[j].name);
        }
    }
}
