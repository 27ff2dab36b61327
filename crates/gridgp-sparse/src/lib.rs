//! Symmetric positive definite matrices whose nonzeros join neighbours on a grid.
//!
//! The precision matrix of a Markov process along each axis of a grid joins neighbours only, and so does
//! what observations of single cells add to it. A [`Stencil`] holds such a matrix, a [`Dissection`] the
//! order in which its cells are eliminated, and a [`Factor`] is P = L Lᵀ in that order, with
//! log det P, solutions, draws of covariance P⁻¹ and the blocks of P⁻¹ that join neighbours. All of it
//! is exact; on N cells of a plane the factor takes some N^{3/2} operations and N log N numbers.
//!
//! A [`Chain`] is the precision of one Markov process along one axis, a [`Plane`] that of an isotropic
//! field on two.
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use faer::Mat;
//! use gridgp_sparse::{Dissection, Factor, Lattice, Stencil};
//!
//! // 5 on the diagonal, −½ between neighbours, on 30 × 20 cells.
//! let lattice = Arc::new(Lattice::new(&[30, 20]));
//! let mut p = Stencil::zeros(lattice.clone(), 1);
//! lattice.each_pair(|cell, step, _| p.block_mut(cell, step)[0] = if step == 0 { 5.0 } else { -0.5 });
//! let factor = Factor::new(Arc::new(Dissection::new(lattice, 1)), &p)?;
//! let mut x = Mat::zeros(600, 1);
//! x[(42, 0)] = 1.0;
//! factor.solve_in_place(x.as_mut());
//! assert!((x[(42, 0)] - factor.selected_inverse().block(42, 0)[0]).abs() < 1e-14);
//! # Ok::<(), gridgp_sparse::Error>(())
//! ```

mod chain;
mod dissection;
mod error;
mod factor;
mod inverse;
mod plane;
mod stencil;
#[cfg(test)]
mod tests;

pub use chain::{Between, Chain, ChainBar};
pub use dissection::{Cost, Dissection};
pub use error::{Error, Result};
pub use factor::Factor;
pub use plane::{MARGIN, Plane, Side};
pub use stencil::{Lattice, Stencil};
