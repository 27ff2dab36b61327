//! Draws of the process from the prior.

use crate::Process;
use crate::step::{Needs, Step, root};

/// A path of the process along some times, from standard normal numbers.
#[derive(Debug, Clone)]
pub struct Paths<'a> {
    process: &'a Process,
    step: Step,
    /// R with R Rᵀ = P, packed.
    start: Vec<f64>,
}

impl<'a> Paths<'a> {
    /// Paths of this process.
    pub fn new(process: &'a Process) -> Self {
        let stationary = process.stationary();
        let mut start = vec![0.0; stationary.len()];
        for (_, m, range) in process.places() {
            root(&stationary[range.clone()], m, &mut start[range]);
        }
        Self { process, step: Step::new(process, Needs::Roots), start }
    }

    /// The first state of each block at each of `times`, blocks fastest; `normal` gives d numbers a time.
    pub fn draw(&mut self, times: &[f64], mut normal: impl FnMut() -> f64) -> Vec<f64> {
        let process = self.process;
        let mut out = Vec::with_capacity(times.len() * process.blocks.len());
        let (mut x, mut z) = (vec![0.0; process.size], vec![0.0; process.size]);
        let mut work = vec![0.0; process.size];
        for k in 0..times.len() {
            z.iter_mut().for_each(|z| *z = normal());
            if k > 0 {
                self.step.to(process, times[k] - times[k - 1]);
                self.step.forward(process, &mut x, &mut work);
            }
            let root = if k == 0 { &self.start } else { &self.step.roots };
            for (first, m, range) in process.places() {
                for (i, row) in root[range].chunks_exact(m).enumerate() {
                    x[first + i] += row.iter().zip(&z[first..]).map(|(r, z)| r * z).sum::<f64>();
                }
            }
            out.extend(process.first.iter().map(|&i| x[i]));
        }
        out
    }
}
