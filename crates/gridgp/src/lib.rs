//! Gaussian-process models for data on grids.
//!
//! The covariance of a product kernel on a grid is a Kronecker product, so exact inference costs
//! the cube of each axis instead of the cube of their product. This crate is the door to the
//! others, one a module; each depends only on some of those before it:
//!
//! [`linalg`] → [`grid`] → [`dist`] → [`diagnostics`] → [`kernel`] → [`likelihood`] → [`extremes`] →
//! [`process`] → [`model`] (with [`param`]) → [`density`] → [`posterior`] → [`infer`] → [`fit`](mod@fit)
//!
//! Conventions, everywhere: row-major, the last axis fastest; `f64`; amplitudes are standard
//! deviations; missing is a mask; seeds are explicit; nothing here prints, reads a file, the clock
//! or the environment.

#[doc(inline)]
pub use gridgp_density as density;
#[doc(inline)]
pub use gridgp_diagnostics as diagnostics;
#[doc(inline)]
pub use gridgp_dist as dist;
#[doc(inline)]
pub use gridgp_extremes as extremes;
#[doc(inline)]
pub use gridgp_fit as fit;
#[doc(inline)]
pub use gridgp_grid as grid;
#[doc(inline)]
pub use gridgp_infer as infer;
#[doc(inline)]
pub use gridgp_kernel as kernel;
#[doc(inline)]
pub use gridgp_likelihood as likelihood;
#[doc(inline)]
pub use gridgp_linalg as linalg;
#[doc(inline)]
pub use gridgp_model as model;
#[doc(inline)]
pub use gridgp_model::param;
#[doc(inline)]
pub use gridgp_posterior as posterior;
#[doc(inline)]
pub use gridgp_process as process;

pub use gridgp_grid::{Error, Result};
