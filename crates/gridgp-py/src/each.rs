//! Many fits of one model in one call.

use gridgp::infer::{Each, map_each};
use gridgp::model::spec::{Method, ModelSpec};
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use rayon::prelude::*;

use crate::errors::{ModelError, value_error};
use crate::places;
use crate::problem::Problem;
use crate::worker::{self, Watched};

/// What is found of many series: a row a series; NaN, and a message, for one that failed.
pub type Columns<'py> = (
    // Estimates and standard errors, one a parameter.
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray2<f64>>,
    // log p(y | θ), log p(θ, y), the largest entry of the gradient.
    [Bound<'py, PyArray1<f64>>; 3],
    // Whether it converged; evaluations.
    Bound<'py, PyArray1<bool>>,
    Bound<'py, PyArray1<u64>>,
    Vec<String>,
);

/// [`Problem::map_each`].
pub fn of_rows<'py>(
    py: Python<'py>,
    problem: &Problem,
    values: &Bound<'py, PyAny>,
    shared: Option<Vec<f64>>,
) -> PyResult<Columns<'py>> {
    check(&problem.model.spec)?;
    let cells = problem.model.data.grid.len();
    let array = values.cast::<PyUntypedArray>()?;
    let &[rows, columns] = array.shape() else {
        return Err(value_error("the series are the rows of an array of two dimensions"));
    };
    if columns != cells {
        return Err(value_error(format!("a series has {columns} values for {cells} cells")));
    }
    let parameters = problem.model.parameters.len();
    if shared.as_ref().is_some_and(|s| s.len() != parameters) {
        return Err(value_error(format!("the model has {parameters} parameters")));
    }
    let values = places::numbers(values, &[None, None])?;
    let host = Watched::new();
    let (model, source) = (problem.model.clone(), problem.source.clone());
    let watched = host.clone();
    let work = move || {
        let one = |row: &[f64]| {
            if watched.is_stopped() {
                return Err("interrupted".to_owned());
            }
            let found = model.with_response(&source, row.to_vec());
            found.and_then(|m| map_each(&m, shared.as_deref())).map_err(|e| e.to_string())
        };
        values.par_chunks(cells).map(one).collect::<Vec<_>>()
    };
    let found = worker::run(py, &host, None, work)?.value;
    Ok(columns_of(py, &found, rows, parameters))
}

/// Refuses what has no meaning for many series.
fn check(spec: &ModelSpec) -> PyResult<()> {
    let data = &spec.data;
    let message = if spec.inference.method != Method::Map {
        "many series are fitted by the method \"map\" alone"
    } else if !data.sel.is_empty() || !data.isel.is_empty() {
        "a model of many series selects no points; select them from the data, da.sel(…)"
    } else if !data.missing.is_empty() {
        "a model of many series has no `missing`; mask the data, da.where(da != -999)"
    } else {
        return Ok(());
    };
    Err(ModelError::new_err(message))
}

fn columns_of<'py>(
    py: Python<'py>,
    found: &[Result<Each, String>],
    rows: usize,
    parameters: usize,
) -> Columns<'py> {
    let table = |of: &dyn Fn(&Each) -> &[f64]| {
        let row = |i: usize| found[i].as_ref().ok().map(of);
        let at = |(i, j)| row(i).map_or(f64::NAN, |row| row[j]);
        Array2::from_shape_fn((rows, parameters), at).into_pyarray(py)
    };
    let column = |of: &dyn Fn(&Each) -> f64| {
        let at = |f: &Result<Each, String>| f.as_ref().map_or(f64::NAN, of);
        found.iter().map(at).collect::<Vec<_>>().into_pyarray(py)
    };
    let converged: Vec<bool> =
        found.iter().map(|f| f.as_ref().is_ok_and(|e| e.converged)).collect();
    let evaluations: Vec<u64> =
        found.iter().map(|f| f.as_ref().map_or(0, |e| e.evaluations as u64)).collect();
    (
        table(&|e| &e.estimate),
        table(&|e| &e.standard_error),
        [
            column(&|e| e.log_marginal_likelihood),
            column(&|e| e.log_posterior),
            column(&|e| e.gradient_norm),
        ],
        converged.into_pyarray(py),
        evaluations.into_pyarray(py),
        found.iter().map(|f| f.as_ref().err().cloned().unwrap_or_default()).collect(),
    )
}
