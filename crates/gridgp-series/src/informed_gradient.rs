//! Derivatives back through [`Informed`]: through the sweep, through Ω, through the filter.

use gridgp_kernel::Block;

use crate::filter::{write_constant, write_loading};
use crate::informed::{Informed, Sweep};
use crate::root::Run;
use crate::segment::Segments;
use crate::size::{run_sized, width};
use crate::state::{congruence_back, dot, symmetric_times};
use crate::step::{Needs, Step};
use crate::{Error, Observations, Process};

/// Derivatives that sweeps back have collected, before they are taken on to kernel and noise.
#[derive(Debug, Clone)]
pub struct Bars {
    gains: Vec<f64>,
    scales: Vec<f64>,
    /// ∂/∂c, times × blocks.
    loadings: Vec<f64>,
    pulls: Vec<f64>,
    totals: Vec<f64>,
    rates: Vec<f64>,
    generators: Generators,
}

/// Derivatives with respect to process and observations.
#[derive(Debug, Clone, PartialEq)]
pub struct RootGradient {
    /// ∂/∂gain, sites × blocks.
    pub gains: Vec<f64>,
    /// ∂/∂weight of each observation.
    pub weights: Vec<Vec<f64>>,
    /// ∂/∂rate of each factor of each block.
    pub rates: Vec<f64>,
    /// ∂/∂ the variance of the noise of each observation.
    pub variances: Vec<f64>,
    /// ∂/∂τ, the course of τ being what it is.
    pub tau: f64,
}

/// The entries of each F that are not 0, with their places among all states.
type Generators = Vec<Vec<(usize, usize, f64)>>;

fn generators(process: &Process) -> Generators {
    let mut found = Vec::new();
    for (block, (first, m, _)) in process.blocks.iter().zip(process.places()) {
        let of = |factor: usize, block: &Block| {
            let mut f = vec![0.0; m * m];
            block.generator(factor, &mut f);
            let entries = f.iter().enumerate().filter(|(_, f)| **f != 0.0);
            entries.map(|(i, f)| (first + i / m, first + i % m, *f)).collect()
        };
        found.extend((0..block.factors.len()).map(|factor| of(factor, block)));
    }
    found
}

impl Informed {
    /// Memory for derivatives, all 0.
    pub fn bars(&self, process: &Process) -> Bars {
        let (n, d) = (self.root.len(), process.size);
        Bars {
            gains: vec![0.0; n * d],
            scales: vec![0.0; n],
            loadings: vec![0.0; n * process.blocks.len()],
            pulls: vec![0.0; self.pulls.len()],
            totals: vec![0.0; self.totals.len()],
            rates: vec![0.0; process.factors()],
            generators: generators(process),
        }
    }

    /// Back over a [`forward`](Self::forward) sweep: writes ∂/∂u to `u_bar` and adds the rest to `bars`,
    /// from the derivatives with respect to y, `y_bar`, and those with respect to z, which `z_bar` gives
    /// of z. What log |M| adds comes in [`finish`](Self::finish).
    ///
    /// # Panics
    /// If lengths do not match.
    #[expect(clippy::too_many_arguments, reason = "what the forward sweep had and made")]
    pub fn back(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        (u, z, sweep): (&[f64], &[f64], &Sweep),
        count: usize,
        y_bar: &[f64],
        z_bar: impl Fn(f64) -> f64,
        u_bar: &mut [f64],
        bars: &mut Bars,
    ) {
        let (n, d) = (self.root.len(), process.size);
        let lengths = [u.len(), z.len(), y_bar.len(), u_bar.len()];
        assert_eq!(lengths, [n * count; 4], "a number for each observation");
        let blocks = process.blocks.len();
        // x is the derivative with respect to the state here.
        let mut run = Run::new(process, observations, count);
        let mut own = vec![0.0; count];
        for k in (0..n).rev() {
            let at = k * count..(k + 1) * count;
            let (u, z, y_bar) = (&u[at.clone()], &z[at.clone()], &y_bar[at.clone()]);
            let u_bar = &mut u_bar[at];
            let states = &sweep.states[k * d * count..][..d * count];
            let (g, rho) = (&self.root.gains[k * d..k * d + d], self.root.scales[k]);
            run.contract(g, &mut own);
            for ((own, z), y_bar) in own.iter_mut().zip(z).zip(y_bar) {
                *own += z_bar(*z) + rho * y_bar;
            }
            bars.scales[k] += dot(y_bar, z);
            let rows = run.x.chunks_exact(count);
            bars.gains[k * d..].iter_mut().zip(rows).for_each(|(bar, row)| *bar += dot(row, z));
            run.add_loading(k, y_bar);
            for (b, &i) in process.first.iter().enumerate() {
                bars.loadings[k * blocks + b] += dot(&states[i * count..][..count], y_bar);
            }
            if self.tau > 0.0 {
                let inverse = self.totals[k].recip();
                let root = inverse.sqrt();
                let mut total_bar = 0.0;
                for i in 0..count {
                    u_bar[i] = root * own[i];
                    total_bar += own[i] * (0.5 * root * u[i] - z[i]);
                    own[i] *= -inverse;
                }
                bars.totals[k] += total_bar * inverse;
                let rows = states.chunks_exact(count);
                let pulls = bars.pulls[k * d..].iter_mut();
                pulls.zip(rows).for_each(|(bar, row)| *bar += dot(row, &own));
                run.add(&self.pulls[k * d..k * d + d], &own);
            } else {
                u_bar.copy_from_slice(&own);
            }
            if k > 0 {
                let length = run.length(k);
                for (rate, entries) in bars.rates.iter_mut().zip(&bars.generators) {
                    let one = |&(i, j, f): &(usize, usize, f64)| {
                        f * dot(&run.x[i * count..][..count], &states[j * count..][..count])
                    };
                    *rate += length * entries.iter().map(one).sum::<f64>();
                }
                run.back_from(k);
            }
        }
    }

    /// Takes what the sweeps back have collected on to process, observations and τ, with the derivatives
    /// of −`series` log |M|.
    ///
    /// # Errors
    /// As [`Root::new`](crate::Root::new).
    pub fn finish(
        &self,
        process: &Process,
        observations: &Observations<'_>,
        bars: &mut Bars,
        series: usize,
    ) -> Result<RootGradient, Error> {
        for (bar, total) in bars.totals.iter_mut().zip(&self.totals) {
            *bar -= 0.5 * series as f64 / total;
        }
        let n = self.root.len();
        let loadings = &observations.loadings;
        let mut out = RootGradient {
            gains: vec![0.0; loadings.gains.len()],
            weights: loadings.weights.iter().map(|w| vec![0.0; w.len()]).collect(),
            rates: Vec::new(),
            variances: vec![0.0; n],
            tau: 0.0,
        };
        let zeros = vec![0.0; n];
        run_sized!(
            process.size,
            Finish { informed: self, process, observations, bars, zeros: &zeros, out: &mut out }
        )?;
        out.rates = std::mem::take(&mut bars.rates);
        Ok(out)
    }
}

struct Finish<'f, const D: usize> {
    informed: &'f Informed,
    process: &'f Process,
    observations: &'f Observations<'f>,
    bars: &'f mut Bars,
    zeros: &'f [f64],
    out: &'f mut RootGradient,
}

impl<const D: usize> pulp::NullaryFnOnce for Finish<'_, D> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn call(mut self) -> Result<(), Error> {
        if self.informed.tau > 0.0 {
            self.information();
        }
        self.filter()
    }
}

impl<const D: usize> Finish<'_, D> {
    /// Forwards over Ω, which came backwards.
    #[inline(always)]
    fn information(&mut self) {
        let Self { informed, process, observations, bars, out, .. } = self;
        let Informed { root, tau: scale, course, ahead, pulls, totals } = *informed;
        let (d, scale) = (width::<D>(process.size), *scale);
        let share = |k: usize| course.get(k).copied().unwrap_or(1.0);
        let blocks = process.blocks.len();
        let mut step = Step::new(process, Needs::Noise);
        let mut bar = vec![0.0; d * d];
        let (mut turned, mut work, mut transposed) =
            (vec![0.0; d], vec![0.0; d * d.max(1)], vec![0.0; d * d]);
        let mut loading = vec![0.0; blocks];
        write_constant(&observations.loadings, &mut loading);
        let times = observations.times;
        for k in 0..times.len() {
            write_loading(&observations.loadings, k, &mut loading);
            let tau = scale * share(k);
            let (l, total) = (&pulls[k * d..k * d + d], totals[k]);
            let (g, rho) = (&root.gains[k * d..k * d + d], root.scales[k]);
            let w = &ahead[k * d * d..(k + 1) * d * d];
            let inverse = total.recip();
            // Ω = τ c cᵀ + W − l lᵀ/B.
            symmetric_times(&bar, l, d, &mut turned);
            let l_bar = &mut bars.pulls[k * d..k * d + d];
            l_bar.iter_mut().zip(&turned).for_each(|(b, t)| *b -= 2.0 * inverse * t);
            let total_bar = bars.totals[k] + inverse * inverse * dot(l, &turned[..d]);
            let c_bar = &mut bars.loadings[k * blocks..(k + 1) * blocks];
            for (b, &i) in process.first.iter().enumerate() {
                let row = &bar[i * d..i * d + d];
                let bent: f64 = loading.iter().zip(&process.first).map(|(c, &j)| c * row[j]).sum();
                out.tau += share(k) * loading[b] * bent;
                c_bar[b] += 2.0 * tau * bent;
            }
            // l = τ ρ c + W g and B = 1 + τ ρ² + gᵀ W g.
            let seen: f64 = loading.iter().zip(&process.first).map(|(c, &i)| c * l_bar[i]).sum();
            out.tau += share(k) * (rho * seen + rho * rho * total_bar);
            bars.scales[k] += tau * seen + 2.0 * tau * rho * total_bar;
            for (b, &i) in process.first.iter().enumerate() {
                c_bar[b] += tau * rho * l_bar[i];
            }
            // W g = l − τ ρ c.
            turned[..d].copy_from_slice(l);
            for (c, &i) in loading.iter().zip(&process.first) {
                turned[i] -= tau * rho * c;
            }
            let g_bar = &mut bars.gains[k * d..k * d + d];
            g_bar.iter_mut().zip(&turned).for_each(|(b, t)| *b += 2.0 * total_bar * t);
            symmetric_times(w, l_bar, d, &mut turned);
            g_bar.iter_mut().zip(&turned).for_each(|(b, t)| *b += t);
            for i in 0..d {
                for j in 0..d {
                    bar[i * d + j] +=
                        0.5 * (l_bar[i] * g[j] + g[i] * l_bar[j]) + total_bar * (g[i] * g[j]);
                }
            }
            if k + 1 == times.len() {
                break;
            }
            // W = Aᵀ Ω A: Ω̄ = A W̄ Aᵀ, and with dA = δ F A what F adds is 2 δ tr(F Ω̄ Ω).
            let length = times[k + 1] - times[k];
            step.to(process, length);
            congruence::<D>(process, &step.a, &mut bar, &mut work, &mut transposed);
            let (l, total) = (&pulls[(k + 1) * d..(k + 2) * d], totals[k + 1]);
            let w = &ahead[(k + 1) * d * d..(k + 2) * d * d];
            write_loading(&observations.loadings, k + 1, &mut loading);
            let tau = scale * share(k + 1);
            let omega = |i: usize, j: usize| w[i * d + j] - l[i] * l[j] / total;
            for (rate, entries) in bars.rates.iter_mut().zip(&bars.generators) {
                let mut sum = 0.0;
                for &(i, j, f) in entries {
                    let mut entry: f64 = (0..d).map(|m| bar[j * d + m] * omega(m, i)).sum();
                    // τ c cᵀ of Ω.
                    if let Some(b) = process.first.iter().position(|&first| first == i) {
                        let seen = loading.iter().zip(&process.first);
                        let seen: f64 = seen.map(|(c, &m)| c * bar[j * d + m]).sum();
                        entry += tau * loading[b] * seen;
                    }
                    sum += f * entry;
                }
                *rate += 2.0 * length * sum;
            }
        }
    }

    /// Back over the filter.
    #[inline(always)]
    fn filter(&mut self) -> Result<(), Error> {
        let Self { process, observations, bars, zeros, out, .. } = self;
        let d = width::<D>(process.size);
        let blocks = process.blocks.len();
        let mut segments = Segments::<D>::new(process, observations, zeros);
        for i in 0..segments.count() {
            segments.run(i)?;
        }
        let mut step = Step::new(process, Needs::Slopes);
        let mut bar = vec![0.0; d * d];
        let (mut turned, mut column_bar) = (vec![0.0; d], vec![0.0; d]);
        let mut work = vec![0.0; d * d.max(1)];
        let mut loading = vec![0.0; blocks];
        write_constant(&observations.loadings, &mut loading);
        for i in (0..segments.count()).rev() {
            if i + 1 < segments.count() {
                segments.run(i)?;
            }
            let segment = &mut segments.segment;
            for (at, k) in segment.times.clone().enumerate().rev() {
                write_loading(&observations.loadings, k, &mut loading);
                let p = &mut segment.p[at * d * d..(at + 1) * d * d];
                let (column, s) = (&segment.columns[at * d..at * d + d], segment.s[at]);
                let (rho, inverse) = (s.sqrt(), s.recip());
                let g_bar = &bars.gains[k * d..k * d + d];
                symmetric_times(&bar, column, d, &mut turned);
                let rho_bar = bars.scales[k] - dot(g_bar, column) * inverse;
                let bent = dot(column, &turned[..d]);
                let s_bar = 0.5 * rho_bar / rho + bent * inverse * inverse;
                for ((out, g), t) in column_bar.iter_mut().zip(g_bar).zip(&turned) {
                    *out = g / rho - 2.0 * inverse * t;
                }
                for (c, &i) in loading.iter().zip(&process.first) {
                    column_bar[i] += s_bar * c;
                }
                out.variances[k] = s_bar;
                let c_bar = &mut bars.loadings[k * blocks..(k + 1) * blocks];
                for (b, &i) in process.first.iter().enumerate() {
                    c_bar[b] += s_bar * column[i] + dot(&p[i * d..i * d + d], &column_bar[..d]);
                }
                for (c, &i) in loading.iter().zip(&process.first) {
                    let half = 0.5 * c;
                    for l in 0..d {
                        let x = half * column_bar[l];
                        bar[i * d + l] += x;
                        bar[l * d + i] += x;
                    }
                }
                observations.loadings.write_vjp(k, c_bar, &mut out.gains, &mut out.weights);
                if k == 0 {
                    continue;
                }
                let length = observations.times[k] - observations.times[k - 1];
                step.to(process, length);
                // A P Aᵀ = P − Q of the P after the step.
                for (first, m, range) in process.places() {
                    for (i, row) in step.q[range].chunks_exact(m).enumerate() {
                        let at = (first + i) * d + first;
                        p[at..at + m].iter_mut().zip(row).for_each(|(p, q)| *p -= q);
                    }
                }
                let mut factor = 0;
                for (block, (first, m, _)) in process.blocks.iter().zip(process.places()) {
                    for _ in 0..block.factors.len() {
                        let mut sum = 0.0;
                        for &(i, j, f) in &bars.generators[factor] {
                            sum += 2.0 * f * dot(&p[j * d..j * d + d], &bar[i * d..i * d + d]);
                        }
                        for (i, row) in step.slopes[factor].chunks_exact(m).enumerate() {
                            let at = (first + i) * d + first;
                            sum += dot(row, &bar[at..at + m]);
                        }
                        bars.rates[factor] += length * sum;
                        factor += 1;
                    }
                }
                congruence_back::<D>(process, &step, &mut bar, &mut work);
            }
        }
        Ok(())
    }
}

/// m = A m Aᵀ for a symmetric m, A of blocks.
#[inline(always)]
fn congruence<const D: usize>(
    process: &Process,
    a: &[f64],
    m: &mut [f64],
    work: &mut [f64],
    transposed: &mut [f64],
) {
    let d = width::<D>(process.size);
    rows_times::<D>(process, a, m, work);
    for i in 0..d {
        for j in 0..d {
            transposed[j * d + i] = work[i * d + j];
        }
    }
    rows_times::<D>(process, a, transposed, m);
    for i in 1..d {
        for j in 0..i {
            m[j * d + i] = m[i * d + j];
        }
    }
}

/// out = A b, A of blocks.
#[inline(always)]
fn rows_times<const D: usize>(process: &Process, a: &[f64], b: &[f64], out: &mut [f64]) {
    let d = width::<D>(process.size);
    for (first, m, range) in process.places() {
        let a = &a[range];
        for i in 0..m {
            let row = &mut out[(first + i) * d..(first + i + 1) * d];
            row.fill(0.0);
            for l in 0..m {
                let c = a[i * m + l];
                let from = &b[(first + l) * d..(first + l + 1) * d];
                row.iter_mut().zip(from).for_each(|(o, b)| *o += c * b);
            }
        }
    }
}
