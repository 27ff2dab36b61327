//! What looks right to a program and wrong to a person.

use crate::time::{Date, TimeUnits};

/// The form of dates that whole numbers look like, where distances between the numbers are not
/// distances in time: `%Y%m%d` of 20190131 and 20190201, which are 70 apart, `%Y%m` of 200012 and
/// 200101.
///
/// ```
/// use gridgp_grid::doubts::dates_as_numbers;
///
/// assert_eq!(dates_as_numbers(&[20190131.0, 20190201.0]), Some("%Y%m%d"));
/// assert_eq!(dates_as_numbers(&[200012.0, 200101.0]), Some("%Y%m"));
/// assert_eq!(dates_as_numbers(&[200001.0, 200002.0]), None);
/// assert_eq!(dates_as_numbers(&[2000.0, 2001.0]), None);
/// ```
#[must_use]
pub fn dates_as_numbers(values: &[f64]) -> Option<&'static str> {
    let (units, calendar) = TimeUnits::days_since_1970();
    let units = TimeUnits::parse(units, Some(calendar))?;
    let all = |is: &dyn Fn(i64) -> bool| {
        values.iter().all(|&x| x.fract() == 0.0 && (1e5..1e8).contains(&x) && is(x as i64))
    };
    let differ = |by: i64| values.iter().any(|&x| x as i64 / by != values[0] as i64 / by);
    let is_day = |x: i64| {
        let date = Date::new(x / 10_000, x / 100 % 100, x % 100);
        (1500..2500).contains(&date.year()) && units.encode(date).is_some()
    };
    let is_month = |x: i64| (1500..2500).contains(&(x / 100)) && (1..=12).contains(&(x % 100));
    if all(&is_day) && differ(100) {
        Some("%Y%m%d")
    } else if all(&is_month) && differ(100) {
        Some("%Y%m")
    } else {
        None
    }
}

/// A number as a model file takes it, in the fewest digits, also of what was in single precision: a
/// whole number that is too long for an integer of TOML has an exponent.
///
/// ```
/// use gridgp_grid::doubts::written;
///
/// assert_eq!(written(f64::from(-99.9_f32)), "-99.9");
/// assert_eq!(written(1e20), "1e20");
/// assert_eq!(written(9.96921e36), "9.96921e36");
/// ```
#[must_use]
pub fn written(x: f64) -> String {
    let is_plain = x == 0.0 || (1e-5..1e15).contains(&x.abs());
    match x as f32 {
        single if f64::from(single) == x && is_plain => format!("{single}"),
        single if f64::from(single) == x => format!("{single:e}"),
        _ if is_plain => format!("{x}"),
        _ => format!("{x:e}"),
    }
}

/// A value far outside of all others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FarValue {
    /// The value.
    pub value: f64,
    /// How often it occurs.
    pub count: usize,
    /// The lowest and the highest of the other values.
    pub others: (f64, f64),
}

/// Values that are often written where there is none.
const CODES: [f64; 13] = [
    -9.0, -99.0, -99.9, -999.0, -999.9, -9999.0, -99999.0, -32768.0, -999999.0, 999.0, 9999.0,
    99999.0, 999999.0,
];

/// From here on a number is such a code as well: 1e20, 9.96921e36, -1e34 are those of NetCDF, CMIP and
/// Ferret.
const HUGE: f64 = 1e19;

/// The lowest or highest value, where it looks like a code for what is missing.
///
/// | the value | occurs | is further from the others than |
/// |---|---|---|
/// | any | twice or more | 10 times their range |
/// | often such a code (-9, -99, -999, 9999, 1e20 …) | twice or more | half their range |
/// | the same, of two digits or more | once | 10 times their range |
///
/// Where the others are all equal, their size stands for their range, and only codes are told.
///
/// ```
/// use gridgp_grid::doubts::far_value;
///
/// let far = far_value([12.0, -999.0, 15.5, 9.0, -999.0]).unwrap();
/// assert_eq!((far.value, far.count, far.others), (-999.0, 2, (9.0, 15.5)));
/// assert_eq!(far_value([0.1, 0.1, 0.1, -999.0]).unwrap().value, -999.0);
/// assert_eq!(far_value([12.0, -9.0, 15.5, 9.0]), None);
/// assert_eq!(far_value([0.0, 0.0, 0.0, 1.0, 1.0]), None);
/// ```
#[must_use]
pub fn far_value(values: impl IntoIterator<Item = f64, IntoIter: Clone>) -> Option<FarValue> {
    let values = values.into_iter();
    lowest(values.clone(), 1.0).or_else(|| {
        let highest = lowest(values.map(|x| -x), -1.0)?;
        let (low, high) = highest.others;
        Some(FarValue { value: -highest.value, others: (-high, -low), ..highest })
    })
}

/// [`far_value`] at the lower end of values that were multiplied by `sign`.
fn lowest(values: impl Iterator<Item = f64>, sign: f64) -> Option<FarValue> {
    // The lowest value with its count, the next one, and the highest.
    let (mut low, mut count, mut next) = (f64::INFINITY, 0, f64::INFINITY);
    let mut high = f64::NEG_INFINITY;
    for x in values {
        if x < low {
            (next, low, count) = (low, x, 1);
        } else if x == low {
            count += 1;
        } else {
            next = next.min(x);
        }
        high = high.max(x);
    }
    let value = sign * low;
    let is_code =
        value.abs() >= HUGE || CODES.iter().any(|&c| value == c || value == f64::from(c as f32));
    let range = high - next;
    let width = if range > 0.0 { range } else { next.abs() };
    let enough = if is_code && count > 1 { 0.5 } else { 10.0 };
    // One value alone is told where it can hardly be anything else.
    let is_told = match is_code {
        true => count > 1 || value.abs() >= 99.0,
        false => count > 1 && range > 0.0,
    };
    let is_far = is_told && next.is_finite() && next - low > enough * width;
    is_far.then_some(FarValue { value: low, count, others: (next, high) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_code_and_what_does_not() {
        // Single precision; high codes; a code within the width of the others.
        let kelvin: Vec<f64> = (0..50).map(|i| 250.0 + f64::from(i)).collect();
        let with = |code: f64, count: usize| {
            let mut values = kelvin.clone();
            values.extend(vec![code; count]);
            far_value(values).map(|f| (f.value, f.count))
        };
        assert_eq!(with(f64::from(-99.9f32), 2), Some((f64::from(-99.9f32), 2)));
        assert_eq!(with(1e20, 3), Some((1e20, 3)));
        assert_eq!(with(9999.0, 2), Some((9999.0, 2)));
        // Once, where it can hardly be anything else.
        assert_eq!(with(-999.0, 1), Some((-999.0, 1)));
        assert_eq!(with(-1e34, 1), Some((-1e34, 1)));
        assert_eq!(with(-9.0, 1), None);
        assert_eq!(with(-99.0, 1), None);
        assert_eq!(with(1234.0, 1), None);
        assert_eq!(with(240.0, 5), None);
        // All others are equal.
        for (other, code) in [(0.1, -999.0), (0.1, 9999.0), (0.0, -99.0), (250.0, 1e20)] {
            let far = far_value([other, other, code, other]).unwrap();
            assert_eq!((far.value, far.count, far.others), (code, 1, (other, other)));
        }
        assert_eq!(far_value([0.0, 0.0, -9.0, -9.0]).map(|f| f.count), Some(2));
        for quiet in [&[0.0, 0.0, 1.0, 1.0][..], &[1000.0, 1000.0, 999.0], &[0.0, 0.0, -9.0]] {
            assert_eq!(far_value(quiet.iter().copied()), None, "{quiet:?}");
        }
        assert_eq!(far_value([-999.0, -999.0]), None);
        // Rare counts, zeros among amounts of rain, a heavy tail: what real data have.
        let counts: Vec<f64> = (0..100).map(|i| f64::from(i % 7 / 5 + i % 50 / 49 * 3)).collect();
        assert_eq!(far_value(counts), None);
        let rain: Vec<f64> = (0..100).map(|i| f64::from(i % 3) * f64::from(i)).collect();
        assert_eq!(far_value(rain), None);
        assert_eq!(far_value([]), None);
        assert_eq!(far_value([3.0, 3.0]), None);
    }
}
