//! The terminal as the host of a fit: bars, Ctrl-C, clock and memory.

use std::ops::ControlFlow;
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use gridgp_fit::{Host, Stage};

use crate::progress::{SampleBars, SearchBar, Spinner, StepBar};
use crate::{interrupt, machine};

/// Shows how a fit gets on, and stops it after Ctrl-C.
pub struct Terminal {
    begun: Instant,
    quiet: bool,
    spinner: Mutex<Option<Spinner>>,
    search: SearchBar,
    steps: StepBar,
    chains: OnceLock<SampleBars>,
}

impl Terminal {
    pub fn new(quiet: bool) -> Self {
        Self {
            begun: Instant::now(),
            quiet,
            spinner: Mutex::new(None),
            search: SearchBar::new(quiet),
            steps: StepBar::new(quiet),
            chains: OnceLock::new(),
        }
    }

    /// Whether chains were on their way.
    pub fn sampled(&self) -> bool {
        self.chains.get().is_some()
    }

    /// Takes everything away that is still shown.
    pub fn clear(&self) {
        self.say(None);
        self.search.finish();
        self.steps.finish();
        self.chains.get().into_iter().for_each(SampleBars::finish);
    }

    fn say(&self, what: Option<&str>) {
        // The old one goes before the new one comes.
        let mut spinner = self.spinner.lock().expect("no other thread has failed");
        drop(spinner.take());
        *spinner = what.map(|what| Spinner::new(what, self.quiet));
    }
}

impl Host for Terminal {
    fn observe(&self, stage: &Stage<'_>) -> ControlFlow<()> {
        match stage {
            Stage::Starting => self.say(Some("looking for where to start")),
            Stage::Searching => self.say(Some("first evaluations")),
            Stage::Search(p) => {
                if self.search.update(p) {
                    self.say(None);
                }
                interrupt::watch("the best point so far is kept");
            }
            Stage::Step(p) => self.steps.update(p),
            Stage::Planned(plan) => {
                self.say(None);
                let o = &plan.options;
                let bars = || SampleBars::new(plan.starts.len(), o.tune, o.draws, self.quiet);
                self.chains.get_or_init(bars);
                interrupt::watch(interrupt::DRAWS);
            }
            Stage::Chain(event) => {
                if let Some(bars) = self.chains.get() {
                    bars.update(event);
                }
            }
            Stage::Summarizing => {
                self.clear();
                self.say(Some("summarizing the draws"));
            }
            _ => {}
        }
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn admit(&self, bytes: u128, what: &str) -> Result<(), String> {
        machine::check_memory(bytes, what).map_err(|e| e.to_string())
    }

    fn copies(&self) -> u128 {
        gridgp_io::COPIES_TO_WRITE
    }

    fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn peak_memory(&self) -> Option<u64> {
        machine::peak_memory()
    }
}
