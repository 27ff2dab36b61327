//! What would make a model easier to fit, in the words of its file.

use gridgp_dist::Distribution;
use gridgp_kernel::Covariance;

use crate::resolve::{LITTLE, mean_and_sd};
use crate::spec::CovariateSpec;
use crate::{Equation, Field, Model};

/// A covariate whose mean is so many standard deviations from 0 makes an intercept hard to tell from
/// its effect.
const FAR: f64 = 10.0;

impl Model {
    /// What to write in the model file so that the fit becomes easier: a line for each covariate far
    /// from 0 beside an intercept, and for each field whose written amplitude goes into its level.
    pub fn advice(&self) -> Vec<String> {
        let covariates = self.equations.iter().flat_map(|e| self.covariates_far_from_zero(e));
        let fields = self.fields.iter().flat_map(|f| self.axes_without_variation(f));
        covariates.chain(fields).collect()
    }

    fn covariates_far_from_zero<'a>(
        &'a self,
        e: &'a Equation,
    ) -> impl Iterator<Item = String> + 'a {
        let intercept = e.predictor.fixed().find_map(|t| {
            let [j] = t.parameters.as_slice() else { return None };
            t.covariates.is_empty().then(|| self.parameters[*j].name.as_str())
        });
        e.predictor.fixed().filter(|t| !t.parameters.is_empty()).filter_map(move |t| {
            let ([c], Some(intercept)) = (t.covariates.as_slice(), intercept) else { return None };
            let covariate = &self.data.covariates[*c];
            let (mean, sd) = mean_and_sd(covariate.known());
            (mean.abs() > FAR * sd && sd > 0.0).then(|| {
                let name = &covariate.name;
                let written = self.spec.data.covariates.get(name).cloned().unwrap_or_default();
                format!(
                    "the covariate {name:?} lies far from 0 (mean {mean:.5}, standard deviation \
                     {sd:.3}), so {intercept} is the level at {name} = 0 and hangs on the effect of \
                     {name}; to make it the level at the mean, write under [data]: covariates.{name} \
                     = {}",
                    centered(written)
                )
            })
        })
    }

    fn axes_without_variation<'a>(&'a self, f: &'a Field) -> impl Iterator<Item = String> + 'a {
        let theta: Vec<f64> = self.parameters.iter().map(|p| p.prior.median()).collect();
        let is_default = f.amplitude.free().is_some_and(|j| self.parameters[j].is_default);
        let axes = f.axes.iter().zip(self.data.grid.axes()).filter(move |_| !is_default);
        axes.filter_map(move |(kernel, axis)| {
            let kernel = kernel.as_ref().filter(|k| !k.center)?;
            let (all, varying) = kernel.variances(&theta);
            (!kernel.kernel.has_unit_diagonal() && varying < LITTLE * all).then(|| {
                let (field, axis) = (&f.name, axis.name());
                format!(
                    "the field {field:?} varies along {axis:?} by {:.1} % of its level only, as a \
                     polynomial far from its origin does: write center = [{axis:?}] under \
                     [fields.{field}], beside an intercept, or leave its amplitude to the default",
                    100.0 * (varying / all).sqrt()
                )
            })
        })
    }
}

/// The entry of a covariate, with its mean subtracted.
fn centered(written: CovariateSpec) -> String {
    let quoted = |names: &[String]| match names {
        [one] => format!("{one:?}"),
        many => format!("{many:?}"),
    };
    let variable = written.variable.map(|v| format!("variable = {v:?}, "));
    let along =
        (!written.along.is_empty()).then(|| format!("along = {}, ", quoted(&written.along)));
    format!("{{ {}{}center = true }}", variable.unwrap_or_default(), along.unwrap_or_default())
}
