//! Tests of marks on axes.

use gridgp_grid::Coordinate;

use super::*;

fn shown(kind: &Kind, low: f64, high: f64, most: usize) -> Vec<String> {
    kind.ticks(low, high, most).into_iter().map(|t| t.label).collect()
}

fn time(units: &str) -> Kind {
    let c = Coordinate::numbers("time", vec![0.0]).with_units(units);
    Kind::Date(TimeUnits::of(&c).unwrap())
}

#[test]
fn numbers_have_as_many_digits_as_they_need() {
    assert_eq!(shown(&Kind::Number, 0.0, 1.0, 5), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    assert_eq!(shown(&Kind::Number, -3.0, 3.0, 4), ["−2", "0", "2"]);
    assert_eq!(shown(&Kind::Number, 1950.0, 2010.0, 4), ["1960", "1980", "2000"]);
    assert_eq!(shown(&Kind::Number, 0.0, 3e-7, 3), ["0", "1×10⁻⁷", "2×10⁻⁷", "3×10⁻⁷"]);
    assert_eq!(shown(&Kind::Number, 0.0, 2.5e8, 5).last().unwrap(), "2.5×10⁸");
    assert_eq!(shown(&Kind::Number, 2.0, 2.0, 5), ["2"]);
    assert_eq!(number(-1234.56), "−1235");
    assert_eq!(number(0.25), "0.25");
    assert_eq!(number(1e-9), "1×10⁻⁹");
    assert_eq!(number(100000.0), "100000");
}

#[test]
fn logarithms_have_powers() {
    assert_eq!(shown(&Kind::Log, 1.0, 1000.0, 4), ["1", "10", "100", "1000"]);
    assert_eq!(shown(&Kind::Log, 1.0, 100.0, 9), ["1", "2", "5", "10", "20", "50", "100"]);
    assert_eq!(shown(&Kind::Log, 1e-8, 1.0, 4).first().unwrap(), "10⁻⁸");
}

#[test]
fn angles_have_hemispheres() {
    assert_eq!(shown(&Kind::Longitude, -10.0, 5.0, 4), ["10°W", "5°W", "0°", "5°E"]);
    assert_eq!(shown(&Kind::Longitude, 165.0, 200.0, 4), ["170°E", "180°", "170°W", "160°W"]);
    assert_eq!(shown(&Kind::Latitude, -0.5, 0.5, 3), ["0.5°S", "0°", "0.5°N"]);
    assert_eq!([-180.0, 190.0, 540.0, 0.0].map(wrapped), [180.0, -170.0, 180.0, 0.0]);
}

#[test]
fn dates_are_dates_also_before_1900() {
    let days = time("days since 1970-01-01");
    let at = |y: i64| match &days {
        Kind::Date(u) => u.encode(Date::new(y, 1, 1)).unwrap(),
        _ => unreachable!(),
    };
    assert_eq!(
        shown(&days, at(1850), at(1900), 5),
        ["1850", "1860", "1870", "1880", "1890", "1900"]
    );
    assert_eq!(shown(&days, at(1899), at(1900), 4), ["1899", "Apr", "Jul", "Oct", "1900"]);
    assert_eq!(days.remark(at(1899), at(1900) - 1.0).as_deref(), Some("1899"));
    assert_eq!(days.remark(at(1850), at(1900)), None);
    let hours = time("hours since 2019-03-01");
    assert_eq!(shown(&hours, 0.0, 24.0, 4), ["1 Mar", "06:00", "12:00", "18:00", "2 Mar"]);
    assert_eq!(hours.remark(0.0, 23.0).as_deref(), Some("1 Mar 2019"));
    assert_eq!(shown(&hours, 0.0, 24.0 * 30.0, 4), ["1 Mar", "11 Mar", "21 Mar"]);
    let noleap = time("days since 0001-01-01");
    assert!(shown(&noleap, 0.0, 3650.0 * 200.0, 5).contains(&"1000".to_owned()));
    // A single instant.
    assert_eq!(shown(&hours, 6.0, 6.0, 4).len(), 1);
}

#[test]
fn many_names_are_thinned() {
    let names: Vec<String> = (0..40).map(|i| format!("s{i}")).collect();
    let kind = Kind::Labels(names);
    assert_eq!(shown(&kind, -0.5, 39.5, 10).len(), 10);
    assert_eq!(shown(&kind, -0.5, 2.5, 10), ["s0", "s1", "s2"]);
}
