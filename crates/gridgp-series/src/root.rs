//! The root of a covariance: one standard normal number an observation.

use crate::filter::{write_constant, write_loading};
use crate::size::{run_sized, width};
use crate::state::State;
use crate::step::{Needs, Step};
use crate::{Error, Loadings, Observations, Process};

/// R, lower triangular, with R Rᵀ = A of the observations: the Cholesky factor, never written out.
///
/// The filter makes of what has been seen so far a state x, and of each observation a number of its own:
///
/// ```text
/// yₖ = c x + ρₖ zₖ,   x ← x + gₖ zₖ,   x ← A x to the next time
/// ```
///
/// with ρₖ² the variance of observation k given those before it and gₖ = P c/ρₖ. So y = R z costs d² a
/// time, for any number of series side by side.
#[derive(Debug, Clone)]
pub struct Root {
    /// g of each observation, d numbers each.
    pub(crate) gains: Vec<f64>,
    /// ρ of each observation.
    pub(crate) scales: Vec<f64>,
}

struct Factorize<'f, const D: usize> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    root: &'f mut Root,
}

impl<const D: usize> pulp::NullaryFnOnce for Factorize<'_, D> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn call(self) -> Result<(), Error> {
        let Self { process, observations, root } = self;
        let d = width::<D>(process.size);
        let Observations { times, loadings, variances, .. } = *observations;
        let (mut state, mut step) = (State::<D>::start(process), Step::new(process, Needs::Noise));
        let mut loading = vec![0.0; process.blocks.len()];
        write_constant(&loadings, &mut loading);
        for k in 0..times.len() {
            if k > 0 {
                step.to(process, times[k] - times[k - 1]);
                state.predict(process, &step);
            }
            write_loading(&loadings, k, &mut loading);
            let gain = &mut root.gains[k * d..k * d + d];
            let s = state.observe(process, &loading, 0.0, variances[k], gain).s;
            if !(s > 0.0 && s.is_finite()) {
                return Err(Error::Variance { time: times[k], variance: s });
            }
            let scale = s.sqrt();
            gain.iter_mut().for_each(|g| *g /= scale);
            root.scales[k] = scale;
        }
        Ok(())
    }
}

impl Root {
    /// Runs over all times once; memory is d + 1 numbers a time.
    ///
    /// # Errors
    /// An observation whose variance given those before it is not positive.
    ///
    /// # Panics
    /// Unless there is one observation at each time.
    pub fn new(process: &Process, observations: &Observations<'_>) -> Result<Self, Error> {
        observations.check();
        let (d, n) = (process.size, observations.times.len());
        assert!(
            observations.starts.iter().enumerate().all(|(k, &s)| k == s),
            "one observation at each time"
        );
        let mut root = Self { gains: vec![0.0; n * d], scales: vec![0.0; n] };
        run_sized!(d, Factorize { process, observations, root: &mut root })?;
        Ok(root)
    }

    /// The number of observations.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there is no observation.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// log |A|.
    pub fn log_det(&self) -> f64 {
        2.0 * self.scales.iter().map(|s| s.ln()).sum::<f64>()
    }

    /// The factor R itself, of `count` series side by side; process and observations are those that it
    /// was made of. `z` and `out` are times × series.
    ///
    /// # Panics
    /// If lengths do not match.
    pub fn multiply(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        z: &[f64],
        count: usize,
        out: &mut [f64],
    ) {
        let (n, d) = (self.len(), process.size);
        assert_eq!((z.len(), out.len()), (n * count, n * count), "a number for each observation");
        let mut run = Run::new(process, observations, count);
        for k in 0..n {
            run.forward_to(k);
            let (z, y) = (&z[k * count..][..count], &mut out[k * count..][..count]);
            run.observe(y);
            y.iter_mut().zip(z).for_each(|(y, z)| *y += self.scales[k] * z);
            run.add(&self.gains[k * d..k * d + d], z);
        }
    }

    /// out = Rᵀ y, of `count` series side by side.
    ///
    /// # Panics
    /// If lengths do not match.
    pub fn multiply_transposed(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        y: &[f64],
        count: usize,
        out: &mut [f64],
    ) {
        let (n, d) = (self.len(), process.size);
        assert_eq!((y.len(), out.len()), (n * count, n * count), "a number for each observation");
        let mut run = Run::new(process, observations, count);
        for k in (0..n).rev() {
            let (y, z) = (&y[k * count..][..count], &mut out[k * count..][..count]);
            run.contract(&self.gains[k * d..k * d + d], z);
            z.iter_mut().zip(y).for_each(|(z, y)| *z += self.scales[k] * y);
            run.add_loading(k, y);
            run.back_from(k);
        }
    }

    /// out = R⁻¹ y, of `count` series side by side.
    ///
    /// # Panics
    /// If lengths do not match.
    pub fn solve(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        y: &[f64],
        count: usize,
        out: &mut [f64],
    ) {
        let (n, d) = (self.len(), process.size);
        assert_eq!((y.len(), out.len()), (n * count, n * count), "a number for each observation");
        let mut run = Run::new(process, observations, count);
        for k in 0..n {
            run.forward_to(k);
            let (y, z) = (&y[k * count..][..count], &mut out[k * count..][..count]);
            run.observe(z);
            z.iter_mut().zip(y).for_each(|(z, y)| *z = (y - *z) / self.scales[k]);
            run.add(&self.gains[k * d..k * d + d], z);
        }
    }

    /// out = R⁻ᵀ z, which is A⁻¹ y of y = R z, of `count` series side by side.
    ///
    /// # Panics
    /// If lengths do not match.
    pub fn solve_transposed(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        z: &[f64],
        count: usize,
        out: &mut [f64],
    ) {
        let (n, d) = (self.len(), process.size);
        assert_eq!((z.len(), out.len()), (n * count, n * count), "a number for each observation");
        let mut run = Run::new(process, observations, count);
        for k in (0..n).rev() {
            let (z, alpha) = (&z[k * count..][..count], &mut out[k * count..][..count]);
            run.contract(&self.gains[k * d..k * d + d], alpha);
            alpha.iter_mut().zip(z).for_each(|(a, z)| *a = (z - *a) / self.scales[k]);
            run.add_loading(k, alpha);
            run.back_from(k);
        }
    }
}

/// The states of some series side by side on their way along the times: states × series.
pub(crate) struct Run<'f> {
    pub(crate) process: &'f Process,
    times: &'f [f64],
    loadings: Loadings<'f>,
    pub(crate) count: usize,
    pub(crate) step: Step,
    pub(crate) x: Vec<f64>,
    pub(crate) loading: Vec<f64>,
    work: Vec<f64>,
}

impl<'f> Run<'f> {
    pub(crate) fn new(process: &'f Process, observations: &Observations<'f>, count: usize) -> Self {
        let mut loading = vec![0.0; process.blocks.len()];
        write_constant(&observations.loadings, &mut loading);
        let most = process.sizes.iter().copied().max().unwrap_or(0);
        Self {
            process,
            times: observations.times,
            loadings: observations.loadings,
            count,
            step: Step::new(process, Needs::Transition),
            x: vec![0.0; process.size * count],
            loading,
            work: vec![0.0; most * count],
        }
    }

    /// From time k − 1 to time k, and what is seen there.
    #[inline]
    pub(crate) fn forward_to(&mut self, k: usize) {
        write_loading(&self.loadings, k, &mut self.loading);
        if k > 0 {
            self.step.to(self.process, self.times[k] - self.times[k - 1]);
            self.turn(false);
        }
    }

    /// x = Aᵀ x, with the step that leads to time k; none to the first.
    #[inline]
    pub(crate) fn back_from(&mut self, k: usize) {
        if k > 0 {
            self.step.to(self.process, self.times[k] - self.times[k - 1]);
            self.turn(true);
        }
    }

    /// How long the step is that leads to time k > 0.
    pub(crate) fn length(&self, k: usize) -> f64 {
        self.times[k] - self.times[k - 1]
    }

    #[inline]
    fn turn(&mut self, transposed: bool) {
        let (count, work) = (self.count, &mut self.work);
        for (first, m, range) in self.process.places() {
            let a = &self.step.a[range];
            let x = &mut self.x[first * count..(first + m) * count];
            let work = &mut work[..m * count];
            work.fill(0.0);
            for i in 0..m {
                for l in 0..m {
                    let c = if transposed { a[l * m + i] } else { a[i * m + l] };
                    let (to, from) = (&mut work[i * count..][..count], &x[l * count..][..count]);
                    to.iter_mut().zip(from).for_each(|(w, x)| *w += c * x);
                }
            }
            x.copy_from_slice(work);
        }
    }

    /// out = c x.
    #[inline]
    pub(crate) fn observe(&self, out: &mut [f64]) {
        out.fill(0.0);
        for (c, &i) in self.loading.iter().zip(&self.process.first) {
            let row = &self.x[i * self.count..][..self.count];
            out.iter_mut().zip(row).for_each(|(o, x)| *o += c * x);
        }
    }

    /// out = v x.
    #[inline]
    pub(crate) fn contract(&self, v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (c, row) in v.iter().zip(self.x.chunks_exact(self.count)) {
            out.iter_mut().zip(row).for_each(|(o, x)| *o += c * x);
        }
    }

    /// x += v z.
    #[inline]
    pub(crate) fn add(&mut self, v: &[f64], z: &[f64]) {
        for (c, row) in v.iter().zip(self.x.chunks_exact_mut(self.count)) {
            row.iter_mut().zip(z).for_each(|(x, z)| *x += c * z);
        }
    }

    /// x += c y, with what is seen at time k.
    #[inline]
    pub(crate) fn add_loading(&mut self, k: usize, y: &[f64]) {
        write_loading(&self.loadings, k, &mut self.loading);
        for (c, &i) in self.loading.iter().zip(&self.process.first) {
            let row = &mut self.x[i * self.count..][..self.count];
            row.iter_mut().zip(y).for_each(|(x, y)| *x += c * y);
        }
    }
}
