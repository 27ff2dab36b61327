//! CF time: calendars, `"days since 2019-03-01"`, and dates as text.

use crate::{Coordinate, Values};

/// A CF calendar. Day numbers count from an epoch of the calendar's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// Julian until 1582-10-04, Gregorian from 1582-10-15.
    Standard,
    /// Gregorian at all times.
    Proleptic,
    /// Every fourth year is a leap year.
    Julian,
    /// 365 days in every year.
    NoLeap,
    /// 366 days in every year.
    AllLeap,
    /// 12 months of 30 days.
    Days360,
}

const CUMULATIVE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Calendar {
    /// The calendar of a CF `calendar` attribute; standard if there is none.
    pub fn parse(name: Option<&str>) -> Option<Self> {
        Some(match name.map(str::to_lowercase).as_deref() {
            None | Some("standard" | "gregorian" | "") => Self::Standard,
            Some("proleptic_gregorian") => Self::Proleptic,
            Some("julian") => Self::Julian,
            Some("noleap" | "365_day") => Self::NoLeap,
            Some("all_leap" | "366_day") => Self::AllLeap,
            Some("360_day") => Self::Days360,
            Some(_) => return None,
        })
    }

    fn is_leap(self, year: i64) -> bool {
        let julian = year.rem_euclid(4) == 0;
        let gregorian = julian && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
        match self {
            Self::Standard if year < 1583 => julian,
            Self::Standard | Self::Proleptic => gregorian,
            Self::Julian => julian,
            Self::AllLeap => true,
            Self::NoLeap | Self::Days360 => false,
        }
    }

    fn month_length(self, year: i64, month: i64) -> i64 {
        match self {
            Self::Days360 => 30,
            _ => LENGTHS[month as usize - 1] + i64::from(month == 2 && self.is_leap(year)),
        }
    }

    /// The number of a day, `None` if the calendar has no such date.
    fn day_number(self, year: i64, month: i64, day: i64) -> Option<i64> {
        if !(1..=12).contains(&month) || !(1..=self.month_length(year, month)).contains(&day) {
            return None;
        }
        let in_year =
            |leap: bool| CUMULATIVE[month as usize - 1] + day - 1 + i64::from(leap && month > 2);
        // Leap years before `year`, counted from year 0.
        let y = year - 1;
        let julian_leaps = y.div_euclid(4) + 1;
        let gregorian_leaps = julian_leaps - y.div_euclid(100) + y.div_euclid(400);
        let julian = 365 * year + julian_leaps + in_year(year.rem_euclid(4) == 0) - 2;
        let gregorian = 365 * year + gregorian_leaps + in_year(Self::Proleptic.is_leap(year));
        Some(match self {
            Self::Standard if (year, month, day) >= (1582, 10, 15) => gregorian,
            Self::Standard if (year, month, day) <= (1582, 10, 4) => julian,
            Self::Standard => return None,
            Self::Proleptic => gregorian,
            Self::Julian => julian,
            Self::NoLeap => 365 * year + in_year(false),
            Self::AllLeap => 366 * year + in_year(true),
            Self::Days360 => 360 * year + 30 * (month - 1) + day - 1,
        })
    }

    /// Year, month and day of a day number.
    fn date(self, number: i64) -> (i64, i64, i64) {
        let first = |y: i64, m: i64| self.day_number(y, m, 1).expect("every month has a day 1");
        // Too early on either side of the epoch; then steps of whole years that never overshoot.
        let mut year = number.div_euclid(366).min(number.div_euclid(360)) - 1;
        while number >= first(year + 1, 1) {
            year += 1 + (number - first(year + 1, 1)) / 366;
        }
        let month = (1..=12).rev().find(|&m| first(year, m) <= number).unwrap_or(1);
        let day = number - first(year, month) + 1;
        let in_gap = self == Self::Standard && (year, month) == (1582, 10) && day > 4;
        (year, month, if in_gap { day + 10 } else { day })
    }
}

/// How much of the time line a date in text covers: `"2019-03"` is a whole month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// `"2019"`.
    Year,
    /// `"2019-03"`.
    Month,
    /// `"2019-03-01"`.
    Day,
    /// With a time of day.
    Instant,
}

/// A date in some calendar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Date {
    year: i64,
    month: i64,
    day: i64,
    /// Seconds since midnight.
    seconds: f64,
}

impl Date {
    /// Midnight at the beginning of a day; months and days count from 1.
    pub fn new(year: i64, month: i64, day: i64) -> Self {
        Self { year, month, day, seconds: 0.0 }
    }

    /// The year; 0 is 1 BC.
    pub fn year(&self) -> i64 {
        self.year
    }

    /// The month, from 1 on.
    pub fn month(&self) -> i64 {
        self.month
    }

    /// The day of the month, from 1 on.
    pub fn day(&self) -> i64 {
        self.day
    }

    /// Seconds since midnight.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The date in `2019`, `2019-03`, `2019-03-01`, `2019-03-01T06:30[:15.5]`, also with a space
    /// for the T and with Z or UTC at the end; `None` for other time zones and other text.
    pub fn parse(text: &str) -> Option<(Self, Resolution)> {
        let text = text.trim();
        let text = ["UTC", "Z", "+00:00", "+0:00"]
            .iter()
            .find_map(|zone| text.strip_suffix(zone))
            .unwrap_or(text)
            .trim();
        let (date, clock) = match text.split_once(['T', ' ']) {
            Some((date, clock)) => (date, Some(clock.trim())),
            None => (text, None),
        };
        let (negative, date) = match date.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, date),
        };
        let digits = |t: &str| -> Option<i64> {
            (!t.is_empty() && t.len() <= 6 && t.bytes().all(|b| b.is_ascii_digit()))
                .then(|| t.parse().ok())?
        };
        let mut parts = date.split('-').map(digits);
        let year = parts.next()?? * if negative { -1 } else { 1 };
        let month = parts.next().map_or(Some(None), |m| m.map(Some))?;
        let day = parts.next().map_or(Some(None), |d| d.map(Some))?;
        if parts.next().is_some() {
            return None;
        }
        let seconds = match clock {
            None | Some("") => None,
            Some(clock) => {
                let mut parts = clock.split(':');
                let hours = digits(parts.next()?)?;
                let minutes = parts.next().map_or(Some(0), digits)?;
                let seconds: f64 = match parts.next() {
                    None => 0.0,
                    Some(s) if s.starts_with(|c: char| c.is_ascii_digit()) => s.parse().ok()?,
                    Some(_) => return None,
                };
                let inside = hours < 24 && minutes < 60 && seconds < 60.0;
                if parts.next().is_some() || !inside {
                    return None;
                }
                Some((3600 * hours + 60 * minutes) as f64 + seconds)
            }
        };
        let resolution = match (month, day, seconds) {
            (None, _, Some(_)) | (_, None, Some(_)) => return None,
            (None, ..) => Resolution::Year,
            (_, None, _) => Resolution::Month,
            (.., None) => Resolution::Day,
            _ => Resolution::Instant,
        };
        let date = Self {
            year,
            month: month.unwrap_or(1),
            day: day.unwrap_or(1),
            seconds: seconds.unwrap_or(0.0),
        };
        let plausible = (1..=12).contains(&date.month) && (1..=31).contains(&date.day);
        plausible.then_some((date, resolution))
    }
}

impl std::fmt::Display for Date {
    /// `2019-03-01`, with `T06:30:00` when it is not midnight.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        let whole = self.seconds.floor() as i64;
        let fraction = self.seconds - whole as f64;
        if whole > 0 || fraction > 0.0 {
            write!(f, "T{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)?;
        }
        if fraction > 0.0 {
            write!(
                f,
                "{}",
                format!("{fraction:.6}").trim_start_matches('0').trim_end_matches('0')
            )?;
        }
        Ok(())
    }
}

/// A unit of time with a reference, `"hours since 1900-01-01"`, in a calendar.
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
    /// Length of one step.
    seconds: f64,
    /// Day number and seconds since midnight of the reference.
    reference: (i64, f64),
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
        let seconds = match step_seconds(step) {
            Some(seconds) => seconds,
            // A month has a fixed length only where all months are equal.
            None if calendar == Calendar::Days360 && matches!(step, "month" | "months") => {
                30.0 * 86400.0
            }
            None => return None,
        };
        let (date, _) = Date::parse(since)?;
        let number = calendar.day_number(date.year, date.month, date.day)?;
        Some(Self { seconds, reference: (number, date.seconds), since: since.to_owned(), calendar })
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
        let days = (number - self.reference.0) as f64;
        Some((days * 86400.0 + (date.seconds - self.reference.1)) / self.seconds)
    }

    /// The first value of the period that the text covers, and the first value after it.
    pub fn period(&self, date: Date, resolution: Resolution) -> Option<(f64, f64)> {
        let from = self.encode(date)?;
        let next = match resolution {
            Resolution::Instant => return Some((from, from)),
            Resolution::Day => return Some((from, from + 86400.0 / self.seconds)),
            Resolution::Month if date.month == 12 => Date { year: date.year + 1, month: 1, ..date },
            Resolution::Month => Date { month: date.month + 1, ..date },
            Resolution::Year => Date { year: date.year + 1, ..date },
        };
        Some((from, self.encode(next)?))
    }

    /// The date of a value, rounded to microseconds.
    pub fn decode(&self, value: f64) -> Option<Date> {
        let seconds = value * self.seconds + self.reference.1;
        // Beyond this a day number does not fit comfortably and no calendar is meant.
        if !seconds.is_finite() || seconds.abs() > 1e14 {
            return None;
        }
        let mut days = (seconds / 86400.0).floor();
        let mut rest = ((seconds - days * 86400.0) * 1e6).round() / 1e6;
        if rest >= 86400.0 {
            (days, rest) = (days + 1.0, 0.0);
        }
        let (year, month, day) = self.calendar.date(self.reference.0 + days as i64);
        Some(Date { year, month, day, seconds: rest })
    }

    /// What a value in this unit is in another, `None` when the calendars differ.
    pub fn convert(&self, value: f64, other: &Self) -> Option<f64> {
        if self.calendar != other.calendar {
            // The two agree from 1582-10-15 on, and so do their day numbers.
            if !(self.is_common() && other.is_common()) {
                return None;
            }
        }
        let days = (self.reference.0 - other.reference.0) as f64;
        let shift = days * 86400.0 + (self.reference.1 - other.reference.1);
        Some((value * self.seconds + shift) / other.seconds)
    }
}

/// Converts a time coordinate to the unit called `step`, with the same reference.
pub fn convert(coordinate: &mut Coordinate, step: Option<&str>) -> Result<(), String> {
    let Some(step) = step else { return Ok(()) };
    let name = &coordinate.name;
    let Some(new) = step_seconds(step) else {
        return Err(format!("units = {step:?} is not a unit of time; use {STEPS}"));
    };
    let (Some(old), Values::Numbers(values)) = (TimeUnits::of(coordinate), &mut coordinate.values)
    else {
        let unit = coordinate.units.as_deref().map_or("none".into(), |u| format!("{u:?}"));
        return Err(format!(
            "units = {step:?} converts times, but {name:?} is not a time (its unit is {unit}); \
             remove `units`"
        ));
    };
    values.iter_mut().for_each(|v| *v = *v * old.seconds / new);
    coordinate.units = Some(format!("{step} since {}", old.since));
    Ok(())
}

/// `"hours since 1900-01-01"` into its two parts.
fn split_since(units: &str) -> Option<(&str, &str)> {
    let mut words = units.trim().splitn(3, char::is_whitespace);
    let (step, since, rest) = (words.next()?, words.next()?, words.next()?);
    since.eq_ignore_ascii_case("since").then_some((step, rest.trim()))
}

/// Seconds in a unit of time.
fn step_seconds(step: &str) -> Option<f64> {
    Some(match step.to_lowercase().as_str() {
        "microsecond" | "microseconds" | "us" => 1e-6,
        "millisecond" | "milliseconds" | "msec" | "ms" => 1e-3,
        "second" | "seconds" | "sec" | "secs" | "s" => 1.0,
        "minute" | "minutes" | "min" | "mins" => 60.0,
        "hour" | "hours" | "hr" | "hrs" | "h" => 3600.0,
        "day" | "days" | "d" => 86400.0,
        "week" | "weeks" => 7.0 * 86400.0,
        _ => return None,
    })
}

/// The names of units that a time can be converted to, for messages.
const STEPS: &str = "\"seconds\", \"minutes\", \"hours\", \"days\" or \"weeks\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap().0
    }

    #[test]
    fn day_numbers_agree_with_known_differences() {
        // Values of Python's cftime.date2num.
        let value = |units: &str, calendar: &str, text: &str| {
            TimeUnits::parse(units, Some(calendar)).unwrap().encode(date(text)).unwrap()
        };
        assert_eq!(value("days since 1970-01-01", "standard", "2019-03-01"), 17956.0);
        assert_eq!(value("days since 0001-01-01", "standard", "2000-01-01"), 730121.0);
        assert_eq!(value("days since 0001-01-01", "proleptic_gregorian", "2000-01-01"), 730119.0);
        assert_eq!(value("days since 0001-01-01", "noleap", "2000-01-01"), 729635.0);
        assert_eq!(value("days since 2000-01-01", "360_day", "2001-02-30"), 419.0);
        assert_eq!(value("days since 1582-10-04", "standard", "1582-10-15"), 1.0);
        assert_eq!(value("days since 1582-10-04", "julian", "1582-10-15"), 11.0);
        assert_eq!(value("hours since 1900-01-01 00:00:00.0", "gregorian", "1900-01-02T06"), 30.0);
    }

    #[test]
    fn dates_survive_the_round_trip() {
        for calendar in
            ["standard", "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"]
        {
            let units = TimeUnits::parse("days since 2000-01-01", Some(calendar)).unwrap();
            let mut previous = None;
            for day in (-800_000..800_000).step_by(97).chain(-152_700..-152_300) {
                let d = units.decode(f64::from(day)).unwrap();
                assert_eq!(units.encode(d), Some(f64::from(day)), "{calendar} {d}");
                previous = Some(d);
            }
            assert!(previous.is_some());
        }
    }

    #[test]
    fn text_in_and_out() {
        let hours = TimeUnits::parse("hours since 2019-03-01", None).unwrap();
        assert_eq!(hours.decode(30.5).unwrap().to_string(), "2019-03-02T06:30:00");
        assert_eq!(hours.decode(24.0).unwrap().to_string(), "2019-03-02");
        assert_eq!(hours.period(date("2019-03-02"), Resolution::Day), Some((24.0, 48.0)));
        assert_eq!(Date::parse("2019-12").unwrap().1, Resolution::Month);
        let mut c = Coordinate::numbers("t", vec![36.0]).with_units("hours since 2019-03-01");
        convert(&mut c, Some("days")).unwrap();
        assert_eq!((c.units.as_deref(), c.show(0)), (Some("days since 2019-03-01"), "1.5".into()));
        assert!(convert(&mut c, Some("degC")).unwrap_err().contains("\"hours\""));
        for not_a_date in ["", "x", "2019-13-01", "2019-03-01T25:00", "1.5", "2019-03-01-02", "-"] {
            assert_eq!(Date::parse(not_a_date), None, "{not_a_date}");
        }
        assert_eq!(TimeUnits::parse("days since 2019-03-01 00:00:00 +02:00", None), None);
        assert_eq!(TimeUnits::parse("months since 2019-03-01", None), None);
        assert_eq!(TimeUnits::parse("degC", None), None);
    }

    #[test]
    fn units_convert_into_each_other() {
        let hours = TimeUnits::parse("hours since 1900-01-01", None).unwrap();
        let days = TimeUnits::parse("days since 1900-01-02", Some("proleptic_gregorian")).unwrap();
        assert_eq!(hours.convert(36.0, &days), Some(0.5));
        let other = TimeUnits::parse("days since 1900-01-02", Some("noleap")).unwrap();
        assert_eq!(hours.convert(36.0, &other), None);
    }
}
