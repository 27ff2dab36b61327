//! The model as written: names and strings only, straight from TOML, JSON or a builder.

mod data;

pub use data::{AxisSpec, CovariateSpec, DataSpec, Pick, SelValue, Selection};
