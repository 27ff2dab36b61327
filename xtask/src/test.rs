//! `cargo xtask test`: everything that must hold.

use anyhow::Result;

use crate::program::{self, cargo};
use crate::{arviz, browser, docs, elnino, examples, fuzz, python};

/// Files changed at random: a minute on two cores.
const FUZZED: usize = 20_000;

pub fn run() -> Result<()> {
    program::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    program::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    program::run(&mut cargo(&["test", "--workspace"]))?;
    fuzz::run(FUZZED)?;
    elnino::run()?;
    docs::run()?;
    examples::run(None)?;
    browser::run_where_possible()?;
    arviz::run_where_possible()?;
    python::run_where_possible()
}
