//! Symmetric matrices that join a cell with its neighbours.

use std::sync::Arc;

/// The cells of a grid, row-major, and which of them are neighbours: those that differ by at most one step
/// along every axis, diagonals included, and [in planes](Self::with_planes) by two steps in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lattice {
    shape: Vec<usize>,
    /// The longest step along each axis.
    reach: Vec<usize>,
    /// For each step its part along each axis: no step, then those whose first part other than 0 is +1.
    steps: Vec<Vec<isize>>,
}

impl Lattice {
    /// The lattice of a grid of this shape.
    ///
    /// # Panics
    /// If an axis is empty.
    pub fn new(shape: &[usize]) -> Self {
        Self::with_planes(shape, &[])
    }

    /// The same with planes, each of two axes: cells that differ by two steps in all along those, and by at
    /// most one along every other, are neighbours as well.
    ///
    /// # Panics
    /// If an axis is empty.
    pub fn with_planes(shape: &[usize], planes: &[[usize; 2]]) -> Self {
        assert!(shape.iter().all(|&n| n > 0), "an axis of a lattice has a point, not {shape:?}");
        let reach_along = |a: usize| {
            let most = if planes.iter().any(|p| p.contains(&a)) { 2 } else { 1 };
            most.min(shape[a] - 1)
        };
        let reach: Vec<usize> = (0..shape.len()).map(reach_along).collect();
        let mut all = vec![Vec::new()];
        for &r in &reach {
            let r = r as isize;
            let longer = |s: &Vec<isize>| {
                (-r..=r).map(|p| [s.as_slice(), &[p]].concat()).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        let is_short = |step: &[isize], but: &[usize]| {
            step.iter().enumerate().all(|(a, s)| s.abs() <= 1 || but.contains(&a))
        };
        all.retain(|step| {
            let within =
                |p: &[usize; 2]| step[p[0]].abs() + step[p[1]].abs() <= 2 && is_short(step, p);
            is_short(step, &[]) || planes.iter().any(within)
        });
        // From the step that is none on, the first part that is not 0 is positive.
        let steps = all.split_off(all.len() / 2);
        Self { shape: shape.to_vec(), reach, steps }
    }

    /// The longest step along an axis.
    pub(crate) fn reach(&self, axis: usize) -> usize {
        self.reach[axis]
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Never: each axis has a point.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Number of points of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The steps that a [`Stencil`] has a block for, the first of which goes nowhere.
    pub fn steps(&self) -> &[Vec<isize>] {
        &self.steps
    }

    /// Calls `visit` with each cell, each step from it that stays on the grid, and where that leads.
    pub fn each_pair(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let mut at = vec![0; self.shape.len()];
        for cell in 0..self.len() {
            for (h, step) in self.steps.iter().enumerate() {
                if let Some(other) = self.after(&at, step) {
                    visit(cell, h, other);
                }
            }
            for (a, &n) in at.iter_mut().zip(&self.shape).rev() {
                *a += 1;
                if *a < n {
                    break;
                }
                *a = 0;
            }
        }
    }

    /// The cell that is a step from the point `at`.
    pub(crate) fn after(&self, at: &[usize], step: &[isize]) -> Option<usize> {
        let mut cell = 0;
        for ((&i, &s), &n) in at.iter().zip(step).zip(&self.shape) {
            let i = i.checked_add_signed(s).filter(|&i| i < n)?;
            cell = cell * n + i;
        }
        Some(cell)
    }

    /// The point of each axis at which a cell lies.
    pub fn point(&self, mut cell: usize) -> Vec<usize> {
        let mut at = vec![0; self.shape.len()];
        for (a, &n) in at.iter_mut().zip(&self.shape).rev() {
            *a = cell % n;
            cell /= n;
        }
        at
    }
}

/// A symmetric matrix of m × m blocks, of which those of neighbours are kept: for a cell and each of the
/// steps of its [`Lattice`] the block with the rows of the cell and the columns of where the step leads.
#[derive(Debug, Clone, PartialEq)]
pub struct Stencil {
    lattice: Arc<Lattice>,
    size: usize,
    values: Vec<f64>,
}

impl Stencil {
    /// The matrix 0 of blocks with `size` rows.
    pub fn zeros(lattice: Arc<Lattice>, size: usize) -> Self {
        let values = vec![0.0; lattice.len() * lattice.steps.len() * size * size];
        Self { lattice, size, values }
    }

    /// The lattice.
    pub fn lattice(&self) -> &Arc<Lattice> {
        &self.lattice
    }

    /// The rows m of a block.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The block of a cell and a step, row-major.
    pub fn block(&self, cell: usize, step: usize) -> &[f64] {
        self.at(cell * self.lattice.steps.len() + step)
    }

    /// The same, to write to. The block of no step has to be symmetric.
    pub fn block_mut(&mut self, cell: usize, step: usize) -> &mut [f64] {
        let at = cell * self.lattice.steps.len() + step;
        let m = self.size * self.size;
        &mut self.values[at * m..(at + 1) * m]
    }

    /// All blocks, cell by cell and step by step.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    pub(crate) fn at(&self, block: usize) -> &[f64] {
        let m = self.size * self.size;
        &self.values[block * m..(block + 1) * m]
    }

    /// The block with the rows of `cell` and the columns of the neighbour a step away, row-major, added to
    /// `out`.
    ///
    /// # Panics
    /// If there is no such neighbour.
    pub fn add_between(&self, cell: usize, step: &[isize], out: &mut [f64]) {
        let m = self.size;
        if let Some(h) = self.lattice.steps.iter().position(|s| s == step) {
            out.iter_mut().zip(self.block(cell, h)).for_each(|(o, v)| *o += v);
            return;
        }
        let back: Vec<isize> = step.iter().map(|s| -s).collect();
        let other = self.lattice.after(&self.lattice.point(cell), step).expect("it is on the grid");
        let h = self.lattice.steps.iter().position(|s| *s == back).expect("a neighbour");
        let block = self.block(other, h);
        for i in 0..m {
            for j in 0..m {
                out[i * m + j] += block[j * m + i];
            }
        }
    }
}
