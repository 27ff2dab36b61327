//! Prediction from draws of all unknowns.

use gridgp_density::Samples;
use gridgp_likelihood::Family;
use gridgp_model::{Model, output_names};
use gridgp_posterior::{ForecastOptions, Quantity, Target, forecast, memory};

use super::{Dims, PredictOptions, Where, described};
use crate::{Error, Host, OutputVariable, Result};

/// The variables, and how many draws are among them.
pub(super) fn variables(
    model: &Model,
    samples: &Samples,
    place: &Where,
    dims: &Dims,
    options: &PredictOptions,
    seed: u64,
    host: &dyn Host,
) -> Result<(Vec<OutputVariable>, usize)> {
    let draws = options.draws.min(samples.len());
    let only = quantities(&options.only, model);
    let (cells, target) = match place {
        Where::Grid(place) => (place.grid.len(), Target::Grid(place)),
        Where::Points(points, covariates) => {
            let count = points.points.first().map_or(0, |p| p.len());
            (count, Target::Points(&points.points, covariates))
        }
    };
    let (quantities, levels) = (only.len(), options.quantiles.len());
    let bytes = memory::from_draws(model, samples.len(), &target, quantities, levels, draws);
    let result = 8 * cells as u128 * quantities as u128 * (2 + levels + draws) as u128;
    let what = format!(
        "a prediction of {quantities} quantities on {cells} cells from {} draws, {draws} of which are \
         kept; predict fewer cells at a time, keep fewer draws, or name quantities with `only`",
        samples.len()
    );
    host.admit(bytes.max(host.copies() * result), &what).map_err(Error::Memory)?;
    let options =
        ForecastOptions { quantiles: options.quantiles.clone(), keep_draws: draws, only, seed };
    let made = forecast(model, samples, &target, &options)?;
    Ok((of_quantities(made, dims, model), draws))
}

/// Those that were asked for; otherwise the response, the parameters that vary, the fields.
fn quantities(only: &[String], model: &Model) -> Vec<String> {
    if !only.is_empty() {
        return super::quantities(only);
    }
    let constant =
        |name: &str| model.equations.iter().any(|e| e.name == name && e.as_quantity().is_some());
    // The location of a Gaussian is the expected response, which is there already.
    let is_mean = |name: &str| matches!(model.family, Family::Gaussian(_)) && name == "location";
    let is_wanted = |name: &&str| *name == "mean" || !(constant(name) || is_mean(name));
    model.quantities().into_iter().filter(is_wanted).map(str::to_owned).collect()
}

fn of_quantities(made: Vec<Quantity>, dims: &Dims, model: &Model) -> Vec<OutputVariable> {
    let y = &model.data.response.name;
    let mut all = Vec::new();
    for q in made {
        let (what, is_response) = match q.name.as_str() {
            "mean" => (format!("expected {y}"), true),
            "observation" => (format!("a new observation of {y}"), true),
            "location" | "scale" => (format!("{} of {y}", q.name), true),
            name if model.fields.iter().any(|f| f.name == name) => (format!("field {name}"), false),
            name if model.quantities().contains(&name) => (format!("{name} of {y}"), false),
            name => (format!("sum {name}"), false),
        };
        let is_angle = model.family.is_angle()
            && ["mean", "observation", "location"].contains(&q.name.as_str());
        let [center, spread] = match is_angle {
            true => ["mean direction", "circular standard deviation"],
            false => ["mean", "standard deviation"],
        };
        let note = infinite(&q);
        let mut push =
            |id: Option<String>, leading: Option<&str>, values: Vec<f64>, what: String| {
                let Some(id) = id.filter(|_| !values.is_empty()) else { return };
                let mut v = OutputVariable::new(id, &dims.of(leading), values);
                if let Some(note) = note.as_ref().filter(|_| leading.is_none()) {
                    v = v.with("comment", note.as_str());
                }
                all.push(if is_response {
                    described(v, model, &what)
                } else {
                    v.with("long_name", what.as_str())
                });
            };
        let [mean, sd, quantiles, draws] = output_names(&q.name);
        push(mean, None, q.mean, format!("posterior {center} of the {what}"));
        push(sd, None, q.sd, format!("posterior {spread} of the {what}"));
        push(quantiles, Some(&dims.quantile), q.quantiles, format!("quantile of the {what}"));
        push(draws, Some(&dims.draw), q.draws, format!("posterior draws of the {what}"));
    }
    all
}

/// What to know of moments that are infinite or do not exist.
fn infinite(q: &Quantity) -> Option<String> {
    let cells = q.mean.len();
    let count = |values: &[f64]| values.iter().filter(|v| v.is_infinite()).count();
    let (means, deviations) = (count(&q.mean), count(&q.sd));
    let what = match q.name.as_str() {
        "mean" => "the expected response",
        "observation" => "a new observation",
        name => name,
    };
    if means > 0 {
        Some(format!(
            "the mean of {what} is infinite in {means} of {cells} cells, where it is so at some draws \
             (a shape of 1 or more), and there is no standard deviation; quantiles are not concerned"
        ))
    } else if deviations > 0 {
        Some(format!(
            "the standard deviation of {what} is infinite in {deviations} of {cells} cells, where it is \
             so at some draws (a shape of 1/2 or more, or df of 2 or less); quantiles are not concerned"
        ))
    } else {
        None
    }
}
