//! `cargo xtask docs`: documentation that builds, leads somewhere and is current.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::program::{self, cargo};
use crate::root;

/// The JSON Schema of model files, as `gridgp schema` prints it.
const SCHEMA: &str = "docs/model.schema.json";

pub fn run() -> Result<()> {
    program::run(
        cargo(&["doc", "--workspace", "--lib", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    check_links()?;
    check_schema()
}

/// Relative links in the Markdown files of the repository lead to files and folders that exist.
fn check_links() -> Result<()> {
    let mut files = Vec::new();
    find_markdown(&root(), &mut files)?;
    let mut broken = Vec::new();
    let mut checked = 0;
    for path in &files {
        let file = path.display();
        let text = fs::read_to_string(path).with_context(|| file.to_string())?;
        for target in links(&text) {
            let there = target.split('#').next().unwrap_or_default();
            let base = path.parent().context("a file lies in a folder")?;
            checked += 1;
            if !there.is_empty() && !base.join(there).exists() {
                broken.push(format!("{file}: {target}"));
            }
        }
    }
    ensure!(broken.is_empty(), "these links lead nowhere:\n  {}", broken.join("\n  "));
    eprintln!("{checked} relative links lead somewhere");
    Ok(())
}

/// Adds the Markdown files of a folder and those inside, without hidden and built ones.
fn find_markdown(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            find_markdown(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
    Ok(())
}

/// The targets of `[text](target)` that are not addresses.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if in_code || line.starts_with("    ") {
            continue;
        }
        for part in line.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with("mailto:") {
                found.push(target);
            }
        }
    }
    found
}

/// The schema in the repository is what the program prints.
fn check_schema() -> Result<()> {
    let gridgp = program::build(&["--workspace", "--bin", "gridgp"])?;
    let printed = program::output(&mut program::program(gridgp, &["schema"]))?;
    let stored = fs::read_to_string(root().join(SCHEMA)).with_context(|| SCHEMA.to_owned())?;
    ensure!(
        stored == printed,
        "{SCHEMA} is not what `gridgp schema` prints; \
         cargo run --bin gridgp -- schema > {SCHEMA}"
    );
    eprintln!("{SCHEMA} is current");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_outside_of_code_are_found() {
        let text = "See [a](b.md) and [c](https://d.e), [f](g/#h).\n```\n[x](y)\n```\n    [x](z)\n";
        assert_eq!(links(text), ["b.md", "g/#h"]);
    }
}
