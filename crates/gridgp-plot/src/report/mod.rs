//! Reports: one HTML file that opens anywhere, without a network.
//!
//! A [`Report`] is a list of sections made of text, tables, figures and [`Explorer`]s, planes of
//! values that answer to pointer and keyboard. [`Report::html`] gives the page. Everything is
//! inside of it: style, script, pictures, numbers. Its content security policy forbids every
//! request and every script but the page's own. All text is escaped.
//!
//! ```
//! use gridgp_plot::report::{Block, Report, Section};
//!
//! let report = Report {
//!     title: "sst < 30 °C".into(),
//!     sections: vec![Section::new("Data", vec![Block::Text("61 years".into())])],
//!     ..Report::default()
//! };
//! let page = report.html()?;
//! assert!(page.contains("<h1>sst &lt; 30 °C</h1>"));
//! # Ok::<(), gridgp_plot::Error>(())
//! ```

mod block;
mod encode;
mod equation;
mod explorer;
mod page;

pub use explorer::{Explorer, Layer, Role, Surface};

use std::path::Path;

use crate::{Figure, Result};

/// A page about one fit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// A sentence or two below it.
    pub lead: String,
    /// Numbers that are looked for first: the number, and what it is.
    pub facts: Vec<(String, String)>,
    /// How far the result can be trusted, in short.
    pub findings: Vec<Finding>,
    /// The parts of the page.
    pub sections: Vec<Section>,
    /// What made the page, for its foot.
    pub program: String,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// What it shows.
    pub blocks: Vec<Block>,
}

impl Section {
    /// A part of a page.
    pub fn new(title: impl Into<String>, blocks: Vec<Block>) -> Self {
        Self { title: title.into(), blocks }
    }
}

/// Something to read or to look at.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A paragraph that stands back: what a reader should know about the picture above.
    Note(String),
    /// A heading inside of a section.
    Heading(String),
    /// Lines of plain mathematics, as [`gridgp_model::describe`] writes them.
    Equations(Vec<String>),
    /// A text to be copied: its name, and the text.
    Code(String, String),
    /// A table.
    Table(Table),
    /// Pictures side by side, each with a caption that says what it shows.
    Figures(Vec<(Figure, String)>),
    /// Judgements.
    Findings(Vec<Finding>),
    /// Planes of values to move through.
    Explorer(Box<Explorer>),
    /// What is folded away until somebody asks: its name, and what it holds.
    Folded(String, Vec<Block>),
}

/// A table with a head.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// What it shows, for people who hear it.
    pub caption: String,
    /// The names of the columns.
    pub head: Vec<String>,
    /// The rows. A cell that begins with a digit or a sign is set as a number.
    pub rows: Vec<Vec<String>>,
}

/// How good something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Nothing to worry about.
    Good,
    /// Worth a look before it is relied on.
    Caution,
    /// Not to be relied on.
    Poor,
}

/// A judgement in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How good it is.
    pub grade: Grade,
    /// What was judged, in a few words.
    pub title: String,
    /// Why, with the numbers.
    pub text: String,
}

impl Finding {
    /// A judgement.
    pub fn new(grade: Grade, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { grade, title: title.into(), text: text.into() }
    }
}

impl Report {
    /// The page.
    ///
    /// # Errors
    /// An explorer whose numbers do not fit its axes.
    pub fn html(&self) -> Result<String> {
        page::write(self)
    }

    /// Writes the page, complete or not at all; how many bytes it has.
    ///
    /// # Errors
    /// As [`Report::html`], or a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<usize> {
        let page = self.html()?;
        gridgp_file::write(path, |file| file.write_all(page.as_bytes()))?;
        Ok(page.len())
    }
}
