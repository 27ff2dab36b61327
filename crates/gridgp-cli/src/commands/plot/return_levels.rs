//! Return levels by period at one place.

use anyhow::{Context, bail};
use gridgp_density::Samples;
use gridgp_extremes::Tail;
use gridgp_fit::Attribute;
use gridgp_grid::{Axis, Grid};
use gridgp_likelihood::Likelihood;
use gridgp_model::Model;
use gridgp_plot::{Figure, Quantity, ReturnLevels, Style};
use gridgp_posterior::{ForecastOptions, Place, TailDraws, Target, forecast};

use super::cube::Cube;
use super::planes::reduce;
use super::source::{Fitted, Opened, is_result};
use crate::args::Plot;
use crate::commands::return_levels::axis_of_years;

/// Shortest and longest period of a fit's picture, years; longer where the series is longer.
const PERIODS: (f64, f64) = (1.1, 200.0);
/// Periods between them, evenly spaced in their logarithm.
const COUNT: usize = 48;
/// Ends of the 90 % and the 50 % interval, and the median.
const PROBABILITIES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// The picture of a fit or of a file by `return-levels`.
pub fn draw(args: &Plot, opened: &Opened, style: &Style) -> anyhow::Result<Figure> {
    match opened {
        Opened::Fit(fit) => of_fit(args, fit, style),
        _ => of_file(args, opened, style),
    }
}

/// The curve at one place in the climate of one year, and the observed maxima moved to that climate:
/// each to the level that is as rare there as it was in its own year.
fn of_fit(args: &Plot, fit: &Fitted, style: &Style) -> anyhow::Result<Figure> {
    let model = &fit.model;
    let y = &model.data.response;
    if Tail::of(&model.family).is_none() {
        bail!("a {} likelihood has no return levels", model.family.name());
    }
    let samples = fit.file.samples().with_context(|| {
        format!("{} has one value of each parameter, and no draws", args.file.display())
    })?;
    let years = axis_of_years(model).context("return levels need an axis of years")?;
    let chosen = choose(args, model, years)?;
    let series = place(model, &chosen.points, Some(years))?;
    let mut points = chosen.points.clone();
    points[years] = chosen.year;
    let here = place(model, &points, None)?;
    let draws = TailDraws::new(model, &samples, &Target::Grid(&here), fit.file.seed)?;
    let observed: Vec<f64> = chosen.cells.iter().map(|&c| y.values[c]).collect();
    let longest = PERIODS.1.max(2.0 * observed.len() as f64);
    let periods: Vec<f64> = (0..COUNT)
        .map(|i| PERIODS.0 * (longest / PERIODS.0).powf(i as f64 / (COUNT - 1) as f64))
        .collect();
    let columns: Vec<Vec<f64>> = periods
        .iter()
        .map(|&t| draws.summarize(&draws.levels(t), &PROBABILITIES).quantiles)
        .collect();
    let column = |k: usize| columns.iter().map(|c| c[k]).collect::<Vec<f64>>();
    let missing = y.missing_cells();
    let moved = moved(model, &samples, &series, fit.file.seed, chosen.year, &observed)?;
    let observed = chosen.cells.iter().zip(moved);
    let observed = observed.filter(|(c, _)| missing.binary_search(c).is_err()).map(|(_, v)| v);
    let title = style.title.clone().unwrap_or(chosen.title);
    let figure = ReturnLevels {
        periods,
        level: column(2),
        intervals: vec![
            ("90 %".into(), column(0), column(4)),
            ("50 %".into(), column(1), column(3)),
        ],
        observed: observed.collect(),
        quantity: Quantity::new(&y.name, y.units.as_deref()),
    };
    Ok(figure.draw(&Style { title: Some(title), ..style.clone() })?)
}

/// What is drawn.
struct Chosen {
    /// The point of each axis; that of the years does not count.
    points: Vec<usize>,
    /// The cells of the series there, a year each.
    cells: Vec<usize>,
    /// The year whose climate is drawn, by its position.
    year: usize,
    title: String,
}

/// Applies `--sel` and `--isel`; of the years they choose the climate, which otherwise is the last.
fn choose(args: &Plot, model: &Model, years: usize) -> anyhow::Result<Chosen> {
    let grid = &model.data.grid;
    let axis = &grid.axes()[years];
    let of_years = |text: &&String| text.split('=').next().map(str::trim) == Some(axis.name());
    let split = |all: &[String]| -> (Vec<String>, Vec<String>) {
        all.iter().cloned().partition(|text| of_years(&text))
    };
    let ((year_sel, sel), (year_isel, isel)) = (split(&args.sel), split(&args.isel));
    // Cubes of positions, so that what is left says where it was.
    let positions = |axes: Vec<Axis>| {
        let count: usize = axes.iter().map(Axis::len).product();
        let values = (0..count).map(|i| i as f64).collect();
        Cube { axes, values, quantity: Quantity::default(), kept: vec![] }
    };
    let mut one = positions(vec![axis.clone()]);
    one.select(&year_sel, &year_isel)?;
    let year = one.values[one.values.len() - 1] as usize;
    let mut cube = positions(grid.axes().to_vec());
    cube.select(&sel, &isel)?;
    reduce(&mut cube, &[axis.name().to_owned()], args.quiet);
    let cells: Vec<usize> = cube.values.iter().map(|&v| v as usize).collect();
    let mut title = cube.kept;
    if !model.used_covariates().is_empty() {
        title.push(format!("in the climate of {}", axis.describe(year)));
    }
    Ok(Chosen { points: grid.unravel(cells[0]), cells, year, title: title.join(", ") })
}

/// One point of each axis, but for one that is whole; with the covariates there.
fn place(model: &Model, points: &[usize], whole: Option<usize>) -> anyhow::Result<Place> {
    let grid = &model.data.grid;
    let kept = |a: usize| -> Vec<usize> {
        if whole == Some(a) { (0..grid.axes()[a].len()).collect() } else { vec![points[a]] }
    };
    let axes = grid.axes().iter().enumerate().map(|(a, axis)| {
        let coordinates = axis.coordinates().iter().map(|c| c.take(&kept(a))).collect();
        Ok(Axis::new(axis.name(), coordinates)?)
    });
    let new = Grid::new(axes.collect::<anyhow::Result<_>>()?)?;
    let covariates = model.data.covariates.iter().map(|c| {
        let index = c.axes.iter().fold(vec![vec![]], |all: Vec<Vec<usize>>, &a| {
            let longer = |head: Vec<usize>| {
                kept(a).into_iter().map(move |i| [head.clone(), vec![i]].concat())
            };
            all.into_iter().flat_map(longer).collect()
        });
        let at = |index: &Vec<usize>| {
            let axes = c.axes.iter().zip(index);
            axes.fold(0, |at, (&a, i)| at * grid.axes()[a].len() + i)
        };
        let positions: Vec<usize> = index.iter().map(at).collect();
        c.take(&positions)
    });
    Ok(Place { covariates: covariates.collect(), grid: new })
}

/// The maxima of the years of `series` as they would be in the climate of `year`.
fn moved(
    model: &Model,
    samples: &Samples,
    series: &Place,
    seed: u64,
    year: usize,
    observed: &[f64],
) -> anyhow::Result<Vec<f64>> {
    let only = model.equations.iter().map(|e| e.name.clone()).collect();
    let options = ForecastOptions { only, seed, ..ForecastOptions::default() };
    let found = forecast(model, samples, &Target::Grid(series), &options)?;
    let at = |t: usize| found.iter().map(|q| q.mean[t]).collect::<Vec<f64>>();
    let here = at(year);
    let moved = observed.iter().enumerate().map(|(t, &v)| {
        let own = at(t);
        if own == here {
            return v;
        }
        // By the smaller tail, which keeps its digits; an impossible value moves to an end.
        let (below, above) = (model.family.cdf(v, &own), model.family.sf(v, &own));
        if below < above {
            model.family.quantile(below.max(f64::MIN_POSITIVE), &here)
        } else {
            model.family.isf(above.max(f64::MIN_POSITIVE), &here)
        }
    });
    Ok(moved.collect())
}

/// The curve of a file: quantiles by period.
fn of_file(args: &Plot, opened: &Opened, style: &Style) -> anyhow::Result<Figure> {
    let Some(variable) = opened.result("level_quantiles") else {
        bail!(
            "{} has no variable \"level_quantiles\": curves are drawn of a fit, or of a NetCDF file \
             by `gridgp return-levels`",
            args.file.display()
        );
    };
    let mut cube = opened.cube(&variable)?;
    // Those of results come before axes that may have their names.
    let of_result = |name: &str| {
        let found = cube.axes.iter().find(|a| is_result(a.name(), name));
        found.map_or_else(|| name.to_owned(), |a| a.name().to_owned())
    };
    let keep = [of_result("period"), of_result("quantile")];
    cube.select(&args.sel, &args.isel)?;
    reduce(&mut cube, &keep, args.quiet);
    let [period, quantile] = cube.axes.as_slice() else {
        bail!("{variable:?} needs the dimensions period and quantile; leave them out of --sel");
    };
    let numbers = |axis: &Axis| axis.points().column(0).collect::<Vec<f64>>();
    let (periods, probabilities) = (numbers(period), numbers(quantile));
    if periods.len() < 2 {
        bail!(
            "{} has levels of one period; for a curve make them with several, `gridgp \
             return-levels --period 2,5,10,20,50,100`",
            args.file.display()
        );
    }
    let n = probabilities.len();
    let column = |k: usize| cube.values.iter().skip(k).step_by(n).copied().collect::<Vec<f64>>();
    let find = |p: f64| probabilities.iter().position(|q| (q - p).abs() < 1e-9);
    let mut lower: Vec<f64> = probabilities.iter().copied().filter(|p| *p < 0.5).collect();
    lower.sort_by(f64::total_cmp);
    let interval = |p: f64| {
        let name = format!("{} %", (1000.0 * (1.0 - 2.0 * p)).round() / 10.0);
        Some((name, column(find(p)?), column(find(1.0 - p)?)))
    };
    let Some(middle) = find(0.5) else {
        bail!("{} has no median: give --probabilities with 0.5 in it", args.file.display());
    };
    let title = gridgp_io::read_tree(&args.file)?.attribute("title").cloned();
    let name = match title {
        Some(Attribute::Text(text)) => text.replace("return levels of ", ""),
        _ => cube.quantity.name.clone(),
    };
    let figure = ReturnLevels {
        level: column(middle),
        intervals: lower.into_iter().filter_map(interval).collect(),
        periods,
        observed: vec![],
        quantity: Quantity::new(name, cube.quantity.units.as_deref()),
    };
    let kept = (!cube.kept.is_empty()).then(|| cube.kept.join(", "));
    Ok(figure.draw(&Style { title: style.title.clone().or(kept), ..style.clone() })?)
}
