//! Return levels and risks over arrays, block maxima, peaks, simulations.

use gridgp::extremes::{
    Peak, StationMaxima, Varying, Warming, block_maxima, decluster, design_life_level,
    equivalent_reliability, exceedance, exceedance_over, expected_exceedances_level,
    gev_observations, gmst, quantile_threshold, return_level, return_period, spatial_field,
};
use gridgp::grid::Coordinate;
use gridgp_io::year_blocks;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;

use super::arrays::{shaped, slice};
use super::kernel_function::{KernelFunction, points};
use super::part_error;
use crate::compute::{admit, compute};

/// `"level"` of periods, `"period"` or `"exceedance"` of levels, for GEVs of one flat shape.
#[pyfunction]
fn extremes_return<'py>(
    py: Python<'py>,
    what: &str,
    location: PyReadonlyArray1<'_, f64>,
    scale: PyReadonlyArray1<'_, f64>,
    shape: PyReadonlyArray1<'_, f64>,
    at: PyReadonlyArray1<'_, f64>,
    n: usize,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let f = match what {
        "level" => return_level,
        "period" => return_period,
        "exceedance" => exceedance,
        _ => return Err(PyKeyError::new_err(format!("there is no return {what:?}"))),
    };
    let columns = [slice(&location)?, slice(&scale)?, slice(&shape)?, slice(&at)?];
    let values = compute(py, || {
        let at = |k: usize, i: usize| columns[k][if columns[k].len() == 1 { 0 } else { i }];
        (0..n).map(|i| f(at(0, i), at(1, i), at(2, i), at(3, i))).collect::<Vec<f64>>()
    });
    Ok(values?.into_pyarray(py))
}

/// A level, or a probability, of each row of GEVs, one GEV a year.
#[pyfunction]
fn extremes_over_years<'py>(
    py: Python<'py>,
    what: &str,
    location: PyReadonlyArray2<'_, f64>,
    scale: PyReadonlyArray2<'_, f64>,
    shape: PyReadonlyArray2<'_, f64>,
    at: PyReadonlyArray1<'_, f64>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let f: fn(&[[f64; 3]], f64) -> Result<f64, String> = match what {
        "design_life_level" => design_life_level,
        "equivalent_reliability" => equivalent_reliability,
        "expected_exceedances_level" => expected_exceedances_level,
        "exceedance_over" => |years, level| Ok(exceedance_over(years, level)),
        _ => return Err(PyKeyError::new_err(format!("there is no {what:?} over years"))),
    };
    let columns = [&location, &scale, &shape].map(|c| c.as_array());
    let at = slice(&at)?;
    let (rows, years) = columns[0].dim();
    let values = compute(py, || {
        let mut parameters = Vec::with_capacity(years);
        let row = |i: usize| {
            parameters.clear();
            parameters.extend((0..years).map(|t| [0, 1, 2].map(|k| columns[k][(i, t)])));
            f(&parameters, at[if at.len() == 1 { 0 } else { i }])
        };
        (0..rows).map(row).collect::<Result<Vec<f64>, String>>()
    });
    Ok(values?.map_err(PyValueError::new_err)?.into_pyarray(py))
}

/// Maxima of the blocks of each series, one series a row; NaN is missing. Block numbers, then per
/// series and block: maximum (NaN where there are too few values), its position (−1), how many
/// values are there.
#[pyfunction]
#[allow(clippy::type_complexity)]
fn extremes_block_maxima<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'_, f64>,
    blocks: PyReadonlyArray1<'_, i64>,
    coverage: f64,
) -> PyResult<(
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray2<i64>>,
)> {
    let values = values.as_array();
    let blocks = blocks
        .as_slice()
        .map_err(|_| PyValueError::new_err("the block numbers are not contiguous"))?;
    let series = values.nrows();
    let found = compute(py, || {
        let (mut numbers, mut maxima, mut at, mut present) = (vec![], vec![], vec![], vec![]);
        for row in values.rows() {
            let row = row.to_vec();
            let missing: Vec<bool> = row.iter().map(|v| v.is_nan()).collect();
            let found = block_maxima(&row, &missing, blocks, coverage)?;
            numbers = found.iter().map(|m| m.block).collect();
            maxima.extend(found.iter().map(|m| m.value.unwrap_or(f64::NAN)));
            at.extend(found.iter().map(|m| m.at.map_or(-1, |i| i as i64)));
            present.extend(found.iter().map(|m| m.present as i64));
        }
        Ok((numbers, maxima, at, present))
    });
    let (numbers, maxima, at, present): (Vec<i64>, _, Vec<i64>, Vec<i64>) =
        found?.map_err(|e: String| PyValueError::new_err(e))?;
    let count = numbers.len();
    let whole = |v: Vec<i64>| {
        numpy::ndarray::Array2::from_shape_vec((series, count), v)
            .expect("one number a block and series")
            .into_pyarray(py)
    };
    let (at, present) = (whole(at), whole(present));
    Ok((numbers.into_pyarray(py), shaped(py, maxima, series, count), at, present))
}

/// The year of each time, when it is in steps of the series, and how many times each year has without
/// gaps.
#[pyfunction]
#[allow(clippy::type_complexity)]
fn extremes_year_blocks<'py>(
    py: Python<'py>,
    times: PyReadonlyArray1<'_, f64>,
    units: &str,
    calendar: &str,
    first_month: u32,
) -> PyResult<(Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>, Vec<(i64, usize)>)> {
    let coordinate = Coordinate {
        calendar: Some(calendar.to_owned()),
        ..Coordinate::numbers("time", slice(&times)?.to_vec()).with_units(units)
    };
    let blocks = compute(py, || year_blocks(&coordinate, first_month))?;
    let blocks = blocks.map_err(PyValueError::new_err)?;
    let lengths = blocks.lengths.into_iter().collect();
    Ok((blocks.of.into_pyarray(py), blocks.at.into_pyarray(py), lengths))
}

/// The quantile of a series; NaN is missing.
#[pyfunction]
fn extremes_threshold(py: Python<'_>, values: PyReadonlyArray1<'_, f64>, q: f64) -> PyResult<f64> {
    let values = slice(&values)?;
    let missing: Vec<bool> = values.iter().map(|v| v.is_nan()).collect();
    compute(py, || quantile_threshold(values, &missing, q))?.map_err(PyValueError::new_err)
}

/// Peaks of clusters: position, value, first and last position of the cluster. `at` are the times in
/// steps of the series; none if there are no gaps.
#[pyfunction]
#[allow(clippy::type_complexity)]
fn extremes_decluster<'py>(
    py: Python<'py>,
    values: PyReadonlyArray1<'_, f64>,
    at: PyReadonlyArray1<'_, f64>,
    threshold: f64,
    run: usize,
) -> PyResult<(
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
)> {
    let values = slice(&values)?;
    let missing: Vec<bool> = values.iter().map(|v| v.is_nan()).collect();
    let at = slice(&at)?;
    let peaks = compute(py, || decluster(values, &missing, at, threshold, run))?;
    let peaks = peaks.map_err(PyValueError::new_err)?;
    let whole = |f: fn(&Peak) -> usize| {
        peaks.iter().map(|p| f(p) as i64).collect::<Vec<i64>>().into_pyarray(py)
    };
    let value = peaks.iter().map(|p| p.value).collect::<Vec<f64>>().into_pyarray(py);
    Ok((whole(|p| p.at), value, whole(|p| p.first), whole(|p| p.last)))
}

fn warming_of(name: &str, amount: f64, time: f64) -> PyResult<Warming> {
    match name {
        "linear" => Ok(Warming::Linear { rate: amount }),
        "exponential" => Ok(Warming::Exponential { rate: amount, time }),
        "stabilization" => Ok(Warming::Stabilization { total: amount, time }),
        _ => Err(PyKeyError::new_err(format!("there is no warming {name:?}"))),
    }
}

/// A trajectory of the global mean temperature.
#[pyfunction]
fn extremes_gmst<'py>(
    py: Python<'py>,
    warming: &str,
    amount: f64,
    time: f64,
    years: usize,
    sd: f64,
    correlation: f64,
    seed: u64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let warming = warming_of(warming, amount, time)?;
    admit(years, 1, "the trajectory")?;
    let values = compute(py, || gmst(warming, years, sd, correlation, seed))?;
    Ok(values.map_err(part_error)?.into_pyarray(py))
}

/// A draw of a field at points.
#[pyfunction]
fn extremes_field<'py>(
    py: Python<'py>,
    kernel: PyRef<'_, KernelFunction>,
    theta: Vec<f64>,
    x: PyReadonlyArray2<'_, f64>,
    amplitude: f64,
    seed: u64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let x = points(&x, "x")?;
    kernel.check(&x, &theta, "x")?;
    let kernel = &kernel.kernel;
    admit(x.len(), x.len(), "the covariance of the points")?;
    let field = compute(py, || spatial_field(kernel, &theta, &x, amplitude, seed))?;
    Ok(field.map_err(part_error)?.into_pyarray(py))
}

/// Yearly maxima at stations, station by year.
#[pyfunction]
fn extremes_observations<'py>(
    py: Python<'py>,
    location: PyReadonlyArray1<'_, f64>,
    slope: PyReadonlyArray1<'_, f64>,
    scale: PyReadonlyArray1<'_, f64>,
    shape: PyReadonlyArray1<'_, f64>,
    gmst: PyReadonlyArray1<'_, f64>,
    seed: u64,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let [location, slope, scale, shape, gmst] =
        [slice(&location)?, slice(&slope)?, slice(&scale)?, slice(&shape)?, slice(&gmst)?];
    admit(location.len(), gmst.len(), "the observations")?;
    let y = compute(py, || gev_observations(location, slope, scale, shape, gmst, seed))?;
    Ok(shaped(py, y.map_err(part_error)?, location.len(), gmst.len()))
}

/// Stations, temperature, maxima and the truth: longitude, latitude, gmst, location, slope, scale,
/// shape, shift of the years, and the maxima, station by year.
///
/// `box_` is (west, east, south, north); a parameter is (middle, amplitude, lengthscale).
#[pyfunction]
#[allow(clippy::type_complexity)]
fn extremes_simulate<'py>(
    py: Python<'py>,
    stations: usize,
    box_: [f64; 4],
    years: Vec<f64>,
    warming: (String, f64, f64),
    gmst_noise: (f64, f64),
    location: (f64, f64, f64),
    slope: (f64, f64, f64),
    scale: (f64, f64, f64),
    shape: (f64, f64, f64),
    year: (f64, f64),
    seed: u64,
) -> PyResult<(Vec<Bound<'py, PyArray1<f64>>>, Bound<'py, PyArray2<f64>>)> {
    let varying = |(middle, amplitude, lengthscale)| Varying::new(middle, amplitude, lengthscale);
    let wanted = StationMaxima {
        stations,
        lon: (box_[0], box_[1]),
        lat: (box_[2], box_[3]),
        years,
        warming: warming_of(&warming.0, warming.1, warming.2)?,
        gmst_sd: gmst_noise.0,
        gmst_correlation: gmst_noise.1,
        location: varying(location),
        slope: varying(slope),
        scale: varying(scale),
        shape: varying(shape),
        year_amplitude: year.0,
        year_lengthscale: year.1,
    };
    // The fields over the stations have a dense covariance.
    admit(stations, stations.max(wanted.years.len()), "the simulation")?;
    let found = compute(py, || wanted.simulate(seed))?.map_err(part_error)?;
    let at = |column| found.stations.column(column).collect::<Vec<f64>>();
    let columns = [
        at(0),
        at(1),
        found.gmst,
        found.location,
        found.slope,
        found.scale,
        found.shape,
        found.shift,
    ];
    let columns = columns.into_iter().map(|c| c.into_pyarray(py)).collect();
    Ok((columns, shaped(py, found.observations, stations, wanted.years.len())))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(extremes_return, module)?)?;
    module.add_function(wrap_pyfunction!(extremes_over_years, module)?)?;
    module.add_function(wrap_pyfunction!(extremes_block_maxima, module)?)?;
    module.add_function(wrap_pyfunction!(extremes_year_blocks, module)?)?;
    module.add_function(wrap_pyfunction!(extremes_threshold, module)?)?;
    module.add_function(wrap_pyfunction!(extremes_decluster, module)?)?;
    module.add_function(wrap_pyfunction!(extremes_gmst, module)?)?;
    module.add_function(wrap_pyfunction!(extremes_field, module)?)?;
    module.add_function(wrap_pyfunction!(extremes_simulate, module)?)?;
    module.add_function(wrap_pyfunction!(extremes_observations, module)?)
}
