//! Extremes: return levels, risks over periods of years, simulated climates, block maxima.
//!
//! Plain functions of numbers and slices. Parameters are those of
//! [`Gev`](gridgp_likelihood::Gev): the sign of the shape is that of climate science, positive for
//! a heavy tail. Levels of a fit come from its posterior draws, one level a draw; a level of the
//! posterior mean has no interval and is not the mean level.
//!
//! ```
//! use gridgp_extremes::{return_level, return_period};
//!
//! let level = return_level(34.5, 1.8, -0.12, 100.0);
//! assert!((level - 40.86).abs() < 0.01);
//! assert!((return_period(34.5, 1.8, -0.12, level) - 100.0).abs() < 1e-9);
//! ```

mod blocks;
mod period;
mod return_level;
mod simulate;
mod station_maxima;
mod tail;
mod threshold;

pub use blocks::{BlockLargest, BlockMaximum, block_largest, block_maxima, season_years};
pub use period::{
    design_life_level, equivalent_reliability, exceedance_over, expected_exceedances_level,
};
pub use return_level::{exceedance, return_level, return_period};
pub use simulate::{Warming, gev_observations, gmst, spatial_field};
pub use station_maxima::{SimulatedMaxima, StationMaxima, Varying};
pub use tail::Tail;
pub use threshold::{Peak, decluster, quantile_threshold};
