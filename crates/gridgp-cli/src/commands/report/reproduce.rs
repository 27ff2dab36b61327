//! What one types to get the same again.

use std::path::Path;

use gridgp_plot::report::{Block, Table};
use serde_json::Value;

use super::super::plot::source::Fitted;
use super::{numbers, text};
use crate::args::Report as Arguments;

pub fn blocks(args: &Arguments, fit: &Fitted, summary: &Value) -> Vec<Block> {
    let file = &fit.file;
    let name = file.source.name();
    let data = match &fit.model.spec.data.file {
        Some(_) => String::new(),
        None => " --data DATA".into(),
    };
    let out = quoted(&args.fit);
    let mut commands = format!(
        "gridgp fit {}{data} --seed {} -o {out}\ngridgp report {out}",
        quoted(Path::new(name)),
        file.seed
    );
    for (option, path) in [("prediction", &args.prediction), ("return-levels", &args.return_levels)]
    {
        if let Some(path) = path {
            commands += &format!(" --{option} {}", quoted(path));
        }
    }
    commands += &format!(" -o {}\n", quoted(&args.output));
    let mut rows = vec![
        vec!["fitted by".into(), format!("gridgp {}", file.version)],
        vec!["method".into(), file.method.clone()],
        vec!["seed".into(), file.seed.to_string()],
        vec!["model file".into(), name.to_owned()],
    ];
    if let Some(data) = &fit.model.spec.data.file {
        rows.push(vec!["data file, as the model names it".into(), data.clone()]);
    }
    let number = |key: &str| summary[key].as_f64();
    if let Some(seconds) = number("seconds") {
        rows.push(vec!["time".into(), numbers::duration(seconds)]);
    }
    if let Some(bytes) = number("peak_memory_bytes") {
        rows.push(vec!["peak memory".into(), format!("{:.0} MB", bytes / 1e6)]);
    }
    vec![
        text(
            "The same model, data and seed give the same numbers, on any number of threads. The fit \
             file holds the model and the data as well.",
        ),
        Block::Code("Commands".into(), commands),
        Block::Table(Table {
            caption: "What made this fit".into(),
            head: vec!["what".into(), "value".into()],
            rows,
        }),
        Block::Folded(
            "The model file".into(),
            vec![Block::Code(name.to_owned(), file.source.text().to_owned())],
        ),
    ]
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_what_a_shell_takes() {
        assert_eq!(quoted(Path::new("a/b-1.nc")), "a/b-1.nc");
        assert_eq!(quoted(Path::new("my fit's.nc")), "'my fit'\\''s.nc'");
    }
}
