//! Which numbers mean the same coordinate.

use super::longitude::ends;
use crate::{Coordinate, Values};

/// The values of a coordinate as kernels see them, to be found by numbers in its unit.
///
/// A number means the nearest value if it differs from it by no more than what the storage of the
/// coordinate rounds away: 4 units in the last place of single precision (`dtype` is `"float32"`, or
/// the numbers are plainly such), 10⁻¹² in double precision, 8 units in the last place for times
/// that were whole numbers; all relative to the largest value, and never more than a small part of
/// the distance between neighbors. Of longitudes, x and x ± 360 are the same.
///
/// ```
/// use gridgp_grid::{Coordinate, Known};
///
/// let mut lat = Coordinate::numbers("lat", vec![0.0, f64::from(0.1_f32)]);
/// lat.stored.dtype = Some("float32".into());
/// assert_eq!(Known::of(&lat).find(0.1), Some(f64::from(0.1_f32)));
/// assert_eq!(Known::of(&lat).find(0.10001), None);
/// ```
#[derive(Debug, Clone)]
pub struct Known {
    /// Ascending.
    sorted: Vec<f64>,
    tolerance: f64,
    /// Part of the distance to the next value that the tolerance may be.
    part: f64,
    is_longitude: bool,
}

impl Known {
    /// The values of a coordinate of numbers; none of labels.
    pub fn of(c: &Coordinate) -> Self {
        let Values::Numbers(values) = &c.values else {
            return Self { sorted: vec![], tolerance: 0.0, part: 0.0, is_longitude: false };
        };
        let mut sorted = c.seen();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        let (low, high) = ends(&sorted);
        let (relative, part) = match () {
            () if c.ticks().is_some() => (8.0 * f64::EPSILON, 1e-3),
            () if c.is_single() || looks_single(values) => (4.0 * f64::from(f32::EPSILON), 0.25),
            () => (1e-12, 1e-3),
        };
        let tolerance = relative * low.abs().max(high.abs());
        Self { sorted, tolerance, part, is_longitude: c.longitudes().is_some() }
    }

    /// The value that `x` means, if there is one.
    pub fn find(&self, x: f64) -> Option<f64> {
        self.turned(x).find_map(|x| self.find_here(x))
    }

    /// As [`Known::snap`], without a turn.
    pub fn snap_here(&self, x: f64) -> f64 {
        self.find_here(x).unwrap_or(x)
    }

    /// The value that `x` means; where there is none, `x` itself, of longitudes the one of x ± 360
    /// that lies nearest to the values.
    pub fn snap(&self, x: f64) -> f64 {
        if let Some(found) = self.find(x) {
            return found;
        }
        let (low, high) = ends(&self.sorted);
        let away = |x: &f64| (low - x).max(x - high).max(0.0);
        // As near from both sides: the larger one, whichever was asked for.
        let nearer = |a: &f64, b: &f64| away(a).total_cmp(&away(b)).then(b.total_cmp(a));
        self.turned(x).min_by(nearer).unwrap_or(x)
    }

    /// `x`, and of a longitude the same place one turn up and down.
    fn turned(&self, x: f64) -> impl Iterator<Item = f64> {
        let turns = if self.is_longitude { &[0.0, 360.0, -360.0][..] } else { &[0.0] };
        turns.iter().map(move |turn| x + turn)
    }

    /// For each value of a coordinate the position of the one that stands for it: values that mean
    /// the same point, as 0.3 and 0.30000000000000004 do, have one, that with the fewest digits.
    /// Values that were stored apart and lie as near to each other as the next ones do stay apart.
    ///
    /// ```
    /// use gridgp_grid::{Coordinate, Known};
    ///
    /// let x = Coordinate::numbers("x", vec![0.1 + 0.2, 0.7, 0.3]);
    /// assert_eq!(Known::places(&x), [2, 1, 2]);
    /// ```
    #[must_use]
    pub fn places(c: &Coordinate) -> Vec<usize> {
        let v = match &c.values {
            Values::Numbers(v) => v,
            Values::Labels(v) => {
                let mut first = std::collections::HashMap::new();
                return v.iter().enumerate().map(|(i, t)| *first.entry(t).or_insert(i)).collect();
            }
        };
        let Self { tolerance, part, .. } = Self::of(c);
        let mut order: Vec<usize> = (0..v.len()).collect();
        order.sort_by(|&i, &j| v[i].total_cmp(&v[j]));
        let mut places: Vec<usize> = (0..v.len()).collect();
        let mut before = f64::NEG_INFINITY;
        let mut rest = order.as_slice();
        while let Some((&first, _)) = rest.split_first() {
            let apart = rest.windows(2).position(|pair| v[pair[1]] - v[pair[0]] > tolerance);
            let (run, after) = rest.split_at(apart.map_or(rest.len(), |i| i + 1));
            let last = v[run[run.len() - 1]];
            let next = after.first().map_or(f64::INFINITY, |&i| v[i]);
            let gap = (v[first] - before).min(next - last);
            if last - v[first] <= tolerance.min(part * gap) {
                let digits = |i: usize| format!("{:e}", v[i]).len();
                let shortest = run.iter().copied().min_by_key(|&i| digits(i));
                run.iter().for_each(|&i| places[i] = shortest.unwrap_or(i));
            } else {
                // Equal numbers are one place wherever the others are.
                let mut place = first;
                for &i in run {
                    place = if v[i] == v[place] { place } else { i };
                    places[i] = place;
                }
            }
            (before, rest) = (last, after);
        }
        places
    }

    fn find_here(&self, x: f64) -> Option<f64> {
        let v = &self.sorted;
        let above = v.partition_point(|&own| own < x);
        let near = [above.checked_sub(1), (above < v.len()).then_some(above)].into_iter().flatten();
        let i = near.min_by(|&i, &j| (v[i] - x).abs().total_cmp(&(v[j] - x).abs()))?;
        let below = i.checked_sub(1).map_or(f64::INFINITY, |j| v[i] - v[j]);
        let gap = v.get(i + 1).map_or(below, |next| below.min(next - v[i]));
        ((v[i] - x).abs() <= self.tolerance.min(self.part * gap)).then_some(v[i])
    }
}

/// Whether double-precision numbers are decimals that were once in single precision, such as
/// 0.10000000149011612.
fn looks_single(v: &[f64]) -> bool {
    let short = |x: f64| {
        let digits = format!("{:e}", x as f32);
        digits.bytes().take_while(|&b| b != b'e').filter(u8::is_ascii_digit).count() <= 7
    };
    let decimal = |x: f64| format!("{}", x as f32).parse::<f64>().is_ok_and(|d| d == x);
    v.iter().all(|&x| f64::from(x as f32) == x)
        && v.iter().any(|&x| !decimal(x))
        && v.iter().all(|&x| short(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(v: &[f64]) -> Known {
        Known::of(&Coordinate::numbers("x", v.to_vec()))
    }

    #[test]
    fn the_precision_of_the_storage_decides() {
        // Tenths that were rounded to single precision, and sums in single precision.
        let rounded: Vec<f64> = (0..21).map(|i| f64::from((f64::from(i) / 10.0) as f32)).collect();
        let mut sums = Coordinate::numbers("x", vec![0.0; 21]);
        sums.values = Values::Numbers((0..21).map(|i| f64::from(0.1_f32 * i as f32)).collect());
        sums.stored.dtype = Some("float32".into());
        for (own, v) in [(known(&rounded), rounded), (Known::of(&sums), sums.seen())] {
            for (i, v) in v.iter().enumerate() {
                assert_eq!(own.find(i as f64 / 10.0), Some(*v));
                assert_eq!(own.find(i as f64 / 10.0 + 1e-5), None);
            }
        }
        // Sums of tenths in double precision, with what should be 0 among them.
        let sums: Vec<f64> = (0..21).map(|i| -1.0 + 0.1 * f64::from(i)).collect();
        assert!(sums[10] == 0.0 || known(&sums).find(0.0) == Some(sums[10]));
        assert_eq!(known(&sums).find(0.7), Some(sums[17]));
        assert_eq!(known(&sums).find(0.7 + 1e-9), None);
        // Seconds since 1970, and powers of ten.
        let seconds: Vec<f64> = (0..10).map(|i| 1.6e9 + f64::from(i)).collect();
        assert_eq!(known(&seconds).find(1.6e9 + 1.0), Some(1.6e9 + 1.0));
        assert_eq!(known(&seconds).find(1.6e9 + 1.01), None);
        let powers: Vec<f64> = (-9..4).map(|i| 10f64.powi(i)).collect();
        assert_eq!(known(&powers).find(1.1e-9), None);
        assert_eq!(known(&[5.0]).find(5.0), Some(5.0));
    }

    #[test]
    fn values_that_mean_one_point_have_one_place() {
        let places = |v: &[f64]| Known::places(&Coordinate::numbers("x", v.to_vec()));
        assert_eq!(places(&[0.1 + 0.2, 0.3, 0.6, 0.3]), [1, 1, 2, 1]);
        // What should be 0 of a sum of tenths; -0.
        assert_eq!(places(&[1.0, 0.0, -5.551_115_123_125_783e-17, -1.0]), [0, 1, 1, 3]);
        assert_eq!(places(&[-0.0, 0.0]).iter().collect::<std::collections::HashSet<_>>().len(), 1);
        // Close together as the next ones: 1e-13 … 1, steps of one unit in the last place.
        let powers: Vec<f64> = (-14..1).map(|i| 10f64.powi(i)).collect();
        assert_eq!(places(&powers), (0..15).collect::<Vec<_>>());
        assert_eq!(places(&[1.0, 1.0 + 1e-9, 2.0]), [0, 1, 2]);
        // Every digit counts, in any order; numbers of any size.
        for scale in [1e-30, 1.0, 1e30] {
            let v: Vec<f64> = (0..200).map(|i| scale * 0.1 * f64::from(i * 67 % 200)).collect();
            let near = v.iter().map(|x| x * (1.0 + 4e-16));
            let all: Vec<f64> = v.iter().copied().chain(near).collect();
            let found = places(&all);
            for i in 0..200 {
                assert!(found[i] == found[i + 200] && [i, i + 200].contains(&found[i]), "{i}");
            }
        }
        // Whole numbers of ticks are told apart as they were stored, labels by their letters.
        let names = ["a", "b", "a"].map(String::from).to_vec();
        assert_eq!(Known::places(&Coordinate::labels("x", names)), [0, 1, 0]);
        assert_eq!(places(&[]), [0; 0]);
    }

    #[test]
    fn a_longitude_is_a_place() {
        let of = |v: &[f64]| {
            Known::of(&Coordinate::numbers("lon", v.to_vec()).with_units("degrees_east"))
        };
        let globe: Vec<f64> = (0..36).map(|i| 10.0 * f64::from(i)).collect();
        assert_eq!(of(&globe).find(-10.0), Some(350.0));
        assert_eq!(of(&globe).snap(-12.0), 348.0);
        assert_eq!(of(&[-20.0, -10.0, 0.0]).snap(350.0), -10.0);
        assert_eq!(of(&[-20.0, -10.0, 0.0]).snap(355.0), -5.0);
        // Cut in the largest gap: 350 is seen at -10.
        assert_eq!(of(&[0.0, 10.0, 350.0]).snap(350.0), -10.0);
        assert_eq!(of(&[0.0, 10.0, 350.0]).snap(345.0), -15.0);
        let x = Known::of(&Coordinate::numbers("x", globe));
        assert_eq!(x.snap(-10.0), -10.0);
    }
}
