//! Coordinates as variables of files, and back.
//!
//! Times that are whole numbers (see [`Coordinate::ticks`]) are written as such, in their own unit;
//! the attribute `gridgp_units` then says in which unit a model sees them, where that is another.

use gridgp_grid::{Coordinate, Ticks, TimeUnits, Values};

use crate::tree::{Array, TreeVariable, text};

/// The unit in which a model sees a coordinate.
pub(crate) const MODEL_UNITS: &str = "gridgp_units";

/// A coordinate as the variable of its name, on a dimension of its name.
pub fn coordinate_variable(c: &Coordinate) -> TreeVariable {
    to_variable(c, &c.name, &c.name)
}

/// A coordinate along `dim` as the variable `name`.
pub(crate) fn to_variable(c: &Coordinate, name: &str, dim: &str) -> TreeVariable {
    let own = c.units.as_deref();
    let (values, units) = match (&c.values, c.ticks()) {
        (_, Some(ticks)) => (Array::Integers(ticks.values().to_vec()), Some(ticks.units())),
        (Values::Numbers(v), None) => (Array::Numbers(v.clone()), own),
        (Values::Labels(v), None) => (Array::Text(v.clone()), own),
    };
    let attributes = [
        ("units", units),
        ("calendar", c.calendar.as_deref()),
        (MODEL_UNITS, own.filter(|_| own != units)),
        ("dtype", c.stored.dtype.as_deref()),
    ];
    let variable = TreeVariable::new(name, &[dim], values);
    let given = attributes.into_iter().filter_map(|(key, text)| Some((key, text?)));
    given.fold(variable, |variable, (key, text)| variable.with(key, text))
}

/// The coordinate that [`to_variable`] wrote.
pub(crate) fn of_variable(v: TreeVariable) -> Coordinate {
    let text = |key| text(&v.attributes, key).map(str::to_owned);
    let (units, calendar, model) = (text("units"), text("calendar"), text(MODEL_UNITS));
    let dtype = text("dtype");
    let values = match v.values {
        Array::Numbers(v) => Values::Numbers(v),
        Array::Text(v) => Values::Labels(v),
        Array::Integers(whole) => {
            let made = units.as_deref().and_then(|u| {
                of_whole(&v.name, whole.clone(), u, model.as_deref(), calendar.as_deref())
            });
            if let Some(mut made) = made {
                made.stored.dtype = dtype;
                return made;
            }
            Values::Numbers(whole.into_iter().map(|i| i as f64).collect())
        }
    };
    let mut made = Coordinate { units, calendar, ..Coordinate::of(v.name, values) };
    made.stored.dtype = dtype;
    made
}

/// Times, or durations with another unit for the model, that are whole numbers of `units`.
pub(crate) fn of_whole(
    name: &str,
    whole: Vec<i64>,
    units: &str,
    model: Option<&str>,
    calendar: Option<&str>,
) -> Option<Coordinate> {
    if model.is_none() && TimeUnits::parse(units, calendar).is_none() {
        return None;
    }
    Coordinate::of_ticks(name, Ticks::new(whole, units), model.unwrap_or(units), calendar)
}
