//! Kernels as functions of points, with their numbers.

use std::convert::Infallible;

use faer::MatMut;
use gridgp::grid::Points;
use gridgp::kernel::{Covariance, Kernel, KernelOptions};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::arrays::{Entries, array, filled};
use crate::compute::compute;

/// A kernel of points with given coordinates.
#[pyclass(frozen, module = "gridgp._core")]
pub struct KernelFunction {
    pub kernel: Kernel,
    /// Number of coordinates of a point.
    dims: usize,
}

/// The points of an n × p array.
pub fn points(x: &PyReadonlyArray2<'_, f64>, what: &str) -> PyResult<Points> {
    let entries = Entries::of(x);
    let x = entries.matrix();
    let values: Vec<f64> =
        (0..x.nrows()).flat_map(|i| (0..x.ncols()).map(move |j| x[(i, j)])).collect();
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        return Err(PyValueError::new_err(format!(
            "{what} has {} at point {}, coordinate {}; coordinates must be finite",
            values[at],
            at / x.ncols(),
            at % x.ncols()
        )));
    }
    if x.ncols() == 0 {
        return Err(PyValueError::new_err(format!("the points of {what} have no coordinates")));
    }
    Ok(Points::new(values, x.ncols()))
}

impl KernelFunction {
    pub fn check(&self, x: &Points, theta: &[f64], what: &str) -> PyResult<()> {
        if x.dims() != self.dims {
            return Err(PyValueError::new_err(format!(
                "{what} has {} coordinates, but the kernel was made for {}",
                x.dims(),
                self.dims
            )));
        }
        let parameters = self.kernel.parameters();
        if theta.len() != parameters.len() {
            return Err(PyValueError::new_err(format!(
                "the kernel has {} parameters, and {} numbers are given",
                parameters.len(),
                theta.len()
            )));
        }
        for (p, &v) in parameters.iter().zip(theta) {
            if !p.role.admits(v) {
                let must = match p.role.lower_bound() {
                    Some(_) if p.role.admits(0.0) => "not negative".to_owned(),
                    Some(0.0) => "positive".to_owned(),
                    Some(bound) => format!("above {bound}"),
                    None => "a finite number".to_owned(),
                };
                return Err(PyValueError::new_err(format!("{} must be {must}, not {v}", p.name)));
            }
        }
        if let Some(i) = self.kernel.unknown_point(x) {
            return Err(PyValueError::new_err(format!(
                "point {i} of {what} has a label that the kernel does not know"
            )));
        }
        Ok(())
    }
}

#[pymethods]
impl KernelFunction {
    /// A built-in kernel of points with these coordinates.
    #[staticmethod]
    #[pyo3(signature = (name, coordinates, columns, labels, per_coordinate, great_circle, circle, degree, rank))]
    fn built_in(
        py: Python<'_>,
        name: &str,
        coordinates: Vec<String>,
        columns: Option<Vec<usize>>,
        labels: Vec<Vec<String>>,
        per_coordinate: bool,
        great_circle: bool,
        circle: Option<f64>,
        degree: Option<usize>,
        rank: Option<usize>,
    ) -> PyResult<Self> {
        let dims = coordinates.len();
        let options = KernelOptions {
            columns,
            coordinate_names: coordinates,
            labels,
            per_coordinate,
            great_circle,
            circle,
            degree,
            rank,
            ..KernelOptions::default()
        };
        let kernel = compute(py, || Kernel::from_name(name, &options))?;
        let kernel = kernel.map_err(PyValueError::new_err)?;
        Ok(Self { kernel, dims })
    }

    fn plus(&self, other: &Self) -> Self {
        Self { kernel: self.kernel.clone() + other.kernel.clone(), dims: self.dims }
    }

    fn times(&self, other: &Self) -> Self {
        Self { kernel: self.kernel.clone() * other.kernel.clone(), dims: self.dims }
    }

    /// a² k; the amplitude a comes first in θ.
    fn scaled(&self) -> Self {
        Self { kernel: self.kernel.clone().scaled(), dims: self.dims }
    }

    /// Names of θ, in order.
    fn parameters(&self) -> Vec<String> {
        self.kernel.parameters().into_iter().map(|p| p.name).collect()
    }

    fn gram<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'_, f64>,
        theta: Vec<f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let x = points(&x, "x")?;
        self.check(&x, &theta, "x")?;
        let fill = |out: MatMut<'_, f64>| {
            self.kernel.gram(&x, &theta, out);
            Ok::<(), Infallible>(())
        };
        filled(py, x.len(), x.len(), fill, |never| match never {})
    }

    fn cross<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'_, f64>,
        y: PyReadonlyArray2<'_, f64>,
        theta: Vec<f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (x, y) = (points(&x, "x")?, points(&y, "y")?);
        self.check(&x, &theta, "x")?;
        self.check(&y, &theta, "y")?;
        let fill = |out: MatMut<'_, f64>| {
            self.kernel.cross(&x, &y, &theta, out);
            Ok::<(), Infallible>(())
        };
        filled(py, x.len(), y.len(), fill, |never| match never {})
    }

    fn diagonal<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'_, f64>,
        theta: Vec<f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let x = points(&x, "x")?;
        self.check(&x, &theta, "x")?;
        let diagonal = compute(py, || {
            let mut out = vec![0.0; x.len()];
            self.kernel.diagonal(&x, &theta, &mut out);
            out
        });
        Ok(diagonal?.into_pyarray(py))
    }

    /// F with K = F Fᵀ, of kernels of finite rank.
    fn features<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'_, f64>,
        theta: Vec<f64>,
    ) -> PyResult<Option<Bound<'py, PyArray2<f64>>>> {
        let x = points(&x, "x")?;
        self.check(&x, &theta, "x")?;
        let features = compute(py, || self.kernel.features(&x, &theta))?;
        Ok(features.map(|f| array(py, f.as_ref())))
    }

    /// Σᵢⱼ K̄ᵢⱼ ∂Kᵢⱼ/∂θ, one number for each parameter.
    fn gram_vjp<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'_, f64>,
        theta: Vec<f64>,
        gram_bar: PyReadonlyArray2<'_, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let x = points(&x, "x")?;
        self.check(&x, &theta, "x")?;
        let entries = Entries::of(&gram_bar);
        let bar = entries.matrix();
        if bar.shape() != (x.len(), x.len()) {
            return Err(PyValueError::new_err(format!(
                "gram_bar is {:?}, but the Gram matrix of {} points is square of that size",
                bar.shape(),
                x.len()
            )));
        }
        let gradient = compute(py, || {
            // Kernels read parts of it, so it must be symmetric.
            let bar =
                faer::Mat::from_fn(x.len(), x.len(), |i, j| 0.5 * (bar[(i, j)] + bar[(j, i)]));
            let mut gradient = vec![0.0; theta.len()];
            self.kernel.gram_vjp(&x, &theta, bar.as_ref(), &mut gradient);
            gradient
        });
        Ok(gradient?.into_pyarray(py))
    }

    #[getter]
    fn is_stationary(&self) -> bool {
        self.kernel.is_stationary()
    }

    #[getter]
    fn has_unit_diagonal(&self) -> bool {
        self.kernel.has_unit_diagonal()
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<KernelFunction>()
}
