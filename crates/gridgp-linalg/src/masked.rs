//! Selected rows and columns of an operator: grids with missing cells.

use faer::{Mat, MatMut, MatRef};

use crate::cholesky::Cholesky;
use crate::operator::{Entries, LinearOperator, LogDet, Solve, SquareRoot, check_square};
use crate::{Error, LogDeterminant, Result};

/// A\[rows, columns\].
///
/// Products embed into A and pick from it. The principal submatrix of the observed cells of a grid
/// solves exactly while few cells are missing, [`complement`](Self::complement); beyond that use
/// [`cg`](crate::cg) with [`FullGrid`](crate::cg::FullGrid) as its preconditioner.
#[derive(Debug, Clone, PartialEq)]
pub struct Masked<A> {
    operator: A,
    rows: Vec<usize>,
    columns: Vec<usize>,
}

impl<A: LinearOperator> Masked<A> {
    /// The rows and columns of `operator` at these positions, in this order.
    ///
    /// # Errors
    /// [`Error::Structure`] naming a position that is outside.
    pub fn new(operator: A, rows: Vec<usize>, columns: Vec<usize>) -> Result<Self> {
        let (n, m) = operator.shape();
        for (what, positions, size) in [("row", &rows, n), ("column", &columns, m)] {
            if let Some(outside) = positions.iter().find(|&&p| p >= size) {
                return Err(Error::Structure(format!(
                    "{what} {outside} was selected from an operator with {size} of them"
                )));
            }
        }
        Ok(Self { operator, rows, columns })
    }

    /// The rows and columns where `keep` is true.
    ///
    /// # Errors
    /// [`Error::Structure`] if the mask has another length than the operator, or that is not
    /// square.
    pub fn principal(operator: A, keep: &[bool]) -> Result<Self> {
        check_square(operator.shape(), "masked by one mask")?;
        if keep.len() != operator.rows() {
            return Err(Error::Structure(format!(
                "the mask has {} entries, the operator {} rows",
                keep.len(),
                operator.rows()
            )));
        }
        let kept: Vec<usize> = (0..keep.len()).filter(|&i| keep[i]).collect();
        Ok(Self { operator, rows: kept.clone(), columns: kept })
    }

    /// A.
    pub fn operator(&self) -> &A {
        &self.operator
    }

    /// The selected rows.
    pub fn selected_rows(&self) -> &[usize] {
        &self.rows
    }

    /// The selected columns.
    pub fn selected_columns(&self) -> &[usize] {
        &self.columns
    }

    /// The positions that a principal submatrix leaves out.
    fn left_out(&self) -> Result<Vec<usize>> {
        if self.rows != self.columns {
            return Err(Error::Structure(
                "different rows and columns were selected; only a principal submatrix can be \
                 solved through its complement"
                    .into(),
            ));
        }
        let mut kept = vec![false; self.operator.rows()];
        for &i in &self.rows {
            if std::mem::replace(&mut kept[i], true) {
                return Err(Error::Singular { size: self.rows.len(), rank: self.rows.len() - 1 });
            }
        }
        Ok((0..kept.len()).filter(|&i| !kept[i]).collect())
    }

    /// The exact solver of a principal submatrix A_oo of a symmetric positive definite A that
    /// solves: with B = A⁻¹ and m positions left out,
    /// A_oo⁻¹ = B_oo − B_om B_mm⁻¹ B_mo and log|A_oo| = log|A| + log|B_mm|.
    ///
    /// Costs m structured solves and m³/3 once, then two structured solves a right-hand side; m²
    /// numbers of memory. Good to m of about 10⁴ at any size of A.
    ///
    /// # Errors
    /// [`Error::Structure`] unless the same distinct rows and columns are selected; what solving
    /// with A finds; [`Error::NotPositiveDefinite`].
    pub fn complement(self) -> Result<ComplementSolver<A>>
    where
        A: Solve + LogDet,
    {
        ComplementSolver::new(self)
    }
}

/// e\[positions\[i\], :\] += x\[i, :\] for a zero matrix e of n rows.
fn embed(x: MatRef<'_, f64>, positions: &[usize], n: usize) -> Mat<f64> {
    let mut embedded = Mat::zeros(n, x.ncols());
    for j in 0..x.ncols() {
        let column = embedded.col_as_slice_mut(j);
        positions.iter().zip(x.col(j).iter()).for_each(|(&p, x)| column[p] += x);
    }
    embedded
}

/// out\[i, :\] = x\[positions\[i\], :\]
fn pick(x: &Mat<f64>, positions: &[usize], mut out: MatMut<'_, f64>) {
    for j in 0..x.ncols() {
        let column = x.col_as_slice(j);
        out.as_mut().col_mut(j).iter_mut().zip(positions).for_each(|(o, &p)| *o = column[p]);
    }
}

impl<A: LinearOperator> LinearOperator for Masked<A> {
    fn shape(&self) -> (usize, usize) {
        (self.rows.len(), self.columns.len())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        let embedded = embed(x, &self.columns, self.operator.columns());
        pick(&self.operator.apply(embedded.as_ref()), &self.rows, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        let embedded = embed(x, &self.rows, self.operator.rows());
        pick(&self.operator.apply_transpose(embedded.as_ref()), &self.columns, out);
    }
}

impl<A: Entries> Entries for Masked<A> {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.operator.entry(self.rows[row], self.columns[column])
    }

    fn diagonal(&self) -> Vec<f64> {
        if self.rows == self.columns {
            let diagonal = self.operator.diagonal();
            return self.rows.iter().map(|&i| diagonal[i]).collect();
        }
        self.rows.iter().zip(&self.columns).map(|(&i, &j)| self.operator.entry(i, j)).collect()
    }
}

impl<A: SquareRoot> SquareRoot for Masked<A> {
    /// The selected rows of the root of A.
    type Root = Masked<A::Root>;

    fn square_root(&self) -> Result<Self::Root> {
        if self.rows != self.columns {
            return Err(Error::Structure(
                "different rows and columns were selected; only a principal submatrix has a \
                 square root"
                    .into(),
            ));
        }
        let root = self.operator.square_root()?;
        let columns = (0..root.columns()).collect();
        Masked::new(root, self.rows.clone(), columns)
    }
}

/// A principal submatrix that solves through the inverse of the whole: see
/// [`Masked::complement`].
#[derive(Debug, Clone)]
pub struct ComplementSolver<A> {
    masked: Masked<A>,
    missing: Vec<usize>,
    /// Of B_mm, the missing block of A⁻¹.
    block: Cholesky,
}

/// Solves with this many unit vectors at a time bound the memory to this many grids.
const BATCH: usize = 32;

impl<A: Solve + LogDet> ComplementSolver<A> {
    fn new(masked: Masked<A>) -> Result<Self> {
        let missing = masked.left_out()?;
        let (n, m) = (masked.operator.rows(), missing.len());
        let mut block = Mat::zeros(m, m);
        for first in (0..m).step_by(BATCH) {
            let some = &missing[first..(first + BATCH).min(m)];
            let unit = Mat::<f64>::identity(some.len(), some.len());
            let solved = masked.operator.solve(embed(unit.as_ref(), some, n).as_ref())?;
            pick(&solved, &missing, block.as_mut().subcols_mut(first, some.len()));
        }
        let block = Cholesky::new(block.as_ref())?;
        Ok(Self { masked, missing, block })
    }

    /// The whole grid of values that the observed ones predict best: b at the selected positions,
    /// y_m = −B_mm⁻¹ B_mo b at the others.
    ///
    /// # Errors
    /// What solving with A finds.
    pub fn fill_in(&self, rhs: MatRef<'_, f64>) -> Result<Mat<f64>> {
        let operator = &self.masked.operator;
        let mut filled = embed(rhs, &self.masked.rows, operator.rows());
        let solved = operator.solve(filled.as_ref())?;
        let mut missing = Mat::zeros(self.missing.len(), rhs.ncols());
        pick(&solved, &self.missing, missing.as_mut());
        self.block.solve_in_place(missing.as_mut());
        for j in 0..rhs.ncols() {
            let column = filled.col_as_slice_mut(j);
            self.missing.iter().enumerate().for_each(|(i, &p)| column[p] = -missing[(i, j)]);
        }
        Ok(filled)
    }
}

impl<A: LinearOperator> LinearOperator for ComplementSolver<A> {
    fn shape(&self) -> (usize, usize) {
        self.masked.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.masked.apply_unchecked(x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.masked.apply_transpose_unchecked(x, out);
    }
}

impl<A: Solve + LogDet> Solve for ComplementSolver<A> {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        let filled = self.fill_in(rhs)?;
        pick(&self.masked.operator.solve(filled.as_ref())?, &self.masked.rows, out);
        Ok(())
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_unchecked(rhs, out)
    }
}

impl<A: Solve + LogDet> LogDet for ComplementSolver<A> {
    /// The condition is that of A, which bounds the submatrix' from above.
    fn log_det(&self) -> Result<LogDeterminant> {
        let (whole, block) = (self.masked.operator.log_det()?, LogDet::log_det(&self.block)?);
        Ok(LogDeterminant {
            sign: whole.sign * block.sign,
            log_abs: whole.log_abs + block.log_abs,
            rank: whole.rank - block.rank,
            size: whole.size - block.size,
            ..whole
        })
    }
}
