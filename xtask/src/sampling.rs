//! `cargo xtask sampling`: the tests of sampling that take too long for every day.

use anyhow::Result;

use crate::program::{self, cargo};

pub fn run() -> Result<()> {
    let selection = ["test", "--release", "--workspace", "--test", "sampling"];
    let all = ["--", "--include-ignored", "--nocapture"];
    program::run(&mut cargo(&[&selection[..], &all].concat()))
}
