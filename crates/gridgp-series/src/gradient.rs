//! log N(r; 0, A) with its gradient, by the adjoint of the filter.

use std::f64::consts::PI;

use gridgp_kernel::BlockBar;

use crate::batch;
use crate::filter::{write_constant, write_loading};
use crate::segment::Segments;
use crate::size::{run_sized, width};
use crate::state::{congruence_back, dot, symmetric_times};
use crate::step::{Matrices, Needs, Step};
use crate::{Error, Observations, Process};

/// A value of log N(r; 0, A) and its derivatives.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// log N(r; 0, A), normalized.
    pub log_prob: f64,
    /// A⁻¹ r, which is −∂/∂r.
    pub alpha: Vec<f64>,
    /// ∂/∂gain, sites × blocks.
    pub gains: Vec<f64>,
    /// ∂/∂weight of each observation.
    pub weights: Vec<Vec<f64>>,
    /// ∂/∂rate of each factor of each block.
    pub rates: Vec<f64>,
    /// ∂/∂ the variance of the noise of each observation.
    pub variances: Vec<f64>,
}

impl Gradient {
    /// The derivatives with respect to the numbers of each block, but for centers; those with respect to
    /// the gains are summed over the sites.
    pub fn of_blocks(&self, process: &Process) -> Vec<BlockBar> {
        let mut rates = self.rates.iter();
        let one = |(b, block): (usize, &gridgp_kernel::Block)| {
            let mut bar = block.zero_bar();
            bar.gain = self.gains.iter().skip(b).step_by(process.blocks.len()).sum();
            bar.rates.iter_mut().zip(&mut rates).for_each(|(b, r)| *b = *r);
            bar
        };
        process.blocks.iter().enumerate().map(one).collect()
    }
}

/// log N(r; 0, A) with its gradient: twice or three times what the value takes.
///
/// # Errors
/// An observation whose variance given those before it is not positive.
///
/// # Panics
/// If lengths do not match.
pub fn log_prob_gradient(
    process: &Process,
    observations: &Observations<'_>,
    r: &[f64],
) -> Result<Gradient, Error> {
    observations.check();
    assert_eq!(r.len(), observations.variances.len(), "one number for each observation");
    let loadings = &observations.loadings;
    let mut out = Gradient {
        log_prob: -0.5 * r.len() as f64 * (2.0 * PI).ln(),
        alpha: vec![0.0; r.len()],
        gains: vec![0.0; loadings.gains.len()],
        weights: loadings.weights.iter().map(|w| vec![0.0; w.len()]).collect(),
        rates: vec![0.0; process.factors()],
        variances: vec![0.0; r.len()],
    };
    if batch::is_quicker(process, observations) {
        let out = &mut out;
        pulp::Arch::new().dispatch(batch::Job { process, observations, r, out })?;
    } else {
        one_by_one(process, observations, r, &mut out)?;
    }
    Ok(out)
}

/// Adds log p and its derivatives to `out`, one observation after the other.
pub(crate) fn one_by_one(
    process: &Process,
    observations: &Observations<'_>,
    r: &[f64],
    out: &mut Gradient,
) -> Result<(), Error> {
    run_sized!(process.size, Job { process, observations, r, out })
}

struct Job<'f, const D: usize> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    r: &'f [f64],
    out: &'f mut Gradient,
}

impl<const D: usize> pulp::NullaryFnOnce for Job<'_, D> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn call(self) -> Result<(), Error> {
        let Self { process, observations, r, out } = self;
        let mut segments = Segments::<D>::new(process, observations, r);
        for i in 0..segments.count() {
            segments.run(i)?;
            let count = observations.starts[segments.segment.times.end] - segments.segment.first;
            let found = segments.segment.v[..count].iter().zip(&segments.segment.s[..count]);
            out.log_prob -= 0.5 * found.map(|(v, s)| s.ln() + v * v / s).sum::<f64>();
        }
        let mut back = Back::<D>::new(process, observations);
        for i in (0..segments.count()).rev() {
            if i + 1 < segments.count() {
                segments.run(i)?;
            }
            let segment = &mut segments.segment;
            for (at, k) in segment.times.clone().enumerate().rev() {
                let d = width::<D>(process.size);
                let p = &mut segment.p[at * d * d..(at + 1) * d * d];
                let a = &segment.a[at * d..at * d + d];
                for o in (observations.starts[k]..observations.starts[k + 1]).rev() {
                    let node = observations.starts[k] - segment.first;
                    let seen = Seen {
                        at: o - segment.first - node,
                        columns: &segment.columns[node * d..],
                        v: &segment.v[node..],
                        s: &segment.s[node..],
                    };
                    back.observe(o, a, p, &seen, out);
                }
                if k > 0 {
                    back.predict(observations.times[k] - observations.times[k - 1], a, p, out);
                }
            }
        }
        Ok(())
    }
}

/// The observations of one time: number `at` of them is at hand.
struct Seen<'f> {
    at: usize,
    columns: &'f [f64],
    v: &'f [f64],
    s: &'f [f64],
}

/// The derivatives of log p with respect to a and P of a time, on the way back: dℓ = ā·da + tr(P̄ dP).
pub(crate) struct Back<'f, const D: usize> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    step: Step,
    pub(crate) a_bar: Vec<f64>,
    pub(crate) p_bar: Vec<f64>,
    loading: Vec<f64>,
    loading_bar: Vec<f64>,
    column_bar: Vec<f64>,
    work: Vec<f64>,
    /// The entries of each F that are not 0.
    generators: Vec<Vec<(usize, usize, f64)>>,
}

impl<'f, const D: usize> Back<'f, D> {
    pub(crate) fn new(process: &'f Process, observations: &'f Observations<'f>) -> Self {
        let (d, count) = (process.size, process.blocks.len());
        let mut loading = vec![0.0; count];
        write_constant(&observations.loadings, &mut loading);
        let mut generators = Vec::new();
        for (block, (first, m, _)) in process.blocks.iter().zip(process.places()) {
            for factor in 0..block.factors.len() {
                let mut f = vec![0.0; m * m];
                block.generator(factor, &mut f);
                let entries = f.iter().enumerate().filter(|(_, f)| **f != 0.0);
                generators.push(entries.map(|(i, f)| (first + i / m, first + i % m, *f)).collect());
            }
        }
        Self {
            process,
            observations,
            step: Step::new(process, Needs::Slopes),
            a_bar: vec![0.0; d],
            p_bar: vec![0.0; d * d],
            loading,
            loading_bar: vec![0.0; count],
            column_bar: vec![0.0; d],
            work: vec![0.0; d * d.max(1)],
            generators,
        }
    }

    /// Back over observation `o`; a and P are those before all observations of its time.
    #[inline(always)]
    fn observe(&mut self, o: usize, a: &[f64], p: &[f64], seen: &Seen<'_>, out: &mut Gradient) {
        let Self { process, observations, a_bar, p_bar, loading, .. } = self;
        let d = width::<D>(process.size);
        let (loading_bar, column_bar, work) =
            (&mut self.loading_bar, &mut self.column_bar[..d], &mut self.work);
        write_loading(&observations.loadings, o, loading);
        let column = &seen.columns[seen.at * d..seen.at * d + d];
        let (v, s) = (seen.v[seen.at], seen.s[seen.at]);
        let inverse = s.recip();
        let shift = v * inverse;
        // P̄ p.
        symmetric_times(p_bar, column, d, work);
        let (bent, along) = (dot(column, &work[..d]), dot(column, &a_bar[..d]));
        let v_bar = (along - v) * inverse;
        let s_bar = -0.5 * inverse * (1.0 - v * shift) + (bent - along * v) * inverse * inverse;
        for ((bar, a), g) in column_bar.iter_mut().zip(&a_bar[..d]).zip(&work[..d]) {
            *bar = shift * a - 2.0 * inverse * g;
        }
        for (c, &i) in loading.iter().zip(&process.first) {
            column_bar[i] += s_bar * c;
        }
        out.alpha[o] = -v_bar;
        out.variances[o] = s_bar;
        for ((bar, c), &i) in loading_bar.iter_mut().zip(&*loading).zip(&process.first) {
            let before = dot(&p[i * d..i * d + d], column_bar);
            *bar = s_bar * column[i] - v_bar * a[i] + before;
            a_bar[i] -= v_bar * c;
        }
        // a and P were those before the first observation of the time.
        for earlier in 0..seen.at {
            let column = &seen.columns[earlier * d..earlier * d + d];
            let inverse = seen.s[earlier].recip();
            let taken = dot(column, column_bar) * inverse + v_bar * seen.v[earlier] * inverse;
            for (bar, &i) in loading_bar.iter_mut().zip(&process.first) {
                *bar -= column[i] * taken;
            }
        }
        for (c, &i) in loading.iter().zip(&process.first) {
            let half = 0.5 * c;
            for l in 0..d {
                let x = half * column_bar[l];
                p_bar[i * d + l] += x;
                p_bar[l * d + i] += x;
            }
        }
        observations.loadings.write_vjp(o, loading_bar, &mut out.gains, &mut out.weights);
    }

    /// Back over a step; a and P are those after it, and P is overwritten.
    #[inline(always)]
    pub(crate) fn predict(&mut self, length: f64, a: &[f64], p: &mut [f64], out: &mut Gradient) {
        let Self { process, step, a_bar, p_bar, generators, .. } = self;
        let d = width::<D>(process.size);
        step.to(process, length);
        let step: &Matrices = step;
        // A P Aᵀ = P' − Q.
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
                for &(i, j, f) in &generators[factor] {
                    let turned = dot(&p[j * d..j * d + d], &p_bar[i * d..i * d + d]);
                    sum += f * (a_bar[i] * a[j] + 2.0 * turned);
                }
                for (i, row) in step.slopes[factor].chunks_exact(m).enumerate() {
                    let at = (first + i) * d + first;
                    sum += dot(row, &p_bar[at..at + m]);
                }
                out.rates[factor] += length * sum;
                factor += 1;
            }
        }
        step.back(process, a_bar, &mut self.work);
        congruence_back::<D>(process, step, p_bar, &mut self.work);
    }
}
