//! `gridgp return-levels`: levels, their differences between scenarios, and risks, from draws.

mod scenario;
mod spot;
mod years;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use gridgp_extremes::Tail;
use gridgp_fit::{GridOutput, OutputVariable, PointsOutput, output_name};
use gridgp_grid::{Axis, Coordinate, Grid};
use gridgp_model::Model;
use gridgp_model::spec::ModelSpec;
use gridgp_posterior::{Summarized, TailDraws};
use scenario::Scenario;
use spot::{Rows, Spot};

use super::{check_outputs, read_fit};
use crate::args::ReturnLevels;
use crate::machine;
use crate::progress::Spinner;

pub use years::axis_of_years;

pub fn run(args: &ReturnLevels) -> anyhow::Result<()> {
    let begun = Instant::now();
    machine::set_threads(args.threads)?;
    check(args)?;
    let at = args.at.iter().map(Path::new);
    check_outputs(&[&args.output], &at.chain([args.fit.as_path()]).collect::<Vec<_>>())?;
    let spinner = Spinner::new(format!("return levels of {}", args.fit.display()), args.quiet);
    let fit = read_fit(&args.fit, args.no_verify)?;
    let model = Model::new(ModelSpec::from_toml(&fit.source)?, &fit.source, fit.data.clone())?;
    let samples = fit.samples().with_context(|| {
        format!(
            "{} is a fit by {:?}: one value of each parameter, and no draws. Return levels need \
             their uncertainty; fit with method = \"nuts\", \"svi\", \"laplace\" or \"pathfinder\"",
            args.fit.display(),
            fit.method
        )
    })?;
    let scenarios = scenario::parse(&args.scenario, &model, &fit.scalings)?;
    let collapsed = scenario::collapsed(&model, &scenarios);
    let spot = Spot::read(args.at.as_deref(), &model, &fit.scalings, &scenarios, &collapsed)?;
    let quantities = args.period.len() + args.exceed.len() + 4;
    machine::check_memory(
        8 * (spot.cells() * samples.len()) as u128 * (quantities * scenarios.len().max(1)) as u128,
        &format!("return levels in {} cells from {} draws", spot.cells(), samples.len()),
    )?;
    warn_of_few_years(&model);
    let seed = args.seed.unwrap_or(fit.seed);
    let (rows, made) = if let Some(text) = &args.years {
        years::levels(args, &model, &samples, spot, text, seed)?
    } else {
        let tails = spot
            .under(&model, &scenarios)
            .iter()
            .map(|spot| TailDraws::new(&model, &samples, &spot.target(), seed))
            .collect::<Result<Vec<_>, _>>()?;
        let made = levels(args, &model, &tails, &scenarios);
        (spot.rows(&collapsed)?, made)
    };
    let attributes = vec![
        ("title".to_owned(), format!("return levels of {}", model.data.response.name)),
        ("source".to_owned(), format!("gridgp {} from {}", fit.version, args.fit.display())),
    ];
    let written = write(args, &model.data.grid, rows, made, &scenarios, attributes)?;
    drop(spinner);
    if !args.quiet {
        let seconds = begun.elapsed().as_secs_f64();
        let mut out = std::io::stdout();
        writeln!(
            out,
            "return levels of {written} cells in {}, {seconds:.3} s",
            args.output.display()
        )?;
    }
    Ok(())
}

fn check(args: &ReturnLevels) -> anyhow::Result<()> {
    if let Some(p) = args.probabilities.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        bail!("--probabilities: {p} does not lie between 0 and 1");
    }
    if let Some(t) = args.period.iter().find(|t| !(**t > 1.0 && t.is_finite())) {
        bail!("--period: {t} is not a number of years above 1");
    }
    if let Some(r) = args.risk.iter().find(|r| !(**r > 0.0 && **r < 1.0)) {
        bail!("--risk: {r} does not lie between 0 and 1");
    }
    if let Some(v) = args.exceed.iter().find(|v| !v.is_finite()) {
        bail!("--exceed: {v} is not a finite number");
    }
    let lists = [
        ("--period", &args.period),
        ("--probabilities", &args.probabilities),
        ("--risk", &args.risk),
        ("--exceed", &args.exceed),
    ];
    for (option, values) in lists {
        if let Some(i) = (1..values.len()).find(|&i| values[..i].contains(&values[i])) {
            bail!("{option}: {} is given twice", values[i]);
        }
    }
    if args.years.is_some() && !(args.scenario.is_empty() && args.exceed.is_empty()) {
        bail!("--years takes the covariates of the years; leave out --scenario and --exceed");
    }
    Ok(())
}

/// Says so where the series are too short to say much about extremes.
fn warn_of_few_years(model: &Model) {
    let Ok(axis) = axis_of_years(model) else { return };
    let series = model.data.grid.len() / model.data.grid.axes()[axis].len();
    let mean = model.data.observed().count() as f64 / series as f64;
    if mean < FEW_YEARS {
        eprintln!(
            "warning: there are {mean:.1} values along {:?} for each series: levels and shape rest \
             on the priors; {FEW_YEARS} years or more say something about extremes",
            model.data.grid.axes()[axis].name()
        );
    }
}

/// Below this a shape is hardly seen at all.
const FEW_YEARS: f64 = 10.0;

/// A quantity before its cells: name, dimensions in front, values, what it is, whether it has the
/// unit of the response.
struct Made {
    name: String,
    leading: Vec<&'static str>,
    values: Vec<f64>,
    what: String,
    units: Option<String>,
}

/// Mean, standard deviation and quantiles of one quantity, one summary for each of its points.
fn push(
    made: &mut Vec<Made>,
    name: &str,
    leading: &[&'static str],
    all: &[Summarized],
    what: &str,
    units: Option<&str>,
) {
    let mut add =
        |suffix: &str, last: Option<&'static str>, said: &str, of: fn(&Summarized) -> &[f64]| {
            made.push(Made {
                name: format!("{name}{suffix}"),
                leading: leading.iter().copied().chain(last).collect(),
                values: all.iter().flat_map(of).copied().collect(),
                what: format!("{said} of the {what}"),
                units: units.map(str::to_owned),
            });
        };
    add("", None, "posterior mean", |s| &s.mean);
    add("_sd", None, "posterior standard deviation", |s| &s.sd);
    if all.iter().any(|s| !s.quantiles.is_empty()) {
        add("_quantiles", Some("quantile"), "posterior quantile", |s| &s.quantiles);
    }
}

/// Levels, differences to the first scenario, and probabilities.
fn levels(
    args: &ReturnLevels,
    model: &Model,
    tails: &[TailDraws],
    scenarios: &[Scenario],
) -> Vec<Made> {
    let y = &model.data.response.name;
    let units = model.data.response.units.as_deref();
    let scenario: &[&'static str] = if scenarios.is_empty() { &[] } else { &["scenario"] };
    let peaks = Tail::of(&model.family) == Some(Tail::Peaks);
    let (unit, one) = if peaks { ("peaks", "a peak") } else { ("years", "the maximum of a year") };
    let summarize = |values: &[f64]| tails[0].summarize(values, &args.probabilities);
    let draws: Vec<Vec<Vec<f64>>> =
        tails.iter().map(|t| args.period.iter().map(|&p| t.levels(p)).collect()).collect();
    let mut made = Vec::new();
    let all: Vec<Summarized> = draws.iter().flatten().map(|v| summarize(v)).collect();
    let what = format!("return level of {y}, exceeded once in `period` {unit} on average");
    push(&mut made, "level", &[scenario, &["period"]].concat(), &all, &what, units);
    if let Some((first, others)) = draws.split_first().filter(|(_, others)| !others.is_empty()) {
        let less =
            |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let all: Vec<Summarized> = others
            .iter()
            .flat_map(|other| other.iter().zip(first))
            .map(|(a, b)| summarize(&less(a, b)))
            .collect();
        let what =
            format!("change of the return level of {y} from the scenario {:?}", scenarios[0].name);
        push(&mut made, "change_of_level", &["change", "period"], &all, &what, units);
    }
    if !args.exceed.is_empty() {
        let all: Vec<Summarized> = tails
            .iter()
            .flat_map(|t| args.exceed.iter().map(move |&v| t.exceedances(v)))
            .map(|v| summarize(&v))
            .collect();
        let what = format!("probability that {one} of {y} exceeds `value`");
        push(&mut made, "exceedance", &[scenario, &["value"]].concat(), &all, &what, Some("1"));
    }
    made
}

/// Writes, and says how many cells there were.
fn write(
    args: &ReturnLevels,
    data: &Grid,
    rows: Rows,
    made: Vec<Made>,
    scenarios: &[Scenario],
    attributes: Vec<(String, String)>,
) -> anyhow::Result<usize> {
    let uses = |dim: &str| made.iter().any(|m| m.leading.contains(&dim));
    let name = |name: &str| output_name(data, name);
    let labels = |dim: &str, scenarios: &[Scenario]| {
        let names = scenarios.iter().map(|s| s.name.clone()).collect();
        Axis::new(name(dim), vec![Coordinate::labels(name(dim), names)])
    };
    let mut extra = Vec::new();
    if uses("scenario") {
        extra.push(labels("scenario", scenarios)?);
    }
    if uses("change") {
        extra.push(labels("change", &scenarios[1..])?);
    }
    for (dim, values) in [
        ("period", &args.period),
        ("risk", &args.risk),
        ("value", &args.exceed),
        ("quantile", &args.probabilities),
    ] {
        if uses(dim) {
            extra.push(Axis::numbers(name(dim), values.clone())?);
        }
    }
    let cells = rows.cells();
    let dims: Vec<String> = match &rows {
        Rows::Grid(grid) => grid.axes().iter().map(|a| a.name().to_owned()).collect(),
        Rows::Points(_) => vec![name("point")],
    };
    let variables = made
        .into_iter()
        .map(|m| {
            let dims = m.leading.iter().map(|d| name(d)).chain(dims.iter().cloned()).collect();
            let (id, values) = (name(&m.name), m.values);
            let v = OutputVariable { name: id, dims, values, attributes: vec![] };
            let v = v.with("long_name", m.what);
            match m.units {
                Some(units) => v.with("units", units),
                None => v,
            }
        })
        .collect();
    match rows {
        Rows::Grid(grid) => {
            gridgp_io::write_grid(
                &args.output,
                &GridOutput { grid, extra, variables, attributes },
            )?;
        }
        Rows::Points(coordinates) => {
            let dim = name("point");
            let output = PointsOutput { dim, coordinates, extra, variables, attributes };
            gridgp_io::write_points(&args.output, &output)?;
        }
    }
    Ok(cells)
}
