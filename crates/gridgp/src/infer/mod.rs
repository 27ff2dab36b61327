//! Inference: from a [`LogDensity`](crate::density::LogDensity) to estimates of its unknowns.
//!
//! One engine, one file or folder. [`maximize`] finds the mode by L-BFGS from several starts,
//! [`nuts()`] draws by the No-U-Turn Sampler.
//!
//! # Why the optimizer is our own
//!
//! One evaluation can cost a second, the value carries round-off of 10⁻⁹ of itself, and a
//! covariance that cannot be factorized gives −∞. basin 3.2, otherwise the best of the libraries,
//! asks for too much here: its unbounded L-BFGS starts with a step as long as the gradient; its
//! Hager–Zhang line search, the one that survives round-off, evaluates every accepted point
//! twice; its Moré–Thuente search evaluates once, but ends at the first −∞ and compares values that are
//! only round-off. What is left once the line search is replaced is the two-loop recursion.

mod climb;
mod history;
mod line_search;
mod map;
mod maximize;
mod nuts;
mod sample;
mod starts;
#[cfg(test)]
mod tests;

pub use history::History;
pub use map::{Map, map};
pub use maximize::{MaximizeOptions, Optimum, Progress, StartSummary, maximize};
pub use nuts::{
    Adapted, ChainDraws, ChainState, Draws, Event, Metric, NutsOptions, Phase, Statistics,
    Whitening, nuts,
};
pub use sample::{SamplePlan, Sampled, plan, sample};
pub use starts::starts;
