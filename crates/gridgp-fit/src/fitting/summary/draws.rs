//! The summary of a fit by draws.

use gridgp_density::Samples;
use gridgp_diagnostics::{Statistics, Workspace, bfmi, loo};
use gridgp_infer::Draws;
use gridgp_model::Model;
use gridgp_posterior::Unfolded;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::common;

/// What the summary of a run of draws is made of.
pub(in super::super) struct DrawsSummary<'a> {
    pub(in super::super) model: &'a Model,
    pub(in super::super) method: &'a str,
    pub(in super::super) samples: &'a Samples,
    pub(in super::super) unfolded: &'a Unfolded,
    pub(in super::super) draws: Option<&'a Draws>,
    /// Whether an interrupted run can be gone on with.
    pub(in super::super) resumable: bool,
    /// What only this method has to say.
    pub(in super::super) extra: Map<String, Value>,
    pub(in super::super) warnings: Vec<String>,
}

impl DrawsSummary<'_> {
    /// The summary, as `--json` prints it and the fit file keeps it.
    pub(in super::super) fn json(self, seconds: f64, peak_memory: Option<u64>) -> Value {
        let (chains, count) = (self.samples.chains, self.samples.draws);
        let mut warnings = self.warnings;
        let mut parameters = Map::new();
        let mut all: Vec<(String, Statistics)> = Vec::new();
        for (p, values) in self.model.parameters.iter().zip(&self.unfolded.parameters) {
            let s = statistics(values, chains, count);
            let mut entry = of_statistics(&s);
            entry.insert("estimate".into(), json!(s.mean));
            entry.insert("unit".into(), json!(p.unit));
            entry.insert("prior".into(), json!(p.prior_text()));
            entry.insert("prior_is_default".into(), json!(p.is_default));
            parameters.insert(p.name.clone(), entry.into());
            all.push((p.name.clone(), s));
        }
        let mut fields = Map::new();
        for (f, values) in self.model.fields.iter().zip(&self.unfolded.fields) {
            let cells = values.len() / self.samples.len();
            let worst = worst_cell(values, cells, chains, count);
            fields.insert(
                f.name.clone(),
                json!({
                    "cells": cells,
                    "min_ess_bulk": finite(worst.ess_bulk),
                    "min_ess_tail": finite(worst.ess_tail),
                    "max_r_hat": finite(worst.r_hat),
                }),
            );
            all.push((format!("{} (its worst cell)", f.name), worst));
        }
        if let Some(draws) = self.draws {
            warnings.extend(sampler_warnings(draws, chains, count, self.resumable));
            warnings.extend(convergence_warnings(&all, chains));
        }
        let mut summary = common(self.model, self.method);
        let object = summary.as_object_mut().expect("it is an object");
        object.insert("parameters".into(), parameters.into());
        object.insert("fields".into(), fields.into());
        object.insert("chains".into(), json!(chains));
        object.insert("draws".into(), json!(count));
        if let Some(draws) = self.draws {
            let bfmi: Vec<Value> = energies(draws).into_iter().map(finite).collect();
            let steps: u64 = draws
                .chains
                .iter()
                .map(|c| {
                    let sampling = c.statistics.iter().map(|s| u64::from(s.n_steps)).sum::<u64>();
                    sampling + c.tuning_steps as u64
                })
                .sum();
            let step_sizes: Vec<Value> = draws
                .chains
                .iter()
                .map(|c| c.adapted.as_ref().map_or(Value::Null, |a| json!(a.step_size)))
                .collect();
            object.insert("divergences".into(), json!(draws.divergences()));
            object.insert("max_depth_reached".into(), json!(draws.saturated()));
            object.insert("bfmi".into(), bfmi.into());
            object.insert("step_sizes".into(), step_sizes.into());
            object.insert("evaluations".into(), json!(steps));
            object.insert("interrupted".into(), json!(draws.interrupted));
        }
        if !self.unfolded.log_likelihood.is_empty() && self.samples.len() >= 100 {
            let (value, warning) = cross_validation(self.unfolded, chains, count);
            object.insert("loo".into(), value);
            warnings.extend(warning);
        }
        object.extend(self.extra);
        object.insert("warnings".into(), json!(warnings));
        object.insert("seconds".into(), json!(seconds));
        object.insert("peak_memory_bytes".into(), json!(peak_memory));
        summary
    }
}

/// PSIS-LOO of the pointwise log likelihood, and a warning where it cannot be trusted.
fn cross_validation(unfolded: &Unfolded, chains: usize, count: usize) -> (Value, Option<String>) {
    let cells = unfolded.cells.len();
    let efficiency = unfolded.relative_efficiency(chains, count);
    let found = match loo(&unfolded.log_likelihood, cells, efficiency) {
        Ok(found) => found,
        Err(e) => return (Value::Null, Some(format!("no cross-validation: {e}"))),
    };
    let bad = found.bad_cells().count();
    let warning = (bad > 0).then(|| {
        format!(
            "PSIS-LOO is not reliable in {bad} of {cells} cells (Pareto k above {:.2}): they decide \
             too much on their own; more draws help a little, another likelihood may help more",
            found.good_k
        )
    });
    let value = json!({
        "elpd": found.elpd,
        "se": found.se,
        "p": found.p,
        "good_k": found.good_k,
        "bad_cells": bad,
    });
    (value, warning)
}

/// The chains of one scalar.
fn split(values: &[f64], count: usize) -> Vec<&[f64]> {
    values.chunks_exact(count).collect()
}

fn statistics(values: &[f64], chains: usize, count: usize) -> Statistics {
    debug_assert_eq!(values.len(), chains * count);
    gridgp_diagnostics::statistics(&split(values, count))
}

/// The smallest effective sample sizes and the largest R̂ over the cells of a field.
fn worst_cell(values: &[f64], cells: usize, chains: usize, count: usize) -> Statistics {
    let memory = || (vec![0.0; chains * count], None::<Workspace>);
    let of_cell = |(column, workspace): &mut (Vec<f64>, Option<Workspace>), cell: usize| {
        copy_column(values, cells, cell, column);
        let parts = split(column, count);
        workspace.get_or_insert_with(|| Workspace::of(&parts)).statistics(&parts)
    };
    let worse = |w: Statistics, s: Statistics| Statistics {
        ess_bulk: w.ess_bulk.min(s.ess_bulk),
        ess_tail: w.ess_tail.min(s.ess_tail),
        r_hat: w.r_hat.max(s.r_hat),
        ..w
    };
    let cells = some_cells(cells).map_init(memory, of_cell);
    cells.reduce_with(worse).expect("a field has a cell")
}

/// Of a large field some cells, evenly spread, stand for all.
fn some_cells(cells: usize) -> impl IndexedParallelIterator<Item = usize> {
    (0..cells).into_par_iter().step_by((cells / 2000).max(1))
}

/// The draws of one cell.
fn copy_column(values: &[f64], cells: usize, cell: usize, column: &mut [f64]) {
    column.iter_mut().zip(values.chunks_exact(cells)).for_each(|(out, row)| *out = row[cell]);
}

fn of_statistics(s: &Statistics) -> Map<String, Value> {
    [
        ("mean", s.mean),
        ("sd", s.sd),
        ("median", s.median),
        ("q5", s.q5),
        ("q95", s.q95),
        ("ess_bulk", s.ess_bulk),
        ("ess_tail", s.ess_tail),
        ("r_hat", s.r_hat),
        ("mcse_mean", s.mcse_mean),
        ("mcse_sd", s.mcse_sd),
    ]
    .into_iter()
    .map(|(key, v)| (key.to_owned(), finite(v)))
    .collect()
}

fn finite(v: f64) -> Value {
    if v.is_finite() { json!(v) } else { Value::Null }
}

/// E-BFMI of each chain.
fn energies(draws: &Draws) -> Vec<f64> {
    let energy: Vec<Vec<f64>> =
        draws.chains.iter().map(|c| c.statistics.iter().map(|s| s.energy).collect()).collect();
    bfmi(&energy.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn sampler_warnings(draws: &Draws, chains: usize, count: usize, resumable: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let all = chains * count;
    if draws.interrupted {
        let others = if resumable { "; `gridgp fit --resume` makes the others" } else { "" };
        warnings
            .push(format!("the run was interrupted: {count} draws of each chain are here{others}"));
    }
    let divergences = draws.divergences();
    if divergences > 0 {
        warnings.push(format!(
            "{divergences} of {all} trajectories diverged: the draws miss parts of the posterior; \
             raise inference.target_accept (0.95, 0.99), or give lengthscales and amplitudes priors \
             that keep away from 0"
        ));
    }
    let saturated = draws.saturated();
    if saturated * 100 > all {
        warnings.push(format!(
            "{saturated} of {all} trajectories reached max_depth: sampling is slow, and the draws \
             depend on each other; raise inference.max_depth, or look for unknowns that the data \
             cannot tell apart"
        ));
    }
    for (chain, value) in energies(draws).into_iter().enumerate() {
        if value < 0.3 {
            warnings.push(format!(
                "chain {chain}: E-BFMI {value:.2} is below 0.3: the tails are explored slowly; more \
                 informative priors on amplitudes help, or more draws"
            ));
        }
    }
    warnings
}

fn convergence_warnings(all: &[(String, Statistics)], chains: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    let name = |list: &[&(String, Statistics)]| {
        let names: Vec<&str> = list.iter().take(4).map(|(n, _)| n.as_str()).collect();
        names.join(", ") + if list.len() > 4 { ", …" } else { "" }
    };
    let apart: Vec<_> = all.iter().filter(|(_, s)| s.r_hat > 1.01).collect();
    if !apart.is_empty() {
        let largest = apart.iter().map(|(_, s)| s.r_hat).fold(0.0, f64::max);
        warnings.push(format!(
            "the chains disagree: R-hat up to {largest:.3}, above 1.01, for {}; draw more, or look \
             whether chains sit in different modes",
            name(&apart)
        ));
    }
    let floor = 100.0 * chains as f64;
    let few: Vec<_> = all.iter().filter(|(_, s)| s.ess_bulk.min(s.ess_tail) < floor).collect();
    if !few.is_empty() {
        let smallest =
            few.iter().map(|(_, s)| s.ess_bulk.min(s.ess_tail)).fold(f64::INFINITY, f64::min);
        warnings.push(format!(
            "few effective draws: {smallest:.0}, below {floor:.0}, for {}; raise inference.draws",
            name(&few)
        ));
    }
    warnings
}
