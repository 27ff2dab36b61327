//! What the axes of figures show: names, units, and where the values lie.

use gridgp_grid::{Axis, Coordinate, TimeUnits, Values};

use crate::ticks::Kind;

/// What a number measures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quantity {
    /// What stands at the axis.
    pub name: String,
    /// Its unit, as in CF attributes.
    pub units: Option<String>,
}

impl Quantity {
    /// A quantity with a unit, or without.
    pub fn new(name: impl Into<String>, units: Option<&str>) -> Self {
        Self { name: name.into(), units: units.map(str::to_owned) }
    }

    /// `sst (°C)`.
    pub fn label(&self) -> String {
        match self.units.as_deref().map(pretty_unit).filter(|u| !u.is_empty()) {
            Some(units) if self.name.is_empty() => units,
            Some(units) => format!("{} ({units})", self.name),
            None => self.name.clone(),
        }
    }
}

/// A CF unit as a journal prints it: `m s-1` becomes `m s⁻¹`.
fn pretty_unit(units: &str) -> String {
    match units.trim() {
        "1" | "" | "none" | "dimensionless" => return String::new(),
        "degC" | "degree_Celsius" | "degrees_Celsius" | "celsius" | "Celsius" | "deg_C" => {
            return "°C".into();
        }
        "degF" | "degree_Fahrenheit" => return "°F".into(),
        "degree" | "degrees" | "degrees_east" | "degrees_north" => return "°".into(),
        _ => {}
    }
    let word = |word: &str| {
        let digits = word.trim_start_matches(|c: char| !(c.is_ascii_digit() || c == '-'));
        let (symbol, power) = word.split_at(word.len() - digits.len());
        let symbol = symbol.trim_end_matches(['^', '*']);
        let plain = symbol.chars().all(char::is_alphabetic) && !symbol.is_empty();
        match (plain, power.parse::<i32>()) {
            (true, Ok(n)) => format!("{symbol}{}", crate::ticks::superscript(n)),
            _ => word.to_owned(),
        }
    };
    units.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// Where the values of a figure lie along one direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Its unit; not shown where the marks say it.
    pub units: Option<String>,
    /// What its numbers are.
    pub kind: Kind,
    /// Where the values lie, in any order.
    pub values: Vec<f64>,
}

impl Dimension {
    /// Numbers without a unit.
    pub fn numbers(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), units: None, kind: Kind::Number, values }
    }

    /// A coordinate: its times are times, its degrees east and north are degrees.
    pub fn of(c: &Coordinate) -> Self {
        let name = c.name.clone();
        match &c.values {
            Values::Labels(labels) => Self {
                name,
                units: None,
                values: (0..labels.len()).map(|i| i as f64).collect(),
                kind: Kind::Labels(labels.clone()),
            },
            Values::Numbers(values) => {
                let kind = if let Some(units) = TimeUnits::of(c) {
                    Kind::Date(units)
                } else if is_longitude(c) {
                    Kind::Longitude
                } else if is_latitude(c) {
                    Kind::Latitude
                } else {
                    Kind::Number
                };
                let values = values.clone();
                if matches!(kind, Kind::Longitude) {
                    return Self { name, units: None, values: unwrap(values), kind };
                }
                Self { name, units: c.units.clone(), values, kind }
            }
        }
    }

    /// An axis of a grid: its coordinate, its labels, or, where it has several coordinates and no
    /// labels, its points by number.
    pub fn of_axis(axis: &Axis) -> Self {
        let coordinates = axis.coordinates();
        let labels = coordinates.iter().find(|c| matches!(c.values, Values::Labels(_)));
        match (coordinates, labels) {
            ([one], _) => Self::of(one),
            (_, Some(labels)) => Self::of(labels),
            _ => {
                let values = (0..axis.len()).map(|i| i as f64).collect();
                Self::numbers(format!("{} (number)", axis.name()), values)
            }
        }
    }

    /// What stands at the axis from `low` to `high`.
    pub(crate) fn label(&self, low: f64, high: f64) -> String {
        let quantity = match self.kind {
            Kind::Number | Kind::Log => Quantity::new(&*self.name, self.units.as_deref()),
            _ => Quantity::new(&*self.name, None),
        };
        match self.kind.remark(low, high) {
            Some(remark) => format!("{} ({remark})", quantity.label()),
            None => quantity.label(),
        }
    }

    /// The positions of the values in ascending order of the values.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.values.len()).collect();
        order.sort_by(|&a, &b| self.values[a].total_cmp(&self.values[b]));
        order
    }

    /// The lowest and the highest value, and something around them if they are the same.
    pub(crate) fn range(&self) -> (f64, f64) {
        let (low, high) = extent(self.values.iter().copied()).unwrap_or((0.0, 1.0));
        if matches!(self.kind, Kind::Labels(_)) {
            return (low - 0.5, high + 0.5);
        }
        opened(low, high)
    }
}

/// The lowest and the highest finite value.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().filter(|v| v.is_finite());
    finite.fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((f64::min(low, v), f64::max(high, v))),
    })
}

/// A range that encloses something, also around a single value.
pub(crate) fn opened(low: f64, high: f64) -> (f64, f64) {
    // Relative, so that a constant of 1e8 or 1e-8 is drawn as well.
    if high - low > 1e-12 * low.abs().max(high.abs()) {
        return (low, high);
    }
    let around = if low == 0.0 { 1.0 } else { 0.05 * low.abs() };
    (low - around, high + around)
}

/// A range with some room at both ends.
pub(crate) fn padded((low, high): (f64, f64), share: f64) -> (f64, f64) {
    let (low, high) = opened(low, high);
    (low - share * (high - low), high + share * (high - low))
}

/// Whether a coordinate is a longitude, by its unit, or by its name if it has no unit.
pub fn is_longitude(c: &Coordinate) -> bool {
    named(c, &["degrees_east", "degree_east", "degrees_e", "degree_e"], &["lon", "longitude"])
}

/// Whether a coordinate is a latitude, by its unit, or by its name if it has no unit.
pub fn is_latitude(c: &Coordinate) -> bool {
    named(c, &["degrees_north", "degree_north", "degrees_n", "degree_n"], &["lat", "latitude"])
}

fn named(c: &Coordinate, units: &[&str], names: &[&str]) -> bool {
    if matches!(c.values, Values::Labels(_)) {
        return false;
    }
    let has_name = names.contains(&c.name.to_lowercase().as_str());
    match c.units.as_deref().map(str::to_lowercase) {
        Some(u) if u == "degrees" || u == "degree" || u.is_empty() => has_name,
        Some(u) => units.contains(&u.as_str()),
        None => has_name,
    }
}

/// Longitudes without the jump at 180° (or at 0°): those beyond the widest gap go around.
///
/// The circle is cut where it is emptiest; where the values go all around, nothing changes.
pub(crate) fn unwrap(values: Vec<f64>) -> Vec<f64> {
    let mut around: Vec<f64> = values.iter().map(|v| v.rem_euclid(360.0)).collect();
    around.sort_by(f64::total_cmp);
    around.dedup();
    let Some((low, high)) = extent(values.iter().copied()) else { return values };
    let (Some(&first), Some(&last)) = (around.first(), around.last()) else { return values };
    let mut cut = (first + 360.0 - last, first);
    for pair in around.windows(2) {
        if pair[1] - pair[0] > cut.0 {
            cut = (pair[1] - pair[0], pair[1]);
        }
    }
    // 360 − gap is how wide the values are when the circle is cut there.
    if 360.0 - cut.0 >= 0.95 * (high - low) {
        return values;
    }
    // The turn that keeps the westernmost value between -180 and 180.
    let start = crate::ticks::wrapped(cut.1);
    values.into_iter().map(|v| start + (v - start).rem_euclid(360.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_printed_as_in_journals() {
        let label = |units| Quantity::new("v", Some(units)).label();
        assert_eq!(label("m s-1"), "v (m s⁻¹)");
        assert_eq!(label("degC"), "v (°C)");
        assert_eq!(label("kg m^2"), "v (kg m²)");
        assert_eq!(label("1"), "v");
        assert_eq!(label("W m**-2"), "v (W m⁻²)");
        assert_eq!(label("10 m"), "v (10 m)");
    }

    #[test]
    fn longitudes_go_across_the_date_line() {
        assert_eq!(unwrap(vec![170.0, 175.0, -175.0]), [170.0, 175.0, 185.0]);
        assert_eq!(unwrap(vec![350.0, 355.0, 0.0, 5.0]), [-10.0, -5.0, 0.0, 5.0]);
        let world: Vec<f64> = (0..36).map(|i| f64::from(i) * 10.0).collect();
        assert_eq!(unwrap(world.clone()), world);
        assert_eq!(unwrap(vec![-9.0, 3.0]), [-9.0, 3.0]);
        assert_eq!(unwrap(vec![200.0]), [200.0]);
    }

    #[test]
    fn kinds_come_from_units_then_names() {
        let kind = |name: &str, units: &str| {
            Dimension::of(&Coordinate::numbers(name, vec![1.0]).with_units(units)).kind
        };
        assert_eq!(kind("x", "degrees_east"), Kind::Longitude);
        assert_eq!(kind("lat", "m"), Kind::Number);
        assert_eq!(Dimension::of(&Coordinate::numbers("lat", vec![1.0])).kind, Kind::Latitude);
        assert!(matches!(kind("t", "days since 1850-01-01"), Kind::Date(_)));
        assert_eq!(opened(3.0, 3.0), (2.85, 3.15));
        assert_eq!(opened(0.0, 0.0), (-1.0, 1.0));
    }
}
