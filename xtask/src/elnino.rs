//! `cargo xtask elnino`: the README's main job, as a reader would type it.

use std::fs;

use anyhow::{Context, Result};

use crate::program::{self, build, program};
use crate::root;

pub fn run() -> Result<()> {
    let gridgp = build(&["--release", "--package", "gridgp-cli", "--bin", "gridgp"])?;
    let folder = root().join("target/elnino");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let (fit, next) = ("target/elnino/fit.nc", "target/elnino/2011.csv");
    for arguments in [
        &["fit", "examples/elnino/model.toml", "-o", fit, "--quiet"][..],
        &["predict", fit, "--at", "year=2011", "-o", next],
        &["summary", fit],
    ] {
        program::run(&mut program(&gridgp, arguments))?;
    }
    println!("\n{next}\n{}", fs::read_to_string(root().join(next))?);
    Ok(())
}
