//! `cargo xtask oracles`: the tests that compare with numbers computed elsewhere.

use anyhow::{Result, ensure};

use crate::program::{self, cargo};
use crate::shared;

pub fn run() -> Result<()> {
    let folder = shared().join("oracles");
    ensure!(folder.is_dir(), "{} is not there: nothing to compare with", folder.display());
    // Such tests have `oracle` in their names, see CONTRIBUTING.md.
    program::run(&mut cargo(&[
        "test",
        "--workspace",
        "oracle",
        "--",
        "--nocapture",
        "--include-ignored",
    ]))
}
