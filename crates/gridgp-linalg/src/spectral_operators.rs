//! The operator side of spectral factors: [`Basis`], [`Spectral`] and [`KroneckerIdentity`].

use faer::{Mat, MatMut, MatRef};

use crate::diagonalized::Diagonalized;
use crate::kronecker_identity::KroneckerIdentity;
use crate::operator::{Eigen, LinearOperator, LogDet, Solve, SquareRoot};
use crate::sum::SideBySide;
use crate::{
    Basis, Diagonal, Identity, Kronecker, LogDeterminant, Product, Result, Scaled, Spectral,
};

impl LinearOperator for Basis {
    fn shape(&self) -> (usize, usize) {
        (self.size(), self.rank())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        let x = x.to_owned();
        let mut column = vec![0.0; self.size()];
        for j in 0..x.ncols() {
            self.expand(x.col_as_slice(j), 1, 1, &mut column);
            out.as_mut().col_mut(j).iter_mut().zip(&column).for_each(|(o, c)| *o = *c);
        }
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        let mut x = x.to_owned();
        let mut column = vec![0.0; self.rank()];
        for j in 0..x.ncols() {
            self.project(x.col_as_slice_mut(j), 1, 1, &mut column);
            out.as_mut().col_mut(j).iter_mut().zip(&column).for_each(|(o, c)| *o = *c);
        }
    }

    fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        self.expand(x, left, right, out);
    }

    fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        // The projection folds in place.
        self.project(&mut x.to_vec(), left, right, out);
    }
}

impl LinearOperator for Spectral {
    fn shape(&self) -> (usize, usize) {
        (self.size(), self.size())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        let mut rotated = self.basis().apply_transpose(x);
        crate::diagonal::scale_rows(self.values().iter().copied(), rotated.as_mut());
        self.basis().apply_unchecked(rotated.as_ref(), out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.apply_unchecked(x, out);
    }
}

impl Eigen for Spectral {
    type Basis = Basis;

    fn eigen(&self) -> Result<Diagonalized<Basis>> {
        Ok(Diagonalized::orthonormal(self.basis().clone(), self.values().to_vec()))
    }
}

impl LogDet for Spectral {
    fn log_det(&self) -> Result<LogDeterminant> {
        self.eigen()?.log_det()
    }
}

impl SquareRoot for Spectral {
    /// Q diag(√λ), n × r.
    type Root = <Diagonalized<Basis> as SquareRoot>::Root;

    fn square_root(&self) -> Result<Self::Root> {
        self.eigen()?.square_root()
    }
}

impl LinearOperator for KroneckerIdentity {
    fn shape(&self) -> (usize, usize) {
        (self.size(), self.size())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        each_column(x, out, |x| self.apply(x));
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.apply_unchecked(x, out);
    }
}

fn each_column(x: MatRef<'_, f64>, mut out: MatMut<'_, f64>, f: impl Fn(&[f64]) -> Vec<f64>) {
    let x: Mat<f64> = x.to_owned();
    for j in 0..x.ncols() {
        let column = f(x.col_as_slice(j));
        out.as_mut().col_mut(j).iter_mut().zip(column).for_each(|(o, c)| *o = c);
    }
}

impl Solve for KroneckerIdentity {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        each_column(rhs, out, |b| self.solve(b));
        Ok(())
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.solve_unchecked(rhs, out)
    }
}

impl LogDet for KroneckerIdentity {
    fn log_det(&self) -> Result<LogDeterminant> {
        let outside = std::iter::repeat_n(self.noise(), self.size() - self.rank());
        Ok(LogDeterminant::of_values(self.diagonal().into_iter().chain(outside), 0.0))
    }
}

impl SquareRoot for KroneckerIdentity {
    /// √scale ⊗Qₐ√Λₐ beside √noise I.
    type Root =
        SideBySide<Scaled<Kronecker<Product<std::sync::Arc<Basis>, Diagonal>>>, Scaled<Identity>>;

    fn square_root(&self) -> Result<Self::Root> {
        let factors = self.factors().iter().map(SquareRoot::square_root);
        let root = Kronecker::new(factors.collect::<Result<_>>()?);
        SideBySide::new(
            Scaled::new(self.scale().sqrt(), root),
            Scaled::new(self.noise().sqrt(), Identity::new(self.size())),
        )
    }
}
