//! Ctrl-C: stop, and keep what has been found.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is said of draws.
pub const DRAWS: &str = "what has been drawn is kept";

/// What there is to keep, in words; empty while there is nothing.
static KEEPS: OnceLock<&'static str> = OnceLock::new();
static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Stands before anything else: from now on Ctrl-C (or SIGTERM) ends the program with exit code 130
/// and leaves no half-written file, or, after [`watch`], asks it to end.
pub fn install() {
    let installed = ctrlc::set_handler(|| match KEEPS.get() {
        Some(what) if !REQUESTED.swap(true, Ordering::Relaxed) => eprintln!("stopping: {what}"),
        _ => {
            // Held to the end, so that nothing else is begun.
            let _abandoned = gridgp_file::abandon();
            std::process::exit(130)
        }
    });
    if let Err(e) = installed {
        eprintln!("warning: Ctrl-C ends the program, and does not keep what was found: {e}");
    }
}

/// From now on the first Ctrl-C (or SIGTERM) is a request, and the second ends the program. `what` is
/// said at the first.
pub fn watch(what: &'static str) {
    KEEPS.get_or_init(|| what);
}

/// Whether somebody wants the run to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
