//! One type for every operator, since Python puts any of them into any other.

use std::sync::Arc;

use faer::{Mat, MatMut, MatRef};
use gridgp::linalg::{
    BlockDiagonal, Circulant, Dense, Diagonal, Diagonalized, Eigen, Entries, Error, Factorize,
    Identity, Inverse, Kronecker, KroneckerIdentity, KroneckerSum, LinearOperator, LogDet,
    LogDeterminant, LowRank, LowRankUpdate, Masked, Product, Result, Scaled, SideBySide, Solve,
    SquareRoot, Sum, SumKronecker, Toeplitz, Transposed, Triangular,
};

/// An operator that is known by its products only: a root, an eigenbasis.
pub type Products = Arc<dyn LinearOperator + Send + Sync>;

/// An operator that solves and has its determinant.
pub trait Solvable: Solve + LogDet + Send + Sync {}
impl<T: Solve + LogDet + Send + Sync> Solvable for T {}

/// A factorization.
pub type Exact = Arc<dyn Solvable>;

/// Commuting factors are diagonal in their common basis up to this share of their size.
const SHARED_TOLERANCE: f64 = 1e-10;

/// Any operator. What it cannot do is an error that says what can.
pub enum AnyOperator {
    Dense(Dense),
    Diagonal(Diagonal),
    Identity(Identity),
    Triangular(Triangular),
    Toeplitz(Toeplitz),
    Circulant(Circulant),
    LowRank(LowRank),
    Kronecker(Kronecker<Arc<AnyOperator>>),
    KroneckerSum(KroneckerSum<Arc<AnyOperator>>),
    SumKronecker(SumKronecker<Arc<AnyOperator>>),
    KroneckerIdentity(KroneckerIdentity),
    BlockDiagonal(BlockDiagonal<Arc<AnyOperator>>),
    LowRankUpdate(LowRankUpdate<Arc<AnyOperator>>),
    Masked(Masked<Arc<AnyOperator>>),
    Scaled(Scaled<Arc<AnyOperator>>),
    Sum(Sum<Arc<AnyOperator>, Arc<AnyOperator>>),
    Product(Product<Arc<AnyOperator>, Arc<AnyOperator>>),
    Inverse(Inverse<Exact>),
    Transposed(Transposed<Arc<AnyOperator>>),
    Products(Products),
}

fn refused<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::Structure(message.into()))
}

impl AnyOperator {
    /// What it is called in messages.
    fn name(&self) -> &'static str {
        match self {
            Self::Dense(_) => "Dense",
            Self::Diagonal(_) => "Diagonal",
            Self::Identity(_) => "Identity",
            Self::Triangular(_) => "Triangular",
            Self::Toeplitz(_) => "Toeplitz",
            Self::Circulant(_) => "Circulant",
            Self::LowRank(_) => "LowRank",
            Self::Kronecker(_) => "Kronecker",
            Self::KroneckerSum(_) => "KroneckerSum",
            Self::SumKronecker(_) => "SumKronecker",
            Self::KroneckerIdentity(_) => "KroneckerIdentity",
            Self::BlockDiagonal(_) => "BlockDiagonal",
            Self::LowRankUpdate(_) => "LowRankUpdate",
            Self::Masked(_) => "Masked",
            Self::Scaled(_) => "scaled operator",
            Self::Sum(_) => "sum",
            Self::Product(_) => "product",
            Self::Inverse(_) => "inverse",
            Self::Transposed(_) => "transpose",
            Self::Products(_) => "root or basis",
        }
    }

    fn inner(&self) -> &dyn LinearOperator {
        match self {
            Self::Dense(a) => a,
            Self::Diagonal(a) => a,
            Self::Identity(a) => a,
            Self::Triangular(a) => a,
            Self::Toeplitz(a) => a,
            Self::Circulant(a) => a,
            Self::LowRank(a) => a,
            Self::Kronecker(a) => a,
            Self::KroneckerSum(a) => a,
            Self::SumKronecker(a) => a,
            Self::KroneckerIdentity(a) => a,
            Self::BlockDiagonal(a) => a,
            Self::LowRankUpdate(a) => a,
            Self::Masked(a) => a,
            Self::Scaled(a) => a,
            Self::Sum(a) => a,
            Self::Product(a) => a,
            Self::Inverse(a) => a,
            Self::Transposed(a) => a,
            Self::Products(a) => a,
        }
    }

    /// Its single entries, if it has them.
    fn try_entries(&self) -> Option<&dyn Entries> {
        let all = |factors: &[Arc<Self>]| factors.iter().all(|f| f.has_entries());
        match self {
            Self::Dense(a) => Some(a),
            Self::Diagonal(a) => Some(a),
            Self::Identity(a) => Some(a),
            Self::Triangular(a) => Some(a),
            Self::Toeplitz(a) => Some(a),
            Self::Circulant(a) => Some(a),
            Self::LowRank(a) => Some(a),
            Self::Kronecker(a) => all(a.factors()).then_some(a as _),
            Self::KroneckerSum(a) => all(a.terms()).then_some(a as _),
            Self::SumKronecker(a) => a.terms().iter().all(|k| all(k.factors())).then_some(a as _),
            Self::BlockDiagonal(a) => all(a.blocks()).then_some(a as _),
            Self::LowRankUpdate(a) => a.operator().has_entries().then_some(a as _),
            Self::Masked(a) => a.operator().has_entries().then_some(a as _),
            Self::Scaled(a) => a.operator().has_entries().then_some(a as _),
            Self::Sum(a) => (a.left().has_entries() && a.right().has_entries()).then_some(a as _),
            Self::KroneckerIdentity(_)
            | Self::Product(_)
            | Self::Inverse(_)
            | Self::Transposed(_)
            | Self::Products(_) => None,
        }
    }

    pub fn has_entries(&self) -> bool {
        self.try_entries().is_some()
    }

    fn entries(&self) -> Result<&dyn Entries> {
        self.try_entries().map_or_else(
            || {
                refused(format!(
                    "the {} has no structured route to its single entries; to_dense() has all of \
                     them, for small sizes",
                    self.name()
                ))
            },
            Ok,
        )
    }

    /// The main diagonal.
    pub fn main_diagonal(&self) -> Result<Vec<f64>> {
        match self {
            Self::KroneckerIdentity(a) => {
                // The variance of a point is the product over the axes of Σᵣ Q²λ.
                let mut diagonal = vec![a.scale()];
                for factor in a.factors() {
                    let q = factor.basis().to_dense();
                    let own = |i: usize| -> f64 {
                        let row = q.row(i).iter();
                        row.zip(factor.values()).map(|(q, l)| q * q * l).sum()
                    };
                    let own: Vec<f64> = (0..q.nrows()).map(own).collect();
                    diagonal =
                        diagonal.iter().flat_map(|d| own.iter().map(move |o| d * o)).collect();
                }
                diagonal.iter_mut().for_each(|d| *d += a.noise());
                Ok(diagonal)
            }
            Self::Transposed(a) => a.clone().into_inner().main_diagonal(),
            _ => Ok(self.entries()?.diagonal()),
        }
    }

    /// The sum of the diagonal.
    pub fn sum_of_diagonal(&self) -> Result<f64> {
        let (rows, columns) = self.shape();
        if rows != columns {
            return refused(format!(
                "the operator is {rows} x {columns}; a trace needs a square one"
            ));
        }
        match self {
            Self::KroneckerIdentity(_) | Self::Transposed(_) => {
                Ok(self.main_diagonal()?.iter().sum())
            }
            _ => Ok(self.entries()?.trace()),
        }
    }

    /// R with A = R Rᵀ and R lower triangular.
    pub fn cholesky(&self) -> Result<Self> {
        let each = |factors: &[Arc<Self>]| -> Result<Vec<Arc<Self>>> {
            factors.iter().map(|f| f.cholesky().map(Arc::new)).collect()
        };
        match self {
            Self::Dense(a) => {
                let factor = symmetric(a)?.factorize()?;
                Ok(Self::Triangular(Triangular::lower(factor.l().to_owned())))
            }
            Self::Diagonal(a) => Ok(Self::Diagonal(a.square_root()?)),
            Self::Identity(a) => Ok(Self::Identity(*a)),
            Self::Kronecker(a) => Ok(Self::Kronecker(Kronecker::new(each(a.factors())?))),
            Self::BlockDiagonal(a) => {
                Ok(Self::BlockDiagonal(BlockDiagonal::new(each(a.blocks())?)))
            }
            Self::Scaled(a) if a.scale() > 0.0 => {
                let root = Arc::new(a.operator().cholesky()?);
                Ok(Self::Scaled(Scaled::new(a.scale().sqrt(), root)))
            }
            _ => refused(format!(
                "the {} has no structured lower triangular root; root() gives another R with \
                 A = R Rᵀ, where there is one",
                self.name()
            )),
        }
    }
}

/// The matrix, if it is symmetric to the last digit.
fn symmetric(a: &Dense) -> Result<&Dense> {
    if is_symmetric(a.matrix()) {
        return Ok(a);
    }
    refused(
        "the Dense matrix is not symmetric; symmetrize it, (a + a.T) / 2, if rounding is all that \
         its triangles differ by",
    )
}

fn is_symmetric(a: MatRef<'_, f64>) -> bool {
    a.nrows() == a.ncols() && (0..a.ncols()).all(|j| (0..j).all(|i| a[(i, j)] == a[(j, i)]))
}

impl LinearOperator for AnyOperator {
    fn shape(&self) -> (usize, usize) {
        self.inner().shape()
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.inner().apply_unchecked(x, out);
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.inner().apply_transpose_unchecked(x, out);
    }

    fn apply_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        self.inner().apply_along(x, left, right, out);
    }

    fn apply_transpose_along(&self, x: &[f64], left: usize, right: usize, out: &mut [f64]) {
        self.inner().apply_transpose_along(x, left, right, out);
    }

    fn to_dense(&self) -> Mat<f64> {
        self.inner().to_dense()
    }
}

/// Only of operators that [have entries](AnyOperator::has_entries); composites ask before.
impl Entries for AnyOperator {
    fn entry(&self, row: usize, column: usize) -> f64 {
        self.try_entries().expect("asked before").entry(row, column)
    }

    fn diagonal(&self) -> Vec<f64> {
        self.try_entries().expect("asked before").diagonal()
    }

    fn trace(&self) -> f64 {
        self.try_entries().expect("asked before").trace()
    }
}

impl Factorize for AnyOperator {
    type Factor = Exact;

    fn factorize(&self) -> Result<Exact> {
        Ok(match self {
            Self::Dense(a) if is_symmetric(a.matrix()) => Arc::new(a.factorize()?),
            Self::Dense(a) => Arc::new(a.lu()?),
            Self::Diagonal(a) => Arc::new(a.clone()),
            Self::Identity(a) => Arc::new(*a),
            Self::Triangular(a) => Arc::new(a.clone()),
            Self::Toeplitz(a) => Arc::new(a.clone()),
            Self::Circulant(a) => Arc::new(a.clone()),
            Self::LowRank(a) => {
                return refused(format!(
                    "a low-rank matrix is singular (rank at most {} of {}) and cannot be solved; \
                     add noise: LowRankUpdate(noise * Identity(n), features)",
                    a.features().ncols(),
                    a.rows()
                ));
            }
            Self::Kronecker(a) => Arc::new(a.factorize()?),
            Self::KroneckerSum(a) => Arc::new(a.factorize()?),
            Self::SumKronecker(a) => {
                self.entries()?;
                if a.terms().len() > 2 {
                    Arc::new(a.shared_eigen(SHARED_TOLERANCE)?)
                } else {
                    Arc::new(a.factorize()?)
                }
            }
            Self::KroneckerIdentity(a) => Arc::new(a.clone()),
            Self::BlockDiagonal(a) => Arc::new(a.factorize()?),
            Self::LowRankUpdate(a) => Arc::new(a.factorize()?),
            Self::Masked(a) => {
                let (rows, columns) = (a.selected_rows().to_vec(), a.selected_columns().to_vec());
                Arc::new(Masked::new(a.operator().factorize()?, rows, columns)?.complement()?)
            }
            Self::Scaled(a) => Arc::new(Scaled::new(a.scale(), a.operator().factorize()?)),
            Self::Sum(_) => {
                return refused(
                    "a sum has no exact solve in general: use cg(b) and lanczos_log_det(), or a \
                     structured sum: SumKronecker, KroneckerIdentity, KroneckerSum, LowRankUpdate",
                );
            }
            Self::Product(a) => {
                Arc::new(Product::new(a.left().factorize()?, a.right().factorize()?)?)
            }
            Self::Inverse(a) => Arc::new(a.clone()),
            Self::Transposed(a) => Arc::new(Transposed::new(a.clone().into_inner().factorize()?)),
            Self::Products(_) => {
                return refused(
                    "this root or basis is known by its products only; solve with the operator \
                     that it came from",
                );
            }
        })
    }
}

impl LogDet for AnyOperator {
    fn log_det(&self) -> Result<LogDeterminant> {
        match self {
            Self::LowRank(a) => a.log_det(),
            // A singular factor is no error here.
            Self::Kronecker(a) => a.log_det(),
            Self::BlockDiagonal(a) => a.log_det(),
            Self::Scaled(a) => a.log_det(),
            _ => LogDet::log_det(&self.factorize()?),
        }
    }
}

impl SquareRoot for AnyOperator {
    type Root = Products;

    fn square_root(&self) -> Result<Products> {
        Ok(match self {
            Self::Dense(a) => Arc::new(symmetric(a)?.square_root()?),
            Self::Diagonal(a) => Arc::new(a.square_root()?),
            Self::Identity(a) => Arc::new(*a),
            Self::Toeplitz(a) => Arc::new(a.square_root()?),
            Self::Circulant(a) => Arc::new(a.square_root()?),
            Self::LowRank(a) => Arc::new(a.square_root()?),
            Self::Kronecker(a) => Arc::new(a.square_root()?),
            Self::KroneckerSum(a) => Arc::new(a.eigen()?.square_root()?),
            Self::SumKronecker(a) => {
                let mut roots = a.terms().iter().map(Kronecker::square_root);
                let mut root: Products = Arc::new(roots.next().expect("a sum has a term")?);
                for next in roots {
                    root = Arc::new(SideBySide::new(root, next?)?);
                }
                root
            }
            Self::KroneckerIdentity(a) => Arc::new(a.square_root()?),
            Self::BlockDiagonal(a) => Arc::new(a.square_root()?),
            Self::LowRankUpdate(a) => Arc::new(a.square_root()?),
            Self::Masked(a) => Arc::new(a.square_root()?),
            Self::Scaled(a) => Arc::new(a.square_root()?),
            Self::Sum(a) => Arc::new(a.square_root()?),
            Self::Triangular(_)
            | Self::Product(_)
            | Self::Inverse(_)
            | Self::Transposed(_)
            | Self::Products(_) => {
                return refused(format!(
                    "the {} has no structured root; keep the operators that it is made of where \
                     you need draws",
                    self.name()
                ));
            }
        })
    }
}

impl Eigen for AnyOperator {
    type Basis = Products;

    fn eigen(&self) -> Result<Diagonalized<Products>> {
        fn shared<B>(found: Diagonalized<B>) -> Diagonalized<Products>
        where
            B: LinearOperator + Clone + Send + Sync + 'static,
        {
            let values = found.values().to_vec();
            Diagonalized::orthonormal(Arc::new(found.basis().clone()) as Products, values)
        }
        Ok(match self {
            Self::Dense(a) => shared(symmetric(a)?.eigen()?),
            Self::Diagonal(a) => shared(a.eigen()?),
            Self::Identity(a) => shared(a.eigen()?),
            Self::Circulant(a) => shared(a.eigen()?),
            Self::LowRank(a) => shared(a.eigen()?),
            Self::Kronecker(a) => shared(a.eigen()?),
            Self::KroneckerSum(a) => shared(a.eigen()?),
            Self::SumKronecker(a) => {
                self.entries()?;
                shared(a.shared_eigen(SHARED_TOLERANCE)?)
            }
            Self::KroneckerIdentity(a) if a.rank() == a.size() => {
                let basis = a.factors().iter().map(|f| f.basis().clone()).collect();
                shared(Diagonalized::orthonormal(Kronecker::new(basis), a.diagonal()))
            }
            Self::Scaled(a) => shared(a.eigen()?),
            _ => {
                return refused(format!(
                    "the {} has no structured eigendecomposition; \
                     scipy.sparse.linalg.eigsh(a.as_linear_operator()) finds some of the pairs",
                    self.name()
                ));
            }
        })
    }
}
