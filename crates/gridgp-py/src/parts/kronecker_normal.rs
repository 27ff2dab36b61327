//! The multivariate normal distribution on a grid.

use faer::MatRef;
use gridgp::process::kronecker_normal::{Factor, KroneckerNormal as Normal, NoisyConditional};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::arrays::{Entries, array, owned, shaped, slice};
use super::part_error;
use crate::compute::{admit, compute};

/// One factor, as it is known: `("covariance", K, None)`, `("cholesky", L, None)`,
/// `("root", R, None)`, `("eigen", Q, λ)`.
type Given<'py> = (String, PyReadonlyArray2<'py, f64>, Option<PyReadonlyArray1<'py, f64>>);

fn factor(py: Python<'_>, (kind, matrix, values): &Given<'_>) -> PyResult<Factor> {
    let matrix = owned(matrix);
    let (n, k) = matrix.shape();
    match (kind.as_str(), values) {
        ("covariance", _) if n != k => {
            return Err(PyValueError::new_err(format!(
                "a covariance is square, and this one is {n} x {k}"
            )));
        }
        ("covariance", _) => compute(py, || Factor::covariance(matrix.as_ref()))?,
        ("cholesky", _) => compute(py, || Factor::cholesky(matrix))?,
        ("root", _) => compute(py, || Factor::root(matrix))?,
        ("eigen", Some(values)) => {
            let values = slice(values)?;
            if values.len() != k {
                return Err(PyValueError::new_err(format!(
                    "there are {} eigenvalues and {k} eigenvectors",
                    values.len()
                )));
            }
            compute(py, || Factor::eigen(values, matrix.as_ref()))?
        }
        _ => return Err(PyValueError::new_err(format!("a factor cannot be given as {kind:?}"))),
    }
    .map_err(part_error)
}

/// Draws or values, one a row, as the columns of a matrix.
fn as_columns<'a>(entries: &'a Entries<'_>) -> MatRef<'a, f64> {
    entries.matrix().transpose()
}

fn check_width(x: MatRef<'_, f64>, size: usize) -> PyResult<()> {
    if x.nrows() == size {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "a value has {} numbers, but the distribution has {size} points",
        x.nrows()
    )))
}

/// N(μ, K₁ ⊗ K₂ ⊗ … + σ² I).
#[pyclass(frozen, module = "gridgp._core")]
pub struct KroneckerNormal(Normal);

#[pymethods]
impl KroneckerNormal {
    #[new]
    fn new(
        py: Python<'_>,
        mean: PyReadonlyArray1<'_, f64>,
        factors: Vec<Given<'_>>,
        noise_sd: f64,
    ) -> PyResult<Self> {
        let mean = slice(&mean)?.to_vec();
        let factors = factors.iter().map(|f| factor(py, f)).collect::<PyResult<Vec<_>>>()?;
        let normal = compute(py, || Normal::new(mean, factors, noise_sd))?;
        normal.map(Self).map_err(part_error)
    }

    #[getter]
    fn shape(&self) -> Vec<usize> {
        self.0.shape()
    }

    #[getter]
    fn rank(&self) -> usize {
        self.0.rank()
    }

    #[getter]
    fn noise_sd(&self) -> f64 {
        self.0.sigma()
    }

    #[getter]
    fn log_det(&self) -> f64 {
        self.0.log_det()
    }

    fn mean<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.mean().to_vec().into_pyarray(py)
    }

    fn variance<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(compute(py, || self.0.variance())?.into_pyarray(py))
    }

    fn entropy(&self, py: Python<'_>) -> PyResult<f64> {
        compute(py, || self.0.entropy())
    }

    /// The covariance of an axis.
    fn factor<'py>(&self, py: Python<'py>, axis: usize) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let factor = self.0.factors().get(axis);
        let factor = factor.ok_or_else(|| {
            PyValueError::new_err(format!(
                "there is no axis {axis}: there are {}, counted from 0",
                self.0.factors().len()
            ))
        })?;
        Ok(array(py, compute(py, || factor.to_dense())?.as_ref()))
    }

    fn logpdf<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'_, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let entries = Entries::of(&x);
        let x = as_columns(&entries);
        check_width(x, self.0.size())?;
        Ok(compute(py, || self.0.log_prob(x))?.into_pyarray(py))
    }

    /// Σ logpdf and its derivatives: of the values, the mean, σ and the covariance of each axis.
    #[allow(clippy::type_complexity)]
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'_, f64>,
    ) -> PyResult<(
        Bound<'py, PyArray2<f64>>,
        Bound<'py, PyArray1<f64>>,
        f64,
        Vec<Bound<'py, PyArray2<f64>>>,
    )> {
        let entries = Entries::of(&x);
        let x = as_columns(&entries);
        check_width(x, self.0.size())?;
        let found = compute(py, || self.0.log_prob_vjp(x, &vec![1.0; x.ncols()]))?;
        let factors = found.factors.iter().map(|f| array(py, f.as_ref())).collect();
        let value = array(py, found.value.transpose());
        Ok((value, found.mean.into_pyarray(py), found.sigma, factors))
    }

    /// Draws, one a row.
    fn rvs<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        seed: u64,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let n = self.0.size();
        admit(count, n, "the draws")?;
        let draws = compute(py, || {
            let mut sampler = self.0.sampler(seed);
            let mut draws = vec![0.0; count * n];
            for (draw, out) in draws.chunks_exact_mut(n).enumerate() {
                sampler.sample_into(draw as u64, out);
            }
            draws
        });
        Ok(shaped(py, draws?, count, n))
    }

    fn kl_divergence(&self, py: Python<'_>, other: &Self) -> PyResult<f64> {
        compute(py, || self.0.kl_divergence(&other.0))?.map_err(part_error)
    }

    fn marginal(&self, py: Python<'_>, axis: usize, points: Vec<usize>) -> PyResult<Self> {
        compute(py, || self.0.marginal(axis, &points))?.map(Self).map_err(part_error)
    }

    fn conditional(
        &self,
        py: Python<'_>,
        axis: usize,
        points: Vec<usize>,
        values: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<Self> {
        let values = slice(&values)?;
        compute(py, || self.0.conditional(axis, &points, values))?.map(Self).map_err(part_error)
    }

    fn conditional_with_noise(
        &self,
        py: Python<'_>,
        axis: usize,
        points: Vec<usize>,
        values: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<NoisyKroneckerNormal> {
        let values = slice(&values)?;
        let found = compute(py, || self.0.conditional_with_noise(axis, &points, values))?;
        found.map(NoisyKroneckerNormal).map_err(part_error)
    }
}

/// The rest of a Kronecker normal, given noisy values of some points of an axis.
#[pyclass(frozen, module = "gridgp._core")]
pub struct NoisyKroneckerNormal(NoisyConditional);

#[pymethods]
impl NoisyKroneckerNormal {
    #[getter]
    fn shape(&self) -> Vec<usize> {
        self.0.shape()
    }

    #[getter]
    fn noise_sd(&self) -> f64 {
        self.0.sigma()
    }

    #[getter]
    fn log_det(&self) -> f64 {
        self.0.log_det()
    }

    fn mean<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.mean().to_vec().into_pyarray(py)
    }

    fn variance<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(compute(py, || self.0.variance())?.into_pyarray(py))
    }

    fn entropy(&self, py: Python<'_>) -> PyResult<f64> {
        compute(py, || self.0.entropy())
    }

    fn logpdf<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'_, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let entries = Entries::of(&x);
        let x = as_columns(&entries);
        check_width(x, self.0.size())?;
        Ok(compute(py, || self.0.log_prob(x))?.into_pyarray(py))
    }

    fn rvs<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        seed: u64,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        // The draws, and the same in the order of NumPy.
        admit(count, 2 * self.0.mean().len(), "the draws")?;
        let draws = compute(py, || self.0.sample(count, seed))?;
        Ok(array(py, draws.transpose()))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<KroneckerNormal>()?;
    module.add_class::<NoisyKroneckerNormal>()
}
