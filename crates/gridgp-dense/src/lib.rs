//! The algebra that the models of gridgp compute with: dense products, Cholesky factors, eigenvectors
//! and the spectral factors made of them, mode products, and K₁⊗K₂⊗… + σ²I.
//!
//! All other operators, and the traits that they share, are in `gridgp-linalg`, which has what is
//! here as well. faer's algorithms are generic and are compiled anew where they are called: what
//! several crates need of them is called here, behind plain functions.
//!
//! # Conventions
//!
//! Tensors are row-major, the last factor's index runs fastest. Right-hand sides are the columns
//! of a matrix. Wrong lengths panic; what the numbers do wrong (singular, indefinite, not finite)
//! is an [`Error`]. Seeds are explicit, and the number of threads does not change a digit.

pub mod cholesky;
mod cholesky_vjp;
pub mod error;
pub mod gemm;
pub mod kronecker_identity;
pub mod mode_contraction;
pub mod mode_product;
mod qr;
pub mod sample;
pub mod spectral;
mod threads;
pub mod triangular;

pub use cholesky::Cholesky;
pub use error::{Error, Result};
pub use gemm::{norm, product, settle_registers};
pub use kronecker_identity::{
    KroneckerIdentity, expand_all, expand_in_place, project_all, project_in_place,
};
pub use mode_contraction::mode_contraction;
pub use mode_product::{mode_gram, mode_product};
pub use qr::thin_qr;
pub use spectral::{Basis, Facts, Spectral, SymmetricEigen, block_diagonal, symmetric_eigen};
