//! Sums of fields in new cells: their means, variances and draws, by the states around each cell.

use faer::MatMut;
use gridgp_grid::{Error, Result};
use gridgp_sparse::{Between, Stencil};
use rayon::prelude::*;

use super::super::predict::{Arrangement, Target};
use super::SparseSolution;

/// A sum of fields in new cells.
#[derive(Debug, Clone)]
pub struct SparsePlace<'s> {
    pub(super) solution: &'s SparseSolution,
    pub(super) targets: &'s [Target],
    /// For each target and axis what is known about the new points.
    pub(super) along: Vec<Vec<Vec<Between>>>,
    pub(super) arrangement: Arrangement,
    pub(super) count: usize,
    pub(super) shape: Vec<usize>,
}

impl SparsePlace<'_> {
    /// What the states of its neighbours say about a new cell, and the variance that they leave.
    fn seen(&self, cell: usize) -> (Seen, f64) {
        let mut seen = Seen::default();
        let mut left = 0.0;
        let fields = &self.solution.fields;
        for (target, along) in self.targets.iter().zip(&self.along) {
            let known: Vec<&Between> = at(along, self.arrangement, cell);
            let field = &fields.all[target.term()];
            let weight = target.cells.as_ref().map_or(1.0, |c| c[cell]);
            let factor = target.amplitude * target.coefficient * field.gain * weight;
            let kept: f64 = known.iter().map(|b| 1.0 - b.left).product();
            left += factor * factor * (1.0 - kept);
            seen.add(&known, factor, field.states.start, fields.size(), &self.shape);
        }
        (seen, left)
    }

    /// The means of the sum, without the terms that have no field.
    pub fn mean(&self) -> Vec<f64> {
        let of = |cell| self.seen(cell).0.of(&self.solution.states, self.solution.fields.size());
        (0..self.count).into_par_iter().map(of).collect()
    }

    /// Its variances given the data.
    ///
    /// # Errors
    /// As [`deviation`](Self::deviation), but for a field that has processes alone.
    pub fn variance(&self) -> Result<Vec<f64>> {
        for (target, along) in self.targets.iter().zip(&self.along) {
            if self.solution.terms[target.term()].plane.is_some() {
                self.refuse_between(target, along)?;
            }
        }
        let inverse = self.solution.inverse();
        let of = |cell| {
            let (seen, left) = self.seen(cell);
            left + seen.variance(inverse)
        };
        Ok((0..self.count).into_par_iter().map(of).collect())
    }

    /// The standard deviation of wᵀg for weights w of the new cells: ‖L⁻¹ Sᵀ w‖ with S what the cells see of
    /// the states.
    ///
    /// # Errors
    /// As [`deviation`](Self::deviation).
    pub fn sum_sd(&self, weights: &[f64]) -> Result<f64> {
        self.refuse_all_between()?;
        let m = self.solution.fields.size();
        let mut states = vec![0.0; self.solution.factor.size()];
        for (cell, w) in weights.iter().enumerate().filter(|(_, w)| **w != 0.0) {
            self.seen(cell).0.add_to(&mut states, m, *w);
        }
        let n = states.len();
        self.solution.factor.solve_l_in_place(MatMut::from_column_major_slice_mut(
            &mut states,
            n,
            1,
        ));
        Ok(states.iter().map(|v| v * v).sum::<f64>().sqrt())
    }

    /// What a joint draw given the data differs from the mean: what the cells see of L⁻ᵀz.
    ///
    /// # Errors
    /// [`Error::Data`] for new points of a process between those of the data: what their neighbours leave
    /// open is not drawn here.
    pub fn deviation(&self, normal: impl FnMut() -> f64) -> Result<Vec<f64>> {
        self.refuse_all_between()?;
        let mut states: Vec<f64> =
            std::iter::repeat_with(normal).take(self.solution.factor.size()).collect();
        let (n, m) = (states.len(), self.solution.fields.size());
        self.solution.factor.solve_lt_in_place(MatMut::from_column_major_slice_mut(
            &mut states,
            n,
            1,
        ));
        let of = |cell| self.seen(cell).0.of(&states, m);
        Ok((0..self.count).into_par_iter().map(of).collect())
    }

    fn refuse_all_between(&self) -> Result<()> {
        self.targets
            .iter()
            .zip(&self.along)
            .try_for_each(|(t, along)| self.refuse_between(t, along))
    }

    fn refuse_between(&self, target: &Target, along: &[Vec<Between>]) -> Result<()> {
        let term = &self.solution.terms[target.term()];
        for (factor, known) in term.axes.iter().zip(along) {
            if known.iter().any(|b| b.left > 0.0) {
                return Err(Error::Data(format!(
                    "beside a kernel over two axes together, the field {:?} along {:?} is known at the \
                     points of the data alone; predict there, or put the new points into the data with a \
                     missing response",
                    term.name,
                    factor.name()
                )));
            }
        }
        Ok(())
    }
}

/// What each axis says about new cell number `cell`.
fn at(along: &[Vec<Between>], arrangement: Arrangement, cell: usize) -> Vec<&Between> {
    let mut rest = cell;
    let mut known: Vec<&Between> = along
        .iter()
        .rev()
        .map(|all| match arrangement {
            Arrangement::Points => &all[cell],
            Arrangement::Grid => {
                let one = &all[rest % all.len()];
                rest /= all.len();
                one
            }
        })
        .collect();
    known.reverse();
    known
}

/// A linear combination of the states of a few neighbours.
#[derive(Default)]
struct Seen {
    /// The point of each axis of the cells, and their number.
    cells: Vec<(Vec<usize>, usize)>,
    /// What multiplies the states of each.
    weights: Vec<Vec<f64>>,
}

impl Seen {
    /// Adds `factor` times the first state of a field, as its neighbours let expect it; its states begin
    /// at `first` of the `size` states of a cell.
    fn add(&mut self, known: &[&Between], factor: f64, first: usize, size: usize, shape: &[usize]) {
        let mut all = vec![(Vec::new(), 0, vec![factor])];
        for (between, n) in known.iter().zip(shape) {
            all = all
                .iter()
                .flat_map(|(point, cell, weights)| {
                    between.weights.iter().map(move |(k, own)| {
                        let mut point: Vec<usize> = point.clone();
                        point.push(*k);
                        let product = weights.iter().flat_map(|w| own.iter().map(move |o| w * o));
                        (point, cell * n + k, product.collect())
                    })
                })
                .collect();
        }
        for (point, cell, weights) in all {
            let i = self.cells.iter().position(|(_, c)| *c == cell).unwrap_or_else(|| {
                self.cells.push((point, cell));
                self.weights.push(vec![0.0; size]);
                self.cells.len() - 1
            });
            let to = self.weights[i][first..].iter_mut();
            to.zip(weights).for_each(|(to, w)| *to += w);
        }
    }

    /// wᵀx for the states x of all cells.
    fn of(&self, states: &[f64], size: usize) -> f64 {
        let one = |((_, cell), weights): (&(Vec<usize>, usize), &Vec<f64>)| {
            let states = &states[cell * size..][..size];
            weights.iter().zip(states).map(|(w, x)| w * x).sum::<f64>()
        };
        self.cells.iter().zip(&self.weights).map(one).sum()
    }

    /// x += factor · w.
    fn add_to(&self, states: &mut [f64], size: usize, factor: f64) {
        for ((_, cell), weights) in self.cells.iter().zip(&self.weights) {
            let states = states[cell * size..][..size].iter_mut();
            states.zip(weights).for_each(|(x, w)| *x += factor * w);
        }
    }

    /// wᵀ P⁻¹ w.
    fn variance(&self, inverse: &Stencil) -> f64 {
        let m = inverse.size();
        let mut block = vec![0.0; m * m];
        let mut sum = 0.0;
        for (i, (from, cell)) in self.cells.iter().enumerate() {
            for (j, (to, _)) in self.cells.iter().enumerate().take(i + 1) {
                let step: Vec<isize> =
                    to.iter().zip(from).map(|(t, f)| *t as isize - *f as isize).collect();
                block.fill(0.0);
                inverse.add_between(*cell, &step, &mut block);
                let rows = block.chunks_exact(m).zip(&self.weights[i]);
                let product: f64 = rows
                    .map(|(row, w)| {
                        w * row.iter().zip(&self.weights[j]).map(|(v, w)| v * w).sum::<f64>()
                    })
                    .sum();
                sum += if i == j { product } else { 2.0 * product };
            }
        }
        sum
    }
}
