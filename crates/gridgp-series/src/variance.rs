//! Variances given all observations, by a sweep back over the filter.

use crate::batch;
use crate::filter::{write_constant, write_loading};
use crate::segment::Segments;
use crate::size::{run_sized, width};
use crate::state::{congruence_back, dot, symmetric_times};
use crate::step::{Needs, Step};
use crate::{Error, Loadings, Observations, Process};

/// What is wanted: at time k of the observations, numbers `starts[k]..starts[k + 1]` of the loadings.
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a> {
    /// As in [`Observations`].
    pub starts: &'a [usize],
    /// What each sees.
    pub loadings: Loadings<'a>,
}

/// What [`variances`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Variances {
    /// Var(Σ c x | y) of each target.
    pub targets: Vec<f64>,
    /// The diagonal of A⁻¹: 1/(A⁻¹)ₒₒ is the variance of observation o given all others.
    pub precisions: Vec<f64>,
}

/// The variance of each target given all observations, and the diagonal of A⁻¹.
///
/// The variance is P less what the observations from that time on explain of it, with P given those
/// before: a difference of numbers of about one size, never of the prior's with a small one.
///
/// # Errors
/// An observation whose variance given those before it is not positive.
///
/// # Panics
/// If lengths do not match.
pub fn variances(
    process: &Process,
    observations: &Observations<'_>,
    targets: &Targets<'_>,
) -> Result<Variances, Error> {
    observations.check();
    let count = observations.times.len() + 1;
    assert_eq!(targets.starts.len(), count, "starts has one number more than times");
    let mut out = Variances {
        targets: vec![0.0; targets.starts[count - 1]],
        precisions: vec![0.0; observations.variances.len()],
    };
    let zeros = vec![0.0; observations.variances.len()];
    if batch::is_quicker(process, observations) {
        batch::sweep(process, observations, targets, &zeros, &mut out)?;
    } else {
        one_by_one(process, observations, targets, &zeros, &mut out)?;
    }
    Ok(out)
}

/// The same one observation after the other.
pub(crate) fn one_by_one(
    process: &Process,
    observations: &Observations<'_>,
    targets: &Targets<'_>,
    zeros: &[f64],
    out: &mut Variances,
) -> Result<(), Error> {
    run_sized!(process.size, Sweep { process, observations, targets, zeros, out })
}

struct Sweep<'f, const D: usize> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    targets: &'f Targets<'f>,
    zeros: &'f [f64],
    out: &'f mut Variances,
}

impl<const D: usize> pulp::NullaryFnOnce for Sweep<'_, D> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn call(self) -> Result<(), Error> {
        let Self { process, observations, targets, zeros, out } = self;
        let d = width::<D>(process.size);
        let count = process.blocks.len();
        let mut segments = Segments::<D>::new(process, observations, zeros);
        for i in 0..segments.count() {
            segments.run(i)?;
        }
        let (mut loading, mut wanted) = (vec![0.0; count], vec![0.0; count]);
        write_constant(&observations.loadings, &mut loading);
        write_constant(&targets.loadings, &mut wanted);
        let mut step = Step::new(process, Needs::Noise);
        // What the observations from a time on know of the states there: N of Durbin and Koopman.
        let mut known = vec![0.0; d * d];
        let (mut column, mut turned) = (vec![0.0; d], vec![0.0; d]);
        let mut work = vec![0.0; d * d.max(1)];
        for i in (0..segments.count()).rev() {
            if i + 1 < segments.count() {
                segments.run(i)?;
            }
            let segment = &segments.segment;
            for (at, k) in segment.times.clone().enumerate().rev() {
                for o in (observations.starts[k]..observations.starts[k + 1]).rev() {
                    write_loading(&observations.loadings, o, &mut loading);
                    let to = o - segment.first;
                    let inverse = segment.s[to].recip();
                    let gain = &mut column[..d];
                    gain.copy_from_slice(&segment.columns[to * d..to * d + d]);
                    gain.iter_mut().for_each(|g| *g *= inverse);
                    // N = h hᵀ/s + (I − h gᵀ) N (I − g hᵀ).
                    symmetric_times(&known, gain, d, &mut turned);
                    let precision = inverse + dot(gain, &turned[..d]);
                    out.precisions[o] = precision;
                    for (c, &i) in loading.iter().zip(&process.first) {
                        for l in 0..d {
                            let x = c * turned[l];
                            known[i * d + l] -= x;
                            known[l * d + i] -= x;
                        }
                    }
                    for (c, &i) in loading.iter().zip(&process.first) {
                        for (e, &j) in loading.iter().zip(&process.first) {
                            known[i * d + j] += c * e * precision;
                        }
                    }
                }
                let p = &segment.p[at * d * d..(at + 1) * d * d];
                for t in targets.starts[k]..targets.starts[k + 1] {
                    write_loading(&targets.loadings, t, &mut wanted);
                    column.fill(0.0);
                    let mut prior = 0.0;
                    for (c, &i) in wanted.iter().zip(&process.first) {
                        let row = &p[i * d..i * d + d];
                        column[..d].iter_mut().zip(row).for_each(|(s, p)| *s += c * p);
                    }
                    for (c, &i) in wanted.iter().zip(&process.first) {
                        prior += c * column[i];
                    }
                    symmetric_times(&known, &column, d, &mut turned);
                    out.targets[t] = prior - dot(&column[..d], &turned[..d]);
                }
                if k > 0 {
                    step.to(process, observations.times[k] - observations.times[k - 1]);
                    congruence_back::<D>(process, &step, &mut known, &mut work);
                }
            }
        }
        Ok(())
    }
}
