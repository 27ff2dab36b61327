//! From one time to the next.

use crate::Process;
use crate::size::LARGEST;

/// A and Q of one step; made anew only where the step has another length than the one before.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    length: f64,
    wants_noise: bool,
    /// A of each block, packed.
    pub(crate) a: Vec<f64>,
    /// Q of each block, packed.
    pub(crate) q: Vec<f64>,
    /// The same as d × d matrices, where d is small; empty else.
    pub(crate) whole_a: Vec<f64>,
    pub(crate) whole_q: Vec<f64>,
}

impl Step {
    /// Memory for the steps of a process; Q stays 0 without `wants_noise`.
    pub(crate) fn new(process: &Process, wants_noise: bool) -> Self {
        let (length, d) = (process.packed[process.blocks.len()], process.size);
        let whole = if d <= LARGEST && wants_noise { d * d } else { 0 };
        Self {
            length: f64::NAN,
            wants_noise,
            a: vec![0.0; length],
            q: vec![0.0; length],
            whole_a: vec![0.0; whole],
            whole_q: vec![0.0; whole],
        }
    }

    /// Sets the step; gives whether it is another one.
    pub(crate) fn to(&mut self, process: &Process, length: f64) -> bool {
        if length == self.length {
            return false;
        }
        self.length = length;
        let d = process.size;
        for (block, (first, m, range)) in process.blocks.iter().zip(process.places()) {
            block.transition(length, &mut self.a[range.clone()]);
            if self.wants_noise {
                block.noise(length, &mut self.q[range.clone()]);
            }
            if !self.whole_a.is_empty() {
                for i in 0..m {
                    let at = (first + i) * d + first;
                    let row = range.start + i * m..range.start + (i + 1) * m;
                    self.whole_a[at..at + m].copy_from_slice(&self.a[row.clone()]);
                    self.whole_q[at..at + m].copy_from_slice(&self.q[row]);
                }
            }
        }
        true
    }

    /// x = A x.
    #[inline(always)]
    pub(crate) fn forward(&self, process: &Process, x: &mut [f64], work: &mut [f64]) {
        for (first, m, range) in process.places() {
            let (a, x) = (&self.a[range], &mut x[first..first + m]);
            let work = &mut work[..m];
            for (w, row) in work.iter_mut().zip(a.chunks_exact(m)) {
                *w = row.iter().zip(&*x).map(|(a, x)| a * x).sum();
            }
            x.copy_from_slice(work);
        }
    }

    /// x = Aᵀ x.
    #[inline(always)]
    pub(crate) fn back(&self, process: &Process, x: &mut [f64], work: &mut [f64]) {
        for (first, m, range) in process.places() {
            let (a, x) = (&self.a[range], &mut x[first..first + m]);
            let work = &mut work[..m];
            work.fill(0.0);
            for (x, row) in x.iter().zip(a.chunks_exact(m)) {
                work.iter_mut().zip(row).for_each(|(w, a)| *w += a * x);
            }
            x.copy_from_slice(work);
        }
    }
}
