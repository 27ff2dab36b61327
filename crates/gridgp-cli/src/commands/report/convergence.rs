//! How far the computation can be trusted, in words.

use gridgp_fit::DrawValues;
use gridgp_plot::report::{Block, Finding, Grade};
use gridgp_plot::{Chains, Quantity, RankPlot, Style, Trace};
use serde_json::Value;

use super::super::plot::chains::divergent;
use super::super::plot::fit::chains;
use super::super::plot::source::Fitted;
use super::{numbers, text};

/// More traces than a reader looks at.
const MOST: usize = 12;

/// A judgement a check; which ones depends on the method.
pub fn findings(fit: &Fitted, summary: &Value) -> Vec<Finding> {
    let mut all = Vec::new();
    match fit.file.method.as_str() {
        "map" => mode(summary, &mut all),
        "nuts" => chains_found(summary, &mut all),
        _ => approximation(summary, &mut all),
    }
    if let (Some(bad), Some(k)) =
        (summary.pointer("/loo/bad_cells"), summary.pointer("/loo/good_k"))
    {
        let (bad, k) = (bad.as_u64().unwrap_or(0), k.as_f64().unwrap_or(0.7));
        all.push(match bad {
            0 => Finding::new(
                Grade::Good,
                "Cross-validation is reliable.",
                format!("The Pareto k of every cell is below {k:.2}."),
            ),
            n => Finding::new(
                Grade::Caution,
                "Some cells decide too much on their own.",
                format!(
                    "The Pareto k of {n} cells is above {k:.2}, so leave-one-out cross-validation \
                     (elpd) is not reliable there. More draws help a little, another likelihood may \
                     help more."
                ),
            ),
        });
    }
    all
}

fn mode(summary: &Value, all: &mut Vec<Finding>) {
    let gradient = summary["gradient_norm"].as_f64().unwrap_or(f64::NAN);
    let gradient = numbers::four(gradient);
    all.push(if summary["converged"] == true {
        Finding::new(
            Grade::Good,
            "The search ended at a maximum.",
            format!("The largest component of the gradient there is {gradient}."),
        )
    } else if summary["interrupted"] == true {
        Finding::new(
            Grade::Poor,
            "The search was stopped.",
            format!(
                "This is the best point that it had seen, where the largest component of the gradient \
                 is {gradient}. Fit again, to the end."
            ),
        )
    } else {
        Finding::new(
            Grade::Poor,
            "The search did not end at a maximum.",
            format!(
                "The largest component of the gradient is {gradient}. Raise \
                 inference.max_iterations, or look for parameters that the data say nothing about."
            ),
        )
    });
    let starts = summary["starts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let values: Vec<f64> = starts.iter().filter_map(|s| s["log_posterior"].as_f64()).collect();
    let best = summary["log_posterior"].as_f64().unwrap_or(f64::NAN);
    if values.len() > 1 {
        // Screened starts saw a block of the data only, and their values are not comparable.
        let screened = summary["screened_on_cells"].is_number();
        let top = if screened { values.iter().copied().fold(f64::MIN, f64::max) } else { best };
        let same = values.iter().filter(|v| (top - **v).abs() < 0.1).count();
        let of = values.len();
        all.push(if same > 1 {
            Finding::new(
                Grade::Good,
                "Several starts agree.",
                format!("{same} of {of} starts led to this maximum."),
            )
        } else {
            Finding::new(
                Grade::Caution,
                "Only one start led here.",
                format!(
                    "The other {} ended lower, so there may be a higher maximum that none of them \
                     found. Raise inference.starts, or fit with another seed.",
                    of - 1
                ),
            )
        });
    }
    for warning in warnings(summary).filter(|w| !w.contains("start")) {
        all.push(Finding::new(Grade::Caution, "A warning of the fit:", warning));
    }
}

fn warnings(summary: &Value) -> impl Iterator<Item = &str> {
    summary["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The worst value of a diagnostic over parameters and fields, with the name of who has it.
fn worst(
    summary: &Value,
    keys: (&[&str], &[&str]),
    better: fn(f64, f64) -> bool,
) -> Option<(f64, String)> {
    let mut found: Option<(f64, String)> = None;
    for (group, keys) in [("parameters", keys.0), ("fields", keys.1)] {
        for (name, entry) in summary[group].as_object().into_iter().flatten() {
            for v in keys.iter().filter_map(|key| entry[*key].as_f64()) {
                if found.as_ref().is_none_or(|(w, _)| better(*w, v)) {
                    found = Some((v, name.clone()));
                }
            }
        }
    }
    found
}

fn chains_found(summary: &Value, all: &mut Vec<Finding>) {
    let count = |key: &str| summary[key].as_u64().unwrap_or(0);
    let (chains, draws) = (count("chains"), count("draws"));
    let total = chains * draws;
    if summary["interrupted"] == true {
        all.push(Finding::new(
            Grade::Caution,
            "The run was interrupted.",
            format!(
                "There are {draws} draws of each chain; `gridgp fit --resume` makes the others."
            ),
        ));
    }
    if let Some((r, name)) = worst(summary, (&["r_hat"], &["max_r_hat"]), |a, b| b > a) {
        let value = format!("The largest R̂ is {r:.3}, for {name}");
        all.push(match r {
            r if r <= 1.01 => Finding::new(
                Grade::Good,
                "The chains agree.",
                format!("{value}; up to 1.01 is fine."),
            ),
            r if r <= 1.05 => Finding::new(
                Grade::Caution,
                "The chains agree nearly.",
                format!("{value}; above 1.01, means and intervals still move. Draw more."),
            ),
            _ => Finding::new(
                Grade::Poor,
                "The chains disagree.",
                format!(
                    "{value}, far above 1.01: they have not found the same distribution. Draw more, \
                     or look in the traces whether they sit in different modes."
                ),
            ),
        });
    } else {
        all.push(Finding::new(
            Grade::Caution,
            "One chain cannot be checked.",
            "R̂ compares chains; raise inference.chains to 4.",
        ));
    }
    let least =
        worst(summary, (&["ess_bulk", "ess_tail"], &["min_ess_bulk", "min_ess_tail"]), |a, b| {
            b < a
        });
    if let Some((ess, name)) = least {
        let floor = 100.0 * chains as f64;
        let value =
            format!("The smallest effective sample size is {ess:.0} of {total}, for {name}");
        all.push(if ess >= floor {
            Finding::new(
                Grade::Good,
                "There are enough draws.",
                format!("{value}; {floor:.0} are enough."),
            )
        } else {
            let grade = if ess >= 0.25 * floor { Grade::Caution } else { Grade::Poor };
            Finding::new(
                grade,
                "There are too few effective draws.",
                format!("{value}; {floor:.0} are wanted. Raise inference.draws."),
            )
        });
    }
    all.push(match count("divergences") {
        0 => Finding::new(
            Grade::Good,
            "No trajectory diverged.",
            "The sampler could follow the posterior everywhere.",
        ),
        n => Finding::new(
            if n * 100 > total { Grade::Poor } else { Grade::Caution },
            "Trajectories diverged.",
            format!(
                "{n} of {total}: the draws miss parts of the posterior. Raise \
                 inference.target_accept (0.95, 0.99), or give lengthscales and amplitudes priors \
                 that keep away from 0."
            ),
        ),
    });
    let saturated = count("max_depth_reached");
    if saturated * 100 > total {
        all.push(Finding::new(
            Grade::Caution,
            "Trajectories were cut short.",
            format!("{saturated} of {total} reached max_depth; raise inference.max_depth."),
        ));
    }
    let energies: Vec<f64> =
        summary["bfmi"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    if let Some(least) = energies.iter().copied().reduce(f64::min) {
        all.push(if least >= 0.3 {
            Finding::new(
                Grade::Good,
                "The tails are explored.",
                format!("The smallest E-BFMI of a chain is {least:.2}; above 0.3 is fine."),
            )
        } else {
            Finding::new(
                Grade::Caution,
                "The tails are explored slowly.",
                format!(
                    "The smallest E-BFMI of a chain is {least:.2}, below 0.3. More informative \
                     priors on amplitudes help, or more draws."
                ),
            )
        });
    }
}

fn approximation(summary: &Value, all: &mut Vec<Finding>) {
    let number = |key: &str| summary[key].as_f64();
    if let Some(k) = number("pareto_k") {
        let threshold = number("pareto_k_threshold").unwrap_or(0.7);
        let value = format!("Pareto k is {k:.2}");
        all.push(if k <= threshold {
            Finding::new(
                Grade::Good,
                "The approximation is close to the posterior.",
                format!("{value}, below {threshold:.2}."),
            )
        } else {
            Finding::new(
                if k > 1.0 { Grade::Poor } else { Grade::Caution },
                "The approximation is not close to the posterior.",
                format!(
                    "{value}, above {threshold:.2}: means may be useful, intervals are often too \
                     narrow. method = \"nuts\" draws from the posterior itself."
                ),
            )
        });
    } else {
        all.push(Finding::new(
            Grade::Caution,
            "The approximation could not be compared with the posterior.",
            "There is no Pareto k; method = \"nuts\" draws from the posterior itself.",
        ));
    }
    if let Some(converged) = summary["converged"].as_bool() {
        all.push(if converged {
            Finding::new(Grade::Good, "The optimization ended.", "More steps would change little.")
        } else {
            Finding::new(
                Grade::Caution,
                "The optimization was cut off.",
                "Raise inference.steps, and look whether the loss below is still falling.",
            )
        });
    }
    if let Some(ess) = number("importance_ess") {
        all.push(Finding::new(
            if ess >= 100.0 { Grade::Good } else { Grade::Caution },
            "Importance weights.",
            format!("Weighted towards the posterior, the draws are worth {ess:.0}."),
        ));
    }
}

/// The judgements, and the pictures that they rest on.
pub fn blocks(fit: &Fitted, summary: &Value, findings: Vec<Finding>) -> anyhow::Result<Vec<Block>> {
    let mut blocks = vec![Block::Findings(findings)];
    if fit.file.method == "map" {
        blocks.push(text(
            "This is the mode of the posterior: intervals take the parameters as known, and are too \
             narrow where the data leave them open. method = \"nuts\" draws the parameters as well.",
        ));
    }
    if fit.file.method == "nuts" {
        let parameters: Vec<Chains> = fit
            .model
            .parameters
            .iter()
            .filter_map(|p| {
                let draws = chains(&fit.file, fit.file.parameter(&p.name)?);
                let quantity = Quantity::new(p.name.as_str(), p.unit.as_deref());
                (draws[0].len() > 1).then_some(Chains { quantity, draws })
            })
            .take(MOST)
            .collect();
        let flags = fit.file.group("sample_stats").map_or_else(Vec::new, divergent);
        let mut figures = Vec::new();
        for p in &parameters {
            let style = Style { width: 110.0, height: Some(38.0), ..Style::default() };
            let trace = Trace { parameters: vec![p.clone()], divergent: flags.clone() };
            figures.push((trace.draw(&style)?, String::new()));
        }
        if !figures.is_empty() {
            let ranks =
                RankPlot { parameters }.draw(&Style { width: 110.0, ..Style::default() })?;
            blocks.push(Block::Folded(
                "Traces and ranks".into(),
                vec![
                    text(
                        "Chains that agree lie on each other, at the left as densities and at the \
                         right draw by draw. One that differs, drifts or stands still has not \
                         converged.",
                    ),
                    Block::Figures(figures),
                    text("Bars of the rank plots are level where the chains agree."),
                    Block::Figures(vec![(ranks, String::new())]),
                ],
            ));
        }
    }
    let elbo = fit.file.group("optimization").and_then(|g| g.variable("elbo"));
    if let Some(DrawValues::Numbers(_)) = elbo.map(|v| &v.values) {
        let figure = fit.loss(&Style::default())?;
        blocks.push(Block::Figures(vec![(figure, "What the optimizer made smaller.".into())]));
    }
    if let Some(evaluations) = summary["evaluations"].as_u64() {
        blocks.push(Block::Note(format!(
            "{} evaluations of the log density.",
            numbers::count(usize::try_from(evaluations).unwrap_or(usize::MAX))
        )));
    }
    Ok(blocks)
}
