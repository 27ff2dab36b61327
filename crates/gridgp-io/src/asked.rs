//! What an axis of a model asks to be done to its coordinates: labels, dates in a stated form.

use gridgp_grid::{Coordinate, Values};
use gridgp_model::spec::{AxisSpec, DataSpec};

use crate::dates::{self, DateFormat};

/// The form of dates that each axis states.
///
/// # Errors
/// A form that is not known, or one for points of several coordinates, or for labels.
pub(crate) fn formats(spec: &DataSpec) -> Result<Vec<Option<DateFormat>>, String> {
    let axes = spec.axes.iter();
    axes.map(|(name, axis)| format(axis).map_err(|e| format!("data.axes.{name}: {e}"))).collect()
}

/// The form of dates that an axis states.
///
/// # Errors
/// As [`formats`].
pub(crate) fn format(axis: &AxisSpec) -> Result<Option<DateFormat>, String> {
    let Some(format) = &axis.format else { return Ok(None) };
    if axis.coordinates.len() > 1 {
        return Err("`format` is for an axis with one coordinate, which are dates".into());
    }
    if axis.labels.is_some() {
        return Err("`format` is for dates, and `labels` for names; remove one".into());
    }
    DateFormat::new(format).map(Some)
}

/// A coordinate of an array or a NetCDF file as its axis asks for it. What is a time already needs
/// no form.
///
/// # Errors
/// A text or number that is no date in the stated form; labels that were to be numbers.
pub(crate) fn as_asked(c: &mut Coordinate, axis: &AxisSpec) -> Result<(), String> {
    if let (Some(format), None) = (format(axis)?, &c.calendar) {
        *c = dates::of_format(c, &format)?;
    }
    match (axis.has_labels(&c.name), &c.values) {
        (Some(true), Values::Numbers(v)) => {
            *c = Coordinate::labels(&c.name, v.iter().map(|x| format!("{x}")).collect());
        }
        (Some(false), Values::Labels(v)) => {
            let number = |t: &String| {
                let number = t.trim().parse::<f64>();
                number.map_err(|_| format!("{:?}: {t:?} is not a number", c.name))
            };
            let numbers = v.iter().map(number).collect::<Result<_, _>>()?;
            *c = Coordinate::numbers(&c.name, numbers);
        }
        _ => {}
    }
    Ok(())
}
