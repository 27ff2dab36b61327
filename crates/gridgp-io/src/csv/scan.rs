//! What the columns of a table hold, in one pass.

use std::collections::HashMap;
use std::path::Path;

use gridgp_grid::Coordinate;
use gridgp_grid::doubts::dates_as_numbers;

use super::content::{Content, Reading, content};
use super::guess::guess;
use super::number::{is_missing, loose};
use super::source::Source;
use crate::dates::{self, DateFormat};
use crate::summary::{CoordinateSummary, FileSummary, Kind, VariableSummary};
use crate::{Error, Result};

/// Distinct values that are counted in a column.
const COUNTED: usize = 100_000;

/// A column of a table.
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
    /// The form of its dates, where the model has to state it.
    pub format: Option<String>,
    /// Number of distinct values; `None` if there are too many to count.
    pub distinct: Option<usize>,
    /// The value of every row; cut off when there are too many values.
    pub of_row: Vec<u32>,
    pub missing: usize,
    /// Line and message, where its values leave in doubt what they are.
    doubt: Option<(u64, String)>,
    summary: CoordinateSummary,
}

impl Column {
    /// Whether its values can be points of an axis.
    pub(super) fn is_known(&self) -> bool {
        self.missing == 0 && self.doubt.is_none()
    }
}

/// A column while the table is read.
struct Texts {
    /// Distinct texts in order of appearance, at most [`COUNTED`].
    ids: HashMap<Box<str>, u32>,
    /// Line of the first occurrence of each text.
    first: Vec<u64>,
    of_row: Vec<u32>,
    many: bool,
    empty: usize,
    /// Rows with another word for a missing value.
    blank: usize,
    only_numbers: bool,
    low: f64,
    high: f64,
}

impl Texts {
    fn new() -> Self {
        Self {
            ids: HashMap::new(),
            first: vec![],
            of_row: vec![],
            many: false,
            empty: 0,
            blank: 0,
            only_numbers: true,
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
        }
    }

    fn push(&mut self, text: &str, line: u64) {
        if text.is_empty() {
            self.empty += 1;
            self.of_row.push(u32::MAX);
            return;
        }
        match loose(text) {
            Some(x) if x.is_finite() => {
                self.low = self.low.min(x);
                self.high = self.high.max(x);
            }
            _ if is_missing(text) => self.blank += 1,
            _ => self.only_numbers = false,
        }
        if self.many {
            return;
        }
        let next = self.first.len() as u32;
        let id = match self.ids.get(text) {
            Some(&id) => id,
            None => {
                self.ids.insert(text.into(), next);
                self.first.push(line);
                next
            }
        };
        self.of_row.push(id);
        if self.ids.len() > COUNTED {
            self.many = true;
            (self.ids, self.first, self.of_row) = (HashMap::new(), vec![], vec![]);
        }
    }

    /// Decides what the column is.
    fn column(self, name: String) -> Column {
        let mut texts: Vec<&str> = vec![""; self.first.len()];
        self.ids.iter().for_each(|(text, &id)| texts[id as usize] = text);
        let filled: Vec<usize> = (0..texts.len()).filter(|&i| !is_missing(texts[i])).collect();
        let values: Vec<&str> = filled.iter().map(|&i| texts[i]).collect();
        let (mut doubt, mut format) = (None, None);
        let at = |(i, message): (usize, String)| (self.first[i], message);
        let coordinate = if self.many && self.only_numbers {
            Coordinate::numbers(&name, vec![self.low, self.high])
        } else {
            match content(&name, &values, Reading::Guess) {
                Ok(Content::Numbers(numbers)) => match dates_as_numbers(&numbers) {
                    Some(known) => {
                        format = Some(known.to_owned());
                        let read = DateFormat::new(known).expect("a known form");
                        let days = values.iter().filter_map(|t| read.days(t).ok()).collect();
                        dates::coordinate(&name, days)
                    }
                    None => Coordinate::numbers(&name, numbers),
                },
                Ok(Content::Dates(days, known)) => {
                    format = known;
                    dates::coordinate(&name, days)
                }
                // With all its texts: a word for a missing value may be a label.
                Ok(Content::Labels) => {
                    doubt = content(&name, &texts, Reading::Guess).err().map(at);
                    Coordinate::labels(&name, texts.iter().map(|&t| t.to_owned()).collect())
                }
                Err((i, message)) => {
                    doubt = Some(at((filled[i], message)));
                    Coordinate::labels(&name, texts.iter().map(|&t| t.to_owned()).collect())
                }
            }
        };
        let mut summary = CoordinateSummary::of(&coordinate, None);
        let is_label = summary.kind == Kind::Label;
        summary.missing = self.empty + if is_label { 0 } else { self.blank };
        if self.many {
            (summary.distinct, summary.step) = (None, None);
        }
        Column {
            kind: summary.kind,
            format,
            distinct: summary.distinct,
            missing: summary.missing,
            doubt,
            summary,
            name,
            of_row: self.of_row,
        }
    }
}

/// Says what a table contains. `response` is what is modelled, if that is known.
pub(crate) fn summarize(path: &Path, response: Option<&str>) -> Result<FileSummary> {
    let mut source = Source::open(path)?;
    if let Some(trouble) = source.trouble() {
        return Err(Error::file(path, trouble));
    }
    let mut columns: Vec<Texts> = source.header.iter().map(|_| Texts::new()).collect();
    let mut rows = 0;
    let mut row = csv::ByteRecord::new();
    while let Some(line) = source.next(&mut row)? {
        for (k, column) in columns.iter_mut().enumerate() {
            column.push(source.text(&row, line, k)?, line);
        }
        rows += 1;
    }
    if rows == 0 {
        return Err(Error::file(path, "the table has a header but no rows"));
    }
    let columns: Vec<Column> =
        columns.into_iter().zip(source.header.clone()).map(|(c, name)| c.column(name)).collect();
    let is_number = |c: &&Column| c.kind == Kind::Number && c.missing < rows;
    if let Some(name) = response {
        let column = &columns[source.position(name)?];
        if !is_number(&column) {
            let message = format!("the column {name:?} does not hold numbers");
            return Err(Error::file(path, message));
        }
    }
    // A model cannot name what has no name: the numbers of rows that pandas writes, say.
    let columns: Vec<Column> = columns.into_iter().filter(|c| !c.name.trim().is_empty()).collect();
    let guess = guess(&columns, rows, response);
    let doubts: Vec<Error> = columns
        .iter()
        .filter_map(|c| Some((c, c.doubt.clone()?)))
        .map(|(c, (line, message))| Error::cell(path, line, &c.name, message))
        .collect();
    Ok(FileSummary {
        rows: Some(rows),
        variables: columns
            .iter()
            .filter(is_number)
            .map(|c| VariableSummary {
                name: c.name.clone(),
                dims: vec![],
                units: None,
                long_name: None,
                is_part: false,
            })
            .collect(),
        doubts: doubts.iter().map(ToString::to_string).collect(),
        coordinates: columns.into_iter().map(|c| c.summary).collect(),
        guess,
    })
}
