//! An operator plus a matrix of low rank.

use faer::{Mat, MatMut, MatRef};

use crate::dense::gemm;
use crate::low_rank::LowRank;
use crate::lu::Lu;
use crate::operator::{
    Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot, check_square,
};
use crate::sum::SideBySide;
use crate::{Error, LogDeterminant, Result, settle_registers};

/// A + U D Vᵀ, for U and V of shape n × r and D of shape r × r.
///
/// [`factor`](Self::factor) gives solves by Woodbury's identity and the determinant by its lemma,
/// in the form that needs neither D⁻¹ nor symmetry:
///
/// (A + U D Vᵀ)⁻¹ = A⁻¹ − A⁻¹U (I + D VᵀA⁻¹U)⁻¹ D VᵀA⁻¹,  det = det A · det(I + D VᵀA⁻¹U).
///
/// A may be anything that solves, a Kronecker product included. Where A is tiny against the
/// update the identity cancels: the digits lost are those of |U D Vᵀ| / |A|.
#[derive(Debug, Clone, PartialEq)]
pub struct LowRankUpdate<A> {
    operator: A,
    u: Mat<f64>,
    d: Mat<f64>,
    v: Mat<f64>,
}

impl<A: LinearOperator> LowRankUpdate<A> {
    /// A + U D Vᵀ.
    ///
    /// # Errors
    /// [`Error::Structure`] if the shapes do not match.
    pub fn new(operator: A, u: Mat<f64>, d: Mat<f64>, v: Mat<f64>) -> Result<Self> {
        check_square(operator.shape(), "updated")?;
        let (n, r) = (operator.rows(), u.ncols());
        if u.nrows() != n || v.shape() != (n, r) || d.shape() != (r, r) {
            return Err(Error::Structure(format!(
                "an update of rank {r} of a {n} x {n} operator needs U and V of {n} x {r} and D of \
                 {r} x {r}; U is {:?}, D {:?}, V {:?}",
                u.shape(),
                d.shape(),
                v.shape()
            )));
        }
        Ok(Self { operator, u, d, v })
    }

    /// A + U D Uᵀ.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn symmetric(operator: A, u: Mat<f64>, d: Mat<f64>) -> Result<Self> {
        let v = u.clone();
        Self::new(operator, u, d, v)
    }

    /// A.
    pub fn operator(&self) -> &A {
        &self.operator
    }

    /// The small factorization; A itself must solve already.
    ///
    /// # Errors
    /// What solving with A finds. A sum that is singular factors, and its solves are
    /// [`Error::Singular`].
    pub fn factor(self) -> Result<FactoredLowRankUpdate<A>>
    where
        A: Solve + LogDet,
    {
        FactoredLowRankUpdate::new(self)
    }
}

/// out += U D Vᵀ x
fn add_update(
    u: MatRef<'_, f64>,
    d: MatRef<'_, f64>,
    v: MatRef<'_, f64>,
    x: MatRef<'_, f64>,
    mut out: MatMut<'_, f64>,
) {
    let mut small = Mat::zeros(v.ncols(), x.ncols());
    gemm(v.transpose(), x, small.as_mut());
    out += u * (d * small);
}

impl<A: LinearOperator> LinearOperator for LowRankUpdate<A> {
    fn shape(&self) -> (usize, usize) {
        self.operator.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        self.operator.apply_unchecked(x, out.as_mut());
        add_update(self.u.as_ref(), self.d.as_ref(), self.v.as_ref(), x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, mut out: MatMut<'_, f64>) {
        self.operator.apply_transpose_unchecked(x, out.as_mut());
        add_update(self.v.as_ref(), self.d.transpose(), self.u.as_ref(), x, out);
    }
}

impl<A: Entries> Entries for LowRankUpdate<A> {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.operator.entry(row, column)
            + self.u.row(row) * &self.d * self.v.row(column).transpose()
    }

    fn diagonal(&self) -> Vec<f64> {
        let ud = &self.u * &self.d;
        let mut diagonal = self.operator.diagonal();
        for (i, entry) in diagonal.iter_mut().enumerate() {
            *entry += ud.row(i) * self.v.row(i).transpose();
        }
        diagonal
    }
}

impl<A: SquareRoot> SquareRoot for LowRankUpdate<A> {
    /// The root of A beside that of U D Uᵀ: n × (n + r).
    type Root = SideBySide<A::Root, <LowRank as SquareRoot>::Root>;

    /// # Errors
    /// [`Error::Structure`] unless U = V and D is symmetric; [`Error::NotPositiveDefinite`] if D
    /// is not semidefinite (the sum may then still be definite: draw with its dense form, or by
    /// [`lanczos`](crate::lanczos)).
    fn square_root(&self) -> Result<Self::Root> {
        let symmetric = self.d == self.d.transpose();
        if self.u != self.v || !symmetric {
            return Err(Error::Structure(
                "only a symmetric low-rank update, U = V and D = Dᵀ, has a square root".into(),
            ));
        }
        let update = LowRank::new(self.u.clone(), self.d.clone());
        SideBySide::new(self.operator.square_root()?, update.square_root()?)
    }
}

impl<A: Factorize> Factorize for LowRankUpdate<A> {
    type Factor = FactoredLowRankUpdate<A::Factor>;

    /// Factorizes A (which must be positive definite), then the update (which need not be).
    fn factorize(&self) -> Result<Self::Factor> {
        LowRankUpdate {
            operator: self.operator.factorize()?,
            u: self.u.clone(),
            d: self.d.clone(),
            v: self.v.clone(),
        }
        .factor()
    }
}

/// A [`LowRankUpdate`] that is ready to solve.
#[derive(Debug, Clone)]
pub struct FactoredLowRankUpdate<A> {
    update: LowRankUpdate<A>,
    /// A⁻¹U
    solved_u: Mat<f64>,
    /// A⁻ᵀV
    solved_v: Mat<f64>,
    /// I + D VᵀA⁻¹U
    capacitance: Lu,
}

impl<A: Solve + LogDet> FactoredLowRankUpdate<A> {
    fn new(update: LowRankUpdate<A>) -> Result<Self> {
        let solved_u = update.operator.solve(update.u.as_ref())?;
        let solved_v = update.operator.solve_transpose(update.v.as_ref())?;
        let r = update.u.ncols();
        let capacitance =
            Mat::<f64>::identity(r, r) + &update.d * (update.v.transpose() * &solved_u);
        let capacitance = Lu::new(capacitance.as_ref())?;
        Ok(Self { update, solved_u, solved_v, capacitance })
    }

    /// A + U D Vᵀ.
    pub fn update(&self) -> &LowRankUpdate<A> {
        &self.update
    }
}

impl<A: Solve + LogDet> FactoredLowRankUpdate<A> {
    /// A singular capacitance means a singular sum, of the same nullity.
    fn restate(&self, error: Error) -> Error {
        match error {
            Error::Singular { size, rank } => {
                let n = self.rows();
                Error::Singular { size: n, rank: n - (size - rank) }
            }
            other => other,
        }
    }
}

impl<A: Solve + LogDet> LinearOperator for FactoredLowRankUpdate<A> {
    fn shape(&self) -> (usize, usize) {
        self.update.shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.update.apply_unchecked(x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.update.apply_transpose_unchecked(x, out);
    }
}

impl<A: Solve + LogDet> FactoredLowRankUpdate<A> {
    /// Woodbury's formula, A⁻¹b − A⁻¹U (I + D VᵀA⁻¹U)⁻¹ D VᵀA⁻¹b.
    pub(crate) fn solve_once(&self, rhs: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<()> {
        self.update.operator.solve_unchecked(rhs, out.as_mut())?;
        let mut small = Mat::zeros(self.solved_v.ncols(), rhs.ncols());
        gemm(self.solved_v.transpose(), rhs, small.as_mut());
        let small = self.capacitance.solve((&self.update.d * small).as_ref());
        out -= &self.solved_u * small.map_err(|e| self.restate(e))?;
        settle_registers();
        Ok(())
    }

    fn solve_transpose_once(&self, rhs: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<()> {
        self.update.operator.solve_transpose_unchecked(rhs, out.as_mut())?;
        let mut small = Mat::zeros(self.solved_u.ncols(), rhs.ncols());
        gemm(self.solved_u.transpose(), rhs, small.as_mut());
        let small = self.capacitance.solve_transpose(small.as_ref());
        out -= &self.solved_v * (self.update.d.transpose() * small.map_err(|e| self.restate(e))?);
        settle_registers();
        Ok(())
    }
}

/// Passes over what is left of a right-hand side, at most.
const PASSES: usize = 4;

/// Solves, then solves for what `apply` says is left, as long as that halves what is left.
///
/// Woodbury's formula subtracts two solutions with A alone, and loses the digits of A's condition
/// where the update makes the sum regular; this brings them back.
fn refined(
    rhs: MatRef<'_, f64>,
    mut out: MatMut<'_, f64>,
    apply: impl Fn(MatRef<'_, f64>) -> Mat<f64>,
    solve: impl Fn(MatRef<'_, f64>, MatMut<'_, f64>) -> Result<()>,
) -> Result<()> {
    solve(rhs, out.as_mut())?;
    let enough = rhs.nrows() as f64 * f64::EPSILON * rhs.norm_max();
    let mut left = rhs - apply(out.as_ref());
    let mut correction = Mat::zeros(out.nrows(), out.ncols());
    for _ in 0..PASSES {
        let before = left.norm_max();
        if before.is_nan() || before <= enough {
            break;
        }
        solve(left.as_ref(), correction.as_mut())?;
        let better = &correction + out.as_ref();
        left = rhs - apply(better.as_ref());
        if left.norm_max() < before {
            out.copy_from(&better);
        }
        if left.norm_max() > 0.5 * before {
            break;
        }
    }
    settle_registers();
    Ok(())
}

impl<A: Solve + LogDet> Solve for FactoredLowRankUpdate<A> {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        refined(rhs, out, |x| self.update.apply(x), |b, x| self.solve_once(b, x))
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        let apply = |x: MatRef<'_, f64>| self.update.apply_transpose(x);
        refined(rhs, out, apply, |b, x| self.solve_transpose_once(b, x))
    }
}

impl<A: Solve + LogDet> LogDet for FactoredLowRankUpdate<A> {
    fn log_det(&self) -> Result<LogDeterminant> {
        let (a, small) = (self.update.operator.log_det()?, self.capacitance.log_det()?);
        Ok(LogDeterminant {
            sign: a.sign * small.sign,
            log_abs: a.log_abs + small.log_abs,
            rank: a.rank - (small.size - small.rank),
            size: a.size,
            largest: a.largest * small.largest.max(1.0),
            smallest: a.smallest * small.smallest.min(1.0),
        })
    }
}

impl<A: Solve + LogDet + SquareRoot> SquareRoot for FactoredLowRankUpdate<A> {
    type Root = <LowRankUpdate<A> as SquareRoot>::Root;

    fn square_root(&self) -> Result<Self::Root> {
        self.update.square_root()
    }
}
