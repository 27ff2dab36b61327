//! The commands in one process: many small runs in the time of a few programs.

mod names;
mod shapes;

use std::path::Path;

use clap::Parser;

use crate::args::Args;

/// Runs a command, `@` before the names of files.
fn gridgp(here: &Path, line: &str) -> Result<(), String> {
    let folder = format!("{}/", here.display());
    let words = line.split(' ').map(|word| word.replace('@', &folder));
    let args = Args::try_parse_from(["gridgp".to_owned()].into_iter().chain(words));
    crate::command(args.map_err(|e| e.to_string())?).map_err(|e| format!("gridgp {line}: {e:#}"))
}
