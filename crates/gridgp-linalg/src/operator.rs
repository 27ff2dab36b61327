//! The traits: what an operator can do.
//!
//! An operator writes its shape and two products; everything else of [`LinearOperator`] follows.
//! Each further ability is a small trait of its own, and an operator without an exact structured
//! route to it lacks the `impl`. Right-hand sides come in batches: the columns of a matrix. A
//! vector is a matrix of one column.

use faer::{Mat, MatMut, MatRef};

use crate::diagonalized::Diagonalized;
use crate::{Error, Result, sample};

/// A matrix that is known by its products.
///
/// Write [`shape`](Self::shape), [`apply_unchecked`](Self::apply_unchecked) and
/// [`apply_transpose_unchecked`](Self::apply_transpose_unchecked); the rest follows. Dimensions
/// are checked in the methods that callers use, so an implementation need not look at them.
///
/// ```
/// use faer::{Mat, MatMut, MatRef, mat};
/// use gridgp_linalg::LinearOperator;
///
/// /// Reverses a vector.
/// struct Flip(usize);
///
/// impl LinearOperator for Flip {
///     fn shape(&self) -> (usize, usize) {
///         (self.0, self.0)
///     }
///     fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
///         out.copy_from(x.reverse_rows());
///     }
///     fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
///         self.apply_unchecked(x, out);
///     }
/// }
///
/// let x: Mat<f64> = mat![[1.0], [2.0], [4.0]];
/// assert_eq!(Flip(3).apply(x.as_ref()), mat![[4.0], [2.0], [1.0]]);
/// assert_eq!(Flip(3).quadratic_form(x.as_ref()), [12.0]);
/// ```
pub trait LinearOperator {
    /// Number of rows, number of columns.
    fn shape(&self) -> (usize, usize);

    /// out = A X, shapes already checked. X and `out` may have any strides.
    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>);

    /// out = Aᵀ X, shapes already checked. X and `out` may have any strides.
    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>);

    /// Number of rows.
    fn rows(&self) -> usize {
        self.shape().0
    }

    /// Number of columns.
    fn columns(&self) -> usize {
        self.shape().1
    }

    /// out = A X, for X of shape (columns, batch) and `out` of shape (rows, batch).
    ///
    /// # Panics
    /// If the shapes do not match.
    fn apply_into(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        check_shapes(self.columns(), self.rows(), x, out.as_ref());
        self.apply_unchecked(x, out);
    }

    /// out = Aᵀ X, for X of shape (rows, batch) and `out` of shape (columns, batch).
    ///
    /// # Panics
    /// If the shapes do not match.
    fn apply_transpose_into(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        check_shapes(self.rows(), self.columns(), x, out.as_ref());
        self.apply_transpose_unchecked(x, out);
    }

    /// A X, for X of shape (columns, batch).
    ///
    /// # Panics
    /// If X does not have as many rows as A has columns.
    fn apply(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let mut out = Mat::zeros(self.rows(), x.ncols());
        self.apply_into(x, out.as_mut());
        out
    }

    /// Aᵀ X, for X of shape (rows, batch).
    ///
    /// # Panics
    /// If X does not have as many rows as A.
    fn apply_transpose(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let mut out = Mat::zeros(self.columns(), x.ncols());
        self.apply_transpose_into(x, out.as_mut());
        out
    }

    /// xᵀ A x for each column x.
    ///
    /// # Panics
    /// If A is not square or X does not match it.
    fn quadratic_form(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        let ax = self.apply(x);
        assert_eq!(ax.nrows(), x.nrows(), "a quadratic form needs a square operator");
        (0..x.ncols()).map(|j| x.col(j).transpose() * ax.col(j)).collect()
    }

    /// The mode product: A applied along the middle axis of a row-major tensor of shape (left,
    /// columns, right); `out` has shape (left, rows, right).
    ///
    /// [`Kronecker`](crate::Kronecker) calls this for its factors. The lengths are checked there.
    fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        let (rows, columns) = self.shape();
        along(columns, rows, x, left, right, out, |x, out| {
            self.apply_unchecked(x, out);
            Ok(())
        })
        .expect("a product does not fail");
    }

    /// [`apply_along`](Self::apply_along) of Aᵀ.
    fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        let (rows, columns) = self.shape();
        along(rows, columns, x, left, right, out, |x, out| {
            self.apply_transpose_unchecked(x, out);
            Ok(())
        })
        .expect("a product does not fail");
    }

    /// **The whole dense matrix**: rows × columns numbers, by as many products as columns.
    ///
    /// For tests and small sizes. Nothing in this crate calls it on your behalf.
    fn to_dense(&self) -> Mat<f64> {
        let n = self.columns();
        self.apply(Mat::<f64>::identity(n, n).as_ref())
    }
}

/// Single entries of A, and with them its diagonal and trace.
pub trait Entries: LinearOperator {
    /// A\[row, column\].
    ///
    /// # Panics
    /// If a position is outside.
    fn entry(&self, row: usize, column: usize) -> f64;

    /// The main diagonal.
    fn diagonal(&self) -> Vec<f64> {
        (0..self.rows().min(self.columns())).map(|i| self.entry(i, i)).collect()
    }

    /// The sum of the diagonal.
    ///
    /// # Panics
    /// If A is not square.
    fn trace(&self) -> f64 {
        assert_eq!(self.rows(), self.columns(), "only a square operator has a trace");
        self.diagonal().iter().sum()
    }
}

/// Exact solutions of A X = B.
///
/// Implemented where a solve needs no factorization first. Otherwise [`Factorize`] once, then
/// solve as often as you like.
pub trait Solve: LinearOperator {
    /// out = A⁻¹ B, shapes already checked.
    ///
    /// # Errors
    /// [`Error::Singular`] or [`Error::NotPositiveDefinite`].
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()>;

    /// out = A⁻ᵀ B, shapes already checked.
    ///
    /// # Errors
    /// As [`solve_unchecked`](Self::solve_unchecked).
    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()>;

    /// out = A⁻¹ B, for B and `out` of shape (rows, batch).
    ///
    /// # Errors
    /// [`Error::Singular`] or [`Error::NotPositiveDefinite`]; [`Error::Structure`] if A is not
    /// square.
    ///
    /// # Panics
    /// If the shapes do not match.
    fn solve_into(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        check_square(self.shape(), "solved")?;
        check_shapes(self.rows(), self.rows(), rhs, out.as_ref());
        self.solve_unchecked(rhs, out)
    }

    /// A⁻¹ B.
    ///
    /// # Errors
    /// As [`solve_into`](Self::solve_into).
    ///
    /// # Panics
    /// If B does not have as many rows as A.
    fn solve(&self, rhs: MatRef<'_, f64>) -> Result<Mat<f64>> {
        let mut out = Mat::zeros(self.rows(), rhs.ncols());
        self.solve_into(rhs, out.as_mut())?;
        Ok(out)
    }

    /// A⁻ᵀ B.
    ///
    /// # Errors
    /// As [`solve_into`](Self::solve_into).
    ///
    /// # Panics
    /// If B does not have as many rows as A.
    fn solve_transpose(&self, rhs: MatRef<'_, f64>) -> Result<Mat<f64>> {
        check_square(self.shape(), "solved")?;
        let mut out = Mat::zeros(self.rows(), rhs.ncols());
        check_shapes(self.rows(), self.rows(), rhs, out.as_ref());
        self.solve_transpose_unchecked(rhs, out.as_mut())?;
        Ok(out)
    }

    /// A⁻¹ applied along the middle axis of a row-major tensor of shape (left, rows, right).
    ///
    /// # Errors
    /// As [`solve_into`](Self::solve_into).
    fn solve_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) -> Result<()> {
        let n = self.rows();
        along(n, n, x, left, right, out, |x, out| self.solve_unchecked(x, out))
    }

    /// [`solve_along`](Self::solve_along) with A⁻ᵀ.
    ///
    /// # Errors
    /// As [`solve_into`](Self::solve_into).
    fn solve_transpose_along(
        &self,
        x: &[f64],
        left: usize,
        right: usize,
        out: &mut [f64],
    ) -> Result<()> {
        let n = self.rows();
        along(n, n, x, left, right, out, |x, out| self.solve_transpose_unchecked(x, out))
    }
}

/// The exact determinant, as sign and logarithm.
pub trait LogDet: LinearOperator {
    /// sign and log |det A|, with the rank and an estimate of the condition.
    ///
    /// A singular matrix is not an error: its sign is 0 and its logarithm −∞.
    ///
    /// # Errors
    /// [`Error::Structure`] if A is not square; [`Error::NotPositiveDefinite`] where the route
    /// needs that.
    fn log_det(&self) -> Result<crate::LogDeterminant>;
}

/// A = R Rᵀ, for symmetric positive semidefinite A.
pub trait SquareRoot: LinearOperator {
    /// The type of R.
    type Root: LinearOperator;

    /// R with A = R Rᵀ. It may be rectangular: a matrix of rank r may have r columns.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`].
    fn square_root(&self) -> Result<Self::Root>;

    /// `count` draws from N(0, A), one a column.
    ///
    /// Draw j depends on (seed, j) only, not on `count` or on the number of threads. For more
    /// draws than fit into memory keep the [`square_root`](Self::square_root) and fill blocks with
    /// [`sample::draw_into`].
    ///
    /// # Errors
    /// As [`square_root`](Self::square_root).
    fn sample(&self, count: usize, seed: u64) -> Result<Mat<f64>> {
        let root = self.square_root()?;
        let mut out = Mat::zeros(self.rows(), count);
        sample::draw_into(&root, seed, 0, out.as_mut());
        Ok(out)
    }
}

/// A = W diag(d) Wᵀ, for symmetric A.
pub trait Eigen: LinearOperator {
    /// The type of the basis W; a structured operator, never a dense matrix of full size.
    type Basis: LinearOperator;

    /// The eigendecomposition, eigenvalues in the order of the basis' columns (not sorted).
    ///
    /// # Errors
    /// [`Error::Eigen`], [`Error::NotFinite`], or [`Error::Structure`] if A is not symmetric.
    fn eigen(&self) -> Result<Diagonalized<Self::Basis>>;
}

/// A one-off factorization after which solves and the determinant are cheap.
pub trait Factorize: LinearOperator {
    /// The factorized form.
    type Factor: Solve + LogDet;

    /// Factorizes a symmetric positive definite A.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`]; see the implementation for others.
    fn factorize(&self) -> Result<Self::Factor>;
}

pub(crate) fn check_square((rows, columns): (usize, usize), what: &str) -> Result<()> {
    if rows == columns {
        return Ok(());
    }
    Err(Error::Structure(format!(
        "the operator is {rows} x {columns}; only a square one can be {what}"
    )))
}

fn check_shapes(from: usize, to: usize, x: MatRef<'_, f64>, out: MatRef<'_, f64>) {
    assert_eq!(x.nrows(), from, "the right-hand side has the wrong number of rows");
    assert_eq!(out.nrows(), to, "out has the wrong number of rows");
    assert_eq!(x.ncols(), out.ncols(), "the right-hand side and out differ in their columns");
}

/// Runs an operator that takes strided matrices along the middle axis of a row-major tensor.
fn along(
    from: usize,
    to: usize,
    x: &[f64],
    left: usize,
    right: usize,
    out: &mut [f64],
    mut step: impl FnMut(MatRef<'_, f64>, MatMut<'_, f64>) -> Result<()>,
) -> Result<()> {
    debug_assert_eq!(x.len(), left * from * right);
    debug_assert_eq!(out.len(), left * to * right);
    if x.is_empty() || out.is_empty() {
        out.fill(0.0);
        return Ok(());
    }
    if right == 1 {
        return step(
            MatRef::from_column_major_slice(x, from, left),
            MatMut::from_column_major_slice_mut(out, to, left),
        );
    }
    if left == 1 {
        return step(
            MatRef::from_row_major_slice(x, from, right),
            MatMut::from_row_major_slice_mut(out, to, right),
        );
    }
    // One call for many short blocks: each block's columns side by side in a tile.
    let per_tile = (TILE_COLUMNS / right).clamp(1, left);
    let mut x_tile = Mat::zeros(from, per_tile * right);
    let mut out_tile = Mat::zeros(to, per_tile * right);
    let blocks = x.chunks(per_tile * from * right).zip(out.chunks_mut(per_tile * to * right));
    for (x, out) in blocks {
        let count = x.len() / (from * right);
        for l in 0..count {
            let block =
                MatRef::from_row_major_slice(&x[l * from * right..][..from * right], from, right);
            x_tile.as_mut().subcols_mut(l * right, right).copy_from(block);
        }
        let width = count * right;
        step(x_tile.subcols(0, width), out_tile.as_mut().subcols_mut(0, width))?;
        for l in 0..count {
            let block = &mut out[l * to * right..][..to * right];
            MatMut::from_row_major_slice_mut(block, to, right)
                .copy_from(out_tile.subcols(l * right, right));
        }
    }
    Ok(())
}

/// Wide enough to fill a matrix product, narrow enough for a tile to stay in cache.
const TILE_COLUMNS: usize = 128;

/// References and smart pointers are operators too, so factors can be shared or mixed.
macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: LinearOperator + ?Sized> LinearOperator for $pointer {
            fn shape(&self) -> (usize, usize) {
                (**self).shape()
            }
            fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
                (**self).apply_unchecked(x, out);
            }
            fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
                (**self).apply_transpose_unchecked(x, out);
            }
            fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
                (**self).apply_along(x, left, right, out);
            }
            fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
                (**self).apply_transpose_along(x, left, right, out);
            }
        }

        impl<T: Entries + ?Sized> Entries for $pointer {
            fn entry(&self, row: usize, column: usize) -> f64 {
                (**self).entry(row, column)
            }
            fn diagonal(&self) -> Vec<f64> {
                (**self).diagonal()
            }
            fn trace(&self) -> f64 {
                (**self).trace()
            }
        }

        impl<T: Solve + ?Sized> Solve for $pointer {
            fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
                (**self).solve_unchecked(rhs, out)
            }
            fn solve_transpose_unchecked(
                &self,
                rhs: MatRef<'_, f64>,
                out: MatMut<'_, f64>,
            ) -> Result<()> {
                (**self).solve_transpose_unchecked(rhs, out)
            }
            fn solve_along(
                &self,
                x: &[f64],
                left: usize,
                right: usize,
                out: &mut [f64],
            ) -> Result<()> {
                (**self).solve_along(x, left, right, out)
            }
            fn solve_transpose_along(
                &self,
                x: &[f64],
                left: usize,
                right: usize,
                out: &mut [f64],
            ) -> Result<()> {
                (**self).solve_transpose_along(x, left, right, out)
            }
        }

        impl<T: LogDet + ?Sized> LogDet for $pointer {
            fn log_det(&self) -> Result<crate::LogDeterminant> {
                (**self).log_det()
            }
        }

        impl<T: SquareRoot + ?Sized> SquareRoot for $pointer {
            type Root = T::Root;
            fn square_root(&self) -> Result<T::Root> {
                (**self).square_root()
            }
        }

        impl<T: Eigen + ?Sized> Eigen for $pointer {
            type Basis = T::Basis;
            fn eigen(&self) -> Result<Diagonalized<T::Basis>> {
                (**self).eigen()
            }
        }

        impl<T: Factorize + ?Sized> Factorize for $pointer {
            type Factor = T::Factor;
            fn factorize(&self) -> Result<T::Factor> {
                (**self).factorize()
            }
        }
    )*};
}

forward!(&T, Box<T>, std::sync::Arc<T>);
