//! A model with its data.

use std::sync::Arc;

use gridgp::fit::{self, DrawLog, LARGEST_GROUP, Scaling, draw_groups};
use gridgp::grid::{Dataset, Variable};
use gridgp::model::Model;
use gridgp::model::spec::Source;
use gridgp::posterior::{prior_samples, unfold};
use gridgp_io::FileLog;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use serde_json::json;

use crate::compute::{admit, compute};
use crate::density::Density;
use crate::each;
use crate::errors::{file_error, fit_error, model_error};
use crate::fit::Fit;
use crate::places::{self, CoordinateTuple, CovariateTuple};
use crate::spec::Spec;
use crate::worker::{self, Watched};

/// A model with its data, every name resolved.
#[pyclass(frozen, module = "gridgp._core")]
pub struct Problem {
    pub model: Arc<Model>,
    pub source: Source,
    scalings: Vec<Scaling>,
}

impl Problem {
    /// The data, and what was done to their covariates.
    pub fn data(&self) -> (&Dataset, &[Scaling]) {
        (&self.model.data, &self.scalings)
    }
}

#[pymethods]
impl Problem {
    /// Coordinates one list an axis; values on the axes, in their order; covariates in the order of
    /// the model, `None` for one that is a coordinate.
    #[new]
    #[pyo3(signature = (spec, coordinates, values, name, units, long_name, covariates))]
    fn new(
        py: Python<'_>,
        spec: &Spec,
        coordinates: Vec<Vec<CoordinateTuple<'_>>>,
        values: &Bound<'_, PyAny>,
        name: String,
        units: Option<String>,
        long_name: Option<String>,
        covariates: Vec<Option<CovariateTuple<'_>>>,
    ) -> PyResult<Self> {
        let data = &spec.spec.data;
        let coordinates = places::coordinates(coordinates)?;
        let axes = compute(py, || gridgp_io::keep_axes(data, coordinates))?.map_err(model_error)?;
        let kept: Vec<Option<&[usize]>> = axes.iter().map(|a| a.positions.as_deref()).collect();
        let values = places::numbers(values, &kept)?;
        let covariates = covariates
            .into_iter()
            .map(|c| c.map(|c| places::covariate(c, &kept)).transpose())
            .collect::<PyResult<_>>()?;
        let (spec, source) = (spec.spec.clone(), spec.source.clone());
        compute(py, || {
            let response =
                Variable { units, long_name, ..Variable::with_nan_as_missing(name, values) };
            let axes = axes.into_iter().map(|a| a.axis).collect();
            let (data, scalings) = gridgp_io::dataset_of(&spec.data, axes, response, covariates)?;
            let model = Arc::new(Model::new(spec, &source, data)?);
            Ok(Self { model, source, scalings })
        })?
        .map_err(model_error)
    }

    /// The model with the data of a file.
    #[staticmethod]
    fn read(py: Python<'_>, spec: &Spec, path: std::path::PathBuf) -> PyResult<Self> {
        let (spec, source) = (spec.spec.clone(), spec.source.clone());
        let found = compute(py, || gridgp_io::read_with_scalings(&path, &spec.data))?;
        let (data, scalings) = found.map_err(file_error)?;
        let model = compute(py, || Model::new(spec, &source, data))?.map_err(model_error)?;
        Ok(Self { model: Arc::new(model), source, scalings })
    }

    /// The model as equations, with shapes, priors and defaults.
    fn describe(&self, py: Python<'_>) -> PyResult<String> {
        compute(py, || fit::describe(&self.model))
    }

    /// Name, prior, unit of each parameter, and whether the prior is a default.
    fn parameters(&self) -> Vec<(String, String, Option<String>, bool)> {
        let of = |p: &gridgp::param::Parameter| {
            (p.name.clone(), p.prior.to_string(), p.unit.clone(), p.is_default)
        };
        self.model.parameters.iter().map(of).collect()
    }

    /// Fits; `report` is called with what there is to show. The fit, and whether Ctrl-C ended it.
    #[pyo3(signature = (report = None, log = None, resume = false))]
    fn fit(
        &self,
        py: Python<'_>,
        report: Option<&Bound<'_, PyAny>>,
        log: Option<std::path::PathBuf>,
        resume: bool,
    ) -> PyResult<(Fit, bool)> {
        let host = Watched::new();
        let (model, source) = (self.model.clone(), self.source.clone());
        let (scalings, watched) = (self.scalings.clone(), host.clone());
        let done = worker::run(py, &host, report, move || {
            let log = log.map(|path| FileLog::new(&path, resume));
            let log = log.as_ref().map(|log| log as &dyn DrawLog);
            fit::fit(&model, &source, &scalings, log, &*watched)
        })?;
        match done.value {
            // There was nothing to keep.
            Err(_) if done.interrupted => Err(PyKeyboardInterrupt::new_err(())),
            Err(e) => Err(fit_error(e)),
            Ok(fitted) => Ok((Fit::new(fitted.fit, self.model.clone()), done.interrupted)),
        }
    }

    /// Draws from the prior, as a fit.
    fn prior(&self, py: Python<'_>, draws: usize, seed: u64) -> PyResult<Fit> {
        let model = self.model.clone();
        admit(draws, model.parameters.len() + model.data.grid.len(), "the draws")?;
        let file = compute(py, || {
            let samples = prior_samples(&model, draws, seed)?;
            let small = samples.len() * model.data.grid.len() <= LARGEST_GROUP;
            let unfolded = unfold(&model, &samples, small, false)?;
            let groups = draw_groups(&model, &samples, &unfolded, None, seed)?;
            let summary = json!({
                "gridgp_version": env!("CARGO_PKG_VERSION"),
                "method": "prior",
                "seed": seed,
                "chains": 1,
                "draws": draws,
                "warnings": [],
            });
            Ok(fit::Fit {
                version: env!("CARGO_PKG_VERSION").into(),
                source: self.source.clone(),
                data: model.data.clone(),
                scalings: self.scalings.clone(),
                method: "prior".into(),
                seed,
                groups,
                summary: summary.to_string(),
            })
        });
        Ok(Fit::new(file?.map_err(model_error)?, self.model.clone()))
    }

    /// The mode of the model for each row of `values`, the response on the axes of the model,
    /// row-major; from `shared`, natural parameters where modes are expected, and from all starts where
    /// that does not do.
    #[pyo3(signature = (values, shared = None))]
    fn map_each<'py>(
        &self,
        py: Python<'py>,
        values: &Bound<'py, PyAny>,
        shared: Option<Vec<f64>>,
    ) -> PyResult<each::Columns<'py>> {
        each::of_rows(py, self, values, shared)
    }

    /// The log density of the unknowns: `"marginal"`, `"joint"` or `"auto"`.
    fn density(&self, py: Python<'_>, route: &str) -> PyResult<Density> {
        compute(py, || Density::new(&self.model, route))?.map_err(model_error)
    }
}
