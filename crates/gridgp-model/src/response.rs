//! A model of another response on the same grid.

use gridgp_grid::{Dataset, Result, Variable};

use super::Model;
use crate::spec::Source;

impl Model {
    /// The same model of another response on its grid, row-major, NaN where it is missing: with the
    /// default priors that this response gives.
    ///
    /// # Errors
    /// As [`Model::new`], and what [`Dataset::new`] refuses.
    pub fn with_response(&self, source: &Source, values: Vec<f64>) -> Result<Self> {
        let own = &self.data.response;
        let response = Variable {
            units: own.units.clone(),
            long_name: own.long_name.clone(),
            ..Variable::with_nan_as_missing(own.name.clone(), values)
        };
        let data = Dataset::new(self.data.grid.clone(), response, self.data.covariates.clone())?;
        Self::new(self.spec.clone(), source, data)
    }
}
