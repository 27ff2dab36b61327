//! `cargo xtask arviz`: ArviZ from PyPI opens a file of draws, and agrees with what gridgp says.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::peers::environment;
use crate::program::{self, build, output, program};
use crate::root;

/// Checks, and fails where ArviZ cannot be installed.
pub fn run() -> Result<()> {
    let python = installed().context("ArviZ cannot be installed from PyPI")?;
    check(&python)
}

/// The same as the last of the tests: a machine without Python or a network goes without, and is
/// told.
pub fn run_where_possible() -> Result<()> {
    match installed() {
        Ok(python) => check(&python),
        Err(e) => {
            eprintln!(
                "SKIPPED: ArviZ has NOT opened a file of draws, since it cannot be installed from \
                 PyPI; `cargo xtask arviz` tries again: {e:#}"
            );
            Ok(())
        }
    }
}

/// Python with ArviZ; what a network does not give the first time it may give the second.
fn installed() -> Result<PathBuf> {
    let install = || environment("arviz-venv", "requirements-arviz.txt");
    install().or_else(|_| install())
}

fn check(python: &Path) -> Result<()> {
    let example = build(&["--workspace", "--example", "arviz_file"])?;
    let folder = root().join("target/arviz");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let of = |name: &str| format!("target/arviz/{name}");
    let (file, said, written) = (of("draws.nc"), of("said.json"), of("written.nc"));
    fs::write(root().join(&said), output(&mut program(&example, &[&file]))?)?;
    let check = "crates/gridgp-io/tests/arviz_check.py";
    program::run(&mut program(python, &[check, &file, &said, &of("trace.png"), &written]))?;
    program::run(&mut program(example, &["--same", &written]))?;
    fitted(python)
}

/// A fit of the joint route, as `gridgp fit` writes it, with fewer draws.
fn fitted(python: &Path) -> Result<()> {
    let gridgp = build(&["--workspace", "--bin", "gridgp"])?;
    let model = fs::read_to_string(root().join("examples/kron2d/latent_joint.toml"))?;
    let model = model.replace("= 1000", "= 250");
    let of = |name: &str| format!("target/arviz/{name}");
    let (file, fit, said) = (of("latent_joint.toml"), of("fit.nc"), of("fit.json"));
    fs::write(root().join(&file), model)?;
    // What a run that was stopped has left.
    let _ = fs::remove_file(root().join(of("fit.nc.partial")));
    let data = "examples/kron2d/observations.csv";
    let arguments = ["fit", &file, "--data", data, "-o", &fit, "--json"];
    fs::write(root().join(&said), output(&mut program(gridgp, &arguments))?)?;
    let check = "crates/gridgp-io/tests/arviz_fit.py";
    program::run(&mut program(python, &[check, &fit, &said, &of("fit_trace.png")]))
}
