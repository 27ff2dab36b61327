//! A model of a part of its data.

use std::ops::Range;

use gridgp_grid::{Axis, Covariate, Dataset, Grid, Points, Result, Variable};

use super::Model;

impl Model {
    /// The same model, parameters and priors included, of a block of the grid: the points
    /// `ranges[a]` of axis a.
    ///
    /// # Errors
    /// An empty range.
    ///
    /// # Panics
    /// If there is not one range an axis, or one reaches beyond its axis.
    pub fn block(&self, ranges: &[Range<usize>]) -> Result<Self> {
        let data = &self.data;
        assert_eq!(ranges.len(), data.grid.axes().len(), "one range an axis");
        let axes = data.grid.axes().iter().zip(ranges).map(|(axis, range)| {
            let positions: Vec<usize> = range.clone().collect();
            let coordinates = axis.coordinates().iter().map(|c| c.take(&positions));
            Axis::new(axis.name(), coordinates.collect())
        });
        let shape = data.grid.shape();
        let all: Vec<usize> = (0..shape.len()).collect();
        let y = &data.response;
        let response = Variable {
            name: y.name.clone(),
            units: y.units.clone(),
            long_name: y.long_name.clone(),
            values: part(&y.values, &shape, &all, ranges),
            missing: y.missing.as_ref().map(|m| part(m, &shape, &all, ranges)),
        };
        let covariates = data.covariates.iter().map(|c| Covariate {
            values: part(&c.values, &shape, &c.axes, ranges),
            name: c.name.clone(),
            axes: c.axes.clone(),
            units: c.units.clone(),
            missing: c.missing.as_ref().map(|m| part(m, &shape, &c.axes, ranges)),
        });
        let mut fields = self.fields.clone();
        for field in &mut fields {
            for (kernel, range) in field.axes.iter_mut().zip(ranges) {
                if let Some(k) = kernel {
                    let rows = range.clone().flat_map(|i| k.points.row(i)).copied().collect();
                    k.points = Points::new(rows, k.points.dims());
                }
            }
        }
        Ok(Self {
            spec: self.spec.clone(),
            data: Dataset::new(
                Grid::new(axes.collect::<Result<_>>()?)?,
                response,
                covariates.collect(),
            )?,
            parameters: self.parameters.clone(),
            fields,
            family: self.family.clone(),
            equations: self.equations.clone(),
            upper: self.upper.as_ref().map(|u| part(u, &shape, &all, ranges)),
            standardization: self.standardization,
        })
    }
}

/// The block of a row-major array whose axes are `axes` of a grid.
fn part<T: Copy>(values: &[T], shape: &[usize], axes: &[usize], ranges: &[Range<usize>]) -> Vec<T> {
    axes.iter()
        .fold(vec![0], |starts: Vec<usize>, &a| {
            let along = |start: usize| ranges[a].clone().map(move |i| start * shape[a] + i);
            starts.into_iter().flat_map(along).collect()
        })
        .into_iter()
        .map(|i| values[i])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_keeps_the_cells_in_order() {
        let values: Vec<f64> = (0..24).map(f64::from).collect();
        let block = part(&values, &[2, 3, 4], &[0, 1, 2], &[1..2, 0..2, 1..3]);
        assert_eq!(block, [13.0, 14.0, 17.0, 18.0]);
        let covariate = part(&values[..8], &[2, 3, 4], &[0, 2], &[1..2, 0..2, 1..3]);
        assert_eq!(covariate, [5.0, 6.0]);
    }
}
