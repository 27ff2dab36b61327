//! Absolute times as CDO writes them: 20190131.25 in the unit `day as %Y%m%d.%f`.

use gridgp_grid::time::{Date, TimeUnits};
use gridgp_grid::{Coordinate, Values};

/// Makes absolute times days since 1970-01-01 in their calendar, standard by default. Other
/// coordinates stay, and so do those with a number that is no date.
pub(crate) fn relative_to_1970(c: &mut Coordinate) {
    let is_absolute = |u: &str| u.trim().starts_with("day as %Y%m%d");
    let Values::Numbers(v) = &c.values else { return };
    if !c.units.as_deref().is_some_and(is_absolute) {
        return;
    }
    let (units, standard) = TimeUnits::days_since_1970();
    let calendar = c.calendar.as_deref().unwrap_or(standard);
    let Some(days) = TimeUnits::parse(units, Some(calendar)) else { return };
    let number = |&x: &f64| {
        let day = x.floor() as i64;
        let date = Date::new(day / 10_000, day / 100 % 100, day % 100);
        Some(days.encode(date)? + x.fract())
    };
    if let Some(values) = v.iter().map(number).collect::<Option<Vec<f64>>>() {
        c.calendar = Some(calendar.to_owned());
        c.units = Some(units.to_owned());
        c.values = Values::Numbers(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(calendar: Option<&str>, values: Vec<f64>) -> Coordinate {
        let mut c = Coordinate::numbers("time", values).with_units("day as %Y%m%d.%f");
        c.calendar = calendar.map(str::to_owned);
        relative_to_1970(&mut c);
        c
    }

    #[test]
    fn absolute_times_become_days_in_their_calendar() {
        let c = read(None, vec![20190228.25, 20190301.0]);
        assert_eq!(c.values, Values::Numbers(vec![17955.25, 17956.0]));
        assert_eq!(c.calendar.as_deref(), Some("standard"));
        let c = read(Some("360_day"), vec![20190230.0, 20190301.0]);
        let Values::Numbers(v) = &c.values else { panic!("{c:?}") };
        assert_eq!(v[1] - v[0], 1.0);
        assert_eq!(c.calendar.as_deref(), Some("360_day"));
        let c = read(None, vec![20190230.0]);
        assert_eq!(c.values, Values::Numbers(vec![20190230.0]));
        assert_eq!(c.units.as_deref(), Some("day as %Y%m%d.%f"));
    }
}
