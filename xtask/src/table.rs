//! Tables of numbers that gridgp wrote.

use std::path::Path;

use anyhow::{Context, Result};

/// A CSV without quotes.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let split = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let mut lines = text.lines().map(split);
        Ok(Self { header: lines.next().context("an empty table")?, rows: lines.collect() })
    }

    /// The numbers of a column.
    pub fn column(&self, name: &str) -> Result<Vec<f64>> {
        let at = self.header.iter().position(|h| h == name);
        let at =
            at.with_context(|| format!("no column {name} among {}", self.header.join(", ")))?;
        let number = |row: &Vec<String>| {
            row.get(at).and_then(|c| c.parse().ok()).with_context(|| format!("{name}: {row:?}"))
        };
        self.rows.iter().map(number).collect()
    }
}
