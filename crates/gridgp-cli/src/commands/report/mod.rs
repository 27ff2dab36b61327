//! `gridgp report`: a page about a fit for a colleague.

mod convergence;
mod data;
mod files;
mod model;
mod numbers;
mod parameters;
mod planes;
mod reproduce;
mod residuals;
mod results;

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use gridgp_plot::report::{Block, Finding, Grade, Report, Section};
use serde_json::Value;

use super::check_outputs;
use super::plot::source::{Fitted, Opened};
use crate::args::Report as Arguments;

/// A page larger than this is a burden to mail.
const LARGE: usize = 5_000_000;

pub fn run(args: &Arguments) -> anyhow::Result<()> {
    check_ending(&args.output)?;
    let inputs = args.prediction.iter().chain(&args.return_levels).chain([&args.fit]);
    check_outputs(&[&args.output], &inputs.map(|p| p.as_path()).collect::<Vec<_>>())?;
    let bytes = report(args)?.write(&args.output)?;
    if !args.quiet {
        if bytes > LARGE {
            eprintln!("warning: the report is large, {:.1} MB", bytes as f64 / 1e6);
        }
        writeln!(std::io::stdout(), "wrote {}", args.output.display())?;
    }
    Ok(())
}

/// Refuses what a browser would not open.
pub fn check_ending(path: &Path) -> anyhow::Result<()> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    if !matches!(ending.as_deref(), Some("html" | "htm")) {
        bail!("{}: a report is a web page, and its name ends in .html", path.display());
    }
    Ok(())
}

fn report(args: &Arguments) -> anyhow::Result<Report> {
    let Opened::Fit(fit) = Opened::read(&args.fit, None, args.no_verify)? else {
        bail!(
            "{} is not a fit file: `gridgp fit` writes them, and `gridgp plot` draws other files",
            args.fit.display()
        );
    };
    let summary: Value = serde_json::from_str(&fit.file.summary)
        .with_context(|| format!("{}: the summary is damaged", args.fit.display()))?;
    let fit = *fit;
    let response = results::response(&fit)?;
    let findings = convergence::findings(&fit, &summary);
    let residuals = residuals::section(&fit, &response)?;
    let mut sections = vec![
        Section::new("What was fitted", results::blocks(&fit, &response)?),
        Section::new("Model", model::blocks(&fit.model)),
        Section::new("Data", data::blocks(&fit)),
        Section::new("Convergence", convergence::blocks(&fit, &summary, findings.clone())?),
        Section::new("Parameters", parameters::blocks(&fit, &summary)?),
    ];
    let fields = results::fields(&fit)?;
    if !fields.is_empty() {
        sections.push(Section::new("Fields", fields));
    }
    if let Some(path) = &args.prediction {
        sections.push(Section::new("Prediction", files::prediction(path)?));
    }
    if let Some(path) = &args.return_levels {
        sections.push(Section::new("Return levels", files::return_levels(path)?));
    }
    sections.push(Section::new("Residual checks", residuals));
    sections.push(Section::new("How to reproduce it", reproduce::blocks(args, &fit, &summary)));
    Ok(Report {
        title: title(&fit),
        lead: lead(&fit),
        facts: facts(&fit, &summary),
        findings: vec![verdict(&findings)],
        sections,
        program: format!("Report by gridgp {}", env!("CARGO_PKG_VERSION")),
    })
}

/// `sst by year and month`.
fn title(fit: &Fitted) -> String {
    let y = &fit.model.data.response;
    let name = y.long_name.as_ref().unwrap_or(&y.name);
    let axes: Vec<&str> = fit.model.data.grid.axes().iter().map(|a| a.name()).collect();
    match axes.as_slice() {
        [first @ .., last] if !first.is_empty() => {
            format!("{name} by {} and {last}", first.join(", "))
        }
        _ => format!("{name} by {}", axes.join("")),
    }
}

/// What was done, in two sentences.
fn lead(fit: &Fitted) -> String {
    let model = &fit.model;
    let axes: Vec<String> =
        model.data.grid.axes().iter().map(|a| format!("{} ({})", a.name(), a.len())).collect();
    let how = match fit.file.method.as_str() {
        "map" => "Fitted by the mode of the posterior.",
        "nuts" => "Fitted by draws from the posterior, made by the No-U-Turn Sampler.",
        "laplace" => {
            "Fitted by Laplace's method, fields given parameters and parameters by weighted points."
        }
        "svi" => "Fitted by a normal approximation of the posterior (variational inference).",
        "pathfinder" => "Fitted by a normal approximation of the posterior (Pathfinder).",
        other => other,
    };
    format!(
        "A Gaussian-process model of {} on a grid of {}, with a {} likelihood. {how}",
        model.data.response.name,
        axes.join(" × "),
        likelihood(model.family.name()),
    )
}

/// A likelihood as people write it.
fn likelihood(name: &str) -> String {
    match name {
        "gev" => "GEV".into(),
        "blended_gev" => "blended GEV".into(),
        "gaussian" | "poisson" | "laplace" | "bernoulli" | "gumbel" => {
            let (first, rest) = name.split_at(1);
            first.to_uppercase() + rest
        }
        "student_t" => "Student t".into(),
        "generalized_pareto" => "generalized Pareto".into(),
        "von_mises" => "von Mises".into(),
        other => other.replace('_', " "),
    }
}

/// The numbers that are looked for first.
fn facts(fit: &Fitted, summary: &Value) -> Vec<(String, String)> {
    let data = &fit.model.data;
    let mut facts = vec![
        (numbers::count(data.observed().count()), "observed cells".to_owned()),
        (fit.model.parameters.len().to_string(), "parameters".to_owned()),
    ];
    let mut add = |number: Option<String>, what: &str| {
        facts.extend(number.map(|n| (n, what.to_owned())));
    };
    let of = |pointer: &str| summary.pointer(pointer).and_then(Value::as_f64);
    if let (Some(chains), Some(draws)) = (of("/chains"), of("/draws")) {
        add(Some(format!("{chains} × {draws}")), "draws");
    }
    add(of("/log_marginal_likelihood").map(|v| numbers::fixed(v, 1)), "log marginal likelihood");
    let elpd = of("/loo/elpd").zip(of("/loo/se"));
    add(
        elpd.map(|(v, se)| format!("{} ± {}", numbers::fixed(v, 0), numbers::fixed(se, 0))),
        "elpd (LOO)",
    );
    add(of("/seconds").map(numbers::duration), "to fit");
    facts
}

/// One judgement of all.
fn verdict(findings: &[Finding]) -> Finding {
    let worst = findings.iter().map(|f| f.grade).max().unwrap_or(Grade::Caution);
    let names: Vec<String> = findings
        .iter()
        .filter(|f| f.grade == worst)
        .map(|f| f.title.trim_end_matches('.').to_lowercase())
        .collect();
    let names = names.join("; ");
    match worst {
        Grade::Good => Finding::new(
            worst,
            "The computation can be trusted.",
            "No check of convergence found a problem. Whether the model suits the data is another \
             question: see the residual checks.",
        ),
        Grade::Caution => Finding::new(
            worst,
            "Look at the convergence before you rely on this.",
            format!("What needs a look: {names}."),
        ),
        Grade::Poor => Finding::new(
            worst,
            "Do not rely on these numbers yet.",
            format!("What is wrong: {names}. The section on convergence says what to try."),
        ),
    }
}

/// A paragraph.
fn text(text: impl Into<String>) -> Block {
    Block::Text(text.into())
}
