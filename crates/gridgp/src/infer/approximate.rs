//! Normal approximations of a model's posterior, with the settings of its `[inference]`.

use std::ops::ControlFlow;

use super::joint_start::{JointStart, joint_start};
use super::sample::whitened;
use super::{
    Approximation, Guide, LaplaceOptions, MaximizeOptions, PathfinderOptions, SviOptions, laplace,
    pathfinder, svi,
};
use crate::density::InformedJoint;
use crate::model::Model;
use crate::model::spec::{GuideSpec, Method};
use crate::posterior::Samples;
use crate::{Error, Result};

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
/// whichever the model's `[inference]` names. Its draws are [`Samples`] like any others.
///
/// # Errors
/// [`Error::Spec`] for another method; otherwise as the engines.
pub fn approximate(
    model: &Model,
    progress: &(dyn Fn(&ApproximateProgress) -> ControlFlow<()> + Sync),
) -> Result<(Samples, Approximation)> {
    let spec = &model.spec.inference;
    let JointStart { information, mode, starts } = joint_start(model)?;
    let density = InformedJoint::new(model, &information)?;
    let make = || density.clone();
    let maximize = MaximizeOptions {
        max_iterations: spec.max_iterations.max(500),
        tolerance: spec.tolerance,
        curvature: None,
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
                guide: match spec.guide {
                    GuideSpec::MeanField => Guide::MeanField,
                    GuideSpec::LowRank => Guide::LowRank { rank: spec.rank },
                    GuideSpec::FullRank => Guide::FullRank,
                },
                steps: spec.steps,
                learning_rate: spec.learning_rate,
                particles: spec.particles,
                draws,
                seed,
                ..SviOptions::default()
            };
            let stepping = |p: &super::SviProgress| {
                progress(&ApproximateProgress { step: p.step, steps: p.steps, value: p.elbo })
            };
            svi(&make, &mode, &options, &stepping)?
        }
        other => {
            return Err(Error::Spec(format!(
                "{other:?} is no approximation; those are laplace, svi and pathfinder"
            )));
        }
    };
    let samples = Samples {
        chains: 1,
        draws: found.draws.len() / found.dim,
        dim: found.dim,
        x: found.draws.clone(),
    };
    Ok((whitened(model, &density, samples)?, found))
}
