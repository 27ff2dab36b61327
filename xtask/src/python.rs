//! `cargo xtask python` and `cargo xtask wheel`: the Python package.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::peers::environment;
use crate::program::{self, build, program};
use crate::root;

/// Beside those of the peers.
const REQUIREMENTS: &str = "../crates/gridgp-py/requirements-test.txt";

/// Builds the wheel, installs it into a virtual environment of its own, and runs pytest there;
/// fails where the environment cannot be made.
pub fn run(arguments: &[&str]) -> Result<()> {
    let python = installed().context("the environment for tests cannot be installed from PyPI")?;
    check(&python, arguments)
}

/// The same as part of the tests: a machine without Python or a network goes without, and is told.
pub fn run_where_possible() -> Result<()> {
    match installed() {
        Ok(python) => check(&python, &[]),
        Err(e) => {
            eprintln!(
                "SKIPPED: the Python package has NOT been tested, since its environment cannot be \
                 installed from PyPI; `cargo xtask python` tries again: {e:#}"
            );
            Ok(())
        }
    }
}

/// The wheel for people, in `target/wheels`.
pub fn wheel() -> Result<()> {
    let python = installed().context("maturin cannot be installed from PyPI")?;
    let path = built(&python, "release", "target/wheels")?;
    eprintln!("{}", path.display());
    Ok(())
}

/// Python with what the tests need; what a network does not give the first time it may give the
/// second.
fn installed() -> Result<PathBuf> {
    let install = || environment("python-venv", REQUIREMENTS);
    install().or_else(|_| install())
}

/// Builds the wheel with a profile of Cargo; its path.
fn built(python: &Path, profile: &str, folder: &str) -> Result<PathBuf> {
    // Only the new one is there afterwards.
    let _ = fs::remove_dir_all(root().join(folder));
    let interpreter = python.to_str().context("the path of the repository is not UTF-8")?;
    program::run(&mut program(
        python,
        &[
            "-m",
            "maturin",
            "build",
            "--quiet",
            "--manifest-path",
            "crates/gridgp-py/Cargo.toml",
            "--profile",
            profile,
            "--interpreter",
            interpreter,
            "--out",
            folder,
        ],
    ))?;
    let files = fs::read_dir(root().join(folder)).with_context(|| folder.to_owned())?;
    let mut paths = files.filter_map(|f| Some(f.ok()?.path()));
    paths.find(|p| p.extension().is_some_and(|e| e == "whl")).context("maturin made no wheel")
}

fn check(python: &Path, arguments: &[&str]) -> Result<()> {
    // The build that the Rust tests share; the numbers of all builds are the same.
    let wheel = built(python, "dev", "target/python-wheel")?;
    let wheel = wheel.to_str().context("the path of the repository is not UTF-8")?;
    let install = ["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", wheel];
    program::run(&mut program(python, &install))?;
    let gridgp = build(&["--workspace", "--bin", "gridgp"])?;
    let pytest = [&["-m", "pytest"], arguments].concat();
    program::run(
        program(python, &pytest)
            .env("GRIDGP_BIN", gridgp)
            .env("MPLBACKEND", "Agg")
            .current_dir(root().join("crates/gridgp-py")),
    )
}
