//! The factors of A in blocks, for solving.

use std::ops::Range;

use super::Blocks;
use super::block::Block;
use super::stretch::Stretches;
use crate::state::dot;
use crate::step::{Needs, Step};
use crate::{Error, Observations, Process};

/// Most numbers that are kept: 1 GiB. Beyond, each solution makes them again, a stretch at a time.
const NUMBERS: usize = 1 << 27;

/// G and L⁻¹ of every block, where memory holds them.
#[derive(Debug, Clone)]
pub(crate) struct Factors {
    blocks: Blocks,
    /// G of each block.
    gains: Vec<f64>,
    /// L⁻¹ by rows, in places of as many numbers an observation as the largest block has rows.
    roots: Vec<f64>,
    is_kept: bool,
}

impl Factors {
    /// Runs over all blocks; writes the variance of each observation given those before it.
    pub(crate) fn new(
        process: &Process,
        observations: &Observations<'_>,
        variances: &mut [f64],
    ) -> Result<Self, Error> {
        Self::with_memory(process, observations, variances, NUMBERS)
    }

    pub(crate) fn with_memory(
        process: &Process,
        observations: &Observations<'_>,
        variances: &mut [f64],
        numbers: usize,
    ) -> Result<Self, Error> {
        let blocks = Blocks::new(process, observations);
        let (n, d, most) = (variances.len(), process.size, blocks.most);
        let is_kept = n * (d + most) <= numbers;
        let kept = if is_kept { n } else { 0 };
        let (gains, roots) = (vec![0.0; kept * d], vec![0.0; kept * most]);
        let mut factors = Self { blocks, gains, roots, is_kept };
        let zeros = vec![0.0; n];
        let mut inverse = vec![0.0; most * most];
        let Self { gains, roots, .. } = &mut factors;
        let mut write = |range: Range<usize>, block: &Block| {
            let p = range.len();
            for (i, v) in variances[range.clone()].iter_mut().enumerate() {
                *v = block.s[i * p + i].powi(2);
            }
            if is_kept {
                block.gains(&mut gains[range.start * d..range.end * d], &mut inverse);
                let root = &mut roots[range.start * most..][..p * p];
                root.copy_from_slice(&block.l_inverse[..p * p]);
            }
        };
        forward(process, observations, &zeros, &mut write)?;
        Ok(factors)
    }

    /// S⁻¹v of each block's innovations v, and Σ vᵀS⁻¹v.
    pub(crate) fn innovations(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        r: &[f64],
    ) -> (Vec<f64>, f64) {
        let mut scaled = vec![0.0; r.len()];
        if !self.is_kept {
            let mut sum = 0.0;
            let mut each = |range: Range<usize>, block: &Block| {
                block.scaled(&mut scaled[range]);
                sum += block.squares();
            };
            let found = forward(process, observations, r, &mut each);
            found.expect("the same filter has run before");
            return (scaled, sum);
        }
        let (d, most, count) = (process.size, self.blocks.most, process.blocks.len());
        let mut step = Step::new(process, Needs::Transition);
        let (mut a, mut work) = (vec![0.0; d], vec![0.0; d]);
        let (mut loading, mut v, mut sum) = (vec![0.0; count], vec![0.0; most], 0.0);
        for b in 0..self.blocks.len() {
            if let Some(length) = self.blocks.step(b, observations) {
                step.to(process, length);
                step.forward(process, &mut a, &mut work);
            }
            let own = self.blocks.range(b);
            let p = own.len();
            for (v, o) in v.iter_mut().zip(own.clone()) {
                observations.loadings.write(o, &mut loading);
                let seen = loading.iter().zip(&process.first).map(|(c, &i)| c * a[i]);
                *v = r[o] - seen.sum::<f64>();
            }
            let out = &mut scaled[own.clone()];
            for i in 0..p {
                let row = &self.roots[own.start * most + i * p..][..i + 1];
                let white = dot(row, &v[..i + 1]);
                sum += white * white;
                out.iter_mut().zip(row).for_each(|(e, l)| *e += l * white);
            }
            for (gain, v) in self.gains[own.start * d..own.end * d].chunks_exact(d).zip(&v) {
                a.iter_mut().zip(gain).for_each(|(a, g)| *a += g * v);
            }
        }
        (scaled, sum)
    }

    /// A⁻¹ r.
    pub(crate) fn solve(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        r: &[f64],
    ) -> Vec<f64> {
        if !self.is_kept {
            let alpha = solve_anew(process, observations, r);
            return alpha.expect("the same filter has run before");
        }
        let d = process.size;
        let mut back = Back::new(process, observations);
        let (mut alpha, _) = self.innovations(process, observations, r);
        for b in (0..self.blocks.len()).rev() {
            let own = self.blocks.range(b);
            let gains = &self.gains[own.start * d..own.end * d];
            back.over(gains, own.clone(), &mut alpha[own]);
            back.step(self.blocks.step(b, observations));
        }
        alpha
    }
}

/// All blocks in order, each shown to `each`.
fn forward(
    process: &Process,
    observations: &Observations<'_>,
    r: &[f64],
    each: &mut dyn FnMut(Range<usize>, &Block),
) -> Result<(), Error> {
    let mut stretches = Stretches::new(process, observations, r);
    (0..stretches.count()).try_for_each(|i| stretches.run(i, false, each))
}

/// A⁻¹ r with everything made again.
fn solve_anew(
    process: &Process,
    observations: &Observations<'_>,
    r: &[f64],
) -> Result<Vec<f64>, Error> {
    let mut stretches = Stretches::new(process, observations, r);
    let count = stretches.count();
    for i in 0..count {
        stretches.run(i, i + 1 == count, &mut |_, _| {})?;
    }
    let mut back = Back::new(process, observations);
    let mut alpha = vec![0.0; r.len()];
    for i in (0..count).rev() {
        if i + 1 < count {
            stretches.run(i, true, &mut |_, _| {})?;
        }
        let Stretches { blocks, stretch, .. } = &mut stretches;
        for b in stretch.blocks.clone().rev() {
            let own = blocks.range(b);
            let kept = stretch.at(b, own.clone(), process.size, blocks.most);
            alpha[own.clone()].copy_from_slice(kept.scaled);
            back.over(kept.gains, own.clone(), &mut alpha[own]);
            back.step(blocks.step(b, observations));
        }
    }
    Ok(alpha)
}

/// The way back of a solution.
struct Back<'f> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    step: Step,
    x: Vec<f64>,
    work: Vec<f64>,
    loading: Vec<f64>,
}

impl<'f> Back<'f> {
    fn new(process: &'f Process, observations: &'f Observations<'f>) -> Self {
        let d = process.size;
        Self {
            process,
            observations,
            step: Step::new(process, Needs::Transition),
            x: vec![0.0; d],
            work: vec![0.0; d],
            loading: vec![0.0; process.blocks.len()],
        }
    }

    /// From e to α = e − Gᵀ x, and x ← x + Hᵀ α.
    fn over(&mut self, gains: &[f64], own: Range<usize>, alpha: &mut [f64]) {
        for (a, gain) in alpha.iter_mut().zip(gains.chunks_exact(self.x.len())) {
            *a -= dot(gain, &self.x);
        }
        for (o, a) in own.zip(&*alpha) {
            self.observations.loadings.write(o, &mut self.loading);
            let seen = self.loading.iter().zip(&self.process.first);
            seen.for_each(|(c, &i)| self.x[i] += c * a);
        }
    }

    fn step(&mut self, length: Option<f64>) {
        if let Some(length) = length {
            self.step.to(self.process, length);
            self.step.back(self.process, &mut self.x, &mut self.work);
        }
    }
}
