//! Kronecker products of any number of factors.

use std::ops::Range;

use faer::{MatMut, MatRef};

use crate::diagonalized::Diagonalized;
use crate::inverse::Inverse;
use crate::operator::{
    Eigen, Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot, check_square,
};
use crate::product::Product;
use crate::{Error, LogDeterminant, Result};

/// A₁ ⊗ A₂ ⊗ … , the last factor's index running fastest.
///
/// Factors may be rectangular and of any one operator type; mix types with boxes or references,
/// `Kronecker<Box<dyn LinearOperator>>`. What the factors can do, the product can do, each time as
/// a Kronecker product again: the root is ⊗Rₐ, the inverse ⊗Aₐ⁻¹, the eigenbasis ⊗Qₐ. For square
/// factors a product costs N Σnₐ operations a column, N = ∏nₐ, and nothing of size N × N exists.
///
/// ```
/// use faer::mat;
/// use gridgp_linalg::{Dense, Entries, Factorize, Kronecker, LinearOperator, LogDet, Solve};
/// let a = Dense::new(mat![[2.0, 1.0], [1.0, 2.0]]);
/// let k = Kronecker::new(vec![a.clone(), a.clone(), a]);
/// assert_eq!(k.shape(), (8, 8));
/// assert_eq!(k.trace(), 64.0);
/// let k = k.factorize()?; // a Kronecker product of Cholesky factorizations
/// assert!((k.log_det()?.log_abs - 12.0 * 3.0_f64.ln()).abs() < 1e-12);
/// let b = faer::Mat::full(8, 1, 27.0);
/// assert!((k.solve(b.as_ref())? - faer::Mat::full(8, 1, 1.0)).norm_max() < 1e-14);
/// # Ok::<(), gridgp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Kronecker<T> {
    factors: Vec<T>,
}

impl<T: LinearOperator> Kronecker<T> {
    /// The product of `factors`, slowest axis first. None at all make the 1 × 1 identity.
    ///
    /// # Panics
    /// If the number of rows or columns overflows.
    pub fn new(factors: Vec<T>) -> Self {
        let product =
            |size: fn(&T) -> usize| factors.iter().map(size).try_fold(1_usize, usize::checked_mul);
        assert!(
            product(T::rows).is_some() && product(T::columns).is_some(),
            "the Kronecker product has more rows or columns than an index can count"
        );
        Self { factors }
    }

    /// The product of Kronecker products, as one product of all of their factors.
    pub fn flatten(products: impl IntoIterator<Item = Self>) -> Self {
        Self::new(products.into_iter().flat_map(|k| k.factors).collect())
    }

    /// The factors, slowest axis first.
    pub fn factors(&self) -> &[T] {
        &self.factors
    }

    /// The factors, taken out.
    pub fn into_factors(self) -> Vec<T> {
        self.factors
    }

    /// ⊗ f(Aₐ).
    pub fn map<U: LinearOperator>(self, f: impl FnMut(T) -> U) -> Kronecker<U> {
        Kronecker::new(self.factors.into_iter().map(f).collect())
    }

    /// (⊗Aₐ)(⊗Bₐ) = ⊗(Aₐ Bₐ).
    ///
    /// # Errors
    /// [`Error::Structure`] if the factors do not match one by one.
    pub fn multiply<U: LinearOperator>(
        self,
        other: Kronecker<U>,
    ) -> Result<Kronecker<Product<T, U>>> {
        let (a, b) = (self.factors.len(), other.factors.len());
        if a != b {
            return Err(Error::Structure(format!(
                "Kronecker products of {a} and {b} factors do not multiply factor by factor; \
                 use Product"
            )));
        }
        let factors = self.factors.into_iter().zip(other.factors);
        Ok(Kronecker::new(factors.map(|(a, b)| Product::new(a, b)).collect::<Result<_>>()?))
    }

    /// (⊗Aₐ)⁻¹ = ⊗Aₐ⁻¹.
    ///
    /// # Errors
    /// [`Error::Singular`] or [`Error::Structure`] if a factor has no inverse.
    pub fn inverse(self) -> Result<Kronecker<Inverse<T>>>
    where
        T: Solve + LogDet,
    {
        Ok(Kronecker::new(self.factors.into_iter().map(Inverse::new).collect::<Result<_>>()?))
    }

    fn sizes(&self, size: fn(&T) -> usize) -> Vec<usize> {
        self.factors.iter().map(size).collect()
    }

    fn try_map<U>(&self, f: impl FnMut(&T) -> Result<U>) -> Result<Kronecker<U>>
    where
        U: LinearOperator,
    {
        Ok(Kronecker::new(self.factors.iter().map(f).collect::<Result<_>>()?))
    }
}

/// Applies one operator along each axis of the tensors in the columns of `x`.
///
/// `step(axis, x, left, right, out)` is the mode product of an axis; `from` and `to` are the
/// lengths of the axes before and after. Columns are taken in blocks that stay in cache where
/// they can, as one tensor with the batch as its slowest axis.
pub(crate) fn for_each_mode(
    from: &[usize],
    to: &[usize],
    x: MatRef<'_, f64>,
    mut out: MatMut<'_, f64>,
    mut step: impl FnMut(usize, &[f64], usize, usize, &mut [f64]) -> Result<()>,
) -> Result<()> {
    let axes = shrinking_first(from, to);
    let mut shape = from.to_vec();
    let mut largest: usize = shape.iter().product();
    for &axis in &axes {
        shape[axis] = to[axis];
        largest = largest.max(shape.iter().product());
    }
    if x.ncols() == 0 || out.nrows() == 0 {
        return Ok(());
    }
    // 2^17 numbers are 1 MiB: two buffers of this size stay in the second-level cache.
    let batch = ((1 << 17) / largest.max(1)).clamp(1, x.ncols());
    let mut now = vec![0.0; largest * batch];
    let mut next = vec![0.0; largest * batch];
    for first in (0..x.ncols()).step_by(batch) {
        let columns = first..(first + batch).min(x.ncols());
        let count = columns.len();
        // A single tensor that lies in one piece is read and written where it is.
        let single = count == 1 && !axes.is_empty();
        let given = if single { x.col(first).try_as_col_major() } else { None };
        let taken = single && out.as_ref().col(first).try_as_col_major().is_some();
        if given.is_none() {
            gather(x, columns.clone(), &mut now);
        }
        shape.copy_from_slice(from);
        for (done, &axis) in axes.iter().enumerate() {
            let left = count * shape[..axis].iter().product::<usize>();
            let right: usize = shape[axis + 1..].iter().product();
            let source = given.filter(|_| done == 0).map_or(&now[..], |x| x.as_slice());
            let source = &source[..left * from[axis] * right];
            if taken && done + 1 == axes.len() {
                let column = out.as_mut().col_mut(first).try_as_col_major_mut();
                let target = column.expect("was looked at above").as_slice_mut();
                step(axis, source, left, right, target)?;
            } else {
                step(axis, source, left, right, &mut next[..left * to[axis] * right])?;
                std::mem::swap(&mut now, &mut next);
            }
            shape[axis] = to[axis];
        }
        if !taken {
            scatter(&now, columns, out.as_mut());
        }
    }
    Ok(())
}

/// The axes in an order that keeps the intermediate tensors small.
fn shrinking_first(from: &[usize], to: &[usize]) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..from.len()).collect();
    let growth = |a: &usize| to[*a] as f64 / from[*a].max(1) as f64;
    axes.sort_by(|a, b| growth(a).total_cmp(&growth(b)));
    axes
}

fn gather(x: MatRef<'_, f64>, columns: Range<usize>, buffer: &mut [f64]) {
    let n = x.nrows();
    if n == 0 {
        return;
    }
    for (j, target) in columns.zip(buffer.chunks_exact_mut(n)) {
        match x.col(j).try_as_col_major() {
            Some(column) => target.copy_from_slice(column.as_slice()),
            None => target.iter_mut().zip(x.col(j).iter()).for_each(|(t, x)| *t = *x),
        }
    }
}

fn scatter(buffer: &[f64], columns: Range<usize>, mut out: MatMut<'_, f64>) {
    let n = out.nrows();
    if n == 0 {
        return;
    }
    for (j, source) in columns.zip(buffer.chunks_exact(n)) {
        match out.as_mut().col_mut(j).try_as_col_major_mut() {
            Some(column) => column.as_slice_mut().copy_from_slice(source),
            None => {
                out.as_mut().col_mut(j).iter_mut().zip(source).for_each(|(out, x)| *out = *x);
            }
        }
    }
}

impl<T: LinearOperator> LinearOperator for Kronecker<T> {
    fn shape(&self) -> (usize, usize) {
        (self.sizes(T::rows).iter().product(), self.sizes(T::columns).iter().product())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        let (from, to) = (self.sizes(T::columns), self.sizes(T::rows));
        for_each_mode(&from, &to, x, out, |axis, x, left, right, out| {
            self.factors[axis].apply_along(x, left, right, out);
            Ok(())
        })
        .expect("a product does not fail");
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        let (from, to) = (self.sizes(T::rows), self.sizes(T::columns));
        for_each_mode(&from, &to, x, out, |axis, x, left, right, out| {
            self.factors[axis].apply_transpose_along(x, left, right, out);
            Ok(())
        })
        .expect("a product does not fail");
    }
}

impl<T: Entries> Entries for Kronecker<T> {
    fn entry(&self, mut row: usize, mut column: usize) -> f64 {
        let mut product = 1.0;
        for factor in self.factors.iter().rev() {
            let (rows, columns) = factor.shape();
            product *= factor.entry(row % rows, column % columns);
            row /= rows;
            column /= columns;
        }
        assert!(row == 0 && column == 0, "the position is outside of the operator");
        product
    }

    fn diagonal(&self) -> Vec<f64> {
        if self.factors.iter().all(|f| f.rows() == f.columns()) {
            return kronecker_of_vectors(self.factors.iter().map(|f| f.diagonal()));
        }
        (0..self.rows().min(self.columns())).map(|i| self.entry(i, i)).collect()
    }

    fn trace(&self) -> f64 {
        if self.factors.iter().all(|f| f.rows() == f.columns()) {
            return self.factors.iter().map(T::trace).product();
        }
        assert_eq!(self.rows(), self.columns(), "only a square operator has a trace");
        self.diagonal().iter().sum()
    }
}

/// v₁ ⊗ v₂ ⊗ …
pub(crate) fn kronecker_of_vectors<V: AsRef<[f64]>>(
    vectors: impl IntoIterator<Item = V>,
) -> Vec<f64> {
    vectors.into_iter().fold(vec![1.0], |product, v| {
        product.iter().flat_map(|&p| v.as_ref().iter().map(move |v| p * v)).collect()
    })
}

impl<T: Solve> Kronecker<T> {
    fn check_factors_square(&self) -> Result<()> {
        self.factors.iter().try_for_each(|f| check_square(f.shape(), "solved"))
    }
}

impl<T: Solve> Solve for Kronecker<T> {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.check_factors_square()?;
        let sizes = self.sizes(T::rows);
        for_each_mode(&sizes, &sizes, rhs, out, |axis, x, left, right, out| {
            self.factors[axis].solve_along(x, left, right, out)
        })
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.check_factors_square()?;
        let sizes = self.sizes(T::rows);
        for_each_mode(&sizes, &sizes, rhs, out, |axis, x, left, right, out| {
            self.factors[axis].solve_transpose_along(x, left, right, out)
        })
    }
}

impl<T: LogDet> LogDet for Kronecker<T> {
    /// Σ (N/nₐ) log |det Aₐ|: every digit of the factors' determinants is kept, where a dense
    /// factorization of the product loses all of them.
    fn log_det(&self) -> Result<LogDeterminant> {
        let one = LogDeterminant::of_values([1.0], 0.0);
        self.factors.iter().try_fold(one, |det, f| Ok(det.kronecker(f.log_det()?)))
    }
}

impl<T: Factorize> Factorize for Kronecker<T> {
    type Factor = Kronecker<T::Factor>;

    fn factorize(&self) -> Result<Self::Factor> {
        self.try_map(T::factorize)
    }
}

impl<T: SquareRoot> SquareRoot for Kronecker<T> {
    type Root = Kronecker<T::Root>;

    fn square_root(&self) -> Result<Self::Root> {
        self.try_map(T::square_root)
    }
}

impl<T: Eigen> Eigen for Kronecker<T>
where
    T::Basis: Clone,
{
    type Basis = Kronecker<T::Basis>;

    /// Eigenvalues ⊗λₐ; the basis stays a Kronecker product.
    fn eigen(&self) -> Result<Diagonalized<Self::Basis>> {
        let factors: Vec<_> = self.factors.iter().map(T::eigen).collect::<Result<_>>()?;
        let values = kronecker_of_vectors(factors.iter().map(|f| f.values()));
        let basis = Kronecker::new(factors.iter().map(|f| f.basis().clone()).collect());
        Ok(Diagonalized::orthonormal(basis, values))
    }
}
