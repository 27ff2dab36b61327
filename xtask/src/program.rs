//! Running programs.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::root;

/// A program, to be run in the repository.
pub fn program(name: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

/// Cargo, the one that runs this.
pub fn cargo(arguments: &[&str]) -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// Says what runs, runs it, and fails if it fails.
pub fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", show(command));
    let status = command.status().with_context(|| format!("cannot run {}", show(command)))?;
    ensure!(status.success(), "{} failed: {status}", show(command));
    Ok(())
}

/// The standard output of a program that must succeed; its messages go to the terminal.
pub fn output(command: &mut Command) -> Result<String> {
    let done = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", show(command)))?;
    ensure!(done.status.success(), "{} failed: {}", show(command), done.status);
    String::from_utf8(done.stdout).with_context(|| format!("{} prints no text", show(command)))
}

/// Builds a binary or an example; `selection` is as for `cargo build`. Its path.
///
/// With `--workspace`, dependencies have the features that they have in the tests, and are not
/// compiled a second time, as they would be for a package of its own.
pub fn build(selection: &[&str]) -> Result<PathBuf> {
    let first = build_all(selection)?.into_iter().next();
    first.with_context(|| format!("cargo build {} makes no program", selection.join(" ")))
}

/// Builds as [`build`] does; the paths of all programs.
pub fn build_all(selection: &[&str]) -> Result<Vec<PathBuf>> {
    let mut command = cargo(&["build", "--quiet", "--message-format=json-render-diagnostics"]);
    let mut programs = Vec::new();
    for line in output(command.args(selection))?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        programs.extend(message["executable"].as_str().map(PathBuf::from));
    }
    Ok(programs)
}

/// A command as one would type it.
fn show(command: &Command) -> String {
    let name = PathBuf::from(command.get_program());
    let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|a| a.to_string_lossy().into_owned());
    [name].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}
