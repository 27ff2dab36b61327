//! A date that a person wrote, alone, in the unit of a coordinate.

use gridgp_grid::time::{Date, Resolution, TimeUnits};

use super::written::{Written, has_clock, written};
use super::{DateFormat, MIDNIGHT, Parts, days};

/// The time that a text covers: `2019-03` a month, `2019Q1` three, `2019-03-01T06:30` an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    /// Its beginning.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// Whether the end is outside, as it is of everything but an instant.
    pub open: bool,
}

/// Reads a date in any form that a column of dates can have, or in the stated one; `None` where it is
/// none.
///
/// # Errors
/// A date that does not say which number is the day, or that the calendar of the unit does not have.
pub(crate) fn span(
    units: &TimeUnits,
    text: &str,
    format: Option<&DateFormat>,
) -> Result<Option<Span>, String> {
    let text = text.trim();
    let missing = || format!("there is no day {text:?} in the calendar of this axis");
    let covered = |date: Date, resolution: Resolution| {
        let (from, to) = units.period(date, resolution).ok_or_else(missing)?;
        Ok(Some(Span { from, to, open: resolution != Resolution::Instant }))
    };
    if let Some((day, resolution)) = format.and_then(|f| Some((f.days(text).ok()?, f.resolution())))
    {
        return covered(days().decode(day).ok_or_else(missing)?, resolution);
    }
    let is_iso = text.len() >= 4 && text.bytes().take(4).all(|b| b.is_ascii_digit());
    if let Some((date, resolution)) = Date::parse(text).filter(|_| is_iso) {
        return covered(date, resolution);
    }
    let of_day = |parts: Parts<'_>| {
        let resolution = if has_clock(text) { Resolution::Instant } else { Resolution::Day };
        covered(parts.date().ok_or_else(missing)?, resolution)
    };
    match written(text) {
        Some(Written::Date(parts)) => of_day(parts),
        Some(Written::Month(parts)) => {
            let first = parts.date().ok_or_else(missing)?;
            if !text.contains('Q') {
                return covered(first, Resolution::Month);
            }
            // The first day of the quarter that follows.
            let next = parts.month + 3;
            let (year, month) = (parts.year + (next - 1) / 12, (next - 1) % 12 + 1);
            let next = Parts { year, month, day: 1, clock: MIDNIGHT }.date();
            let (from, to) = (units.encode(first), next.and_then(|next| units.encode(next)));
            let (from, to) = from.zip(to).ok_or_else(missing)?;
            Ok(Some(Span { from, to, open: true }))
        }
        Some(Written::Unordered { first, second, year, clock }) => {
            match (first > 12, second > 12) {
                (true, false) => of_day(Parts { year, month: second, day: first, clock }),
                (false, true) => of_day(Parts { year, month: first, day: second, clock }),
                _ => Err(format!("is {text:?} day and month, or month and day? Write 2019-03-31")),
            }
        }
        None => match Date::parse(text) {
            Some((date, resolution)) => covered(date, resolution),
            None => Ok(None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(units: &str, calendar: &str, text: &str) -> Result<Option<Span>, String> {
        span(&TimeUnits::parse(units, Some(calendar)).unwrap(), text, None)
    }

    #[test]
    fn every_form_of_a_date_is_read() {
        let days = |text: &str| read("days since 1970-01-01", "standard", text).unwrap().unwrap();
        for text in [
            "2019-03-01",
            "2019/3/1",
            "2019.03.01",
            "1 Mar 2019",
            "March 1, 2019",
            "Fri, 1 March 2019",
        ] {
            assert_eq!(days(text), Span { from: 17956.0, to: 17957.0, open: true }, "{text}");
        }
        assert_eq!(days("13.03.2019").from, 17968.0);
        assert_eq!(days("3/13/2019").from, 17968.0);
        for text in ["2019-03", "03/2019", "Mar 2019"] {
            assert_eq!(days(text), Span { from: 17956.0, to: 17987.0, open: true }, "{text}");
        }
        assert_eq!(days("2019Q4"), Span { from: 18170.0, to: 18262.0, open: true });
        assert_eq!((days("2019").from, days("2019").to), (17897.0, 18262.0));
        for text in ["2019-03-01T06:30", "20190301T0630", "1 Mar 2019 6:30 AM", "2019/3/1_06:30"] {
            let found = days(text);
            assert!((found.from - 17_956.270_833).abs() < 1e-5 && !found.open, "{text} {found:?}");
        }
        assert_eq!(days("2019-03-01T06:30+06:30").from, 17956.0);
        assert_eq!(days("1 Mar 2019 06:30+06:30").from, 17956.0);
        assert!(
            read("days since 1970-01-01", "standard", "01/02/2019").unwrap_err().contains("day?")
        );
        assert!(read("days since 1970-01-01", "standard", "30 Feb 2019").is_err());
        assert_eq!(read("days since 1970-01-01", "standard", "soon"), Ok(None));
    }

    #[test]
    fn units_calendars_and_stated_forms_are_those_of_the_axis() {
        let hours = read("hours since 2019-03-01", "standard", "2 Mar 2019").unwrap().unwrap();
        assert_eq!((hours.from, hours.to), (24.0, 48.0));
        let long = read("days since 2000-01-01", "360_day", "30 Feb 2000").unwrap().unwrap();
        assert_eq!(long.from, 59.0);
        assert!(read("days since 2000-01-01", "noleap", "2000-02-29").is_err());
        let units = TimeUnits::parse("days since 1970-01-01", Some("standard")).unwrap();
        let stated = |format: &str, text: &str| {
            span(&units, text, Some(&DateFormat::new(format).unwrap())).unwrap().unwrap()
        };
        assert_eq!(stated("%d/%m/%Y", "01/03/2019").from, 17956.0);
        assert_eq!(stated("%Y%m", "201903"), Span { from: 17956.0, to: 17987.0, open: true });
        assert_eq!(stated("%d/%m/%Y", "2019-03-01").from, 17956.0);
    }
}
