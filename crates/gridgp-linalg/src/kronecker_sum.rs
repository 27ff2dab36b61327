//! Kronecker sums of any number of terms.

use faer::{MatMut, MatRef};

use crate::diagonalized::Diagonalized;
use crate::kronecker::Kronecker;
use crate::operator::{Eigen, Entries, Factorize, LinearOperator, check_square};
use crate::{Error, Result};

/// A₁ ⊕ A₂ ⊕ … = A₁ ⊗ I ⊗ … + I ⊗ A₂ ⊗ … + …, the last index running fastest.
///
/// Grid Laplacians and precisions of additive models have this form. With Aₐ = QₐΛₐQₐᵀ the
/// eigenvalues are all sums λ₁ᵢ + λ₂ⱼ + … over the basis ⊗Qₐ: that is the route to solves,
/// determinants and draws.
///
/// An additive field f(s) + g(t) has covariance K ⊗ J + J ⊗ K' with J = 11ᵀ, *not* K ⊕ K'; see
/// [`SumKronecker`](crate::SumKronecker).
#[derive(Debug, Clone, PartialEq)]
pub struct KroneckerSum<T> {
    terms: Vec<T>,
}

impl<T: LinearOperator> KroneckerSum<T> {
    /// The sum of square `terms`, slowest axis first.
    ///
    /// # Errors
    /// [`Error::Structure`] if a term is not square or there are none.
    pub fn new(terms: Vec<T>) -> Result<Self> {
        terms.iter().try_for_each(|t| check_square(t.shape(), "a term of a Kronecker sum"))?;
        if terms.is_empty() {
            return Err(Error::Structure("a Kronecker sum needs at least one term".into()));
        }
        Ok(Self { terms })
    }

    /// The terms, slowest axis first.
    pub fn terms(&self) -> &[T] {
        &self.terms
    }

    fn for_each_term(
        &self,
        x: MatRef<'_, f64>,
        mut out: MatMut<'_, f64>,
        step: impl Fn(&T, &[f64], usize, usize, &mut [f64]),
    ) {
        let n = self.rows();
        let (mut column, mut term, mut sum) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for j in 0..x.ncols() {
            column.iter_mut().zip(x.col(j).iter()).for_each(|(c, x)| *c = *x);
            sum.fill(0.0);
            let (mut left, mut right) = (1, n);
            for factor in &self.terms {
                right /= factor.rows().max(1);
                step(factor, &column, left, right, &mut term);
                left *= factor.rows();
                sum.iter_mut().zip(&term).for_each(|(s, t)| *s += t);
            }
            out.as_mut().col_mut(j).iter_mut().zip(&sum).for_each(|(o, s)| *o = *s);
        }
    }
}

impl<T: LinearOperator> LinearOperator for KroneckerSum<T> {
    fn shape(&self) -> (usize, usize) {
        let n = self.terms.iter().map(T::rows).product();
        (n, n)
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.for_each_term(x, out, T::apply_along);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.for_each_term(x, out, T::apply_transpose_along);
    }
}

impl<T: Entries> Entries for KroneckerSum<T> {
    fn entry(&self, mut row: usize, mut column: usize) -> f64 {
        let mut sum = 0.0;
        // A term counts where all other indices agree; at most one may differ.
        let mut differing: Option<f64> = None;
        for term in self.terms.iter().rev() {
            let n = term.rows();
            let (i, j) = (row % n, column % n);
            (row, column) = (row / n, column / n);
            let entry = term.entry(i, j);
            if i == j {
                sum += entry;
            } else if differing.replace(entry).is_some() {
                return 0.0;
            }
        }
        assert!(row == 0 && column == 0, "the position is outside of the operator");
        differing.unwrap_or(sum)
    }

    fn diagonal(&self) -> Vec<f64> {
        sums(self.terms.iter().map(T::diagonal))
    }

    fn trace(&self) -> f64 {
        let n = self.rows() as f64;
        self.terms.iter().map(|t| t.trace() * n / t.rows() as f64).sum()
    }
}

/// All sums v₁ᵢ + v₂ⱼ + …, the last index fastest.
fn sums<V: AsRef<[f64]>>(vectors: impl IntoIterator<Item = V>) -> Vec<f64> {
    vectors.into_iter().fold(vec![0.0], |sums, v| {
        sums.iter().flat_map(|&s| v.as_ref().iter().map(move |v| s + v)).collect()
    })
}

impl<T: Eigen> Eigen for KroneckerSum<T>
where
    T::Basis: Clone,
{
    type Basis = Kronecker<T::Basis>;

    fn eigen(&self) -> Result<Diagonalized<Self::Basis>> {
        let terms: Vec<_> = self.terms.iter().map(T::eigen).collect::<Result<_>>()?;
        let values = sums(terms.iter().map(|t| t.values()));
        let basis = Kronecker::new(terms.iter().map(|t| t.basis().clone()).collect());
        if basis.columns() < basis.rows() {
            return Err(Error::Structure(
                "a term of the Kronecker sum came with fewer eigenvectors than rows; the sum \
                 needs those of eigenvalue zero too"
                    .into(),
            ));
        }
        Ok(Diagonalized::orthonormal(basis, values))
    }
}

impl<T: Eigen> Factorize for KroneckerSum<T>
where
    T::Basis: Clone,
{
    type Factor = Diagonalized<Kronecker<T::Basis>>;

    /// By the eigendecompositions of the terms.
    fn factorize(&self) -> Result<Self::Factor> {
        self.eigen()?.into_positive_definite()
    }
}
