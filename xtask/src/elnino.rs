//! `cargo xtask elnino`: the README's main job, as a reader would type it.

use std::fs;

use anyhow::{Context, Result};

use crate::program::{self, build, program};
use crate::root;

pub fn run() -> Result<()> {
    // Without what it does not need: pictures are SVG, which any browser shows.
    let gridgp = build(&["--workspace", "--no-default-features", "--bin", "gridgp"])?;
    let folder = root().join("target/elnino");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let (fit, years) = ("target/elnino/fit.nc", "target/elnino/years.csv");
    let (page, picture) = ("target/elnino/report.html", "target/elnino/sst.svg");
    for arguments in [
        &["fit", "examples/elnino/model.toml", "-o", fit, "--report", page, "--quiet"][..],
        &["plot", fit, "--variable", "data,mean", "-o", picture, "--quiet"],
        &["predict", fit, "--at", "year=1983:2011:3", "-o", years],
        &["summary", fit],
    ] {
        program::run(&mut program(&gridgp, arguments))?;
    }
    println!("\n{page} and {picture} are to be looked at");
    println!("\n{years}\n{}", fs::read_to_string(root().join(years))?);
    Ok(())
}
