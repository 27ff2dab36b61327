//! `gridgp residuals`: each observation beside its prediction, and how well the fit is calibrated.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use comfy_table::{Cell, CellAlignment, Table, presets};
use gridgp_fit::{GridOutput, OutputVariable, output_name};
use gridgp_grid::{Axis, Dataset, Grid};
use gridgp_model::Model;
use gridgp_model::spec::ModelSpec;
use gridgp_posterior::{
    Conditional, ResidualSummary, Residuals as Found, Weighing, held_out, residuals,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{check_outputs, read_fit};
use crate::args::Residuals;
use crate::machine;
use crate::progress::Spinner;

/// Parts of the histogram of the PIT.
const BINS: usize = 10;
/// A table by an axis prints so many rows; the file of `--table` has all.
const ROWS: usize = 12;

pub fn run(args: &Residuals) -> anyhow::Result<()> {
    machine::set_threads(args.threads)?;
    if let Some(l) = args.levels.iter().find(|l| !(**l > 0.0 && **l < 1.0)) {
        bail!("--levels: {l} does not lie between 0 and 1");
    }
    if args.table.is_some() && args.by.is_none() {
        bail!("--table has a row for each point of an axis: name it with --by");
    }
    let outputs: Vec<&Path> = args.output.iter().chain(&args.table).map(|p| p.as_path()).collect();
    check_outputs(&outputs, &[&args.fit])?;
    let spinner = Spinner::new(format!("residuals of {}", args.fit.display()), args.quiet);
    let fit = read_fit(&args.fit, args.no_verify)?;
    let model = Model::new(ModelSpec::from_toml(&fit.source)?, &fit.source, fit.data.clone())?;
    let grid = &model.data.grid;
    let by = match &args.by {
        None => None,
        Some(name) => Some(grid.position(name).with_context(|| {
            let known: Vec<&str> = grid.axes().iter().map(Axis::name).collect();
            format!("--by: there is no axis {name:?}; the fit has {}", known.join(", "))
        })?),
    };
    let seed = args.seed.unwrap_or(fit.seed);
    let groups = groups(args, &model.data, seed)?;
    let (how, found) = match fit.samples() {
        Some(_) if groups.is_some() => bail!(
            "--leave-out and --folds are of a fit by map; {} is one by {:?}, whose draws are weighed as if \
             each observation had been left out",
            args.fit.display(),
            fit.method
        ),
        Some(samples) => {
            let how = if args.in_sample { How::InSample } else { How::Weighed };
            let weighing = if args.in_sample { Weighing::InSample } else { Weighing::LeaveOneOut };
            (how, residuals(&model, &samples, weighing, seed)?)
        }
        None if args.in_sample => bail!(
            "--in-sample: {} is a fit by {:?}, whose residuals leave each observation out exactly",
            args.fit.display(),
            fit.method
        ),
        None => {
            let theta = gridgp_fit::estimate(&fit, &model)?;
            match groups {
                None => (How::Exact, Conditional::new(&model, &theta)?.leave_one_out()?),
                Some(groups) => (How::Groups, held_out(&model, &theta, &groups)?),
            }
        }
    };
    let source = format!("gridgp {} from {}", fit.version, args.fit.display());
    if let Some(file) = &args.output {
        gridgp_io::write_grid(file, &cells(&found, &model, how, &source))?;
    }
    let along = by.map(|axis| found.along(grid, axis, &args.levels));
    if let (Some(file), Some(axis), Some(rows)) = (&args.table, by, &along) {
        gridgp_io::write_grid(file, &table(rows, axis, &model, &args.levels, how, &source)?)?;
    }
    drop(spinner);
    let all = found.summary(&args.levels, |_| true);
    let unseen = found.k.iter().filter(|k| k.is_nan()).count();
    let mut out = std::io::stdout();
    if args.json {
        let summary = |s: &ResidualSummary| {
            json!({
                "count": s.count, "coverage": s.coverage, "crps": s.crps, "log_score": s.log_score,
                "mean": s.mean, "sd": s.sd, "distance": s.distance, "bad_k": s.bad,
            })
        };
        let value = json!({
            "weighing": word(how), "levels": args.levels, "all": summary(&all),
            "histogram": found.histogram(BINS), "weighed_alike": unseen,
            "by": along.iter().flatten().map(summary).collect::<Vec<_>>(),
        });
        writeln!(out, "{value}")?;
    } else if !args.quiet {
        print(&mut out, args, &model, &found, &all, how)?;
        if let (Some(axis), Some(rows)) = (by, &along) {
            print_rows(&mut out, rows, &grid.axes()[axis], &args.levels)?;
        }
    }
    warn(&all, unseen, how, found.good_k);
    Ok(())
}

/// How an observation is kept out of its own prediction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// By importance weights of the draws.
    Weighed,
    /// Not at all.
    InSample,
    /// Exactly, at the mode.
    Exact,
    /// With all of its group, at the mode.
    Groups,
}

/// The group of each cell, where whole groups are to be left out.
fn groups(args: &Residuals, data: &Dataset, seed: u64) -> anyhow::Result<Option<Vec<usize>>> {
    let grid = &data.grid;
    if let Some(name) = &args.leave_out {
        let axis = grid.position(name).with_context(|| {
            let known: Vec<&str> = grid.axes().iter().map(Axis::name).collect();
            format!("--leave-out: there is no axis {name:?}; the fit has {}", known.join(", "))
        })?;
        return Ok(Some((0..grid.len()).map(|c| grid.unravel(c)[axis]).collect()));
    }
    let Some(count) = args.folds else { return Ok(None) };
    if count < 2 {
        bail!("--folds: {count} part of all leaves nothing to predict it by; name 2 or more");
    }
    let is_missing = |c: usize| data.response.missing.as_ref().is_some_and(|m| m[c]);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let observed = (0..grid.len()).filter(|&c| !is_missing(c));
    let mut shuffled: Vec<(u64, usize)> = observed.map(|c| (rng.random(), c)).collect();
    if count > shuffled.len() {
        bail!("--folds: {count} parts of {} observations; name fewer", shuffled.len());
    }
    shuffled.sort_unstable();
    let mut groups = vec![0; grid.len()];
    shuffled.iter().enumerate().for_each(|(i, &(_, c))| groups[c] = i % count);
    Ok(Some(groups))
}

fn word(how: How) -> &'static str {
    match how {
        How::Weighed => "leave one out (PSIS)",
        How::InSample => "in sample",
        How::Exact => "leave one out (exact at the mode)",
        How::Groups => "leave groups out (exact at the mode)",
    }
}

fn warn(all: &ResidualSummary, unseen: usize, how: How, good_k: f64) {
    if how == How::InSample {
        eprintln!(
            "warning: every observation was part of the fit that predicts it: these numbers look \
             better than those of new observations; leave out --in-sample"
        );
    } else if unseen > 0 {
        eprintln!(
            "warning: {unseen} of {} observations are impossible under some draws of the \
             approximation and could not be left out: all draws count alike there",
            all.count
        );
    }
    if all.bad > 0 {
        eprintln!(
            "warning: {} of {} observations have a Pareto k above {good_k:.2}: they decide too much \
             on their own, and leaving them out by weights is not reliable",
            all.bad, all.count
        );
    }
}

/// What each cell says, NaN where nothing was observed.
fn cells(found: &Found, model: &Model, how: How, source: &str) -> GridOutput {
    let grid = &model.data.grid;
    let dims: Vec<&str> = grid.axes().iter().map(Axis::name).collect();
    let y = &model.data.response;
    let of = |values: Vec<f64>, name: &str, what: String| {
        let mut all = vec![f64::NAN; grid.len()];
        found.cells.iter().zip(values).for_each(|(&c, v)| all[c] = v);
        OutputVariable::new(output_name(grid, name), &dims, all).with("long_name", what)
    };
    let y_name = &y.name;
    let crps =
        of(found.crps.clone(), "crps", format!("continuous ranked probability score of {y_name}"));
    let crps = match &y.units {
        Some(units) => crps.with("units", units.as_str()),
        None => crps,
    };
    let observed = found.cells.iter().map(|&c| y.values[c]).collect();
    let variables = vec![
        of(observed, "observed", format!("observed {y_name}")),
        of(
            found.pit().collect(),
            "pit",
            format!("predictive probability of {y_name} below the observed one"),
        ),
        of(
            found.residual.clone(),
            "residual",
            format!("quantile residual of {y_name}: standard normal if the fit is right"),
        ),
        crps,
        of(found.log_score.clone(), "log_score", format!("log predictive density of {y_name}")),
        of(found.k.clone(), "pareto_k", "Pareto k of the leave-one-out weights".into()),
    ];
    let attributes = attributes(model, how, source);
    GridOutput { grid: grid.clone(), extra: vec![], variables, attributes }
}

fn attributes(model: &Model, how: How, source: &str) -> Vec<(String, String)> {
    [
        ("title", format!("residuals of {}", model.data.response.name)),
        ("source", source.to_owned()),
        ("weighing", word(how).to_owned()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}

/// A row for each point of an axis.
fn table(
    rows: &[ResidualSummary],
    axis: usize,
    model: &Model,
    levels: &[f64],
    how: How,
    source: &str,
) -> anyhow::Result<GridOutput> {
    let axis = &model.data.grid.axes()[axis];
    let of = |name: &str, f: &dyn Fn(&ResidualSummary) -> f64, what: &str| {
        let values = rows.iter().map(f).collect();
        let name = output_name(&model.data.grid, name);
        OutputVariable::new(name, &[axis.name()], values).with("long_name", what)
    };
    let mut variables = vec![
        of("count", &|r| r.count as f64, "number of observations"),
        of("crps", &|r| r.crps, "mean continuous ranked probability score"),
        of("log_score", &|r| r.log_score, "sum of the log predictive densities"),
        of("residual_mean", &|r| r.mean, "mean of the quantile residuals"),
        of("residual_sd", &|r| r.sd, "standard deviation of the quantile residuals"),
        of("distance", &|r| r.distance, "Kolmogorov-Smirnov distance of the PIT from uniform"),
        of("bad_k", &|r| r.bad as f64, "observations whose Pareto k is too large"),
    ];
    for (i, level) in levels.iter().enumerate() {
        let name = format!("coverage_{level}");
        variables.push(of(&name, &|r| r.coverage[i], "share inside the central interval"));
    }
    let attributes = attributes(model, how, source);
    Ok(GridOutput { grid: Grid::new(vec![axis.clone()])?, extra: vec![], variables, attributes })
}

fn number(v: f64, digits: usize) -> Cell {
    let text = if v.is_finite() { format!("{v:.digits$}") } else { String::new() };
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn percent(v: f64) -> String {
    format!("{:.4}", 100.0 * v).trim_end_matches('0').trim_end_matches('.').to_owned() + " %"
}

fn print(
    out: &mut impl Write,
    args: &Residuals,
    model: &Model,
    found: &Found,
    all: &ResidualSummary,
    how: How,
) -> anyhow::Result<()> {
    let how = match how {
        How::Weighed => "each predicted as if it had been left out (PSIS weights)",
        How::Exact => "each predicted by all others, at the mode",
        How::Groups => "each predicted by those of other groups, at the mode",
        How::InSample => "each predicted by the fit that has seen it (in sample)",
    };
    writeln!(out, "{} observations of {}, {how}", all.count, model.data.response.name)?;
    let mut coverage = Table::new();
    let header = args.levels.iter().map(|&l| percent(l));
    coverage
        .load_style(presets::NOTHING)
        .set_header(["central interval".to_owned()].into_iter().chain(header));
    let row = all.coverage.iter().map(|c| number(100.0 * c, 1));
    coverage.add_row([Cell::new("observed inside, %")].into_iter().chain(row));
    writeln!(out, "{coverage}")?;
    let mut pit = Table::new();
    let ends = (1..=BINS).map(|i| format!("<{:.1}", i as f64 / BINS as f64));
    pit.load_style(presets::NOTHING).set_header(["PIT".to_owned()].into_iter().chain(ends));
    let counts = found.histogram(BINS).into_iter();
    let counts = counts.map(|c| Cell::new(c).set_alignment(CellAlignment::Right));
    pit.add_row([Cell::new("observations")].into_iter().chain(counts));
    writeln!(out, "{pit}")?;
    let bound = 1.36 / (all.count as f64).sqrt();
    writeln!(
        out,
        "PIT from uniform      {:.4} (Kolmogorov-Smirnov; independent ones exceed {bound:.4} once in \
         twenty times)",
        all.distance
    )?;
    writeln!(out, "quantile residuals    mean {:.3}, sd {:.3}", all.mean, all.sd)?;
    let unit = model.data.response.units.as_deref().map(|u| format!(" {u}")).unwrap_or_default();
    writeln!(out, "CRPS                  {:.5}{unit} on average", all.crps)?;
    writeln!(out, "log score             {:.2}", all.log_score)?;
    Ok(())
}

/// The points of an axis that fit worst.
fn print_rows(
    out: &mut impl Write,
    rows: &[ResidualSummary],
    axis: &Axis,
    levels: &[f64],
) -> anyhow::Result<()> {
    let mut order: Vec<usize> = (0..rows.len()).filter(|&i| rows[i].count > 0).collect();
    let off = |i: usize| rows[i].distance * (rows[i].count as f64).sqrt();
    let shown = if order.len() > ROWS {
        order.sort_by(|&a, &b| off(b).total_cmp(&off(a)));
        order.truncate(ROWS);
        format!("the {ROWS} of {} whose PIT is furthest from uniform", rows.len())
    } else {
        "all".to_owned()
    };
    writeln!(out, "\nby {}: {shown}", axis.name())?;
    let mut table = Table::new();
    let fixed = [axis.name(), "n", "residual mean", "sd", "distance", "CRPS"].map(str::to_owned);
    let covered = levels.iter().map(|&l| format!("in {}", percent(l)));
    table.load_style(presets::NOTHING).set_header(fixed.into_iter().chain(covered));
    for i in order {
        let r = &rows[i];
        let mut cells = vec![
            Cell::new(axis.describe(i)),
            Cell::new(r.count).set_alignment(CellAlignment::Right),
            number(r.mean, 2),
            number(r.sd, 2),
            number(r.distance, 3),
            number(r.crps, 4),
        ];
        cells.extend(r.coverage.iter().map(|c| number(100.0 * c, 0)));
        table.add_row(cells);
    }
    writeln!(out, "{table}")?;
    Ok(())
}
