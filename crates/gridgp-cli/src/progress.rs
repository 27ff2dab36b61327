//! Signs of life for what takes longer than a second.

use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gridgp_infer::{ApproximateProgress, Event, Phase, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Before this nobody needs to be told.
const PATIENCE: Duration = Duration::from_secs(1);

/// Says what is being done, from the first second until it is dropped.
pub struct Spinner {
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Spinner {
    pub fn new(message: impl Into<String>, quiet: bool) -> Self {
        if quiet {
            return Self { done: None, thread: None };
        }
        let message = message.into();
        let (done, wait) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let bar = spinner();
                bar.set_message(message);
                while wait.recv_timeout(Duration::from_millis(100))
                    == Err(RecvTimeoutError::Timeout)
                {
                    bar.tick();
                }
                bar.finish_and_clear();
            }
        });
        Self { done: Some(done), thread: Some(thread) }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            // A spinner that failed is no reason to fail.
            let _ = thread.join();
        }
    }
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
    ProgressBar::new_spinner().with_style(style.expect("the template is right"))
}

/// Shows how the starts of a search get on; nothing within the first second, or where standard
/// error is no terminal.
pub struct SearchBar {
    begun: Instant,
    bar: Mutex<Option<ProgressBar>>,
    quiet: bool,
}

impl SearchBar {
    pub fn new(quiet: bool) -> Self {
        Self { begun: Instant::now(), bar: Mutex::new(None), quiet }
    }

    /// Whether it shows something.
    pub fn update(&self, p: &Progress) -> bool {
        if self.quiet || self.begun.elapsed() < PATIENCE {
            return false;
        }
        let mut bar = self.bar.lock().expect("no other thread has failed");
        let bar = bar.get_or_insert_with(|| {
            let bar = spinner();
            // The seconds go on while an evaluation takes many of them.
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_message(p.to_string());
        true
    }

    pub fn finish(&self) {
        if let Some(bar) = self.bar.lock().expect("no other thread has failed").take() {
            bar.finish_and_clear();
        }
    }
}

/// Shows how an approximation gets on, as [`SearchBar`] does.
pub struct StepBar {
    begun: Instant,
    bar: Mutex<Option<ProgressBar>>,
    quiet: bool,
}

impl StepBar {
    pub fn new(quiet: bool) -> Self {
        Self { begun: Instant::now(), bar: Mutex::new(None), quiet }
    }

    pub fn update(&self, p: &ApproximateProgress) {
        if self.quiet || self.begun.elapsed() < PATIENCE || !p.step.is_multiple_of(20) {
            return;
        }
        let mut bar = self.bar.lock().expect("no other thread has failed");
        let bar = bar.get_or_insert_with(spinner);
        bar.set_message(format!("step {} of {}: {:.2}", p.step, p.steps, p.value));
        bar.tick();
    }

    pub fn finish(&self) {
        if let Some(bar) = self.bar.lock().expect("no other thread has failed").take() {
            bar.finish_and_clear();
        }
    }
}

/// A bar for each chain: draws, draws a second, divergences, step size; nothing where standard error
/// is no terminal.
pub struct SampleBars {
    bars: Vec<ProgressBar>,
    chains: Vec<Mutex<ChainStatus>>,
    tune: usize,
    quiet: bool,
}

struct ChainStatus {
    divergences: usize,
    shown: Instant,
}

impl SampleBars {
    pub fn new(chains: usize, tune: usize, draws: usize, quiet: bool) -> Self {
        let all = MultiProgress::new();
        let style = ProgressStyle::with_template(
            "chain {prefix} {bar:24} {pos}/{len} {per_sec}, {eta} left{msg}",
        );
        let style = style.expect("the template is right");
        let bar = |chain: usize| {
            if quiet {
                return ProgressBar::hidden();
            }
            let bar = all.add(ProgressBar::new((tune + draws) as u64));
            bar.set_style(style.clone());
            bar.set_prefix(chain.to_string());
            bar
        };
        let status = || Mutex::new(ChainStatus { divergences: 0, shown: Instant::now() });
        Self {
            bars: (0..chains).map(bar).collect(),
            chains: (0..chains).map(|_| status()).collect(),
            tune,
            quiet,
        }
    }

    pub fn update(&self, event: &Event) {
        let Event::Draw { chain, phase, draw, statistics, .. } = event else { return };
        if self.quiet {
            return;
        }
        let mut status = self.chains[*chain].lock().expect("no other thread has failed");
        let sampling = *phase == Phase::Sampling;
        status.divergences += usize::from(statistics.diverging && sampling);
        if status.shown.elapsed() < Duration::from_millis(100) {
            return;
        }
        status.shown = Instant::now();
        let bar = &self.bars[*chain];
        bar.set_position((draw + 1 + if sampling { self.tune } else { 0 }) as u64);
        let divergences = match status.divergences {
            0 => String::new(),
            1 => ", 1 divergence".into(),
            n => format!(", {n} divergences"),
        };
        let phase = if sampling { "" } else { ", tuning" };
        bar.set_message(format!("{phase}, step {:.3}{divergences}", statistics.step_size));
    }

    pub fn finish(&self) {
        self.bars.iter().for_each(ProgressBar::finish_and_clear);
    }
}
