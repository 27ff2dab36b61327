//! `gridgp predict`: means, standard deviations, quantiles and draws where they are asked for.

mod from_draws;

use std::io::Write;
use std::time::Instant;

use anyhow::{Context, bail};
use gridgp::dist::{Distribution, Normal};
use gridgp::grid::{Axis, Coordinate, Grid};
use gridgp::model::Model;
use gridgp::model::spec::ModelSpec;
use gridgp::posterior::{Conditional, Moments};
use gridgp_io::{FitFile, GridOutput, OutputVariable, PointsOutput};

use super::place::{self, Where};
use super::{check_size, check_writable};
use crate::args::Predict;
use crate::machine;
use crate::progress::Spinner;

pub fn run(args: &Predict) -> anyhow::Result<()> {
    let begun = Instant::now();
    machine::set_threads(args.threads)?;
    if let Some(p) = args.quantiles.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        bail!("--quantiles: {p} does not lie between 0 and 1");
    }
    check_writable(&args.output)?;
    let spinner = Spinner::new(format!("predicting from {}", args.fit.display()), args.quiet);
    let fit = gridgp_io::read_fit(&args.fit)?;
    let model = Model::new(ModelSpec::from_toml(&fit.source)?, &fit.source, fit.data.clone())?;
    let place = place::read(args.at.as_deref(), &model, &fit.scalings)?;
    check_size(&model.data, 1)?;
    let seed = args.seed.unwrap_or(fit.seed);
    let attributes = vec![
        ("title".to_owned(), format!("prediction of {}", model.data.response.name)),
        ("source".to_owned(), format!("gridgp {} from {}", fit.version, args.fit.display())),
    ];
    let written = match (fit.samples(), place) {
        (Some(samples), place) => {
            from_draws::predict(args, &model, &samples, place, attributes, seed)?
        }
        (None, Where::Grid(place)) => {
            let theta = estimate(&fit, &model)?;
            let conditional = Conditional::new(&model, &theta)?;
            check_grid(&place.grid, args)?;
            let moments = conditional.on_grid(&place)?;
            let dims: Vec<&str> = place.grid.axes().iter().map(Axis::name).collect();
            let mut variables = variables(&moments, &dims, &model, &args.quantiles)?;
            if args.draws > 0 {
                let draws = conditional.draws_on_grid(&place, args.draws, seed)?;
                variables.push(draw_variable(draws, &dims, &model));
            }
            let cells = place.grid.len();
            let extra = extra_axes(args, args.draws)?;
            let output = GridOutput { grid: place.grid.clone(), extra, variables, attributes };
            gridgp_io::write_grid(&args.output, &output)?;
            cells
        }
        (None, Where::Points(points, covariates)) => {
            let theta = estimate(&fit, &model)?;
            let conditional = Conditional::new(&model, &theta)?;
            let moments = conditional.at_points(&points.points, &covariates)?;
            let mut variables = variables(&moments, &["point"], &model, &args.quantiles)?;
            if args.draws > 0 {
                let draws =
                    conditional.draws_at_points(&points.points, &covariates, args.draws, seed)?;
                variables.push(draw_variable(draws, &["point"], &model));
            }
            let output = PointsOutput {
                dim: "point".into(),
                coordinates: points.coordinates,
                extra: extra_axes(args, args.draws)?,
                variables,
                attributes,
            };
            gridgp_io::write_points(&args.output, &output)?;
            moments.mean.len()
        }
    };
    drop(spinner);
    if !args.quiet {
        let seconds = begun.elapsed().as_secs_f64();
        let mut out = std::io::stdout();
        writeln!(out, "{written} predictions in {}, {seconds:.3} s", args.output.display())?;
    }
    Ok(())
}

/// The parameters of the fit in the order of the model.
fn estimate(fit: &FitFile, model: &Model) -> anyhow::Result<Vec<f64>> {
    model
        .parameters
        .iter()
        .map(|p| {
            fit.parameter(&p.name).and_then(|draws| draws.first().copied()).with_context(|| {
                format!("the fit has no value of {:?}: the file is damaged", p.name)
            })
        })
        .collect()
}

/// Refuses predictions that would not fit into memory.
fn check_grid(grid: &Grid, args: &Predict) -> anyhow::Result<()> {
    let arrays = 10 + 2 * args.quantiles.len() as u128 + 2 * args.draws as u128;
    machine::check_memory(
        grid.len() as u128 * 8 * arrays,
        &format!("a prediction on {} cells with {} draws", grid.len(), args.draws),
    )
}

fn extra_axes(args: &Predict, draws: usize) -> anyhow::Result<Vec<Axis>> {
    let mut axes = Vec::new();
    if !args.quantiles.is_empty() {
        axes.push(Axis::numbers("quantile", args.quantiles.clone())?);
    }
    if args.draws > 0 {
        let numbers = (0..draws).map(|i| i as f64).collect();
        axes.push(Axis::new("draw", vec![Coordinate::numbers("draw", numbers)])?);
    }
    Ok(axes)
}

fn variables(
    moments: &Moments,
    dims: &[&str],
    model: &Model,
    quantiles: &[f64],
) -> anyhow::Result<Vec<OutputVariable>> {
    let name = &model.data.response.name;
    let one = |id: &str, values: &[f64], what: &str| {
        described(OutputVariable::new(id, dims, values.to_vec()), model, what)
    };
    let mut all = vec![
        one("mean", &moments.mean, &format!("posterior mean of the location of {name}")),
        one("sd", &moments.sd, &format!("posterior standard deviation of the location of {name}")),
        one(
            "sd_observation",
            &moments.sd_observation,
            &format!("standard deviation of a new observation of {name}"),
        ),
    ];
    if !quantiles.is_empty() {
        let standard = Normal::new(0.0, 1.0).map_err(anyhow::Error::msg)?;
        let mut values = Vec::with_capacity(quantiles.len() * moments.mean.len());
        for &p in quantiles {
            let z = standard.quantile(p);
            let pairs = moments.mean.iter().zip(&moments.sd_observation);
            values.extend(pairs.map(|(m, s)| m + z * s));
        }
        let dims: Vec<&str> = std::iter::once("quantile").chain(dims.iter().copied()).collect();
        let what = format!("quantile of a new observation of {name}");
        all.push(described(OutputVariable::new("quantiles", &dims, values), model, &what));
    }
    Ok(all)
}

fn draw_variable(draws: Vec<f64>, dims: &[&str], model: &Model) -> OutputVariable {
    let dims: Vec<&str> = std::iter::once("draw").chain(dims.iter().copied()).collect();
    let what = format!("joint posterior draws of the location of {}", model.data.response.name);
    described(OutputVariable::new("draws", &dims, draws), model, &what)
}

fn described(variable: OutputVariable, model: &Model, what: &str) -> OutputVariable {
    let variable = variable.with("long_name", what);
    match &model.data.response.units {
        Some(units) => variable.with("units", units.as_str()),
        None => variable,
    }
}
