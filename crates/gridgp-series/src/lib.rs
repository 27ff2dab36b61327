//! Gaussian processes along a long axis by state space, at a cost that grows with its length alone.
//!
//! A [`Process`] is a sum of independent blocks of states ([`gridgp_kernel::StateSpace`] makes them of a
//! kernel). [`Observations`] say when what was observed: y = Σ c x + ε at times that need not be even,
//! with the gains c of each block, and known noise variances. With T times, N observations and d states,
//!
//! - [`Filter`] is log N(y; 0, A) of the covariance A of the observations, in O(T d³), its gradient, and
//!   A⁻¹r for any r;
//! - [`expect`] is K A⁻¹r anywhere, [`variances`] the variance there;
//! - [`Root`] is the Cholesky factor of A, times vectors; [`Informed`] makes of it unknowns that stay round
//!   where the data say much, with derivatives;
//! - [`Paths`] draws from the prior.
//!
//! Everything is exact up to rounding: the covariance of the states is carried as it is, and the noise of
//! each step comes without cancellation from closed forms, so that nothing is lost where steps are short
//! or states do not change at all.
//!
//! # Example
//! ```
//! use gridgp_kernel::{Block, Factor};
//! use gridgp_series::{Filter, Loadings, Observations, Process};
//!
//! // 1.5² matern32(t; 2), with noise of variance 0.09, at three times.
//! let rate = 3f64.sqrt() / 2.0;
//! let process = Process::new(vec![Block::new(1.5, vec![Factor::Matern { order: 2, rate }])]);
//! let observations = Observations {
//!     times: &[0.0, 0.4, 3.0],
//!     starts: &[0, 1, 2, 3],
//!     variances: &[0.09; 3],
//!     loadings: Loadings::gains(&[1.5]),
//! };
//! let filter = Filter::new(&process, &observations)?;
//! let residual = [0.3, 0.5, -1.0];
//! let alpha = filter.solve(&process, &observations, &residual);
//! let quadratic: f64 = residual.iter().zip(&alpha).map(|(r, a)| r * a).sum();
//! let log_prob = -0.5 * (quadratic + filter.log_det() + 3.0 * (2.0 * std::f64::consts::PI).ln());
//! assert!((log_prob - filter.log_prob(&process, &observations, &residual)).abs() < 1e-12);
//! # Ok::<(), gridgp_series::Error>(())
//! ```

mod batch;
mod error;
mod expectation;
mod filter;
mod gradient;
mod informed;
mod informed_gradient;
mod observations;
mod paths;
mod process;
mod root;
mod segment;
mod size;
mod state;
mod step;
mod variance;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use expectation::expect;
pub use filter::Filter;
pub use gradient::{Gradient, log_prob_gradient};
pub use informed::{Informed, Sweep};
pub use informed_gradient::{Bars, RootGradient};
pub use observations::{Loadings, Observations};
pub use paths::Paths;
pub use process::Process;
pub use root::Root;
pub use variance::{Targets, Variances, variances};
