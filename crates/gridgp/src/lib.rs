//! Gaussian-process models for data on grids.
//!
//! The covariance of a product kernel on a grid is a Kronecker product, so exact inference costs
//! the cube of each axis instead of the cube of their product. The modules depend on each other
//! from left to right only:
//!
//! [`grid`] → [`dist`] → [`diagnostics`] → [`param`] → [`kernel`] → [`likelihood`] → [`extremes`] →
//! [`process`] → [`model`] → [`density`] → [`posterior`] → [`infer`]
//!
//! Conventions, everywhere: row-major, the last axis fastest; `f64`; amplitudes are standard
//! deviations; missing is a mask; seeds are explicit; nothing here prints, reads a file, the clock
//! or the environment.

pub mod density;
pub mod diagnostics;
pub mod dist;
pub mod error;
pub mod extremes;
pub mod grid;
pub mod infer;
pub mod kernel;
pub mod likelihood;
pub mod model;
pub mod param;
pub mod posterior;
pub mod process;

pub use error::{Error, Result};
