//! Grids: named axes made of points with named coordinates, and the data on them.
//!
//! A grid is a product of [`Axis`]es. An axis is a list of points; each point has one or more
//! named [`Coordinate`]s (40 stations are one axis with longitude, latitude and elevation).
//! Cells are laid out row-major, the **last axis fastest**. This is decided here and nowhere else.

mod axis;
mod dataset;
pub mod doubts;
mod error;
mod longitude;
mod merge;
pub mod minus;
pub mod nearest;
mod points;
mod points_like;
mod same;
pub mod time;

pub use axis::{Axis, Coordinate, Stored, Values};
pub use dataset::{Covariate, Dataset, Variable};
pub use error::{Error, Result};
pub use longitude::Angle;
pub use merge::Merged;
pub use points::Points;
pub use same::Known;
pub use time::{Date, Ticks, TimeUnits};

/// A product of axes, the last one fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    axes: Vec<Axis>,
}

impl Grid {
    /// A grid with these axes, slowest first.
    ///
    /// # Errors
    /// No axis, an axis name that occurs twice, or more cells than `usize` can count.
    pub fn new(axes: Vec<Axis>) -> Result<Self> {
        if axes.is_empty() {
            return Err(Error::Grid("a grid needs at least one axis".into()));
        }
        for (i, axis) in axes.iter().enumerate() {
            if axes[..i].iter().any(|other| other.name() == axis.name()) {
                return Err(Error::Grid(format!("the axis {:?} occurs twice", axis.name())));
            }
        }
        axes.iter()
            .try_fold(1usize, |n, axis| n.checked_mul(axis.len()))
            .ok_or_else(|| Error::TooLarge("the grid has more cells than can be counted".into()))?;
        Ok(Self { axes })
    }

    /// The axes, slowest first.
    #[inline]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Position of the axis called `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.axes.iter().position(|axis| axis.name() == name)
    }

    /// Number of points along each axis.
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(Axis::len).collect()
    }

    /// Number of cells, ∏ nₐ.
    #[inline]
    pub fn len(&self) -> usize {
        self.axes.iter().map(Axis::len).product()
    }

    /// Always false: an axis has at least one point.
    #[inline]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The position along each axis of cell number `cell` (row-major, last axis fastest).
    pub fn unravel(&self, mut cell: usize) -> Vec<usize> {
        let mut index = vec![0; self.axes.len()];
        for (slot, axis) in index.iter_mut().zip(&self.axes).rev() {
            *slot = cell % axis.len();
            cell /= axis.len();
        }
        index
    }

    /// The number of the cell at `index`, the inverse of [`Grid::unravel`].
    pub fn ravel(&self, index: &[usize]) -> usize {
        self.axes.iter().zip(index).fold(0, |cell, (axis, &i)| cell * axis.len() + i)
    }

    /// A readable name for a cell, `year = 1983, month = 4`, for messages.
    pub fn describe(&self, cell: usize) -> String {
        let parts: Vec<String> =
            self.axes.iter().zip(self.unravel(cell)).map(|(axis, i)| axis.describe(i)).collect();
        parts.join(", ")
    }

    /// A readable name for point number `i` of the product of some axes, for messages.
    pub fn describe_part(&self, axes: &[usize], mut i: usize) -> String {
        let mut parts: Vec<String> = Vec::new();
        for &a in axes.iter().rev() {
            parts.push(self.axes[a].describe(i % self.axes[a].len()));
            i /= self.axes[a].len();
        }
        parts.reverse();
        if parts.is_empty() { "every cell".into() } else { parts.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid::new(vec![
            Axis::numbers("x", vec![0.0, 1.0, 2.0]).unwrap(),
            Axis::numbers("y", vec![0.0, 1.0, 2.0, 3.0]).unwrap(),
        ])
        .unwrap()
    }

    #[test]
    fn last_axis_is_fastest() {
        let grid = grid();
        assert_eq!(grid.unravel(5), vec![1, 1]);
        assert_eq!(grid.ravel(&[2, 3]), 11);
        for cell in 0..grid.len() {
            assert_eq!(grid.ravel(&grid.unravel(cell)), cell);
        }
        assert_eq!(grid.describe(5), "x = 1, y = 1");
        assert_eq!(grid.describe_part(&[0, 1], 5), "x = 1, y = 1");
        assert_eq!(grid.describe_part(&[1], 2), "y = 2");
    }

    #[test]
    fn repeated_axis_is_refused() {
        let axis = Axis::numbers("x", vec![0.0]).unwrap();
        assert!(Grid::new(vec![axis.clone(), axis]).unwrap_err().to_string().contains("twice"));
    }
}
