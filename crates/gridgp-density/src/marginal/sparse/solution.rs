//! A at one θ: solutions, and variances on the grid and elsewhere.

use std::sync::OnceLock;

use faer::{Mat, MatRef};
use gridgp_dense::settle_registers;
use gridgp_grid::Result;
use gridgp_sparse::{Between, Chain, Factor, Stencil};
use rayon::prelude::*;

use super::super::dense::Cells;
use super::super::field_term::FieldTerm;
use super::super::predict::{Arrangement, BLOCK, Target};
use super::fields::Fields;
use super::{SparseLattice, singular};

/// P = L Lᵀ of all states, and what each observed cell sees of them.
#[derive(Debug, Clone)]
pub(in super::super) struct SparseSolution {
    terms: Vec<FieldTerm>,
    lattice: SparseLattice,
    pub(in super::super) cells: Cells,
    places: Vec<usize>,
    fields: Fields,
    factor: Factor,
    /// σ of each observed cell.
    sigma: Vec<f64>,
    /// The blocks of P⁻¹ of neighbours, once they are needed.
    inverse: OnceLock<Stencil>,
}

impl SparseSolution {
    pub(super) fn new(
        terms: Vec<FieldTerm>,
        lattice: SparseLattice,
        cells: Cells,
        places: Vec<usize>,
        fields: Fields,
        factor: Factor,
        sigma: &[f64],
    ) -> Self {
        let (sigma, inverse) = (sigma.to_vec(), OnceLock::new());
        Self { terms, lattice, cells, places, fields, factor, sigma, inverse }
    }

    /// What multiplies the field of a term in the observed cells, beside weights along axes.
    pub(in super::super) fn weights(&self, term: usize) -> Option<Vec<f64>> {
        self.terms[term].cells.as_ref().map(|c| self.cells.of(c))
    }

    fn inverse(&self) -> &Stencil {
        self.inverse.get_or_init(|| self.factor.selected_inverse())
    }

    /// A⁻¹X = D⁻¹(X − W P⁻¹Wᵀ D⁻¹X), a row an observed cell.
    pub(in super::super) fn solve(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let mut out = Mat::zeros(x.nrows(), x.ncols());
        // A block of the states of all cells at a time for each thread.
        out.par_col_chunks_mut(BLOCK).enumerate().for_each(|(i, mut out)| {
            settle_registers();
            let columns = x.subcols(i * BLOCK, out.ncols());
            let Self { factor, fields, places, sigma, .. } = self;
            out.copy_from(super::solve(factor, fields, places, sigma, columns).1);
        });
        out
    }

    /// diag(A⁻¹) on the grid, 0 where a cell is missing.
    pub(in super::super) fn inverse_diagonal(&self) -> Vec<f64> {
        let (inverse, m) = (self.inverse(), self.fields.size());
        let one = |(o, (&place, sigma)): (usize, (&usize, &f64))| {
            let block = inverse.block(place, 0);
            let known = self.fields.loadings(o).map(|(i, a)| {
                a * self.fields.loadings(o).map(|(j, b)| block[i * m + j] * b).sum::<f64>()
            });
            let precision = (sigma * sigma).recip();
            precision * (1.0 - precision * known.sum::<f64>())
        };
        let all: Vec<f64> = self.places.iter().zip(&self.sigma).enumerate().map(one).collect();
        self.cells.spread(&all)
    }

    /// The variance given the data of a sum of fields in new cells.
    ///
    /// Along an axis, a process at a new point is known from its states at the two points around it, up
    /// to a variance of its own; so a new cell needs the blocks of P⁻¹ of the cells around it, which are
    /// neighbours.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] where two points are too near to each other.
    pub(in super::super) fn variance(
        &self,
        targets: &[Target],
        arrangement: Arrangement,
        count: usize,
    ) -> Result<Vec<f64>> {
        let mut places = Vec::with_capacity(targets.len());
        for target in targets {
            let field = &self.fields.all[target.term()];
            let axes = self.lattice.axes.iter().zip(&target.points).zip(&field.blocks);
            let along = axes.enumerate().map(|(a, ((axis, points), block))| {
                let times: Vec<f64> = match axis.column {
                    None => vec![axis.times[0]; points.len()],
                    Some(column) => points.column(column).collect(),
                };
                let known = times.iter().map(|&t| Chain::between(block, &axis.times, t));
                known.collect::<std::result::Result<Vec<_>, _>>().map_err(|e| {
                    singular(&format!("axis {:?}", self.terms[target.term()].axes[a].name()), e)
                })
            });
            places.push(along.collect::<Result<Vec<Vec<Between>>>>()?);
        }
        let inverse = self.inverse();
        Ok((0..count)
            .into_par_iter()
            .map(|cell| {
                let mut seen = Seen::default();
                let mut left = 0.0;
                for (target, along) in targets.iter().zip(&places) {
                    let known: Vec<&Between> = at(along, arrangement, cell);
                    let field = &self.fields.all[target.term()];
                    let gain: f64 = field.blocks.iter().map(|b| b.gain).product();
                    let weight = target.cells.as_ref().map_or(1.0, |c| c[cell]);
                    let factor = target.amplitude * target.coefficient * gain * weight;
                    let kept: f64 = known.iter().map(|b| 1.0 - b.left).product();
                    left += factor * factor * (1.0 - kept);
                    seen.add(
                        &known,
                        factor,
                        field.states.start,
                        self.fields.size(),
                        &self.lattice.shape(),
                    );
                }
                left + seen.variance(inverse)
            })
            .collect())
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
