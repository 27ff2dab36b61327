//! The model as written: names and strings only, straight from TOML, JSON or a builder.

mod data;
mod source;

pub use data::{AxisSpec, CovariateSpec, DataSpec, Labels, Pick, SelValue, Selection};
pub use source::Source;

use gridgp_grid::{Error, Result, minus};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "gridgp model file")]
pub struct ModelSpec {
    /// Where the data lie and what their parts are called.
    pub data: DataSpec,
    /// Parameters by name: a prior such as `"gamma(2, rate = 2)"`, a number that fixes it, or
    /// `"default"`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, Entry>,
    /// Random fields by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fields: IndexMap<String, FieldSpec>,
    /// The distribution of the response.
    pub likelihood: LikelihoodSpec,
    /// How the unknowns are found.
    #[serde(default)]
    pub inference: InferenceSpec,
}

/// A number, or an expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Entry {
    /// A number.
    Number(f64),
    /// An expression.
    Text(String),
}

impl Entry {
    /// The expression as text.
    pub fn text(&self) -> String {
        match self {
            Self::Number(v) => format!("{v:?}"),
            Self::Text(t) => t.clone(),
        }
    }
}

/// A random field: an amplitude, and a kernel for each axis that it lives on. It is constant
/// along the other axes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldSpec {
    /// Its standard deviation: a parameter's name, a prior, or a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amplitude: Option<Entry>,
    /// Axes along which its mean is removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub center: Vec<String>,
    /// The kernel of each axis, by the axis' name; of two axes together by both, `"lat, lon"`.
    #[serde(flatten)]
    pub axes: IndexMap<String, String>,
}

/// The distribution of the response: its family, and an equation for each of its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LikelihoodSpec {
    /// `"gaussian"`, `"poisson"`, `"gev"` …
    pub family: String,
    /// By the parameter's name: a sum of coefficients, fields and covariates, perhaps seen through
    /// a link, `"exp(mu + f)"`; or a number, a parameter's name, a prior.
    #[serde(flatten)]
    pub parameters: IndexMap<String, Entry>,
}

/// How the unknowns are found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InferenceSpec {
    /// The method.
    pub method: Method,
    /// Which density `map` maximizes.
    pub density: Density,
    /// Number of starts: the first is driven by the data, the others are drawn from the priors.
    pub starts: usize,
    /// Iterations allowed to a start.
    pub max_iterations: usize,
    /// Largest entry of the gradient, in the unconstrained parameters, that counts as 0.
    pub tolerance: f64,
    /// Where the first start begins, by parameter; what is left out is driven by the data.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub start: IndexMap<String, f64>,
    /// What is added to the diagonal of a covariance before its Cholesky factorization where
    /// fields are sampled, as a part of the diagonal's mean. Kernels of finite rank need none.
    pub jitter: f64,
    /// Chains of `nuts`.
    pub chains: usize,
    /// Draws that a chain of `nuts` adapts on, and forgets.
    pub tune: usize,
    /// Draws that a chain of `nuts` keeps; draws of `laplace` and `svi` in all.
    pub draws: usize,
    /// The acceptance that the step size of `nuts` aims at.
    pub target_accept: f64,
    /// A trajectory of `nuts` has at most 2^max_depth steps.
    pub max_depth: usize,
    /// What `nuts` samples.
    pub route: Route,
    /// How the covariance of a Gaussian response is taken apart, where fields are integrated out.
    pub algebra: Algebra,
    /// Whether `laplace` corrects the fields given the parameters, and with them the density of the
    /// parameters, for the skewness of the likelihood: moments are matched observation by observation.
    pub correction: bool,
    /// Draws that each chain of a short `nuts` makes after `laplace`, from where that says, to compare them; 0
    /// for none.
    pub check: usize,
    /// The normal distributions among which `svi` searches.
    pub guide: GuideSpec,
    /// Directions of a `low_rank` guide.
    pub rank: usize,
    /// Most steps of `svi`.
    pub steps: usize,
    /// The learning rate of `svi`.
    pub learning_rate: f64,
    /// Draws that `svi` takes in each step.
    pub particles: usize,
    /// How each step of `svi` averages over the fields.
    pub expectation: Expectation,
    /// Whether `svi` ends when its ELBO has stopped rising, before `steps`.
    pub stop_early: bool,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for InferenceSpec {
    fn default() -> Self {
        Self {
            method: Method::Map,
            density: Density::Natural,
            starts: 8,
            max_iterations: 200,
            tolerance: 1e-5,
            start: IndexMap::new(),
            jitter: 1e-8,
            chains: 4,
            tune: 1000,
            draws: 1000,
            target_accept: 0.9,
            max_depth: 10,
            route: Route::Auto,
            algebra: Algebra::Auto,
            correction: true,
            check: 0,
            guide: GuideSpec::MeanField,
            rank: 10,
            steps: 6000,
            learning_rate: 3e-3,
            particles: 1,
            expectation: Expectation::MonteCarlo,
            stop_early: true,
            seed: 0,
        }
    }
}

/// A way to find the unknowns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The parameters of highest posterior density.
    #[default]
    Map,
    /// Draws from the posterior, by the No-U-Turn sampler.
    Nuts,
    /// The joint mode of parameters and fields with its curvature: a normal approximation.
    Laplace,
    /// Variational inference: the nearest of a family of normal distributions.
    Svi,
    /// The best normal distribution along the way to the mode: fast and rough.
    Pathfinder,
}

/// A family of normal distributions of the unknowns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuideSpec {
    /// Independent unknowns.
    #[default]
    MeanField,
    /// A diagonal plus `rank` directions.
    LowRank,
    /// Any covariance.
    FullRank,
}

/// How a step of `svi` averages over the fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// By draws of all unknowns, for any model and guide.
    #[default]
    MonteCarlo,
    /// Exactly for fields at drawn parameters, by Gauss–Hermite quadrature: for the guide
    /// `mean_field`, and models in which no field enters two parameters of the likelihood and at
    /// most three have fields.
    Quadrature,
}

/// What is sampled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// `marginal` where the model allows it, `joint` otherwise.
    #[default]
    Auto,
    /// The parameters, with the field integrated out exactly; then the field from its exact
    /// conditional. For a Gaussian likelihood with one field and the same noise in every cell.
    Marginal,
    /// Parameters and fields together.
    Joint,
}

/// A way to compute with the covariance of the observed cells; all but `iterative` are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algebra {
    /// The one that takes the model and costs least.
    #[default]
    Auto,
    /// Eigenvectors of each axis, or of the places along several axes that are observed at all times:
    /// one field, one σ, and no other cell missing.
    Spectral,
    /// The same, and a column for each missing cell: some thousand at most.
    Complement,
    /// The covariance written out: any fields and noise, some thousand observed cells.
    Dense,
    /// Filters along one long axis: any fields whose kernels there are Markov processes (Matérn, cosine,
    /// periodic, constant, linear, white, their sums and products), any noise and cells, few points on the
    /// other axes.
    StateSpace,
    /// The sparse precision of fields that are such processes, Matérn above all, along every axis, by
    /// nested dissection: any noise and cells, two long axes.
    Sparse,
    /// Conjugate gradients, and random probes for the log determinant: any fields, noise and cells.
    /// The result has a standard error.
    Iterative,
}

impl Algebra {
    /// Its name in model files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Spectral => "spectral",
            Self::Complement => "complement",
            Self::Dense => "dense",
            Self::StateSpace => "state_space",
            Self::Sparse => "sparse",
            Self::Iterative => "iterative",
        }
    }
}

/// A density to maximize. A mode depends on the coordinates in which the density is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Density {
    /// The density of the parameters as they are declared, as PyMC's `find_MAP`.
    #[default]
    Natural,
    /// The density of the unconstrained parameters: with the Jacobian of the transforms.
    Unconstrained,
}

impl ModelSpec {
    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Spec`] with line, column and excerpt; an unknown key comes with the nearest known
    /// one.
    pub fn from_toml(source: &Source) -> Result<Self> {
        toml::from_str(source.text()).map_err(|e| {
            let message = source::with_suggestion(e.message());
            let wrong = e.span().and_then(|span| source.text().get(span.start..));
            let message = match wrong.and_then(|text| text.chars().next()) {
                Some(c) if minus::is_alike(c) => minus::about(c),
                _ => message,
            };
            match e.span() {
                Some(span) => source.error(span, None, &message),
                None => Error::Spec(format!("{}: {message}", source.name())),
            }
        })
    }

    /// The model file that says the same.
    ///
    /// # Panics
    /// Never: every model file can be written.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a model file is a TOML table")
    }

    /// The JSON Schema of model files, for editors.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(ModelSpec).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[data]
file = "observations.csv"
response = "y"
axes = ["x1", "x2"]

[parameters]
ls1 = "gamma(2, rate = 2)"
ls2 = 1.0

[fields.f]
amplitude = 1
x1 = "matern52(lengthscale = ls1)"
x2 = "cosine(period = ls2)"

[likelihood]
family = "gaussian"
location = "f"
scale = 0.5
"#;

    #[test]
    fn a_model_file_reads_and_writes() {
        let spec = ModelSpec::from_toml(&Source::new("m.toml", TEXT)).unwrap();
        assert_eq!(spec.fields["f"].axes["x2"], "cosine(period = ls2)");
        assert_eq!(spec.parameters["ls2"], Entry::Number(1.0));
        assert_eq!(spec.inference, InferenceSpec::default());
        let again = ModelSpec::from_toml(&Source::new("m.toml", spec.to_toml())).unwrap();
        assert_eq!(spec, again);
        let json: ModelSpec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
        assert_eq!(spec, json);
    }

    #[test]
    fn unknown_keys_come_with_the_nearest() {
        let text = TEXT.replace("response", "respones");
        let e = ModelSpec::from_toml(&Source::new("m.toml", &text)).unwrap_err().to_string();
        assert!(e.contains("m.toml:4:1") && e.contains("did you mean \"response\"?"), "{e}");
    }

    #[test]
    fn another_minus_is_named() {
        let text = TEXT.replace("amplitude = 1", "amplitude = \u{2212}1");
        let e = ModelSpec::from_toml(&Source::new("m.toml", &text)).unwrap_err().to_string();
        assert!(e.contains("m.toml:12:13") && e.contains("U+2212"), "{e}");
        let text = TEXT.replace("ls2 = 1.0", "ls2 = [1, \u{2212}1]");
        let e = ModelSpec::from_toml(&Source::new("m.toml", &text)).unwrap_err().to_string();
        assert!(e.contains("U+2212"), "{e}");
    }

    #[test]
    fn the_schema_names_every_section() {
        let schema = ModelSpec::json_schema().to_string();
        for key in ["data", "parameters", "fields", "likelihood", "inference", "standardize"] {
            assert!(schema.contains(&format!("\"{key}\"")), "{key}");
        }
    }
}
