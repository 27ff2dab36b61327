//! The groups of draws in a fit file.

use gridgp_density::Samples;
use gridgp_grid::{Axis, Coordinate};
use gridgp_infer::{Draws, Statistics};
use gridgp_model::Model;
use gridgp_posterior::{ForecastOptions, Place, Target, Unfolded, forecast};

use crate::{DrawValues, InferenceGroup, InferenceVariable};

/// Most numbers in one group of values on the grid: 128 MiB. What is larger is left out, and can be
/// made from `unconstrained_posterior`.
pub const LARGEST_GROUP: usize = 1 << 24;

/// The group `posterior` of a mode: one draw of each parameter.
pub fn mode_group(estimate: &[(&str, f64)]) -> InferenceGroup {
    let mut group = InferenceGroup::draws("posterior", 1, 1, vec![]);
    let variable = |(name, v): &(&str, f64)| InferenceVariable::numbers(*name, &[], vec![*v]);
    group.variables = estimate.iter().map(variable).collect();
    group
}

/// The groups of draws of all unknowns: `posterior`, `unconstrained_posterior`, and as far as they
/// are not larger than [`LARGEST_GROUP`] `log_likelihood` and `posterior_predictive`; with
/// `sample_stats` where a sampler made them.
///
/// # Errors
/// A draw at which the model cannot be evaluated.
pub fn draw_groups(
    model: &Model,
    samples: &Samples,
    unfolded: &Unfolded,
    draws: Option<&Draws>,
    seed: u64,
) -> gridgp_grid::Result<Vec<InferenceGroup>> {
    let (chains, count) = (samples.chains, samples.draws);
    let grid = &model.data.grid;
    let axes = grid.axes().to_vec();
    let names: Vec<&str> = grid.axes().iter().map(Axis::name).collect();

    let mut posterior = InferenceGroup::draws("posterior", chains, count, axes.clone());
    for (p, values) in model.parameters.iter().zip(&unfolded.parameters) {
        let v = InferenceVariable::numbers(p.name.as_str(), &[], values.clone());
        posterior.variables.push(match &p.unit {
            Some(unit) => v.with("units", unit.as_str()),
            None => v,
        });
    }
    for (f, values) in model.fields.iter().zip(&unfolded.fields) {
        let own = (0..names.len()).filter(|&a| f.varies_along(a));
        let dims: Vec<&str> = own.map(|a| names[a]).collect();
        posterior.variables.push(InferenceVariable::numbers(
            f.name.as_str(),
            &dims,
            values.clone(),
        ));
    }

    let unknown = (0..samples.dim).map(|i| i as f64).collect();
    let unknown = Axis::new("unknown", vec![Coordinate::numbers("unknown", unknown)])?;
    let mut unconstrained =
        InferenceGroup::draws("unconstrained_posterior", chains, count, vec![unknown]);
    unconstrained.variables.push(InferenceVariable::numbers("x", &["unknown"], samples.x.clone()));

    let mut groups = vec![posterior, unconstrained];
    if let Some(draws) = draws {
        groups.push(sample_stats(draws, count));
    }
    let response = model.data.response.name.as_str();
    if !unfolded.log_likelihood.is_empty() {
        let mut group = InferenceGroup::draws("log_likelihood", chains, count, axes.clone());
        // ArviZ leaves out no cell: what is missing has no likelihood.
        let mut values = vec![f64::NAN; samples.len() * grid.len()];
        let all = values.chunks_exact_mut(grid.len());
        for (out, row) in all.zip(unfolded.log_likelihood.chunks_exact(unfolded.cells.len())) {
            for (&cell, v) in unfolded.cells.iter().zip(row) {
                out[cell] = *v;
            }
        }
        group.variables.push(InferenceVariable::numbers(response, &names, values));
        groups.push(group);
    }
    if samples.len() * grid.len() <= LARGEST_GROUP {
        let place = Place { grid: grid.clone(), covariates: vec![] };
        let options = ForecastOptions {
            keep_draws: samples.len(),
            only: vec!["observation".into()],
            seed,
            ..ForecastOptions::default()
        };
        let made = forecast(model, samples, &Target::Grid(&place), &options)?;
        let mut group = InferenceGroup::draws("posterior_predictive", chains, count, axes);
        for quantity in made {
            group.variables.push(InferenceVariable::numbers(response, &names, quantity.draws));
        }
        groups.push(group);
    }
    Ok(groups)
}

/// How each of the first `count` draws of every chain came about.
fn sample_stats(draws: &Draws, count: usize) -> InferenceGroup {
    let mut group = InferenceGroup::draws("sample_stats", draws.chains.len(), count, vec![]);
    let all = || draws.chains.iter().flat_map(|c| &c.statistics[..count]);
    let numbers = |f: fn(&Statistics) -> f64| DrawValues::Numbers(all().map(f).collect());
    let integers =
        |f: fn(&Statistics) -> u32| DrawValues::Integers(all().map(|s| i64::from(f(s))).collect());
    let flags = |f: fn(&Statistics) -> bool| DrawValues::Flags(all().map(f).collect());
    group.variables = [
        ("lp", numbers(|s| s.lp)),
        ("energy", numbers(|s| s.energy)),
        ("max_energy_error", numbers(|s| s.max_energy_error)),
        ("acceptance_rate", numbers(|s| s.acceptance_rate)),
        ("step_size", numbers(|s| s.step_size)),
        ("tree_depth", integers(|s| s.tree_depth)),
        ("n_steps", integers(|s| s.n_steps)),
        ("diverging", flags(|s| s.diverging)),
        ("reached_max_treedepth", flags(|s| s.reached_max_treedepth)),
    ]
    .into_iter()
    .map(|(name, values)| InferenceVariable::new(name, &[], values))
    .collect();
    group
}
