//! From one time to the next.

use std::ops::Deref;

use crate::Process;
use crate::size::LARGEST;

/// So many lengths are remembered: months have four, and times with rounded decimals a few.
const REMEMBERED: usize = 8;

/// What a sweep needs of a step beside A.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Transition,
    /// Q.
    Noise,
    /// Q and ∂Q/∂u of each factor.
    Slopes,
    /// R with R Rᵀ = Q.
    Roots,
}

/// The matrices of one length of a step.
#[derive(Debug, Clone)]
pub(crate) struct Matrices {
    length: f64,
    /// A of each block, packed.
    pub(crate) a: Vec<f64>,
    /// Q of each block, packed.
    pub(crate) q: Vec<f64>,
    /// The same as d × d matrices, where d is small; empty else.
    pub(crate) whole_a: Vec<f64>,
    pub(crate) whole_q: Vec<f64>,
    /// ∂Q/∂u of each factor on its block.
    pub(crate) slopes: Vec<Vec<f64>>,
    /// R of each block, packed.
    pub(crate) roots: Vec<f64>,
}

/// A and Q of the step at hand; made anew only where none of the last few steps was as long.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    needs: Needs,
    known: Vec<Matrices>,
    at: usize,
    oldest: usize,
}

impl Deref for Step {
    type Target = Matrices;

    #[inline(always)]
    fn deref(&self) -> &Matrices {
        &self.known[self.at]
    }
}

impl Step {
    /// Memory for the steps of a process.
    pub(crate) fn new(process: &Process, needs: Needs) -> Self {
        let (length, d) = (process.packed[process.blocks.len()], process.size);
        let whole = if d <= LARGEST && needs != Needs::Transition { d * d } else { 0 };
        let slopes = process
            .blocks
            .iter()
            .zip(&process.sizes)
            .flat_map(|(block, m)| block.factors.iter().map(move |_| vec![0.0; m * m]));
        let empty = Matrices {
            length: f64::NAN,
            a: vec![0.0; length],
            q: vec![0.0; length],
            whole_a: vec![0.0; whole],
            whole_q: vec![0.0; whole],
            slopes: if needs == Needs::Slopes { slopes.collect() } else { Vec::new() },
            roots: vec![0.0; if needs == Needs::Roots { length } else { 0 }],
        };
        Self { needs, known: vec![empty; REMEMBERED], at: 0, oldest: 0 }
    }

    /// Sets the step.
    pub(crate) fn to(&mut self, process: &Process, length: f64) {
        if self.known[self.at].length == length {
            return;
        }
        if let Some(at) = self.known.iter().position(|m| m.length == length) {
            self.at = at;
            return;
        }
        self.at = self.oldest;
        self.oldest = (self.oldest + 1) % REMEMBERED;
        self.known[self.at].fill(process, length, self.needs);
    }
}

impl Matrices {
    fn fill(&mut self, process: &Process, length: f64, needs: Needs) {
        self.length = length;
        let d = process.size;
        let mut slopes = self.slopes.iter_mut();
        for (block, (first, m, range)) in process.blocks.iter().zip(process.places()) {
            block.transition(length, &mut self.a[range.clone()]);
            if needs != Needs::Transition {
                block.noise(length, &mut self.q[range.clone()]);
            }
            for (factor, slope) in (0..block.factors.len()).zip(&mut slopes) {
                block.noise_slope(factor, length, slope);
            }
            if needs == Needs::Roots {
                root(&self.q[range.clone()], m, &mut self.roots[range.clone()]);
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

/// The lower triangular root of a positive semidefinite matrix; a pivot that rounding leaves at 0 or
/// below is none.
pub(crate) fn root(a: &[f64], m: usize, l: &mut [f64]) {
    l.fill(0.0);
    for j in 0..m {
        let pivot = a[j * m + j] - (0..j).map(|k| l[j * m + k] * l[j * m + k]).sum::<f64>();
        if pivot <= 4.0 * f64::EPSILON * a[j * m + j] {
            continue;
        }
        let root = pivot.sqrt();
        for i in j..m {
            let inner: f64 = (0..j).map(|k| l[i * m + k] * l[j * m + k]).sum();
            l[i * m + j] = (a[i * m + j] - inner) / root;
        }
    }
}
