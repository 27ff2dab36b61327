//! From a model with its data to a fit, for every front-end alike.
//!
//! [`fit`] runs the method that the model names, and makes the groups and the summary of the fit
//! file. What belongs to the program around it, bars, interruption, clock and memory, it asks of a
//! [`Host`]. The same model, data and seed give the same numbers, whoever asks.

mod approximate;
mod beside_nuts;
mod map;
mod nuts;
mod summary;

pub(crate) use summary::common;

use gridgp_model::spec::{Method, Source};
use gridgp_model::{Model, seams};
use serde_json::Value;

use crate::{DrawLog, Error, Fit, Host, InferenceGroup, Result, Scaling, doubts};

/// What a fit gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// What was found.
    pub fit: Fit,
    /// Its summary.
    pub summary: Value,
    /// Whether the host ended it.
    pub interrupted: bool,
}

impl Fitted {
    /// What a statistician would want to know before believing the numbers.
    pub fn warnings(&self) -> Vec<&str> {
        self.summary["warnings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }
}

/// What a method found.
struct Found {
    groups: Vec<InferenceGroup>,
    summary: Value,
    interrupted: bool,
}

/// Refuses what [`fit`] would refuse before its search begins: more memory than there is, and a model
/// that the method of its `[inference]` cannot take.
///
/// # Errors
/// The words of [`fit`].
pub fn check(model: &Model, host: &dyn Host) -> Result<()> {
    let (bytes, what) = gridgp_infer::memory(model);
    host.admit(bytes, &what).map_err(Error::Memory)?;
    Ok(gridgp_infer::check(model)?)
}

/// Fits `model` by the method of its `[inference]`.
///
/// `source` is the text of the model and `scalings` what was done to its covariates, in their
/// order; both go into the fit. `log` is used by `nuts` alone.
///
/// # Errors
/// The method cannot take the model, or finds nothing; the log cannot be written, or belongs to
/// another run; the host does not admit what would be drawn.
///
/// ```
/// use gridgp_grid::{Axis, Dataset, Grid, Variable};
/// use gridgp_model::{Model, spec::{ModelSpec, Source}};
/// use gridgp_fit::{Quiet, fit};
///
/// let x = Axis::numbers("x", (0..20).map(f64::from).collect())?;
/// let y = (0..20).map(|i| (0.5 * f64::from(i)).sin() + 0.01 * f64::from(i % 3)).collect();
/// let data = Dataset::new(Grid::new(vec![x])?, Variable::new("y", y), vec![])?;
/// let source = Source::new(
///     "m.toml",
///     "[data]\nresponse = 'y'\naxes = ['x']\n[fields.f]\nx = 'matern52()'\n\
///      [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n",
/// );
/// let model = Model::new(ModelSpec::from_toml(&source)?, &source, data)?;
/// let fitted = fit(&model, &source, &[], None, &Quiet)?;
/// assert_eq!(fitted.summary["converged"], true);
/// assert!(fitted.fit.parameter("f.x.lengthscale").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fit(
    model: &Model,
    source: &Source,
    scalings: &[Scaling],
    log: Option<&dyn DrawLog>,
    host: &dyn Host,
) -> Result<Fitted> {
    check(model, host)?;
    let method = model.spec.inference.method;
    let mut found = match method {
        Method::Map => map::fit(model, host)?,
        Method::Nuts => nuts::fit(model, log, host)?,
        Method::Laplace | Method::Svi | Method::Pathfinder => approximate::fit(model, host)?,
    };
    if let Some(warnings) = found.summary["warnings"].as_array_mut() {
        let before = doubts(&model.data, scalings).into_iter().chain(seams(model));
        warnings.splice(..0, before.map(Value::from));
        warnings.extend(model.advice().into_iter().map(Value::from));
    }
    let fit = Fit {
        version: env!("CARGO_PKG_VERSION").into(),
        source: source.clone(),
        data: model.data.clone(),
        scalings: scalings.to_vec(),
        method: name(method).into(),
        seed: model.spec.inference.seed,
        groups: found.groups,
        summary: format!("{:#}", found.summary),
    };
    Ok(Fitted { fit, summary: found.summary, interrupted: found.interrupted })
}

/// A method as model files call it.
fn name(method: Method) -> &'static str {
    match method {
        Method::Map => "map",
        Method::Nuts => "nuts",
        Method::Laplace => "laplace",
        Method::Svi => "svi",
        Method::Pathfinder => "pathfinder",
    }
}
