//! Long CSV tables: one row a cell, columns by name.

mod grid;
mod guess;
mod scan;
mod table;

pub(crate) use grid::read;
pub(crate) use scan::summarize;
pub(crate) use table::{Table, Wanted};
