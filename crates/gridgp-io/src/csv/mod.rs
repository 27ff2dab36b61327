//! Long CSV tables: one row a cell, columns by name.

mod grid;
mod table;

pub(crate) use grid::read;
