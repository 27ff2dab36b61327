//! Mean and covariance of the states, forwards in time, and matrices in the states, back.

use crate::Process;
use crate::size::width;
use crate::step::Matrices;

/// What is known of the states: N(a, P).
#[derive(Debug, Clone)]
pub(crate) struct State<const D: usize> {
    pub(crate) a: Vec<f64>,
    /// P, d × d, exactly symmetric.
    pub(crate) p: Vec<f64>,
    work: Vec<f64>,
}

/// What one observation adds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Innovation {
    /// The observation less what was expected.
    pub(crate) v: f64,
    /// Its variance.
    pub(crate) s: f64,
}

impl<const D: usize> State<D> {
    /// Before anything was observed.
    pub(crate) fn start(process: &Process) -> Self {
        let d = process.size;
        let mut p = vec![0.0; d * d];
        let stationary = process.stationary();
        for (first, m, range) in process.places() {
            for (i, row) in stationary[range].chunks_exact(m).enumerate() {
                let at = (first + i) * d + first;
                p[at..at + m].copy_from_slice(row);
            }
        }
        Self { a: vec![0.0; d], p, work: vec![0.0; d * d.max(1)] }
    }

    /// One step ahead: a = A a, P = A P Aᵀ + Q.
    #[inline(always)]
    pub(crate) fn predict(&mut self, process: &Process, step: &Matrices) {
        step.forward(process, &mut self.a, &mut self.work);
        let d = width::<D>(process.size);
        let (p, work) = (&mut self.p[..d * d], &mut self.work[..d * d]);
        if D > 0 {
            let (a, q) = (&step.whole_a[..d * d], &step.whole_q[..d * d]);
            multiply::<D>(a, p, work);
            multiply_symmetric::<D>(a, work, p);
            p.iter_mut().zip(q).for_each(|(p, q)| *p += q);
        } else {
            congruence(process, |range, m, i, l| step.a[range + i * m + l], p, work);
            for (first, m, range) in process.places() {
                for (i, row) in step.q[range].chunks_exact(m).enumerate() {
                    let at = (first + i) * d + first;
                    p[at..at + m].iter_mut().zip(row).for_each(|(p, q)| *p += q);
                }
            }
        }
    }

    /// Takes in an observation y of Σ c x with noise of `variance`; `column` becomes P h.
    #[inline(always)]
    pub(crate) fn observe(
        &mut self,
        process: &Process,
        loading: &[f64],
        y: f64,
        variance: f64,
        column: &mut [f64],
    ) -> Innovation {
        let d = width::<D>(process.size);
        let (a, p, column) = (&mut self.a[..d], &mut self.p[..d * d], &mut column[..d]);
        column.fill(0.0);
        let (mut s, mut v) = (variance, y);
        for (&c, &first) in loading.iter().zip(&process.first) {
            let row = &p[first * d..first * d + d];
            column.iter_mut().zip(row).for_each(|(k, p)| *k += c * p);
            v -= c * a[first];
        }
        for (&c, &first) in loading.iter().zip(&process.first) {
            s += c * column[first];
        }
        let inverse = s.recip();
        let shift = v * inverse;
        a.iter_mut().zip(&*column).for_each(|(a, k)| *a += k * shift);
        for (row, k) in p.chunks_exact_mut(d).zip(&*column) {
            // The product of the columns first: so it stays exactly symmetric.
            row.iter_mut().zip(&*column).for_each(|(p, c)| *p -= (k * c) * inverse);
        }
        Innovation { v, s }
    }
}

/// m = Aᵀ m A for a symmetric m.
#[inline(always)]
pub(crate) fn congruence_back<const D: usize>(
    process: &Process,
    step: &Matrices,
    m: &mut [f64],
    work: &mut [f64],
) {
    let d = width::<D>(process.size);
    let (m, work) = (&mut m[..d * d], &mut work[..d * d]);
    if D > 0 {
        let a = &step.whole_a[..d * d];
        // work = m A, then m = Aᵀ work.
        multiply::<D>(m, a, work);
        for i in 0..d {
            let row = &mut m[i * d..i * d + d];
            row.fill(0.0);
            for l in 0..d {
                let c = a[l * d + i];
                row.iter_mut().zip(&work[l * d..l * d + d]).for_each(|(m, w)| *m += c * w);
            }
        }
    } else {
        congruence(process, |range, m, i, l| step.a[range + l * m + i], m, work);
        return;
    }
    symmetrize(m, d);
}

/// out = a b.
#[inline(always)]
fn multiply<const D: usize>(a: &[f64], b: &[f64], out: &mut [f64]) {
    for i in 0..D {
        let row = &mut out[i * D..i * D + D];
        row.fill(0.0);
        for l in 0..D {
            let c = a[i * D + l];
            row.iter_mut().zip(&b[l * D..l * D + D]).for_each(|(o, b)| *o += c * b);
        }
    }
}

/// out = b aᵀ, where that is symmetric.
#[inline(always)]
fn multiply_symmetric<const D: usize>(a: &[f64], b: &[f64], out: &mut [f64]) {
    for i in 0..D {
        for j in 0..=i {
            let mut sum = 0.0;
            for l in 0..D {
                sum += b[i * D + l] * a[j * D + l];
            }
            out[i * D + j] = sum;
            out[j * D + i] = sum;
        }
    }
}

/// m = B m Bᵀ for a symmetric m and a B of blocks, of which `entry` gives for the start of a packed block,
/// its size, a row and a column the number there.
#[inline(always)]
fn congruence(
    process: &Process,
    entry: impl Fn(usize, usize, usize, usize) -> f64,
    m: &mut [f64],
    work: &mut [f64],
) {
    let d = process.size;
    for (first, size, range) in process.places() {
        // Rows of B m, from rows that no other block has touched.
        let (rows, last) = (&mut m[first * d..(first + size) * d], first + size);
        for (i, out) in work.chunks_exact_mut(d).take(size).enumerate() {
            out.fill(0.0);
            for (l, row) in rows.chunks_exact(d).enumerate() {
                let c = entry(range.start, size, i, l);
                out.iter_mut().zip(row).for_each(|(o, r)| *o += c * r);
            }
        }
        // Times Bᵀ, up to the diagonal.
        for (out, row) in rows.chunks_exact_mut(d).zip(work.chunks_exact(d)) {
            for (at, n, range) in process.places().take_while(|(at, ..)| *at < last) {
                let (x, y) = (&row[at..at + n], &mut out[at..at + n]);
                for (j, y) in y.iter_mut().enumerate() {
                    let products = x.iter().enumerate();
                    *y = products.map(|(l, x)| entry(range.start, n, j, l) * x).sum();
                }
            }
        }
    }
    symmetrize(m, d);
}

/// The lower triangle into the upper one.
#[inline(always)]
pub(crate) fn symmetrize(m: &mut [f64], d: usize) {
    for i in 1..d {
        let (above, row) = m.split_at_mut(i * d);
        above[i..].iter_mut().step_by(d).zip(row).for_each(|(m, lower)| *m = *lower);
    }
}

/// out = m x, with m symmetric.
#[inline(always)]
pub(crate) fn symmetric_times(m: &[f64], x: &[f64], d: usize, out: &mut [f64]) {
    let out = &mut out[..d];
    out.fill(0.0);
    for (row, x) in m.chunks_exact(d).zip(&x[..d]) {
        out.iter_mut().zip(row).for_each(|(o, m)| *o += m * x);
    }
}

/// Σ aᵢ bᵢ, in eight sums side by side: one alone waits for each addition.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let (eights, others) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = eights.remainder().iter().zip(others.remainder());
    let rest: f64 = rest.map(|(a, b)| a * b).sum();
    let mut sums = [0.0; 8];
    for (a, b) in eights.zip(others) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let [p, q, r, s, t, u, v, w] = sums;
    rest + (((p + t) + (q + u)) + ((r + v) + (s + w)))
}
