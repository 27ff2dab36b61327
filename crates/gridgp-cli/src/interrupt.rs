//! Ctrl-C: stop drawing, and keep what has been drawn.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether there is something to keep.
static KEEPS: AtomicBool = AtomicBool::new(false);
static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Stands before anything else: from now on Ctrl-C (or SIGTERM) ends the program with exit code 130,
/// or, after [`watch`], asks it to end.
pub fn install() {
    let installed = ctrlc::set_handler(|| {
        if !KEEPS.load(Ordering::Relaxed) || REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("stopping: what has been drawn is kept");
    });
    if let Err(e) = installed {
        eprintln!("warning: Ctrl-C ends the program, and does not keep what was drawn: {e}");
    }
}

/// From now on the first Ctrl-C (or SIGTERM) is a request, and the second ends the program.
pub fn watch() {
    KEEPS.store(true, Ordering::Relaxed);
}

/// Whether somebody wants the run to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
