//! Longitude and latitude: which coordinates they are, and where a circle of longitudes is cut.

use crate::{Coordinate, Values};

/// What an angle on the Earth measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Angle {
    /// Degrees east of a meridian; 360 more are the same place.
    Longitude,
    /// Degrees north of the equator.
    Latitude,
}

impl Angle {
    /// By the unit, which CF writes `degrees_east` or `degrees_north`.
    pub fn of_units(units: &str) -> Option<Self> {
        let text = units.trim().to_lowercase().replace(['_', ' '], "");
        let direction = text.strip_prefix("degrees").or_else(|| text.strip_prefix("degree"))?;
        match direction {
            "east" | "e" => Some(Self::Longitude),
            "north" | "n" => Some(Self::Latitude),
            _ => None,
        }
    }

    /// By the name of a coordinate.
    pub fn of_name(name: &str) -> Option<Self> {
        match name.trim().to_lowercase().as_str() {
            "lon" | "long" | "lng" | "longitude" => Some(Self::Longitude),
            "lat" | "latitude" => Some(Self::Latitude),
            _ => None,
        }
    }
}

impl Coordinate {
    /// What angle on the Earth it is: by its unit; without one, or in degrees, by its name.
    pub fn angle(&self) -> Option<Angle> {
        match self.units.as_deref().map(|u| u.trim().to_lowercase()).as_deref() {
            None | Some("degree" | "degrees" | "deg" | "") => Angle::of_name(&self.name),
            Some(units) => Angle::of_units(units),
        }
    }

    /// Its numbers if they are longitudes, of which 360 more are the same place.
    pub fn longitudes(&self) -> Option<&[f64]> {
        match &self.values {
            Values::Numbers(v) if self.angle() == Some(Angle::Longitude) => {
                let (low, high) = ends(v);
                (high - low <= 360.0 && low >= -360.0 && high <= 540.0).then_some(v)
            }
            _ => None,
        }
    }

    /// Its values as kernels see them, see [`Axis::points`](crate::Axis::points).
    pub fn seen(&self) -> Vec<f64> {
        match &self.values {
            Values::Labels(v) => {
                let mut seen = std::collections::HashMap::new();
                let number = |(i, label)| *seen.entry(label).or_insert(i) as f64;
                v.iter().enumerate().map(number).collect()
            }
            Values::Numbers(v) => self.longitudes().and_then(uncut).unwrap_or_else(|| v.clone()),
        }
    }
}

/// The smallest and the largest value.
pub(crate) fn ends(v: &[f64]) -> (f64, f64) {
    v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)))
}

/// Longitudes from the far side of their largest gap on, if that lies between them and not where
/// their numbers begin anew; `None` where they are in order.
fn uncut(v: &[f64]) -> Option<Vec<f64>> {
    let mut sorted = v.to_vec();
    sorted.sort_by(f64::total_cmp);
    let gap = |w: &[f64]| w[1] - w[0];
    let widest = sorted.windows(2).max_by(|a, b| gap(a).total_cmp(&gap(b)))?;
    let seam = sorted[0] + 360.0 - sorted[sorted.len() - 1];
    // Gaps of a global grid are equal up to rounding, or its ends are one place.
    if gap(widest) <= seam + 1e-3 || seam < 1e-3 {
        return None;
    }
    // Of the two ways on, the one around 0; else the one around 180.
    let center = 0.5 * (widest[1] - 360.0 + widest[0]);
    let on = |&x: &f64| match center > -180.0 {
        true if x >= widest[1] => x - 360.0,
        false if x <= widest[0] => x + 360.0,
        _ => x,
    };
    Some(v.iter().map(on).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(v: &[f64]) -> Vec<f64> {
        Coordinate::numbers("x", v.to_vec()).with_units("degrees_east").seen()
    }

    #[test]
    fn the_circle_is_cut_in_its_largest_gap() {
        assert_eq!(seen(&[0.0, 5.0, 350.0, 355.0]), [0.0, 5.0, -10.0, -5.0]);
        assert_eq!(seen(&[-180.0, -170.0, 160.0, 170.0]), [180.0, 190.0, 160.0, 170.0]);
        for in_order in [&[-9.0, 3.0][..], &[0.0, 90.0, 180.0, 270.0], &[5.0], &[0.0, 180.0, 360.0]]
        {
            assert_eq!(seen(in_order), in_order);
        }
        let plain = Coordinate::numbers("x", vec![0.0, 5.0, 350.0, 355.0]);
        assert_eq!(plain.seen(), [0.0, 5.0, 350.0, 355.0]);
    }

    #[test]
    fn angles_are_known_by_unit_then_by_name() {
        let angle = |name: &str, units: Option<&str>| {
            let units = units.map(str::to_owned);
            Coordinate { units, ..Coordinate::numbers(name, vec![0.0]) }.angle()
        };
        assert_eq!(angle("x", Some("degrees_east")), Some(Angle::Longitude));
        assert_eq!(angle("x", Some("degreeE")), Some(Angle::Longitude));
        assert_eq!(angle("lon", Some("degrees_north")), Some(Angle::Latitude));
        assert_eq!(angle("Latitude", Some("degrees")), Some(Angle::Latitude));
        assert_eq!(angle("lon", None), Some(Angle::Longitude));
        assert_eq!(angle("lon", Some("km")), None);
        assert_eq!(angle("x", None), None);
    }
}
