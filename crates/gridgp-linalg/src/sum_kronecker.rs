//! Sums of Kronecker products, exactly where the algebra allows it.

use faer::{Mat, MatMut, MatRef, Scale};
use rayon::prelude::*;

use crate::cholesky::Cholesky;
use crate::dense::Dense;
use crate::diagonalized::Diagonalized;
use crate::gemm::gemm_triangular;
use crate::gemm::parallelism;
use crate::kronecker::{Kronecker, kronecker_of_vectors};
use crate::operator::{Entries, Factorize, LinearOperator, LogDet, SquareRoot, check_square};
use crate::sum::SideBySide;
use crate::{Error, LogDeterminant, Result, settle_registers, symmetric_eigen};

/// Σₜ A₍ₜ,₁₎ ⊗ A₍ₜ,₂₎ ⊗ … over any number of terms.
///
/// Products, entries and draws work for any terms. Exact solves and determinants exist for
///
/// - **two terms**, any number of axes, [`Factorize`]: on each axis both matrices are diagonalized
///   at once by a congruence, which costs O(Σ nₐ³) and no matrix of size N × N. K₁ ⊗ K₂ + D₁ ⊗ D₂
///   (noise that varies along the axes) and K ⊗ J + J ⊗ K' (an additive field) are of this kind;
/// - any number of terms that share the eigenvectors of each axis,
///   [`shared_eigen`](Self::shared_eigen).
///
/// Other sums need [`cg`](crate::cg) and [`lanczos`](crate::lanczos).
///
/// ```
/// use faer::{Mat, mat};
/// use gridgp_linalg::{Dense, Factorize, Kronecker, LinearOperator, Solve, SumKronecker};
/// let k = Dense::new(mat![[2.0, 1.0], [1.0, 2.0]]);
/// let d = Dense::new(mat![[0.1, 0.0], [0.0, 0.3]]);
/// let sum = SumKronecker::new(vec![
///     Kronecker::new(vec![k.clone(), k]),
///     Kronecker::new(vec![d.clone(), d]),
/// ])?;
/// let b = mat![[1.0], [2.0], [3.0], [4.0]];
/// let x = sum.factorize()?.solve(b.as_ref())?;
/// assert!((sum.apply(x.as_ref()) - b).norm_max() < 1e-13);
/// # Ok::<(), gridgp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SumKronecker<T> {
    terms: Vec<Kronecker<T>>,
}

impl<T: LinearOperator> SumKronecker<T> {
    /// The sum of `terms`, which must have equally shaped factors.
    ///
    /// # Errors
    /// [`Error::Structure`] if there are no terms or their factors differ in shape.
    pub fn new(terms: Vec<Kronecker<T>>) -> Result<Self> {
        let Some(first) = terms.first() else {
            return Err(Error::Structure("a sum of Kronecker products needs a term".into()));
        };
        let shapes = |k: &Kronecker<T>| k.factors().iter().map(T::shape).collect::<Vec<_>>();
        let expected = shapes(first);
        for (t, term) in terms.iter().enumerate() {
            let found = shapes(term);
            if found != expected {
                return Err(Error::Structure(format!(
                    "term {t} has factors of shapes {found:?}, term 0 of {expected:?}; all terms \
                     must agree axis by axis"
                )));
            }
        }
        Ok(Self { terms })
    }

    /// The terms.
    pub fn terms(&self) -> &[Kronecker<T>] {
        &self.terms
    }

    fn accumulate(
        &self,
        x: MatRef<'_, f64>,
        mut out: MatMut<'_, f64>,
        step: impl Fn(&Kronecker<T>, MatRef<'_, f64>, MatMut<'_, f64>),
    ) {
        step(&self.terms[0], x, out.as_mut());
        let mut term = Mat::zeros(out.nrows(), out.ncols());
        for k in &self.terms[1..] {
            step(k, x, term.as_mut());
            out += &term;
        }
    }
}

impl<T: LinearOperator> LinearOperator for SumKronecker<T> {
    fn shape(&self) -> (usize, usize) {
        self.terms[0].shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.accumulate(x, out, |k, x, out| k.apply_unchecked(x, out));
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.accumulate(x, out, |k, x, out| k.apply_transpose_unchecked(x, out));
    }
}

impl<T: Entries> Entries for SumKronecker<T> {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.terms.iter().map(|k| k.entry(row, column)).sum()
    }

    fn diagonal(&self) -> Vec<f64> {
        let mut terms = self.terms.iter().map(Kronecker::diagonal);
        let first = terms.next().expect("at least one term");
        terms.fold(first, |mut sum, d| {
            sum.iter_mut().zip(d).for_each(|(s, d)| *s += d);
            sum
        })
    }

    fn trace(&self) -> f64 {
        self.terms.iter().map(Kronecker::trace).sum()
    }
}

impl<T: SquareRoot> SquareRoot for SumKronecker<T>
where
    T::Root: 'static,
{
    /// The roots of the terms side by side: N × (number of terms · N), applied term by term.
    type Root = Box<dyn LinearOperator>;

    fn square_root(&self) -> Result<Self::Root> {
        let mut roots = self.terms.iter().map(Kronecker::square_root);
        let mut root: Box<dyn LinearOperator> = Box::new(roots.next().expect("one term")?);
        for next in roots {
            root = Box::new(SideBySide::new(root, next?)?);
        }
        Ok(root)
    }
}

/// Matrices whose entries a congruence can read.
trait AxisMatrix {
    fn axis_matrix(&self) -> Mat<f64>;
}

impl<T: Entries> AxisMatrix for T {
    fn axis_matrix(&self) -> Mat<f64> {
        Mat::from_fn(self.rows(), self.columns(), |i, j| self.entry(i, j))
    }
}

impl<T: Entries> Factorize for SumKronecker<T> {
    type Factor = Diagonalized<Kronecker<Dense>>;

    /// Two terms of symmetric positive semidefinite factors, one of them possibly singular on an
    /// axis, but not both in the same direction. The factor is
    /// A = W diag(d) Wᵀ with W = ⊗Wₐ, d = ⊗d₍₁,ₐ₎ + ⊗d₍₂,ₐ₎; it solves, has the determinant and
    /// draws.
    ///
    /// # Errors
    /// [`Error::Structure`] unless there are one or two terms of square factors;
    /// [`Error::NotPositiveDefinite`] or [`Error::Singular`].
    fn factorize(&self) -> Result<Self::Factor> {
        let (first, second) = match self.terms.as_slice() {
            [first] => (first, None),
            [first, second] => (first, Some(second)),
            terms => {
                return Err(Error::Structure(format!(
                    "a sum of {} Kronecker products has no exact factorization in general; use \
                     shared_eigen if its factors commute on each axis, else cg::solve and \
                     lanczos::log_det",
                    terms.len()
                )));
            }
        };
        let pairs = first.factors().iter().enumerate().map(|(a, f)| {
            check_square(f.shape(), "factorized")?;
            let n = f.rows();
            let g = second.map_or_else(|| Mat::zeros(n, n), |s| s.factors()[a].axis_matrix());
            Ok((f.axis_matrix(), g))
        });
        let pairs = pairs.collect::<Result<Vec<_>>>()?;
        // The eigensolver takes one thread, so the axes go side by side.
        let axes: Vec<Congruence> = pairs
            .par_iter()
            .map(|(f, g)| Congruence::new(f.as_ref(), g.as_ref()))
            .collect::<Result<_>>()?;
        let mut values = kronecker_of_vectors(axes.iter().map(|a| &a.first));
        if second.is_some() {
            let others = kronecker_of_vectors(axes.iter().map(|a| &a.second));
            values.iter_mut().zip(others).for_each(|(v, o)| *v += o);
        }
        let one = LogDeterminant::of_values([1.0], 0.0);
        let det = axes.iter().fold(one, |det, a| det.kronecker(a.basis_log_det));
        let (basis, dual) =
            axes.into_iter().map(|a| (Dense::new(a.basis), Dense::new(a.dual))).unzip();
        Diagonalized::congruence(Kronecker::new(basis), Kronecker::new(dual), values, det)
            .into_positive_definite()
    }
}

/// A = W diag(first) Wᵀ and B = W diag(second) Wᵀ at once.
struct Congruence {
    basis: Mat<f64>,
    /// W⁻ᵀ
    dual: Mat<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    basis_log_det: LogDeterminant,
}

/// A matrix L Lᵀ = c₁A + c₂B to whiten with.
struct Whitener {
    first: f64,
    second: f64,
    chol: Cholesky,
    /// Of its pivots, a lower bound on that of the matrix.
    condition: f64,
}

impl Whitener {
    fn new(a: MatRef<'_, f64>, b: MatRef<'_, f64>, first: f64, second: f64) -> Result<Self> {
        settle_registers();
        let m = if first == 0.0 {
            Scale(second) * b
        } else if second == 0.0 {
            Scale(first) * a
        } else {
            Scale(first) * a + Scale(second) * b
        };
        let chol = Cholesky::new(m.as_ref())?;
        let condition = LogDet::log_det(&chol)?.condition();
        Ok(Self { first, second, chol, condition })
    }

    /// The best conditioned of B, A and their balanced sum, which is regular whenever any
    /// combination is. One of about the same condition that comes first is as good and simpler, so
    /// one that nothing could beat by much ends the search.
    fn best(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Result<Self> {
        let weight = |m: MatRef<'_, f64>| {
            let largest = m.norm_max();
            if largest > 0.0 { 1.0 / largest } else { 0.0 }
        };
        let (wa, wb) = (weight(a), weight(b));
        let mut best = Self::new(a, b, 0.0, wb);
        for (first, second) in [(wa, 0.0), (wa, wb)] {
            if best.as_ref().is_ok_and(|best| best.condition <= ENOUGH) {
                break;
            }
            let next = Self::new(a, b, first, second);
            let better = match (&best, &next) {
                (Ok(best), Ok(next)) => FACTOR * next.condition < best.condition,
                // The last failure is that of the sum.
                (best, _) => best.is_err(),
            };
            if better {
                best = next;
            }
        }
        best
    }
}

/// A whitener is replaced by one of a condition so many times better.
const FACTOR: f64 = 10.0;
/// A condition of pivots with which whitening costs two digits at most.
const ENOUGH: f64 = 100.0;

impl Congruence {
    /// Whitens with M = L Lᵀ, then L⁻¹ A L⁻ᵀ = Q Λ Qᵀ and W = L Q.
    fn new(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Result<Self> {
        let n = a.nrows();
        let Whitener { first: ca, second: cb, chol, .. } = Whitener::best(a, b)?;
        let l = chol.l();
        let by_second = ca == 0.0;
        let mut white = if by_second { a.to_owned() } else { b.to_owned() };
        whiten(&chol, white.as_mut());
        let (mut values, q) = symmetric_eigen(white.as_ref())?;
        // Both terms are semidefinite, so what is negative here is round-off.
        let rounding = n as f64 * f64::EPSILON * values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        for (pivot, value) in values.iter_mut().enumerate() {
            if *value < -100.0 * rounding {
                return Err(Error::NotPositiveDefinite { size: n, pivot, value: *value });
            }
            *value = value.max(0.0);
        }
        // M = ca A + cb B is the identity in this basis.
        let other = |v: f64, mine: f64, theirs: f64| ((1.0 - mine * v) / theirs).max(0.0);
        let (first, second) = if by_second {
            (values, vec![1.0 / cb; n])
        } else {
            let first = values.iter().map(|&v| other(v, cb, ca)).collect();
            (first, values)
        };
        let mut basis = Mat::zeros(n, n);
        gemm_triangular(basis.as_mut(), l, q.as_ref(), parallelism(n * n * n));
        let mut dual = q;
        chol.solve_lt_in_place(dual.as_mut());
        let mut basis_log_det = LogDeterminant::of_values((0..n).map(|i| l[(i, i)]), 0.0);
        basis_log_det.sign = 1.0;
        Ok(Self { basis, dual, first, second, basis_log_det })
    }
}

/// m = L⁻¹ m L⁻ᵀ for symmetric m.
fn whiten(chol: &Cholesky, mut m: MatMut<'_, f64>) {
    chol.solve_l_in_place(m.as_mut());
    chol.solve_l_in_place(m.transpose_mut());
}

impl<T: Entries> SumKronecker<T> {
    /// The eigendecomposition of any number of terms whose factors commute on each axis: main
    /// effects and interactions with identities, or functions of one matrix an axis.
    ///
    /// The basis of an axis diagonalizes a fixed generic combination of its factors; each factor
    /// is then checked to be diagonal in it, to `tolerance` · max|factor|.
    ///
    /// # Errors
    /// [`Error::Structure`] naming the first axis and term that do not share the basis;
    /// [`Error::Eigen`].
    pub fn shared_eigen(&self, tolerance: f64) -> Result<Diagonalized<Kronecker<Dense>>> {
        let axes = self.terms[0].factors().len();
        let mut values = vec![vec![1.0]; self.terms.len()];
        let mut basis = Vec::with_capacity(axes);
        for axis in 0..axes {
            check_square(self.terms[0].factors()[axis].shape(), "diagonalized")?;
            let factors: Vec<_> =
                self.terms.iter().map(|k| k.factors()[axis].axis_matrix()).collect();
            let n = factors[0].nrows();
            let mut combination = Mat::<f64>::zeros(n, n);
            for (t, f) in factors.iter().enumerate() {
                // Irrational weights: two eigenspaces would have to coincide by accident.
                let weight = (2.0 + t as f64).sqrt() / f.norm_max().max(f64::MIN_POSITIVE);
                combination += Scale(weight) * f;
            }
            let (_, q) = symmetric_eigen(combination.as_ref())?;
            for (term, (f, values)) in factors.iter().zip(&mut values).enumerate() {
                let rotated = q.transpose() * f * &q;
                let off = (0..n).flat_map(|j| (0..n).map(move |i| (i, j))).filter(|(i, j)| i != j);
                let off = off.fold(0.0_f64, |m, ij| m.max(rotated[ij].abs()));
                if off > tolerance * f.norm_max() {
                    return Err(Error::Structure(format!(
                        "term {term} does not share the eigenvectors of axis {axis}: an \
                         off-diagonal entry of {off:.1e} is left; use factorize for two terms, \
                         else cg::solve and lanczos::log_det"
                    )));
                }
                let diagonal: Vec<f64> = (0..n).map(|i| rotated[(i, i)]).collect();
                *values = kronecker_of_vectors([values.as_slice(), &diagonal]);
            }
            basis.push(Dense::new(q));
        }
        let mut terms = values.into_iter();
        let mut sum = terms.next().expect("at least one term");
        for term in terms {
            sum.iter_mut().zip(term).for_each(|(s, t)| *s += t);
        }
        Ok(Diagonalized::orthonormal(Kronecker::new(basis), sum))
    }
}
