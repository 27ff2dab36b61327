//! Dates as people write them: [`written`] reads the forms that mean one day only, [`column`] those
//! that only all dates of a column together can tell, [`DateFormat`] those that a model states.

mod absolute;
mod column;
mod format;
mod typed;
mod written;

pub(crate) use absolute::relative_to_1970;
pub(crate) use column::column;
pub(crate) use format::DateFormat;
use gridgp_grid::time::{Date, TimeUnits};
use gridgp_grid::{Coordinate, Values};
pub(crate) use typed::span;
pub(crate) use written::looks_like;

/// A date and a time of day, in the parts that they were written in.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Parts<'a> {
    year: i64,
    month: i64,
    day: i64,
    clock: Clock<'a>,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Clock<'a> {
    hour: i64,
    minute: i64,
    /// With its fraction.
    second: &'a str,
    /// Minutes ahead of UTC.
    offset: i64,
}

const MIDNIGHT: Clock = Clock { hour: 0, minute: 0, second: "0", offset: 0 };

impl Parts<'_> {
    /// The date in whatever calendar; `None` where no calendar has it.
    fn date(&self) -> Option<Date> {
        let Clock { hour, minute, second, offset } = self.clock;
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
        let text = format!(
            "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second}{sign}{hours:02}:{minutes:02}",
            self.year, self.month, self.day
        );
        Some(Date::parse(&text)?.0)
    }

    /// Days since 1970-01-01 in the standard calendar; `None` where there is no such day.
    fn days(&self) -> Option<f64> {
        let Clock { hour, minute, second, offset } = self.clock;
        let date = date(self.year, self.month, self.day, hour, minute, second)?;
        if offset == 0 {
            return days().encode(date);
        }
        // In whole minutes, so that an instant has one number however it is written.
        let minutes = TimeUnits::parse("minutes since 1970-01-01", None)?;
        let whole = self::date(self.year, self.month, self.day, hour, minute, "0")?;
        let utc = minutes.decode(minutes.encode(whole)? - offset as f64)?;
        let (hour, minute) = ((utc.seconds() / 3600.0) as i64, (utc.seconds() / 60.0) as i64 % 60);
        days().encode(self::date(utc.year(), utc.month(), utc.day(), hour, minute, second)?)
    }
}

fn date(y: i64, month: i64, day: i64, hour: i64, minute: i64, second: &str) -> Option<Date> {
    let text = format!("{y:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second}");
    Some(Date::parse(&text)?.0)
}

/// The unit of dates in tables.
fn days() -> TimeUnits {
    let (units, calendar) = TimeUnits::days_since_1970();
    TimeUnits::parse(units, Some(calendar)).expect("a unit of time")
}

/// Days since 1970-01-01 as a coordinate.
pub(crate) fn coordinate(name: &str, values: Vec<f64>) -> Coordinate {
    let (units, calendar) = TimeUnits::days_since_1970();
    let c = Coordinate::numbers(name, values).with_units(units);
    Coordinate { calendar: Some(calendar.into()), ..c }.with_ticks()
}

/// A coordinate of texts or whole numbers whose dates are written in a stated form.
pub(crate) fn of_format(c: &Coordinate, format: &DateFormat) -> Result<Coordinate, String> {
    let texts: Vec<String> = match &c.values {
        Values::Numbers(v) => v.iter().map(|x| format!("{x}")).collect(),
        Values::Labels(v) => v.clone(),
    };
    let days = texts.iter().map(|t| format.days(t)).collect::<Result<Vec<f64>, String>>();
    Ok(coordinate(&c.name, days.map_err(|e| format!("{:?}: {e}", c.name))?))
}
