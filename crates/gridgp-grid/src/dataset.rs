//! Data on a grid.

use super::Grid;
use crate::{Error, Result};

/// A variable with a value in every cell of a grid, or no value where masked.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name, `"sst"`.
    pub name: String,
    /// Unit as in CF attributes, `"degC"`.
    pub units: Option<String>,
    /// What a plot or a table calls it.
    pub long_name: Option<String>,
    /// One value a cell, row-major; 0 where missing, never NaN.
    pub values: Vec<f64>,
    /// `true` where the value is missing; `None` when every cell has one.
    pub missing: Option<Vec<bool>>,
}

impl Variable {
    /// A variable without missing cells.
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), units: None, long_name: None, values, missing: None }
    }

    /// A variable whose NaN cells are missing.
    pub fn with_nan_as_missing(name: impl Into<String>, mut values: Vec<f64>) -> Self {
        let missing: Vec<bool> = values.iter().map(|v| v.is_nan()).collect();
        values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 0.0);
        let missing = missing.contains(&true).then_some(missing);
        Self { missing, ..Self::new(name, values) }
    }

    /// The numbers of the missing cells.
    pub fn missing_cells(&self) -> Vec<usize> {
        let mask = self.missing.as_deref().unwrap_or_default();
        mask.iter().enumerate().filter_map(|(i, &m)| m.then_some(i)).collect()
    }
}

/// A known variable that lives on some of the grid's axes and is constant along the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariate {
    /// Its name, `"gmst"`.
    pub name: String,
    /// Positions of its axes in the grid, increasing.
    pub axes: Vec<usize>,
    /// One value a point of the product of its axes, row-major.
    pub values: Vec<f64>,
    /// Its unit.
    pub units: Option<String>,
    /// `true` where it is not known, and a value stands that means nothing; `None` when it is known
    /// everywhere.
    pub missing: Option<Vec<bool>>,
}

impl Covariate {
    /// A covariate that is not known where it is NaN.
    pub fn with_nan_as_missing(
        name: impl Into<String>,
        axes: Vec<usize>,
        mut values: Vec<f64>,
        units: Option<String>,
    ) -> Self {
        let missing: Vec<bool> = values.iter().map(|v| v.is_nan()).collect();
        // A value that can stand wherever one of the others can.
        let known = values.iter().copied().find(|v| !v.is_nan()).unwrap_or(0.0);
        values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = known);
        let missing = missing.contains(&true).then_some(missing);
        Self { name: name.into(), axes, values, units, missing }
    }

    /// The values at some positions, for other points of its axes.
    #[must_use]
    pub fn take(&self, positions: &[usize]) -> Self {
        let values = positions.iter().map(|&i| self.values[i]).collect();
        let missing = self.missing.as_ref().map(|m| positions.iter().map(|&i| m[i]).collect());
        Self { values, missing, ..self.clone() }
    }

    /// The values that are known.
    pub fn known(&self) -> impl Iterator<Item = f64> + Clone {
        let missing = self.missing.as_deref();
        let values = self.values.iter().enumerate();
        values.filter(move |(i, _)| missing.is_none_or(|m| !m[*i])).map(|(_, &v)| v)
    }

    /// Whether it is known at a cell, given by its position along each axis of the grid.
    pub fn is_known(&self, index: &[usize], grid: &Grid) -> bool {
        self.missing.as_ref().is_none_or(|m| !m[self.position(index, grid)])
    }

    /// Its value at a cell, given by its position along each axis of the grid.
    pub fn at(&self, index: &[usize], grid: &Grid) -> f64 {
        self.values[self.position(index, grid)]
    }

    /// The number of its value at a cell.
    pub fn position(&self, index: &[usize], grid: &Grid) -> usize {
        let axes = grid.axes();
        self.axes.iter().fold(0, |at, &a| at * axes[a].len() + index[a])
    }
}

/// A response on a grid, with covariates.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Where the data lie.
    pub grid: Grid,
    /// What is modelled.
    pub response: Variable,
    /// What is known beside it.
    pub covariates: Vec<Covariate>,
}

impl Dataset {
    /// Data on a grid.
    ///
    /// # Errors
    /// Lengths that do not match the grid, values that are not finite, no observed cell, or a
    /// covariate that is missing beside an observed response.
    pub fn new(grid: Grid, response: Variable, covariates: Vec<Covariate>) -> Result<Self> {
        let shape = grid.shape();
        let name = &response.name;
        if response.values.len() != grid.len() {
            return Err(Error::Data(format!(
                "{name:?} has {} values but the grid {shape:?} has {} cells",
                response.values.len(),
                grid.len()
            )));
        }
        if let Some(cell) = response.values.iter().position(|v| !v.is_finite()) {
            return Err(Error::Data(format!(
                "{name:?} is {} at {}; missing values belong into the mask",
                response.values[cell],
                grid.describe(cell)
            )));
        }
        if let Some(mask) = &response.missing {
            if mask.len() != grid.len() {
                return Err(Error::Data(format!("{name:?}: the mask does not match the grid")));
            }
            if mask.iter().all(|&m| m) {
                return Err(Error::Data(format!(
                    "every cell of {name:?} is missing: nothing to fit"
                )));
            }
        }
        for c in &covariates {
            let expected: usize = c.axes.iter().map(|&a| shape[a]).product();
            if c.values.len() != expected {
                return Err(Error::Data(format!(
                    "covariate {:?} has {} values where its axes have {expected} points",
                    c.name,
                    c.values.len()
                )));
            }
            if let Some(i) = c.values.iter().position(|v| !v.is_finite()) {
                return Err(Error::Data(format!(
                    "covariate {:?} is {} at position {i}; covariates must be finite",
                    c.name, c.values[i]
                )));
            }
            if c.missing.as_ref().is_some_and(|m| m.len() != expected) {
                let name = &c.name;
                return Err(Error::Data(format!("covariate {name:?}: the mask does not match")));
            }
        }
        let data = Self { grid, response, covariates };
        for c in data.covariates.iter().filter(|c| c.missing.is_some()) {
            let unknown = |cell: &usize| !c.is_known(&data.grid.unravel(*cell), &data.grid);
            if let Some(cell) = data.observed_cells().find(unknown) {
                return Err(Error::Data(format!(
                    "covariate {:?} is missing at {}, where {:?} is observed; it can be missing \
                     only where the response is too: leave out that value of {:?} as well",
                    c.name,
                    data.grid.describe(cell),
                    data.response.name,
                    data.response.name
                )));
            }
        }
        Ok(data)
    }

    /// The observed values of the response, in the order of the cells.
    #[inline]
    pub fn observed(&self) -> impl Iterator<Item = f64> + Clone {
        let y = &self.response;
        self.observed_cells().map(|cell| y.values[cell])
    }

    /// The numbers of the observed cells.
    #[inline]
    pub fn observed_cells(&self) -> impl Iterator<Item = usize> + Clone {
        let missing = self.response.missing.as_deref();
        (0..self.response.values.len()).filter(move |&cell| missing.is_none_or(|m| !m[cell]))
    }

    /// The covariate called `name`.
    pub fn covariate(&self, name: &str) -> Option<&Covariate> {
        self.covariates.iter().find(|c| c.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Axis;

    fn grid() -> Grid {
        Grid::new(vec![Axis::numbers("x", vec![0.0, 1.0]).unwrap()]).unwrap()
    }

    #[test]
    fn nan_becomes_the_mask() {
        let v = Variable::with_nan_as_missing("y", vec![f64::NAN, 2.0]);
        assert_eq!(v.values, vec![0.0, 2.0]);
        assert_eq!(v.missing_cells(), vec![0]);
        assert!(Dataset::new(grid(), v, vec![]).is_ok());
    }

    #[test]
    fn all_missing_and_wrong_lengths_are_refused() {
        let v = Variable::with_nan_as_missing("y", vec![f64::NAN; 2]);
        assert!(
            Dataset::new(grid(), v, vec![]).unwrap_err().to_string().contains("nothing to fit")
        );
        let v = Variable::new("y", vec![1.0]);
        assert!(Dataset::new(grid(), v, vec![]).unwrap_err().to_string().contains("2 cells"));
        let v = Variable::new("y", vec![1.0, f64::INFINITY]);
        assert!(Dataset::new(grid(), v, vec![]).unwrap_err().to_string().contains("x = 1"));
    }

    #[test]
    fn a_covariate_may_be_missing_where_the_response_is() {
        let w = |v: &[f64]| Covariate::with_nan_as_missing("w", vec![0], v.to_vec(), None);
        let y = Variable::with_nan_as_missing("y", vec![f64::NAN, 2.0]);
        let data = Dataset::new(grid(), y.clone(), vec![w(&[f64::NAN, 3.0])]).unwrap();
        assert_eq!(data.covariates[0].values, [3.0, 3.0]);
        assert_eq!(data.covariates[0].known().collect::<Vec<_>>(), [3.0]);
        assert!(!data.covariates[0].is_known(&[0], &data.grid));
        let e = Dataset::new(grid(), y, vec![w(&[3.0, f64::NAN])]).unwrap_err().to_string();
        assert!(e.contains("\"w\" is missing at x = 1, where \"y\" is observed"), "{e}");
    }
}
