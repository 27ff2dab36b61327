//! Prediction from draws of all unknowns.

use anyhow::bail;
use gridgp::grid::Axis;
use gridgp::likelihood::Family;
use gridgp::model::Model;
use gridgp::posterior::{ForecastOptions, Quantity, Samples, Target, forecast};
use gridgp_io::{GridOutput, OutputVariable, PointsOutput};

use super::super::place::Where;
use super::{described, extra_axes};
use crate::args::Predict;
use crate::machine;

/// Predicts, writes, and says how many cells there were.
pub fn predict(
    args: &Predict,
    model: &Model,
    samples: &Samples,
    place: Where,
    attributes: Vec<(String, String)>,
    seed: u64,
) -> anyhow::Result<usize> {
    let samples = if args.draws > 0 { &samples.thinned(args.draws) } else { samples };
    let only = quantities(args, model)?;
    let cells = match &place {
        Where::Grid(place) => place.grid.len(),
        Where::Points(points, _) => points.points.first().map_or(0, |p| p.len()),
    };
    let keeps = args.draws > 0 || !args.quantiles.is_empty();
    let arrays = 4 + if keeps { 2 * samples.len() } else { 64 };
    machine::check_memory(
        cells as u128 * only.len() as u128 * arrays as u128 * 8,
        &format!(
            "a prediction of {} quantities on {cells} cells from {} draws",
            only.len(),
            samples.len()
        ),
    )?;
    let options = ForecastOptions {
        quantiles: args.quantiles.clone(),
        keep_draws: args.draws > 0,
        only,
        seed,
    };
    let extra = extra_axes(args, samples.len())?;
    match place {
        Where::Grid(place) => {
            let made = forecast(model, samples, &Target::Grid(&place), &options)?;
            let dims: Vec<&str> = place.grid.axes().iter().map(Axis::name).collect();
            let variables = variables(made, &dims, model);
            let output = GridOutput { grid: place.grid.clone(), extra, variables, attributes };
            gridgp_io::write_grid(&args.output, &output)?;
        }
        Where::Points(points, covariates) => {
            let target = Target::Points(&points.points, &covariates);
            let variables =
                variables(forecast(model, samples, &target, &options)?, &["point"], model);
            let output = PointsOutput {
                dim: "point".into(),
                coordinates: points.coordinates,
                extra,
                variables,
                attributes,
            };
            gridgp_io::write_points(&args.output, &output)?;
        }
    }
    Ok(cells)
}

/// Those that were asked for; otherwise the response, the parameters that vary, the fields.
fn quantities(args: &Predict, model: &Model) -> anyhow::Result<Vec<String>> {
    if !args.only.is_empty() {
        return Ok(args.only.clone());
    }
    let is_mean = |name: &str| matches!(model.family, Family::Gaussian(_)) && name == "location";
    let parameters = model
        .equations
        .iter()
        .filter(|e| e.as_quantity().is_none() && !is_mean(&e.name))
        .map(|e| e.name.clone());
    let names = ["mean", "observation"].map(String::from).into_iter();
    let all: Vec<String> =
        names.chain(parameters).chain(model.fields.iter().map(|f| f.name.clone())).collect();
    if let Some(name) = model
        .fields
        .iter()
        .map(|f| &f.name)
        .find(|n| ["mean", "sd", "draws", "quantiles"].contains(&n.as_str()))
    {
        bail!("the field {name:?} has the name of an output variable; choose others with --only");
    }
    Ok(all)
}

fn variables(made: Vec<Quantity>, dims: &[&str], model: &Model) -> Vec<OutputVariable> {
    let y = &model.data.response.name;
    let mut all = Vec::new();
    for q in made {
        let (what, is_response) = match q.name.as_str() {
            "mean" => (format!("expected {y}"), true),
            "observation" => (format!("a new observation of {y}"), true),
            "location" | "scale" => (format!("{} of {y}", q.name), true),
            name if model.fields.iter().any(|f| f.name == name) => (format!("field {name}"), false),
            name => (format!("{name} of {y}"), false),
        };
        let mut push = |id: String, leading: Option<&str>, values: Vec<f64>, what: String| {
            if values.is_empty() {
                return;
            }
            let dims: Vec<&str> = leading.into_iter().chain(dims.iter().copied()).collect();
            let v = OutputVariable::new(id, &dims, values);
            all.push(if is_response {
                described(v, model, &what)
            } else {
                v.with("long_name", what.as_str())
            });
        };
        // The response keeps the names that it has in predictions from a mode.
        let (mean, sd, quantiles, draws) = match q.name.as_str() {
            "mean" => ("mean".into(), "sd".into(), "mean_quantiles".into(), "draws".into()),
            "observation" => (
                String::new(),
                "sd_observation".into(),
                "quantiles".into(),
                "observation_draws".into(),
            ),
            name => (
                name.to_owned(),
                format!("{name}_sd"),
                format!("{name}_quantiles"),
                format!("{name}_draws"),
            ),
        };
        if !mean.is_empty() {
            push(mean, None, q.mean, format!("posterior mean of the {what}"));
        }
        push(sd, None, q.sd, format!("posterior standard deviation of the {what}"));
        push(quantiles, Some("quantile"), q.quantiles, format!("quantile of the {what}"));
        push(draws, Some("draw"), q.draws, format!("posterior draws of the {what}"));
    }
    all
}
