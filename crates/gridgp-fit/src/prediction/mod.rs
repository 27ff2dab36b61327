//! From a fit to what it says elsewhere, as variables to write, for every front-end alike.

mod from_draws;
mod from_mode;
mod mask;

use gridgp_grid::{Axis, Coordinate, Grid, Points};
use gridgp_model::{Model, output_names};
use gridgp_posterior::Place;

pub use from_mode::estimate;
pub use mask::Mask;

use crate::{Fit, GridOutput, Host, OutputVariable, PointsOutput, Result, output_name};

/// Scattered points, as a file has them and as a fit needs them.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatteredPoints {
    /// The coordinates of all axes as in the file, to write the results back with.
    pub coordinates: Vec<Coordinate>,
    /// The points along each axis of the fit, in the units and label numbers of the fit.
    pub points: Vec<Points>,
    /// The other columns that were asked for, such as covariates.
    pub values: Vec<Vec<f64>>,
}

/// Where to predict.
#[derive(Debug, Clone)]
pub enum Where {
    /// On a grid, all cells jointly.
    Grid(Place),
    /// At scattered points, with the covariates there by name, scaled as those of the data.
    Points(ScatteredPoints, Vec<(String, Vec<f64>)>),
}

/// What to predict.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictOptions {
    /// Levels of quantiles, between 0 and 1.
    pub quantiles: Vec<f64>,
    /// Number of draws to give; 0 gives moments only. Moments and quantiles are of all draws of the
    /// fit.
    pub draws: usize,
    /// Quantities: `mean` (the expected response), `observation` (a new one), fields and their sums,
    /// `base + warming * gmst`; of a fit by draws also parameters of the likelihood. If empty, the
    /// response, the parameters that vary and the fields.
    pub only: Vec<String>,
    /// Seed of what the fit leaves open; that of the fit if absent.
    pub seed: Option<u64>,
    /// Where everything is NaN.
    pub mask: Option<Mask>,
}

/// Variables on a grid or at points.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// On a grid.
    Grid(GridOutput),
    /// At scattered points.
    Points(PointsOutput),
}

impl Output {
    /// Number of cells or points.
    pub fn cells(&self) -> usize {
        match self {
            Self::Grid(output) => output.grid.len(),
            Self::Points(output) => output.coordinates.first().map_or(0, Coordinate::len),
        }
    }

    fn variables(&self) -> &[OutputVariable] {
        match self {
            Self::Grid(output) => &output.variables,
            Self::Points(output) => &output.variables,
        }
    }

    /// What to know of the numbers: the `comment` of each variable that has one.
    pub fn warnings(&self) -> Vec<&str> {
        let attributes = self.variables().iter().flat_map(|v| &v.attributes);
        let mut all: Vec<&str> =
            attributes.filter(|(name, _)| name == "comment").map(|(_, text)| &text[..]).collect();
        all.dedup();
        all
    }

    /// The attributes of the whole.
    pub fn attributes_mut(&mut self) -> &mut Vec<(String, String)> {
        match self {
            Self::Grid(output) => &mut output.attributes,
            Self::Points(output) => &mut output.attributes,
        }
    }

    /// `variables` where they lie; `dims` are those of the cells.
    fn new(
        place: Where,
        dims: &[String],
        extra: Vec<Axis>,
        variables: Vec<OutputVariable>,
        attributes: Vec<(String, String)>,
    ) -> Self {
        match place {
            Where::Grid(place) => {
                Self::Grid(GridOutput { grid: place.grid, extra, variables, attributes })
            }
            Where::Points(points, _) => Self::Points(PointsOutput {
                dim: dims[0].clone(),
                coordinates: points.coordinates,
                extra,
                variables,
                attributes,
            }),
        }
    }
}

/// The dimensions of a prediction.
struct Dims {
    cells: Vec<String>,
    quantile: String,
    draw: String,
}

impl Dims {
    fn new(data: &Grid, place: &Where) -> Self {
        let name = |name| output_name(data, name);
        let cells = match place {
            Where::Grid(place) => place.grid.axes().iter().map(|a| a.name().to_owned()).collect(),
            Where::Points(..) => vec![name("point")],
        };
        Self { cells, quantile: name("quantile"), draw: name("draw") }
    }

    /// Those of a variable, `leading` in front.
    fn of<'a>(&'a self, leading: Option<&'a str>) -> Vec<&'a str> {
        leading.into_iter().chain(self.cells.iter().map(String::as_str)).collect()
    }
}

/// Predicts from a fit, at its mode or from its draws.
///
/// `model` is the model of the fit with its data. Variables are `mean`, `sd`, `sd_observation`, with
/// levels `quantiles` and with draws `draws`; from draws also the fields and the parameters of the
/// likelihood, named by [`gridgp_model::output_names`] and [`output_name`]. A quantity
/// is NaN where a covariate that it is made of is missing, or the trials or an exposure is 0. Coordinates are in the
/// units of the data, the response in its own.
///
/// # Errors
/// The place does not fit the model; a level outside of 0 to 1, or given twice; a quantity that the
/// model does not have; the host does not admit what would be made.
pub fn predict(
    fit: &Fit,
    model: &Model,
    place: Where,
    options: &PredictOptions,
    host: &dyn Host,
) -> Result<Output> {
    check_levels(&options.quantiles)?;
    let data = &model.data.grid;
    let dims = Dims::new(data, &place);
    let mut extra = match options.quantiles.as_slice() {
        [] => vec![],
        levels => vec![Axis::numbers(dims.quantile.as_str(), levels.to_vec())?],
    };
    let seed = options.seed.unwrap_or(fit.seed);
    let attributes =
        vec![("title".to_owned(), format!("prediction of {}", model.data.response.name))];
    let (mut variables, draws) = match fit.samples() {
        Some(samples) => {
            from_draws::variables(model, &samples, &place, &dims, options, seed, host)?
        }
        None => {
            let theta = estimate(fit, model)?;
            let made = from_mode::variables(model, &theta, &place, &dims, options, seed, host)?;
            (made, options.draws)
        }
    };
    if let Where::Grid(place) = &place {
        hide_unknown(model, place, &options.only, &mut variables)?;
    }
    if let Some(mask) = &options.mask {
        let masked = mask.at(data, &place)?;
        for v in &mut variables {
            let cells = v.values.iter_mut().zip(masked.iter().cycle());
            cells.filter(|(_, masked)| **masked).for_each(|(value, _)| *value = f64::NAN);
        }
    }
    variables.iter_mut().for_each(|v| v.name = output_name(data, &v.name));
    if options.draws > 0 {
        let numbers = (0..draws).map(|i| i as f64).collect();
        extra.push(Axis::numbers(dims.draw.as_str(), numbers)?);
    }
    // `only` may have left out what lies on them.
    extra.retain(|axis| variables.iter().any(|v| v.dims.iter().any(|d| d == axis.name())));
    Ok(Output::new(place, &dims.cells, extra, variables, attributes))
}

/// Makes NaN what cannot be known: of each quantity the cells where a covariate that it is made of is
/// missing.
fn hide_unknown(
    model: &Model,
    place: &Place,
    only: &[String],
    variables: &mut [OutputVariable],
) -> Result<()> {
    let mut names: Vec<String> = model.quantities().into_iter().map(str::to_owned).collect();
    names.extend(
        quantities(only).into_iter().filter(|name| !model.quantities().contains(&&name[..])),
    );
    for quantity in names {
        let own = output_names(&quantity);
        let is_own = |v: &&mut OutputVariable| own.iter().flatten().any(|name| *name == v.name);
        let mut own = variables.iter_mut().filter(is_own).peekable();
        if own.peek().is_none() {
            continue;
        }
        let Some(unknown) = place.unknown_cells(model, &quantity)? else { continue };
        for v in own {
            let cells = v.values.iter_mut().zip(unknown.iter().cycle());
            cells.filter(|(_, unknown)| **unknown).for_each(|(value, _)| *value = f64::NAN);
        }
    }
    Ok(())
}

/// Refuses levels of quantiles outside of 0 to 1.
pub(crate) fn check_levels(levels: &[f64]) -> Result<()> {
    match levels.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        None => Ok(()),
        Some(p) => {
            let message = format!("the quantile {p} does not lie between 0 and 1");
            Err(gridgp_grid::Error::Data(message).into())
        }
    }
}

/// What was asked for, each once and without spaces, as its variables are called.
fn quantities(only: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in only {
        let plain: String = name.chars().filter(|c| !c.is_whitespace()).collect();
        if !names.contains(&plain) {
            names.push(plain);
        }
    }
    names
}

/// A variable in the unit of the response, with its meaning.
fn described(variable: OutputVariable, model: &Model, what: &str) -> OutputVariable {
    let variable = variable.with("long_name", what);
    match &model.data.response.units {
        Some(units) => variable.with("units", units.as_str()),
        None => variable,
    }
}
