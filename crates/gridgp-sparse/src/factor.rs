//! P = L Lᵀ, front by front (the multifrontal method: Duff and Reid 1983; Liu 1992).

use std::sync::Arc;

use faer::prelude::ReborrowMut;
use faer::{Accum, Mat, MatMut, MatRef};
use gridgp_dense::gemm::{gemm, gemm_lower, gemm_subtract, parallelism};
use gridgp_dense::triangular::{
    factorize_in_place, solve_lower_in_place, solve_lower_transposed_in_place,
};

use crate::dissection::Front;
use crate::{Dissection, Error, Result, Stencil};

/// Operations of a subtree from which on its parts go to different threads.
pub(crate) const FORK: f64 = 2e7;

/// The Cholesky factor of a [`Stencil`], in the order of a [`Dissection`].
///
/// Of each front with s own states and b in its halo it keeps the s columns of L, (s + b) × s.
#[derive(Debug, Clone)]
pub struct Factor {
    pub(crate) order: Arc<Dissection>,
    pub(crate) panels: Vec<Vec<f64>>,
    log_det: f64,
    growth: f64,
}

impl Factor {
    /// Factorizes `matrix`. Nothing is added to its diagonal; a pivot at which rounding may have made up
    /// all digits is an error.
    ///
    /// # Errors
    /// [`Error`] with the cell.
    ///
    /// # Panics
    /// If the matrix has another lattice, or blocks of another size.
    pub fn new(order: Arc<Dissection>, matrix: &Stencil) -> Result<Self> {
        let panels = vec![Vec::new(); order.fronts.len()];
        let mut factor = Self { order, panels, log_det: 0.0, growth: 0.0 };
        factor.update(matrix)?;
        Ok(factor)
    }

    /// Factorizes another matrix in the memory of this one, as [`new`](Self::new).
    ///
    /// # Errors
    /// As [`new`](Self::new); then it is the factor of no matrix, until the next update.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn update(&mut self, matrix: &Stencil) -> Result<()> {
        let order = &self.order;
        assert_eq!(**matrix.lattice(), *order.lattice, "the matrix is of the same lattice");
        assert_eq!(matrix.size(), order.size, "the blocks have the size that was counted on");
        let root = order.fronts.len() - 1;
        let made = eliminate(order, matrix, root, &mut self.panels)?;
        (self.log_det, self.growth) = (made.log_det, made.growth);
        Ok(())
    }

    /// log det P.
    pub fn log_det(&self) -> f64 {
        self.log_det
    }

    /// The order of elimination.
    pub fn order(&self) -> &Dissection {
        &self.order
    }

    /// Σ P_jj / pivot_j over all states. A pivot is what subtractions leave of a diagonal entry, so about ε
    /// times this is what rounding changes in [`log_det`](Self::log_det).
    pub fn growth(&self) -> f64 {
        self.growth
    }

    /// States of all cells.
    pub fn size(&self) -> usize {
        self.order.lattice.len() * self.order.size
    }

    /// Replaces the columns of X by those of P⁻¹X; rows are states, a cell's together.
    ///
    /// # Panics
    /// If X has another number of rows.
    pub fn solve_in_place(&self, mut x: MatMut<'_, f64>) {
        self.solve_l_in_place(x.as_mut());
        self.solve_lt_in_place(x);
    }

    /// Replaces X by L⁻¹X.
    ///
    /// # Panics
    /// As [`solve_in_place`](Self::solve_in_place).
    pub fn solve_l_in_place(&self, mut x: MatMut<'_, f64>) {
        assert_eq!(x.nrows(), self.size(), "a row for each state");
        let mut local = Vec::new();
        for (front, panel) in self.order.fronts.iter().zip(&self.panels) {
            let (l, below) = split(panel, front, self.order.size);
            let (s, p) = (l.nrows(), x.ncols());
            let mut work = self.gathered(front, x.as_ref(), &mut local);
            let (mut own, mut halo) = work.as_mut().split_at_row_mut(s);
            solve_lower_in_place(l, own.as_mut());
            let par = parallelism(2 * s * below.nrows() * p);
            gemm_subtract(halo.as_mut(), below, own.as_ref(), par);
            self.scatter(front.own.iter().chain(&front.halo), work.as_ref(), &mut x);
        }
    }

    /// Replaces X by L⁻ᵀX: of independent standard normal numbers it makes draws of covariance P⁻¹.
    ///
    /// # Panics
    /// As [`solve_in_place`](Self::solve_in_place).
    pub fn solve_lt_in_place(&self, mut x: MatMut<'_, f64>) {
        assert_eq!(x.nrows(), self.size(), "a row for each state");
        let mut local = Vec::new();
        for (front, panel) in self.order.fronts.iter().zip(&self.panels).rev() {
            let (l, below) = split(panel, front, self.order.size);
            let (s, p) = (l.nrows(), x.ncols());
            let mut work = self.gathered(front, x.as_ref(), &mut local);
            let (mut own, halo) = work.as_mut().split_at_row_mut(s);
            let par = parallelism(2 * s * below.nrows() * p);
            gemm_subtract(own.as_mut(), below.transpose(), halo.as_ref(), par);
            solve_lower_transposed_in_place(l, own.as_mut());
            self.scatter(front.own.iter(), own.as_ref(), &mut x);
        }
    }

    /// The rows of a front.
    fn gathered<'w>(
        &self,
        front: &Front,
        x: MatRef<'_, f64>,
        memory: &'w mut Vec<f64>,
    ) -> MatMut<'w, f64> {
        let m = self.order.size;
        let rows = (front.own.len() + front.halo.len()) * m;
        memory.resize(rows * x.ncols(), 0.0);
        for (j, column) in memory.chunks_exact_mut(rows.max(1)).enumerate() {
            let cells = front.own.iter().chain(&front.halo);
            for (out, &c) in column.chunks_exact_mut(m).zip(cells) {
                out.iter_mut().enumerate().for_each(|(k, o)| *o = x[(c as usize * m + k, j)]);
            }
        }
        MatMut::from_column_major_slice_mut(memory, rows, x.ncols())
    }

    fn scatter<'c>(
        &self,
        cells: impl Iterator<Item = &'c u32> + Clone,
        work: MatRef<'_, f64>,
        x: &mut MatMut<'_, f64>,
    ) {
        let m = self.order.size;
        for j in 0..x.ncols() {
            for (i, &c) in cells.clone().enumerate() {
                for k in 0..m {
                    x[(c as usize * m + k, j)] = work[(i * m + k, j)];
                }
            }
        }
    }
}

/// L of the own states, and what is below it.
pub(crate) fn split<'p>(
    panel: &'p [f64],
    front: &Front,
    size: usize,
) -> (MatRef<'p, f64>, MatRef<'p, f64>) {
    let (s, b) = (front.own.len() * size, front.halo.len() * size);
    MatRef::from_column_major_slice(panel, s + b, s).split_at_row(s)
}

/// What the elimination of a subtree leaves.
struct Left {
    /// The lower triangle of a matrix over the halo.
    schur: Mat<f64>,
    log_det: f64,
    growth: f64,
}

/// Eliminates the subtree of front `k`, of which `panels` are the panels.
fn eliminate(
    order: &Dissection,
    matrix: &Stencil,
    k: usize,
    panels: &mut [Vec<f64>],
) -> Result<Left> {
    let front = &order.fronts[k];
    let (panel, below) = panels.split_last_mut().expect("a subtree has its root");
    let mut children = Vec::new();
    if let Some([left, right]) = front.children {
        let (for_left, for_right) = below.split_at_mut(left + 1 - front.first);
        let mut one = || eliminate(order, matrix, left, for_left);
        let mut other = || eliminate(order, matrix, right, for_right);
        let is_large = front.operations > FORK;
        let made = if is_large { rayon::join(one, other) } else { (one(), other()) };
        children = vec![(left, made.0?), (right, made.1?)];
    }
    let m = order.size;
    let (s, b) = (front.own.len() * m, front.halo.len() * m);
    panel.clear();
    panel.resize((s + b) * s, 0.0);
    let mut columns = MatMut::from_column_major_slice_mut(panel, s + b, s);
    let mut schur = Mat::zeros(b, b);
    for entry in &order.entries[front.entries.clone()] {
        let (row, column) = (entry.row as usize * m, entry.column as usize * m);
        let block = matrix.at(entry.at as usize);
        for i in 0..m {
            for j in 0..m {
                let from = if entry.is_flipped { j * m + i } else { i * m + j };
                columns[(row + i, column + j)] += block[from];
            }
        }
    }
    let diagonal: Vec<f64> = (0..s).map(|j| columns[(j, j)]).collect();
    let (mut log_det, mut growth) = (0.0, 0.0);
    for (child, left) in &children {
        extend_add(&order.fronts[*child].inherit, m, &left.schur, columns.as_mut(), &mut schur);
        log_det += left.log_det;
        growth += left.growth;
    }
    drop(children);
    let (mut l, mut lower) = columns.split_at_row_mut(s);
    log_det += factorize_in_place(l.as_mut()).map_err(|e| match e {
        gridgp_dense::Error::NotPositiveDefinite { pivot, value, .. } => {
            Error::NotPositiveDefinite { cell: front.own[pivot / m] as usize, value }
        }
        gridgp_dense::Error::NotFinite { row, .. } => {
            Error::NotFinite { cell: front.own[row / m] as usize }
        }
        e => unreachable!("a factor fails by its pivots, not by {e}"),
    })?;
    growth += diagonal.iter().enumerate().map(|(j, d)| d / l[(j, j)].powi(2)).sum::<f64>();
    // Below L is what solves X Lᵀ = F.
    solve_lower_in_place(l.as_ref(), lower.as_mut().transpose_mut());
    gemm_lower(schur.as_mut(), lower.as_ref(), lower.as_ref(), -1.0, parallelism(s * b * b));
    Ok(Left { schur, log_det, growth })
}

/// Adds what a child leaves to the matrix of its parent; the order of cells is the same in both, so that
/// a lower triangle stays one.
fn extend_add(
    inherit: &[u32],
    m: usize,
    from: &Mat<f64>,
    mut columns: MatMut<'_, f64>,
    schur: &mut Mat<f64>,
) {
    let s = columns.ncols();
    for (j, &column) in inherit.iter().enumerate() {
        for b in 0..m {
            let from = from.col_as_slice(j * m + b);
            let to = column as usize * m + b;
            let (to, above) = if to < s {
                (
                    columns
                        .rb_mut()
                        .col_mut(to)
                        .try_as_col_major_mut()
                        .expect("a panel")
                        .as_slice_mut(),
                    0,
                )
            } else {
                (schur.col_as_slice_mut(to - s), s)
            };
            for (i, &row) in inherit.iter().enumerate().skip(j) {
                let at = row as usize * m - above;
                let first = if i == j { b } else { 0 };
                for a in first..m {
                    to[at + a] += from[i * m + a];
                }
            }
        }
    }
}

/// out = A B, as a new matrix.
pub(crate) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    let flops = 2 * a.nrows() * a.ncols() * b.ncols();
    gemm(out.as_mut(), Accum::Replace, a, b, parallelism(flops));
    out
}
