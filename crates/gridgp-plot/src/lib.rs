//! Pictures of data, fits and predictions of gridgp: SVG, PNG and PDF.
//!
//! One file a figure. Figures are made of plain data, [`Dimension`]s, [`Quantity`]s and slices of
//! numbers, so anything can be drawn with them; NaN is missing. [`Style`] has what can be chosen
//! about any of them: 85 mm, the column of a journal, is the default width.
//!
//! | figure | shows |
//! |---|---|
//! | [`HeatMap`] | planes of values with one color bar |
//! | [`Map`] | values at points or in cells of the globe, with coasts and borders |
//! | [`Series`] | lines, bands and points along one axis |
//! | [`Densities`] | prior against posterior, or the mode on the prior |
//! | [`Trace`], [`RankPlot`], [`PairPlot`] | chains |
//! | [`Loss`] | what an optimizer made smaller |
//! | [`ReturnLevels`] | return levels by period, with intervals |
//! | [`Calibration`] | PIT histogram and QQ plot |
//! | [`PriorPlot`] | kernels and draws of fields under the prior |
//!
//! [`report`] makes a page of them: one HTML file that opens without a network.
//!
//! Everything a reader must know is in the picture: units, what gray means, that a large grid is
//! shown as means of blocks.

mod calibration;
mod cells;
mod chains;
mod color;
mod color_scale;
mod density;
mod dimension;
mod error;
mod figure;
mod font;
mod frame;
mod heat_map;
mod loss;
mod map;
mod outlines;
mod pair;
mod prior;
mod projection;
mod rank;
#[cfg(any(feature = "png", feature = "pdf"))]
mod render;
pub mod report;
mod return_levels;
mod series;
mod svg;
mod ticks;
mod trace;

pub use calibration::Calibration;
pub use chains::Chains;
pub use color::ColorMap;
pub use color_scale::Range;
pub use density::{Densities, Marginal};
pub use dimension::{Dimension, Quantity, is_latitude, is_longitude};
pub use error::{Error, Result};
pub use figure::{Figure, FileKind, Style};
pub use heat_map::{HeatMap, Panel};
pub use loss::Loss;
pub use map::{Map, Places};
pub use pair::PairPlot;
pub use prior::{PriorField, PriorPlot};
pub use projection::Projection;
pub use rank::RankPlot;
pub use return_levels::ReturnLevels;
pub use series::{Part, Series};
pub use svg::Color;
pub use ticks::{Kind, number};
pub use trace::Trace;
