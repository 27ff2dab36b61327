//! The text of a model file, and messages that point into it.

use std::ops::Range;

use gridgp_grid::Error;
use toml::de::{DeTable, DeValue};

use crate::language::{Fault, suggest};

/// Most characters of a line that a message shows.
const MOST_SHOWN: usize = 160;

/// A model file: its name and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
}

impl Source {
    /// A text and what messages call it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// An error about the value of a key, `["fields", "f", "x1"]`, with the excerpt. A fault's
    /// span counts from the beginning of the value's text; an empty one means the key itself.
    pub fn fault(&self, key: &[&str], fault: &Fault) -> Error {
        let dotted = key.join(".");
        match self.locate(key) {
            Some((name, _)) if fault.span.is_empty() => {
                self.error(name, Some(&dotted), &fault.message)
            }
            Some((_, span)) => {
                let raw = &self.text[span.clone()];
                // A quoted value begins after its quotes; one with escapes is shown whole.
                let quotes = raw.len() - raw.trim_start_matches(['"', '\'']).len();
                let span = if quotes > 0 && !raw.contains('\\') {
                    let start = span.start + quotes;
                    (start + fault.span.start)..(start + fault.span.end)
                } else {
                    span
                };
                self.error(span, Some(&dotted), &fault.message)
            }
            None => Error::Spec(format!("{} (in {dotted} of {})", fault.message, self.name)),
        }
    }

    /// The bytes of a key and of its value, or of the key nearest above it that exists.
    fn locate(&self, key: &[&str]) -> Option<(Range<usize>, Range<usize>)> {
        let table = DeTable::parse(&self.text).ok()?;
        let mut value: &DeTable<'_> = table.get_ref();
        let mut span = None;
        for part in key {
            let Some((name, next)) = value.get_key_value(*part) else { break };
            span = Some((name.span(), next.span()));
            match next.get_ref() {
                DeValue::Table(t) => value = t,
                _ => break,
            }
        }
        span
    }

    /// An error about some bytes of the file, with line, column and the line itself.
    pub(super) fn error(&self, span: Range<usize>, key: Option<&str>, message: &str) -> Error {
        let start = span.start.min(self.text.len());
        let line_start = self.text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        let line = self.text[..start].matches('\n').count() + 1;
        let column = self.text[line_start..start].chars().count();
        let end = span.end.clamp(start, line_end);
        let carets = self.text[start..end].chars().count().max(1);
        let margin = " ".repeat(line.to_string().len());
        // Of a very long line the part around the place.
        let text: Vec<char> = self.text[line_start..line_end].chars().collect();
        let from = if text.len() > MOST_SHOWN { column.saturating_sub(MOST_SHOWN / 2) } else { 0 };
        let shown: String = text[from..].iter().take(MOST_SHOWN).collect();
        let carets = carets.min(MOST_SHOWN / 2);
        Error::Spec(format!(
            "{message}\n{margin}--> {}:{line}:{}{}\n{margin} |\n{line} | {}\n{margin} | {}{}",
            self.name,
            column + 1,
            key.map(|k| format!(" ({k})")).unwrap_or_default(),
            shown,
            " ".repeat(column - from),
            "^".repeat(carets),
        ))
    }
}

/// Adds the nearest known key to serde's "unknown field `a`, expected one of `b`, `c`".
pub(super) fn with_suggestion(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown field") || message.starts_with("unknown variant"))
        .then(|| quoted.next())
        .flatten()
    {
        Some(wrong) => {
            let kind = if message.starts_with("unknown field") { "key" } else { "value" };
            format!("unknown {kind} {wrong:?}; {}", suggest(wrong, quoted))
        }
        None => message
            .trim_end()
            .replace("expected usize", COUNT)
            .replace("expected u64", COUNT)
            .replace("expected f64", "expected a number"),
    }
}

/// The types of Rust in the words of people.
const COUNT: &str = "expected a whole number, 0 or more";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_points_into_the_string_in_the_file() {
        let source = Source::new("m.toml", "[fields.f]\nx1 = \"a + mattern(l)\"\n");
        let fault = Fault::new(4..11, "unknown kernel");
        let message = source.fault(&["fields", "f", "x1"], &fault).to_string();
        assert_eq!(
            message,
            "unknown kernel\n --> m.toml:2:11 (fields.f.x1)\n  |\n2 | x1 = \"a + mattern(l)\"\n  |           ^^^^^^^"
        );
    }

    #[test]
    fn a_key_that_is_not_there_falls_back_to_its_table() {
        let source = Source::new("m.toml", "[fields.f]\nx1 = 'white()'\n");
        let message =
            source.fault(&["fields", "f", "x2"], &Fault::new(0..0, "missing")).to_string();
        assert!(message.contains("m.toml:1:9"), "{message}");
    }

    #[test]
    fn suggestions() {
        let m = with_suggestion("unknown field `locaton`, expected one of `family`, `location`");
        assert_eq!(m, "unknown key \"locaton\"; did you mean \"location\"?");
    }
}
