//! `cargo xtask arviz`: ArviZ from PyPI opens a file of draws, and agrees with what gridgp says.

use std::fs;

use anyhow::{Context, Result};

use crate::peers::environment;
use crate::program::{self, build, output, program};
use crate::root;

/// Says that PyPI is known to be out of reach.
const OFFLINE: &str = "GRIDGP_OFFLINE";

pub fn run() -> Result<()> {
    let python = match environment("arviz-venv", "requirements-arviz.txt") {
        Ok(python) => python,
        Err(e) if std::env::var_os(OFFLINE).is_some() => {
            eprintln!("skipped: ArviZ has NOT opened a file of draws ({OFFLINE} is set): {e:#}");
            return Ok(());
        }
        Err(e) => {
            return Err(e).with_context(|| {
                format!(
                    "ArviZ cannot be installed from PyPI; without a network set {OFFLINE}=1, \
                     which skips this check"
                )
            });
        }
    };
    let example = build(&["--package", "gridgp-io", "--example", "arviz_file"])?;
    let folder = root().join("target/arviz");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let of = |name: &str| format!("target/arviz/{name}");
    let (file, said, written) = (of("draws.nc"), of("said.json"), of("written.nc"));
    fs::write(root().join(&said), output(&mut program(&example, &[&file]))?)?;
    let check = "crates/gridgp-io/tests/arviz_check.py";
    program::run(&mut program(python, &[check, &file, &said, &of("trace.png"), &written]))?;
    program::run(&mut program(example, &["--same", &written]))
}
