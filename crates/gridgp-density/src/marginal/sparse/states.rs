//! The states of all fields with their sparse precision, for data of any kind.
//!
//! A field is f = a x, x the first state of each cell and a its amplitude with the gains of its kernels.
//! With Q the prior precision of all states and V what the data say about the values of the fields, a
//! block for each cell, P = Q + aVa is factorized.

use std::sync::Arc;

use faer::MatMut;
use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use gridgp_sparse::{Cost, Dissection, Factor, Stencil};

use super::super::dense::Cells;
use super::super::field_term::FieldTerm;
use super::fields::Fields;
use super::{SparseLattice, add_squares, bound_loss};

/// The states of a model's fields at one θ.
#[derive(Debug, Clone)]
pub(crate) struct SparseStates {
    terms: Vec<FieldTerm>,
    lattice: SparseLattice,
    /// No cell: what is observed is not the business of the states.
    none: Cells,
    order: Arc<Dissection>,
    /// The cell of the lattice of each value of a field.
    places: Vec<usize>,
    /// The same of the values of each field that determine its unknowns.
    whole: Vec<Vec<usize>>,
    /// For each observation which value of a field it sees.
    positions: Vec<u32>,
    at: Option<At>,
    factor: Option<Factor>,
}

/// The prior at one θ.
#[derive(Debug, Clone)]
struct At {
    fields: Fields,
    precision: Stencil,
    /// a of each field, and which of a cell's states is its first.
    loadings: Vec<(usize, f64)>,
}

/// The axes along which fields vary, and the lattice that they make.
fn lattice_of(model: &Model) -> std::result::Result<(Vec<FieldTerm>, SparseLattice), String> {
    if model.fields.is_empty() {
        return Err("there is no field".into());
    }
    let varies = |a: &usize| model.fields.iter().any(|f| f.varies_along(*a));
    let axes: Vec<usize> = (0..model.data.grid.axes().len()).filter(varies).collect();
    let terms: Vec<FieldTerm> =
        (0..model.fields.len()).map(|f| FieldTerm::alone(model, f, &axes)).collect();
    let lattice = SparseLattice::new(&terms)?;
    Ok((terms, lattice))
}

impl SparseStates {
    /// Whether the fields of a model have sparse precisions on one lattice, and what a factor then takes:
    /// its cost, the states of a cell, the shape, and whether each field has one state.
    ///
    /// # Errors
    /// Why not, in words that go on after "…: ".
    pub(crate) fn cost(model: &Model) -> std::result::Result<SparseCost, String> {
        let (_, lattice) = lattice_of(model)?;
        Ok(SparseCost {
            factor: lattice.cost(),
            states: lattice.states(),
            neighbours: lattice.lattice().steps().len(),
            shape: lattice.shape(),
            is_rough: lattice.is_rough(),
        })
    }

    /// The states of a model; `positions` are the values of a field that the observations see.
    ///
    /// # Errors
    /// Why there are none, in words that go on after "…: ".
    pub(crate) fn new(model: &Model, positions: Vec<u32>) -> std::result::Result<Self, String> {
        let (terms, lattice) = lattice_of(model)?;
        let shape: Vec<usize> = terms[0].axes.iter().map(|a| a.size()).collect();
        let all = Cells::new(&shape, (0..shape.iter().product()).collect());
        let (places, order) = (lattice.places(&all), lattice.dissection());
        let none = Cells::new(&shape, Vec::new());
        let whole = (0..terms.len()).map(|f| lattice.whole(f)).collect();
        Ok(Self { terms, lattice, none, order, places, whole, positions, at: None, factor: None })
    }

    /// Number of states.
    pub(crate) fn len(&self) -> usize {
        self.order.lattice().len() * self.order.size()
    }

    /// Moves to other parameters.
    ///
    /// # Errors
    /// [`Error::Singular`] where a process has no precision there.
    pub(crate) fn update(&mut self, theta: &[f64]) -> Result<()> {
        let fields = Fields::new(&self.terms, &self.lattice, &self.none, theta)?;
        let precision = fields.precision(self.order.lattice());
        let loadings: Vec<(usize, f64)> = fields.loadings(0).collect();
        if let Some(f) = loadings.iter().position(|(_, a)| !(a.is_finite() && *a != 0.0)) {
            return Err(Error::Singular(format!(
                "the amplitude {} of the field {:?} leaves the range of numbers",
                loadings[f].1, self.terms[f].name
            )));
        }
        self.at = Some(At { fields, precision, loadings });
        Ok(())
    }

    fn at(&self) -> &At {
        self.at.as_ref().expect("it was moved to parameters")
    }

    fn factor(&self) -> &Factor {
        self.factor.as_ref().expect("it was factorized")
    }

    /// Gives the memory of the last evaluation back.
    pub(crate) fn forget(&mut self) {
        (self.at, self.factor) = (None, None);
    }

    /// The values of each field at states x.
    pub(crate) fn values(&self, x: &[f64], values: &mut [Vec<f64>]) {
        let m = self.order.size();
        for ((first, a), values) in self.at().loadings.iter().zip(values) {
            let pairs = values.iter_mut().zip(&self.places);
            pairs.for_each(|(v, &cell)| *v = a * x[cell * m + first]);
        }
    }

    /// For each field the values that determine its unknowns: on its axes, those of a kernel over two axes
    /// together with their margins.
    pub(crate) fn whole_values(&self, x: &[f64]) -> Vec<Vec<f64>> {
        let m = self.order.size();
        let one = |((first, a), places): (&(usize, f64), &Vec<usize>)| {
            places.iter().map(|&cell| a * x[cell * m + first]).collect()
        };
        self.at().loadings.iter().zip(&self.whole).map(one).collect()
    }

    /// How many values of each field [`whole_values`](Self::whole_values) has.
    pub(crate) fn whole_lengths(&self) -> Vec<usize> {
        self.whole.iter().map(Vec::len).collect()
    }

    /// The adjoint of the states, from those of the values of each field.
    pub(crate) fn pull_back(&self, bars: &[Vec<f64>], out: &mut [f64]) {
        let m = self.order.size();
        out.fill(0.0);
        for ((first, a), bar) in self.at().loadings.iter().zip(bars) {
            let pairs = bar.iter().zip(&self.places);
            pairs.for_each(|(b, &cell)| out[cell * m + first] += a * b);
        }
    }

    /// −½ xᵀQx; −Qx is added to `gradient`.
    pub(crate) fn prior(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let precision = &self.at().precision;
        let m = precision.size();
        let mut product = vec![0.0; x.len()];
        precision.lattice().each_pair(|cell, step, other| {
            let block = precision.block(cell, step);
            for (i, row) in block.chunks_exact(m).enumerate() {
                for (j, v) in row.iter().enumerate() {
                    product[cell * m + i] += v * x[other * m + j];
                    if step != 0 {
                        product[other * m + j] += v * x[cell * m + i];
                    }
                }
            }
        });
        gradient.iter_mut().zip(&product).for_each(|(g, p)| *g -= p);
        -0.5 * x.iter().zip(&product).map(|(x, p)| x * p).sum::<f64>()
    }

    /// Factorizes P with the information V of each observation about the values that it sees, fields ×
    /// fields numbers each.
    ///
    /// # Errors
    /// [`Error::Singular`] where P is not positive definite, or lost in rounding.
    pub(crate) fn factorize(&mut self, information: &[f64]) -> Result<()> {
        let At { fields, precision, loadings } =
            self.at.as_ref().expect("it was moved to parameters");
        let (m, count) = (precision.size(), loadings.len());
        let mut matrix = precision.clone();
        for (&position, v) in self.positions.iter().zip(information.chunks_exact(count * count)) {
            let block = matrix.block_mut(self.places[position as usize], 0);
            for (&(i, a), row) in loadings.iter().zip(v.chunks_exact(count)) {
                for (&(j, b), v) in loadings.iter().zip(row) {
                    block[i * m + j] += a * v * b;
                }
            }
        }
        let refused = |e| fields.refusal(e, self.order.lattice().shape());
        let factor = match self.factor.take() {
            Some(mut factor) => factor.update(&matrix).map(|()| factor),
            None => Factor::new(self.order.clone(), &matrix),
        }
        .map_err(refused)?;
        let bounded = bound_loss(fields, &factor);
        self.factor = Some(factor);
        bounded
    }

    /// Replaces x by P⁻¹x.
    pub(crate) fn solve(&self, x: &mut [f64]) {
        let n = x.len();
        self.factor().solve_in_place(MatMut::from_column_major_slice_mut(x, n, 1));
    }

    /// Replaces standard normal numbers, a column a draw, by draws of covariance P⁻¹.
    pub(crate) fn draw(&self, x: MatMut<'_, f64>) {
        self.factor().solve_lt_in_place(x);
    }

    /// ½ (log|Q| − log|P|).
    pub(crate) fn half_log_det(&self) -> f64 {
        0.5 * (self.at().fields.log_det() - self.factor().log_det())
    }

    /// The blocks of P⁻¹ that join neighbours.
    pub(crate) fn inverse(&self) -> Stencil {
        self.factor().selected_inverse()
    }

    /// The covariance of the values of the fields that each observation sees, fields × fields numbers
    /// each, from [`inverse`](Self::inverse).
    pub(crate) fn covariances(&self, inverse: &Stencil) -> Vec<f64> {
        let loadings = &self.at().loadings;
        let m = inverse.size();
        let mut out = Vec::with_capacity(self.positions.len() * loadings.len().pow(2));
        for &position in &self.positions {
            let block = inverse.block(self.places[position as usize], 0);
            for &(i, a) in loadings {
                out.extend(loadings.iter().map(|&(j, b)| a * b * block[i * m + j]));
            }
        }
        out
    }

    /// Adds the derivatives with respect to θ of the states' part,
    /// ½ log|Q| − ½ tr(P⁻¹ dQ) − ½ xᵀQx − qᵀQx + what `scale_bars`, times a, say of each field's a.
    ///
    /// # Errors
    /// [`Error::Singular`] as from [`update`](Self::update).
    pub(crate) fn vjp(
        &self,
        theta: &[f64],
        (x, q): (&[f64], &[f64]),
        scale_bars: &[f64],
        mut moments: Stencil,
        theta_bar: &mut [f64],
    ) -> Result<()> {
        let At { fields, loadings, .. } = self.at();
        let bars: Vec<f64> = scale_bars.iter().zip(loadings).map(|(bar, (_, a))| bar / a).collect();
        fields.multipliers_vjp(&self.terms, &self.lattice, &bars, theta, theta_bar)?;
        // P⁻¹ + x xᵀ + x qᵀ + q xᵀ = P⁻¹ + (x + q)(x + q)ᵀ − q qᵀ.
        let both: Vec<f64> = x.iter().zip(q).map(|(x, q)| x + q).collect();
        add_squares(&mut moments, &both, 1.0);
        add_squares(&mut moments, q, -1.0);
        fields.precision_vjp(&self.terms, &self.lattice, &moments, theta, theta_bar)
    }
}

/// What the sparse algebra takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SparseCost {
    /// Of one factor.
    pub(crate) factor: Cost,
    /// States of a cell.
    pub(crate) states: usize,
    /// Blocks of a cell with itself and its neighbours, each pair once.
    pub(crate) neighbours: usize,
    /// Points of each axis.
    pub(crate) shape: Vec<usize>,
    /// Whether each field has one state.
    pub(crate) is_rough: bool,
}
