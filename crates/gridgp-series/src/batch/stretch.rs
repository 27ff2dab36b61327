//! A stretch of blocks with everything that a sweep back over it needs.

use std::ops::Range;

use super::Blocks;
use super::block::Block;
use crate::state::State;
use crate::step::{Needs, Step};
use crate::{Error, Observations, Process};

/// Numbers of a stretch: 16 MiB.
const NUMBERS: usize = 1 << 21;

/// What is kept of the blocks of a stretch.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    pub(super) blocks: Range<usize>,
    /// The first of its observations.
    pub(super) first: usize,
    /// a before each block.
    a: Vec<f64>,
    /// P before each block.
    p: Vec<f64>,
    /// G.
    gains: Vec<f64>,
    /// S⁻¹, in places of as many numbers an observation as the largest block has rows.
    inverses: Vec<f64>,
    /// S⁻¹(y − H a).
    scaled: Vec<f64>,
}

/// A block of a stretch, before it was taken in.
pub(super) struct Kept<'s> {
    pub(super) a: &'s [f64],
    pub(super) p: &'s mut [f64],
    pub(super) gains: &'s [f64],
    pub(super) inverse: &'s [f64],
    pub(super) scaled: &'s [f64],
}

impl Stretch {
    /// What was kept of a block.
    pub(super) fn at(
        &mut self,
        block: usize,
        range: Range<usize>,
        d: usize,
        most: usize,
    ) -> Kept<'_> {
        let at = block - self.blocks.start;
        let (local, p) = (range.start - self.first, range.len());
        Kept {
            a: &self.a[at * d..at * d + d],
            p: &mut self.p[at * d * d..(at + 1) * d * d],
            gains: &self.gains[local * d..(local + p) * d],
            inverse: &self.inverses[local * most..local * most + p * p],
            scaled: &self.scaled[local..local + p],
        }
    }
}

/// A filter in stretches: where each of them starts.
///
/// Sweeps back need the blocks in reverse order. What they need is made again for a stretch at a time,
/// from where it starts: starts and a stretch together hold the square root of the number of blocks,
/// where that is more than [`NUMBERS`].
pub(super) struct Stretches<'f> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    pub(super) blocks: Blocks,
    r: &'f [f64],
    length: usize,
    starts: Vec<State<0>>,
    step: Step,
    pub(super) block: Block,
    pub(super) stretch: Stretch,
    /// Σ of squared whitened innovations and log|S| of the stretch that was run last.
    pub(super) sum: f64,
}

impl<'f> Stretches<'f> {
    pub(super) fn new(
        process: &'f Process,
        observations: &'f Observations<'f>,
        r: &'f [f64],
    ) -> Self {
        let blocks = Blocks::new(process, observations);
        let (d, count) = (process.size, blocks.len());
        let mean = (observations.variances.len() / count.max(1) + 1) * (d + blocks.most);
        let root = (count as f64).sqrt() as usize;
        let length = (NUMBERS / (d * d + mean)).max(root).clamp(1, count.max(1));
        let step = Step::new(process, Needs::Noise);
        let block = Block::new(process, &blocks);
        Self {
            process,
            observations,
            blocks,
            r,
            length,
            starts: Vec::new(),
            step,
            block,
            stretch: Stretch::default(),
            sum: 0.0,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.blocks.len().div_ceil(self.length)
    }

    /// Runs over stretch `i`, which comes after those that were run before or is one of them; with `keep`
    /// it can be swept back afterwards. `seen` gets each block that was taken in.
    pub(super) fn run(
        &mut self,
        i: usize,
        keep: bool,
        seen: &mut dyn FnMut(Range<usize>, &Block),
    ) -> Result<(), Error> {
        // One copy of the loop for each kind of processor.
        pulp::Arch::new().dispatch(Run { stretches: self, i, keep, seen })
    }
}

struct Run<'r, 'f> {
    stretches: &'r mut Stretches<'f>,
    i: usize,
    keep: bool,
    seen: &'r mut dyn FnMut(Range<usize>, &Block),
}

impl pulp::NullaryFnOnce for Run<'_, '_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn call(self) -> Result<(), Error> {
        let Self { stretches, i, keep, seen } = self;
        let Stretches { process, observations, blocks, r, starts, step, block, stretch, .. } =
            stretches;
        let (d, most) = (process.size, blocks.most);
        let range = i * stretches.length..blocks.len().min((i + 1) * stretches.length);
        if starts.is_empty() {
            starts.push(State::start(process));
        }
        let mut state = starts[i].clone();
        stretch.blocks = range.clone();
        stretch.first = blocks.starts[range.start];
        if keep {
            let n = blocks.starts[range.end] - stretch.first;
            stretch.a.resize(range.len() * d, 0.0);
            stretch.p.resize(range.len() * d * d, 0.0);
            stretch.gains.resize(n * d, 0.0);
            stretch.inverses.resize(n * most, 0.0);
            stretch.scaled.resize(n, 0.0);
        }
        stretches.sum = 0.0;
        // A start is before the first block of its stretch, and so is made by the one before.
        let makes_next = i + 1 == starts.len() && range.end < blocks.len();
        for b in range.start..range.end + usize::from(makes_next) {
            let length = blocks.step(b, observations).filter(|_| b > range.start);
            if let Some(length) = length {
                step.to(process, length);
                state.predict(process, step);
            }
            if b == range.end {
                starts.push(state);
                break;
            }
            let own = blocks.range(b);
            let at = b - range.start;
            if keep {
                stretch.a[at * d..at * d + d].copy_from_slice(&state.a[..d]);
                stretch.p[at * d * d..(at + 1) * d * d].copy_from_slice(&state.p[..d * d]);
            }
            if own.is_empty() {
                continue;
            }
            let sum = block.observe(process, observations, own.clone(), r, &mut state);
            stretches.sum += sum.map_err(|variance| {
                let time = observations.times[blocks.times[b]];
                Error::Variance { time, variance }
            })?;
            seen(own.clone(), block);
            if keep {
                let (local, p) = (own.start - stretch.first, own.len());
                block.gains(
                    &mut stretch.gains[local * d..(local + p) * d],
                    &mut stretch.inverses[local * most..local * most + p * p],
                );
                block.scaled(&mut stretch.scaled[local..local + p]);
            }
        }
        Ok(())
    }
}
