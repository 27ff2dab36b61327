//! Likelihood families as distributions, over arrays that broadcast.
//!
//! Python brings every array to one flat shape: n numbers, or one number for all. The loops run on
//! all cores, in blocks; every number is computed alone, so the blocks do not matter.

use gridgp::likelihood::{Family, Likelihood, MAX_PARAMETERS};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::arrays::slice;
use crate::compute::{admit, compute};

/// Fewer numbers than this are not worth a second thread.
const BLOCK: usize = 2048;

fn family(name: &str) -> PyResult<Family> {
    Family::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Family::ALL.iter().map(|(n, _)| *n).collect();
        PyKeyError::new_err(format!("there is no family {name:?} (known: {})", known.join(", ")))
    })
}

/// The columns of parameters, each n numbers or one for all.
struct Columns<'a>(Vec<&'a [f64]>);

impl<'a> Columns<'a> {
    fn of(family: &Family, arrays: &'a [PyReadonlyArray1<'_, f64>]) -> PyResult<Self> {
        let expected = family.parameters().len();
        if arrays.len() != expected {
            return Err(PyValueError::new_err(format!(
                "{} has {expected} parameters, and {} arrays are given",
                family.name(),
                arrays.len()
            )));
        }
        Ok(Self(arrays.iter().map(slice).collect::<PyResult<_>>()?))
    }

    /// The parameters of number i, and how many they are.
    fn at(&self, i: usize) -> ([f64; MAX_PARAMETERS], usize) {
        let mut p = [0.0; MAX_PARAMETERS];
        for (p, column) in p.iter_mut().zip(&self.0) {
            *p = column[if column.len() == 1 { 0 } else { i }];
        }
        (p, self.0.len())
    }
}

/// f(i, p) for i from 0 to n, in parallel blocks.
fn each(n: usize, columns: &Columns<'_>, f: impl Fn(usize, &[f64]) -> f64 + Sync) -> Vec<f64> {
    let mut out = vec![0.0; n];
    out.par_chunks_mut(BLOCK).enumerate().for_each(|(block, out)| {
        for (k, out) in out.iter_mut().enumerate() {
            let i = block * BLOCK + k;
            let (p, count) = columns.at(i);
            *out = f(i, &p[..count]);
        }
    });
    out
}

/// The names of the families.
#[pyfunction]
fn family_names() -> Vec<&'static str> {
    Family::ALL.iter().map(|(name, _)| *name).collect()
}

/// Formula, support, whether it is discrete, and (name, domain, meaning, whether known) of the
/// parameters.
#[pyfunction]
#[allow(clippy::type_complexity)]
fn family_info(
    name: &str,
) -> PyResult<(&'static str, &'static str, bool, Vec<(&'static str, String, &'static str)>)> {
    let family = family(name)?;
    let info = family.info().expect("built in");
    let parameters = family.parameters().iter();
    let parameters = parameters.map(|p| (p.name, p.domain.to_string(), p.about)).collect();
    Ok((info.formula, info.support, family.is_discrete(), parameters))
}

/// Refuses the first parameter outside of its domain; NaN is not known, and so is what is made of it.
#[pyfunction]
fn family_check(name: &str, parameters: Vec<PyReadonlyArray1<'_, f64>>) -> PyResult<()> {
    let family = family(name)?;
    let columns = Columns::of(&family, &parameters)?;
    for (parameter, column) in family.parameters().iter().zip(&columns.0) {
        let is_outside = |v: &f64| !v.is_nan() && !parameter.domain.contains(*v);
        if let Some(i) = column.iter().position(is_outside) {
            let place = if column.len() > 1 { format!(" at position {i}") } else { String::new() };
            return Err(PyValueError::new_err(format!(
                "the {} of {name} is {}{place}; it must lie in {}",
                parameter.name, column[i], parameter.domain
            )));
        }
    }
    Ok(())
}

/// A function of y (of a probability, for quantiles) and the parameters.
#[pyfunction]
fn family_value<'py>(
    py: Python<'py>,
    name: &str,
    what: &str,
    y: PyReadonlyArray1<'_, f64>,
    parameters: Vec<PyReadonlyArray1<'_, f64>>,
    n: usize,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let family = family(name)?;
    let columns = Columns::of(&family, &parameters)?;
    let y = slice(&y)?;
    let at = |i: usize| y[if y.len() == 1 { 0 } else { i }];
    let values = compute(py, || match what {
        "log_prob" => Some(each(n, &columns, |i, p| family.log_prob(at(i), p))),
        "cdf" => Some(each(n, &columns, |i, p| family.cdf(at(i), p))),
        "sf" => Some(each(n, &columns, |i, p| family.sf(at(i), p))),
        "log_cdf" => Some(each(n, &columns, |i, p| family.log_tails(at(i), p).0)),
        "log_sf" => Some(each(n, &columns, |i, p| family.log_tails(at(i), p).1)),
        "quantile" => Some(each(n, &columns, |i, p| family.quantile(at(i), p))),
        "upper_quantile" => Some(each(n, &columns, |i, p| family.isf(at(i), p))),
        _ => None,
    });
    values?
        .map(|v| v.into_pyarray(py))
        .ok_or_else(|| PyKeyError::new_err(format!("there is no function {what:?} of a family")))
}

/// The log density of each y, and its derivatives with respect to each parameter.
#[pyfunction]
#[allow(clippy::type_complexity)]
fn family_gradient<'py>(
    py: Python<'py>,
    name: &str,
    y: PyReadonlyArray1<'_, f64>,
    parameters: Vec<PyReadonlyArray1<'_, f64>>,
    n: usize,
) -> PyResult<(Bound<'py, PyArray1<f64>>, Vec<Bound<'py, PyArray1<f64>>>)> {
    let family = family(name)?;
    let columns = Columns::of(&family, &parameters)?;
    let y = slice(&y)?;
    let (values, slopes) = compute(py, || {
        let count = columns.0.len();
        let mut slopes = vec![vec![0.0; n]; count];
        let mut values = vec![0.0; n];
        let mut gradient = [0.0; MAX_PARAMETERS];
        for (i, value) in values.iter_mut().enumerate() {
            let (p, count) = columns.at(i);
            let y = y[if y.len() == 1 { 0 } else { i }];
            *value = family.log_prob_gradient(y, &p[..count], &mut gradient[..count]);
            if y.is_nan() || p[..count].iter().any(|v| v.is_nan()) {
                *value = f64::NAN;
                gradient.fill(f64::NAN);
            }
            slopes.iter_mut().zip(&gradient).for_each(|(s, g)| s[i] = *g);
        }
        (values, slopes)
    })?;
    let slopes = slopes.into_iter().map(|s| s.into_pyarray(py)).collect();
    Ok((values.into_pyarray(py), slopes))
}

/// Mean or standard deviation.
#[pyfunction]
fn family_moment<'py>(
    py: Python<'py>,
    name: &str,
    what: &str,
    parameters: Vec<PyReadonlyArray1<'_, f64>>,
    n: usize,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let family = family(name)?;
    let columns = Columns::of(&family, &parameters)?;
    let is_mean = what == "mean";
    let moment = |_, p: &[f64]| if is_mean { family.mean(p) } else { family.sd(p) };
    Ok(compute(py, || each(n, &columns, moment))?.into_pyarray(py))
}

/// n draws from one stream of random numbers.
#[pyfunction]
fn family_sample<'py>(
    py: Python<'py>,
    name: &str,
    parameters: Vec<PyReadonlyArray1<'_, f64>>,
    n: usize,
    seed: u64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let family = family(name)?;
    let columns = Columns::of(&family, &parameters)?;
    admit(n, 1, "the draws")?;
    let values = compute(py, || {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let draw = |i| {
            let (p, count) = columns.at(i);
            family.sample(&mut rng, &p[..count])
        };
        (0..n).map(draw).collect::<Vec<f64>>()
    });
    Ok(values?.into_pyarray(py))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(family_names, module)?)?;
    module.add_function(wrap_pyfunction!(family_info, module)?)?;
    module.add_function(wrap_pyfunction!(family_check, module)?)?;
    module.add_function(wrap_pyfunction!(family_value, module)?)?;
    module.add_function(wrap_pyfunction!(family_gradient, module)?)?;
    module.add_function(wrap_pyfunction!(family_moment, module)?)?;
    module.add_function(wrap_pyfunction!(family_sample, module)?)
}
