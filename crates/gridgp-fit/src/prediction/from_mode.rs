//! Prediction at the parameters of a mode: exact and normal.

use gridgp_dist::{Distribution, Normal};
use gridgp_model::Model;
use gridgp_posterior::{Conditional, Moments, Target, memory};

use super::{Dims, PredictOptions, Where, described};
use crate::{Error, Fit, Host, OutputVariable, Result};

/// The parameters of the fit in the order of the model.
pub(super) fn estimate(fit: &Fit, model: &Model) -> Result<Vec<f64>> {
    model
        .parameters
        .iter()
        .map(|p| {
            fit.parameter(&p.name).and_then(|draws| draws.first().copied()).ok_or_else(|| {
                let message = format!("the fit has no value of {:?}: it is damaged", p.name);
                Error::Model(gridgp_grid::Error::Data(message))
            })
        })
        .collect()
}

pub(super) fn variables(
    model: &Model,
    theta: &[f64],
    place: &Where,
    dims: &Dims,
    options: &PredictOptions,
    seed: u64,
    host: &dyn Host,
) -> Result<Vec<OutputVariable>> {
    if let Some(name) = options.only.iter().find(|n| !["mean", "observation"].contains(&n.as_str()))
    {
        return Err(gridgp_grid::Error::Data(format!(
            "there is no quantity {name:?} to predict; a fit of the mode has mean and observation"
        ))
        .into());
    }
    let asked = |name: &str| options.only.is_empty() || options.only.iter().any(|n| n == name);
    let count = if asked("mean") { options.draws } else { 0 };
    let target = match place {
        Where::Grid(place) => Target::Grid(place),
        Where::Points(points, covariates) => Target::Points(&points.points, covariates),
    };
    let cells = memory::cells(&target);
    let result = 8 * cells * (3 + options.quantiles.len() as u128 + count as u128);
    let what = format!(
        "a prediction on {cells} cells with {count} draws; predict fewer cells at a time, or keep \
         fewer draws"
    );
    let bytes = memory::at_mode(model, &target, count).max(host.copies() * result);
    host.admit(bytes, &what).map_err(Error::Memory)?;
    let conditional = Conditional::new(model, theta)?;
    let (moments, draws) = match place {
        Where::Grid(place) => {
            let moments = conditional.on_grid(place)?;
            let draws = (count > 0).then(|| conditional.draws_on_grid(place, count, seed));
            (moments, draws.transpose()?)
        }
        Where::Points(points, covariates) => {
            let moments = conditional.at_points(&points.points, covariates)?;
            let draws = (count > 0)
                .then(|| conditional.draws_at_points(&points.points, covariates, count, seed));
            (moments, draws.transpose()?)
        }
    };
    let mut variables = of_moments(moments, dims, model, &options.quantiles)?;
    let of_observation = |name: &str| ["sd_observation", "quantiles"].contains(&name);
    variables.retain(|v| asked(if of_observation(&v.name) { "observation" } else { "mean" }));
    if let Some(draws) = draws {
        let dims = dims.of(Some(&dims.draw));
        let what = format!("joint posterior draws of the location of {}", model.data.response.name);
        variables.push(described(OutputVariable::new("draws", &dims, draws), model, &what));
    }
    Ok(variables)
}

fn of_moments(
    moments: Moments,
    dims: &Dims,
    model: &Model,
    quantiles: &[f64],
) -> Result<Vec<OutputVariable>> {
    let name = &model.data.response.name;
    let mut quantile_values = Vec::with_capacity(quantiles.len() * moments.mean.len());
    let standard = Normal::new(0.0, 1.0).map_err(gridgp_grid::Error::Data)?;
    for &p in quantiles {
        let z = standard.quantile(p);
        let pairs = moments.mean.iter().zip(&moments.sd_observation);
        quantile_values.extend(pairs.map(|(m, s)| m + z * s));
    }
    let one = |id: &str, values: Vec<f64>, what: &str| {
        described(OutputVariable::new(id, &dims.of(None), values), model, what)
    };
    let mut all = vec![
        one("mean", moments.mean, &format!("posterior mean of the location of {name}")),
        one("sd", moments.sd, &format!("posterior standard deviation of the location of {name}")),
        one(
            "sd_observation",
            moments.sd_observation,
            &format!("standard deviation of a new observation of {name}"),
        ),
    ];
    if !quantiles.is_empty() {
        let dims = dims.of(Some(&dims.quantile));
        let what = format!("quantile of a new observation of {name}");
        all.push(described(OutputVariable::new("quantiles", &dims, quantile_values), model, &what));
    }
    Ok(all)
}
