//! Draws of the process from the prior.

use crate::Process;
use crate::step::Step;

/// A path of the process along some times, from standard normal numbers.
#[derive(Debug, Clone)]
pub struct Paths<'a> {
    process: &'a Process,
    step: Step,
    /// R with R Rᵀ = P, and = Q of the last step, packed.
    start: Vec<f64>,
    root: Vec<f64>,
}

impl<'a> Paths<'a> {
    /// Paths of this process.
    pub fn new(process: &'a Process) -> Self {
        let start = roots(process, &process.stationary());
        Self { process, step: Step::new(process, true), root: vec![0.0; start.len()], start }
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
                if self.step.to(process, times[k] - times[k - 1]) {
                    self.root = roots(process, &self.step.q);
                }
                self.step.forward(process, &mut x, &mut work);
            }
            let root = if k == 0 { &self.start } else { &self.root };
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

/// Lower triangular roots of positive semidefinite blocks; a pivot that rounding leaves at 0 or below is
/// none.
fn roots(process: &Process, matrices: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; matrices.len()];
    for (_, m, range) in process.places() {
        let (a, l) = (&matrices[range.clone()], &mut out[range]);
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
    out
}
