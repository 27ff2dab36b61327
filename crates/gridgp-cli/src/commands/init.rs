//! `gridgp init`: a commented starter model for a data file.

mod proposal;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::bail;
use gridgp_io::{CoordinateSummary, FileSummary, Guess, GuessedAxis, Kind};
use gridgp_model::is_reserved;
use proposal::{Observed, Proposal, Way};

use super::check_outputs;
use crate::args::Init;

pub fn run(args: &Init) -> anyhow::Result<()> {
    let summary = gridgp_io::summarize(&args.data, args.response.as_deref())?;
    let text = starter(&args.data, args.output.as_deref(), &summary)?;
    match &args.output {
        None => write!(std::io::stdout(), "{text}")?,
        Some(path) => {
            if path.exists() {
                bail!("{} exists already; choose another name", path.display());
            }
            check_outputs(&[path], &[&args.data])?;
            gridgp_file::write(path, |file| file.write_all(text.as_bytes()))?;
            writeln!(std::io::stdout(), "wrote {}; next: gridgp check {0}", path.display())?;
        }
    }
    Ok(())
}

fn starter(data: &Path, model: Option<&Path>, summary: &FileSummary) -> anyhow::Result<String> {
    let Some(guess) = &summary.guess else {
        if let Some(doubt) = summary.doubts.first() {
            bail!("{doubt}");
        }
        let names: Vec<&str> = summary.coordinates.iter().map(|c| c.name.as_str()).collect();
        bail!(
            "{}: no variable on a grid was found among {}; a table needs one row a cell, with a \
             column for each axis and one for the response",
            data.display(),
            names.join(", ")
        );
    };
    let mut out = String::new();
    let add = |out: &mut String, text: &str| writeln!(out, "{text}").expect("a String grows");
    let mut line = |text: &str| add(&mut out, text);
    line("# A starter model. `gridgp check` shows what it means, defaults included.");
    line("[data]");
    line(&format!("file = {}", quoted(&relative(data, model))));
    line(&format!("response = {}", quoted(&guess.response)));
    let others = others(summary, guess);
    if !others.is_empty() {
        line(&format!("# --response takes another variable: {}", others.join(", ")));
    }
    if guess.axes.len() == 1 && others.len() > 2 && summary.rows.is_some() {
        line("# If these are one quantity at several places, make the table long: one row a cell,");
        line("# with a column for the place.");
    }
    for doubt in &summary.doubts {
        line(&format!("# {doubt}"));
    }
    for axis in &guess.axes {
        let about: Vec<String> = axis
            .coordinates
            .iter()
            .filter_map(|name| summary.coordinates.iter().find(|c| c.name == *name))
            .map(about)
            .collect();
        line(&format!("# {}: {} points; {}", axis.name, axis.points, about.join("; ")));
        let coordinates: Vec<String> = axis.coordinates.iter().map(|c| quoted(c)).collect();
        let value = match coordinates.as_slice() {
            [one] => match &axis.format {
                Some(format) => {
                    format!("{{ coordinates = {one}, format = {} }}", quoted(format))
                }
                None => one.clone(),
            },
            many => format!("[{}]", many.join(", ")),
        };
        line(&format!("axes.{} = {value}", key(&axis_name(axis))));
        for covariate in &axis.covariates {
            line(&format!(
                "# covariates.{} = {{ along = {}, center = true }}",
                key(covariate),
                quoted(&axis_name(axis))
            ));
        }
    }
    let proposal =
        Proposal::of(data, guess, &out, |likelihood| body(summary, guess, likelihood, &Way::Exact));
    for doubt in &proposal.doubts {
        writeln!(out, "# {doubt}").expect("a String grows");
    }
    Ok(out + &body(summary, guess, proposal.likelihood, &proposal.way))
}

/// Everything after the data: parameters, a field, the likelihood, and how it is inferred.
fn body(summary: &FileSummary, guess: &Guess, likelihood: Observed, way: &Way) -> String {
    let mut out = String::new();
    let mut line = |text: &str| writeln!(out, "{text}").expect("a String grows");
    line("");
    line("[parameters]");
    line("# \"default\" takes a prior from the data; write your own, such as \"normal(20, 5)\".");
    line("intercept = \"default\"");
    if likelihood.is_gaussian() {
        line("sigma = \"default\"");
    }
    line("");
    line("# A random field: one kernel an axis. See `gridgp kernels`.");
    line("[fields.f]");
    for axis in &guess.axes {
        let labels = |name: &String| {
            summary.coordinates.iter().any(|c| c.name == *name && c.kind == Kind::Label)
        };
        let (named, numbers): (Vec<&String>, Vec<&String>) =
            axis.coordinates.iter().partition(|c| labels(c));
        let is_long = axis.points > 2 * BASIS;
        let kernel = if numbers.is_empty() || axis.points == 1 {
            "white()".to_owned()
        } else if matches!(way, Way::Svi(_)) && is_long && axis.coordinates.len() == 1 {
            format!("matern52(basis = {BASIS})")
        } else if named.is_empty() {
            "matern52()".to_owned()
        } else {
            let names: Vec<&str> = numbers.iter().map(|c| c.as_str()).collect();
            format!("matern52({})", names.join(", "))
        };
        line(&format!("{} = {}", key(&axis_name(axis)), quoted(&kernel)));
    }
    line("");
    line("# See `gridgp likelihoods`.");
    line("[likelihood]");
    match likelihood {
        Observed::Numbers | Observed::WholeNumbers(_) => {
            if let Observed::WholeNumbers(why) = likelihood {
                line(&format!("# Every value is a whole number, but {why}. Counts have"));
                line("# family = \"poisson\" and rate = \"exp(intercept + f)\".");
            }
            line("family = \"gaussian\"");
            line("location = \"intercept + f\"");
            line("scale = \"sigma\"");
        }
        Observed::YesNo => {
            line("family = \"bernoulli\"            # every value is 0 or 1");
            line("probability = \"logistic(intercept + f)\"");
        }
        Observed::Counts => {
            line(
                "# Every value is a whole number, so these may be counts. An exposure stands in front,",
            );
            line(
                "# hours * exp(…); for more variance than Poisson's take negative_binomial and `mean`;",
            );
            line("# for rounded measurements gaussian, `location` and `scale`.");
            line("family = \"poisson\"");
            line("rate = \"exp(intercept + f)\"");
        }
    }
    match way {
        Way::Exact => {}
        Way::Nuts(why) => {
            line("");
            line("[inference]");
            line(&format!("# {why}, so the field is sampled."));
            line("method = \"nuts\"");
        }
        Way::Svi(why) => {
            line("");
            line("[inference]");
            line(&format!("# {why}, so the field is sampled; for so many cells that"));
            line(
                "# is done by an approximation, with a basis of few functions along each axis: more are",
            );
            line("# finer.");
            line("method = \"svi\"");
        }
    }
    out
}

/// What could be modelled instead, without what lies along one of the axes.
fn others<'a>(summary: &'a FileSummary, guess: &Guess) -> Vec<&'a str> {
    let of_axis = |name: &String| {
        guess.axes.iter().any(|a| a.coordinates.contains(name) || a.covariates.contains(name))
    };
    let variables = summary.variables.iter();
    let other = variables.filter(|v| !v.is_part && v.name != guess.response && !of_axis(&v.name));
    other.map(|v| v.name.as_str()).collect()
}

/// Functions along an axis of a large grid.
const BASIS: usize = 20;

fn about(c: &CoordinateSummary) -> String {
    let units = c.units.as_ref().map(|u| format!(" {u}")).unwrap_or_default();
    let step = match c.step {
        Some(step) => format!(", every {step}"),
        None if c.kind == Kind::Label => String::new(),
        None => ", unevenly spaced".into(),
    };
    format!("{} from {} to {}{units}{step}", c.name, c.first, c.last)
}

/// What the starter calls an axis: its name, unless that means something else there.
fn axis_name(axis: &GuessedAxis) -> String {
    let name = &axis.name;
    let is_own = ["f", "intercept", "sigma"].contains(&name.as_str());
    if is_own || is_reserved(name) { format!("{name}_axis") } else { name.clone() }
}

/// The data file as seen from the model file.
fn relative(data: &Path, model: Option<&Path>) -> String {
    let folder = model.and_then(Path::parent).unwrap_or(Path::new(""));
    if data.is_absolute() || folder.as_os_str().is_empty() {
        return data.display().to_string();
    }
    if let Ok(inside) = data.strip_prefix(folder) {
        return inside.display().to_string();
    }
    std::path::absolute(data)
        .map_or_else(|_| data.display().to_string(), |p| p.display().to_string())
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is text")
}

/// A TOML key, quoted where it must be.
fn key(name: &str) -> String {
    let bare =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { quoted(name) }
}
