//! `fit` and `predict`: from a model with its data to what was found, and from there to what it says
//! elsewhere. Everything is in memory; files are the business of `gridgp-io`.
//!
//! [`fit`] runs the method that the model names and gives a [`Fit`]: groups of draws in ArviZ's
//! layout, and a summary. [`update`] conditions a [`Fit`] on new data, [`predict`] takes it to a grid or
//! to points. What belongs to the
//! program around them, bars, interruption, clock and memory, they ask of a [`Host`]; where draws are
//! kept as they come is a [`DrawLog`]. The same model, data and seed give the same numbers, whoever
//! asks.

mod aggregation;
mod attribute;
mod doubts;
mod draw_groups;
mod error;
mod fit;
mod fitting;
mod group;
mod host;
mod log;
mod outline;
mod output;
mod prediction;
mod scaling;
mod update;

pub use aggregation::{AggregateOptions, Weights, aggregate};
pub use attribute::Attribute;
pub use doubts::doubts;
pub use draw_groups::{LARGEST_GROUP, draw_groups, mode_group};
pub use error::{Error, Result};
pub use fit::Fit;
pub(crate) use fitting::common;
pub use fitting::{Fitted, check, fit};
pub use group::{DrawValues, InferenceGroup, InferenceVariable, Samples};
pub use host::{Host, Quiet, Stage};
pub use log::{DrawLog, LogError, LogHeader, LoggedRun};
pub use outline::{describe, duration, outline};
pub use output::{GridOutput, OutputVariable, PointsOutput, output_name};
pub use prediction::{Mask, Output, PredictOptions, ScatteredPoints, Where, estimate, predict};
pub use scaling::Scaling;
pub use update::update;
