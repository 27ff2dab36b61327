//! A unit of time with a reference, and what its values mean.

use super::DAY;
use super::calendar::Calendar;
use super::date::{Date, Resolution};
use crate::{Coordinate, Values};

/// A unit of time with a reference, `"hours since 1900-01-01"`, in a calendar.
///
/// Whole numbers of a unit, and dates, are computed with as whole nanoseconds.
///
/// ```
/// use gridgp_grid::{Coordinate, Date, TimeUnits};
///
/// let time = Coordinate::numbers("time", vec![36.0]).with_units("hours since 1899-12-31");
/// let units = TimeUnits::of(&time).unwrap();
/// assert_eq!(units.decode(36.0).unwrap().to_string(), "1900-01-01T12:00:00");
/// assert_eq!(units.encode(Date::new(1900, 1, 2)), Some(48.0));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TimeUnits {
    /// Nanoseconds of one step.
    step: i64,
    /// Day number and nanoseconds since midnight of the reference.
    reference: (i64, i64),
    /// The reference as written.
    since: String,
    calendar: Calendar,
}

impl TimeUnits {
    /// Days since 1970-01-01 in the standard calendar.
    pub fn days_since_1970() -> (&'static str, &'static str) {
        ("days since 1970-01-01", "standard")
    }

    /// From the CF attributes; `None` if they do not describe a time.
    pub fn parse(units: &str, calendar: Option<&str>) -> Option<Self> {
        let calendar = Calendar::parse(calendar)?;
        let (step, since) = split_since(units)?;
        let step = match step_nanos(step) {
            Some(step) => step,
            // A month has a fixed length only where all months are equal.
            None if calendar == Calendar::Days360 && matches!(step, "month" | "months") => 30 * DAY,
            None => return None,
        };
        let (date, _) = Date::parse(since)?;
        let number = calendar.day_number(date.year, date.month, date.day)?;
        Some(Self { step, reference: (number, date.nanos), since: since.to_owned(), calendar })
    }

    /// The unit of a coordinate, if it is a time.
    pub fn of(coordinate: &Coordinate) -> Option<Self> {
        Self::parse(coordinate.units.as_deref()?, coordinate.calendar.as_deref())
    }

    /// Whether its dates are those of everyday life.
    pub fn is_common(&self) -> bool {
        matches!(self.calendar, Calendar::Standard | Calendar::Proleptic)
    }

    /// The value of a date in this unit, `None` if the calendar does not have the date.
    pub fn encode(&self, date: Date) -> Option<f64> {
        let number = self.calendar.day_number(date.year, date.month, date.day)?;
        let days = i128::from(number - self.reference.0);
        let nanos = days * i128::from(DAY) + i128::from(date.nanos - self.reference.1);
        Some(ratio(nanos, self.step))
    }

    /// The first value of the period that the text covers, and the first value after it.
    pub fn period(&self, date: Date, resolution: Resolution) -> Option<(f64, f64)> {
        let from = self.encode(date)?;
        let next = match resolution {
            Resolution::Instant => return Some((from, from)),
            Resolution::Day => return Some((from, from + DAY as f64 / self.step as f64)),
            Resolution::Month if date.month == 12 => Date { year: date.year + 1, month: 1, ..date },
            Resolution::Month => Date { month: date.month + 1, ..date },
            Resolution::Year => Date { year: date.year + 1, ..date },
        };
        Some((from, self.encode(next)?))
    }

    /// The date of a value: exact if the value is whole, else rounded to microseconds (milliseconds,
    /// seconds, where the value has no more digits).
    pub fn decode(&self, value: f64) -> Option<Date> {
        // Beyond this a day number does not fit comfortably and no calendar is meant.
        if (value * self.step as f64).abs() > 1e23 || value.is_nan() {
            return None;
        }
        Some(self.date(self.nanos(value)))
    }

    /// Nanoseconds since the reference.
    fn nanos(&self, value: f64) -> i128 {
        let fraction = value.fract();
        let whole = value.trunc() as i128 * i128::from(self.step);
        if fraction == 0.0 {
            return whole;
        }
        let nanos = whole + (fraction * self.step as f64).round() as i128;
        // Microseconds, or what the digits of the value tell.
        let mut unit = 1000;
        while (value * self.step as f64).abs() * f64::EPSILON > unit as f64 / 2.0 {
            unit *= 1000;
        }
        (nanos + unit / 2).div_euclid(unit) * unit
    }

    /// The date so many nanoseconds after the reference.
    fn date(&self, nanos: i128) -> Date {
        let (days, nanos) = self.since_midnight(nanos);
        let (year, month, day) = self.calendar.date(days);
        Date { year, month, day, nanos }
    }

    fn since_midnight(&self, nanos: i128) -> (i64, i64) {
        let (nanos, day) = (nanos + i128::from(self.reference.1), i128::from(DAY));
        (self.reference.0 + nanos.div_euclid(day) as i64, nanos.rem_euclid(day) as i64)
    }

    /// What a value in this unit is in another, `None` when the calendars differ: the standard and
    /// the proleptic Gregorian one do before 1582-10-15.
    pub fn convert(&self, value: f64, other: &Self) -> Option<f64> {
        if value.fract() == 0.0 && value.abs() < 1e23 / self.step as f64 {
            return self.convert_nanos(value as i128 * i128::from(self.step), other);
        }
        self.convert_nanos(self.nanos(value), other)?;
        let seconds = |nanos: i128| nanos as f64 / 1e9;
        let (from, to) = (seconds(self.step.into()), seconds(other.step.into()));
        Some((value * from + seconds(self.shift(other))) / to)
    }

    /// From nanoseconds since this reference to a value in another unit.
    fn convert_nanos(&self, nanos: i128, other: &Self) -> Option<f64> {
        let agree = self.calendar.agrees(other.calendar, self.since_midnight(nanos).0);
        agree.then(|| ratio(nanos + self.shift(other), other.step))
    }

    /// Nanoseconds from the other reference to this one.
    fn shift(&self, other: &Self) -> i128 {
        i128::from(self.reference.0 - other.reference.0) * i128::from(DAY)
            + i128::from(self.reference.1 - other.reference.1)
    }

    /// The values of whole numbers of another unit, each rounded once.
    ///
    /// # Errors
    /// As [`TimeUnits::convert`].
    pub(super) fn of_whole(&self, from: &Self, values: &[i64]) -> Option<Vec<f64>> {
        let nanos = |&v: &i64| i128::from(v) * i128::from(from.step);
        values.iter().map(|v| from.convert_nanos(nanos(v), self)).collect()
    }

    /// Whole microseconds since 1970 nearest to some values.
    pub(super) fn microseconds(&self, values: &[f64]) -> Option<Vec<i64>> {
        let epoch = self.calendar.day_number(1970, 1, 1)?;
        let whole = |&value: &f64| {
            let (days, nanos) = self.since_midnight(self.nanos(value));
            (days - epoch).checked_mul(DAY / 1000)?.checked_add(nanos / 1000)
        };
        values.iter().map(whole).collect()
    }

    /// The date of a whole number, exact.
    pub(super) fn decode_whole(&self, value: i64) -> Date {
        self.date(i128::from(value) * i128::from(self.step))
    }
}

/// Converts a time coordinate to the unit called `step`, with the same reference.
///
/// # Errors
/// `step` is no unit of time, or the coordinate no time.
pub fn convert(coordinate: &mut Coordinate, step: Option<&str>) -> Result<(), String> {
    let Some(step) = step else { return Ok(()) };
    let name = &coordinate.name;
    let Some(new) = step_nanos(step) else {
        return Err(format!("units = {step:?} is not a unit of time; use {STEPS}"));
    };
    let (Some(old), Values::Numbers(values)) = (TimeUnits::of(coordinate), &coordinate.values)
    else {
        let unit = coordinate.units.as_deref().map_or("none".into(), |u| format!("{u:?}"));
        return Err(format!(
            "units = {step:?} converts times, but {name:?} is not a time (its unit is {unit}); \
             remove `units`"
        ));
    };
    let new = TimeUnits { step: new, ..old.clone() };
    let exact =
        coordinate.ticks().and_then(|ticks| ticks.in_units(&new, coordinate.calendar.as_deref()));
    let values = exact.unwrap_or_else(|| {
        values.iter().map(|&v| old.convert(v, &new).expect("one calendar")).collect()
    });
    coordinate.values = Values::Numbers(values);
    coordinate.units = Some(format!("{step} since {}", old.since));
    Ok(())
}

/// How many of a unit `to` make one of a unit `from` of durations, `"hours"` for example; `None` if
/// they are not such units.
pub fn factor(from: &str, to: &str) -> Option<f64> {
    Some(ratio(step_nanos(from)?.into(), step_nanos(to)?))
}

/// a / b, rounded once where both are exact in lowest terms.
pub(super) fn ratio(a: i128, b: i64) -> f64 {
    let b = i128::from(b);
    let (mut g, mut r) = (a.abs(), b);
    while r != 0 {
        (g, r) = (r, g % r);
    }
    let (a, b) = (a / g, b / g);
    if a.abs() < 1 << 53 { a as f64 / b as f64 } else { (a / b) as f64 + (a % b) as f64 / b as f64 }
}

/// `"hours since 1900-01-01"` into its two parts.
fn split_since(units: &str) -> Option<(&str, &str)> {
    let mut words = units.trim().splitn(3, char::is_whitespace);
    let (step, since, rest) = (words.next()?, words.next()?, words.next()?);
    since.eq_ignore_ascii_case("since").then_some((step, rest.trim()))
}

/// Nanoseconds in a unit of time.
pub(super) fn step_nanos(step: &str) -> Option<i64> {
    Some(match step.trim().to_lowercase().as_str() {
        "nanosecond" | "nanoseconds" | "nsec" | "ns" => 1,
        "microsecond" | "microseconds" | "us" => 1_000,
        "millisecond" | "milliseconds" | "msec" | "ms" => 1_000_000,
        "second" | "seconds" | "sec" | "secs" | "s" => 1_000_000_000,
        "minute" | "minutes" | "min" | "mins" => 60_000_000_000,
        "hour" | "hours" | "hr" | "hrs" | "h" => 3_600_000_000_000,
        "day" | "days" | "d" => DAY,
        "week" | "weeks" => 7 * DAY,
        _ => return None,
    })
}

/// The names of units that a time can be converted to, for messages.
const STEPS: &str = "\"seconds\", \"minutes\", \"hours\", \"days\" or \"weeks\"";
