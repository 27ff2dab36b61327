//! Centering and standardizing of covariates.

use gridgp_grid::Covariate;
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
    /// The scaling that `spec` asks for, from the known values of the data. `standardize` centers
    /// too.
    ///
    /// # Errors
    /// `standardize` of values that are all equal.
    pub fn of(spec: &CovariateSpec, covariate: &Covariate) -> Result<Self, String> {
        let values: Vec<f64> = covariate.known().collect();
        if values.is_empty() {
            return Err("it is missing everywhere".into());
        }
        Self::of_values(spec, &values)
    }

    fn of_values(spec: &CovariateSpec, values: &[f64]) -> Result<Self, String> {
        let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        if largest > 0.0 && !(1e-100..1e100).contains(&largest) {
            // Squares would leave the range of numbers.
            let unit: Vec<f64> = values.iter().map(|v| v / largest).collect();
            let Self { center, scale } = Self::of_values(spec, &unit)?;
            let scale = if spec.standardize { largest * scale } else { 1.0 };
            return Ok(Self { center: largest * center, scale });
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_far_from_one_are_standardized_as_well() {
        for scale in [1e-200, 1.0, 1e200] {
            let spec = CovariateSpec { standardize: true, ..CovariateSpec::default() };
            let mut values = [1.0, 3.0].map(|v| scale * v);
            Scaling::of_values(&spec, &values).unwrap().apply(&mut values);
            assert!((values[0] + 1.0).abs() < 1e-12 && (values[1] - 1.0).abs() < 1e-12);
        }
    }
}
