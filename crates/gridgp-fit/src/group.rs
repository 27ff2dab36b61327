//! Draws and data in ArviZ's layout.
//!
//! Each group of the file is an xarray dataset: draws have the dimensions `chain` and `draw` and
//! then those of the model, with their coordinates. `gridgp_io` writes files of them that
//! ArviZ's `from_netcdf` and xarray's `open_datatree` open.
//!
//! | group | contents |
//! |---|---|
//! | `posterior`, `prior`, `unconstrained_posterior` | draws of parameters and fields |
//! | `posterior_predictive`, `prior_predictive` | draws of the response |
//! | `log_likelihood` | log density of each observation at each draw |
//! | `sample_stats` | `lp`, `diverging`, `tree_depth`, `n_steps`, `step_size`, `acceptance_rate`, `energy`, `max_energy_error` |
//! | `observed_data`, `constant_data` | the response; covariates |

use gridgp_grid::{Axis, Dataset};

use crate::{Attribute, Scaling};

/// A group of draws or of data.
///
/// ```
/// use gridgp_grid::Axis;
/// use gridgp_fit::{DrawValues, InferenceGroup, InferenceVariable};
///
/// let station = Axis::numbers("station", vec![7.0, 8.0])?;
/// let mut posterior = InferenceGroup::draws("posterior", 1, 3, vec![station]);
/// posterior.variables = vec![
///     InferenceVariable::numbers("base", &["station"], vec![0.1, 0.2, 1.1, 1.2, 2.1, 2.2]),
///     InferenceVariable::numbers("scale", &[], vec![0.5, 0.6, 0.7]).with("units", "K"),
/// ];
/// let base = &posterior.variable("base").unwrap().values;
/// assert_eq!(base.len(), 1 * 3 * 2);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct InferenceGroup {
    /// `"posterior"`, `"sample_stats"`, `"observed_data"` …
    pub name: String,
    /// How many draws there are; `None` for data.
    pub samples: Option<Samples>,
    /// Dimensions of the variables, besides `chain` and `draw`, with their coordinates. Those that
    /// no variable has are not written.
    pub axes: Vec<Axis>,
    /// What is drawn or known.
    pub variables: Vec<InferenceVariable>,
    /// Attributes of the group, `sampling_time`, `tuning_steps` …; `inference_library` and its
    /// version are added.
    pub attributes: Vec<(String, Attribute)>,
}

/// How many draws a group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Samples {
    /// Chains.
    pub chains: usize,
    /// Draws of each chain.
    pub draws: usize,
}

/// A variable of an [`InferenceGroup`].
#[derive(Debug, Clone, PartialEq)]
pub struct InferenceVariable {
    /// Its name. That of a coordinate takes the place of the coordinate.
    pub name: String,
    /// Names of its axes, slowest first, without `chain` and `draw`.
    pub dims: Vec<String>,
    /// Row-major: `chain`, `draw`, then `dims`, the last one fastest.
    pub values: DrawValues,
    /// `units`, `long_name` …
    pub attributes: Vec<(String, Attribute)>,
}

/// Values of an [`InferenceVariable`].
#[derive(Debug, Clone, PartialEq)]
pub enum DrawValues {
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// Integers.
    Integers(Vec<i64>),
    /// Yes or no.
    Flags(Vec<bool>),
}

impl DrawValues {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(v) => v.len(),
            Self::Integers(v) => v.len(),
            Self::Flags(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl InferenceVariable {
    /// A variable without attributes.
    pub fn new(name: impl Into<String>, dims: &[&str], values: DrawValues) -> Self {
        let dims = dims.iter().map(|&d| d.to_owned()).collect();
        Self { name: name.into(), dims, values, attributes: vec![] }
    }

    /// A variable of numbers without attributes.
    pub fn numbers(name: impl Into<String>, dims: &[&str], values: Vec<f64>) -> Self {
        Self::new(name, dims, DrawValues::Numbers(values))
    }

    /// The same variable with one more attribute.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Attribute>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }
}

impl InferenceGroup {
    /// A group of draws, as yet without variables.
    pub fn draws(name: impl Into<String>, chains: usize, draws: usize, axes: Vec<Axis>) -> Self {
        let samples = Some(Samples { chains, draws });
        Self { samples, ..Self::data(name, axes) }
    }

    /// A group of data, as yet without variables.
    pub fn data(name: impl Into<String>, axes: Vec<Axis>) -> Self {
        Self { name: name.into(), samples: None, axes, variables: vec![], attributes: vec![] }
    }

    /// The group `observed_data`: the response on its grid, NaN where it is missing.
    pub fn observed_data(data: &Dataset) -> Self {
        let y = &data.response;
        let mut values = y.values.clone();
        y.missing_cells().into_iter().for_each(|cell| values[cell] = f64::NAN);
        let names: Vec<&str> = data.grid.axes().iter().map(Axis::name).collect();
        let mut response = InferenceVariable::numbers(y.name.as_str(), &names, values);
        for (key, text) in [("units", &y.units), ("long_name", &y.long_name)] {
            if let Some(text) = text {
                response = response.with(key, text.as_str());
            }
        }
        let mut group = Self::data("observed_data", data.grid.axes().to_vec());
        group.variables.push(response);
        group
    }

    /// The group `constant_data`: the covariates as used, with `center` and `scale` that say what
    /// was subtracted and divided, NaN where they are missing. `scalings` are those of the covariates, in their order.
    ///
    /// A covariate that is a coordinate of its axis takes the place of the coordinate.
    pub fn constant_data(data: &Dataset, scalings: &[Scaling]) -> Self {
        let axes = data.grid.axes();
        let mut group = Self::data("constant_data", axes.to_vec());
        for (i, c) in data.covariates.iter().enumerate() {
            let dims: Vec<&str> = c.axes.iter().map(|&a| axes[a].name()).collect();
            let mut values = c.values.clone();
            for (value, _) in values.iter_mut().zip(c.missing.iter().flatten()).filter(|v| *v.1) {
                *value = f64::NAN;
            }
            let mut v = InferenceVariable::numbers(c.name.as_str(), &dims, values);
            if let Some(scaling) = scalings.get(i) {
                v = v.with("center", scaling.center).with("scale", scaling.scale);
            }
            if let Some(units) = &c.units {
                v = v.with("units", units.as_str());
            }
            group.variables.push(v);
        }
        group
    }

    /// The variable called `name`.
    pub fn variable(&self, name: &str) -> Option<&InferenceVariable> {
        self.variables.iter().find(|v| v.name == name)
    }
}
