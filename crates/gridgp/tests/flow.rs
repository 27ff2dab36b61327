//! Modules depend on each other from left to right only.

use std::fs;
use std::path::{Path, PathBuf};

/// Left to right, as the crate's documentation says.
const ORDER: &[&str] = &[
    "error",
    "grid",
    "dist",
    "diagnostics",
    "param",
    "kernel",
    "likelihood",
    "extremes",
    "process",
    "model",
    "density",
    "posterior",
    "infer",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_arrow_points_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut checked = 0;
    for file in files {
        let inside = file.strip_prefix(&root).unwrap().components().next().unwrap();
        let module = inside.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let Some(own) = ORDER.iter().position(|m| *m == module) else {
            assert_eq!(module, "lib", "the module {module} is not in the order");
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        // Tests may look anywhere.
        if file.file_name().is_some_and(|n| n == "tests.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
            for part in line.split("crate::").skip(1) {
                let name: String =
                    part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if let Some(other) = ORDER.iter().position(|m| *m == name) {
                    checked += 1;
                    assert!(other <= own, "{}: {module} uses {name}: {line}", file.display());
                }
            }
        }
    }
    assert!(checked > 50, "the check has found only {checked} uses");
}
