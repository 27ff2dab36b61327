//! `cargo xtask arviz`: ArviZ from PyPI opens a file of draws, and agrees with what gridgp says.

use std::fs;

use anyhow::{Context, Result};

use crate::peers::environment;
use std::path::Path;

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
    program::run(&mut program(&python, &[check, &file, &said, &of("trace.png"), &written]))?;
    program::run(&mut program(example, &["--same", &written]))?;
    fitted(&python)
}

/// A fit of the joint route, as `gridgp fit` writes it, with fewer draws.
fn fitted(python: &Path) -> Result<()> {
    let gridgp = build(&["--release", "--package", "gridgp-cli", "--bin", "gridgp"])?;
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
