//! Dates, and how they are written.

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

/// A date in some calendar, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    /// Nanoseconds since midnight UTC.
    pub(super) nanos: i64,
}

impl Date {
    /// Midnight at the beginning of a day; months and days count from 1.
    pub fn new(year: i64, month: i64, day: i64) -> Self {
        Self { year, month, day, nanos: 0 }
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
        self.nanos as f64 / 1e9
    }

    /// Nanoseconds since midnight.
    pub fn nanoseconds(&self) -> i64 {
        self.nanos
    }

    /// The date in `2019`, `2019-03`, `2019-03-01`, `2019-03-01T06:30[:15.5]`, also with a space
    /// for the T; with Z, UTC or an offset such as `+02:00`, `-0330` or `+2` at the end, which is
    /// taken off. `None` for other text.
    ///
    /// An offset can take the time before the midnight of its day, or beyond the next:
    /// [`TimeUnits::encode`](super::TimeUnits::encode) counts on from there in its calendar.
    pub fn parse(text: &str) -> Option<(Self, Resolution)> {
        let text = text.trim();
        let text = ["UTC", "Z"].iter().find_map(|z| text.strip_suffix(z)).unwrap_or(text).trim();
        let (date, clock) = match text.split_once(['T', ' ']) {
            Some((date, clock)) => (date, Some(clock.trim())),
            None => (text, None),
        };
        let (sign, date) = match date.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, date),
        };
        let mut parts = date.split('-').map(|t| digits(t, 6));
        let year = parts.next()?? * sign;
        let month = parts.next().map_or(Some(None), |m| m.map(Some))?;
        let day = parts.next().map_or(Some(None), |d| d.map(Some))?;
        if parts.next().is_some() {
            return None;
        }
        let nanos = match clock {
            None | Some("") => None,
            Some(clock) => Some(time_of_day(clock)?),
        };
        let resolution = match (month, day, nanos) {
            (None, _, Some(_)) | (_, None, Some(_)) => return None,
            (None, ..) => Resolution::Year,
            (_, None, _) => Resolution::Month,
            (.., None) => Resolution::Day,
            _ => Resolution::Instant,
        };
        let (month, day) = (month.unwrap_or(1), day.unwrap_or(1));
        let plausible = (1..=12).contains(&month) && (1..=31).contains(&day);
        plausible.then_some((Self { year, month, day, nanos: nanos.unwrap_or(0) }, resolution))
    }
}

/// A whole number of at most `most` digits.
fn digits(text: &str, most: usize) -> Option<i64> {
    let good = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().ok())?
}

/// Nanoseconds since midnight UTC of `06:30:15.5`, `06:30+02:00`.
fn time_of_day(clock: &str) -> Option<i64> {
    let (clock, offset) = match clock.find(['+', '-']) {
        Some(at) => (clock[..at].trim_end(), offset(&clock[at..])?),
        None => (clock, 0),
    };
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = parts.next().map_or(Some(0), |m| digits(m, 2))?;
    let (seconds, nanos) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let digit = |i: usize| match fraction.as_bytes().get(i) {
                None => Some(0),
                Some(b) => b.is_ascii_digit().then(|| i64::from(b - b'0')),
            };
            // Beyond nanoseconds there may be digits, but no more time.
            let count = fraction.len().max(9);
            let all = (0..count).map(digit).collect::<Option<Vec<i64>>>()?;
            (digits(whole, 2)?, all[..9].iter().fold(0, |n, d| 10 * n + d))
        }
    };
    let inside = hours < 24 && minutes < 60 && seconds < 60 && parts.next().is_none();
    let seconds = 3600 * hours + 60 * (minutes - offset) + seconds;
    inside.then_some(seconds * 1_000_000_000 + nanos)
}

/// Minutes of `+02:00`, `-0330`, `+2`.
fn offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let text = text[1..].trim();
    let (hours, minutes) = match text.split_once(':') {
        Some(parts) => parts,
        None if text.is_ascii() && text.len() > 2 => text.split_at(text.len() - 2),
        None => (text, "0"),
    };
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (60 * hours + minutes))
}

impl std::fmt::Display for Date {
    /// `2019-03-01`, with `T06:30:00` when it is not midnight.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        let (whole, fraction) = (self.nanos / 1_000_000_000, self.nanos % 1_000_000_000);
        if self.nanos != 0 {
            write!(f, "T{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)?;
        }
        if fraction > 0 {
            write!(f, ".{}", format!("{fraction:09}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}
