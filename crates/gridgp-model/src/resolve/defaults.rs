//! Priors for what a model file leaves open, from the extent and the spread of the data.
//!
//! | quantity | default prior |
//! |---|---|
//! | lengthscale, period | log-normal, 95 % between the shortest distance (twice that for a period) and the longest |
//! | other positive shape parameters | log_normal(0, 1) |
//! | exponent around a circle | truncated_normal(1, 2, lower = 0.5) |
//! | field amplitude | half-normal, twice the standard deviation of the response (over the size of a kernel without unit diagonal, or of its variation where that is a tenth of it or less) |
//! | amplitude or variance inside a kernel | half_normal(1) |
//! | weight of a coregionalization | normal(0, 1) |
//! | noise | half-normal, the standard deviation of the response |
//! | intercept | normal, mean and 2.5 standard deviations of the response, times √(1 + Σ (mean/sd)²) over the covariates beside it |
//! | effect of a covariate | normal, 0 and 2.5 standard deviations of the response over the covariate's |
//! | the same behind a link | the mean or the spread of the response seen through the link, 1 in place of the standard deviation |
//!
//! Numbers are rounded to three digits, so that what `check` prints is what is used.

use gridgp_dist::{Distribution, Prior};
use gridgp_grid::{Axis, Dataset, Error};
use gridgp_kernel::{Covariance, KernelParameter, Role};
use gridgp_likelihood::{DefaultValue, LikelihoodParameter};

use super::level::{Level, mean_and_sd};
use crate::AxisKernel;
use crate::language::{ExprKind, parse};
use crate::param::Parameter;

/// What a quantity is used for.
#[derive(Clone, Copy)]
pub(super) enum Use<'a> {
    /// The noise' standard deviation.
    Noise,
    /// The factor of some covariates, and perhaps of a field, in a predictor at this level; `lever` is
    /// how much further than that an intercept may lie.
    Coefficient { covariates: &'a [usize], field: Option<usize>, level: &'a Level, lever: f64 },
    /// A field's standard deviation.
    FieldAmplitude { axes: &'a [Option<AxisKernel>], level: &'a Level },
    /// A parameter of the likelihood itself, whose typical value is known.
    Likelihood { parameter: &'a LikelihoodParameter, typical: f64 },
    /// A parameter of a kernel.
    Kernel { role: Role, parameter: Option<&'a KernelParameter>, axis: Option<&'a Axis> },
    /// A lengthscale along one or both axes of a plane.
    PlaneLengthscale { axes: &'a [&'a Axis] },
}

impl Use<'_> {
    /// The smallest value, or the one that no value reaches.
    pub(super) fn lower_bound(&self) -> Option<f64> {
        match self {
            Self::Coefficient { .. } => None,
            Self::Likelihood { parameter, .. } => {
                Some(parameter.domain.lower()).filter(|l| l.is_finite())
            }
            Self::Noise | Self::FieldAmplitude { .. } | Self::PlaneLengthscale { .. } => Some(0.0),
            Self::Kernel { role, .. } => role.lower_bound(),
        }
    }

    /// Why the smallest value is not 0, to be said behind it.
    pub(super) fn why(&self) -> &'static str {
        match self {
            Self::Kernel { role: Role::SummableExponent, .. } => {
                ": with heavier tails the images around a circle have no sum"
            }
            _ => "",
        }
    }

    /// Whether the quantity can be fixed at this value.
    pub(super) fn admits(&self, value: f64) -> bool {
        match self {
            Self::Coefficient { .. } => value.is_finite(),
            Self::Noise | Self::FieldAmplitude { .. } | Self::PlaneLengthscale { .. } => {
                value > 0.0 && value.is_finite()
            }
            Self::Likelihood { parameter, .. } => parameter.domain.contains(value),
            Self::Kernel { role, .. } => role.admits(value),
        }
    }
}

/// The facts about the data that defaults depend on.
pub(super) struct Defaults<'a> {
    data: &'a Dataset,
    origin: f64,
    modelled_unit: f64,
    sd: f64,
    standardized: bool,
}

impl<'a> Defaults<'a> {
    /// Mean and standard deviation of the modelled response.
    pub(super) fn new(data: &'a Dataset, (origin, unit): (f64, f64)) -> gridgp_grid::Result<Self> {
        let (mean, sd) = mean_and_sd(data.observed());
        if sd <= 1e-12 * mean.abs() || sd == 0.0 {
            return Err(Error::Data(format!(
                "{:?} is {mean} in every cell: there is nothing to model",
                data.response.name
            )));
        }
        let standardized = (origin, unit) != (0.0, 1.0);
        Ok(Self { data, origin, modelled_unit: unit, sd: sd / unit, standardized })
    }

    /// The unit of a quantity, where it has one.
    pub(super) fn unit(&self, usage: &Use<'_>) -> Option<String> {
        let response = || {
            if self.standardized { None } else { self.data.response.units.clone() }
        };
        match usage {
            Use::Noise => response(),
            Use::Likelihood { parameter, .. } => match parameter.default {
                DefaultValue::Noise => response(),
                _ => None,
            },
            Use::FieldAmplitude { level, .. }
            | Use::Coefficient { covariates: [], field: None, level, .. } => {
                if level.in_response_units { response() } else { None }
            }
            Use::Kernel { role: Role::Lengthscale { .. } | Role::Period, parameter, axis } => {
                let inputs = parameter.as_ref()?.inputs.as_ref()?;
                if inputs.metric() == gridgp_kernel::Metric::GreatCircle {
                    return Some("km".into());
                }
                length_unit(axis.as_ref()?, inputs.columns()[0])
            }
            Use::PlaneLengthscale { axes } => length_unit(axes[0], 0),
            _ => None,
        }
    }

    /// Center and spread of a predictor, on the scale of the modelled response.
    fn modelled(&self, level: &Level) -> (f64, f64) {
        if !level.in_response_units {
            return (level.center, level.spread);
        }
        ((level.center - self.origin) / self.modelled_unit, level.spread / self.modelled_unit)
    }

    /// The default prior of a quantity.
    ///
    /// # Errors
    /// The data leave the numbers that a prior can have.
    pub(super) fn prior(&self, usage: &Use<'_>, parameters: &[Parameter]) -> Result<Prior, String> {
        match usage {
            Use::Noise => made("half_normal", &[self.sd]),
            Use::FieldAmplitude { axes, level } => {
                let (_, spread) = self.modelled(level);
                made("half_normal", &[2.0 * spread / typical_size(axes, parameters)])
            }
            Use::Likelihood { parameter, typical } => match parameter.default {
                DefaultValue::Noise => made("half_normal", &[self.sd]),
                DefaultValue::Prior(text) => Ok(written_prior(text)),
                _ if parameter.domain.upper() == 1.0 => made("uniform", &[0.0, 1.0]),
                _ => made("half_normal", &[2.0 * typical.abs().max(f64::MIN_POSITIVE)]),
            },
            Use::Coefficient { covariates, field, level, lever } => {
                let size: f64 =
                    covariates.iter().map(|&c| spread(self.data.covariates[c].known())).product();
                let (center, spread) = self.modelled(level);
                match field {
                    Some(_) => made("normal", &[0.0, 1.0 / size]),
                    None if covariates.is_empty() => {
                        made("normal", &[center, 2.5 * spread * lever])
                    }
                    None => made("normal", &[0.0, 2.5 * spread / size]),
                }
            }
            Use::PlaneLengthscale { axes } => {
                let (shortest, longest) = distances(axes);
                between(shortest, longest)
            }
            Use::Kernel { role, parameter, axis } => {
                let distances = parameter
                    .as_ref()
                    .and_then(|p| p.inputs.as_ref())
                    .zip(axis.as_ref())
                    .and_then(|(inputs, axis)| inputs.distances(&axis.points()));
                let (shortest, longest) = distances.unwrap_or((1.0, 1.0));
                match role {
                    Role::Lengthscale { .. } => between(shortest, longest),
                    Role::Period => between(2.0 * shortest, longest),
                    Role::PeriodicLengthscale | Role::Exponent => made("log_normal", &[0.0, 1.0]),
                    Role::SummableExponent => {
                        Ok(written_prior("truncated_normal(1, 2, lower = 0.5)"))
                    }
                    Role::Center { column } => {
                        let (mean, sd) = axis.as_ref().map_or((0.0, 1.0), |axis| {
                            let x: Vec<f64> = axis.points().column(*column).collect();
                            (x.iter().sum::<f64>() / x.len() as f64, spread(x.iter().copied()))
                        });
                        made("normal", &[mean, 2.0 * sd])
                    }
                    Role::Offset => made("half_normal", &[longest * longest]),
                    Role::Amplitude | Role::Variance => made("half_normal", &[1.0]),
                    Role::Weight => made("normal", &[0.0, 1.0]),
                }
            }
        }
    }
}

/// The unit of a distance along a coordinate of an axis.
fn length_unit(axis: &Axis, column: usize) -> Option<String> {
    let unit = axis.coordinates()[column].units.clone()?;
    // A date's unit counts from somewhere; a difference of dates does not.
    Some(unit.split(" since ").next().unwrap_or(&unit).to_owned())
}

/// The shortest and the longest distance between points of a grid of these axes.
fn distances(axes: &[&Axis]) -> (f64, f64) {
    let (mut shortest, mut square) = (f64::INFINITY, 0.0);
    for axis in axes {
        let mut points: Vec<f64> = axis.points().column(0).collect();
        points.sort_by(f64::total_cmp);
        shortest = points.windows(2).map(|p| p[1] - p[0]).fold(shortest, f64::min);
        square += (points[points.len() - 1] - points[0]).powi(2);
    }
    (shortest, square.sqrt())
}

/// A prior in the language of model files, written in the sources.
pub(super) fn written_prior(text: &str) -> Prior {
    let e = parse(text).expect("what the sources write is tested");
    let ExprKind::Call(call) = &e.kind else { unreachable!("a prior is a call") };
    super::names::prior(call, &e).expect("what the sources write is tested")
}

/// A log-normal with 95 % between two distances.
fn between(shortest: f64, longest: f64) -> Result<Prior, String> {
    let (low, high) = (shortest.ln(), longest.max(2.0 * shortest).ln());
    made("log_normal", &[0.5 * (low + high), (0.25 * (high - low)).max(0.5)])
}

/// Standard deviation, or 1 where that is 0.
fn spread(x: impl Iterator<Item = f64> + Clone) -> f64 {
    let (_, sd) = mean_and_sd(x);
    if sd > 0.0 { sd } else { 1.0 }
}

/// The standard deviation of a field of amplitude 1, at the medians of its kernels' priors; its
/// variation alone along an axis where that is little beside its level, as of a polynomial of years.
fn typical_size(axes: &[Option<AxisKernel>], parameters: &[Parameter]) -> f64 {
    let theta: Vec<f64> = parameters.iter().map(|p| p.prior.median()).collect();
    let mut variance = 1.0;
    for axis in axes.iter().flatten().filter(|a| !a.kernel.has_unit_diagonal()) {
        let (all, varying) = axis.variances(&theta);
        variance *= if axis.center || varying < LITTLE * all { varying } else { all };
    }
    if variance > 0.0 && variance.is_finite() { variance.sqrt() } else { 1.0 }
}

/// The share of its variance with which a field still varies enough.
pub(crate) const LITTLE: f64 = 0.01;

fn made(name: &str, arguments: &[f64]) -> Result<Prior, String> {
    let arguments: Vec<(Option<&str>, f64)> =
        arguments.iter().map(|&v| (None, three_digits(v))).collect();
    Prior::from_call(name, &arguments).map_err(|e| {
        format!("the data give no default prior ({e}): write a prior, or take other units")
    })
}

fn three_digits(v: f64) -> f64 {
    format!("{v:.2e}").parse().expect("a formatted number is a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengthscales_lie_between_spacing_and_extent() {
        let prior = between(0.1, 10.0).unwrap();
        assert!((prior.quantile(0.025) / 0.1).ln().abs() < 0.1, "{prior}");
        assert!((prior.quantile(0.975) / 10.0).ln().abs() < 0.1, "{prior}");
        assert_eq!(three_digits(123_456.0), 123_000.0);
    }
}
