//! One block of observations, forwards and back.

use std::ops::Range;

use faer::{Accum, MatMut, MatRef};
use gridgp_dense::gemm::{gemm, gemm_subtract, parallelism};

use super::Blocks;
use super::root::factorize;
use crate::state::{State, dot};
use crate::{Loadings, Observations, Process};

/// Memory for the block at hand. All matrices are column-major.
#[derive(Debug)]
pub(super) struct Block {
    d: usize,
    /// Number of independent processes, of which observations see the first state each.
    count: usize,
    /// Number of observations.
    pub(super) p: usize,
    /// Hᵀ without the rows that are 0, count × p.
    loadings: Vec<f64>,
    /// The columns of P of the states that are seen, d × count.
    seen: Vec<f64>,
    /// P Hᵀ, and V = P Hᵀ L⁻ᵀ, d × p.
    pub(super) w: Vec<f64>,
    v: Vec<f64>,
    /// S and L, p × p, by rows.
    pub(super) s: Vec<f64>,
    /// L⁻¹, p × p, by rows.
    pub(super) l_inverse: Vec<f64>,
    /// L⁻¹(y − H a).
    white: Vec<f64>,
    /// count × p and d × count.
    narrow: Vec<f64>,
    across: Vec<f64>,
    column: Vec<f64>,
    /// Of the way back: M G and Gᵀ M G.
    pub(super) j: Vec<f64>,
    pub(super) n: Vec<f64>,
}

fn view(slice: &[f64], rows: usize, columns: usize) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(&slice[..rows * columns], rows, columns)
}

fn view_mut(slice: &mut [f64], rows: usize, columns: usize) -> MatMut<'_, f64> {
    MatMut::from_column_major_slice_mut(&mut slice[..rows * columns], rows, columns)
}

/// out = a b, with threads where that is large.
fn multiply(out: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
    let par = parallelism(2 * a.nrows() * a.ncols() * b.ncols());
    gemm(out, Accum::Replace, a, b, par);
}

impl Block {
    pub(super) fn new(process: &Process, blocks: &Blocks) -> Self {
        let (d, count, most) = (process.size, process.blocks.len(), blocks.most);
        let numbers = |n: usize| vec![0.0; n];
        Self {
            d,
            count,
            p: 0,
            loadings: numbers(count * most),
            seen: numbers(d * count),
            v: numbers(d * most),
            w: numbers(d * most),
            s: numbers(most * most),
            l_inverse: numbers(most * most),
            white: numbers(most),
            narrow: numbers(count * most),
            across: numbers(d * count.max(most)),
            column: numbers(d.max(most)),
            j: numbers(d * most),
            n: numbers(most * most),
        }
    }

    /// Writes Hᵀ of some observations.
    #[inline(always)]
    pub(super) fn load(&mut self, loadings: &Loadings<'_>, range: Range<usize>) {
        self.p = range.len();
        for (o, column) in range.zip(self.loadings.chunks_exact_mut(self.count)) {
            loadings.write(o, column);
        }
    }

    /// The columns of a symmetric P that are seen.
    #[inline(always)]
    fn see(&mut self, process: &Process, p: &[f64]) {
        let d = self.d;
        for (column, &i) in self.seen.chunks_exact_mut(d).zip(&process.first) {
            column.copy_from_slice(&p[i * d..i * d + d]);
        }
    }

    /// P Hᵀ, into `w`.
    #[inline(always)]
    pub(super) fn columns(&mut self, process: &Process, p: &[f64]) {
        self.see(process, p);
        let (d, count, n) = (self.d, self.count, self.p);
        let (seen, loadings) = (view(&self.seen, d, count), view(&self.loadings, count, n));
        multiply(view_mut(&mut self.w, d, n), seen, loadings);
    }

    /// cᵀ x for loading `o`.
    #[inline(always)]
    pub(super) fn along(&self, process: &Process, o: usize, x: &[f64]) -> f64 {
        let c = &self.loadings[o * self.count..][..self.count];
        c.iter().zip(&process.first).map(|(c, &i)| c * x[i]).sum()
    }

    /// x += Hᵀ c.
    #[inline(always)]
    pub(super) fn add_loadings(&self, process: &Process, c: &[f64], x: &mut [f64]) {
        for (column, c) in self.loadings.chunks_exact(self.count).zip(&c[..self.p]) {
            column.iter().zip(&process.first).for_each(|(h, &i)| x[i] += h * c);
        }
    }

    /// Takes the block in: a and P of `state` become those given it. Afterwards V, L, L⁻¹ and the
    /// whitened innovations are at hand. Gives Σ of their squares + log|S|.
    ///
    /// # Errors
    /// The variance of an observation given those before it that is not positive.
    #[inline(always)]
    pub(super) fn observe(
        &mut self,
        process: &Process,
        observations: &Observations<'_>,
        range: Range<usize>,
        r: &[f64],
        state: &mut State<0>,
    ) -> Result<f64, f64> {
        self.load(&observations.loadings, range.clone());
        let (d, count, p) = (self.d, self.count, self.p);
        self.columns(process, &state.p);
        // H W: rows of W that are seen.
        for (o, to) in self.narrow.chunks_exact_mut(count).take(p).enumerate() {
            to.iter_mut().zip(&process.first).for_each(|(t, &i)| *t = self.w[o * d + i]);
        }
        let (loadings, narrow) = (view(&self.loadings, count, p), view(&self.narrow, count, p));
        multiply(view_mut(&mut self.s, p, p), loadings.transpose(), narrow);
        for (i, variance) in observations.variances[range.clone()].iter().enumerate() {
            self.s[i * p + i] += variance;
        }
        factorize(&mut self.s, &mut self.l_inverse, &mut self.column, p)?;
        let back = view(&self.l_inverse, p, p);
        multiply(view_mut(&mut self.v, d, p), view(&self.w, d, p), back);
        let mut sum = 0.0;
        for i in 0..p {
            self.column[i] = r[range.start + i] - self.along(process, i, &state.a);
        }
        for i in 0..p {
            let white = dot(&self.l_inverse[i * p..i * p + i + 1], &self.column[..i + 1]);
            self.white[i] = white;
            sum += white * white + 2.0 * self.s[i * p + i].ln();
        }
        for (v, white) in self.v.chunks_exact(d).zip(&self.white[..p]) {
            state.a.iter_mut().zip(v).for_each(|(a, v)| *a += v * white);
        }
        let (out, v) = (view_mut(&mut state.p, d, d), view(&self.v, d, p));
        gemm_subtract(out, v, v.transpose(), parallelism(2 * d * d * p));
        Ok(sum)
    }

    /// Σ of the squared whitened innovations.
    pub(super) fn squares(&self) -> f64 {
        dot(&self.white[..self.p], &self.white[..self.p])
    }

    /// e = S⁻¹(y − H a) of the block that was observed.
    #[inline(always)]
    pub(super) fn scaled(&self, out: &mut [f64]) {
        let p = self.p;
        out[..p].fill(0.0);
        for (row, white) in self.l_inverse[..p * p].chunks_exact(p).zip(&self.white) {
            out[..p].iter_mut().zip(row).for_each(|(e, l)| *e += l * white);
        }
    }

    /// G, d × p, and S⁻¹ of the block that was observed.
    #[inline(always)]
    pub(super) fn gains(&self, gains: &mut [f64], inverse: &mut [f64]) {
        let (d, p) = (self.d, self.p);
        let back = view(&self.l_inverse, p, p);
        multiply(view_mut(gains, d, p), view(&self.v, d, p), back.transpose());
        multiply(view_mut(inverse, p, p), back, back.transpose());
    }

    /// J = M G and N = Gᵀ J for a symmetric M, d × d; the loadings are those of the block.
    #[inline(always)]
    pub(super) fn turn(&mut self, m: &[f64], gains: &[f64]) {
        let (d, p) = (self.d, self.p);
        multiply(view_mut(&mut self.j, d, p), view(m, d, d), view(gains, d, p));
        let gains = view(gains, d, p);
        multiply(view_mut(&mut self.n, p, p), gains.transpose(), view(&self.j, d, p));
    }

    /// J = M `w` for a symmetric M.
    #[inline(always)]
    pub(super) fn turn_columns(&mut self, m: &[f64]) {
        let (d, p) = (self.d, self.p);
        multiply(view_mut(&mut self.j, d, p), view(m, d, d), view(&self.w, d, p));
    }

    /// J ← J − scale Hᵀ N.
    #[inline(always)]
    pub(super) fn shift(&mut self, process: &Process, scale: f64) {
        let (d, count, p) = (self.d, self.count, self.p);
        let (loadings, n) = (view(&self.loadings, count, p), view(&self.n, p, p));
        multiply(view_mut(&mut self.narrow, count, p), loadings, n);
        for (j, from) in self.j.chunks_exact_mut(d).zip(self.narrow.chunks_exact(count)).take(p) {
            from.iter().zip(&process.first).for_each(|(c, &i)| j[i] -= scale * c);
        }
    }

    /// M ← M − J H − (J H)ᵀ.
    #[inline(always)]
    pub(super) fn subtract(&mut self, process: &Process, m: &mut [f64]) {
        let (d, count, p) = (self.d, self.count, self.p);
        let loadings = view(&self.loadings, count, p);
        let out = view_mut(&mut self.across, d, count);
        multiply(out, view(&self.j, d, p), loadings.transpose());
        for (column, &i) in self.across.chunks_exact(d).zip(&process.first) {
            m[i * d..i * d + d].iter_mut().zip(column).for_each(|(m, x)| *m -= x);
            m[i..].iter_mut().step_by(d).zip(column).for_each(|(m, x)| *m -= x);
        }
    }

    /// Jᵀ P of the states that are seen, count × p.
    #[inline(always)]
    pub(super) fn seen_times_j(&mut self, process: &Process, p: &[f64]) -> &mut [f64] {
        self.see(process, p);
        let (d, count, n) = (self.d, self.count, self.p);
        let (seen, j) = (view(&self.seen, d, count), view(&self.j, d, n));
        multiply(view_mut(&mut self.narrow, count, n), seen.transpose(), j);
        &mut self.narrow[..count * n]
    }
}
