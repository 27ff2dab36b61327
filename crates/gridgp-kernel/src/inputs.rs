//! Which coordinates of a point a kernel sees, and how it measures distance between them.

use gridgp_grid::{Angle, Points};

/// Mean radius of the Earth in km, (2a + b)/3 of the WGS 84 ellipsoid.
///
/// # Source
/// IUGG mean radius R₁; H. Moritz, Geodetic Reference System 1980, J. Geodesy 74 (2000), 128–133.
pub const EARTH_RADIUS_KM: f64 = 6371.0088;

/// How distance is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Metric {
    /// ‖x − y‖ in the coordinates' own unit.
    Euclidean,
    /// Along a circle that one coordinate goes around, the shorter way: at most half the
    /// circumference. −10 and 350 are one place on a circle of 360.
    Circle {
        /// In the coordinate's own unit.
        circumference: f64,
    },
    /// The chord through the sphere between points given by longitude and latitude in degrees,
    /// 2R sin(γ/2) km with γ the angle between them and R = [`EARTH_RADIUS_KM`].
    ///
    /// The chord, not the arc: kernels are positive semidefinite of chords. Below 1000 km the two
    /// differ by less than 0.11 %.
    GreatCircle,
}

/// The coordinates that a kernel sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    columns: Vec<usize>,
    names: Vec<String>,
    metric: Metric,
}

impl Inputs {
    /// The coordinates at these positions (all if `None`) of points with these coordinate names.
    ///
    /// # Errors
    /// No coordinate, a position that does not exist, or the same position twice.
    pub fn new(columns: Option<&[usize]>, coordinate_names: &[String]) -> Result<Self, String> {
        let p = coordinate_names.len();
        let columns = columns.map_or_else(|| (0..p).collect(), <[usize]>::to_vec);
        if columns.is_empty() {
            return Err("a kernel needs at least one coordinate".into());
        }
        for (i, &column) in columns.iter().enumerate() {
            if column >= p {
                return Err(format!(
                    "there is no coordinate at position {column}: the points have {p}, \
                     {coordinate_names:?}, counted from 0"
                ));
            }
            if columns[..i].contains(&column) {
                return Err(format!("coordinate {:?} is listed twice", coordinate_names[column]));
            }
        }
        let names = columns.iter().map(|&c| coordinate_names[c].clone()).collect();
        Ok(Self { columns, names, metric: Metric::Euclidean })
    }

    /// The same coordinates, longitude and latitude in degrees, measured through the sphere.
    /// `angles` says which is which, for all coordinates of the points; where it is silent, longitude
    /// comes first.
    ///
    /// # Errors
    /// Not exactly two coordinates, or two of one kind.
    pub fn on_sphere(mut self, angles: &[Option<Angle>]) -> Result<Self, String> {
        if self.columns.len() != 2 {
            return Err(format!(
                "the great circle needs exactly two coordinates, longitude and latitude in \
                 degrees, but {} are active: {:?}; choose two with `columns`",
                self.columns.len(),
                self.names
            ));
        }
        match [0, 1].map(|i| angles.get(self.columns[i]).copied().flatten()) {
            [Some(a), Some(b)] if a == b => {
                return Err(format!(
                    "the great circle needs a longitude and a latitude, and {:?} are both a \
                     {}: look at their units, degrees_east and degrees_north",
                    self.names,
                    match a {
                        Angle::Longitude => "longitude",
                        Angle::Latitude => "latitude",
                    }
                ));
            }
            [Some(Angle::Latitude), _] | [_, Some(Angle::Longitude)] => {
                self.columns.reverse();
                self.names.reverse();
            }
            _ => {}
        }
        Ok(Self { metric: Metric::GreatCircle, ..self })
    }

    /// The same coordinate, around a circle of this circumference.
    ///
    /// # Errors
    /// More than one coordinate, or no circumference.
    pub fn around(self, circumference: f64) -> Result<Self, String> {
        if !(circumference > 0.0 && circumference.is_finite()) {
            return Err(format!(
                "circle = {circumference} is no circumference; it is a positive number in the unit \
                 of the coordinate, such as 360 for degrees or 24 for hours"
            ));
        }
        let inputs = self.only_one("a kernel around a circle")?;
        Ok(Self { metric: Metric::Circle { circumference }, ..inputs })
    }

    /// These coordinates, if there is only one.
    ///
    /// # Errors
    /// More than one; `kernel` names who refuses them.
    pub fn only_one(self, kernel: &str) -> Result<Self, String> {
        if self.columns.len() == 1 {
            return Ok(self);
        }
        Err(format!(
            "{kernel} takes one coordinate but {} are active: {:?}; choose one with `columns`, and \
             multiply kernels of single coordinates to use more",
            self.columns.len(),
            self.names
        ))
    }

    /// Positions of the active coordinates.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Names of the active coordinates.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How distance is measured.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Only the `i`-th active coordinate.
    pub(super) fn nth(&self, i: usize) -> Self {
        Self { columns: vec![self.columns[i]], names: vec![self.names[i].clone()], ..self.clone() }
    }

    /// The points in a space where distance is Euclidean: the active coordinates, or km from the
    /// center of the Earth. Of a circle the coordinate as it is.
    pub fn embed(&self, x: &Points) -> Points {
        let points = x.select(&self.columns);
        match self.metric {
            Metric::Euclidean | Metric::Circle { .. } => points,
            Metric::GreatCircle => {
                let xyz = (0..points.len()).flat_map(|i| {
                    let [lon, lat] = [points.row(i)[0], points.row(i)[1]].map(f64::to_radians);
                    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
                });
                Points::new(xyz.map(|c| EARTH_RADIUS_KM * c).collect(), 3)
            }
        }
    }

    /// The shortest (above 0) and the longest distance between two of these points.
    ///
    /// What a lengthscale or a period is compared with. `None` if all points are equal. Takes n²
    /// steps, or n log n for one coordinate.
    pub fn distances(&self, x: &Points) -> Option<(f64, f64)> {
        let points = self.embed(x);
        let mut range = (f64::INFINITY, 0.0_f64);
        let mut see = |r: f64| {
            if r > 0.0 {
                range = (range.0.min(r), range.1.max(r));
            }
        };
        if let Metric::Circle { circumference } = self.metric {
            arcs(points.column(0), circumference, see);
        } else if points.dims() == 1 {
            let mut sorted: Vec<f64> = points.column(0).collect();
            sorted.sort_by(f64::total_cmp);
            sorted.windows(2).for_each(|w| see(w[1] - w[0]));
            if let [first, .., last] = sorted[..] {
                see(last - first);
            }
        } else {
            for i in 0..points.len() {
                (0..i).for_each(|j| see(distance(points.row(i), points.row(j))));
            }
        }
        (range.1 > 0.0).then_some(range)
    }
}

/// The shorter way around a circle between points r apart on the line.
///
/// The remainder is exact, so whole turns do not count, however many.
#[inline]
pub(super) fn arc(r: f64, circumference: f64) -> f64 {
    let rest = r % circumference;
    if rest > 0.5 * circumference { circumference - rest } else { rest }
}

/// Shows the distances between neighbors on a circle, and between points that are as good as
/// opposite: the shortest and the longest are among them.
fn arcs(x: impl Iterator<Item = f64>, circumference: f64, mut see: impl FnMut(f64)) {
    let mut sorted: Vec<f64> = x.map(|x| x.rem_euclid(circumference)).collect();
    sorted.sort_by(f64::total_cmp);
    let mut pair = |a: f64, b: f64| {
        let r = arc((a - b).abs(), circumference);
        // Hours of many days, counted in days: the same hour up to its rounding.
        if r > 1e-9 * circumference {
            see(r);
        }
    };
    for (i, &a) in sorted.iter().enumerate() {
        let at = |i: usize| sorted[i % sorted.len()];
        pair(a, at(i + 1));
        let opposite = (a + 0.5 * circumference) % circumference;
        let next = sorted.partition_point(|&b| b < opposite);
        pair(a, at(next));
        pair(a, at(next + sorted.len() - 1));
    }
}

/// ‖a − b‖; in one dimension by subtraction alone.
#[inline]
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    if let ([a], [b]) = (a, b) {
        return (a - b).abs();
    }
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&n| n.into()).collect()
    }

    #[test]
    fn sphere_knows_the_antipode_the_date_line_and_the_pole() {
        let inputs = Inputs::new(None, &names(&["lon", "lat"])).unwrap().on_sphere(&[]).unwrap();
        let x = [0.0, 0.0, 180.0, 0.0, -180.0, 0.0, 30.0, 90.0, 77.0, 90.0, 90.0, 0.0];
        let p = inputs.embed(&Points::new(x.to_vec(), 2));
        let chord = |i, j| distance(p.row(i), p.row(j));
        assert!((chord(0, 1) - 2.0 * EARTH_RADIUS_KM).abs() < 1e-9);
        assert!(chord(1, 2) < 1e-9 && chord(3, 4) < 1e-9);
        assert!((chord(0, 5) - 2f64.sqrt() * EARTH_RADIUS_KM).abs() < 1e-9);
    }

    #[test]
    fn longitude_and_latitude_are_known_whatever_their_order() {
        use Angle::{Latitude, Longitude};
        let of = |angles: [Option<Angle>; 2]| {
            Inputs::new(None, &names(&["a", "b"])).unwrap().on_sphere(&angles)
        };
        let expected = of([None, None]).unwrap().embed(&Points::new(vec![150.0, 40.0], 2));
        let swapped = Points::new(vec![40.0, 150.0], 2);
        for angles in
            [[Some(Latitude), Some(Longitude)], [Some(Latitude), None], [None, Some(Longitude)]]
        {
            assert_eq!(of(angles).unwrap().embed(&swapped), expected);
        }
        assert!(of([Some(Latitude); 2]).unwrap_err().contains("both a latitude"));
        assert!(of([Some(Longitude); 2]).unwrap_err().contains("both a longitude"));
    }

    #[test]
    fn chord_is_twice_r_sine_of_half_the_angle() {
        let inputs = Inputs::new(None, &names(&["lon", "lat"])).unwrap().on_sphere(&[]).unwrap();
        // Madrid and Barcelona; the angle by the haversine formula.
        let (a, b) = ([-3.70, 40.42], [2.17, 41.39]);
        let p = inputs.embed(&Points::new([a, b].concat(), 2));
        let half = |x: f64| (x.to_radians() / 2.0).sin().powi(2);
        let product = a[1].to_radians().cos() * b[1].to_radians().cos();
        let haversine = half(b[1] - a[1]) + product * half(b[0] - a[0]);
        let expected = 2.0 * EARTH_RADIUS_KM * haversine.sqrt();
        assert!((distance(p.row(0), p.row(1)) - expected).abs() < 1e-9);
        assert!((500.0..510.0).contains(&expected));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let three = names(&["lon", "lat", "height"]);
        let bad = |c: &[usize]| Inputs::new(Some(c), &three).unwrap_err();
        assert!(bad(&[]).contains("at least one"));
        assert!(bad(&[3]).contains("position 3") && bad(&[3]).contains("height"));
        assert!(bad(&[1, 0, 1]).contains("\"lat\" is listed twice"));
        let all = Inputs::new(None, &three).unwrap();
        assert!(all.clone().on_sphere(&[]).unwrap_err().contains("`columns`"));
        assert!(all.only_one("cosine").unwrap_err().contains("cosine takes one coordinate"));
    }

    #[test]
    fn shortest_and_longest_distance() {
        let one = Inputs::new(None, &names(&["x"])).unwrap();
        let line = Points::line(&[3.0, 0.0, 1.0, 3.0, 7.0]);
        assert_eq!(one.distances(&line), Some((1.0, 7.0)));
        assert_eq!(one.distances(&Points::line(&[2.0])), None);
        let two = Inputs::new(None, &names(&["x", "y"])).unwrap();
        let plane = Points::new(vec![0.0, 0.0, 3.0, 4.0, 0.0, 1.0, 0.0, 0.0], 2);
        assert_eq!(two.distances(&plane), Some((1.0, 5.0)));
    }

    #[test]
    fn around_a_circle_the_shorter_way_counts() {
        assert_eq!(
            [0.0, 10.0, 180.0, 350.0, 360.0, 725.0].map(|r| arc(r, 360.0)),
            [0.0, 10.0, 180.0, 10.0, 0.0, 5.0]
        );
        assert!(arc(f64::NAN, 360.0).is_nan());
        let of = |x: &[f64], circumference: f64| {
            let inputs = Inputs::new(None, &names(&["x"])).unwrap().around(circumference).unwrap();
            inputs.distances(&Points::line(x))
        };
        // The seam is the shortest way, and nothing is farther than half a circle.
        assert_eq!(of(&[1.0, 8.0, 15.0, 23.0], 24.0), Some((2.0, 10.0)));
        assert_eq!(of(&[-10.0, 350.0, 0.0], 360.0), Some((10.0, 10.0)));
        assert_eq!(of(&[-10.0, 350.0], 360.0), None);
        assert_eq!(of(&[0.0, 90.0, 200.0], 360.0), Some((90.0, 160.0)));
        // The same hours of two days are one place each, up to rounding.
        let days: Vec<f64> = (0..48).map(|h| 40_000.0 + f64::from(h) / 24.0).collect();
        let (shortest, longest) = of(&days, 1.0).unwrap();
        assert!((shortest - 1.0 / 24.0).abs() < 1e-10 && (longest - 0.5).abs() < 1e-10);
        let two = Inputs::new(None, &names(&["lon", "lat"])).unwrap();
        assert!(two.around(360.0).unwrap_err().contains("around a circle takes one coordinate"));
        for circumference in [0.0, -360.0, f64::NAN, f64::INFINITY] {
            let one = Inputs::new(None, &names(&["x"])).unwrap();
            assert!(one.around(circumference).unwrap_err().contains("no circumference"));
        }
    }
}
