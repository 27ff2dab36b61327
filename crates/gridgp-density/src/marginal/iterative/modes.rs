//! The joint eigenvectors of the fields with the largest eigenvalues, and their Gram matrix under a
//! mask.

use faer::{Accum, Mat, MatRef, Par};
use gridgp_dense::gemm::gemm;
use gridgp_dense::{Spectral, mode_product, settle_registers};
use rayon::prelude::*;

/// Some joint eigenvectors ⊗q of a field, with their eigenvalues.
#[derive(Debug, Clone)]
pub(super) struct Modes {
    /// For each axis its vectors, those with the largest eigenvalues first, n x r.
    pub(super) vectors: Vec<Mat<f64>>,
    /// For each axis the eigenvalues of its vectors.
    pub(super) axis_values: Vec<Vec<f64>>,
    /// For each mode its vector along every axis.
    pub(super) index: Vec<Vec<u32>>,
    /// s ∏λ.
    pub(super) values: Vec<f64>,
}

/// The modes of a field that exceed `least`, at most `most` of them.
pub(super) fn leading(factors: &[Spectral], scale: f64, least: f64, most: usize) -> Modes {
    let sorted: Vec<(Vec<usize>, Vec<f64>)> = factors
        .iter()
        .map(|f| {
            let mut order: Vec<usize> = (0..f.rank()).collect();
            order.sort_by(|&a, &b| f.values()[b].total_cmp(&f.values()[a]));
            let values = order.iter().map(|&i| f.values()[i].max(0.0)).collect();
            (order, values)
        })
        .collect();
    // What the other axes can contribute at most.
    let mut found: Vec<(Vec<u32>, f64)> = vec![(vec![], scale)];
    for (a, (_, values)) in sorted.iter().enumerate() {
        let rest: f64 =
            sorted[a + 1..].iter().map(|(_, v)| v.first().copied().unwrap_or(0.0)).product();
        let mut next = Vec::new();
        for (index, product) in &found {
            let enough = values.iter().take_while(|v| product * **v * rest > least);
            for (i, v) in enough.enumerate() {
                let mut index = index.clone();
                index.push(i as u32);
                next.push((index, product * v));
            }
        }
        // The best of the rest is a bound for each: more than these cannot be among the best.
        next.sort_by(|a, b| b.1.total_cmp(&a.1));
        next.truncate(most);
        found = next;
    }
    found.truncate(most);
    let ranks: Vec<usize> = (0..factors.len())
        .map(|a| found.iter().map(|(i, _)| i[a] as usize + 1).max().unwrap_or(0))
        .collect();
    let axis_values: Vec<Vec<f64>> = sorted.iter().map(|(_, values)| values.clone()).collect();
    let vectors = factors
        .iter()
        .zip(&sorted)
        .zip(ranks)
        .map(|((f, (order, _)), r)| {
            let q = f.basis().to_dense();
            Mat::from_fn(q.nrows(), r, |i, j| q[(i, order[j])])
        })
        .collect();
    let (index, values) = found.into_iter().unzip();
    Modes { vectors, axis_values, index, values }
}

impl Modes {
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Number of cells of the grid.
    fn cells(&self) -> usize {
        self.vectors.iter().map(Mat::nrows).product()
    }

    fn ranks(&self) -> Vec<usize> {
        self.vectors.iter().map(Mat::ncols).collect()
    }

    fn position(&self, mode: usize) -> usize {
        let ranks = self.vectors.iter().map(Mat::ncols);
        self.index[mode].iter().zip(ranks).fold(0, |at, (&i, r)| at * r + i as usize)
    }

    /// What p vectors on a grid have of each mode, a row of p a mode, times √value.
    pub(super) fn project(&self, x: Vec<f64>, p: usize, out: &mut [f64]) {
        if self.index.is_empty() {
            return;
        }
        let mut shape: Vec<usize> = self.vectors.iter().map(Mat::nrows).collect();
        let mut x = x;
        for (a, q) in self.vectors.iter().enumerate() {
            x = along(q.transpose(), &x, &mut shape, a, p);
        }
        settle_registers();
        for (k, row) in out.chunks_exact_mut(p).enumerate() {
            let (from, root) = (&x[self.position(k) * p..][..p], self.values[k].sqrt());
            row.iter_mut().zip(from).for_each(|(o, v)| *o = root * v);
        }
    }

    /// p vectors on a grid from their modes, each times √value.
    pub(super) fn expand(&self, modes: &[f64], p: usize) -> Vec<f64> {
        if self.index.is_empty() {
            return vec![0.0; self.cells() * p];
        }
        let mut shape = self.ranks();
        let mut x = vec![0.0; shape.iter().product::<usize>() * p];
        for (k, row) in modes.chunks_exact(p).enumerate() {
            let root = self.values[k].sqrt();
            let to = &mut x[self.position(k) * p..][..p];
            to.iter_mut().zip(row).for_each(|(t, v)| *t = root * v);
        }
        for (a, q) in self.vectors.iter().enumerate().rev() {
            x = along(q.as_ref(), &x, &mut shape, a, p);
        }
        settle_registers();
        x
    }

    /// −½ Qₐ (Ē / √λλᵀ) Qₐᵀ, where Ē sums the entries of `block` over pairs of modes that differ along
    /// axis `a` alone: ⟨this, ∂Kₐ⟩ = −½ tr(Λ^{-½} `block` Λ^{-½} ΦᵀsC(⊗∂K)CΦ).
    pub(super) fn axis_bar(&self, a: usize, block: MatRef<'_, f64>) -> Mat<f64> {
        use std::collections::HashMap;
        let q = &self.vectors[a];
        let r = q.ncols();
        let mut groups: HashMap<Vec<u32>, Vec<usize>> = HashMap::new();
        for (k, index) in self.index.iter().enumerate() {
            let mut others = index.clone();
            others.remove(a);
            groups.entry(others).or_default().push(k);
        }
        let mut sums = Mat::<f64>::zeros(r, r);
        // In the order of the modes, which does not depend on the table.
        let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
        groups.sort();
        for group in groups {
            for &l in &group {
                for &k in &group {
                    sums[(self.index[k][a] as usize, self.index[l][a] as usize)] += block[(k, l)];
                }
            }
        }
        let values = &self.axis_values[a];
        for j in 0..r {
            for i in 0..r {
                sums[(i, j)] *= -0.5 / (values[i] * values[j]).sqrt();
            }
        }
        let half = gridgp_dense::product(q.as_ref(), sums.as_ref());
        gridgp_dense::product(half.as_ref(), q.transpose())
    }

    /// Σ values φ² in each cell of the grid: the prior variance that the modes have there.
    pub(super) fn variance(&self) -> Vec<f64> {
        if self.index.is_empty() {
            return vec![0.0; self.cells()];
        }
        let mut shape = self.ranks();
        let mut x = vec![0.0; shape.iter().product()];
        (0..self.len()).for_each(|k| x[self.position(k)] = self.values[k]);
        for (a, q) in self.vectors.iter().enumerate().rev() {
            let squares = Mat::from_fn(q.nrows(), q.ncols(), |i, j| q[(i, j)].powi(2));
            x = along(squares.as_ref(), &x, &mut shape, a, 1);
        }
        settle_registers();
        x
    }
}

fn along(q: MatRef<'_, f64>, x: &[f64], shape: &mut [usize], a: usize, p: usize) -> Vec<f64> {
    let (left, right) = (shape[..a].iter().product(), shape[a + 1..].iter().product::<usize>() * p);
    shape[a] = q.nrows();
    let mut out = vec![0.0; left * q.nrows() * right];
    mode_product(q, x, left, right, &mut out);
    out
}

/// The modes of an axis and all faster ones, each an entry of the next faster level.
struct Level {
    /// For each entry of the next faster level how many vectors of this axis go with it.
    counts: Vec<usize>,
    /// Where each begins.
    starts: Vec<usize>,
    /// Number of entries.
    len: usize,
}

/// The levels of some modes from the fastest axis to the slowest, and for each entry of the last one
/// the mode.
fn levels(modes: &Modes) -> (Vec<Level>, Vec<usize>) {
    use std::collections::HashMap;
    let axes = modes.vectors.len();
    let mut levels = Vec::new();
    let mut known: HashMap<Vec<u32>, usize> = HashMap::from([(vec![], 0)]);
    for a in (0..axes).rev() {
        let mut counts = vec![0; known.len()];
        for index in &modes.index {
            let j = known[&index[a + 1..]];
            counts[j] = counts[j].max(index[a] as usize + 1);
        }
        let mut starts = Vec::with_capacity(counts.len());
        let mut len = 0;
        for &count in &counts {
            starts.push(len);
            len += count;
        }
        let mut next = HashMap::new();
        for index in &modes.index {
            let entry = starts[known[&index[a + 1..]]] + index[a] as usize;
            next.insert(index[a..].to_vec(), entry);
        }
        known = next;
        levels.push(Level { counts, starts, len });
    }
    let mut order = vec![usize::MAX; levels.last().map_or(0, |l| l.len)];
    for (k, index) in modes.index.iter().enumerate() {
        order[known[&index[..]]] = k;
    }
    (levels, order)
}

/// √vᵢ √vⱼ Σ w φᵢ φⱼ over the cells of a grid, for the modes of two fields; w has a value a cell.
///
/// Axis by axis from the fastest, so that no matrix with a row a cell and a column a mode is made.
pub(super) fn gram(f: &Modes, g: &Modes, w: &[f64]) -> Mat<f64> {
    if f.len() == 0 || g.len() == 0 {
        return Mat::zeros(f.len(), g.len());
    }
    let ((left, left_order), (right, right_order)) = (levels(f), levels(g));
    let mut shape: Vec<usize> = f.vectors.iter().map(Mat::nrows).collect();
    // For each slow cell a matrix between the entries of the levels, column by column.
    let mut t = w.to_vec();
    let (mut rows, mut columns) = (1, 1);
    for (lf, lg) in left.iter().zip(&right) {
        let n = shape.pop().expect("an axis a level");
        let a = shape.len();
        let (qf, qg) = (f.vectors[a].as_ref(), g.vectors[a].as_ref());
        let slow: usize = shape.iter().product();
        let mut next = vec![0.0; slow * lf.len * lg.len];
        let old = rows * columns;
        let one = |x: usize, out: &mut [f64], columns_of: std::ops::Range<usize>| {
            let first = lg.starts.get(columns_of.start).copied().unwrap_or(0);
            for j in columns_of {
                for i in 0..rows {
                    let (r, s) = (lf.counts[i], lg.counts[j]);
                    let weighted =
                        Mat::from_fn(n, s, |k, c| t[(x * n + k) * old + j * rows + i] * qg[(k, c)]);
                    let mut block = Mat::zeros(r, s);
                    let qf = qf.subcols(0, r).transpose();
                    gemm(block.as_mut(), Accum::Replace, qf, weighted.as_ref(), Par::Seq);
                    for c in 0..s {
                        let at = (lg.starts[j] + c - first) * lf.len + lf.starts[i];
                        out[at..at + r].copy_from_slice(block.col_as_slice(c));
                    }
                }
            }
        };
        if slow > 1 {
            let size = lf.len * lg.len;
            next.par_chunks_exact_mut(size.max(1))
                .enumerate()
                .for_each(|(x, out)| one(x, out, 0..columns));
        } else {
            let mut parts = Vec::new();
            let mut rest = next.as_mut_slice();
            for j in 0..columns {
                let (part, later) = rest.split_at_mut(lg.counts[j] * lf.len);
                parts.push((j, part));
                rest = later;
            }
            parts.into_par_iter().for_each(|(j, out)| one(0, out, j..j + 1));
        }
        (t, rows, columns) = (next, lf.len, lg.len);
    }
    let mut all = Mat::zeros(f.len(), g.len());
    for (c, &j) in right_order.iter().enumerate().filter(|(_, j)| **j != usize::MAX) {
        for (r, &i) in left_order.iter().enumerate().filter(|(_, i)| **i != usize::MAX) {
            all[(i, j)] = t[c * rows + r] * (f.values[i] * g.values[j]).sqrt();
        }
    }
    all
}

/// φᵀGφ in each cell of the grid, φ the modes of a field times √value there: what [`gram`] is the
/// adjoint of.
pub(super) fn forms(f: &Modes, g: MatRef<'_, f64>) -> Vec<f64> {
    if f.len() == 0 {
        return vec![0.0; f.cells()];
    }
    let (levels, order) = levels(f);
    let shape: Vec<usize> = f.vectors.iter().map(Mat::nrows).collect();
    let size = order.len();
    let mut t = vec![0.0; size * size];
    let known = || order.iter().enumerate().filter(|(_, k)| **k != usize::MAX);
    for (c, &j) in known() {
        for (r, &i) in known() {
            t[c * size + r] = g[(i, j)] * (f.values[i] * f.values[j]).sqrt();
        }
    }
    let mut slow = 1;
    for (a, level) in levels.iter().rev().enumerate() {
        let (n, q, len, entries) = (shape[a], f.vectors[a].as_ref(), level.len, level.counts.len());
        let mut next = vec![0.0; slow * n * entries * entries];
        next.par_chunks_exact_mut(n * entries * entries).enumerate().for_each(|(x, out)| {
            for j in 0..entries {
                for i in 0..entries {
                    let (r, s) = (level.counts[i], level.counts[j]);
                    let block = Mat::from_fn(r, s, |u, v| {
                        t[x * len * len + (level.starts[j] + v) * len + level.starts[i] + u]
                    });
                    let mut half = Mat::zeros(n, s);
                    let left = q.subcols(0, r);
                    gemm(half.as_mut(), Accum::Replace, left, block.as_ref(), Par::Seq);
                    for k in 0..n {
                        let sum: f64 = (0..s).map(|v| half[(k, v)] * q[(k, v)]).sum();
                        out[k * entries * entries + j * entries + i] = sum;
                    }
                }
            }
        });
        t = next;
        slow *= n;
    }
    t
}
