//! K α without a matrix: what the observations let expect.

use crate::step::{Needs, Step};
use crate::{Observations, Process};

/// E of the first state of each block at each time, blocks fastest: Cov(x(t), y) α, α = A⁻¹(y − m).
///
/// The times are those of the observations; where the process is wanted at others, they stand among
/// them without an observation. One sweep forwards sums what lies before a time, one back what lies
/// after it.
///
/// # Panics
/// If `alpha` does not have a number for each observation.
pub fn expect(process: &Process, observations: &Observations<'_>, alpha: &[f64]) -> Vec<f64> {
    observations.check();
    assert_eq!(alpha.len(), observations.variances.len(), "one number for each observation");
    let Observations { times, starts, loadings, .. } = *observations;
    let (d, count) = (process.size, process.blocks.len());
    let stationary = process.stationary();
    // x += P h a, of which h has one entry a block.
    let add = |x: &mut [f64], loading: &[f64], a: f64| {
        for ((first, m, range), c) in process.places().zip(loading) {
            let column = stationary[range].chunks_exact(m).map(|row| row[0]);
            x[first..first + m].iter_mut().zip(column).for_each(|(x, p)| *x += c * a * p);
        }
    };
    let mut out = vec![0.0; times.len() * count];
    let (mut step, mut loading) = (Step::new(process, Needs::Transition), vec![0.0; count]);
    let (mut x, mut work) = (vec![0.0; d], vec![0.0; d]);
    for k in 0..times.len() {
        if k > 0 {
            step.to(process, times[k] - times[k - 1]);
            step.forward(process, &mut x, &mut work);
        }
        for o in starts[k]..starts[k + 1] {
            loadings.write(o, &mut loading);
            add(&mut x, &loading, alpha[o]);
        }
        let firsts = process.first.iter().map(|&i| x[i]);
        out[k * count..][..count].iter_mut().zip(firsts).for_each(|(o, x)| *o = x);
    }
    x.fill(0.0);
    for k in (0..times.len()).rev() {
        for (o, (first, m, range)) in out[k * count..][..count].iter_mut().zip(process.places()) {
            let row = &stationary[range][..m];
            *o += row.iter().zip(&x[first..]).map(|(p, x)| p * x).sum::<f64>();
        }
        for o in starts[k]..starts[k + 1] {
            loadings.write(o, &mut loading);
            for (c, &i) in loading.iter().zip(&process.first) {
                x[i] += c * alpha[o];
            }
        }
        if k > 0 {
            step.to(process, times[k] - times[k - 1]);
            step.back(process, &mut x, &mut work);
        }
    }
    out
}
