//! Arrays of NumPy as matrices, without a copy where they lie in one piece.

use faer::{Mat, MatMut, MatRef};
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray2, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::compute::{admit, compute};

/// The entries of a two-dimensional array: borrowed if they lie in one piece, else copied.
pub enum Entries<'a> {
    Rows(&'a [f64], [usize; 2]),
    Columns(&'a [f64], [usize; 2]),
    Copied(Vec<f64>, [usize; 2]),
}

impl<'a> Entries<'a> {
    pub fn of(array: &'a PyReadonlyArray2<'_, f64>) -> Self {
        let shape = [array.shape()[0], array.shape()[1]];
        match array.as_slice() {
            Ok(slice) if array.is_c_contiguous() => Self::Rows(slice, shape),
            Ok(slice) if array.is_fortran_contiguous() => Self::Columns(slice, shape),
            _ => Self::Copied(array.as_array().iter().copied().collect(), shape),
        }
    }

    pub fn matrix(&self) -> MatRef<'_, f64> {
        match self {
            Self::Rows(slice, [n, k]) => MatRef::from_row_major_slice(slice, *n, *k),
            Self::Columns(slice, [n, k]) => MatRef::from_column_major_slice(slice, *n, *k),
            Self::Copied(vec, [n, k]) => MatRef::from_row_major_slice(vec, *n, *k),
        }
    }
}

/// A matrix of its own, with the entries of an array.
pub fn owned(array: &PyReadonlyArray2<'_, f64>) -> Mat<f64> {
    Entries::of(array).matrix().to_owned()
}

/// The numbers of a one-dimensional array, which the Python side has made contiguous.
pub fn slice<'a>(array: &'a PyReadonlyArray1<'_, f64>) -> PyResult<&'a [f64]> {
    array
        .as_slice()
        .map_err(|_| PyValueError::new_err("the array is not contiguous; use np.ascontiguousarray"))
}

/// A new n × k array, filled by `fill` from zeros without the GIL; an error if it does not fit into
/// memory.
pub fn filled<'py, E: Send>(
    py: Python<'py>,
    n: usize,
    k: usize,
    fill: impl FnOnce(MatMut<'_, f64>) -> Result<(), E> + Send,
    error: impl FnOnce(E) -> PyErr,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    admit(n, k, "the result")?;
    let filled = compute(py, move || {
        let mut values = vec![0.0; n * k];
        fill(MatMut::from_row_major_slice_mut(&mut values, n, k)).map(|()| values)
    });
    Ok(shaped(py, filled?.map_err(error)?, n, k))
}

/// Row-major numbers as an n × k array that owns them.
pub fn shaped(py: Python<'_>, values: Vec<f64>, n: usize, k: usize) -> Bound<'_, PyArray2<f64>> {
    Array2::from_shape_vec((n, k), values).expect("n k numbers").into_pyarray(py)
}

/// A matrix as an array.
pub fn array<'py>(py: Python<'py>, matrix: MatRef<'_, f64>) -> Bound<'py, PyArray2<f64>> {
    let (n, k) = matrix.shape();
    Array2::from_shape_fn((n, k), |(i, j)| matrix[(i, j)]).into_pyarray(py)
}
