//! Where the joint density is sampled from, and in which unknowns.

use std::ops::ControlFlow;

use gridgp_density::{InformedJoint, Joint, LogDensity};
use gridgp_grid::Result;
use gridgp_model::Model;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::curvature::conditional_sds;
use super::sample::{STARTS, inside};
use super::{MaximizeOptions, maximize, starts};

/// The unknowns of an [`InformedJoint`], and starts in them.
pub(super) struct JointStart {
    /// The density in these unknowns.
    pub(super) density: InformedJoint,
    /// A high place of the density, often its mode.
    pub(super) mode: Vec<f64>,
    /// For each unknown the standard deviation that the curvature at the mode tells, 1 for those of
    /// fields.
    pub(super) sds: Vec<f64>,
    /// As many as asked for: off the mode, as far as draws may be.
    pub(super) starts: Vec<Vec<f64>>,
}

/// Rounds of finding a mode with what is known of the information, and then that at the mode.
const ROUNDS: usize = 3;
/// Information is known well enough within this factor: scales of unknowns go with its root.
const ENOUGH: f64 = 1.2;

/// Finds the information that the data have about the fields, and starts of `chains` chains.
///
/// Given θ the unknowns of fields are near normal with unit variance, so the mode over all unknowns
/// is near that of θ alone, a good place to know the information from. It all depends on the
/// model, its data and its seed.
///
/// # Errors
/// [`Error::Inference`] if no start inside the support is found.
pub(super) fn joint_start(model: &Model, chains: usize) -> Result<JointStart> {
    let spec = &model.spec.inference;
    let mut joint = Joint::new(model)?;
    let first = starts(model, 1, spec.seed).swap_remove(0);
    let priors = starts(model, 64, spec.seed);
    let random = |chain: usize, attempt: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(spec.seed ^ STARTS);
        rng.set_stream((chain + (attempt << 32)) as u64);
        rng
    };
    // Whitened fields near 0. After some attempts around the first start, draws of the prior.
    let draw = |chain: usize, attempt: usize| -> Vec<f64> {
        let mut rng = random(chain, attempt);
        let from = if attempt < 8 { &first } else { &priors[attempt % 64] };
        let fields = std::iter::repeat_n(0.0, joint.dim() - from.len());
        let near = from.iter().copied().chain(fields);
        near.map(|x| x + 0.1 * normal(&mut rng)).collect()
    };
    let from = inside(&mut joint.clone(), 1, draw)?.swap_remove(0);
    let climb = |density: &InformedJoint, x: Vec<f64>, max_iterations: usize| {
        let options =
            MaximizeOptions { max_iterations, tolerance: 0.1, near: 0.0, curvature: None };
        maximize(&|| density.clone(), &[x], &options, &|_| ControlFlow::Continue(()))
    };

    let mut x = from;
    let mut other = x.clone();
    let mut density = InformedJoint::new(model, &vec![0.0; model.fields.len()])?;
    let mut information = vec![0.0; model.fields.len()];
    for round in 0..=ROUNDS {
        // As x stands for the same place whatever the information is.
        density.from_joint(&mut joint, &x, &mut other)?;
        let found = density.information_at(&other)?;
        let known = |(a, b): (&f64, &f64)| a == b || (ENOUGH.recip()..ENOUGH).contains(&(a / b));
        if round == ROUNDS || information.iter().zip(&found).all(known) {
            break;
        }
        information = found;
        let courses = density.courses_at(&other)?;
        density = InformedJoint::new(model, &information)?.with_courses(courses);
        density.from_joint(&mut joint, &x, &mut other)?;
        other = climb(&density, other.clone(), 100)?.x;
        density.to_joint(&mut joint, &other, &mut x)?;
    }
    let mode = other;
    density.follow_coefficients(&mode);

    // Away from the mode: the fields as far as a draw given θ would be, the parameters twice as far.
    let count = model.parameters.len();
    let mut sds = conditional_sds(&mut density, &mode, count);
    sds.resize(mode.len(), 1.0);
    let starts = inside(&mut density.clone(), chains, |chain, attempt| {
        let mut rng = random(chain, 100 + attempt);
        let shrink = 0.5f64.powi(attempt as i32);
        let spread = |j: usize| if j < count { 2.0 * sds[j] } else { 1.0 };
        let place = |j: usize| mode[j] + shrink * spread(j) * normal(&mut rng);
        (0..mode.len()).map(place).collect()
    })?;
    Ok(JointStart { density, mode, sds, starts })
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}
