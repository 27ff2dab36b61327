//! What the program says where it has a bug: a message, not a trace of Rust.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a run that a bug ended: `EX_SOFTWARE` of sysexits.h.
const BUG: u8 = 70;

/// Runs a command; a panic anywhere in it, on any thread, ends it with a message and exit code 70.
pub fn guard(run: impl FnOnce() -> u8) -> u8 {
    std::panic::set_hook(Box::new(report));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or(BUG)
}

fn report(info: &PanicHookInfo<'_>) {
    // Those who wait for a thread that panicked panic as well.
    static SAID: AtomicBool = AtomicBool::new(false);
    if SAID.swap(true, Ordering::Relaxed) {
        return;
    }
    let payload = info.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let what = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let place = info.location().map(|l| format!(", at {}:{}", l.file(), l.line()));
    eprintln!(
        "error: this is a bug in gridgp {}, not in your data or model: {what}{}\nPlease report it \
         with the command and, if you can, the files: {}/issues",
        env!("CARGO_PKG_VERSION"),
        place.unwrap_or_default(),
        env!("CARGO_PKG_REPOSITORY"),
    );
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        eprintln!("{trace}");
    }
}
