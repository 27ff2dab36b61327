//! Centering and standardizing of covariates.

use gridgp_model::spec::CovariateSpec;

/// What a covariate was shifted and divided by, to do the same to its values elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// Subtracted first: the mean, or 0.
    pub center: f64,
    /// Divided by afterwards: the standard deviation (of n, not n − 1), or 1.
    pub scale: f64,
}

impl Scaling {
    /// The scaling that `spec` asks for, from the values of the data. `standardize` centers too.
    ///
    /// # Errors
    /// `standardize` of values that are all equal.
    pub fn of(spec: &CovariateSpec, values: &[f64]) -> Result<Self, String> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let center = if spec.center || spec.standardize { mean } else { 0.0 };
        if !spec.standardize {
            return Ok(Self { center, scale: 1.0 });
        }
        let scale = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        if scale <= 1e-14 * mean.abs() {
            return Err(format!(
                "every value is {}, so there is no standard deviation to divide by; remove \
                 `standardize`",
                values[0]
            ));
        }
        Ok(Self { center, scale })
    }

    /// (value − center) / scale, in place.
    pub fn apply(self, values: &mut [f64]) {
        values.iter_mut().for_each(|v| *v = (*v - self.center) / self.scale);
    }
}
