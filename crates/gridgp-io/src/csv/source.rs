//! A table opened at its header: separator, comments above it, and rows with their lines.

use std::fs::File;
use std::io::{BufRead, BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};

use super::lines::{LineStarts, ends_within};
use crate::{Error, Result, dates};

/// The header, which was looked at, and the rest of the file.
type Text = Chain<Cursor<Vec<u8>>, BufReader<File>>;

/// A table that is being read.
pub(super) struct Source {
    path: PathBuf,
    /// Names of the columns.
    pub header: Vec<String>,
    reader: csv::Reader<LineStarts<Text>>,
    /// Lines in front of the header.
    above: u64,
    /// The last comment in front of the header.
    comment: Option<String>,
    separator: u8,
}

/// The longest header that is looked at to find the separator.
const LONGEST: usize = 1 << 24;

impl Source {
    /// Opens a table. Lines in front of the header that begin with `#` or are empty are skipped;
    /// the separator is the one that the header uses.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let cannot = |e| Error::io("read", path, e);
        let file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(Error::file(path, "is a folder, not a file"));
        }
        let mut file = BufReader::with_capacity(1 << 16, file);
        let start = file.fill_buf().map_err(cannot)?;
        if start.is_empty() {
            return Err(Error::file(path, "the file is empty"));
        }
        if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
            return Err(Error::file(path, "the text is UTF-16; save the file as UTF-8"));
        }
        if start.contains(&0) {
            return Err(Error::file(path, "is not a table of text: it contains zero bytes"));
        }
        if start.starts_with(b"\xef\xbb\xbf") {
            file.consume(3);
        }
        let (mut above, mut comment) = (0, None);
        let mut line = loop {
            let line = next_line(&mut file).map_err(cannot)?;
            let text = line.trim_ascii();
            if line.is_empty() {
                return Err(Error::file(path, "has comments, but no header and no rows"));
            }
            if text.starts_with(b"#") {
                comment = Some(String::from_utf8_lossy(&text[1..]).trim().to_owned());
            } else if !text.is_empty() {
                break line;
            }
            above += 1;
        };
        // A quoted name may go on in the next line.
        let quotes = |line: &[u8]| line.iter().filter(|&&b| b == b'"').count();
        let mut open = quotes(&line) % 2 == 1;
        while open && line.len() < LONGEST {
            let more = next_line(&mut file).map_err(cannot)?;
            if more.is_empty() {
                break;
            }
            open = quotes(&more) % 2 == 0;
            line.extend(more);
        }
        if open {
            let message = format!("a quote in the header, line {}, is not closed", above + 1);
            return Err(Error::file(path, message));
        }
        let separator = separator(&line);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .from_reader(LineStarts::new(Cursor::new(line).chain(file)));
        let names = reader.byte_headers().map_err(|e| broken(path, &e))?.iter().map(|name| {
            std::str::from_utf8(name).map(|n| n.trim().to_owned()).map_err(|_| {
                Error::file(
                    path,
                    format!("line {} is not UTF-8; save the file as UTF-8", above + 1),
                )
            })
        });
        let header = names.collect::<Result<_>>()?;
        Ok(Self { path: path.to_owned(), header, reader, above, comment, separator })
    }

    /// Reads the next row, and gives its line in the file; `None` after the last one.
    pub(super) fn next(&mut self, row: &mut csv::ByteRecord) -> Result<Option<u64>> {
        if !self.reader.read_byte_record(row).map_err(|e| broken(&self.path, &e))? {
            return Ok(None);
        }
        // The row ends in front of this byte; the lines that it goes over are in its fields.
        let end = self.reader.position().byte();
        let last = self.reader.get_mut().line(end.saturating_sub(1));
        let within = row.iter().map(ends_within).sum::<u64>();
        let line = self.above + last.saturating_sub(within);
        let (found, expected) = (row.len(), self.header.len());
        if found == expected {
            return Ok(Some(line));
        }
        let hint = if row.get(0).is_some_and(|first| first.starts_with(b"#")) {
            "comments stand in front of the header only; remove it"
        } else if expected == 1 {
            "put # in front of a title above the header"
        } else if found > expected && self.separator == b',' {
            "check for separators inside of unquoted text; numbers with decimal commas need quotes \
             around them, or semicolons between the columns"
        } else {
            "check for separators inside of unquoted text"
        };
        let message =
            format!("line {line} has {found} fields but the header has {expected}; {hint}");
        Err(Error::file(&self.path, message))
    }

    /// The text of a field of a row.
    pub(super) fn text<'r>(
        &self,
        row: &'r csv::ByteRecord,
        line: u64,
        column: usize,
    ) -> Result<&'r str> {
        std::str::from_utf8(&row[column]).map(str::trim).map_err(|_| {
            let message = "the text is not UTF-8; save the file as UTF-8";
            Error::cell(&self.path, line, &self.header[column], message)
        })
    }

    /// The column called `name`.
    pub(super) fn position(&self, name: &str) -> Result<usize> {
        let mut found = (0..self.header.len()).filter(|&i| self.header[i] == name);
        match (found.next(), found.next()) {
            (Some(i), None) => Ok(i),
            (Some(i), Some(j)) => Err(Error::file(
                &self.path,
                format!("columns {} and {} are both called {name:?}; rename one", i + 1, j + 1),
            )),
            (None, _) => Err(match self.trouble() {
                Some(trouble) => {
                    Error::file(&self.path, format!("there is no column {name:?}: {trouble}"))
                }
                None => {
                    let known = self.header.iter().map(String::as_str);
                    Error::unknown(&self.path, "column", name, known)
                }
            }),
        }
    }

    /// The fields of the last comment in front of the header.
    fn names_above(&self) -> Vec<&str> {
        let fields = self.comment.iter().flat_map(|c| c.split(self.separator as char));
        fields.map(str::trim).collect()
    }

    /// What is wrong with a header that names no columns of a long table.
    pub(super) fn trouble(&self) -> Option<String> {
        let names: Vec<&str> =
            self.header.iter().map(String::as_str).filter(|n| !n.is_empty()).collect();
        let value = |n: &str| n.parse::<f64>().is_ok() || dates::looks_like(n);
        let values: Vec<&str> = names.iter().copied().filter(|n| value(n)).collect();
        let line = self.above + 1;
        if !values.is_empty() && self.names_above().len() == self.header.len() {
            return Some(format!(
                "line {line} holds values, and the comment above it the names of the columns; \
                 remove the # there"
            ));
        }
        if values.len() == self.header.len() {
            return Some(format!(
                "line {line} holds values, not names of columns; put a header above it, such as \
                 x,y,z"
            ));
        }
        if values.len() >= 3 && 2 * values.len() >= self.header.len() {
            return Some(format!(
                "the table is wide, {} of its columns are named by values ({}, {} …) of one axis; \
                 make it long, one row a cell, with a column for that axis and one for the \
                 response (pandas: melt; R: pivot_longer)",
                values.len(),
                values[0],
                values[1]
            ));
        }
        let spaced = |n: &&str| n.split_whitespace().count() > 1;
        if self.header.len() == 1 && names.iter().any(spaced) {
            return Some(
                "its columns are separated by blanks; separate them by commas, semicolons or tabs \
                 (pandas: read_csv(path, sep=r\"\\s+\"))"
                    .into(),
            );
        }
        None
    }
}

/// The next line with its end; empty after the last one.
fn next_line(file: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut line = vec![];
    loop {
        let buffer = file.fill_buf()?;
        let Some(end) = buffer.iter().position(|&b| b == b'\n' || b == b'\r') else {
            if buffer.is_empty() {
                return Ok(line);
            }
            line.extend_from_slice(buffer);
            let length = buffer.len();
            file.consume(length);
            continue;
        };
        let ended_by = buffer[end];
        line.extend_from_slice(&buffer[..=end]);
        file.consume(end + 1);
        if ended_by == b'\r' && file.fill_buf()?.first() == Some(&b'\n') {
            line.push(b'\n');
            file.consume(1);
        }
        return Ok(line);
    }
}

/// The one of `,` `;` tab and `|` that occurs most in the header, outside of quotes.
fn separator(header: &[u8]) -> u8 {
    let separators = [b',', b';', b'\t', b'|'];
    let mut counts = [0usize; 4];
    let mut quoted = false;
    for &byte in header {
        if byte == b'"' {
            quoted = !quoted;
        } else if !quoted && let Some(k) = separators.iter().position(|&s| s == byte) {
            counts[k] += 1;
        }
    }
    let most = *counts.iter().max().expect("four counts");
    separators[counts.iter().position(|&c| c == most).expect("the maximum is there")]
}

/// A row that is not a row.
fn broken(path: &Path, error: &csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::Io(e) => {
            Error::io("read", path, std::io::Error::new(e.kind(), e.to_string()))
        }
        _ => Error::file(path, error.to_string()),
    }
}
