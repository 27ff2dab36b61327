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

    fn products(products: Products) -> Self {
        Self::new(AnyOperator::Products(products))
    }

    fn exact(&self) -> Result<&Exact> {
        self.exact.get_or_init(|| self.operator.factorize()).as_ref().map_err(Clone::clone)
    }

    fn square_root(&self) -> Result<&Products> {
        self.root.get_or_init(|| self.operator.square_root()).as_ref().map_err(Clone::clone)
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
    fn triangular(matrix: PyReadonlyArray2<'_, f64>, upper: bool) -> PyResult<Self> {
        let matrix = owned(&matrix);
        check_square(matrix.nrows(), matrix.ncols(), "the triangular matrix")?;
        let triangular = if upper { Triangular::upper(matrix) } else { Triangular::lower(matrix) };
        Ok(Self::new(AnyOperator::Triangular(triangular)))
    }

    #[staticmethod]
    fn toeplitz(column: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        let column = slice(&column)?;
        check_nonempty(column.len(), "the first column of the Toeplitz matrix")?;
        Ok(Self::new(AnyOperator::Toeplitz(Toeplitz::new(column.to_vec()))))
    }

    #[staticmethod]
    fn circulant(column: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        let column = slice(&column)?;
        check_nonempty(column.len(), "the first column of the circulant matrix")?;
        Ok(Self::new(AnyOperator::Circulant(Circulant::new(column.to_vec()))))
    }

    #[staticmethod]
    fn low_rank(
        features: PyReadonlyArray2<'_, f64>,
        core: Option<PyReadonlyArray2<'_, f64>>,
    ) -> PyResult<Self> {
        let features = owned(&features);
        let Some(core) = core.map(|c| owned(&c)) else {
            return Ok(Self::new(AnyOperator::LowRank(LowRank::from_features(features))));
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
        Ok(Self::new(AnyOperator::LowRank(LowRank::new(features, core))))
    }

    #[staticmethod]
    fn kronecker(factors: Vec<PyRef<'_, Operator>>) -> PyResult<Self> {
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
        Ok(Self::new(AnyOperator::Kronecker(Kronecker::new(factors))))
    }

    #[staticmethod]
    fn kronecker_sum(terms: Vec<PyRef<'_, Operator>>) -> PyResult<Self> {
        let sum = KroneckerSum::new(shared(&terms)).map_err(algebra_error)?;
        Ok(Self::new(AnyOperator::KroneckerSum(sum)))
    }

    #[staticmethod]
    fn sum_kronecker(terms: Vec<Vec<PyRef<'_, Operator>>>) -> PyResult<Self> {
        let terms = terms.iter().map(|factors| Kronecker::new(shared(factors))).collect();
        let sum = SumKronecker::new(terms).map_err(algebra_error)?;
        Ok(Self::new(AnyOperator::SumKronecker(sum)))
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
        let operator = py.detach(|| {
            let spectral = factors.iter().map(|k| Spectral::new(k.as_ref(), Facts::default()));
            KroneckerIdentity::new(spectral.collect::<Result<_>>()?, scale, noise)
        });
        Ok(Self::new(AnyOperator::KroneckerIdentity(operator.map_err(algebra_error)?)))
    }

    #[staticmethod]
    fn block_diagonal(blocks: Vec<PyRef<'_, Operator>>) -> PyResult<Self> {
        check_nonempty(blocks.len(), "the list of blocks")?;
        Ok(Self::new(AnyOperator::BlockDiagonal(BlockDiagonal::new(shared(&blocks)))))
    }

    #[staticmethod]
    fn low_rank_update(
        operator: PyRef<'_, Operator>,
        u: PyReadonlyArray2<'_, f64>,
        d: PyReadonlyArray2<'_, f64>,
        v: Option<PyReadonlyArray2<'_, f64>>,
    ) -> PyResult<Self> {
        let (u, d) = (owned(&u), owned(&d));
        let v = v.map_or_else(|| u.clone(), |v| owned(&v));
        let update = LowRankUpdate::new(operator.operator.clone(), u, d, v);
        Ok(Self::new(AnyOperator::LowRankUpdate(update.map_err(algebra_error)?)))
    }

    #[staticmethod]
    fn masked(operator: PyRef<'_, Operator>, keep: Vec<bool>) -> PyResult<Self> {
        let masked = Masked::principal(operator.operator.clone(), &keep);
        Ok(Self::new(AnyOperator::Masked(masked.map_err(algebra_error)?)))
    }

    #[staticmethod]
    fn scaled(scale: f64, operator: PyRef<'_, Operator>) -> PyResult<Self> {
        if !scale.is_finite() {
            return Err(PyValueError::new_err(format!("an operator cannot be scaled by {scale}")));
        }
        Ok(Self::new(AnyOperator::Scaled(Scaled::new(scale, operator.operator.clone()))))
    }

    #[staticmethod]
    fn sum(left: PyRef<'_, Operator>, right: PyRef<'_, Operator>) -> PyResult<Self> {
        let sum = Sum::new(left.operator.clone(), right.operator.clone());
        Ok(Self::new(AnyOperator::Sum(sum.map_err(algebra_error)?)))
    }

    #[staticmethod]
    fn product(left: PyRef<'_, Operator>, right: PyRef<'_, Operator>) -> PyResult<Self> {
        let product = Product::new(left.operator.clone(), right.operator.clone());
        Ok(Self::new(AnyOperator::Product(product.map_err(algebra_error)?)))
    }

    fn inverse(&self, py: Python<'_>) -> PyResult<Self> {
        let inverse = py.detach(|| Inverse::new(self.exact()?.clone()));
        Ok(Self::new(AnyOperator::Inverse(inverse.map_err(algebra_error)?)))
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
        let fill = |mut out: faer::MatMut<'_, f64>| {
            let exact = self.exact()?;
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
        let det = py.detach(|| match self.exact.get() {
            Some(Ok(exact)) => exact.log_det(),
            _ => match &*self.operator {
                // Whose determinant needs no solve.
                AnyOperator::LowRank(_) => self.operator.log_det(),
                _ => self.exact().and_then(|exact| exact.log_det()),
            },
        });
        let det = det.map_err(algebra_error)?;
        Ok((det.sign, det.log_abs, det.rank, det.condition()))
    }

    fn diagonal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let diagonal = py.detach(|| self.operator.main_diagonal());
        Ok(diagonal.map_err(algebra_error)?.into_pyarray(py))
    }

    fn trace(&self, py: Python<'_>) -> PyResult<f64> {
        py.detach(|| self.operator.sum_of_diagonal()).map_err(algebra_error)
    }

    /// Eigenvalues, in the order of the columns of the basis.
    fn eigen<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyArray1<f64>>, Self)> {
        let found = py.detach(|| self.operator.eigen()).map_err(algebra_error)?;
        let basis = Self::products(found.basis().clone());
        Ok((found.values().to_vec().into_pyarray(py), basis))
    }

    fn cholesky(&self, py: Python<'_>) -> PyResult<Self> {
        py.detach(|| self.operator.cholesky()).map(Self::new).map_err(algebra_error)
    }

    fn root(&self, py: Python<'_>) -> PyResult<Self> {
        let root = py.detach(|| self.square_root().cloned()).map_err(algebra_error)?;
        Ok(Self::products(root))
    }

    /// Draws from N(0, A), one a row.
    fn sample<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        seed: u64,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let fill = |out: faer::MatMut<'_, f64>| {
            sample::draw_into(self.square_root()?, seed, 0, out.transpose_mut());
            Ok(())
        };
        filled(py, count, self.operator.rows(), fill, algebra_error)
    }

    fn to_dense<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f64>> {
        let dense = py.detach(|| self.operator.to_dense());
        array(py, dense.as_ref())
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
        let solution = py.detach(|| match preconditioner {
            None => cg::solve(&*self.operator, rhs, &Identity::new(rhs.nrows()), stop),
            Some(p) => cg::solve(&*self.operator, rhs, &**p.exact()?, stop),
        });
        let solution = solution.map_err(algebra_error)?;
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
        let found = py.detach(|| lanczos::log_det(&*self.operator, &none, probes));
        let found = found.map_err(algebra_error)?;
        Ok((found.log_det, found.standard_error, found.quadrature_change))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Operator>()
}
