//! A at one θ: solutions, and variances on the grid and elsewhere.

use std::sync::OnceLock;

use faer::{Mat, MatRef};
use gridgp_dense::settle_registers;
use gridgp_grid::{Error, Result};
use gridgp_sparse::{Between, Chain, Factor, Side, Stencil};
use rayon::prelude::*;

use super::super::dense::Cells;
use super::super::field_term::FieldTerm;
use super::super::predict::{Arrangement, BLOCK, Target};
use super::fields::Fields;
use super::part::Part;
use super::place::SparsePlace;
use super::{SparseLattice, singular};

/// P = L Lᵀ of all states, and what each observed cell sees of them.
#[derive(Debug, Clone)]
pub(in super::super) struct SparseSolution {
    pub(super) terms: Vec<FieldTerm>,
    lattice: SparseLattice,
    pub(in super::super) cells: Cells,
    places: Vec<usize>,
    pub(super) fields: Fields,
    pub(super) factor: Factor,
    /// σ of each observed cell.
    sigma: Vec<f64>,
    /// The means of the states, once [`settle`](Self::settle) has seen the data.
    pub(super) states: Vec<f64>,
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
        let states = Vec::new();
        Self { terms, lattice, cells, places, fields, factor, sigma, states, inverse }
    }

    /// α = A⁻¹r for the residuals r on the grid, and the means of the states.
    pub(in super::super) fn settle(&mut self, residual: &[f64]) -> Vec<f64> {
        let r = self.cells.of(residual);
        let r = MatRef::from_column_major_slice(&r, r.len(), 1);
        let (states, alpha) =
            super::solve(&self.factor, &self.fields, &self.places, &self.sigma, r);
        self.states = states.col_as_slice(0).to_vec();
        self.cells.spread(alpha.col_as_slice(0))
    }

    /// Whether a field is over two axes together, so that its covariances are not products over axes.
    pub(in super::super) fn has_planes(&self) -> bool {
        self.terms.iter().any(|t| t.plane.is_some())
    }

    /// What multiplies the field of a term in the observed cells, beside weights along axes.
    pub(in super::super) fn weights(&self, term: usize) -> Option<Vec<f64>> {
        self.terms[term].cells.as_ref().map(|c| self.cells.of(c))
    }

    pub(super) fn inverse(&self) -> &Stencil {
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

    /// A sum of fields in new cells, by the states around each.
    ///
    /// Along an axis, a process at a new point is known from its states at the two points around it, up
    /// to a variance of its own; a field on a plane lies on straight lines between points of the grid. So
    /// a new cell needs the states of the cells around it, which are neighbours.
    ///
    /// # Errors
    /// [`Error::Singular`] where two points are too near to each other; [`Error::Data`] where a field on a
    /// plane is asked for beyond the points of the data.
    pub(in super::super) fn place<'s>(
        &'s self,
        targets: &'s [Target],
        arrangement: Arrangement,
        count: usize,
    ) -> Result<SparsePlace<'s>> {
        let mut along = Vec::with_capacity(targets.len());
        for target in targets {
            let axes = 0..self.lattice.axes.len();
            let known = axes.map(|a| self.along(target, a));
            along.push(known.collect::<Result<Vec<Vec<Between>>>>()?);
        }
        let shape = self.lattice.shape();
        Ok(SparsePlace { solution: self, targets, along, arrangement, count, shape })
    }

    /// What the points of an axis say about the new points of a target.
    fn along(&self, target: &Target, a: usize) -> Result<Vec<Between>> {
        let (axis, points) = (&self.lattice.axes[a], &target.points[a]);
        let term = &self.terms[target.term()];
        let name = term.axes[a].name();
        let times: Vec<f64> = match axis.column {
            None => vec![axis.times[0]; points.len()],
            Some(column) => points.column(column).collect(),
        };
        for part in &self.fields.all[target.term()].parts {
            match part {
                Part::Chain { axis: own, block, .. } if *own == a => {
                    let known = times.iter().map(|&t| Chain::between(block, &axis.times, t));
                    let known = known.collect::<std::result::Result<Vec<_>, _>>();
                    return known.map_err(|e| singular(&format!("axis {name:?}"), e));
                }
                Part::Plane { axes, plane } if axes.contains(&a) => {
                    let side = &plane.sides()[usize::from(axes[1] == a)];
                    let between = |&t: &f64| {
                        let weights = side.between(t)?.into_iter().filter(|(_, w)| *w != 0.0);
                        let weights = weights.map(|(k, w)| (k, vec![w])).collect();
                        Some(Between { weights, left: 0.0 })
                    };
                    let known = times.iter().map(between).collect::<Option<Vec<_>>>();
                    return known.ok_or_else(|| beyond(Some(&term.name), name, side));
                }
                _ => {}
            }
        }
        unreachable!("a field has a part along every axis")
    }
}

/// A field over two axes together was asked for beyond the data.
pub(crate) fn beyond(field: Option<&str>, axis: &str, side: &Side) -> Error {
    let inside = side.inside();
    let (from, to) = (inside[0], inside[inside.len() - 1]);
    let what =
        field.map_or("a field over two axes together".into(), |f| format!("the field {f:?}"));
    Error::Data(format!(
        "{what} is known from {from} to {to} along {axis:?}, between the points of the data, and \
         was asked for beyond"
    ))
}
