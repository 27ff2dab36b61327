//! Where a prediction says nothing: over land, for a temperature of the sea.

use gridgp_grid::{Error, Grid, Points, Result};
use gridgp_model::Model;
use gridgp_posterior::Place;

use super::Where;

/// Cells of a grid, along some axes of a fit, that are left out of predictions.
///
/// A new point has the mask of the nearest point along each axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// Positions of its axes among those of the fit, and their points in the numbers of the fit.
    axes: Vec<(usize, Points)>,
    /// Whether each of its cells is left out, the last axis fastest.
    masked: Vec<bool>,
}

impl Mask {
    /// A mask of cells along `axes`: positions among the axes of a fit, with points in the numbers of
    /// the fit.
    ///
    /// # Errors
    /// [`Error::Data`] if there is not one value a cell.
    pub fn new(axes: Vec<(usize, Points)>, masked: Vec<bool>) -> Result<Self> {
        let cells: usize = axes.iter().map(|(_, points)| points.len()).product();
        if cells != masked.len() {
            let message = format!("a mask of {} values for {cells} cells", masked.len());
            return Err(Error::Data(message));
        }
        Ok(Self { axes, masked })
    }

    /// The cells whose response is missing; with `along` the places where it is missing at every point
    /// of these axes.
    ///
    /// # Errors
    /// [`Error::Data`] for an axis that the data do not have, or for all of them.
    pub fn of_data(model: &Model, along: &[&str]) -> Result<Self> {
        let grid = &model.data.grid;
        let names: Vec<&str> = grid.axes().iter().map(|a| a.name()).collect();
        if let Some(unknown) = along.iter().find(|name| !names.contains(name)) {
            return Err(Error::Data(format!(
                "the mask is to be the same along {unknown:?}, which is no axis of the data; they \
                 have {}",
                names.join(", ")
            )));
        }
        let kept: Vec<usize> = (0..names.len()).filter(|&a| !along.contains(&names[a])).collect();
        if kept.is_empty() {
            return Err(Error::Data("a mask needs an axis along which it differs".into()));
        }
        let axes: Vec<(usize, Points)> =
            kept.iter().map(|&a| (a, grid.axes()[a].points())).collect();
        let mut masked = vec![true; axes.iter().map(|(_, points)| points.len()).product()];
        let missing = model.data.response.missing.as_deref();
        for cell in 0..grid.len() {
            if missing.is_none_or(|m| !m[cell]) {
                let index = grid.unravel(cell);
                let at = axes.iter().fold(0, |at, (a, points)| at * points.len() + index[*a]);
                masked[at] = false;
            }
        }
        Ok(Self { axes, masked })
    }

    /// Whether each cell or point of a place is left out.
    pub(crate) fn at(&self, data: &Grid, place: &Where) -> Result<Vec<bool>> {
        match place {
            Where::Grid(Place { grid, .. }) => {
                let nearest = self.axes.iter().map(|(a, own)| {
                    let coordinates = grid.axes()[*a].coordinates();
                    Ok(nearest(own, &data.axes()[*a].points_like(coordinates)?))
                });
                let nearest = nearest.collect::<Result<Vec<_>>>()?;
                let of = |cell| {
                    let index = grid.unravel(cell);
                    self.masked[self.cell(|i| nearest[i][index[self.axes[i].0]])]
                };
                Ok((0..grid.len()).map(of).collect())
            }
            Where::Points(points, _) => {
                let all = self.axes.iter().map(|(a, own)| nearest(own, &points.points[*a]));
                let all: Vec<Vec<usize>> = all.collect();
                let count = points.points.first().map_or(0, Points::len);
                Ok((0..count).map(|p| self.masked[self.cell(|i| all[i][p])]).collect())
            }
        }
    }

    fn cell(&self, position: impl Fn(usize) -> usize) -> usize {
        let axes = self.axes.iter().enumerate();
        axes.fold(0, |at, (i, (_, points))| at * points.len() + position(i))
    }
}

/// For each new point the position of the nearest of some points.
fn nearest(among: &Points, new: &Points) -> Vec<usize> {
    let of = |i: usize| {
        let distance = |j: usize| -> f64 {
            new.row(i).iter().zip(among.row(j)).map(|(a, b)| (a - b).powi(2)).sum()
        };
        (0..among.len()).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    };
    (0..new.len()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_has_the_mask_of_its_nearest() {
        let among = Points::line(&[0.0, 1.0, 4.0]);
        assert_eq!(
            nearest(&among, &Points::line(&[-3.0, 0.4, 0.6, 2.4, 2.6, 9.0])),
            [0, 0, 1, 1, 2, 2]
        );
        assert!(Mask::new(vec![(0, among)], vec![true; 2]).is_err());
    }
}
