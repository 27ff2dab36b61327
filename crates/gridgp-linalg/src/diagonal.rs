//! Diagonal matrices and the identity.

use faer::{MatMut, MatRef};

use crate::diagonalized::Diagonalized;
use crate::identity::Identity;
use crate::operator::{Eigen, Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot};
use crate::{Error, LogDeterminant, Result};

/// diag(d).
#[derive(Debug, Clone, PartialEq)]
pub struct Diagonal {
    values: Vec<f64>,
}

impl Diagonal {
    /// From its diagonal.
    pub fn new(values: Vec<f64>) -> Self {
        Self { values }
    }

    /// d.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// diag(1/d).
    ///
    /// # Errors
    /// [`Error::Singular`].
    pub fn inverse(&self) -> Result<Self> {
        self.check_regular()?;
        Ok(Self::new(self.values.iter().map(|v| 1.0 / v).collect()))
    }

    fn check_regular(&self) -> Result<()> {
        let size = self.values.len();
        let rank = self.values.iter().filter(|v| **v != 0.0).count();
        if rank < size { Err(Error::Singular { size, rank }) } else { Ok(()) }
    }
}

/// x = diag(values) x
pub(crate) fn scale_rows(values: impl Iterator<Item = f64>, mut x: MatMut<'_, f64>) {
    // One pass a column keeps to the memory order; the values are gathered once for all of them.
    let values: Vec<f64> = values.collect();
    for j in 0..x.ncols() {
        x.as_mut().col_mut(j).iter_mut().zip(&values).for_each(|(x, v)| *x *= v);
    }
}

/// out\[l, i, r\] = f(values\[i\], x\[l, i, r\])
fn zip_along(
    values: &[f64],
    x: &[f64],
    right: usize,
    out: &mut [f64],
    f: impl Fn(f64, f64) -> f64,
) {
    let x = x.chunks_exact(right).zip(out.chunks_exact_mut(right));
    for (&v, (x, out)) in values.iter().cycle().zip(x) {
        out.iter_mut().zip(x).for_each(|(out, x)| *out = f(v, *x));
    }
}

impl LinearOperator for Diagonal {
    fn shape(&self) -> (usize, usize) {
        (self.values.len(), self.values.len())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        for j in 0..x.ncols() {
            let column = out.as_mut().col_mut(j).iter_mut().zip(x.col(j).iter());
            column.zip(&self.values).for_each(|((out, x), v)| *out = v * x);
        }
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.apply_unchecked(x, out);
    }

    fn apply_along(&self, x: &[f64], _left: usize, right: usize, out: &mut [f64]) {
        zip_along(&self.values, x, right, out, |v, x| v * x);
    }

    fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        self.apply_along(x, left, right, out);
    }
}

impl Entries for Diagonal {
    fn entry(&self, row: usize, column: usize) -> f64 {
        if row == column { self.values[row] } else { 0.0 }
    }
}

impl Solve for Diagonal {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<()> {
        self.check_regular()?;
        for j in 0..rhs.ncols() {
            let column = out.as_mut().col_mut(j).iter_mut().zip(rhs.col(j).iter());
            column.zip(&self.values).for_each(|((out, x), v)| *out = x / v);
        }
        Ok(())
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_unchecked(rhs, out)
    }

    fn solve_along(&self, x: &[f64], _left: usize, right: usize, out: &mut [f64]) -> Result<()> {
        self.check_regular()?;
        zip_along(&self.values, x, right, out, |v, x| x / v);
        Ok(())
    }

    fn solve_transpose_along(
        &self,
        x: &[f64],
        left: usize,
        right: usize,
        out: &mut [f64],
    ) -> Result<()> {
        self.solve_along(x, left, right, out)
    }
}

impl LogDet for Diagonal {
    fn log_det(&self) -> Result<LogDeterminant> {
        Ok(LogDeterminant::of_values(self.values.iter().copied(), 0.0))
    }
}

impl Factorize for Diagonal {
    type Factor = Diagonal;

    /// Nothing to do but to see that all values are positive.
    fn factorize(&self) -> Result<Diagonal> {
        match self.values.iter().position(|v| *v <= 0.0 || v.is_nan()) {
            None => Ok(self.clone()),
            Some(pivot) => Err(Error::NotPositiveDefinite {
                size: self.values.len(),
                pivot,
                value: self.values[pivot],
            }),
        }
    }
}

impl SquareRoot for Diagonal {
    type Root = Diagonal;

    fn square_root(&self) -> Result<Diagonal> {
        let root = |(pivot, &value): (usize, &f64)| {
            if value >= 0.0 {
                Ok(value.sqrt())
            } else {
                Err(Error::NotPositiveDefinite { size: self.values.len(), pivot, value })
            }
        };
        Ok(Self::new(self.values.iter().enumerate().map(root).collect::<Result<_>>()?))
    }
}

impl Eigen for Diagonal {
    type Basis = Identity;

    fn eigen(&self) -> Result<Diagonalized<Identity>> {
        Ok(Diagonalized::orthonormal(Identity::new(self.values.len()), self.values.clone()))
    }
}
