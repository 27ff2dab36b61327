//! A root of what the data leave open: unknowns that stay round where the data say much.

use crate::filter::{write_constant, write_loading};
use crate::root::{Root, Run};
use crate::size::{run_sized, width};
use crate::state::{congruence_back, dot, symmetric_times};
use crate::step::{Needs, Step};
use crate::{Error, Observations, Process};

/// z = M⁻ᵀ u and y = R z with M Mᵀ = I + Rᵀ diag(τ) R, M upper triangular, and derivatives back
/// through them.
///
/// If each number of y were observed once with variance 1/τ, a τ for each time, then u given that would be standard normal
/// around its mean. A sum of squares, Σ (z² + τ y²), is least from a time on at a quadratic Ω of the
/// state there, which comes from the last time to the first as in control:
///
/// ```text
/// W = AᵀΩ′A,   B = 1 + τρ² + gᵀWg,   l = τρ c + W g,   Ω = τ c cᵀ + W − l lᵀ/B
/// z = u/√B − l x/B,   y = c x + ρ z,   x ← x + g z
/// ```
///
/// with A to the next time, Ω′ there, and c, ρ, g of the [`Root`]; √B is the diagonal of M. Rounding in Ω
/// changes M a little, and nothing else: the change of variables is that of the M that is used. With
/// τ = 0, M is I.
#[derive(Debug, Clone)]
pub struct Informed {
    pub(crate) root: Root,
    pub(crate) tau: f64,
    /// What multiplies τ at each time; empty for 1.
    pub(crate) course: Vec<f64>,
    /// W of each time, d × d; nothing where τ is 0.
    pub(crate) ahead: Vec<f64>,
    /// l of each time.
    pub(crate) pulls: Vec<f64>,
    /// B of each time.
    pub(crate) totals: Vec<f64>,
}

/// What a sweep leaves for the sweep back.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// x before each observation: times × states × series.
    pub(crate) states: Vec<f64>,
}

struct Prepare<'f, const D: usize> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    informed: &'f mut Informed,
}

impl<const D: usize> pulp::NullaryFnOnce for Prepare<'_, D> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { process, observations, informed } = self;
        let d = width::<D>(process.size);
        let Informed { root, tau: scale, course, ahead, pulls, totals } = informed;
        let (scale, times) = (*scale, observations.times);
        let mut step = Step::new(process, Needs::Noise);
        let (mut omega, mut work) = (vec![0.0; d * d], vec![0.0; d * d.max(1)]);
        let mut loading = vec![0.0; process.blocks.len()];
        write_constant(&observations.loadings, &mut loading);
        for k in (0..times.len()).rev() {
            if k + 1 < times.len() {
                step.to(process, times[k + 1] - times[k]);
                congruence_back::<D>(process, &step, &mut omega, &mut work);
            }
            ahead[k * d * d..(k + 1) * d * d].copy_from_slice(&omega);
            write_loading(&observations.loadings, k, &mut loading);
            let tau = scale * course.get(k).copied().unwrap_or(1.0);
            let (g, rho) = (&root.gains[k * d..k * d + d], root.scales[k]);
            let l = &mut pulls[k * d..k * d + d];
            symmetric_times(&omega, g, d, l);
            let total = 1.0 + tau * rho * rho + dot(g, l);
            for (c, &i) in loading.iter().zip(&process.first) {
                l[i] += tau * rho * c;
                for (e, &j) in loading.iter().zip(&process.first) {
                    omega[i * d + j] += tau * (c * e);
                }
            }
            totals[k] = total;
            let inverse = total.recip();
            for (row, a) in omega.chunks_exact_mut(d).zip(&*l) {
                // The product of the two first: so it stays exactly symmetric.
                row.iter_mut().zip(&*l).for_each(|(o, b)| *o -= (a * b) * inverse);
            }
        }
    }
}

impl Informed {
    /// With information τ about each number of y = R z, times that of `course` where it has one a time.
    ///
    /// # Errors
    /// As [`Root::new`].
    ///
    /// # Panics
    /// As [`Root::new`], if τ is negative, or if `course` has neither a number for each time nor none.
    pub fn new(
        process: &Process,
        observations: &Observations<'_>,
        tau: f64,
        course: &[f64],
    ) -> Result<Self, Error> {
        assert!(tau >= 0.0, "information is not negative");
        let all = observations.times.len();
        assert!(course.is_empty() || course.len() == all, "one number for each time");
        let (d, n) = (process.size, observations.times.len());
        let size = |s: usize| if tau > 0.0 { s } else { 0 };
        let mut informed = Self {
            root: Root::new(process, observations)?,
            tau,
            course: course.to_vec(),
            ahead: vec![0.0; size(n * d * d)],
            pulls: vec![0.0; size(n * d)],
            totals: vec![1.0; size(n)],
        };
        if tau > 0.0 {
            run_sized!(d, Prepare { process, observations, informed: &mut informed });
        }
        Ok(informed)
    }

    /// R.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// log |M|.
    pub fn log_det(&self) -> f64 {
        0.5 * self.totals.iter().map(|b| b.ln()).sum::<f64>()
    }

    /// z = M⁻ᵀ u and y = R z of `count` series side by side, all times × series; process and
    /// observations are those that it was made of.
    ///
    /// # Panics
    /// If lengths do not match.
    #[expect(clippy::too_many_arguments, reason = "two results and what leads back")]
    pub fn forward(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        u: &[f64],
        count: usize,
        z: &mut [f64],
        y: &mut [f64],
        sweep: &mut Sweep,
    ) {
        let (n, d) = (self.root.len(), process.size);
        assert_eq!([u.len(), z.len(), y.len()], [n * count; 3], "a number for each observation");
        sweep.states.resize(n * d * count, 0.0);
        let mut run = Run::new(process, observations, count);
        for k in 0..n {
            run.forward_to(k);
            sweep.states[k * d * count..][..d * count].copy_from_slice(&run.x);
            let (u, z) = (&u[k * count..][..count], &mut z[k * count..][..count]);
            if self.tau > 0.0 {
                run.contract(&self.pulls[k * d..k * d + d], z);
                let inverse = self.totals[k].recip();
                let root = inverse.sqrt();
                z.iter_mut().zip(u).for_each(|(z, u)| *z = root * u - inverse * *z);
            } else {
                z.copy_from_slice(u);
            }
            let y = &mut y[k * count..][..count];
            run.observe(y);
            y.iter_mut().zip(&*z).for_each(|(y, z)| *y += self.root.scales[k] * z);
            run.add(&self.root.gains[k * d..k * d + d], z);
        }
    }

    /// u = Mᵀ z of `count` series side by side.
    ///
    /// # Panics
    /// If lengths do not match.
    pub fn inform(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        z: &[f64],
        count: usize,
        u: &mut [f64],
    ) {
        let (n, d) = (self.root.len(), process.size);
        assert_eq!([u.len(), z.len()], [n * count; 2], "a number for each observation");
        if self.tau == 0.0 {
            return u.copy_from_slice(z);
        }
        let mut run = Run::new(process, observations, count);
        for k in 0..n {
            run.forward_to(k);
            let (z, u) = (&z[k * count..][..count], &mut u[k * count..][..count]);
            run.contract(&self.pulls[k * d..k * d + d], u);
            let root = self.totals[k].sqrt();
            u.iter_mut().zip(z).for_each(|(u, z)| *u = root * z + *u / root);
            run.add(&self.root.gains[k * d..k * d + d], z);
        }
    }
}
