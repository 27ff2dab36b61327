//! What is known after the data: the conditional of the field, and predictions from it.

mod conditional;
mod draws;
mod grid;
mod points;

pub use conditional::{Conditional, Moments, Place};
