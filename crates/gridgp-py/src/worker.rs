//! Long work on a thread of its own, while Python's thread listens for Ctrl-C and shows progress.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use gridgp::fit::{Host, Stage};
use gridgp::infer::{Event, Phase};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::compute;

/// How often Python is asked for signals, and told of progress.
const BEAT: Duration = Duration::from_millis(80);

/// The host of a fit that Python asked for.
pub struct Watched {
    begun: Instant,
    stop: AtomicBool,
    seen: Mutex<Seen>,
}

/// What there is to show.
#[derive(Debug, Clone, Default)]
struct Seen {
    stage: &'static str,
    text: String,
    done: Vec<usize>,
    divergences: Vec<usize>,
    step_size: Vec<f64>,
    tune: usize,
    total: usize,
    /// Whether an end now leaves something to keep.
    keeps: bool,
}

impl Watched {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            stop: AtomicBool::new(false),
            seen: Mutex::new(Seen { stage: "begin", ..Seen::default() }),
        })
    }

    /// Whether Ctrl-C has asked the work to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn update(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn show(&self, report: &Bound<'_, PyAny>) -> PyResult<()> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let all = PyDict::new(report.py());
        all.set_item("stage", seen.stage)?;
        all.set_item("text", seen.text)?;
        all.set_item("done", seen.done)?;
        all.set_item("divergences", seen.divergences)?;
        all.set_item("step_size", seen.step_size)?;
        all.set_item("tune", seen.tune)?;
        all.set_item("total", seen.total)?;
        report.call1((all,))?;
        Ok(())
    }
}

impl Host for Watched {
    fn observe(&self, stage: &Stage<'_>) -> ControlFlow<()> {
        match stage {
            Stage::Starting => self.update(|s| s.stage = "start"),
            Stage::Searching => self.update(|s| {
                s.stage = "search";
                s.text = "first evaluations".into();
            }),
            Stage::Search(p) => self.update(|s| {
                s.stage = "search";
                s.text = p.to_string();
                s.keeps = true;
            }),
            Stage::Step(p) => self.update(|s| {
                s.stage = "approximate";
                s.done = vec![p.step];
                s.total = p.steps;
                s.text = format!("{:.2}", p.value);
                s.keeps = true;
            }),
            Stage::Planned(plan) => self.update(|s| {
                let chains = plan.starts.len();
                s.stage = "sample";
                s.done = vec![0; chains];
                s.divergences = vec![0; chains];
                s.step_size = vec![f64::NAN; chains];
                s.tune = plan.options.tune;
                s.total = plan.options.tune + plan.options.draws;
                s.keeps = true;
            }),
            Stage::Chain(Event::Draw { chain, phase, draw, statistics, .. }) => self.update(|s| {
                let sampling = *phase == Phase::Sampling;
                s.done[*chain] = draw + 1 + if sampling { s.tune } else { 0 };
                s.divergences[*chain] += usize::from(statistics.diverging && sampling);
                s.step_size[*chain] = statistics.step_size;
            }),
            Stage::Summarizing => self.update(|s| s.stage = "summarize"),
            _ => {}
        }
        if self.stop.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn admit(&self, bytes: u128, what: &str) -> Result<(), String> {
        gridgp_io::check_memory(bytes, what)
    }

    fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn peak_memory(&self) -> Option<u64> {
        gridgp_io::peak_memory()
    }
}

/// What a run gave, and whether it was asked to end.
pub struct Done<T> {
    pub value: T,
    pub interrupted: bool,
}

/// Runs `work` without the GIL.
///
/// The first Ctrl-C asks `work` to end with what it has; where it has nothing yet, and at the
/// second, `KeyboardInterrupt` is raised at once, and the thread ends by itself.
pub fn run<T: Send + 'static>(
    py: Python<'_>,
    host: &Arc<Watched>,
    report: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<Done<T>> {
    let place = Arc::new((Mutex::new(None), Condvar::new()));
    let there = place.clone();
    let thread = thread::Builder::new().name("gridgp".into()).spawn(move || {
        let found = compute::here(work);
        *there.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        there.1.notify_all();
    });
    thread.map_err(|e| PyRuntimeError::new_err(format!("no thread could be started: {e}")))?;
    let mut interrupted = false;
    loop {
        let found = py.detach(|| {
            let found = place.0.lock().unwrap_or_else(PoisonError::into_inner);
            let found = place.1.wait_timeout_while(found, BEAT, |found| found.is_none());
            found.unwrap_or_else(PoisonError::into_inner).0.take()
        });
        if let Some(value) = found {
            return Ok(Done { value: value?, interrupted });
        }
        let beat = py.check_signals().and_then(|()| match report {
            Some(report) => host.show(report),
            None => Ok(()),
        });
        if let Err(e) = beat {
            host.stop.store(true, Ordering::Relaxed);
            let keeps = host.seen.lock().unwrap_or_else(PoisonError::into_inner).keeps;
            if interrupted || !keeps || !e.is_instance_of::<PyKeyboardInterrupt>(py) {
                return Err(e);
            }
            interrupted = true;
        }
    }
}
