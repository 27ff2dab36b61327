//! Times as whole numbers, as files and arrays of dates store them.

use super::units::{TimeUnits, ratio, step_nanos};
use crate::{Coordinate, Date, Values};

/// Times or durations as whole numbers of a unit: exact where numbers in the unit of a model, days
/// for example, are rounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticks {
    values: Vec<i64>,
    units: String,
}

impl Ticks {
    /// Whole numbers of `"seconds since 1970-01-01"`, or of `"seconds"`.
    pub fn new(values: Vec<i64>, units: impl Into<String>) -> Self {
        Self { values, units: units.into() }
    }

    /// The same times in the longest unit, up to days, of which all of them are whole numbers.
    #[must_use]
    pub fn in_longest_unit(mut self) -> Self {
        const LONGER: [(&str, &str, i64); 6] = [
            ("nanoseconds", "microseconds", 1000),
            ("microseconds", "milliseconds", 1000),
            ("milliseconds", "seconds", 1000),
            ("seconds", "minutes", 60),
            ("minutes", "hours", 60),
            ("hours", "days", 24),
        ];
        let (step, rest) = self.units.split_at(self.units.find(' ').unwrap_or(self.units.len()));
        let (mut step, rest) = (step, rest.to_owned());
        for (shorter, longer, times) in LONGER {
            if step == shorter && self.values.iter().all(|v| v % times == 0) {
                self.values.iter_mut().for_each(|v| *v /= times);
                step = longer;
            }
        }
        self.units = format!("{step}{rest}");
        self
    }

    /// The whole numbers.
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    /// Their unit.
    pub fn units(&self) -> &str {
        &self.units
    }

    /// Those at some positions.
    #[must_use]
    pub fn take(&self, positions: &[usize]) -> Self {
        let values = positions.iter().map(|&i| self.values[i]).collect();
        Self { values, units: self.units.clone() }
    }

    /// What they are, as times of a calendar, in a unit, each rounded once; `None` if they are no
    /// times, or the calendars differ.
    pub fn in_units(&self, to: &TimeUnits, calendar: Option<&str>) -> Option<Vec<f64>> {
        to.of_whole(&TimeUnits::parse(&self.units, calendar)?, &self.values)
    }

    /// What they are in the unit `to`, of a calendar if they are times and not durations.
    fn numbers(&self, to: &str, calendar: Option<&str>) -> Option<Vec<f64>> {
        if let Some(to) = TimeUnits::parse(to, calendar) {
            return self.in_units(&to, calendar);
        }
        let (from, to) = (step_nanos(&self.units)?, step_nanos(to)?);
        let nanos = |&v: &i64| i128::from(v) * i128::from(from);
        Some(self.values.iter().map(|v| ratio(nanos(v), to)).collect())
    }

    /// Their dates, if they are times.
    pub fn dates(&self, calendar: Option<&str>) -> Option<Vec<Date>> {
        let units = TimeUnits::parse(&self.units, calendar)?;
        Some(self.values.iter().map(|&v| units.decode_whole(v)).collect())
    }
}

impl Coordinate {
    /// Times, or durations if `units` has no `since`, that are stored as whole numbers and that a
    /// model sees in `units`; `None` where these do not convert into each other.
    pub fn of_ticks(
        name: impl Into<String>,
        ticks: Ticks,
        units: impl Into<String>,
        calendar: Option<&str>,
    ) -> Option<Self> {
        let units = units.into();
        let values = ticks.numbers(&units, calendar)?;
        let calendar =
            TimeUnits::parse(&units, calendar).map(|_| calendar.unwrap_or("standard").to_owned());
        let mut made = Self { calendar, ..Self::numbers(name, values).with_units(units) };
        made.stored.ticks = Some(ticks);
        Some(made)
    }

    /// The whole numbers that its values stand for, if it was made of such and has not changed
    /// since.
    pub fn ticks(&self) -> Option<&Ticks> {
        let ticks = self.stored.ticks.as_ref()?;
        let Values::Numbers(values) = &self.values else { return None };
        let numbers = ticks.numbers(self.units.as_deref()?, self.calendar.as_deref())?;
        (*values == numbers).then_some(ticks)
    }

    /// Times with the whole microseconds that their values stand for, if all of them do; other
    /// coordinates as they are.
    #[must_use]
    pub fn with_ticks(mut self) -> Self {
        if let (Some(units), Values::Numbers(values)) = (TimeUnits::of(&self), &self.values) {
            self.stored.ticks = units
                .microseconds(values)
                .map(|v| Ticks::new(v, "microseconds since 1970-01-01").in_longest_unit());
            self.stored.ticks = self.ticks().cloned();
        }
        self
    }
}
