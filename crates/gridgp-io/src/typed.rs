//! A coordinate that a person typed, outside of a file.

use gridgp_grid::time::TimeUnits;
use gridgp_grid::{Coordinate, minus};
use gridgp_model::spec::DataSpec;

use crate::asked;
use crate::dates::span;

/// The number of a text along a coordinate of a fit: a number in its unit or, where it is a time, a
/// date in any form that tables have, or in the one that the model states. A date without a time of day
/// is its midnight, a month its first day.
///
/// # Errors
/// It is neither; a date that can be read in two ways, or that the calendar does not have.
///
/// ```
/// use gridgp_grid::Coordinate;
///
/// let mut date = Coordinate::numbers("date", vec![18262.0]).with_units("days since 1970-01-01");
/// date.calendar = Some("standard".into());
/// let read = |text| gridgp_io::typed_value(&date, &Default::default(), text);
/// assert_eq!(read("2020-03-01"), Ok(18322.0));
/// assert_eq!(read("1 Mar 2020"), Ok(18322.0));
/// assert_eq!(read("18322"), Ok(18322.0));
/// ```
pub fn typed_value(of: &Coordinate, spec: &DataSpec, text: &str) -> Result<f64, String> {
    let text = text.trim();
    let units = TimeUnits::of(of);
    let axis = spec.axes.values().find(|axis| axis.coordinates.contains(&of.name));
    let format = axis.and_then(|axis| asked::format(axis).transpose()).transpose()?;
    let number = text.parse::<f64>().ok().filter(|x| x.is_finite());
    // 20200301 is a date where that is how dates are written.
    let is_digits = format.as_ref().and_then(|f| f.digits()) == Some(text.len())
        && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(number) = number.filter(|_| units.is_none() || !is_digits) {
        return Ok(number);
    }
    let Some(units) = units else {
        let hint = minus::hint(text).map_or(String::new(), |hint| format!("; {hint}"));
        return Err(format!("{text:?} is not a number{hint}"));
    };
    match span(&units, text, format.as_ref())? {
        Some(found) => Ok(found.from),
        None => number.ok_or_else(|| {
            format!("{text:?} is neither a number nor a date; write 2019-03-31 or 2019-03-31T06:30")
        }),
    }
}
