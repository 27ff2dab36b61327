//! The filter: the covariance of the observations in the order of time, factorized.

use std::f64::consts::PI;

use crate::batch::{self, Factors};
use crate::size::{run_sized, width};
use crate::state::State;
use crate::step::{Needs, Step};
use crate::{Error, Loadings, Observations, Process};

/// A = L S Lᵀ of the observations, with L unit lower triangular: never written out, but as the gain
/// P h/s and the variance s of each, or as those of blocks of them.
#[derive(Debug, Clone)]
pub struct Filter {
    gains: Gains,
    /// s of each observation, given those before it.
    variances: Vec<f64>,
}

#[derive(Debug, Clone)]
enum Gains {
    /// P h/s of each observation, before it was taken in; d numbers each.
    OneByOne(Vec<f64>),
    /// Those of blocks.
    Blocks(Factors),
}

struct Factorize<'f, const D: usize> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    gains: &'f mut [f64],
    variances: &'f mut [f64],
}

impl<const D: usize> pulp::NullaryFnOnce for Factorize<'_, D> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn call(self) -> Result<(), Error> {
        let Self { process, observations, gains, variances } = self;
        let d = width::<D>(process.size);
        let Observations { times, starts, loadings, .. } = *observations;
        let (mut state, mut step) = (State::<D>::start(process), Step::new(process, Needs::Noise));
        let mut loading = vec![0.0; process.blocks.len()];
        write_constant(&loadings, &mut loading);
        for k in 0..times.len() {
            if k > 0 {
                step.to(process, times[k] - times[k - 1]);
                state.predict(process, &step);
            }
            for o in starts[k]..starts[k + 1] {
                write_loading(&loadings, o, &mut loading);
                let column = &mut gains[o * d..o * d + d];
                let noise = observations.variances[o];
                let s = state.observe(process, &loading, 0.0, noise, column).s;
                if !(s > 0.0 && s.is_finite()) {
                    return Err(Error::Variance { time: times[k], variance: s });
                }
                column.iter_mut().for_each(|g| *g /= s);
                variances[o] = s;
            }
        }
        Ok(())
    }
}

/// Writes loadings that are the same for all observations; they stay as they are.
#[inline(always)]
pub(crate) fn write_constant(loadings: &Loadings<'_>, out: &mut [f64]) {
    if loadings.is_constant() {
        out.copy_from_slice(&loadings.gains[..out.len()]);
    }
}

#[inline(always)]
pub(crate) fn write_loading(loadings: &Loadings<'_>, o: usize, out: &mut [f64]) {
    if !loadings.is_constant() {
        loadings.write(o, out);
    }
}

impl Filter {
    /// Runs over all times once; memory is d + 1 numbers an observation. Where many observations at a time
    /// go in blocks, it is up to 64 more; where that would be more than a gibibyte, gains are not kept but
    /// made again by each solution.
    ///
    /// # Errors
    /// An observation whose variance given those before it is not positive.
    ///
    /// # Panics
    /// If lengths do not match.
    pub fn new(process: &Process, observations: &Observations<'_>) -> Result<Self, Error> {
        observations.check();
        let (d, n) = (process.size, observations.variances.len());
        let mut variances = vec![0.0; n];
        if batch::is_quicker(process, observations) {
            let gains = Gains::Blocks(Factors::new(process, observations, &mut variances)?);
            return Ok(Self { gains, variances });
        }
        let mut gains = vec![0.0; n * d];
        run_sized!(
            d,
            Factorize { process, observations, gains: &mut gains, variances: &mut variances }
        )?;
        Ok(Self { gains: Gains::OneByOne(gains), variances })
    }

    /// log |A|.
    pub fn log_det(&self) -> f64 {
        self.variances.iter().map(|s| s.ln()).sum()
    }

    /// The variance of each observation given those before it.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// log N(r; 0, A); process and observations are those that it was made of.
    pub fn log_prob(&self, process: &Process, observations: &Observations<'_>, r: &[f64]) -> f64 {
        let quadratic: f64 = match &self.gains {
            Gains::Blocks(factors) => factors.innovations(process, observations, r).1,
            Gains::OneByOne(gains) => {
                let v = innovations(gains, process, observations, r);
                v.iter().zip(&self.variances).map(|(v, s)| v * v / s).sum()
            }
        };
        -0.5 * (quadratic + self.log_det() + r.len() as f64 * (2.0 * PI).ln())
    }

    /// A⁻¹ r; process and observations are those that it was made of.
    ///
    /// # Panics
    /// If `r` does not have a number for each observation.
    pub fn solve(&self, process: &Process, observations: &Observations<'_>, r: &[f64]) -> Vec<f64> {
        assert_eq!(r.len(), self.variances.len(), "one number for each observation");
        let Observations { times, starts, loadings, .. } = *observations;
        let d = process.size;
        let gains = match &self.gains {
            Gains::Blocks(factors) => return factors.solve(process, observations, r),
            Gains::OneByOne(gains) => gains,
        };
        let mut v = innovations(gains, process, observations, r);
        let mut step = Step::new(process, Needs::Transition);
        let (mut back, mut work) = (vec![0.0; d], vec![0.0; d]);
        let mut loading = vec![0.0; process.blocks.len()];
        for k in (0..times.len()).rev() {
            for o in (starts[k]..starts[k + 1]).rev() {
                loadings.write(o, &mut loading);
                let gain = &gains[o * d..o * d + d];
                let later: f64 = gain.iter().zip(&back).map(|(g, b)| g * b).sum();
                v[o] = v[o] / self.variances[o] - later;
                for (c, &i) in loading.iter().zip(&process.first) {
                    back[i] += c * v[o];
                }
            }
            if k > 0 {
                step.to(process, times[k] - times[k - 1]);
                step.back(process, &mut back, &mut work);
            }
        }
        v
    }
}

/// L⁻¹r: each observation less what those before it let expect.
fn innovations(
    gains: &[f64],
    process: &Process,
    observations: &Observations<'_>,
    r: &[f64],
) -> Vec<f64> {
    let Observations { times, starts, loadings, .. } = *observations;
    let d = process.size;
    let (mut step, mut v) = (Step::new(process, Needs::Transition), r.to_vec());
    let (mut a, mut work) = (vec![0.0; d], vec![0.0; d]);
    let mut loading = vec![0.0; process.blocks.len()];
    for k in 0..times.len() {
        if k > 0 {
            step.to(process, times[k] - times[k - 1]);
            step.forward(process, &mut a, &mut work);
        }
        for o in starts[k]..starts[k + 1] {
            loadings.write(o, &mut loading);
            let seen: f64 = loading.iter().zip(&process.first).map(|(c, &i)| c * a[i]).sum();
            v[o] -= seen;
            let gain = &gains[o * d..o * d + d];
            a.iter_mut().zip(gain).for_each(|(a, g)| *a += g * v[o]);
        }
    }
    v
}
