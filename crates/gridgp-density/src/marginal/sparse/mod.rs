//! Fields that are Markov processes along every axis, by their sparse precisions.
//!
//! The states x of such a field on the whole grid have the precision ⊗ of those of its axes, which joins
//! neighbours only, and an observation y = wᵀx + ε joins the states of its cell. So
//! P = ⊕_f Q_f + Wᵀ D⁻¹ W, the precision of all states given the data, is factorized by nested
//! dissection, at some N^{3/2} operations on a plane of N cells. Gaps cost nothing, however wide. With
//! x̂ = P⁻¹WᵀD⁻¹r and α = D⁻¹(r − W x̂) = A⁻¹r,
//!
//! log N(r; 0, A) = −½ (rᵀα + log|P| − Σ_f log|Q_f| + log|D| + n log 2π),
//!
//! and by Fisher's identity the gradient takes the blocks of P⁻¹ that join neighbours, and no others.

mod fields;
mod lattice;
mod part;
mod place;
#[cfg(test)]
mod plane_tests;
mod solution;
mod states;
#[cfg(test)]
mod tests;

use std::f64::consts::PI;
use std::sync::Arc;

use faer::{Mat, MatRef};
use gridgp_grid::{Error, Result};
use gridgp_sparse::{Dissection, Factor, Stencil};

use fields::Fields;
pub(super) use lattice::SparseLattice;
pub use place::SparsePlace;
pub(super) use solution::SparseSolution;
pub(crate) use solution::beyond;
pub(crate) use states::{SparseCost, SparseStates};

use super::covariance::perturbation;
use super::dense::Cells;
use super::field_term::FieldTerm;
use super::{Evaluation, MarginalValue, squared_norm};

/// What rounding may change in a log likelihood before it is refused. Above 10⁻³ there is a warning.
const MOST_LOST: f64 = 0.1;

/// What the sparse algebra keeps from one evaluation to the next.
#[derive(Debug, Clone)]
pub(super) struct SparseRoute {
    lattice: SparseLattice,
    pub(super) cells: Cells,
    /// The cell of the lattice of each observed cell.
    places: Vec<usize>,
    order: Arc<Dissection>,
    factor: Option<Factor>,
}

impl SparseRoute {
    pub(super) fn new(lattice: SparseLattice, cells: Cells) -> Self {
        let (places, order) = (lattice.places(&cells), lattice.dissection());
        Self { lattice, cells, places, order, factor: None }
    }

    /// log N(r; 0, A) for a residual on the grid; with `theta_bar` the derivatives with respect to the
    /// fields' parameters are added to it.
    ///
    /// # Errors
    /// [`Error::Singular`] where a process has no precision at these values, or the noise is lost in
    /// rounding.
    pub(super) fn evaluate(
        &mut self,
        terms: &[FieldTerm],
        theta: &[f64],
        sigma: &[f64],
        residual: &[f64],
        theta_bar: Option<&mut [f64]>,
    ) -> Result<Evaluation> {
        let fields = Fields::new(terms, &self.lattice, &self.cells, theta)?;
        self.factorize(&fields, sigma)?;
        let Self { lattice, cells, places, factor, .. } = self;
        let factor = factor.as_ref().expect("it was made");
        let r = cells.of(residual);
        let column = MatRef::from_column_major_slice(&r, r.len(), 1);
        let (states, alpha) = solve(factor, &fields, places, sigma, column);
        let (states, alpha) = (states.col_as_slice(0), alpha.col_as_slice(0));
        let quadratic: f64 = r.iter().zip(alpha).map(|(r, a)| r * a).sum();
        let noise: f64 = sigma.iter().map(|s| 2.0 * s.ln()).sum();
        let log_det = factor.log_det() - fields.log_det() + noise;
        let log_prob = -0.5 * (quadratic + log_det + r.len() as f64 * (2.0 * PI).ln());
        let inverse: f64 = sigma.iter().map(|s| (s * s).recip()).sum();
        let rounding = 0.5 * f64::EPSILON * fields.largest();
        let truncation =
            perturbation(rounding, inverse, squared_norm(alpha)) + lost(&fields, factor);
        let mut variance_bar = Vec::new();
        if let Some(bar) = theta_bar {
            let mut moments = factor.selected_inverse();
            variance_bar = fields
                .observed_vjp(terms, lattice, places, sigma, states, alpha, &moments, theta, bar)?;
            add_squares(&mut moments, states, 1.0);
            fields.precision_vjp(terms, lattice, &moments, theta, bar)?;
        }
        let value = MarginalValue { log_prob, truncation, standard_error: 0.0 };
        Ok(Evaluation { value, alpha: cells.spread(alpha), variance_bar })
    }

    /// Makes P and its factor.
    fn factorize(&mut self, fields: &Fields, sigma: &[f64]) -> Result<()> {
        let mut precision = fields.precision(self.order.lattice());
        let m = fields.size();
        for (o, (&place, sigma)) in self.places.iter().zip(sigma).enumerate() {
            let block = precision.block_mut(place, 0);
            for (i, a) in fields.loadings(o) {
                for (j, b) in fields.loadings(o) {
                    block[i * m + j] += a * b / (sigma * sigma);
                }
            }
        }
        let refused = |e| fields.refusal(e, self.order.lattice().shape());
        let factor = match self.factor.take() {
            Some(mut factor) => factor.update(&precision).map(|()| factor),
            None => Factor::new(self.order.clone(), &precision),
        }
        .map_err(refused)?;
        let bounded = bound_loss(fields, &factor);
        self.factor = Some(factor);
        bounded
    }

    /// A at `theta`, for predictions.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub(super) fn solution(
        &mut self,
        terms: &[FieldTerm],
        theta: &[f64],
        sigma: &[f64],
    ) -> Result<SparseSolution> {
        let fields = Fields::new(terms, &self.lattice, &self.cells, theta)?;
        self.factorize(&fields, sigma)?;
        // The next evaluation makes another.
        let factor = self.factor.take().expect("it was made");
        let Self { lattice, cells, places, .. } = self.clone();
        Ok(SparseSolution::new(terms.to_vec(), lattice, cells, places, fields, factor, sigma))
    }
}

/// Refuses a factor in which rounding may change the log likelihood by more than [`MOST_LOST`].
fn bound_loss(fields: &Fields, factor: &Factor) -> Result<()> {
    let lost = lost(fields, factor);
    if lost <= MOST_LOST {
        return Ok(());
    }
    Err(Error::Singular(format!(
        "rounding would change the log likelihood by some {lost:.1e}: for sparse precisions the \
         lengthscales are too long beside the distances of points; rougher kernels, such as matern12, \
         lose less, and so do other algebras (inference.algebra)"
    )))
}

/// What rounding of P and of its factor may change in log|P|: ½ Σ |P⁻¹_ij| |δP_ij|, with the entries of
/// P⁻¹ at most what the diagonal allows, and each cell joined with itself and its neighbours; the
/// factor adds errors of the same kind, and four times that has been above what was measured.
fn lost(fields: &Fields, factor: &Factor) -> f64 {
    let joined = 2 * factor.order().lattice().steps().len() - 1;
    2.0 * f64::EPSILON * joined as f64 * fields.growth() * factor.growth()
}

/// x̂ = P⁻¹WᵀD⁻¹r and α = D⁻¹(r − W x̂) of the observed cells, for each column r.
fn solve(
    factor: &Factor,
    fields: &Fields,
    places: &[usize],
    sigma: &[f64],
    r: MatRef<'_, f64>,
) -> (Mat<f64>, Mat<f64>) {
    let m = fields.size();
    let mut x = Mat::zeros(factor.size(), r.ncols());
    for k in 0..r.ncols() {
        let x = x.col_as_slice_mut(k);
        for (o, (&place, sigma)) in places.iter().zip(sigma).enumerate() {
            let scaled = r[(o, k)] / (sigma * sigma);
            fields.loadings(o).for_each(|(i, w)| x[place * m + i] += w * scaled);
        }
    }
    factor.solve_in_place(x.as_mut());
    let alpha = Mat::from_fn(r.nrows(), r.ncols(), |o, k| {
        let states = x.col_as_slice(k);
        let seen: f64 = fields.loadings(o).map(|(i, w)| w * states[places[o] * m + i]).sum();
        (r[(o, k)] - seen) / (sigma[o] * sigma[o])
    });
    (x, alpha)
}

/// Adds `sign` times the products of the states of neighbours: E\[x xᵀ\], from their covariance and their
/// means.
fn add_squares(moments: &mut Stencil, states: &[f64], sign: f64) {
    let (lattice, m) = (moments.lattice().clone(), moments.size());
    lattice.each_pair(|cell, step, other| {
        let (a, b) = (&states[cell * m..][..m], &states[other * m..][..m]);
        let block = moments.block_mut(cell, step);
        for (row, a) in block.chunks_exact_mut(m).zip(a) {
            row.iter_mut().zip(b).for_each(|(v, b)| *v += sign * a * b);
        }
    });
}

/// What a factor or a chain refused, with the axis or the cell in the words of the model.
fn singular(what: &str, e: impl std::fmt::Display) -> Error {
    Error::Singular(format!("{what}: {e}"))
}
