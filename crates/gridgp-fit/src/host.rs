//! The program around a fit.

use std::ops::ControlFlow;

use gridgp_infer::{ApproximateProgress, Event, Progress, SamplePlan};

/// What a fit does at the moment.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stage<'a> {
    /// `nuts` looks for where its chains start.
    Starting,
    /// The search for a mode begins: its first evaluations may take a while.
    Searching,
    /// The search for a mode goes on: there is a point to keep.
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
    /// drawn by then is kept, and of a search for a mode the best point.
    fn observe(&self, stage: &Stage<'_>) -> ControlFlow<()>;

    /// Refuses, in words, what would not fit into memory.
    ///
    /// # Errors
    /// There is less memory than `bytes` for `what`.
    fn admit(&self, bytes: u128, what: &str) -> Result<(), String> {
        let _ = (bytes, what);
        Ok(())
    }

    /// How often the program has a result in memory, from what was made to the file: 1 where it
    /// writes none.
    fn copies(&self) -> u128 {
        1
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
