//! The columns of a table, read in one pass without keeping the text.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gridgp_grid::{Coordinate, Known};

use super::content::{Content, Reading, content};
use super::number::{Marks, number};
use super::source::Source;
use crate::missing::Missing;
use crate::{Error, Result, dates};

/// What to read from a table.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Columns of coordinates, and how to read them.
    pub coordinates: Vec<(&'a str, Reading<'a>)>,
    /// Columns of numbers, where a value may be missing.
    pub values: Vec<&'a str>,
    /// What stands for a missing value, besides the usual words.
    pub missing: Missing,
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

impl Levels {
    /// Numbers that mean the same point, 0.3 and 0.30000000000000004, become one.
    fn with_each_place_once(mut self) -> Self {
        let places = Known::places(&self.distinct);
        if places.iter().enumerate().all(|(i, &place)| i == place) {
            return self;
        }
        let mut new = vec![u32::MAX; places.len()];
        let mut kept = vec![];
        for &place in &places {
            if new[place] == u32::MAX {
                new[place] = kept.len() as u32;
                kept.push(place);
            }
        }
        self.of_row.iter_mut().for_each(|id| *id = new[places[*id as usize]]);
        self.distinct = self.distinct.take(&kept);
        self
    }
}

impl Table {
    /// Reads the wanted columns of a file.
    pub(crate) fn read(path: &Path, wanted: &Wanted) -> Result<Self> {
        let mut source = Source::open(path)?;
        let names = wanted.coordinates.iter().map(|(name, _)| name);
        let coordinates: Vec<usize> =
            names.map(|name| source.position(name)).collect::<Result<_>>()?;
        let values: Vec<usize> =
            wanted.values.iter().map(|name| source.position(name)).collect::<Result<_>>()?;

        let mut interners: Vec<Interner> =
            coordinates.iter().map(|_| Interner::default()).collect();
        let mut numbers: Vec<Vec<f64>> = vec![vec![]; values.len()];
        let mut marks: Vec<Marks> = values.iter().map(|_| Marks::default()).collect();
        let mut lines = vec![];
        let mut row = csv::ByteRecord::new();
        while let Some(line) = source.next(&mut row)? {
            for (interner, &column) in interners.iter_mut().zip(&coordinates) {
                let text = source.text(&row, line, column)?;
                if text.is_empty() {
                    let message = "the coordinate is empty; every row needs all coordinates";
                    return Err(Error::cell(path, line, &source.header[column], message));
                }
                interner.push(text, line);
            }
            for ((numbers, marks), &column) in numbers.iter_mut().zip(&mut marks).zip(&values) {
                let text = source.text(&row, line, column)?;
                let number = number(text, &wanted.missing)
                    .map_err(|message| Error::cell(path, line, &source.header[column], message))?;
                numbers.push(number);
                if !number.is_nan() {
                    marks.note(text, line);
                }
            }
            lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        }
        if lines.is_empty() {
            return Err(Error::file(path, "the table has a header but no rows"));
        }
        let mut levels = vec![];
        for (interner, (name, reading)) in interners.into_iter().zip(&wanted.coordinates) {
            let (column, own) = interner.into_levels(path, name, *reading)?;
            levels.push(column);
            marks.push(own);
        }
        let columns = values.iter().chain(&coordinates);
        for (k, &column) in columns.enumerate() {
            if let Some((line, message)) = Marks::doubt(&marks, k) {
                return Err(Error::cell(path, line, &source.header[column], message));
            }
        }
        Ok(Self { path: path.to_owned(), lines, coordinates: levels, values: numbers })
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

    /// The column as numbers, dates or labels, and how its numbers are written.
    fn into_levels(self, path: &Path, name: &str, reading: Reading) -> Result<(Levels, Marks)> {
        let mut texts: Vec<&str> = vec![""; self.first.len()];
        self.ids.iter().for_each(|(text, &id)| texts[id as usize] = text);
        let content = content(name, &texts, reading)
            .map_err(|(i, message)| Error::cell(path, self.first[i], name, message))?;
        let mut marks = Marks::default();
        let (parsed, is_date) = match content {
            Content::Labels => {
                let labels = texts.iter().map(|t| (*t).to_owned()).collect();
                let distinct = Coordinate::labels(name, labels);
                return Ok((Levels { of_row: self.of_row, distinct }, marks));
            }
            Content::Numbers(numbers) => {
                texts.iter().zip(&self.first).for_each(|(text, &line)| marks.note(text, line));
                (numbers, false)
            }
            Content::Dates(days, _) => (days, true),
        };
        // "1" and "1.0" are the same number.
        let mut values: Vec<f64> = vec![];
        let mut ids = HashMap::new();
        let merged: Vec<u32> = parsed
            .iter()
            .map(|&x| {
                *ids.entry((x + 0.0).to_bits()).or_insert_with(|| {
                    values.push(x);
                    values.len() as u32 - 1
                })
            })
            .collect();
        let mut of_row = self.of_row;
        of_row.iter_mut().for_each(|id| *id = merged[*id as usize]);
        let distinct = if is_date {
            dates::coordinate(name, values)
        } else {
            Coordinate::numbers(name, values)
        };
        Ok((Levels { of_row, distinct }.with_each_place_once(), marks))
    }
}
