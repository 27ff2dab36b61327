//! From a model with its data to the contents of a fit file, for every front-end alike.
//!
//! [`fit`] runs the method that the model names, and makes the groups and the summary of the fit
//! file. What belongs to the program around it, bars, interruption, clock and memory, it asks of a
//! [`Host`]. The same model, data and seed give the same numbers, whoever asks.

mod approximate;
mod map;
mod nuts;
mod summary;

use std::ops::ControlFlow;
use std::path::Path;

use gridgp::infer::{ApproximateProgress, Event, Progress, SamplePlan};
use gridgp::model::Model;
use gridgp::model::spec::{Method, Source};
use serde_json::Value;

use crate::{FitFile, InferenceGroup, Result, Scaling};

/// What a fit does at the moment.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stage<'a> {
    /// `nuts` looks for where its chains start.
    Starting,
    /// The search for a mode goes on.
    Search(&'a Progress),
    /// An approximation goes on.
    Step(&'a ApproximateProgress),
    /// Sampling begins.
    Planned(&'a SamplePlan),
    /// A chain has moved.
    Chain(&'a Event<'a>),
    /// The draws are there, and are summarized.
    Summarizing,
}

/// The program around a fit: libraries read no clock, and do not know how much memory there is.
pub trait Host: Sync {
    /// Sees how the fit gets on, from the thread that does it. A `Break` ends it; what has been
    /// drawn by then is kept.
    fn observe(&self, stage: &Stage<'_>) -> ControlFlow<()>;

    /// Refuses, in words, what would not fit into memory.
    ///
    /// # Errors
    /// There is less memory than `bytes` for `what`.
    fn admit(&self, bytes: u128, what: &str) -> Result<(), String> {
        let _ = (bytes, what);
        Ok(())
    }

    /// Seconds since the fit was asked for; 0 where nobody measures.
    fn seconds(&self) -> f64 {
        0.0
    }

    /// The most memory in use so far, in bytes.
    fn peak_memory(&self) -> Option<u64> {
        None
    }
}

/// A host that watches nothing and never stops a fit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Host for Quiet {
    fn observe(&self, _: &Stage<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The log that keeps the draws of `nuts` as they come; see [`DrawLog`](crate::DrawLog).
#[derive(Debug, Clone, Copy)]
pub struct LogPlace<'a> {
    /// Its file. It is left behind; it is of no use once the fit file is written.
    pub path: &'a Path,
    /// Whether to go on with what is in it, where it is there.
    pub resume: bool,
}

/// What a fit gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The contents of the fit file.
    pub file: FitFile,
    /// Its summary.
    pub summary: Value,
    /// Whether the host ended it.
    pub interrupted: bool,
}

impl Fitted {
    /// What a statistician would want to know before believing the numbers.
    pub fn warnings(&self) -> Vec<&str> {
        self.summary["warnings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }
}

/// What a method found.
struct Found {
    groups: Vec<InferenceGroup>,
    summary: Value,
    interrupted: bool,
}

/// Fits `model` by the method of its `[inference]`.
///
/// `source` is the text of the model and `scalings` what was done to its covariates, in their
/// order; both go into the fit file. `log` is used by `nuts` alone.
///
/// # Errors
/// The method cannot take the model, or finds nothing; the log cannot be written, or belongs to
/// another run; the host does not admit what would be drawn.
///
/// ```
/// use gridgp::grid::{Axis, Dataset, Grid, Variable};
/// use gridgp::model::{Model, spec::{ModelSpec, Source}};
/// use gridgp_io::{Quiet, fit};
///
/// let x = Axis::numbers("x", (0..20).map(f64::from).collect())?;
/// let y = (0..20).map(|i| (0.5 * f64::from(i)).sin() + 0.01 * f64::from(i % 3)).collect();
/// let data = Dataset::new(Grid::new(vec![x])?, Variable::new("y", y), vec![])?;
/// let source = Source::new(
///     "m.toml",
///     "[data]\nresponse = 'y'\naxes = ['x']\n[fields.f]\nx = 'matern52()'\n\
///      [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n",
/// );
/// let model = Model::new(ModelSpec::from_toml(&source)?, &source, data)?;
/// let fitted = fit(&model, &source, &[], None, &Quiet)?;
/// assert_eq!(fitted.summary["converged"], true);
/// assert!(fitted.file.parameter("f.x.lengthscale").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fit(
    model: &Model,
    source: &Source,
    scalings: &[Scaling],
    log: Option<LogPlace<'_>>,
    host: &dyn Host,
) -> Result<Fitted> {
    let method = model.spec.inference.method;
    let found = match method {
        Method::Map => map::fit(model, host)?,
        Method::Nuts => nuts::fit(model, log, host)?,
        Method::Laplace | Method::Svi | Method::Pathfinder => approximate::fit(model, host)?,
    };
    let file = FitFile {
        version: env!("CARGO_PKG_VERSION").into(),
        source: source.clone(),
        data: model.data.clone(),
        scalings: scalings.to_vec(),
        method: name(method).into(),
        seed: model.spec.inference.seed,
        groups: found.groups,
        summary: format!("{:#}", found.summary),
    };
    Ok(Fitted { file, summary: found.summary, interrupted: found.interrupted })
}

/// A method as model files call it.
fn name(method: Method) -> &'static str {
    match method {
        Method::Map => "map",
        Method::Nuts => "nuts",
        Method::Laplace => "laplace",
        Method::Svi => "svi",
        Method::Pathfinder => "pathfinder",
    }
}
