//! Structured operators for Gaussian computations.

pub mod cholesky;
pub mod error;
pub mod kronecker_identity;
pub mod mode_product;
pub mod spectral;
mod threads;

pub use cholesky::Cholesky;
pub use error::{Error, Result};
pub use kronecker_identity::{KroneckerIdentity, expand_all, project_all, project_in_place};
pub use mode_product::{mode_gram, mode_product};
pub use spectral::{Basis, Facts, Spectral, symmetric_eigen};
