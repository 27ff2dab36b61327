//! What the columns of a table hold, in one pass.

use std::collections::HashMap;
use std::path::Path;

use gridgp_grid::Coordinate;
use gridgp_grid::time::TimeUnits;

use super::guess::guess;
use super::table::{broken, date, header, is_missing, open};
use crate::summary::{CoordinateSummary, FileSummary, Kind, VariableSummary};
use crate::{Error, Result};

/// Distinct values that are counted in a column.
const COUNTED: usize = 100_000;

/// A column while the table is read.
#[derive(Default)]
pub(super) struct Column {
    pub name: String,
    /// Distinct values in order of appearance, at most [`COUNTED`].
    ids: HashMap<Box<str>, u32>,
    /// The value of every row; cut off when there are too many values.
    pub of_row: Vec<u32>,
    pub many: bool,
    pub missing: usize,
    other_than_number: bool,
    other_than_date: bool,
    low: f64,
    high: f64,
}

impl Column {
    fn push(&mut self, text: &str, days: &TimeUnits) {
        if is_missing(text) {
            self.missing += 1;
            self.of_row.push(u32::MAX);
            return;
        }
        if !self.other_than_number {
            match text.parse::<f64>() {
                Ok(x) if x.is_finite() => {
                    self.low = self.low.min(x);
                    self.high = self.high.max(x);
                }
                _ => self.other_than_number = true,
            }
        }
        self.other_than_date = self.other_than_date || date(text, days).is_none();
        if self.many {
            return;
        }
        let next = self.ids.len() as u32;
        let id = match self.ids.get(text) {
            Some(&id) => id,
            None => {
                self.ids.insert(text.into(), next);
                next
            }
        };
        self.of_row.push(id);
        if self.ids.len() > COUNTED {
            self.many = true;
            self.ids.clear();
            self.of_row = vec![];
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match (self.other_than_number, self.other_than_date) {
            (false, _) => Kind::Number,
            (true, false) => Kind::Date,
            (true, true) => Kind::Label,
        }
    }

    /// Number of distinct values.
    pub(super) fn distinct(&self) -> Option<usize> {
        (!self.many).then_some(self.ids.len())
    }

    fn summary(&self, days: &TimeUnits) -> CoordinateSummary {
        let mut texts: Vec<&str> = vec![""; self.ids.len()];
        self.ids.iter().for_each(|(text, &id)| texts[id as usize] = text);
        let coordinate = match self.kind() {
            Kind::Number if self.many => Coordinate::numbers(&self.name, vec![self.low, self.high]),
            Kind::Number => {
                let numbers = texts.iter().filter_map(|t| t.parse().ok()).collect();
                Coordinate::numbers(&self.name, numbers)
            }
            Kind::Date => {
                let (units, calendar) = TimeUnits::days_since_1970();
                let numbers = texts.iter().filter_map(|t| date(t, days)).collect();
                let c = Coordinate::numbers(&self.name, numbers).with_units(units);
                Coordinate { calendar: Some(calendar.into()), ..c }
            }
            Kind::Label => {
                let labels = texts.iter().map(|t| (*t).to_owned()).collect();
                Coordinate::labels(&self.name, labels)
            }
        };
        let mut summary = CoordinateSummary::of(&coordinate, None);
        summary.missing = self.missing;
        if self.many {
            (summary.distinct, summary.step) = (None, None);
        }
        summary
    }
}

/// Says what a table contains.
pub(crate) fn summarize(path: &Path) -> Result<FileSummary> {
    let mut reader = open(path)?;
    let mut columns: Vec<Column> = header(path, &mut reader)?
        .into_iter()
        .map(|name| Column {
            name,
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            ..Column::default()
        })
        .collect();
    let (units, calendar) = TimeUnits::days_since_1970();
    let days = TimeUnits::parse(units, Some(calendar)).expect("a unit of time");
    let mut rows = 0;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|e| broken(path, &e))? {
        for (column, text) in columns.iter_mut().zip(&record) {
            let text = std::str::from_utf8(text).map_err(|_| {
                let line = record.position().map_or(0, csv::Position::line);
                Error::cell(path, line, &column.name, "the text is not UTF-8")
            })?;
            column.push(text.trim(), &days);
        }
        rows += 1;
    }
    if rows == 0 {
        return Err(Error::file(path, "the table has a header but no rows"));
    }
    let numbers = columns.iter().filter(|c| c.kind() == Kind::Number && c.missing < rows);
    Ok(FileSummary {
        rows: Some(rows),
        variables: numbers
            .map(|c| VariableSummary {
                name: c.name.clone(),
                dims: vec![],
                units: None,
                long_name: None,
            })
            .collect(),
        coordinates: columns.iter().map(|c| c.summary(&days)).collect(),
        guess: guess(&columns, rows),
    })
}
