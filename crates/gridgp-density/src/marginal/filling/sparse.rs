//! Products with P where the gaps are few: along the longest axis only their own rows of Q.

use std::sync::{Mutex, PoisonError};

use gridgp_dense::{Basis, Spectral, expand_in_place, project_in_place, settle_registers};
use rayon::prelude::*;

use super::super::super::gaps::{Full, Gaps};

/// The gaps by the lines of the longest axis on which they lie.
///
/// Tensors here have the longest axis last, for each of p vectors: (others, p, rank).
pub(super) struct Sparse {
    axis: usize,
    /// Q of the axis by rows, n x r.
    rows: Vec<f64>,
    rank: usize,
    /// The gaps of each line, as a range of `order`.
    lines: Vec<std::ops::Range<usize>>,
    /// Numbers of the gaps, line by line.
    order: Vec<usize>,
    /// Where each gap lies along the axis.
    along: Vec<usize>,
    /// What multiplies each joint eigenvector, the axis last.
    weights: Vec<f64>,
    /// Two tensors to work in.
    buffers: Mutex<(Vec<f64>, Vec<f64>)>,
}

/// A product with rows of Q is slower by this than a matrix product.
const SLOWER: usize = 16;

impl Sparse {
    /// `None` where matrix products of all cells take less.
    pub(super) fn new(gaps: &Gaps, full: Full<'_>, weights: &[f64]) -> Option<Self> {
        let shape: Vec<usize> = full.factors.iter().map(Spectral::size).collect();
        let size: usize = shape.iter().product();
        if gaps.count() * SLOWER > size {
            return None;
        }
        let axis = (0..shape.len()).max_by_key(|&a| shape[a])?;
        let right: usize = shape[axis + 1..].iter().product();
        let line = |c: usize| c / (right * shape[axis]) * right + c % right;
        let mut order: Vec<usize> = (0..gaps.count()).collect();
        order.sort_by_key(|&g| line(gaps.cells[g]));
        let mut lines = vec![0..0; size / shape[axis]];
        for (i, &g) in order.iter().enumerate() {
            let of = &mut lines[line(gaps.cells[g])];
            *of = if of.end == 0 { i..i + 1 } else { of.start..i + 1 };
        }
        let q = full.factors[axis].basis().to_dense();
        let rank = q.ncols();
        let rows = (0..q.nrows()).flat_map(|i| q.row(i).iter().copied().collect::<Vec<_>>());
        let (left, after) = (
            full.factors[..axis].iter().map(Spectral::rank).product::<usize>(),
            full.factors[axis + 1..].iter().map(Spectral::rank).product::<usize>(),
        );
        let mut permuted = Vec::with_capacity(weights.len());
        for l in 0..left {
            for r in 0..after {
                permuted.extend((0..rank).map(|k| weights[(l * rank + k) * after + r]));
            }
        }
        let along = gaps.cells.iter().map(|c| c / right % shape[axis]).collect();
        let rows = rows.collect();
        Some(Self {
            axis,
            rows,
            rank,
            lines,
            order,
            along,
            weights: permuted,
            buffers: Mutex::default(),
        })
    }

    /// EᵀQ diag(weights) QᵀE x for p vectors of the gaps.
    pub(super) fn apply(&self, full: Full<'_>, x: &[f64], p: usize) -> Vec<f64> {
        let r = self.rank;
        let row = |g: usize| &self.rows[self.along[g] * r..][..r];
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        let (tensor, scratch) = &mut *buffers;
        tensor.clear();
        tensor.resize(self.lines.len() * p * r, 0.0);
        tensor.par_chunks_mut(p * r).zip(&self.lines).for_each(|(to, line)| {
            for &g in &self.order[line.clone()] {
                for (to, v) in to.chunks_exact_mut(r).zip(&x[g * p..][..p]) {
                    to.iter_mut().zip(row(g)).for_each(|(t, q)| *t += v * q);
                }
            }
        });
        let side = Basis::Identity { size: p * r };
        let others = full.factors.iter().enumerate().filter(|(a, _)| *a != self.axis);
        let bases: Vec<&Basis> = others.map(|(_, f)| f.basis()).chain([&side]).collect();
        project_in_place(&bases, tensor, scratch);
        tensor.par_chunks_mut(p * r).zip(self.weights.par_chunks(r)).for_each(|(rows, weights)| {
            for row in rows.chunks_exact_mut(r) {
                row.iter_mut().zip(weights).for_each(|(t, w)| *t *= w);
            }
        });
        expand_in_place(&bases, tensor, scratch);
        settle_registers();
        let mut out = vec![0.0; x.len()];
        let mut sorted = vec![0.0; x.len()];
        let parts = self.lines.iter().zip(tensor.chunks_exact(p * r));
        for (line, from) in parts {
            for i in line.clone() {
                let row = row(self.order[i]);
                for (to, t) in sorted[i * p..][..p].iter_mut().zip(from.chunks_exact(r)) {
                    *to = dot(t, row);
                }
            }
        }
        for (&g, row) in self.order.iter().zip(sorted.chunks_exact(p)) {
            out[g * p..][..p].copy_from_slice(row);
        }
        out
    }
}

/// By eight partial sums, which a compiler takes for vectors.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, rest_a) = a.as_chunks::<8>();
    let (b, rest_b) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum::<f64>()
}
