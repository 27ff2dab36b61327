//! The years of a series of times, whatever month they begin with.

use std::collections::BTreeMap;

use gridgp_extremes::season_years;
use gridgp_grid::time::{Date, TimeUnits};
use gridgp_grid::{Coordinate, Values};

/// The years of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearBlocks {
    /// The year of each time.
    pub of: Vec<i64>,
    /// How many times each year has without gaps.
    pub lengths: BTreeMap<i64, usize>,
}

/// The year of each time where years begin with the month `first`, and how many times a whole year
/// has; see [`season_years`].
///
/// The step of the series is the shortest time between two of its times: a year of daily values
/// has 365 or 366 of them, whatever the file has.
///
/// # Errors
/// A coordinate that is not made of times, or of a single one; a month outside of 1 to 12.
///
/// ```
/// use gridgp_grid::Coordinate;
///
/// let days = Coordinate {
///     calendar: Some("standard".into()),
///     ..Coordinate::numbers("time", vec![0.0, 1.0, 300.0]).with_units("days since 2000-01-01")
/// };
/// let blocks = gridgp_io::year_blocks(&days, 10)?;
/// assert_eq!(blocks.of, [2000, 2000, 2001]);
/// assert_eq!(blocks.lengths[&2000], 366);
/// # Ok::<(), String>(())
/// ```
pub fn year_blocks(times: &Coordinate, first: u32) -> Result<YearBlocks, String> {
    let no_times = || {
        format!(
            "it holds no times but {}; give dates such as 2001-07-31, or a unit such as \"days since 2000-01-01\"",
            times.show(0)
        )
    };
    let units = TimeUnits::of(times).ok_or_else(no_times)?;
    let Values::Numbers(values) = &times.values else { return Err(no_times()) };
    let dates: Option<Vec<Date>> = values.iter().map(|&t| units.decode(t)).collect();
    let dates = dates.ok_or("a time is beyond the calendar")?;
    let years: Vec<i64> = dates.iter().map(Date::year).collect();
    let months: Vec<u32> = dates.iter().map(|d| d.month() as u32).collect();
    let of = season_years(&years, &months, first)?;
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let step = sorted.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    if !step.is_finite() {
        return Err("there is a single time".into());
    }
    let mut lengths = BTreeMap::new();
    for &year in &of {
        // A year from July on is called after its end.
        let begins = if first > 6 { year - 1 } else { year };
        let start = |year: i64| {
            let (date, _) = Date::parse(&format!("{year:04}-{first:02}-01"))?;
            units.encode(date)
        };
        let ends = start(begins).zip(start(begins + 1)).ok_or("a year is beyond the calendar")?;
        lengths.entry(year).or_insert(((ends.1 - ends.0) / step).round() as usize);
    }
    Ok(YearBlocks { of, lengths })
}
