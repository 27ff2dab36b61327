//! Long CSV tables: one row a cell, columns by name.

mod content;
mod grid;
mod guess;
mod lines;
mod number;
mod scan;
mod source;
mod table;

pub(crate) use content::Reading;
pub(crate) use grid::{Rows, read};
pub(crate) use scan::summarize;
pub(crate) use table::{Table, Wanted};
