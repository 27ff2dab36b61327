//! Ctrl-C: stop drawing, and keep what has been drawn.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on the first Ctrl-C (or SIGTERM) is a request, and the second ends the program.
pub fn watch() {
    let watched = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("stopping: what has been drawn is kept");
    });
    if let Err(e) = watched {
        eprintln!("warning: Ctrl-C ends the program, and does not keep what was drawn: {e}");
    }
}

/// Whether somebody wants the run to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
