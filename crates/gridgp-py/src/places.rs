//! Arrays and coordinates of Python as those of Rust: one copy, whatever the memory order.

use gridgp::grid::{Axis as GridAxis, Coordinate, Ticks, TimeUnits, Values};
use gridgp_io::{CovariateValues, with_calendar};
use numpy::ndarray::{ArrayViewD, Axis};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArrayDyn};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// A coordinate: name, values, unit, calendar.
///
/// Values are float64 or float32, text, times as datetime64 or timedelta64, or as int64, which are
/// microseconds since 1970 in the calendar, from dates of cftime.
pub type CoordinateTuple<'py> = (String, Bound<'py, PyAny>, Option<String>, Option<String>);

/// A covariate: positions of its axes, values, unit.
pub type CovariateTuple<'py> = (Vec<usize>, Bound<'py, PyAny>, Option<String>);

pub fn coordinate((name, values, units, calendar): CoordinateTuple<'_>) -> PyResult<Coordinate> {
    let Ok(dtype) = values.getattr("dtype") else {
        return Ok(Coordinate::labels(name, values.extract::<Vec<String>>()?));
    };
    let dtype: String = dtype.str()?.extract()?;
    let Some((tick, called)) = whole_numbers(&dtype) else {
        let c = Coordinate::numbers(name, numbers(&values, &[None])?);
        let mut made = with_calendar(Coordinate { units, calendar, ..c });
        // Numbers that a unit calls times stay numbers for their owner.
        let kept = dtype == "float32" || made.calendar.is_some();
        made.stored.dtype = kept.then_some(dtype);
        return Ok(made);
    };
    let whole = values.call_method1("astype", ("int64",))?;
    let whole = whole.extract::<PyReadonlyArray1<'_, i64>>()?;
    let ticks = Ticks::new(whole.as_array().to_vec(), tick).in_longest_unit();
    let of = |units: &str| {
        Coordinate::of_ticks(name.as_str(), ticks.clone(), units, calendar.as_deref())
    };
    // The unit of the file may be none here.
    let made = units.as_deref().and_then(of).or_else(|| of(TimeUnits::days_since_1970().0));
    let mut made = made.ok_or_else(|| {
        PyValueError::new_err(format!("the calendar {calendar:?} of {name:?} is not known"))
    })?;
    made.stored.dtype = Some(called);
    Ok(made)
}

/// The unit of the whole numbers in an array of times, and what the array is called.
fn whole_numbers(dtype: &str) -> Option<(String, String)> {
    if dtype == "int64" {
        return Some(("microseconds since 1970-01-01".into(), "cftime".into()));
    }
    let (kind, step) = dtype.strip_suffix(']')?.split_once('[')?;
    let step = match step {
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        _ => return None,
    };
    let since = if kind == "datetime64" { " since 1970-01-01" } else { "" };
    Some((format!("{step}{since}"), dtype.to_owned()))
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

/// Where each point of a coordinate is among those of another.
#[pyfunction]
pub fn find_points(
    wanted: CoordinateTuple<'_>,
    among: CoordinateTuple<'_>,
) -> PyResult<Vec<Option<usize>>> {
    gridgp_io::find_points(&coordinate(wanted)?, &coordinate(among)?).map_err(PyValueError::new_err)
}

/// Coordinates of a place, and names of its points; those of the fit for an axis that has not moved.
pub fn coordinates_or(
    axes: Vec<Option<Vec<CoordinateTuple<'_>>>>,
    fit: &[GridAxis],
) -> PyResult<Vec<Vec<Coordinate>>> {
    let own = |(axis, fit): (Option<Vec<_>>, &GridAxis)| match axis {
        Some(axis) => axis.into_iter().map(coordinate).collect(),
        None => Ok(fit.coordinates().iter().chain(fit.names()).cloned().collect()),
    };
    axes.into_iter().zip(fit).map(own).collect()
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
