//! The class of operators.

use std::sync::{Arc, OnceLock};

use gridgp::linalg::lanczos::Probes;
use gridgp::linalg::{
    BlockDiagonal, Circulant, Dense, Diagonal, Eigen, Factorize, Facts, Identity, Inverse,
    Kronecker, KroneckerIdentity, KroneckerSum, LinearOperator, LogDet, LowRank, LowRankUpdate,
    Masked, Product, Result, Scaled, Solve, Spectral, SquareRoot, Sum, SumKronecker, Toeplitz,
    Transposed, Triangular, cg, lanczos, sample,
};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::algebra_error;
use super::any_operator::{AnyOperator, Exact, Products};
use super::arrays::{Entries, array, filled, owned, slice};
use crate::compute::{admit, compute};

/// An operator with its factorization and root, each made at the first use and kept.
#[pyclass(frozen, module = "gridgp._core")]
pub struct Operator {
    operator: Arc<AnyOperator>,
    exact: OnceLock<Result<Exact>>,
    root: OnceLock<Result<Products>>,
}

impl Operator {
    fn new(operator: AnyOperator) -> Self {
        Self { operator: Arc::new(operator), exact: OnceLock::new(), root: OnceLock::new() }
    }

    fn built(py: Python<'_>, make: impl FnOnce() -> Result<AnyOperator> + Send) -> PyResult<Self> {
        compute(py, make)?.map(Self::new).map_err(algebra_error)
    }

    fn products(products: Products) -> Self {
        Self::new(AnyOperator::Products(products))
    }

    fn exact(&self, py: Python<'_>) -> PyResult<&Exact> {
        kept(py, &self.exact, || self.operator.factorize())
    }

    fn square_root(&self, py: Python<'_>) -> PyResult<&Products> {
        kept(py, &self.root, || self.operator.square_root())
    }

    fn check_rows(&self, what: &str, expected: usize, found: usize) -> PyResult<()> {
        if found == expected {
            return Ok(());
        }
        let (rows, columns) = self.operator.shape();
        Err(PyValueError::new_err(format!(
            "{what} has {found} rows, but the operator is {rows} x {columns} and needs {expected}"
        )))
    }
}

/// What is in `place`, made if it is not there. Two threads may both make it, and one of the two is
/// kept: waiting for each other on threads of one pool they could wait for ever.
fn kept<'a, T: Send>(
    py: Python<'_>,
    place: &'a OnceLock<Result<T>>,
    make: impl FnOnce() -> Result<T> + Send,
) -> PyResult<&'a T> {
    let found = match place.get() {
        Some(found) => found,
        None => {
            let made = compute(py, make)?;
            place.get_or_init(|| made)
        }
    };
    found.as_ref().map_err(|e| algebra_error(e.clone()))
}

fn shared(operators: &[PyRef<'_, Operator>]) -> Vec<Arc<AnyOperator>> {
    operators.iter().map(|o| o.operator.clone()).collect()
}

fn check_nonempty(length: usize, what: &str) -> PyResult<()> {
    if length == 0 {
        return Err(PyValueError::new_err(format!("{what} is empty; it needs at least one entry")));
    }
    Ok(())
}

fn check_square(n: usize, k: usize, what: &str) -> PyResult<()> {
    if n != k {
        return Err(PyValueError::new_err(format!("{what} is {n} x {k}; it must be square")));
    }
    Ok(())
}

#[pymethods]
impl Operator {
    #[staticmethod]
    fn dense(matrix: PyReadonlyArray2<'_, f64>) -> Self {
        Self::new(AnyOperator::Dense(Dense::new(owned(&matrix))))
    }

    #[staticmethod]
    fn diagonal_of(values: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        Ok(Self::new(AnyOperator::Diagonal(Diagonal::new(slice(&values)?.to_vec()))))
    }

    #[staticmethod]
    fn identity(size: usize) -> Self {
        Self::new(AnyOperator::Identity(Identity::new(size)))
    }

    #[staticmethod]
    fn triangular(
        py: Python<'_>,
        matrix: PyReadonlyArray2<'_, f64>,
        upper: bool,
    ) -> PyResult<Self> {
        let matrix = owned(&matrix);
        check_square(matrix.nrows(), matrix.ncols(), "the triangular matrix")?;
        let make = if upper { Triangular::upper } else { Triangular::lower };
        Self::built(py, || Ok(AnyOperator::Triangular(make(matrix))))
    }

    #[staticmethod]
    fn toeplitz(py: Python<'_>, column: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        let column = slice(&column)?;
        check_nonempty(column.len(), "the first column of the Toeplitz matrix")?;
        Self::built(py, || Ok(AnyOperator::Toeplitz(Toeplitz::new(column.to_vec()))))
    }

    #[staticmethod]
    fn circulant(py: Python<'_>, column: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        let column = slice(&column)?;
        check_nonempty(column.len(), "the first column of the circulant matrix")?;
        Self::built(py, || Ok(AnyOperator::Circulant(Circulant::new(column.to_vec()))))
    }

    #[staticmethod]
    fn low_rank(
        py: Python<'_>,
        features: PyReadonlyArray2<'_, f64>,
        core: Option<PyReadonlyArray2<'_, f64>>,
    ) -> PyResult<Self> {
        let features = owned(&features);
        let Some(core) = core.map(|c| owned(&c)) else {
            return Self::built(py, || Ok(AnyOperator::LowRank(LowRank::from_features(features))));
        };
        let r = features.ncols();
        let symmetric =
            core.shape() == (r, r) && (0..r).all(|j| (0..j).all(|i| core[(i, j)] == core[(j, i)]));
        if !symmetric {
            return Err(PyValueError::new_err(format!(
                "the core is {:?}; with {r} features it must be {r} x {r} and symmetric",
                core.shape()
            )));
        }
        Self::built(py, || Ok(AnyOperator::LowRank(LowRank::new(features, core))))
    }

    #[staticmethod]
    fn kronecker(py: Python<'_>, factors: Vec<PyRef<'_, Operator>>) -> PyResult<Self> {
        check_nonempty(factors.len(), "the list of factors")?;
        let factors = shared(&factors);
        let overflows = [0, 1].iter().any(|side| {
            let size = |f: &Arc<AnyOperator>| [f.rows(), f.columns()][*side];
            factors.iter().map(size).try_fold(1_usize, usize::checked_mul).is_none()
        });
        if overflows {
            return Err(PyValueError::new_err(
                "the Kronecker product has more rows or columns than an index can count",
            ));
        }
        Self::built(py, || Ok(AnyOperator::Kronecker(Kronecker::new(factors))))
    }

    #[staticmethod]
    fn kronecker_sum(py: Python<'_>, terms: Vec<PyRef<'_, Operator>>) -> PyResult<Self> {
        let terms = shared(&terms);
        Self::built(py, || KroneckerSum::new(terms).map(AnyOperator::KroneckerSum))
    }

    #[staticmethod]
    fn sum_kronecker(py: Python<'_>, terms: Vec<Vec<PyRef<'_, Operator>>>) -> PyResult<Self> {
        let terms: Vec<_> = terms.iter().map(|factors| shared(factors)).collect();
        Self::built(py, || {
            let terms = terms.into_iter().map(Kronecker::new).collect();
            SumKronecker::new(terms).map(AnyOperator::SumKronecker)
        })
    }

    #[staticmethod]
    fn kronecker_identity(
        py: Python<'_>,
        factors: Vec<PyReadonlyArray2<'_, f64>>,
        scale: f64,
        noise: f64,
    ) -> PyResult<Self> {
        let factors: Vec<_> = factors.iter().map(owned).collect();
        for (a, factor) in factors.iter().enumerate() {
            check_square(factor.nrows(), factor.ncols(), &format!("factor {a}"))?;
        }
        Self::built(py, || {
            let spectral = factors.iter().map(|k| Spectral::new(k.as_ref(), Facts::default()));
            let spectral = spectral.collect::<Result<_>>()?;
            KroneckerIdentity::new(spectral, scale, noise).map(AnyOperator::KroneckerIdentity)
        })
    }

    #[staticmethod]
    fn block_diagonal(py: Python<'_>, blocks: Vec<PyRef<'_, Operator>>) -> PyResult<Self> {
        check_nonempty(blocks.len(), "the list of blocks")?;
        let blocks = shared(&blocks);
        Self::built(py, || Ok(AnyOperator::BlockDiagonal(BlockDiagonal::new(blocks))))
    }

    #[staticmethod]
    fn low_rank_update(
        py: Python<'_>,
        operator: PyRef<'_, Operator>,
        u: PyReadonlyArray2<'_, f64>,
        d: PyReadonlyArray2<'_, f64>,
        v: Option<PyReadonlyArray2<'_, f64>>,
    ) -> PyResult<Self> {
        let (u, d) = (owned(&u), owned(&d));
        let v = v.map_or_else(|| u.clone(), |v| owned(&v));
        let operator = operator.operator.clone();
        Self::built(py, || LowRankUpdate::new(operator, u, d, v).map(AnyOperator::LowRankUpdate))
    }

    #[staticmethod]
    fn masked(py: Python<'_>, operator: PyRef<'_, Operator>, keep: Vec<bool>) -> PyResult<Self> {
        let operator = operator.operator.clone();
        Self::built(py, || Masked::principal(operator, &keep).map(AnyOperator::Masked))
    }

    #[staticmethod]
    fn scaled(scale: f64, operator: PyRef<'_, Operator>) -> PyResult<Self> {
        if !scale.is_finite() {
            return Err(PyValueError::new_err(format!("an operator cannot be scaled by {scale}")));
        }
        Ok(Self::new(AnyOperator::Scaled(Scaled::new(scale, operator.operator.clone()))))
    }

    #[staticmethod]
    fn sum(
        py: Python<'_>,
        left: PyRef<'_, Operator>,
        right: PyRef<'_, Operator>,
    ) -> PyResult<Self> {
        let (left, right) = (left.operator.clone(), right.operator.clone());
        Self::built(py, || Sum::new(left, right).map(AnyOperator::Sum))
    }

    #[staticmethod]
    fn product(
        py: Python<'_>,
        left: PyRef<'_, Operator>,
        right: PyRef<'_, Operator>,
    ) -> PyResult<Self> {
        let (left, right) = (left.operator.clone(), right.operator.clone());
        Self::built(py, || Product::new(left, right).map(AnyOperator::Product))
    }

    fn inverse(&self, py: Python<'_>) -> PyResult<Self> {
        let exact = self.exact(py)?.clone();
        let inverse = compute(py, || Inverse::new(exact))?.map_err(algebra_error)?;
        Ok(Self::new(AnyOperator::Inverse(inverse)))
    }

    fn transpose(&self) -> Self {
        Self::new(AnyOperator::Transposed(Transposed::new(self.operator.clone())))
    }

    #[getter]
    fn shape(&self) -> (usize, usize) {
        self.operator.shape()
    }

    /// A X, or Aᵀ X.
    fn apply<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'_, f64>,
        transpose: bool,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (rows, columns) = self.operator.shape();
        let (from, to) = if transpose { (rows, columns) } else { (columns, rows) };
        let entries = Entries::of(&x);
        let x = entries.matrix();
        self.check_rows("the right-hand side", from, x.nrows())?;
        let fill = |out: faer::MatMut<'_, f64>| {
            if transpose {
                self.operator.apply_transpose_into(x, out);
            } else {
                self.operator.apply_into(x, out);
            }
            Ok(())
        };
        filled(py, to, x.ncols(), fill, algebra_error)
    }

    /// A⁻¹ B, or A⁻ᵀ B.
    fn solve<'py>(
        &self,
        py: Python<'py>,
        rhs: PyReadonlyArray2<'_, f64>,
        transpose: bool,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let entries = Entries::of(&rhs);
        let rhs = entries.matrix();
        self.check_rows("the right-hand side", self.operator.rows(), rhs.nrows())?;
        let exact = self.exact(py)?;
        let fill = |mut out: faer::MatMut<'_, f64>| {
            if transpose {
                out.copy_from(exact.solve_transpose(rhs)?);
                Ok(())
            } else {
                exact.solve_into(rhs, out)
            }
        };
        filled(py, rhs.nrows(), rhs.ncols(), fill, algebra_error)
    }

    /// sign, log |det A|, rank, condition.
    fn log_det(&self, py: Python<'_>) -> PyResult<(f64, f64, usize, f64)> {
        let det = match &*self.operator {
            // Whose determinant needs no solve.
            AnyOperator::LowRank(_) => compute(py, || self.operator.log_det()),
            _ => {
                let exact = self.exact(py)?;
                compute(py, || exact.log_det())
            }
        };
        let det = det?.map_err(algebra_error)?;
        Ok((det.sign, det.log_abs, det.rank, det.condition()))
    }

    fn diagonal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        admit(self.operator.rows(), 1, "the diagonal")?;
        let diagonal = compute(py, || self.operator.main_diagonal())?;
        Ok(diagonal.map_err(algebra_error)?.into_pyarray(py))
    }

    fn trace(&self, py: Python<'_>) -> PyResult<f64> {
        compute(py, || self.operator.sum_of_diagonal())?.map_err(algebra_error)
    }

    /// Eigenvalues, in the order of the columns of the basis.
    fn eigen<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyArray1<f64>>, Self)> {
        let found = compute(py, || self.operator.eigen())?.map_err(algebra_error)?;
        let basis = Self::products(found.basis().clone());
        Ok((found.values().to_vec().into_pyarray(py), basis))
    }

    fn cholesky(&self, py: Python<'_>) -> PyResult<Self> {
        compute(py, || self.operator.cholesky())?.map(Self::new).map_err(algebra_error)
    }

    fn root(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self::products(self.square_root(py)?.clone()))
    }

    /// Draws from N(0, A), one a row.
    fn sample<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        seed: u64,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        admit(count, self.operator.rows(), "the draws")?;
        let root = self.square_root(py)?;
        let fill = |out: faer::MatMut<'_, f64>| {
            sample::draw_into(root, seed, 0, out.transpose_mut());
            Ok(())
        };
        filled(py, count, self.operator.rows(), fill, algebra_error)
    }

    fn to_dense<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (rows, columns) = self.operator.shape();
        admit(rows, columns, "the whole matrix")?;
        Ok(array(py, compute(py, || self.operator.to_dense())?.as_ref()))
    }

    /// The solution, its iterations and its largest relative residual.
    fn cg<'py>(
        &self,
        py: Python<'py>,
        rhs: PyReadonlyArray2<'_, f64>,
        preconditioner: Option<PyRef<'_, Operator>>,
        tolerance: f64,
        max_iterations: usize,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, usize, f64)> {
        let entries = Entries::of(&rhs);
        let rhs = entries.matrix();
        self.check_rows("the right-hand side", self.operator.rows(), rhs.nrows())?;
        let stop = cg::Stop { tolerance, max_iterations };
        let preconditioner = preconditioner.as_deref();
        if let Some(p) = preconditioner {
            self.check_rows("the preconditioner", self.operator.rows(), p.operator.rows())?;
        }
        let solver = preconditioner.map(|p| p.exact(py)).transpose()?;
        let solution = compute(py, || match solver {
            None => cg::solve(&*self.operator, rhs, &Identity::new(rhs.nrows()), stop),
            Some(exact) => cg::solve(&*self.operator, rhs, &**exact, stop),
        });
        let solution = solution?.map_err(algebra_error)?;
        Ok((array(py, solution.x.as_ref()), solution.iterations, solution.residual))
    }

    /// The estimate, its standard error, and what the last step still changed.
    fn lanczos_log_det(
        &self,
        py: Python<'_>,
        probes: usize,
        steps: usize,
        seed: u64,
    ) -> PyResult<(f64, f64, f64)> {
        let probes = Probes { count: probes, steps, seed };
        let none = Identity::new(self.operator.rows());
        let found = compute(py, || lanczos::log_det(&*self.operator, &none, probes))?;
        let found = found.map_err(algebra_error)?;
        Ok((found.log_det, found.standard_error, found.quadrature_change))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Operator>()
}
