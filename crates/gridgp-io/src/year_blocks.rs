//! The years of a series of times, whatever month they begin with.

use std::collections::BTreeMap;

use gridgp_extremes::season_years;
use gridgp_grid::time::{Date, TimeUnits};
use gridgp_grid::{Coordinate, Values};

/// The years of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct YearBlocks {
    /// The year of each time.
    pub of: Vec<i64>,
    /// When each time is, in steps of the series from its first one.
    pub at: Vec<f64>,
    /// How many times each year has without gaps.
    pub lengths: BTreeMap<i64, usize>,
}

impl YearBlocks {
    /// How many times of each year the series has.
    pub fn present(&self) -> BTreeMap<i64, usize> {
        let mut present = BTreeMap::new();
        self.of.iter().for_each(|year| *present.entry(*year).or_default() += 1);
        present
    }

    /// The year of each time that the series lacks.
    pub fn absent(&self) -> Vec<i64> {
        let lacks = |(&year, have): (&i64, usize)| {
            std::iter::repeat_n(year, self.lengths[&year].saturating_sub(have))
        };
        self.present().iter().map(|(year, have)| (year, *have)).flat_map(lacks).collect()
    }
}

/// The step of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    /// So much of the unit of the times.
    Time(f64),
    /// So many months of the calendar, which are not equally long.
    Months(i64),
}

/// The year of each time where years begin with the month `first`, and how many times a whole year
/// has; see [`season_years`].
///
/// The step of the series is the shortest time between two of its times: a year of daily values
/// has 365 or 366 of them, whatever the file has. Where there is at most one time a month, the step
/// is the least number of months between two, which have 28 to 31 days: a year of monthly values has
/// 12, one of seasons 4. A series whose distances are all multiples of the shortest, on changing days
/// of the month, keeps that step: every 28 days there are 13 of them.
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
    let step = step(values, &dates)?;
    let mut lengths = BTreeMap::new();
    for &year in &of {
        if lengths.contains_key(&year) {
            continue;
        }
        // A year from July on is called after its end.
        let begins = if first > 6 { year - 1 } else { year };
        let start = |year: i64| units.encode(Date::new(year, i64::from(first), 1));
        let ends = start(begins).zip(start(begins + 1)).ok_or("a year is beyond the calendar")?;
        let length = match step {
            Step::Time(step) => (ends.1 - ends.0) / step,
            Step::Months(months) => 12.0 / months as f64,
        };
        lengths.insert(year, length.round() as usize);
    }
    let since = |i: usize| match step {
        Step::Time(step) => (values[i] - values[0]) / step,
        Step::Months(months) => (month(&dates[i]) - month(&dates[0])) as f64 / months as f64,
    };
    Ok(YearBlocks { of, at: (0..values.len()).map(since).collect(), lengths })
}

/// Months since the year 0.
fn month(date: &Date) -> i64 {
    12 * date.year() + date.month() - 1
}

fn step(values: &[f64], dates: &[Date]) -> Result<Step, String> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let pairs = || order.windows(2).map(|w| (w[0], w[1]));
    let gaps: Vec<f64> = pairs().map(|(a, b)| values[b] - values[a]).collect();
    let months: Vec<i64> = pairs().map(|(a, b)| month(&dates[b]) - month(&dates[a])).collect();
    let shortest = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let Some(&fewest) = months.iter().min() else { return Err("there is a single time".into()) };
    let same_day = dates.iter().all(|d| d.day() == dates[0].day());
    let is_multiple = |gap: &f64| (gap / shortest - (gap / shortest).round()).abs() < 1e-6;
    if fewest == 0 || !same_day && gaps.iter().all(is_multiple) {
        return Ok(Step::Time(shortest));
    }
    Ok(Step::Months(fewest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(dates: &[(i64, i64, i64)], calendar: &str) -> YearBlocks {
        let units = TimeUnits::parse("days since 1999-01-01", Some(calendar)).unwrap();
        let day = |&(y, m, d): &(i64, i64, i64)| units.encode(Date::new(y, m, d)).unwrap();
        let times = Coordinate {
            calendar: Some(calendar.into()),
            ..Coordinate::numbers("time", dates.iter().map(day).collect())
                .with_units("days since 1999-01-01")
        };
        year_blocks(&times, 1).unwrap()
    }

    /// Twelve months are a year in every calendar, on the first day, on the last, in the middle.
    #[test]
    fn a_year_has_the_months_of_its_calendar() {
        for calendar in ["standard", "noleap", "all_leap", "360_day", "julian"] {
            for days in [[1; 12], [28; 12], [16, 15, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]] {
                let year = |y| (1..=12).map(move |m| (y, m, days[m as usize - 1]));
                let dates: Vec<_> = year(2000).chain(year(2001)).collect();
                let found = blocks(&dates, calendar);
                assert_eq!(found.lengths, [(2000, 12), (2001, 12)].into(), "{calendar} {days:?}");
                assert_eq!(found.at, (0..24).map(f64::from).collect::<Vec<_>>());
                // A month that the file does not have is absent, and time goes on.
                let gone: Vec<_> =
                    dates.iter().copied().filter(|d| (d.0, d.1) != (2001, 2)).collect();
                let found = blocks(&gone, calendar);
                assert_eq!((found.absent(), found.at[13]), (vec![2001], 14.0));
            }
        }
    }

    #[test]
    fn steps_are_found() {
        let length = |dates: &[(i64, i64, i64)]| blocks(dates, "standard").lengths[&2001];
        assert_eq!(length(&[(2001, 1, 31), (2001, 2, 28), (2001, 3, 31), (2001, 4, 30)]), 12);
        assert_eq!(length(&[(2001, 3, 1), (2001, 6, 1), (2001, 12, 1)]), 4);
        assert_eq!(length(&[(1999, 7, 1), (2000, 7, 1), (2001, 7, 1)]), 1);
        // February alone, and 28 days that are no months.
        assert_eq!(length(&[(2001, 2, 1), (2001, 3, 1)]), 12);
        assert_eq!(length(&[(2001, 1, 20), (2001, 2, 17), (2001, 3, 17), (2001, 4, 14)]), 13);
        assert_eq!(length(&[(2001, 1, 1), (2001, 1, 8), (2001, 1, 22)]), 52);
        assert_eq!(length(&[(2001, 1, 1), (2001, 1, 2), (2001, 12, 31)]), 365);
    }
}
