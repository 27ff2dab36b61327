//! What is known after the data: the conditional of the field, draws of all unknowns, and
//! predictions from both.
//!
//! [`Conditional`] is exact and Gaussian, at given parameters. [`forecast`] predicts from
//! [`Samples`](gridgp_density::Samples), which any engine makes: of the posterior or of the prior. [`TailDraws`] makes return
//! levels and risks of them, and [`residuals`] compares them with the observations.

mod circle;
mod conditional;
mod draws;
mod efficiency;
mod forecast;
mod grid;
mod left_out;
pub mod memory;
mod over_draws;
mod place;
mod points;
mod prior;
mod residuals;
mod series;
mod sums;
mod tail;
#[cfg(test)]
mod tests;
mod tiles;
mod unfold;

pub use conditional::{Conditional, Moments};
pub use forecast::{ForecastOptions, Quantity, Target};
pub use left_out::held_out;
pub use place::Place;
pub use prior::prior_samples;
pub use residuals::{ResidualSummary, Residuals, Weighing, residuals};
pub use sums::SumMoments;
pub use tail::{Summarized, TailDraws};
pub use tiles::forecast;
pub use unfold::{Unfolded, unfold};
