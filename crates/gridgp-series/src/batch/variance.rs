//! Variances given all observations, and the diagonal of A⁻¹, block by block.

use super::block::Block;
use super::stretch::Stretches;
use super::{Blocks, MOST};
use crate::state::{congruence_back, dot};
use crate::step::{Needs, Step};
use crate::{Error, Observations, Process, Targets, Variances};

/// Writes them to `out`.
pub(crate) fn sweep(
    process: &Process,
    observations: &Observations<'_>,
    targets: &Targets<'_>,
    zeros: &[f64],
    out: &mut Variances,
) -> Result<(), Error> {
    pulp::Arch::new().dispatch(Job { process, observations, targets, zeros, out })
}

struct Job<'f> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    targets: &'f Targets<'f>,
    zeros: &'f [f64],
    out: &'f mut Variances,
}

impl pulp::NullaryFnOnce for Job<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn call(self) -> Result<(), Error> {
        let Self { process, observations, targets, zeros, out } = self;
        let d = process.size;
        let mut stretches = Stretches::new(process, observations, zeros);
        let count = stretches.count();
        for i in 0..count {
            stretches.run(i, i + 1 == count, &mut |_, _| {})?;
        }
        let most = stretches.blocks.most;
        let chunk = Blocks { times: Vec::new(), starts: vec![0], most: MOST };
        let mut wanted = Block::new(process, &chunk);
        let mut step = Step::new(process, Needs::Noise);
        // What the observations from a time on know of the states there: N of Durbin and Koopman.
        let (mut known, mut work) = (vec![0.0; d * d], vec![0.0; d * d]);
        for i in (0..count).rev() {
            if i + 1 < count {
                stretches.run(i, true, &mut |_, _| {})?;
            }
            let Stretches { blocks, block, stretch, .. } = &mut stretches;
            for b in stretch.blocks.clone().rev() {
                let own = blocks.range(b);
                let p = own.len();
                let kept = stretch.at(b, own.clone(), d, most);
                if p > 0 {
                    block.load(&observations.loadings, own.clone());
                    block.turn(&known, kept.gains);
                    block.n[..p * p].iter_mut().zip(kept.inverse).for_each(|(n, s)| *n += s);
                    (0..p).for_each(|o| out.precisions[own.start + o] = block.n[o * p + o]);
                    block.shift(process, 0.5);
                    block.subtract(process, &mut known);
                }
                let k = blocks.times[b];
                let is_first = b == 0 || blocks.times[b - 1] != k;
                if !is_first {
                    continue;
                }
                let mut first = targets.starts[k];
                while first < targets.starts[k + 1] {
                    let last = targets.starts[k + 1].min(first + MOST);
                    wanted.load(&targets.loadings, first..last);
                    wanted.columns(process, kept.p);
                    for (t, column) in wanted.w.chunks_exact(d).take(last - first).enumerate() {
                        out.targets[first + t] = wanted.along(process, t, column);
                    }
                    wanted.turn_columns(&known);
                    let columns = wanted.w.chunks_exact(d).zip(wanted.j.chunks_exact(d));
                    for (t, (column, turned)) in columns.take(last - first).enumerate() {
                        out.targets[first + t] -= dot(column, turned);
                    }
                    first = last;
                }
                if let Some(length) = blocks.step(b, observations) {
                    step.to(process, length);
                    congruence_back::<0>(process, &step, &mut known, &mut work);
                }
            }
        }
        Ok(())
    }
}
