//! A plane of values: sorted, with the edges of its cells, and small enough to be drawn.

use crate::dimension::Dimension;
use crate::{Error, Result};

/// Cells of a picture in each direction: finer than a column of a journal can show.
pub(crate) const MOST: usize = 200;

/// One direction of a plane.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edges {
    /// One more than there are cells, ascending.
    pub edges: Vec<f64>,
    /// For each cell, the positions of what it shows.
    members: Vec<Vec<usize>>,
}

impl Edges {
    /// Cells reach half of the way to their neighbors; `most` of them at most.
    pub fn of(dimension: &Dimension, most: usize) -> Self {
        let order = dimension.order();
        let at: Vec<f64> = order.iter().map(|&i| dimension.values[i]).collect();
        let n = at.len();
        let half = |i: usize, j: usize| 0.5 * (at[i] + at[j]);
        let mut edges: Vec<f64> = (1..n).map(|i| half(i - 1, i)).collect();
        let (first, last) = match n {
            1 => (at[0] - 0.5, at[0] + 0.5),
            _ => (2.0 * at[0] - edges[0], 2.0 * at[n - 1] - edges[n - 2]),
        };
        edges.insert(0, first);
        edges.push(last);
        if matches!(dimension.kind, crate::ticks::Kind::Latitude) {
            // A cell centered on a pole does not reach beyond it.
            edges.iter_mut().for_each(|e| *e = e.clamp(-90.0, 90.0));
        }
        let every = n.div_ceil(most);
        let members = order.chunks(every).map(<[usize]>::to_vec).collect();
        let kept = edges.iter().enumerate().filter(|(i, _)| i % every == 0 || *i == n);
        Self { edges: kept.map(|(_, &e)| e).collect(), members }
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn range(&self) -> (f64, f64) {
        (self.edges[0], self.edges[self.edges.len() - 1])
    }

    /// What each cell shows, in words: a point, or the first and the last of a block.
    pub fn shown(&self, dimension: &Dimension) -> Vec<String> {
        let one = |&i: &usize| dimension.kind.show(dimension.values[i]);
        let cell = |members: &Vec<usize>| match members.as_slice() {
            [only] => one(only),
            [first, .., last] => format!("{} … {}", one(first), one(last)),
            [] => String::new(),
        };
        self.members.iter().map(cell).collect()
    }

    /// How many points the largest cell shows.
    pub fn block(&self) -> usize {
        self.members.iter().map(Vec::len).max().unwrap_or(1)
    }
}

/// A plane whose cells can be drawn.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    pub x: Edges,
    pub y: Edges,
}

impl Cells {
    pub fn of(x: &Dimension, y: &Dimension, most: usize) -> Result<Self> {
        for dimension in [x, y] {
            if dimension.values.is_empty() {
                return Err(Error::data(format!("{:?} has no points to draw", dimension.name)));
            }
            if let Some(i) = dimension.values.iter().position(|v| !v.is_finite()) {
                return Err(Error::data(format!(
                    "{:?} is {} at position {i}; nothing can be drawn there",
                    dimension.name, dimension.values[i]
                )));
            }
        }
        Ok(Self { x: Edges::of(x, most), y: Edges::of(y, most) })
    }

    /// The values of the cells, row by row from below: means of what is there, NaN if nothing is.
    ///
    /// `values` lie row-major, x fastest.
    pub fn values(&self, values: &[f64], columns: usize) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.x.len() * self.y.len());
        for rows in &self.y.members {
            for places in &self.x.members {
                let (mut sum, mut count) = (0.0, 0usize);
                for &r in rows {
                    for &c in places {
                        let v = values[r * columns + c];
                        if v.is_finite() {
                            sum += v;
                            count += 1;
                        }
                    }
                }
                out.push(if count > 0 { sum / count as f64 } else { f64::NAN });
            }
        }
        out
    }

    /// What a reader must know if blocks are shown.
    pub fn note(&self, shape: (usize, usize)) -> Option<String> {
        let (bx, by) = (self.x.block(), self.y.block());
        (bx * by > 1).then(|| {
            format!("{} × {} cells, shown as means of blocks of {bx} × {by}", shape.0, shape.1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_lie_between_uneven_points_in_any_order() {
        let e = Edges::of(&Dimension::numbers("x", vec![4.0, 0.0, 1.0]), MOST);
        assert_eq!(e.edges, [-0.5, 0.5, 2.5, 5.5]);
        assert_eq!(e.members, [[1], [2], [0]]);
        assert_eq!(Edges::of(&Dimension::numbers("x", vec![7.0]), MOST).edges, [6.5, 7.5]);
    }

    #[test]
    fn blocks_are_means_of_what_is_there() {
        let long = Dimension::numbers("x", (0..600).map(f64::from).collect());
        let short = Dimension::numbers("y", vec![0.0, 1.0]);
        let cells = Cells::of(&long, &short, MOST).unwrap();
        assert_eq!((cells.x.block(), cells.x.len(), cells.x.edges.len()), (3, 200, 201));
        let mut values: Vec<f64> = (0..1200).map(f64::from).collect();
        values[0] = f64::NAN;
        values[600..603].fill(f64::NAN);
        let out = cells.values(&values, 600);
        assert_eq!((out.len(), out[0], out[1]), (400, 1.5, 4.0));
        assert!(out[200].is_nan());
        assert!(cells.note((600, 2)).unwrap().contains("blocks of 3 × 1"));
    }

    #[test]
    fn a_last_block_may_be_short() {
        let long = Dimension::numbers("x", (0..514).map(f64::from).collect());
        let e = Edges::of(&long, MOST);
        assert_eq!((e.len(), e.edges.len(), e.range()), (172, 173, (-0.5, 513.5)));
        assert_eq!(e.block(), 3);
    }
}
