//! The columns of a table, read in one pass without keeping the text.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use gridgp_grid::Coordinate;
use gridgp_grid::time::{Date, Resolution, TimeUnits};

use crate::{Error, Result};

/// Text that means that a value is missing, in lower case.
const MISSING: [&str; 6] = ["", "na", "n/a", "nan", "null", "none"];

/// What to read from a table.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Columns of coordinates: numbers, dates or labels.
    pub coordinates: Vec<&'a str>,
    /// Columns of numbers, where a value may be missing.
    pub values: Vec<&'a str>,
}

/// Columns of a table.
#[derive(Debug)]
pub(crate) struct Table {
    pub path: PathBuf,
    /// Line of every row in the file.
    lines: Vec<u32>,
    /// In the order in which they were wanted.
    pub coordinates: Vec<Levels>,
    /// In the order in which they were wanted; NaN where missing.
    pub values: Vec<Vec<f64>>,
}

/// A column of coordinates: its distinct values, and which of them every row has.
#[derive(Debug)]
pub(crate) struct Levels {
    /// Number of the value of every row.
    pub of_row: Vec<u32>,
    /// The distinct values in order of appearance.
    pub distinct: Coordinate,
}

impl Table {
    /// Reads the wanted columns of a file.
    pub(crate) fn read(path: &Path, wanted: &Wanted) -> Result<Self> {
        let mut reader = open(path)?;
        let header = header(path, &mut reader)?;
        let find = |name: &&str| position(path, &header, name);
        let coordinates: Vec<usize> = wanted.coordinates.iter().map(find).collect::<Result<_>>()?;
        let values: Vec<usize> = wanted.values.iter().map(find).collect::<Result<_>>()?;

        let mut interners: Vec<Interner> =
            wanted.coordinates.iter().map(|_| Interner::default()).collect();
        let mut numbers: Vec<Vec<f64>> = vec![vec![]; values.len()];
        let mut lines = vec![];
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(|e| broken(path, &e))? {
            let line = record.position().map_or(0, csv::Position::line);
            let text = |column: usize| {
                std::str::from_utf8(&record[column]).map(str::trim).map_err(|_| {
                    Error::cell(
                        path,
                        line,
                        &header[column],
                        "the text is not UTF-8; save the \
                                                              file as UTF-8",
                    )
                })
            };
            for (interner, &column) in interners.iter_mut().zip(&coordinates) {
                let text = text(column)?;
                if text.is_empty() {
                    let message = "the coordinate is empty; every row needs all coordinates";
                    return Err(Error::cell(path, line, &header[column], message));
                }
                interner.push(text, line);
            }
            for (numbers, &column) in numbers.iter_mut().zip(&values) {
                let number = number(text(column)?)
                    .map_err(|message| Error::cell(path, line, &header[column], message))?;
                numbers.push(number);
            }
            lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        }
        if lines.is_empty() {
            return Err(Error::file(path, "the table has a header but no rows"));
        }
        let coordinates = interners
            .into_iter()
            .zip(&wanted.coordinates)
            .map(|(interner, name)| interner.into_levels(path, name))
            .collect::<Result<_>>()?;
        Ok(Self { path: path.to_owned(), lines, coordinates, values: numbers })
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The line of a row in the file.
    pub(crate) fn line(&self, row: usize) -> u64 {
        u64::from(self.lines[row])
    }

    /// Keeps the rows for which `keep` is true.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        fn retain<T: Copy>(v: &mut Vec<T>, keep: &[bool]) {
            let mut keep = keep.iter();
            v.retain(|_| *keep.next().expect("one flag a row"));
        }
        retain(&mut self.lines, keep);
        self.coordinates.iter_mut().for_each(|c| retain(&mut c.of_row, keep));
        self.values.iter_mut().for_each(|v| retain(v, keep));
    }
}

pub(super) type Reader = csv::Reader<BufReader<File>>;

/// Opens a table, with the separator that its first line uses.
pub(super) fn open(path: &Path) -> Result<Reader> {
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
    let delimiter = separator(start);
    Ok(csv::ReaderBuilder::new().delimiter(delimiter).from_reader(file))
}

/// The one of `,` `;` and tab that occurs most in the first line, outside of quotes.
fn separator(start: &[u8]) -> u8 {
    let mut counts = [0usize; 3];
    let separators = [b',', b';', b'\t'];
    let mut quoted = false;
    for &byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if !quoted => {
                if let Some(k) = separators.iter().position(|&s| s == byte) {
                    counts[k] += 1;
                }
            }
            _ => {}
        }
    }
    let most = *counts.iter().max().expect("three counts");
    separators[counts.iter().position(|&c| c == most).expect("the maximum is there")]
}

pub(super) fn header(path: &Path, reader: &mut Reader) -> Result<Vec<String>> {
    let header = reader.byte_headers().map_err(|e| broken(path, &e))?;
    let names = header.iter().map(|name| {
        std::str::from_utf8(name)
            .map(|n| n.trim().to_owned())
            .map_err(|_| Error::file(path, "line 1 is not UTF-8; save the file as UTF-8"))
    });
    names.collect()
}

fn position(path: &Path, header: &[String], name: &str) -> Result<usize> {
    let mut found = (0..header.len()).filter(|&i| header[i] == name);
    match (found.next(), found.next()) {
        (Some(i), None) => Ok(i),
        (Some(i), Some(j)) => Err(Error::file(
            path,
            format!("columns {} and {} are both called {name:?}; rename one", i + 1, j + 1),
        )),
        (None, _) => Err(Error::unknown(path, "column", name, header.iter().map(String::as_str))),
    }
}

/// A row that is not a row.
pub(super) fn broken(path: &Path, error: &csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            Error::file(
                path,
                format!(
                    "line {line} has {len} fields but the header has {expected_len}; check for \
                     separators inside of unquoted text"
                ),
            )
        }
        csv::ErrorKind::Io(e) => {
            Error::io("read", path, std::io::Error::new(e.kind(), e.to_string()))
        }
        _ => Error::file(path, error.to_string()),
    }
}

/// A number, NaN where the text means that it is missing.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x.is_infinite() => {
            Err(format!("{text:?} is not finite; leave missing values empty"))
        }
        Ok(x) => Ok(x),
        Err(_) if is_missing(text) => Ok(f64::NAN),
        Err(_) => {
            let comma = text.replacen(',', ".", 1).parse::<f64>().is_ok();
            let hint =
                if comma { "write decimals with a point" } else { "leave missing values empty" };
            Err(format!("{text:?} is not a number; {hint}"))
        }
    }
}

pub(super) fn is_missing(text: &str) -> bool {
    text.len() <= 4 && MISSING.contains(&text.to_lowercase().as_str())
}

/// The distinct texts of a column while it is read.
#[derive(Default)]
struct Interner {
    ids: HashMap<Box<str>, u32>,
    /// Line of the first occurrence of each text.
    first: Vec<u64>,
    of_row: Vec<u32>,
    /// The text of the row before, since tables are mostly sorted by something.
    last: (String, u32),
}

impl Interner {
    fn push(&mut self, text: &str, line: u64) {
        if self.of_row.is_empty() || self.last.0 != text {
            let id = match self.ids.get(text) {
                Some(&id) => id,
                None => {
                    let id = self.first.len() as u32;
                    self.ids.insert(text.into(), id);
                    self.first.push(line);
                    id
                }
            };
            self.last.0.clear();
            self.last.0.push_str(text);
            self.last.1 = id;
        }
        self.of_row.push(self.last.1);
    }

    /// Decides whether the column holds numbers, dates or labels.
    fn into_levels(self, path: &Path, name: &str) -> Result<Levels> {
        let mut texts: Vec<&str> = vec![""; self.first.len()];
        self.ids.iter().for_each(|(text, &id)| texts[id as usize] = text);
        let numbers = texts.iter().map(|t| t.parse::<f64>().ok()).collect::<Vec<_>>();
        let days = {
            let (units, calendar) = TimeUnits::days_since_1970();
            let units = TimeUnits::parse(units, Some(calendar)).expect("a unit of time");
            texts.iter().map(|t| date(t, &units)).collect::<Vec<_>>()
        };
        let count = |v: &[Option<f64>]| v.iter().flatten().filter(|x| x.is_finite()).count();
        let (as_numbers, as_dates) = (count(&numbers), count(&days));
        let (kind, good, parsed) = if as_dates > as_numbers {
            ("a date", as_dates, days)
        } else {
            ("a number", as_numbers, numbers)
        };
        // Labels may contain a few things that look like numbers, "7" among "7b" and "main"; a
        // column of numbers with a slip in it must not silently become labels.
        let blank = texts.iter().filter(|t| is_missing(t) || is_infinite(t)).count();
        let slips = texts.len() - good - blank;
        let labels = good == 0 || (slips > 0 && (good < 10 || slips * 10 > good));
        if labels {
            let labels = texts.iter().map(|t| (*t).to_owned()).collect();
            let distinct = Coordinate::labels(name, labels);
            return Ok(Levels { of_row: self.of_row, distinct });
        }
        if let Some(i) = (0..texts.len()).find(|&i| !parsed[i].is_some_and(f64::is_finite)) {
            let message = if is_missing(texts[i]) || is_infinite(texts[i]) {
                format!("the coordinate is {:?}; coordinates must be finite numbers", texts[i])
            } else {
                format!(
                    "{:?} is not {kind}, but {good} of the {} distinct values are; correct it, or \
                     put a letter in front of all of them to make them labels",
                    texts[i],
                    texts.len()
                )
            };
            return Err(Error::cell(path, self.first[i], name, message));
        }
        // "1" and "1.0" are the same point.
        let mut values: Vec<f64> = vec![];
        let mut ids = HashMap::new();
        let merged: Vec<u32> = parsed
            .iter()
            .flatten()
            .map(|&x| {
                *ids.entry((x + 0.0).to_bits()).or_insert_with(|| {
                    values.push(x);
                    values.len() as u32 - 1
                })
            })
            .collect();
        let mut of_row = self.of_row;
        of_row.iter_mut().for_each(|id| *id = merged[*id as usize]);
        let mut distinct = Coordinate::numbers(name, values);
        if kind == "a date" {
            let (units, calendar) = TimeUnits::days_since_1970();
            distinct.units = Some(units.into());
            distinct.calendar = Some(calendar.into());
        }
        Ok(Levels { of_row, distinct })
    }
}

fn is_infinite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_infinite)
}

/// The value of a whole date, `2019-03-01` at least.
pub(super) fn date(text: &str, units: &TimeUnits) -> Option<f64> {
    match Date::parse(text)? {
        (_, Resolution::Year | Resolution::Month) => None,
        (date, _) => units.encode(date),
    }
}
