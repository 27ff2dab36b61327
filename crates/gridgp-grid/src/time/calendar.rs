//! CF calendars: dates and the numbers of their days.

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
        Some(match name.map(|n| n.trim().to_lowercase()).as_deref() {
            None | Some("standard" | "gregorian" | "") => Self::Standard,
            Some("proleptic_gregorian" | "proleptic") => Self::Proleptic,
            Some("julian") => Self::Julian,
            Some("noleap" | "no_leap" | "365_day" | "365") => Self::NoLeap,
            Some("all_leap" | "allleap" | "366_day" | "366") => Self::AllLeap,
            Some("360_day" | "360") => Self::Days360,
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
    pub(super) fn day_number(self, year: i64, month: i64, day: i64) -> Option<i64> {
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
    pub(super) fn date(self, number: i64) -> (i64, i64, i64) {
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

    /// Whether a day has the same number in both calendars: always in one, and in the standard and
    /// the proleptic Gregorian calendar from 1582-10-15 on.
    pub(super) fn agrees(self, other: Self, number: i64) -> bool {
        let common = |c| matches!(c, Self::Standard | Self::Proleptic);
        self == other
            || (common(self)
                && common(other)
                && Self::Proleptic.day_number(1582, 10, 15).is_some_and(|first| number >= first))
    }
}
