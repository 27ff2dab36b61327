//! Normal approximations of a model's posterior, with the settings of its `[inference]`.

use std::ops::ControlFlow;

use gridgp_density::{ExpectedJoint, InformedJoint, Joint, LogDensity, Samples};
use gridgp_grid::{Error, Result};
use gridgp_likelihood::Family;
use gridgp_model::Model;
use gridgp_model::spec::{Expectation, GuideSpec, InferenceSpec, Method};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::joint_start::{JointStart, joint_start};
use super::nested::nested;
use super::sample::whitened;
use super::{
    Approximation, Guide, LaplaceOptions, MaximizeOptions, PathfinderOptions, SviOptions, laplace,
    pathfinder, svi, svi_by_quadrature,
};

/// How an approximation gets on.
#[derive(Debug, Clone, PartialEq)]
pub struct ApproximateProgress {
    /// Steps or iterations done.
    pub step: usize,
    /// Most of them.
    pub steps: usize,
    /// The ELBO of the step, or the log density of the iteration.
    pub value: f64,
}

/// Approximates the joint posterior of parameters and fields by `laplace`, `svi` or `pathfinder`,
/// whichever the model's `[inference]` names; `laplace` integrates the fields out first, where there are any:
/// then the approximation is of the parameters alone. Its draws are [`Samples`] like any others.
///
/// # Errors
/// [`Error::Spec`] for another method; otherwise as the engines.
pub fn approximate(
    model: &Model,
    progress: &(dyn Fn(&ApproximateProgress) -> ControlFlow<()> + Sync),
) -> Result<(Samples, Approximation)> {
    let spec = &model.spec.inference;
    if spec.method == Method::Laplace {
        check_smooth(model)?;
        if !model.fields.is_empty() {
            return nested(model, progress);
        }
    }
    // A variational fit starts at the mode.
    let chains = if spec.method == Method::Svi { 0 } else { spec.chains };
    let JointStart { density, mode, sds, starts } = joint_start(model, chains)?;
    let make = || density.clone();
    let maximize = MaximizeOptions {
        max_iterations: spec.max_iterations.max(500),
        tolerance: spec.tolerance,
        curvature: None,
        near: 0.0,
    };
    let most = maximize.max_iterations;
    let climbing = |p: &super::Progress| {
        progress(&ApproximateProgress { step: p.iteration, steps: most, value: p.value })
    };
    let (draws, seed) = (spec.draws, spec.seed);
    let found = match spec.method {
        Method::Laplace => {
            let options = LaplaceOptions { maximize, draws, seed, ..LaplaceOptions::default() };
            laplace(&make, &starts, &options, &climbing)?
        }
        Method::Pathfinder => {
            let options =
                PathfinderOptions { maximize, draws, seed, ..PathfinderOptions::default() };
            pathfinder(&make, &starts, &options, &climbing)?
        }
        Method::Svi => {
            let options = SviOptions {
                guide: guide(spec),
                steps: spec.steps,
                learning_rate: spec.learning_rate,
                particles: spec.particles,
                stop_early: spec.stop_early,
                draws,
                seed,
                ..SviOptions::default()
            };
            let stepping = |p: &super::SviProgress| {
                progress(&ApproximateProgress { step: p.step, steps: p.steps, value: p.elbo })
            };
            if spec.expectation == Expectation::Quadrature {
                let (expected, mut joint) = (ExpectedJoint::new(model)?, Joint::new(model)?);
                let mut start = mode.clone();
                density.clone().to_joint(&mut joint, &mode, &mut start)?;
                let (make_expected, make) = (|| expected.clone(), || joint.clone());
                let found = svi_by_quadrature(&make_expected, &make, &start, &options, &stepping)?;
                return Ok((draws_of(&found), found));
            }
            let initial_sd = initial_sds(&mut make(), &mode, sds, model.parameters.len(), seed);
            svi(&make, &mode, &SviOptions { initial_sd, ..options }, &stepping)?
        }
        other => {
            return Err(Error::Spec(format!(
                "{other:?} is no approximation; those are laplace, svi and pathfinder"
            )));
        }
    };
    Ok((whitened(model, &density, draws_of(&found))?, found))
}

/// The guide that a model file names.
pub(super) fn guide(spec: &InferenceSpec) -> Guide {
    match spec.guide {
        GuideSpec::MeanField => Guide::MeanField,
        GuideSpec::LowRank => Guide::LowRank { rank: spec.rank },
        GuideSpec::FullRank => Guide::FullRank,
    }
}

/// Refuses the method `laplace` for a likelihood without a curvature at the mode.
///
/// # Errors
/// [`Error::Spec`] for the family `laplace`, whose log density has a kink where a location meets its
/// observation: modes lie there.
pub(super) fn check_smooth(model: &Model) -> Result<()> {
    if !matches!(model.family, Family::Laplace(_)) {
        return Ok(());
    }
    Err(Error::Spec(
        "the method laplace takes the curvature at the mode, where a laplace likelihood has none: its \
         log density is made of straight lines, with a kink at the mode. Use the method svi or nuts, \
         or the likelihood student_t, which bears outliers and is smooth"
            .into(),
    ))
}

/// Standard deviations for a guide to begin with at a mode.
///
/// Those of parameters are what the curvature of the log density says. Those of the fields' unknowns
/// are nearly 1, by their making. Where that much leads out of the likelihood's support more often
/// than not, they are smaller.
fn initial_sds(
    density: &mut InformedJoint,
    mode: &[f64],
    mut sds: Vec<f64>,
    parameters: usize,
    seed: u64,
) -> Vec<f64> {
    const TRIES: usize = 20;
    let (mut x, mut gradient) = (mode.to_vec(), vec![0.0; mode.len()]);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for sd in [1.0, 0.5, 0.25] {
        sds[parameters..].fill(sd);
        let mut is_inside = || {
            for ((x, m), sd) in x.iter_mut().zip(mode).zip(&sds) {
                let z: f64 = StandardNormal.sample(&mut rng);
                *x = m + sd * z;
            }
            density.log_density_gradient(&x, &mut gradient).is_finite()
        };
        if (0..TRIES).filter(|_| is_inside()).count() > TRIES / 2 {
            break;
        }
    }
    sds
}

/// The draws of an approximation, in its own unknowns.
fn draws_of(found: &Approximation) -> Samples {
    let (draws, dim) = (found.draws.len() / found.dim, found.dim);
    Samples { chains: 1, draws, dim, x: found.draws.clone() }
}
