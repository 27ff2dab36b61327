//! Arrays and coordinates of Python as those of Rust: one copy, whatever the memory order.

use gridgp::grid::{Coordinate, Values};
use gridgp_io::{CovariateValues, with_calendar};
use numpy::ndarray::{ArrayViewD, Axis};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArrayDyn};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// A coordinate: name, values (numbers or text), unit, calendar.
pub type CoordinateTuple<'py> = (String, Bound<'py, PyAny>, Option<String>, Option<String>);

/// A covariate: positions of its axes, values, unit.
pub type CovariateTuple<'py> = (Vec<usize>, Bound<'py, PyAny>, Option<String>);

pub fn coordinate((name, values, units, calendar): CoordinateTuple<'_>) -> PyResult<Coordinate> {
    let values = if let Ok(numbers) = values.extract::<PyReadonlyArray1<'_, f64>>() {
        Values::Numbers(numbers.as_array().iter().copied().collect())
    } else {
        Values::Labels(values.extract::<Vec<String>>()?)
    };
    let c = Coordinate { name, values, units, calendar };
    Ok(match c.values {
        Values::Numbers(_) => with_calendar(c),
        Values::Labels(_) => Coordinate { units: None, calendar: None, ..c },
    })
}

pub fn coordinates(axes: Vec<Vec<CoordinateTuple<'_>>>) -> PyResult<Vec<Vec<Coordinate>>> {
    axes.into_iter().map(|axis| axis.into_iter().map(coordinate).collect()).collect()
}

/// The values of a coordinate for Python.
pub fn values<'py>(py: Python<'py>, values: &Values) -> PyResult<Bound<'py, PyAny>> {
    match values {
        Values::Numbers(v) => Ok(PyArray1::from_slice(py, v).into_any()),
        Values::Labels(v) => Ok(v.into_pyobject(py)?.into_any()),
    }
}

/// The values of an array at the kept positions of each axis, row-major.
pub fn numbers(array: &Bound<'_, PyAny>, kept: &[Option<&[usize]>]) -> PyResult<Vec<f64>> {
    if let Ok(a) = array.extract::<PyReadonlyArrayDyn<'_, f64>>() {
        // Straight from memory where it lies in order. (`as_slice` of NumPy's array itself also
        // gives what lies in the order of Fortran.)
        let view = a.as_array();
        if let (Some(slice), true) = (view.as_slice(), kept.iter().all(Option::is_none)) {
            return Ok(slice.to_vec());
        }
        return Ok(gather(view, kept, |v| v));
    }
    if let Ok(a) = array.extract::<PyReadonlyArrayDyn<'_, f32>>() {
        return Ok(gather(a.as_array(), kept, f64::from));
    }
    Err(PyTypeError::new_err(format!(
        "an array of float64 or float32 is needed, not {}",
        array.get_type().name()?
    )))
}

fn gather<T: Copy>(
    view: ArrayViewD<'_, T>,
    kept: &[Option<&[usize]>],
    number: impl Fn(T) -> f64,
) -> Vec<f64> {
    if kept.iter().all(Option::is_none) {
        return view.iter().map(|&v| number(v)).collect();
    }
    let mut part = view.to_owned();
    for (a, positions) in kept.iter().enumerate() {
        if let Some(positions) = positions {
            part = part.select(Axis(a), positions);
        }
    }
    part.iter().map(|&v| number(v)).collect()
}

pub fn covariate(
    (axes, values, units): CovariateTuple<'_>,
    kept: &[Option<&[usize]>],
) -> PyResult<CovariateValues> {
    let kept: Vec<Option<&[usize]>> = axes.iter().map(|&a| kept[a]).collect();
    Ok(CovariateValues { values: numbers(&values, &kept)?, axes, units })
}
