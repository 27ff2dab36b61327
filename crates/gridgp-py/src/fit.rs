//! What a fit found.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridgp::density::Samples;
use gridgp::fit::{self, AggregateOptions, Mask, Output, PredictOptions, Weights, Where};
use gridgp::grid::{Coordinate, TimeUnits, Values};
use gridgp::model::Model;
use gridgp::model::spec::ModelSpec;
use gridgp::posterior::{ForecastOptions, Place, Summarized, TailDraws, Target, forecast, unfold};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::compute::compute;
use crate::errors::{file_error, fit_error, model_error, value_error};
use crate::places::{self, CoordinateTuple, CovariateTuple};
use crate::problem::Problem;
use crate::tree;
use crate::worker::{self, Watched};

/// A coordinate of an axis: its name, what it holds, unit, calendar, number of points.
type CoordinateFacts = (String, &'static str, Option<String>, Option<String>, usize);

/// Of a covariate: name, variable, positions of axes, whether it is a coordinate of an axis, whether
/// the model uses it.
type CovariateFacts = (String, String, Vec<usize>, bool, bool);

/// Names of points: numbers or labels, unit, calendar.
type NamesTuple<'py> = (Bound<'py, PyAny>, Option<String>, Option<String>);

/// Numbers of observed cells, and which cells those are.
type ByCell<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<u64>>);

/// Mean, standard deviation and quantiles (level, cell) of quantities.
type Summaries<'py> =
    Vec<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>)>;

/// A fit, with its model and data.
#[pyclass(frozen, module = "gridgp._core")]
pub struct Fit {
    file: Arc<fit::Fit>,
    model: Arc<Model>,
}

/// Where to predict: coordinates one list an axis, nothing for an axis that has not moved; on a grid also its covariates, in the order of the
/// model; at points their covariates by name.
type PlaceTuple<'py> = (
    Vec<Option<Vec<CoordinateTuple<'py>>>>,
    Vec<Option<CovariateTuple<'py>>>,
    Option<Vec<(String, Bound<'py, PyAny>)>>,
);

impl Fit {
    pub fn new(file: fit::Fit, model: Arc<Model>) -> Self {
        Self { file: Arc::new(file), model }
    }

    fn of_file(py: Python<'_>, file: fit::Fit) -> PyResult<Self> {
        let model = compute(py, || {
            let spec = ModelSpec::from_toml(&file.source)?;
            Model::new(spec, &file.source, file.data.clone())
        });
        Ok(Self::new(file, Arc::new(model?.map_err(model_error)?)))
    }

    fn place(&self, py: Python<'_>, place: Option<PlaceTuple<'_>>) -> PyResult<Where> {
        let (spec, axes) = (&self.model.spec.data, self.model.data.grid.axes());
        let scalings = &self.file.scalings;
        match place {
            None => {
                let grid = self.model.data.grid.clone();
                Ok(Where::Grid(Place { grid, covariates: vec![] }))
            }
            Some((coordinates, covariates, None)) => {
                let whole = vec![None; axes.len()];
                let covariates = covariates
                    .into_iter()
                    .map(|c| c.map(|c| places::covariate(c, &whole)).transpose())
                    .collect::<PyResult<_>>()?;
                let coordinates = places::coordinates_or(coordinates, axes)?;
                compute(py, || {
                    gridgp_io::place_like(spec, axes, coordinates, covariates, scalings)
                })?
                .map_err(model_error)
            }
            Some((coordinates, _, Some(covariates))) => {
                let covariates = covariates
                    .into_iter()
                    .map(|(name, values)| Ok((name, places::numbers(&values, &[None])?)))
                    .collect::<PyResult<_>>()?;
                let coordinates = places::coordinates_or(coordinates, axes)?;
                compute(py, || gridgp_io::points_at(spec, axes, coordinates, covariates, scalings))?
                    .map_err(model_error)
            }
        }
    }

    fn mask(&self, along: &[String]) -> PyResult<Mask> {
        let along: Vec<&str> = along.iter().map(String::as_str).collect();
        Mask::of_data(&self.model, &along).map_err(model_error)
    }

    fn samples(&self, py: Python<'_>, what: &str) -> PyResult<Samples> {
        compute(py, || self.file.samples())?.ok_or_else(|| {
            value_error(format!(
                "this is a fit by {:?}: one value of each parameter, and no draws, which {what} \
                 needs; fit with method=\"nuts\", \"svi\", \"laplace\" or \"pathfinder\"",
                self.file.method
            ))
        })
    }
}

fn target(place: &Where) -> Target<'_> {
    match place {
        Where::Grid(place) => Target::Grid(place),
        Where::Points(points, covariates) => Target::Points(&points.points, covariates),
    }
}

#[pymethods]
impl Fit {
    /// Reads a fit file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf, verify: bool) -> PyResult<Self> {
        let read = if verify { gridgp_io::read_fit } else { gridgp_io::read_fit_unverified };
        let file = compute(py, || read(&path))?.map_err(file_error)?;
        Self::of_file(py, file)
    }

    /// Writes a fit file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        compute(py, || gridgp_io::write_fit(&path, &self.file))?.map_err(file_error)
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let bytes = bytes.to_vec();
        let file = compute(py, || gridgp_io::fit_from_bytes(&bytes))?.map_err(file_error)?;
        Self::of_file(py, file)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = compute(py, || gridgp_io::fit_to_bytes(&self.file))?.map_err(file_error)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// With the data of another problem of the same model, at the parameters that there are.
    fn update(&self, py: Python<'_>, newer: &Problem) -> PyResult<Self> {
        let updated = compute(py, || {
            let (data, scalings) = newer.data();
            fit::update(&self.file, &self.model, data, scalings, &fit::Quiet)
        })?;
        Self::of_file(py, updated.map_err(fit_error)?.fit)
    }

    #[getter]
    fn method(&self) -> &str {
        &self.file.method
    }

    #[getter]
    fn seed(&self) -> u64 {
        self.file.seed
    }

    /// The model's text, and what messages call it.
    fn model(&self) -> (String, String) {
        (self.file.source.text().to_owned(), self.file.source.name().to_owned())
    }

    /// The summary as JSON.
    fn summary(&self) -> &str {
        &self.file.summary
    }

    fn describe(&self, py: Python<'_>) -> PyResult<String> {
        compute(py, || fit::describe(&self.model))
    }

    /// Name and unit of the response.
    fn response(&self) -> (String, Option<String>) {
        let y = &self.model.data.response;
        (y.name.clone(), y.units.clone())
    }

    /// The axes with their coordinates.
    fn axes(&self) -> Vec<(String, Vec<CoordinateFacts>)> {
        let axes = self.model.data.grid.axes().iter();
        axes.map(|a| {
            let coordinates = a.coordinates().iter().map(|c| {
                let kind = match &c.values {
                    Values::Labels(_) => "label",
                    Values::Numbers(_) if TimeUnits::of(c).is_some() => "time",
                    Values::Numbers(_) => "number",
                };
                (c.name.clone(), kind, c.units.clone(), c.calendar.clone(), c.len())
            });
            (a.name().to_owned(), coordinates.collect())
        })
        .collect()
    }

    /// The values and attributes of a coordinate of an axis, as in a group of the fit file.
    fn coordinate<'py>(
        &self,
        py: Python<'py>,
        axis: usize,
        coordinate: usize,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyDict>)> {
        let c = &self.model.data.grid.axes()[axis].coordinates()[coordinate];
        tree::variable(py, gridgp_io::coordinate_variable(c))
    }

    /// What the points of an axis are called, where that is none of its coordinates: numbers or
    /// labels, unit, calendar.
    fn names_along<'py>(&self, py: Python<'py>, axis: usize) -> PyResult<Option<NamesTuple<'py>>> {
        let names = self.model.data.grid.axes()[axis].names();
        let whole = |c: &Coordinate| {
            Ok((places::values(py, &c.values)?, c.units.clone(), c.calendar.clone()))
        };
        names.map(whole).transpose()
    }

    /// The covariates.
    fn covariates(&self) -> PyResult<Vec<CovariateFacts>> {
        let (data, used) = (&self.model.data, self.model.used_covariates());
        let spec = &self.model.spec.data;
        data.covariates
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let own = gridgp_io::is_coordinate(spec, &c.name).map_err(model_error)?;
                let variable = spec.covariates[&c.name].variable.clone();
                let variable = variable.unwrap_or_else(|| c.name.clone());
                Ok((c.name.clone(), variable, c.axes.clone(), own, used.contains(&i)))
            })
            .collect()
    }

    /// The names of the fields and of the parameters.
    fn names(&self) -> (Vec<String>, Vec<String>) {
        let fields = self.model.fields.iter().map(|f| f.name.clone()).collect();
        (fields, self.model.parameters.iter().map(|p| p.name.clone()).collect())
    }

    /// What a result calls a variable or a dimension, whose name an axis of the data may have.
    fn output_name(&self, name: &str) -> String {
        fit::output_name(&self.model.data.grid, name)
    }

    /// The groups of the fit file.
    fn tree<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let made = compute(py, || gridgp_io::fit_tree(Path::new("the fit"), &self.file))?;
        tree::to_python(py, made.map_err(file_error)?)
    }

    /// One group of draws of the fit file; `None` if it is not there.
    fn group<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(group) = self.file.group(name) else { return Ok(None) };
        let made = compute(py, || gridgp_io::group_to_tree(group.clone(), Path::new("the fit")))?;
        tree::to_python(py, made.map_err(file_error)?).map(Some)
    }

    /// Predictions as variables.
    #[pyo3(signature = (place, quantiles, draws, only, seed, mask))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        place: Option<PlaceTuple<'_>>,
        quantiles: Vec<f64>,
        draws: usize,
        only: Vec<String>,
        seed: Option<u64>,
        mask: Option<Vec<String>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let place = self.place(py, place)?;
        let mask = mask.map(|along| self.mask(&along)).transpose()?;
        let options = PredictOptions { quantiles, draws, only, seed, mask };
        let host = Watched::new();
        let (file, model, watched) = (self.file.clone(), self.model.clone(), host.clone());
        let done = worker::run(py, &host, None, move || {
            fit::predict(&file, &model, place, &options, &*watched)
        })?;
        let made = done.value.map_err(fit_error)?;
        let made = compute(py, || gridgp_io::output_tree(&made))?;
        tree::to_python(py, made.map_err(file_error)?)
    }

    /// Means or sums over axes as variables; `weights` is "equal", "area" or one number a cell.
    #[pyo3(signature = (place, over, weights, cells, sum, mask, quantiles, only, seed))]
    #[expect(clippy::too_many_arguments, reason = "what Python gives by name")]
    fn aggregate<'py>(
        &self,
        py: Python<'py>,
        place: Option<PlaceTuple<'_>>,
        over: Vec<String>,
        weights: &str,
        cells: Option<Vec<f64>>,
        sum: bool,
        mask: Option<Vec<String>>,
        quantiles: Vec<f64>,
        only: Option<String>,
        seed: Option<u64>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let Where::Grid(place) = self.place(py, place)? else {
            return Err(value_error("points in a table have no axes to sum over; give a grid"));
        };
        let weights = match (weights, cells) {
            (_, Some(cells)) => Weights::Cells(cells),
            ("area", None) => Weights::Area,
            _ => Weights::Equal,
        };
        let mask = mask.map(|along| self.mask(&along)).transpose()?;
        let options = AggregateOptions { over, weights, sum, mask, quantiles, only, seed };
        let host = Watched::new();
        let (file, model, watched) = (self.file.clone(), self.model.clone(), host.clone());
        let done = worker::run(py, &host, None, move || {
            fit::aggregate(&file, &model, place, &options, &*watched)
        })?;
        let made = Output::Grid(done.value.map_err(fit_error)?);
        let made = compute(py, || gridgp_io::output_tree(&made))?;
        tree::to_python(py, made.map_err(file_error)?)
    }

    /// New observations: chains, draws and values, flat: draw, cell.
    fn new_observations<'py>(
        &self,
        py: Python<'py>,
        place: Option<PlaceTuple<'_>>,
        seed: Option<u64>,
    ) -> PyResult<(usize, usize, Bound<'py, PyArray1<f64>>)> {
        let place = self.place(py, place)?;
        let unknown = match &place {
            Where::Grid(place) => {
                place.unknown_cells(&self.model, "observation").map_err(model_error)?
            }
            Where::Points(..) => None,
        };
        let unknown = unknown.unwrap_or_else(|| vec![false]);
        let samples = self.samples(py, "a posterior predictive sample")?;
        let shape = (samples.chains, samples.draws);
        let options = ForecastOptions {
            keep_draws: samples.len(),
            only: vec!["observation".into()],
            seed: seed.unwrap_or(self.file.seed),
            ..ForecastOptions::default()
        };
        let (host, model) = (Watched::new(), self.model.clone());
        let done = worker::run(py, &host, None, move || {
            forecast(&model, &samples, &target(&place), &options)
        })?;
        let mut made = done.value.map_err(model_error)?.swap_remove(0);
        for (value, _) in made.draws.iter_mut().zip(unknown.iter().cycle()).filter(|(_, u)| **u) {
            *value = f64::NAN;
        }
        Ok((shape.0, shape.1, made.draws.into_pyarray(py)))
    }

    /// log p(y | draw) of each observed cell, flat: draw, cell; and the observed cells.
    fn log_likelihood<'py>(&self, py: Python<'py>) -> PyResult<ByCell<'py>> {
        let samples = self.samples(py, "the log likelihood of each observation")?;
        let (host, model) = (Watched::new(), self.model.clone());
        let done = worker::run(py, &host, None, move || unfold(&model, &samples, false, true))?;
        let found = done.value.map_err(model_error)?;
        let cells: Vec<u64> = found.cells.iter().map(|&c| c as u64).collect();
        Ok((found.log_likelihood.into_pyarray(py), cells.into_pyarray(py)))
    }

    /// Return levels, probabilities of exceedance, and changes of the levels from the first place
    /// to each other one; each quantity summarized: place and period (or value), cell.
    fn tails<'py>(
        &self,
        py: Python<'py>,
        places: Vec<Option<PlaceTuple<'_>>>,
        periods: Vec<f64>,
        values: Vec<f64>,
        quantiles: Vec<f64>,
        seed: Option<u64>,
    ) -> PyResult<[Summaries<'py>; 3]> {
        if let Some(p) = quantiles.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
            return Err(value_error(format!("the quantile {p} does not lie between 0 and 1")));
        }
        let places = places.into_iter().map(|p| self.place(py, p)).collect::<PyResult<Vec<_>>>()?;
        let samples = self.samples(py, "a return level")?;
        let seed = seed.unwrap_or(self.file.seed);
        let (host, model) = (Watched::new(), self.model.clone());
        let done = worker::run(py, &host, None, move || {
            let tails = places
                .iter()
                .map(|place| TailDraws::new(&model, &samples, &target(place), seed))
                .collect::<gridgp::Result<Vec<_>>>()?;
            let levels: Vec<Vec<Vec<f64>>> =
                tails.iter().map(|t| periods.iter().map(|&p| t.levels(p)).collect()).collect();
            let one = |v: &[f64]| tails[0].summarize(v, &quantiles);
            let less = |a: &[f64], b: &[f64]| -> Vec<f64> {
                a.iter().zip(b).map(|(a, b)| a - b).collect()
            };
            let changes = levels
                .iter()
                .skip(1)
                .flat_map(|other| other.iter().zip(&levels[0]).map(|(a, b)| one(&less(a, b))))
                .collect();
            let risks =
                tails.iter().flat_map(|t| values.iter().map(|&v| one(&t.exceedances(v)))).collect();
            Ok([levels.iter().flatten().map(|v| one(v)).collect(), risks, changes])
        })?;
        let found: [Vec<Summarized>; 3] = done.value.map_err(model_error)?;
        Ok(found.map(|all| {
            all.into_iter()
                .map(|s| {
                    (s.mean.into_pyarray(py), s.sd.into_pyarray(py), s.quantiles.into_pyarray(py))
                })
                .collect()
        }))
    }
}
