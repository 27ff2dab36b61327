//! What is known after the data: the conditional of the field, and predictions from it.

mod conditional;
mod draws;
mod grid;
mod place;
mod points;
#[cfg(test)]
mod tests;

pub use conditional::{Conditional, Moments};
pub use place::Place;
