//! Structured operators for Gaussian computations.

pub mod error;

pub use error::{Error, Result};
