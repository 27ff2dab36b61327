//! CF time: calendars, `"days since 2019-03-01"`, and dates as text.

mod calendar;
mod date;
#[cfg(test)]
mod tests;
mod ticks;
mod units;

pub use calendar::Calendar;
pub use date::{Date, Resolution};
pub use ticks::Ticks;
pub use units::{TimeUnits, convert, factor};

/// Nanoseconds in a day.
const DAY: i64 = 86_400_000_000_000;
