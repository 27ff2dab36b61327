//! Prediction at the parameters of a mode: exact and normal.

use gridgp_dist::{Distribution, Normal};
use gridgp_model::{Model, Predictor, output_names};
use gridgp_posterior::{Conditional, Moments, Target, memory};

use super::{Dims, PredictOptions, Where, described};
use crate::{Error, Fit, Host, OutputVariable, Result};

/// The parameters of a fit at a mode, in the order of the model.
///
/// # Errors
/// The fit lacks one: it is damaged.
pub fn estimate(fit: &Fit, model: &Model) -> Result<Vec<f64>> {
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
    let components = components(model, &options.only)?;
    let only = super::quantities(&options.only);
    let asked = |name: &str| only.is_empty() || only.iter().any(|n| n == name);
    let has_location = asked("mean") || asked("observation");
    let of_location = if asked("mean") { options.draws } else { 0 };
    let target = match place {
        Where::Grid(place) => Target::Grid(place),
        Where::Points(points, covariates) => Target::Points(&points.points, covariates),
    };
    let cells = memory::cells(&target);
    let count = of_location.saturating_add(components.len().saturating_mul(options.draws));
    let variables = (1 + components.len() as u128) * (3 + options.quantiles.len() as u128);
    // The draws that were asked for, of each quantity.
    let drawn = match (options.draws, usize::from(of_location > 0) + components.len()) {
        (0, _) | (_, 0) => String::new(),
        (draws, 1) => format!(" with {draws} draws"),
        (draws, quantities) => format!(" with {draws} draws of {quantities} quantities"),
    };
    let what = format!(
        "a prediction on {cells} cells{drawn}; predict fewer cells at a time, or keep fewer draws"
    );
    let result = 8 * cells * (variables + count as u128);
    let bytes = memory::at_mode(model, &target, count).max(host.copies() * result);
    host.admit(bytes, &what).map_err(Error::Memory)?;
    let conditional = Conditional::new(model, theta)?;
    let error = conditional.sd_error(match place {
        Where::Grid(place) => place.grid.len(),
        Where::Points(..) => 0,
    });
    let mut variables = Vec::new();
    if has_location {
        let about = match asked("observation") {
            true => conditional.clone(),
            false => conditional.clone().without_noise(),
        };
        let (moments, draws) = ask(&about, place, of_location, seed)?;
        let mut found = of_moments(moments, dims, model, &options.quantiles)?;
        note_error(&mut found, error);
        let of_observation = |name: &str| ["sd_observation", "quantiles"].contains(&name);
        found.retain(|v| asked(if of_observation(&v.name) { "observation" } else { "mean" }));
        if let Some(draws) = draws {
            let dims = dims.of(Some(&dims.draw));
            let what =
                format!("joint posterior draws of the location of {}", model.data.response.name);
            found.push(described(OutputVariable::new("draws", &dims, draws), model, &what));
        }
        variables = found;
    }
    for (name, wanted) in components {
        let about = conditional.clone();
        let about = match wanted {
            Some(wanted) => about.about(wanted)?,
            None => about.without_noise(),
        };
        let (moments, draws) = ask(&about, place, options.draws, seed)?;
        let mut found = of_component(&name, moments, draws, dims, model, &options.quantiles)?;
        note_error(&mut found, error);
        variables.extend(found);
    }
    Ok(variables)
}

/// Says of standard deviations and quantiles from draws how exact they are.
fn note_error(variables: &mut [OutputVariable], error: f64) {
    if error == 0.0 {
        return;
    }
    let of_spread = |name: &str| name.contains("sd") || name.contains("quantiles");
    for v in variables.iter_mut().filter(|v| of_spread(&v.name)) {
        let note = format!(
            "standard deviations on this grid are from draws, with a relative standard error of {:.0} %; \
             of few cells they are exact",
            100.0 * error
        );
        v.attributes.push(("comment".into(), note));
    }
}

/// The fields and sums of fields that were asked for, each once; all fields where there are several
/// and nothing was asked for. The location is no sum of theirs: `None`.
fn components(model: &Model, only: &[String]) -> Result<Vec<(String, Option<Predictor>)>> {
    let mut names = super::quantities(only);
    names.retain(|name| !["mean", "observation"].contains(&name.as_str()));
    if only.is_empty() && model.fields.len() > 1 {
        names = model.fields.iter().map(|f| f.name.clone()).collect();
    }
    let of = |name: String| match name.as_str() {
        "location" => Ok((name, None)),
        text => Ok((name.clone(), Some(model.combination(text)?))),
    };
    names.into_iter().map(of).collect()
}

/// Moments at a place, and draws where there are to be any.
fn ask(
    conditional: &Conditional<'_>,
    place: &Where,
    count: usize,
    seed: u64,
) -> Result<(Moments, Option<Vec<f64>>)> {
    Ok(match place {
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
    })
}

fn of_component(
    name: &str,
    moments: Moments,
    draws: Option<Vec<f64>>,
    dims: &Dims,
    model: &Model,
    levels: &[f64],
) -> Result<Vec<OutputVariable>> {
    let standard = Normal::new(0.0, 1.0).map_err(gridgp_grid::Error::Data)?;
    let mut quantiles = Vec::with_capacity(levels.len() * moments.mean.len());
    for &p in levels {
        let z = standard.quantile(p);
        quantiles.extend(moments.mean.iter().zip(&moments.sd).map(|(m, s)| m + z * s));
    }
    let about = match name {
        "location" => format!("location of {}", model.data.response.name),
        _ if model.fields.iter().any(|f| f.name == name) => format!("field {name}"),
        _ => format!("sum {name}"),
    };
    let [mean, sd, quantile, draw] = output_names(name);
    let all = [
        (mean, None, moments.mean, "posterior mean of the"),
        (sd, None, moments.sd, "posterior standard deviation of the"),
        (quantile, Some(dims.quantile.as_str()), quantiles, "quantile of the"),
        (draw, Some(dims.draw.as_str()), draws.unwrap_or_default(), "joint posterior draws of the"),
    ];
    let kept = all.into_iter().filter(|(_, leading, v, _)| leading.is_none() || !v.is_empty());
    let variable = |(id, leading, values, what): (Option<String>, Option<&str>, Vec<f64>, &str)| {
        let id = id.expect("a field has all four names");
        described(
            OutputVariable::new(id, &dims.of(leading), values),
            model,
            &format!("{what} {about}"),
        )
    };
    Ok(kept.map(variable).collect())
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
