//! Draws from the posterior of a model, by the route that suits it.

use std::ops::ControlFlow;

use faer::Mat;
use gridgp_dense::{Cholesky, norm};
use gridgp_density::{
    InformedJoint, Joint, LogDensity, LogPosterior, Marginal, Samples, refuse_planes,
};
use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use gridgp_model::spec::{Algebra, Density, Route};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;

use super::curvature::negative_hessian;
use super::joint_start::{JointStart, joint_start};
use super::map::{Search, search};
use super::{
    ChainState, Draws, Event, Metric, NutsOptions, Progress, Whitening, nuts, verify_draws,
};

/// Keeps the random numbers of the fields apart from those of the sampler.
const FIELDS: u64 = 0x6669_656c_6473;
/// The same for the starts.
pub(super) const STARTS: u64 = 0x7374_6172_7473;

/// With so many missing cells the marginal of `kron2d` takes twice as long as the joint density: up to
/// here its few unknowns are worth that.
pub(super) const MOST_MISSING: usize = 40;

/// What a run of `nuts` is about, before it begins.
#[derive(Debug, Clone)]
pub struct SamplePlan {
    /// `Marginal` or `Joint`.
    pub route: Route,
    /// Number of unknowns that are sampled.
    pub dim: usize,
    /// Where each chain begins, in the unknowns that are sampled: those of [`LogPosterior`] or of
    /// [`InformedJoint`].
    pub starts: Vec<Vec<f64>>,
    /// On the joint route the density, whose unknowns suit the data.
    pub density: Option<InformedJoint>,
    /// The settings of the sampler.
    pub options: NutsOptions,
}

/// Draws of the posterior.
#[derive(Debug, Clone)]
pub struct Sampled {
    /// Draws of all unknowns of [`Joint`]; the first of each chain, as many as the shortest has.
    pub samples: Samples,
    /// What the sampler made, in the unknowns that it sampled, with the statistics of each draw.
    pub draws: Draws,
    /// What was sampled.
    pub route: Route,
}

/// The route of `nuts`, `Marginal` or `Joint`: that of the model's `[inference]`, or where it says
/// `auto` the marginal one, if the model has one and at most 40 cells are missing.
///
/// # Errors
/// [`Error::Spec`] if the marginal route is asked for and the model has none, or for fields that neither
/// takes.
pub fn route(model: &Model) -> Result<Route> {
    refuse_planes(model)?;
    let asked = model.spec.inference.route;
    if asked == Route::Joint {
        return Ok(Route::Joint);
    }
    let missing = model.data.response.missing_cells().len();
    match Marginal::plan_of(model) {
        Err(e) if asked == Route::Marginal => Err(e),
        Ok(_) if asked == Route::Marginal && !draws_fields(model) => Err(Error::Spec(
            "inference.route = \"marginal\" draws the field of models with one field, covariates along \
             one axis each, and the same noise in every cell; leave it out"
                .into(),
        )),
        Ok(plan) if asked == Route::Marginal && plan.algebra == Algebra::Iterative => {
            Err(Error::Spec(
                "inference.route = \"marginal\" needs an exact algebra: the errors of conjugate \
                 gradients and probes would be taken for the posterior by nuts; leave it out"
                    .into(),
            ))
        }
        Ok(plan) if plan.algebra == Algebra::Iterative => Ok(Route::Joint),
        Ok(_) if draws_fields(model) && (asked == Route::Marginal || missing <= MOST_MISSING) => {
            Ok(Route::Marginal)
        }
        _ => Ok(Route::Joint),
    }
}

/// Whether the field given parameters can be drawn exactly, [`Joint::draw_fields`].
pub fn draws_fields(model: &Model) -> bool {
    let along_one = |&c: &usize| model.data.covariates[c].axes.len() == 1;
    model.gaussian().is_some_and(|(location, _)| {
        let terms: Vec<_> = location.random().map(|(_, t)| t).collect();
        matches!(terms.as_slice(), [t] if t.covariates.iter().all(along_one))
    })
}

/// How the posterior of a model is sampled, with the settings of its `[inference]`.
///
/// Chains start around a mode:
/// of the marginal posterior, or for the joint density where a short climb from data-driven
/// values leads. A start outside of the support is drawn anew. The joint density is sampled in the
/// unknowns of [`InformedJoint`], with the information that the data have around its mode.
///
/// # Errors
/// [`Error::Spec`] if the marginal route is asked for and the model has none;
/// [`Error::Inference`] if no start inside the support is found.
pub fn plan(model: &Model) -> Result<SamplePlan> {
    let spec = &model.spec.inference;
    let route = route(model)?;
    let (starts, scales, density) = match route {
        Route::Marginal => {
            let (starts, scales) = marginal_starts(model)?;
            (starts, scales, None)
        }
        _ => {
            let JointStart { starts, density, sds, .. } = joint_start(model, spec.chains)?;
            (starts, sds, Some(density))
        }
    };
    let options = NutsOptions {
        tune: spec.tune,
        draws: spec.draws,
        target_accept: spec.target_accept,
        max_depth: spec.max_depth,
        metric: Metric::LowRank,
        whitening: Some(Whitening::diagonal(scales)),
        seed: spec.seed,
        ..NutsOptions::default()
    };
    Ok(SamplePlan { route, dim: starts[0].len(), starts, density, options })
}

/// Runs a plan.
///
/// On the marginal route each draw of the parameters is followed by an exact draw of the field given
/// them, so that both routes give draws of the same unknowns. `resume` and `observe` are as for
/// [`nuts()`]; `earlier` holds the draws of an interrupted run that is gone on with.
///
/// # Errors
/// As [`nuts()`].
pub fn sample(
    model: &Model,
    plan: &SamplePlan,
    earlier: Option<(Draws, &[ChainState])>,
    observe: &(dyn Fn(&Event) -> ControlFlow<()> + Sync),
) -> Result<Sampled> {
    let (earlier, resume) = earlier.unzip();
    let run = |draws: Result<Draws>| -> Result<Draws> {
        let mut draws = draws?;
        if let Some(mut all) = earlier.clone() {
            for (chain, later) in all.chains.iter_mut().zip(draws.chains) {
                chain.append(later);
            }
            all.interrupted = draws.interrupted;
            draws = all;
        }
        Ok(draws)
    };
    let samples = match plan.route {
        Route::Joint => {
            let density = plan.density.as_ref().expect("plan() has made it");
            let make = || density.clone();
            let draws = run(nuts(&make, &plan.starts, &plan.options, resume, observe))?;
            (whitened(model, density, gather(&draws, plan.dim))?, draws)
        }
        _ => {
            let posterior = LogPosterior::new(model, Density::Unconstrained)?;
            let make = || posterior.clone();
            let draws = run(nuts(&make, &plan.starts, &plan.options, resume, observe))?;
            (fields_given(model, &gather(&draws, plan.dim), plan.options.seed)?, draws)
        }
    };
    let (samples, draws) = samples;
    if samples.is_empty() {
        return Err(Error::Inference(
            "the run was stopped before every chain had a draw: there is nothing to keep".into(),
        ));
    }
    Ok(Sampled { samples, draws, route: plan.route })
}

/// Refuses draws of an interrupted run that this plan would not have made.
///
/// # Errors
/// As [`verify_draws`].
pub fn verify_earlier(model: &Model, plan: &SamplePlan, earlier: &Draws) -> Result<()> {
    match &plan.density {
        Some(density) => verify_draws(&|| density.clone(), &plan.options, &earlier.chains),
        None => {
            let posterior = LogPosterior::new(model, Density::Unconstrained)?;
            verify_draws(&|| posterior.clone(), &plan.options, &earlier.chains)
        }
    }
}

/// The first draws of each chain, as many as the shortest has.
fn gather(draws: &Draws, dim: usize) -> Samples {
    let count = draws.chains.iter().map(|c| c.len()).min().unwrap_or(0);
    let x = draws.chains.iter().flat_map(|c| &c.x[..count * dim]).copied().collect();
    Samples { chains: draws.chains.len(), draws: count, dim, x }
}

/// Takes draws of the unknowns that were sampled to those of [`Joint`].
pub(super) fn whitened(
    model: &Model,
    density: &InformedJoint,
    mut samples: Samples,
) -> Result<Samples> {
    let joint = Joint::new(model)?;
    samples.x.par_chunks_exact_mut(samples.dim).try_for_each_init(
        || (density.clone(), joint.clone(), vec![0.0; samples.dim]),
        |(density, joint, sampled), x| {
            sampled.copy_from_slice(x);
            density.to_joint(joint, sampled, x)
        },
    )?;
    Ok(samples)
}

/// Adds to each draw of the parameters a draw of the field given them and the data.
///
/// # Errors
/// As [`Joint::draw_fields`].
pub fn fields_given(model: &Model, parameters: &Samples, seed: u64) -> Result<Samples> {
    let joint = Joint::new(model)?;
    let dim = joint.dim();
    let mut x = vec![0.0; parameters.len() * dim];
    x.par_chunks_exact_mut(dim).enumerate().try_for_each_init(
        || joint.clone(),
        |joint, (i, x)| {
            x[..parameters.dim].copy_from_slice(parameters.at(i));
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ FIELDS);
            rng.set_stream(i as u64);
            joint.draw_fields(x, &mut rng)
        },
    )?;
    Ok(Samples { dim, x, ..parameters.clone() })
}

/// Starts from the normal approximation of the marginal posterior at its mode, and its standard
/// deviations.
fn marginal_starts(model: &Model) -> Result<(Vec<Vec<f64>>, Vec<f64>)> {
    let spec = &model.spec.inference;
    let silent = |_: &Progress| ControlFlow::Continue(());
    let Search { mut posterior, optimum, .. } = search(model, Density::Unconstrained, &silent)?;
    let mode = optimum.x;
    let spread = spread_at(&mut posterior, &mode);
    let draw = |chain: usize, attempt: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(spec.seed ^ STARTS);
        rng.set_stream((chain + (attempt << 32)) as u64);
        let z: Vec<f64> = mode.iter().map(|_| StandardNormal.sample(&mut rng)).collect();
        // The further from the mode, the less the approximation is worth.
        let shrink = 0.5f64.powi(attempt as i32);
        (0..mode.len())
            .map(|i| mode[i] + shrink * (0..=i).map(|k| spread[(i, k)] * z[k]).sum::<f64>())
            .collect()
    };
    let sds = (0..mode.len()).map(|i| norm(spread.row(i).as_mat())).collect();
    Ok((inside(&mut posterior, spec.chains, draw)?, sds))
}

/// A root of the inverse of the negative Hessian, or 0.1 I where that is not positive definite.
fn spread_at(density: &mut impl LogDensity, mode: &[f64]) -> Mat<f64> {
    let d = mode.len();
    let hessian = negative_hessian(density, mode);
    let covariance = Cholesky::new(hessian.as_ref()).and_then(|precision| {
        let mut inverse = Mat::identity(d, d);
        precision.solve_in_place(inverse.as_mut());
        Cholesky::new(inverse.as_ref())
    });
    match covariance {
        Ok(root) => root.l().to_owned(),
        Err(_) => Mat::from_fn(d, d, |i, j| if i == j { 0.1 } else { 0.0 }),
    }
}

/// For each chain the first of its draws where the density is finite.
pub(super) fn inside(
    density: &mut impl LogDensity,
    chains: usize,
    draw: impl Fn(usize, usize) -> Vec<f64>,
) -> Result<Vec<Vec<f64>>> {
    let mut gradient = vec![0.0; density.dim()];
    (0..chains)
        .map(|chain| {
            (0..100)
                .map(|attempt| draw(chain, attempt))
                .find(|x| density.log_density_gradient(x, &mut gradient).is_finite())
                .ok_or_else(|| {
                    Error::Inference(
                        "no start was found where the data are possible: the log density is -inf \
                         at 100 draws around data-driven values and from the priors; set \
                         inference.start to values that fit the data's scale, or give priors \
                         that exclude impossible values"
                            .into(),
                    )
                })
        })
        .collect()
}
