//! Models: as written ([`spec`]), and as meant.

pub mod spec;
