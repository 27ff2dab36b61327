//! The same sweeps for many observations at a time: in blocks, as products of matrices.
//!
//! One observation after the other costs some 24 d² operations each, in loops that wait for memory. A
//! block of p observations y = H x + ε, H of p × d, costs as many in all, but in products of matrices,
//! which do ten times as many a second:
//!
//! S = H P Hᵀ + R = L Lᵀ,  V = P Hᵀ L⁻ᵀ,  G = V L⁻¹,  e = S⁻¹(y − H a),
//! a ← a + V L⁻¹(y − H a),  P ← P − V Vᵀ.
//!
//! Back, for any symmetric M in the states: M ← (I − G H)ᵀ M (I − G H) and a little more, which is one
//! product with the columns of the states that observations see ([`block`]).

mod block;
mod factors;
mod gradient;
mod root;
mod stretch;
#[cfg(test)]
mod tests;
mod variance;

use std::ops::Range;

pub(crate) use factors::Factors;
pub(crate) use gradient::Job;
pub(crate) use variance::sweep;

use crate::{Observations, Process};

/// Most observations of a block: beyond, their own p × p matrices cost more than they save.
const MOST: usize = 64;
/// Fewest states, and fewest states times observations of a time, on average over the times that have
/// any, for which blocks are quicker: where `tests::measured` finds both ways to take about as long.
const STATES: usize = 18;
const NUMBERS: f64 = 200.0;

/// Whether blocks are quicker than one observation after the other.
pub(crate) fn is_quicker(process: &Process, observations: &Observations<'_>) -> bool {
    let times = observations.starts.windows(2).filter(|w| w[1] > w[0]).count();
    let mean = observations.variances.len() as f64 / times.max(1) as f64;
    process.size >= STATES && mean * process.size as f64 >= NUMBERS
}

/// The observations of each time in blocks of a bounded size; a time without any is an empty block.
#[derive(Debug, Clone)]
struct Blocks {
    /// The time of each block.
    times: Vec<usize>,
    /// Where its observations begin, and the number of all.
    starts: Vec<usize>,
    /// The most observations of a block.
    most: usize,
}

impl Blocks {
    fn new(process: &Process, observations: &Observations<'_>) -> Self {
        let most = process.size.clamp(4, MOST);
        let (mut times, mut starts) = (Vec::new(), vec![0]);
        for (k, range) in observations.starts.windows(2).enumerate() {
            let mut first = range[0];
            loop {
                let last = range[1].min(first + most);
                times.push(k);
                starts.push(last);
                first = last;
                if first == range[1] {
                    break;
                }
            }
        }
        let most = starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0);
        Self { times, starts, most }
    }

    fn len(&self) -> usize {
        self.times.len()
    }

    fn range(&self, block: usize) -> Range<usize> {
        self.starts[block]..self.starts[block + 1]
    }

    /// The length of the step that leads to a block; none between blocks of one time.
    fn step(&self, block: usize, observations: &Observations<'_>) -> Option<f64> {
        let k = self.times[block];
        let is_new = block > 0 && self.times[block - 1] != k;
        is_new.then(|| observations.times[k] - observations.times[k - 1])
    }
}
