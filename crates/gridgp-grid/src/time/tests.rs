use super::*;
use crate::{Coordinate, Values};

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
    for calendar in ["standard", "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"] {
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

#[test]
fn offsets_from_utc_are_taken_off() {
    let hours = TimeUnits::parse("hours since 2019-03-01", None).unwrap();
    for (text, value) in [
        ("2019-03-01T06:30Z", 6.5),
        ("2019-03-01T06:30:00 UTC", 6.5),
        ("2019-03-01T06:30+02:00", 4.5),
        ("2019-03-01 01:00 +0530", -4.5),
        ("2019-03-01 20:00:00.0 -6", 26.0),
    ] {
        assert_eq!(hours.encode(date(text)), Some(value), "{text}");
    }
    // As cftime.num2date has it.
    let east = TimeUnits::parse("days since 2019-03-01 00:00:00 +02:00", None).unwrap();
    assert_eq!(east.decode(1.0).unwrap().to_string(), "2019-03-01T22:00:00");
    for text in ["2019-03-01T06:30+25:00", "2019-03-01T06:30+", "2019-03-01T06:30+1:2:3"] {
        assert_eq!(Date::parse(text), None, "{text}");
    }
}

#[test]
fn the_gregorian_calendars_part_in_1582() {
    let days = |calendar| TimeUnits::parse("days since 1500-01-01", Some(calendar)).unwrap();
    let (standard, proleptic) = (days("standard"), days("proleptic_gregorian"));
    let first = standard.encode(date("1582-10-15")).unwrap();
    let same = standard.convert(first, &proleptic).unwrap();
    assert_eq!(proleptic.decode(same).unwrap().to_string(), "1582-10-15");
    assert_eq!(standard.convert(first - 1.0, &proleptic), None);
    assert_eq!(standard.convert(-0.5, &proleptic), None);
}

/// Calendars, units and resolutions: whole numbers give the same times as decimals, and come back.
#[test]
fn whole_numbers_of_every_unit_come_back() {
    let calendars = ["standard", "proleptic_gregorian", "julian", "noleap", "all_leap", "360"];
    let steps = ["nanoseconds", "microseconds", "ms", "seconds", "minutes", "hours", "days"];
    for calendar in calendars {
        for (i, step) in steps.into_iter().enumerate() {
            let whole: Vec<i64> =
                (0..9).map(|k| 10i64.pow(6) + (k * k * k + 7) * (8 - i as i64)).collect();
            let units = format!("{step} since 1995-02-28T12:00");
            for seen in [units.as_str(), "days since 1970-01-01", "weeks since 2001-01-01"] {
                let ticks = Ticks::new(whole.clone(), units.as_str());
                let short = ticks.clone().in_longest_unit();
                let c = Coordinate::of_ticks("t", ticks, seen, Some(calendar)).unwrap();
                assert_eq!(c.ticks().unwrap().values(), whole);
                let other = Coordinate::of_ticks("t", short.clone(), seen, Some(calendar)).unwrap();
                assert_eq!(other.values, c.values, "{calendar} {units} {seen}");
                let dates = |t: &Ticks| t.dates(Some(calendar)).unwrap();
                assert_eq!(dates(&short), dates(c.ticks().unwrap()));
                // Other values than those that the numbers stand for have none.
                let moved = Coordinate { values: Values::Numbers(vec![0.5; 9]), ..c.clone() };
                assert_eq!(moved.ticks(), None);
                assert_eq!(c.take(&[3]).ticks().unwrap().values(), &whole[3..4]);
                if i > 0 {
                    let plain = Coordinate { stored: Default::default(), ..c };
                    let found = plain.with_ticks();
                    assert_eq!(dates(found.ticks().unwrap()), dates(&short));
                }
            }
        }
    }
    let steps = Ticks::new(vec![0, 6, 12], "hours");
    let c = Coordinate::of_ticks("step", steps, "days", None).unwrap();
    assert_eq!((c.show(1), c.calendar.clone()), ("0.25".into(), None));
    assert_eq!(c.ticks().unwrap().units(), "hours");
}
