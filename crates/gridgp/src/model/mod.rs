//! Models: as written ([`spec`]), and as meant.

pub mod language;
pub mod spec;
