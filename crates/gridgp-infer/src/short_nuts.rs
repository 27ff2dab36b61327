//! A short `nuts` from where an approximation says that the posterior is, to compare them.

use gridgp_density::{Joint, Samples};
use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use gridgp_model::spec::{Method, Route};

use super::sample::{SamplePlan, plan};

/// The model with `[inference] check` draws of `nuts` a chain in place of its method, after as many of tuning.
///
/// ```
/// # use gridgp_grid::{Axis, Dataset, Grid, Variable};
/// # use gridgp_model::{Model, spec::{Method, ModelSpec, Source}};
/// # let x = Axis::numbers("x", vec![0.0, 1.0, 2.5])?;
/// # let data = Dataset::new(Grid::new(vec![x])?, Variable::new("y", vec![1.0, 0.0, 3.0]), vec![])?;
/// let source = Source::new(
///     "m.toml",
///     "[data]\nresponse = 'y'\naxes = ['x']\n[fields.f]\nx = 'matern12()'\n[likelihood]\n\
///      family = 'poisson'\nrate = 'exp(f)'\n[inference]\nmethod = 'laplace'\ncheck = 200\n",
/// );
/// let model = Model::new(ModelSpec::from_toml(&source)?, &source, data)?;
/// let checking = gridgp_infer::checking_model(&model);
/// assert_eq!((checking.spec.inference.method, checking.spec.inference.draws), (Method::Nuts, 200));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn checking_model(model: &Model) -> Model {
    let mut model = model.clone();
    let spec = &mut model.spec.inference;
    (spec.tune, spec.draws) = (spec.check, spec.check);
    (spec.method, spec.route) = (Method::Nuts, Route::Joint);
    model
}

/// How a [`checking_model`] is sampled: by the joint density, each chain from a draw of the approximation.
///
/// # Errors
/// As [`plan`]; [`Error::Spec`] where there are fewer draws than chains.
pub fn checking_plan(model: &Model, draws: &Samples) -> Result<SamplePlan> {
    let mut plan = plan(model)?;
    let chains = plan.starts.len();
    if draws.len() < chains {
        return Err(Error::Spec(format!(
            "inference.check begins its {chains} chains at draws, of which there are {}: raise draws",
            draws.len()
        )));
    }
    let (mut joint, density) = (Joint::new(model)?, plan.density.as_mut());
    let density = density.expect("the joint route has a density");
    for (chain, start) in plan.starts.iter_mut().enumerate() {
        density.from_joint(&mut joint, draws.at(chain * draws.len() / chains), start)?;
    }
    Ok(plan)
}
