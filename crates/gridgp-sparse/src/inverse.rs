//! The blocks of P⁻¹ that join neighbours, without the others (Takahashi, Fagan and Chen 1973; by fronts:
//! Campbell and Davis 1995).
//!
//! From the root down, with Σ = P⁻¹ over a front's halo known from its parent: with L of its own states
//! and B below it, W = L⁻ᵀBᵀ, Σ_own,halo = −W Σ_halo and Σ_own = L⁻ᵀL⁻¹ − Σ_own,halo Wᵀ.

use faer::Mat;
use gridgp_dense::gemm::{gemm_subtract, parallelism};
use gridgp_dense::triangular::{inverse_product, solve_lower_transposed_in_place};

use crate::factor::{FORK, product, split};
use crate::{Dissection, Factor, Stencil};

impl Factor {
    /// The blocks of P⁻¹ that join neighbours.
    pub fn selected_inverse(&self) -> Stencil {
        let order = &*self.order;
        let m = order.size;
        let mut found = vec![0.0; order.entries.len() * m * m];
        let root = order.fronts.len() - 1;
        self.descend(root, Mat::new(), &mut found);
        let mut inverse = Stencil::zeros(order.lattice.clone(), m);
        let all = inverse.values_mut();
        for (entry, block) in order.entries.iter().zip(found.chunks_exact(m * m)) {
            all[entry.at as usize * m * m..][..m * m].copy_from_slice(block);
        }
        inverse
    }

    /// Writes the blocks of the subtree of front `k`, with Σ of its halo.
    fn descend(&self, k: usize, halo: Mat<f64>, found: &mut [f64]) {
        let order = &*self.order;
        let (front, m) = (&order.fronts[k], order.size);
        let all = self.inverse_over(k, &halo);
        drop(halo);
        let entries = &order.entries[front.entries.clone()];
        let (below, own) = found.split_at_mut(found.len() - entries.len() * m * m);
        for (entry, out) in entries.iter().zip(own.chunks_exact_mut(m * m)) {
            let (row, column) = (entry.row as usize * m, entry.column as usize * m);
            for i in 0..m {
                for j in 0..m {
                    let to = if entry.is_flipped { j * m + i } else { i * m + j };
                    out[to] = all[(row + i, column + j)];
                }
            }
        }
        let Some([left, right]) = front.children else { return };
        let of = |child: usize| part(&all, &order.fronts[child].inherit, m);
        let (for_left, for_right) = below.split_at_mut(entries_of(order, left) * m * m);
        let (with_left, with_right) = (of(left), of(right));
        drop(all);
        let one = || self.descend(left, with_left, for_left);
        let other = || self.descend(right, with_right, for_right);
        if front.operations > FORK {
            rayon::join(one, other);
        } else {
            one();
            other();
        }
    }

    /// Σ over the own states and the halo of a front.
    fn inverse_over(&self, k: usize, halo: &Mat<f64>) -> Mat<f64> {
        let front = &self.order.fronts[k];
        let (l, below) = split(&self.panels[k], front, self.order.size);
        let (s, b) = (l.nrows(), below.nrows());
        let mut w = below.transpose().to_owned();
        solve_lower_transposed_in_place(l, w.as_mut());
        let mut across = product(w.as_ref(), halo.as_ref());
        across *= faer::Scale(-1.0);
        let mut own = inverse_product(l);
        let par = parallelism(2 * s * s * b);
        gemm_subtract(own.as_mut(), across.as_ref(), w.transpose(), par);
        let mut all = Mat::zeros(s + b, s + b);
        all.as_mut().submatrix_mut(0, 0, s, s).copy_from(&own);
        all.as_mut().submatrix_mut(0, s, s, b).copy_from(&across);
        all.as_mut().submatrix_mut(s, 0, b, s).copy_from(across.transpose());
        all.as_mut().submatrix_mut(s, s, b, b).copy_from(halo);
        all
    }
}

/// The rows and columns of some cells.
fn part(all: &Mat<f64>, cells: &[u32], m: usize) -> Mat<f64> {
    let mut out = Mat::zeros(cells.len() * m, cells.len() * m);
    for (j, &column) in cells.iter().enumerate() {
        for b in 0..m {
            let from = all.col_as_slice(column as usize * m + b);
            let to = out.col_as_slice_mut(j * m + b);
            for (to, &row) in to.chunks_exact_mut(m).zip(cells) {
                to.copy_from_slice(&from[row as usize * m..][..m]);
            }
        }
    }
    out
}

/// Entries of a subtree.
fn entries_of(order: &Dissection, k: usize) -> usize {
    let front = &order.fronts[k];
    front.entries.end - order.fronts[front.first].entries.start
}
