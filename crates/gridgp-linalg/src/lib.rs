//! Structured operators for Gaussian computations: Kronecker products and their sums, low-rank
//! updates, Toeplitz, circulant, block and masked matrices, with exact solves, determinants,
//! eigendecompositions and draws wherever the algebra allows them.
//!
//! An operator that has no exact structured route to something lacks the trait for it, or says
//! which iterative route to ask for; nothing is ever made dense or approximated on your behalf.
//!
//! # Which operator do I have?
//!
//! | your matrix | operator | to solve |
//! |---|---|---|
//! | all entries, symmetric positive definite | [`Dense`] | [`factorize`](Factorize) |
//! | all entries, general square | [`Dense`] | [`Dense::lu`] |
//! | a covariance on a grid, one factor an axis | [`Kronecker`] | `factorize` |
//! | the same plus σ²I | [`KroneckerIdentity`] | directly |
//! | the same plus noise that varies along the axes, ⊗K + ⊗D | [`SumKronecker`] | `factorize` |
//! | two product covariances, A₁⊗B₁ + A₂⊗B₂, any number of axes | [`SumKronecker`] | `factorize` |
//! | main effects and interactions in shared eigenvectors | [`SumKronecker`] | [`shared_eigen`](SumKronecker::shared_eigen) |
//! | A⊗I + I⊗B, a grid Laplacian | [`KroneckerSum`] | `factorize` |
//! | a grid with few missing cells | [`Masked`] of one of the above | [`complement`](Masked::complement) |
//! | a grid with many missing cells | [`Masked`] | [`cg::solve`] with [`cg::FullGrid`] |
//! | stationary kernel, even spacing | [`Toeplitz`] | directly |
//! | stationary kernel, full period | [`Circulant`] | directly |
//! | a linear model in r features | [`LowRank`] | singular: add noise |
//! | any of these plus a linear model | [`LowRankUpdate`] | `factorize`, or [`factor`](LowRankUpdate::factor) |
//! | independent groups | [`BlockDiagonal`] | `factorize` |
//! | a sum of anything else | [`Sum`] | [`cg::solve`] |
//! | a product, an inverse, a transpose | [`Product`], [`Inverse`], [`Transposed`] | directly |
//!
//! # What does it cost?
//!
//! N rows; nₐ the rows of a factor, r a rank, m missing cells. "apply", "solve" and "draw" are per
//! column, after the one-off cost of [`Factorize::factorize`] or
//! [`SquareRoot::square_root`] (for Kronecker products Σ nₐ³). "no": a missing trait.
//!
//! | operator | apply | once, then solve | log_det | eigen | draw | entries |
//! |---|---|---|---|---|---|---|
//! | [`Dense`] | N² | N³/3, N² | with the factorization | 9N³ | N² | 1 |
//! | [`Triangular`] | N² | N² | N | no | no | 1 |
//! | [`Lu`] | N² | 2N³/3, N² | with the factorization | no | no | no |
//! | [`Diagonal`], [`Identity`] | N | N | N | N | N | 1 |
//! | [`Scaled`] | as A | as A | as A | as A | as A | as A |
//! | [`Kronecker`] | N Σnₐ | Σnₐ³/3, N Σnₐ | Σnₐ | Σ9nₐ³, basis stays a product | N Σnₐ | factors |
//! | [`KroneckerIdentity`] | N Σrₐ | N Σrₐ | ∏rₐ | no | N Σrₐ | no |
//! | [`KroneckerSum`] | N Σnₐ | Σ9nₐ³, N Σnₐ | N | Σ9nₐ³ | N Σnₐ | factors |
//! | [`SumKronecker`], two terms | N Σnₐ | Σ12nₐ³, N Σnₐ | N | no (a congruence) | N Σnₐ | terms |
//! | [`SumKronecker`], shared eigenvectors | terms · N Σnₐ | Σ9nₐ³, N Σnₐ | N | Σ9nₐ³ | N Σnₐ | terms |
//! | [`SumKronecker`], other | terms · N Σnₐ | no: [`cg`] | no: [`lanczos`] | no | terms · N Σnₐ | terms |
//! | [`BlockDiagonal`] | blocks | blocks | blocks | no | blocks | blocks |
//! | [`LowRank`] | N r | singular | N r² (its rank) | N r² | N r | r² |
//! | [`LowRankUpdate`] | A + N r | r solves of A + N r², two to five times A + N r | r³ | no | A + N r | A + r² |
//! | [`Toeplitz`] | N log N | N² each time | N² | no | N log N, if the embedding is semidefinite | 1 |
//! | [`Circulant`] | N log N | N log N | N | N² entries | N log N | 1 |
//! | [`Masked`] | as A | m solves of A + m³/3, two of A | with it | no | as A | as A |
//! | [`Sum`] | A + B | no: [`cg`] | no: [`lanczos`] | no | A + B | A + B |
//! | [`Product`] | A + B | A + B | A + B | no | no | no |
//! | [`Inverse`] | solve of A | apply of A | as A | no | solve of A's root | no |
//! | [`Transposed`] | as A | as A | as A | no | no | as A |
//! | [`Diagonalized`] | basis | basis | N | itself | basis | no |
//! | [`PivotedCholesky`] | N r | N r² , N r | with it | no | N r | no |
//!
//! # What of singular matrices?
//!
//! Products, entries, roots, draws and eigendecompositions are the same for them. A determinant is
//! 0: sign 0, logarithm −∞, and the rank beside it. A solve, and a factorization that solves, is an
//! error with the rank or the pivot. Pivots and eigenvalues as small as their own rounding count as
//! zero; nothing is added to them.
//!
//! # Conventions
//!
//! Tensors are row-major, the last factor's index runs fastest. Right-hand sides are the columns
//! of a matrix. Wrong lengths panic; what the numbers do wrong (singular, indefinite, not finite,
//! not converged) is an [`Error`]. Seeds are explicit, and the number of threads does not change a
//! draw.

pub mod block_diagonal;
pub mod cg;
pub mod circulant;
pub mod dense;
pub mod diagonal;
pub mod diagonalized;
mod fft;
pub mod identity;
pub mod inverse;
pub mod kronecker;
pub mod kronecker_sum;
pub mod lanczos;
pub mod log_determinant;
pub mod low_rank;
pub mod low_rank_update;
pub mod lu;
pub mod masked;
pub mod operator;
pub mod pivoted_cholesky;
pub mod product;
pub mod sample;
pub mod scaled;
mod spectral_operators;
pub mod sum;
pub mod sum_kronecker;
pub mod testing;
pub mod toeplitz;
pub mod transposed;
pub mod triangular;

pub use block_diagonal::BlockDiagonal;
pub use cg::Preconditioner;
pub use circulant::Circulant;
pub use dense::Dense;
pub use diagonal::Diagonal;
pub use diagonalized::Diagonalized;
pub use gridgp_dense::{
    Basis, Cholesky, Error, Facts, KroneckerIdentity, Result, Spectral, SymmetricEigen,
    block_diagonal, cholesky, error, expand_all, gemm, kronecker_identity, mode_contraction,
    mode_gram, mode_product, product, project_all, project_in_place, settle_registers, spectral,
    symmetric_eigen, thin_qr,
};
pub use identity::Identity;
pub use inverse::Inverse;
pub use kronecker::Kronecker;
pub use kronecker_sum::KroneckerSum;
pub use log_determinant::LogDeterminant;
pub use low_rank::LowRank;
pub use low_rank_update::{FactoredLowRankUpdate, LowRankUpdate};
pub use lu::Lu;
pub use masked::{ComplementSolver, Masked};
pub use operator::{Eigen, Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot};
pub use pivoted_cholesky::PivotedCholesky;
pub use product::Product;
pub use scaled::Scaled;
pub use sum::{SideBySide, Sum};
pub use sum_kronecker::SumKronecker;
pub use toeplitz::Toeplitz;
pub use transposed::Transposed;
pub use triangular::Triangular;
