//! Inference: from a [`LogDensity`] to estimates of its unknowns.
//!
//! One engine, one file or folder. [`maximize`] finds the mode by L-BFGS from several starts;
//! [`nuts()`] draws by the No-U-Turn Sampler, [`sample()`] by the route that suits a model. Three
//! engines approximate the density by normal distributions: [`laplace`] with the curvature at the
//! mode, [`svi`] with the nearest of a family, [`pathfinder`] with the best along the way to the mode.
//! Each gives an [`Approximation`], with draws and with a [`ParetoK`] that says how far to trust it. For a
//! model with fields [`approximate()`] by Laplace's method integrates them out first ([`Nested`]).
//!
//! # Why the optimizer is our own
//!
//! One evaluation can cost a second, the value carries round-off of 10⁻⁹ of itself, and a
//! covariance that cannot be factorized gives −∞. basin 3.2, otherwise the best of the libraries,
//! asks for too much here: its unbounded L-BFGS starts with a step as long as the gradient; its
//! Hager–Zhang line search, the one that survives round-off, evaluates every accepted point
//! twice; its Moré–Thuente search evaluates once, but ends at the first −∞ and compares values that are
//! only round-off. What is left once the line search is replaced is the two-loop recursion.

mod approximate;
mod approximation;
mod check;
mod climb;
mod curvature;
mod each;
mod history;
mod joint_start;
mod laplace;
mod line_search;
mod map;
mod maximize;
mod nested;
mod nuts;
mod pareto_k;
mod pathfinder;
mod sample;
mod short_nuts;
mod starts;
mod svi;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod tests;

use gridgp_density::LogDensity;

/// A density of any type, so that an engine is compiled once and not for each type anew.
type AnyDensity<'d> = Box<dyn LogDensity + Send + 'd>;

pub use approximate::{ApproximateProgress, approximate};
pub use approximation::{Approximation, Engine};
pub use check::{check, memory};
pub use each::{Each, map_each};
pub use history::History;
pub use laplace::{LaplaceOptions, laplace};
pub use map::{Map, map};
pub use maximize::{MaximizeOptions, Optimum, Progress, StartSummary, maximize};
pub use nested::{Nested, points_of};
pub use nuts::{
    Adapted, ChainDraws, ChainState, Draws, Event, Metric, NutsOptions, Phase, Statistics,
    Whitening, nuts, verify_draws,
};
pub use pareto_k::ParetoK;
pub use pathfinder::{PathfinderOptions, pathfinder};
pub use sample::{
    SamplePlan, Sampled, draws_fields, fields_given, plan, route, sample, verify_earlier,
};
pub use short_nuts::{checking_model, checking_plan};
pub use starts::starts;
pub use svi::{Guide, SviOptions, SviProgress, svi, svi_by_quadrature};
