//! From a fit to what it says of areas, seasons and differences: weighted sums over cells.

use std::f64::consts::FRAC_PI_2;

use gridgp_dist::{Distribution as _, Normal};
use gridgp_grid::{Axis, Coordinate, Error as GridError, Grid, Values};
use gridgp_model::Model;
use gridgp_posterior::{Conditional, Place};

use crate::prediction::check_levels;
use crate::{
    Fit, GridOutput, Host, Mask, Output, OutputVariable, PredictOptions, Result, Where, estimate,
    output_name, predict,
};

/// What each cell counts in a sum.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Weights {
    /// All the same.
    #[default]
    Equal,
    /// The area of the cell on a sphere, from latitudes and longitudes along two axes, or latitudes
    /// alone: between the midpoints to the neighbors.
    Area,
    /// Numbers of either sign, one a cell of the place.
    Cells(Vec<f64>),
}

/// What to sum.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AggregateOptions {
    /// The axes that are summed over.
    pub over: Vec<String>,
    /// What each cell counts.
    pub weights: Weights,
    /// Sums of weight times value; otherwise means, that is sums with weights that add up to 1.
    pub sum: bool,
    /// Cells that do not count.
    pub mask: Option<Mask>,
    /// Levels of quantiles, between 0 and 1.
    pub quantiles: Vec<f64>,
    /// One quantity, `mean`, a field or a sum of fields; `mean` if absent.
    pub only: Option<String>,
    /// Seed of what a fit by draws leaves open; that of the fit if absent.
    pub seed: Option<u64>,
}

/// Weighted means or sums over some axes of a place, for each point of the others.
///
/// At a mode they are normal, with the exact variance of the sum ([`Conditional::sums_on_grid`]); of a
/// fit by draws each joint draw is summed. Variables are `mean`, `sd` and with levels `quantiles`; NaN
/// where no cell counts. A result over all axes has one point, on an axis called `all`.
///
/// # Errors
/// A level outside of 0 to 1; an axis that the data do not have; an area where no axis is a latitude;
/// weights that add up to 0 where a mean is asked for; angles, which have no sum; the place does not
/// fit the model; the host does not admit what would be made.
pub fn aggregate(
    fit: &Fit,
    model: &Model,
    place: Place,
    options: &AggregateOptions,
    host: &dyn Host,
) -> Result<GridOutput> {
    check_levels(&options.quantiles)?;
    let axes = place.grid.axes();
    let names: Vec<&str> = axes.iter().map(Axis::name).collect();
    if options.over.is_empty() {
        let message = format!("name the axes to sum over, of {}", names.join(", "));
        return Err(GridError::Data(message).into());
    }
    if let Some(unknown) = options.over.iter().find(|o| !names.contains(&o.as_str())) {
        let message =
            format!("there is no axis {unknown:?} to sum over; there are {}", names.join(", "));
        return Err(GridError::Data(message).into());
    }
    let kept: Vec<usize> =
        (0..axes.len()).filter(|&a| !options.over.iter().any(|o| o == names[a])).collect();
    let groups = groups(&place.grid, &kept);
    let sums = Sums::new(model, &place, options, groups)?;
    let what = options.only.as_deref().unwrap_or("mean");
    if model.family.is_angle() && ["mean", "observation", "location"].contains(&what) {
        let message = format!(
            "{} is an angle: 350 and 10 degrees do not have 180 as their mean; sum its fields (only)",
            model.data.response.name
        );
        return Err(GridError::Data(message).into());
    }
    let levels = &options.quantiles;
    let bytes = 8 * 16 * (3 * place.grid.len() + 3 * model.data.grid.len()) as u128;
    let words = format!("sums over {} cells; sum over fewer at a time", place.grid.len());
    host.admit(bytes, &words).map_err(crate::Error::Memory)?;
    let [mean, sd, quantiles] = match fit.samples() {
        Some(samples) => of_draws(fit, model, &place, options, samples.len(), &sums, host)?,
        None => at_mode(fit, model, &place, what, levels, &sums)?,
    };
    let grid = match kept.as_slice() {
        [] => Grid::new(vec![Axis::new("all", vec![Coordinate::numbers("all", vec![0.0])])?])?,
        kept => Grid::new(kept.iter().map(|&a| axes[a].clone()).collect())?,
    };
    let dims: Vec<&str> = grid.axes().iter().map(Axis::name).collect();
    let about = format!(
        "{} of {} over {}",
        if options.sum { "sum" } else { "mean" },
        if what == "mean" { &model.data.response.name } else { what },
        options.over.join(", ")
    );
    let units = model.data.response.units.as_deref().filter(|_| !options.sum);
    let describe = |name: &str, dims: &[&str], values: Vec<f64>, words: &str| {
        let name = output_name(&grid, name);
        let v = OutputVariable::new(name, dims, values)
            .with("long_name", format!("{words} of the {about}"));
        match units {
            Some(units) => v.with("units", units),
            None => v,
        }
    };
    let mut variables = vec![
        describe("mean", &dims, mean, "posterior mean"),
        describe("sd", &dims, sd, "posterior standard deviation"),
    ];
    let mut extra = Vec::new();
    if !levels.is_empty() {
        let dim = output_name(&grid, "quantile");
        let all: Vec<&str> = [dim.as_str()].into_iter().chain(dims.iter().copied()).collect();
        variables.push(describe("quantiles", &all, quantiles, "quantile"));
        extra.push(Axis::numbers(dim, levels.clone())?);
    }
    let title = format!("{about}: a prediction of {}", model.data.response.name);
    Ok(GridOutput {
        grid: grid.clone(),
        extra,
        variables,
        attributes: vec![("title".into(), title)],
    })
}

/// For each cell of a grid the number of the sum that it belongs to, and the number of sums.
fn groups(grid: &Grid, kept: &[usize]) -> (Vec<usize>, usize) {
    let shape = grid.shape();
    let of = |cell| {
        let index = grid.unravel(cell);
        kept.iter().fold(0, |at, &a| at * shape[a] + index[a])
    };
    ((0..grid.len()).map(of).collect(), kept.iter().map(|&a| shape[a]).product())
}

/// What each cell counts, and in which sum.
struct Sums {
    /// The weights of all cells, each with what its sum is divided by.
    each: Vec<f64>,
    groups: Vec<usize>,
    /// Whether any cell counts in a sum.
    counts: Vec<bool>,
}

impl Sums {
    fn new(
        model: &Model,
        place: &Place,
        options: &AggregateOptions,
        (groups, count): (Vec<usize>, usize),
    ) -> Result<Self> {
        let cells = place.grid.len();
        let mut each = match &options.weights {
            Weights::Equal => vec![1.0; cells],
            Weights::Area => areas(&place.grid)?,
            Weights::Cells(values) => values.clone(),
        };
        if each.len() != cells || each.iter().any(|w| !w.is_finite()) {
            let message = format!("weights are one finite number for each of {cells} cells");
            return Err(GridError::Data(message).into());
        }
        if let Some(mask) = &options.mask {
            let masked = mask.at(&model.data.grid, &Where::Grid(place.clone()))?;
            each.iter_mut().zip(masked).filter(|(_, m)| *m).for_each(|(w, _)| *w = 0.0);
        }
        if let Some(unknown) =
            place.unknown_cells(model, options.only.as_deref().unwrap_or("mean"))?
            && let Some(cell) = (0..cells).find(|&c| unknown[c] && each[c] != 0.0)
        {
            return Err(GridError::Data(format!(
                "a covariate is missing, or an exposure 0, at {}, which the sum counts; leave such \
                 cells out with a mask, such as data",
                place.grid.describe(cell)
            ))
            .into());
        }
        let (mut totals, mut sizes) = (vec![0.0; count], vec![0.0; count]);
        for (&k, w) in groups.iter().zip(&each) {
            totals[k] += w;
            sizes[k] += w.abs();
        }
        let counts: Vec<bool> = sizes.iter().map(|s: &f64| *s > 0.0).collect();
        if !options.sum {
            let of_nothing = |k: &usize| counts[*k] && totals[*k].abs() <= 1e-12 * sizes[*k];
            if (0..count).any(|k| of_nothing(&k)) {
                let message = "the weights of a mean add up to 0; a difference is a sum";
                return Err(GridError::Data(message.into()).into());
            }
            let shares = each.iter_mut().zip(&groups).filter(|(_, k)| counts[**k]);
            shares.for_each(|(w, k)| *w /= totals[*k]);
        }
        Ok(Self { each, groups, counts })
    }

    /// The weights of a sum.
    fn of(&self, k: usize) -> Vec<f64> {
        let pairs = self.each.iter().zip(&self.groups);
        pairs.map(|(w, group)| if *group == k { *w } else { 0.0 }).collect()
    }

    /// One number for each sum, NaN where no cell counts.
    fn spread(&self, values: Vec<f64>) -> Vec<f64> {
        let mut values = values.into_iter();
        let of = |counts: &bool| if *counts { values.next().unwrap_or(f64::NAN) } else { f64::NAN };
        self.counts.iter().map(of).collect()
    }
}

/// The area of each cell, but for a factor.
fn areas(grid: &Grid) -> Result<Vec<f64>> {
    let find = |letter: &str, word: &str, name: &str| {
        grid.axes().iter().position(|a| match a.coordinates() {
            [c] if matches!(c.values, Values::Numbers(_)) => is_along(c, letter, word, name),
            _ => false,
        })
    };
    let Some(latitude) = find("n", "north", "lat") else {
        let names: Vec<&str> = grid.axes().iter().map(Axis::name).collect();
        return Err(GridError::Data(format!(
            "areas need an axis of latitudes, with units such as degrees_north or a name such as lat; \
             the axes are {}",
            names.join(", ")
        ))
        .into());
    };
    let longitude = find("e", "east", "lon");
    let numbers = |a: usize| match &grid.axes()[a].coordinates()[0].values {
        Values::Numbers(v) => v.clone(),
        Values::Labels(_) => Vec::new(),
    };
    let (lat, lon) = (numbers(latitude), longitude.map(numbers));
    if let Some(wrong) = lat.iter().find(|v| v.abs() > 90.0 + 1e-9) {
        return Err(GridError::Data(format!("{wrong} is no latitude")).into());
    }
    let bands = widths(&lat, |degrees| degrees.to_radians().clamp(-FRAC_PI_2, FRAC_PI_2).sin());
    let spans = lon.map(|lon| widths(&lon, |degrees| degrees));
    let of = |cell| {
        let index = grid.unravel(cell);
        let span = |a: usize| spans.as_ref().map_or(1.0, |s| s[index[a]]);
        bands[index[latitude]] * longitude.map_or(1.0, span)
    };
    Ok((0..grid.len()).map(of).collect())
}

/// Whether the unit of a coordinate, or without one its name, says that it is a latitude or a
/// longitude.
fn is_along(c: &Coordinate, letter: &str, word: &str, name: &str) -> bool {
    let units = c.units.as_deref().unwrap_or_default().to_ascii_lowercase().replace('_', "");
    match units.strip_prefix("degrees").or_else(|| units.strip_prefix("degree")) {
        Some("") => c.name.to_ascii_lowercase().starts_with(name),
        Some(direction) => direction == letter || direction == word,
        None => units.is_empty() && c.name.to_ascii_lowercase().starts_with(name),
    }
}

/// |f(upper) − f(lower)| of each point, in any order, between the midpoints to its neighbors; the outer
/// ones reach as far out as in. One point alone has the slope of f there.
fn widths(x: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    let n = x.len();
    if n == 1 {
        return vec![f(x[0] + 1e-3) - f(x[0] - 1e-3)];
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let gap = |k: usize| 0.5 * (x[order[k + 1]] - x[order[k]]);
    let mut widths = vec![0.0; n];
    for (k, &i) in order.iter().enumerate() {
        let below = gap(k.saturating_sub(1));
        let above = gap(k.min(n - 2));
        widths[i] = f(x[i] + above) - f(x[i] - below);
    }
    widths
}

/// Mean, standard deviation and quantiles (level, sum).
type Moments = [Vec<f64>; 3];

fn at_mode(
    fit: &Fit,
    model: &Model,
    place: &Place,
    what: &str,
    levels: &[f64],
    sums: &Sums,
) -> Result<Moments> {
    let theta = estimate(fit, model)?;
    let mut conditional = Conditional::new(model, &theta)?;
    if !["mean", "location"].contains(&what) {
        conditional = conditional.about(model.combination(what)?)?;
    }
    let asked: Vec<usize> = (0..sums.counts.len()).filter(|&k| sums.counts[k]).collect();
    let found = conditional.sums_on_grid(place, asked.len(), |i| sums.of(asked[i]))?;
    let (mean, sd) = (sums.spread(found.mean), sums.spread(found.sd));
    let standard = Normal::new(0.0, 1.0).map_err(GridError::Data)?;
    let mut quantiles = Vec::with_capacity(levels.len() * mean.len());
    for &p in levels {
        let z = standard.quantile(p);
        quantiles.extend(mean.iter().zip(&sd).map(|(m, s)| m + z * s));
    }
    Ok([mean, sd, quantiles])
}

fn of_draws(
    fit: &Fit,
    model: &Model,
    place: &Place,
    options: &AggregateOptions,
    count: usize,
    sums: &Sums,
    host: &dyn Host,
) -> Result<Moments> {
    let what = options.only.clone().unwrap_or_else(|| "mean".into());
    let asked = PredictOptions {
        draws: count,
        only: vec![what.clone()],
        seed: options.seed,
        ..PredictOptions::default()
    };
    let made = predict(fit, model, Where::Grid(place.clone()), &asked, host)?;
    let Output::Grid(made) = made else { unreachable!("a grid was asked for") };
    let draws = made.variables.iter().find(|v| v.dims.len() > place.grid.axes().len());
    let draws = draws.ok_or_else(|| GridError::Data(format!("{what:?} has no draws")))?;
    let counts = &sums.counts;
    let mut of_sums = vec![Vec::with_capacity(count); counts.len()];
    for draw in draws.values.chunks_exact(place.grid.len()) {
        let mut values = vec![0.0; counts.len()];
        // A cell that does not count may have no value.
        for ((w, k), v) in sums.each.iter().zip(&sums.groups).zip(draw) {
            if *w != 0.0 {
                values[*k] += w * v;
            }
        }
        of_sums.iter_mut().zip(values).for_each(|(all, v)| all.push(v));
    }
    of_sums.iter_mut().for_each(|all| all.sort_by(f64::total_cmp));
    let n = count as f64;
    let mean = |all: &Vec<f64>| all.iter().sum::<f64>() / n;
    let sd = |all: &Vec<f64>| {
        let center = mean(all);
        (all.iter().map(|v| (v - center).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    };
    let known = |of: &dyn Fn(&Vec<f64>) -> f64| -> Vec<f64> {
        let pairs = of_sums.iter().zip(counts);
        pairs.map(|(all, counts)| if *counts { of(all) } else { f64::NAN }).collect()
    };
    let quantiles = options.quantiles.iter();
    let quantiles =
        quantiles.flat_map(|&p| known(&|all| gridgp_diagnostics::quantile_of_sorted(all, p)));
    Ok([known(&mean), known(&sd), quantiles.collect()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_of_all_cells_are_that_of_the_sphere() {
        let axis = |name: &str, v: Vec<f64>| Axis::numbers(name, v).unwrap();
        let lat: Vec<f64> = (0..18).map(|i| 85.0 - 10.0 * f64::from(i)).collect();
        let lon: Vec<f64> = (0..36).map(|i| 10.0 * f64::from(i)).collect();
        let grid = Grid::new(vec![axis("latitude", lat), axis("t", vec![1.0]), axis("lon", lon)]);
        let all = areas(&grid.unwrap()).unwrap();
        // 2 in the sines of latitude, 360 degrees around.
        assert!((all.iter().sum::<f64>() - 720.0).abs() < 1e-9);
        let one = |d: f64| d.to_radians().sin();
        assert!((all[0] - 10.0 * (one(90.0) - one(80.0))).abs() < 1e-12);
        // In any order.
        let turned = widths(&[20.0, 0.0, 5.0], |x| x);
        assert_eq!(turned, [15.0, 5.0, 10.0]);
        let names = Axis::new("lat", vec![Coordinate::labels("lat", vec!["a".into()])]).unwrap();
        assert!(areas(&Grid::new(vec![names]).unwrap()).is_err());
        let flat = Grid::new(vec![axis("x", vec![0.0, 1.0])]).unwrap();
        assert!(areas(&flat).unwrap_err().to_string().contains("axis of latitudes"));
    }
}
