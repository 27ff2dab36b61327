//! Which crate uses which, and inside the crates which module: as ARCHITECTURE.md says, from top to
//! bottom only. Between crates Cargo refuses a circle; that the table tells the truth is held here.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules of a crate, each of which uses only those before it. Crates that are not here have no
/// order inside: their modules are kinds of one thing.
const INSIDE: &[(&str, &[&str])] = &[
    (
        "gridgp-grid",
        &[
            "error",
            "nearest",
            "minus",
            "axis",
            "longitude",
            "same",
            "points",
            "points_like",
            "dataset",
            "time",
            "doubts",
            "merge",
        ],
    ),
    (
        "gridgp-model",
        &[
            "param",
            "language",
            "spec",
            "link",
            "predictor",
            "equation",
            "output",
            "resolve",
            "elsewhere",
            "advice",
            "describe",
            "seam",
        ],
    ),
    (
        "gridgp-density",
        &[
            "observed_equation",
            "gaps",
            "samples",
            "marginal",
            "posterior",
            "joint",
            "memory",
            "nested",
        ],
    ),
    (
        "gridgp-posterior",
        &["place", "conditional", "grid", "points", "draws", "forecast", "tiles", "memory", "tail"],
    ),
    (
        "gridgp-fit",
        &[
            "attribute",
            "log",
            "error",
            "host",
            "scaling",
            "doubts",
            "group",
            "fit",
            "draw_groups",
            "output",
            "fitting",
            "prediction",
            "update",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The crates in the order of the table in ARCHITECTURE.md.
fn order() -> Vec<String> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let rows = text.lines().filter_map(|l| l.strip_prefix("| [gridgp"));
    rows.map(|row| format!("gridgp{}", row.split(']').next().unwrap())).collect()
}

#[test]
fn crates_use_only_crates_above_them() {
    let order = order();
    let mut crates: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    crates.sort();
    let mut listed = order.clone();
    listed.sort();
    assert_eq!(listed, crates, "the table of ARCHITECTURE.md has every crate once");
    let mut uses = 0;
    for (own, name) in order.iter().enumerate() {
        let manifest = read(&root().join("crates").join(name).join("Cargo.toml"));
        // What tests and examples use may lie anywhere.
        let dependencies = manifest.split("\n[").find(|part| part.starts_with("dependencies]"));
        for line in dependencies.unwrap_or_default().lines().skip(1) {
            let used = line.split(['.', ' ', '=']).next().unwrap();
            if let Some(other) = order.iter().position(|n| n == used) {
                uses += 1;
                assert!(other < own, "{name} uses {used}, which stands below it");
            }
        }
    }
    assert!(uses > 50, "the check has found only {uses} uses");
}

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

/// The text without comments and without what is compiled for tests only, which may look anywhere.
fn code(text: &str) -> String {
    let mut rest: String = text
        .lines()
        .filter(|l| !l.trim_start().starts_with("//"))
        .flat_map(|l| [l, "\n"])
        .collect();
    while let Some(at) = rest.find("#[cfg(test)]") {
        let end = end_of_item(&rest[at..]) + at;
        rest.replace_range(at..end, "");
    }
    rest
}

/// Where the item that `text` begins with ends: at its `;`, or at the brace that closes its first one.
fn end_of_item(text: &str) -> usize {
    let mut depth = 0;
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return i + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return i + 1,
            _ => {}
        }
    }
    text.len()
}

/// The module of the crate that each `crate::…`, and each `super::…` that leads to its root, names.
fn named(code: &str, depth: usize) -> Vec<String> {
    let from = |prefix: &str| -> Vec<String> {
        code.match_indices(prefix)
            .filter(|(at, _)| {
                !code[..*at].ends_with([':', '_']) && !code[..*at].ends_with(char::is_alphanumeric)
            })
            .flat_map(|(at, _)| {
                let rest = &code[at + prefix.len()..];
                // `use crate::{a::b, c}` names several.
                let several = rest.strip_prefix('{').map(|r| &r[..r.find("};").unwrap_or(r.len())]);
                let one = |part: &str| -> String {
                    part.trim_start()
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect()
                };
                match several {
                    Some(list) => list.split(',').map(one).collect(),
                    None => vec![one(rest)],
                }
            })
            .collect()
    };
    let mut all = from("crate::");
    if depth > 0 {
        all.extend(from(&"super::".repeat(depth)));
    }
    all
}

#[test]
fn modules_use_only_modules_above_them() {
    let mut uses = 0;
    for (name, order) in INSIDE {
        let root = root().join("crates").join(name).join("src");
        let mut files = Vec::new();
        sources(&root, &mut files);
        for file in files {
            let inside = file.strip_prefix(&root).unwrap();
            let parts: Vec<&str> = inside.iter().map(|p| p.to_str().unwrap()).collect();
            if parts.iter().any(|p| p.starts_with("test")) {
                continue;
            }
            let module = parts[0].trim_end_matches(".rs");
            let Some(own) = order.iter().position(|m| *m == module) else { continue };
            let folders = parts.len() - 1;
            let depth = if parts.last() == Some(&"mod.rs") { folders } else { folders + 1 };
            for used in named(&code(&read(&file)), depth) {
                if let Some(other) = order.iter().position(|m| *m == used) {
                    uses += 1;
                    let file = file.display();
                    assert!(other <= own, "{file}: {module} uses {used}, which stands below it");
                }
            }
        }
    }
    assert!(uses > 40, "the check has found only {uses} uses");
}

#[test]
fn code_after_tests_is_seen() {
    let text = "use crate::a::B;\n#[cfg(test)]\nmod tests { use crate::t; fn f() { {} } }\n// crate::c\n\
                #[cfg(test)]\nmod more;\nuse crate::{d::E, f};\nuse super::g;\nlet x = mycrate::h;";
    assert_eq!(named(&code(text), 1), ["a", "d", "f", "g"]);
}
