//! Points as numbers, the input of kernels.

/// n points with p coordinates each, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    data: Vec<f64>,
    dims: usize,
}

impl Points {
    /// Points from row-major `data` with `dims` coordinates each.
    ///
    /// # Panics
    /// If `dims` is 0 or does not divide the number of values.
    pub fn new(data: Vec<f64>, dims: usize) -> Self {
        assert!(dims > 0 && data.len().is_multiple_of(dims), "data must hold whole points");
        Self { data, dims }
    }

    /// Whether points i and n − 1 − i lie opposite each other about one center, to eleven digits.
    pub fn is_mirrored(&self) -> bool {
        let n = self.len();
        n == 0
            || (0..self.dims()).all(|d| {
                let x: Vec<f64> = self.column(d).collect();
                let sum = x[0] + x[n - 1];
                let size = x.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
                (0..n).all(|i| (x[i] + x[n - 1 - i] - sum).abs() <= 2e-11 * size)
            })
    }

    /// Points on a line.
    pub fn line(values: &[f64]) -> Self {
        Self::new(values.to_vec(), 1)
    }

    /// Number of points.
    #[inline]
    pub fn len(&self) -> usize {
        self.data.len() / self.dims
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Number of coordinates of a point.
    #[inline]
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The coordinates of point `i`.
    #[inline]
    pub fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.dims..][..self.dims]
    }

    /// Coordinate `j` of every point.
    #[inline]
    pub fn column(&self, j: usize) -> impl Iterator<Item = f64> + '_ {
        self.data.get(j..).unwrap_or_default().iter().step_by(self.dims).copied()
    }

    /// The points with only these coordinates, in this order.
    #[must_use]
    pub fn select(&self, columns: &[usize]) -> Self {
        let data = (0..self.len()).flat_map(|i| columns.iter().map(move |&j| self.row(i)[j]));
        Self::new(data.collect(), columns.len())
    }

    /// These points followed by others with the same coordinates.
    ///
    /// # Panics
    /// If the numbers of coordinates differ.
    #[must_use]
    pub fn concat(&self, other: &Self) -> Self {
        assert_eq!(self.dims, other.dims, "points with different numbers of coordinates");
        Self::new([self.data.as_slice(), &other.data].concat(), self.dims)
    }

    /// Positions of the first point that occurs twice.
    pub fn first_repeat(&self) -> Option<(usize, usize)> {
        let mut seen = std::collections::HashMap::with_capacity(self.len());
        for i in 0..self.len() {
            // Adding 0 turns -0 into +0, which compare equal but have different bits.
            let key: Vec<u64> = self.row(i).iter().map(|x| (x + 0.0).to_bits()).collect();
            if let Some(first) = seen.insert(key, i) {
                return Some((first, i));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_found() {
        assert_eq!(Points::line(&[0.0, 1.0, -0.0]).first_repeat(), Some((0, 2)));
        assert_eq!(Points::new(vec![0.0, 1.0, 0.0, 2.0], 2).first_repeat(), None);
    }

    #[test]
    fn there_may_be_no_points() {
        let none = Points::new(vec![], 2);
        assert_eq!((none.len(), none.column(1).count()), (0, 0));
        assert!(none.is_mirrored() && none.first_repeat().is_none());
    }

    #[test]
    fn selection_and_columns() {
        let p = Points::new(vec![1.0, 2.0, 3.0, 4.0], 2);
        assert_eq!(p.select(&[1]), Points::line(&[2.0, 4.0]));
        assert_eq!(p.column(0).collect::<Vec<_>>(), vec![1.0, 3.0]);
        assert_eq!(p.concat(&p).len(), 4);
    }
}
