//! One axis of a grid.

use super::{Points, Ticks};
use crate::{Error, Result};

/// The values of a coordinate along an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers, in the coordinate's unit.
    Numbers(Vec<f64>),
    /// Names without an order, `"Lisboa"`, `"Porto"`.
    Labels(Vec<String>),
}

/// How a coordinate was stored where it came from, beside what a model sees of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// Its type there, in the words of NumPy: `"float32"`, `"datetime64[s]"`.
    pub dtype: Option<String>,
    /// The whole numbers that it was made of, which [`Coordinate::ticks`] checks.
    pub ticks: Option<Ticks>,
}

/// A named coordinate of the points of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinate {
    /// Its name, `"lon"`.
    pub name: String,
    /// One value a point.
    pub values: Values,
    /// Unit as in CF attributes, `"degrees_east"`, `"days since 2019-03-01"`.
    pub units: Option<String>,
    /// CF calendar of a time coordinate, `"standard"`, `"noleap"`; `None` for other coordinates.
    pub calendar: Option<String>,
    /// How it was stored where it came from.
    pub stored: Stored,
}

impl Coordinate {
    /// A coordinate of numbers without a unit.
    pub fn numbers(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self::of(name, Values::Numbers(values))
    }

    /// A coordinate of labels.
    pub fn labels(name: impl Into<String>, values: Vec<String>) -> Self {
        Self::of(name, Values::Labels(values))
    }

    /// A coordinate without a unit.
    pub fn of(name: impl Into<String>, values: Values) -> Self {
        Self { name: name.into(), values, units: None, calendar: None, stored: Stored::default() }
    }

    /// The same coordinate with a unit.
    #[must_use]
    pub fn with_units(mut self, units: impl Into<String>) -> Self {
        self.units = Some(units.into());
        self
    }

    /// The coordinate of the points at these positions.
    #[must_use]
    pub fn take(&self, positions: &[usize]) -> Self {
        let values = match &self.values {
            Values::Numbers(v) => Values::Numbers(positions.iter().map(|&i| v[i]).collect()),
            Values::Labels(v) => Values::Labels(positions.iter().map(|&i| v[i].clone()).collect()),
        };
        let mut taken = Self { values, ..self.clone() };
        taken.stored.ticks = self.ticks().map(|ticks| ticks.take(positions));
        taken
    }

    /// Whether its numbers were stored in single precision.
    pub fn is_single(&self) -> bool {
        self.stored.dtype.as_deref() == Some("float32")
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Numbers(v) => v.len(),
            Values::Labels(v) => v.len(),
        }
    }

    /// Whether it has no points.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of point `i` as text, as short as its precision allows.
    pub fn show(&self, i: usize) -> String {
        match &self.values {
            Values::Numbers(v) if self.is_single() => format!("{}", v[i] as f32),
            Values::Numbers(v) => format!("{}", v[i]),
            Values::Labels(v) => v[i].clone(),
        }
    }
}

/// A list of distinct points with one or more coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    name: String,
    coordinates: Vec<Coordinate>,
    names: Option<Coordinate>,
}

impl Axis {
    /// An axis called `name` whose points have these coordinates.
    ///
    /// Points may be unevenly spaced and in any order.
    ///
    /// # Errors
    /// No coordinate, no point, coordinates of different lengths, a value that is not finite, or
    /// the same point twice. The message names the axis, the coordinate and the position.
    pub fn new(name: impl Into<String>, coordinates: Vec<Coordinate>) -> Result<Self> {
        let axis = Self { name: name.into(), coordinates, names: None };
        let name = &axis.name;
        let Some(first) = axis.coordinates.first() else {
            return Err(Error::Grid(format!("axis {name:?} has no coordinate")));
        };
        if first.is_empty() {
            return Err(Error::Grid(format!("axis {name:?} has no points")));
        }
        for c in &axis.coordinates {
            if c.len() != first.len() {
                return Err(Error::Grid(format!(
                    "axis {name:?}: coordinate {:?} has {} values but {:?} has {}",
                    c.name,
                    c.len(),
                    first.name,
                    first.len()
                )));
            }
            if let Values::Numbers(v) = &c.values
                && let Some(i) = v.iter().position(|x| !x.is_finite())
            {
                return Err(Error::Grid(format!(
                    "axis {name:?}: coordinate {:?} is {} at position {i}; coordinates must be \
                     finite numbers",
                    c.name, v[i]
                )));
            }
        }
        if let Some((i, j)) = axis.points().first_repeat() {
            return Err(Error::Grid(format!(
                "axis {name:?}: the point {} occurs twice, at positions {i} and {j}",
                axis.describe(j)
            )));
        }
        Ok(axis)
    }

    /// An axis with one coordinate of the same name, made of numbers without a unit.
    ///
    /// # Errors
    /// As [`Axis::new`].
    pub fn numbers(name: impl Into<String>, values: Vec<f64>) -> Result<Self> {
        let name = name.into();
        Self::new(name.clone(), vec![Coordinate::numbers(name, values)])
    }

    /// The same axis, whose points are called so: stations that have longitude and latitude. Nothing
    /// is computed with these names; files show them under the name of the axis.
    ///
    /// # Errors
    /// Another number of names than of points, or a coordinate that has the name of the axis already.
    pub fn with_names(mut self, names: Coordinate) -> Result<Self> {
        if names.len() != self.len() {
            return Err(Error::Grid(format!(
                "axis {:?} has {} points and {} names",
                self.name,
                self.len(),
                names.len()
            )));
        }
        if self.coordinates.iter().any(|c| c.name == self.name) {
            return Err(Error::Grid(format!(
                "the points of axis {:?} are called by its coordinate of that name already",
                self.name
            )));
        }
        self.names = Some(Coordinate { name: self.name.clone(), ..names });
        Ok(self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its points are called, where that is none of the coordinates.
    pub fn names(&self) -> Option<&Coordinate> {
        self.names.as_ref()
    }

    /// What a file shows of its points: their names, if they have any, and the coordinates.
    pub fn shown(&self) -> impl Iterator<Item = &Coordinate> {
        self.names.iter().chain(&self.coordinates)
    }

    /// The coordinates of its points.
    pub fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.coordinates[0].len()
    }

    /// Always false: an axis has at least one point.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Whether a coordinate is made of labels.
    pub fn has_labels(&self) -> bool {
        self.coordinates.iter().any(|c| matches!(c.values, Values::Labels(_)))
    }

    /// The points as numbers, as kernels see them: one row a point, one column a coordinate.
    ///
    /// A label becomes the position of its first occurrence, so equal labels give equal numbers
    /// and the numbers mean nothing else. Longitudes that cross the seam of their circle (350, 355,
    /// 0, 5) become numbers that do not (-10, -5, 0, 5): the circle is cut in its largest gap.
    pub fn points(&self) -> Points {
        let columns: Vec<Vec<f64>> = self.coordinates.iter().map(Coordinate::seen).collect();
        let rows = (0..self.len()).flat_map(|i| columns.iter().map(move |c| c[i]));
        Points::new(rows.collect(), columns.len())
    }

    /// A readable name for point `i`, `year = 1983` or `lon = -9.1, lat = 38.7`.
    pub fn describe(&self, i: usize) -> String {
        let parts: Vec<String> =
            self.shown().map(|c| format!("{} = {}", c.name, c.show(i))).collect();
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_an_axis() {
        let bad = |c: Vec<Coordinate>| Axis::new("s", c).unwrap_err().to_string();
        assert!(bad(vec![]).contains("no coordinate"));
        assert!(bad(vec![Coordinate::numbers("x", vec![])]).contains("no points"));
        assert!(bad(vec![Coordinate::numbers("x", vec![1.0, f64::NAN])]).contains("position 1"));
        assert!(bad(vec![Coordinate::numbers("x", vec![1.0, 2.0, 1.0])]).contains("0 and 2"));
        let uneven =
            vec![Coordinate::numbers("x", vec![1.0]), Coordinate::numbers("y", vec![1.0, 2.0])];
        assert!(bad(uneven).contains("2 values"));
    }

    #[test]
    fn several_coordinates_make_one_point() {
        let axis = Axis::new(
            "station",
            vec![
                Coordinate::labels("city", vec!["a".into(), "b".into(), "a".into()]),
                Coordinate::numbers("lat", vec![1.0, 1.0, 2.0]),
            ],
        )
        .unwrap();
        assert_eq!(axis.len(), 3);
        assert_eq!(axis.points().row(2), &[0.0, 2.0]);
        assert_eq!(axis.describe(1), "city = b, lat = 1");
    }

    #[test]
    fn names_are_shown_and_are_no_coordinate() {
        let names = |n: &[&str]| Coordinate::labels("id", n.iter().map(|&s| s.into()).collect());
        let lat =
            || Axis::new("station", vec![Coordinate::numbers("lat", vec![1.0, 2.0])]).unwrap();
        let axis = lat().with_names(names(&["a", "a"])).unwrap();
        assert_eq!(axis.describe(1), "station = a, lat = 2");
        assert_eq!((axis.points().dims(), axis.has_labels()), (1, false));
        assert!(lat().with_names(names(&["a"])).unwrap_err().to_string().contains("2 points"));
        let own = Axis::numbers("id", vec![1.0]).unwrap().with_names(names(&["a"]));
        assert!(own.unwrap_err().to_string().contains("already"));
    }
}
