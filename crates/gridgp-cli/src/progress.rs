//! A bar for what takes longer than a second.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use gridgp::infer::Progress;
use indicatif::{ProgressBar, ProgressStyle};

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

    pub fn update(&self, p: &Progress) -> ControlFlow<()> {
        if !self.quiet && self.begun.elapsed() > Duration::from_secs(1) {
            let mut bar = self.bar.lock().expect("no other thread has failed");
            let bar = bar.get_or_insert_with(|| {
                let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
                ProgressBar::new_spinner().with_style(style.expect("the template is right"))
            });
            bar.set_message(format!(
                "start {} of {}, iteration {}: log posterior {:.4}, gradient {:.1e}",
                p.start + 1,
                p.starts,
                p.iteration,
                p.value,
                p.gradient_norm
            ));
            bar.tick();
        }
        ControlFlow::Continue(())
    }

    pub fn finish(&self) {
        if let Some(bar) = self.bar.lock().expect("no other thread has failed").take() {
            bar.finish_and_clear();
        }
    }
}
