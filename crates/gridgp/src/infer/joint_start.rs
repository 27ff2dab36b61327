//! Where the joint density is sampled from, and in which unknowns.

use std::ops::ControlFlow;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::sample::{STARTS, inside};
use super::{MaximizeOptions, maximize, starts};
use crate::Result;
use crate::density::{InformedJoint, Joint, LogDensity};
use crate::model::Model;

/// The unknowns of an [`InformedJoint`], and starts in them.
pub(super) struct JointStart {
    /// The density in these unknowns.
    pub(super) density: InformedJoint,
    /// A high place of the density, often its mode.
    pub(super) mode: Vec<f64>,
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
    let from = inside(&mut joint.clone(), chains.max(1), draw)?;
    let climb = |density: &InformedJoint, x: Vec<f64>, max_iterations: usize| {
        let options = MaximizeOptions { max_iterations, tolerance: 0.1, curvature: None };
        maximize(&|| density.clone(), &[x], &options, &|_| ControlFlow::Continue(()))
    };

    let mut x = from[0].clone();
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
        density = InformedJoint::new(model, &information)?;
        density.from_joint(&mut joint, &x, &mut other)?;
        other = climb(&density, other.clone(), 100)?.x;
        density.to_joint(&mut joint, &other, &mut x)?;
    }
    let mode = other;
    density.follow_coefficients(&mode);

    // Each chain climbs from a start of its own, and then away from the top: as far as a draw of the
    // fields given θ would be.
    let count = model.parameters.len();
    let starts = from
        .into_par_iter()
        .take(chains)
        .enumerate()
        .map(|(chain, x)| {
            let (mut joint, mut density) = (joint.clone(), density.clone());
            let mut own = x.clone();
            density.from_joint(&mut joint, &x, &mut own)?;
            let top = climb(&density, own, 30)?.x;
            let draw = |_, attempt: usize| -> Vec<f64> {
                let mut rng = random(chain, 100 + attempt);
                let shrink = 0.5f64.powi(attempt as i32);
                let noise = |x: &f64| x + shrink * normal(&mut rng);
                top[..count].iter().copied().chain(top[count..].iter().map(noise)).collect()
            };
            Ok(inside(&mut density, 1, draw)?.swap_remove(0))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(JointStart { density, mode, starts })
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}
