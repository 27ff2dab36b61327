//! The fields as states with a sparse precision, at one θ, and the gradient.

use std::ops::Range;
use std::sync::Arc;

use gridgp_grid::{Error, Result};
use gridgp_sparse::{Chain, Lattice, Plane, Stencil};

use super::super::dense::Cells;
use super::super::field_term::FieldTerm;
use super::part::{Part, PartBar};
use super::{SparseLattice, singular};

/// All fields at one θ.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub(super) all: Vec<Field>,
    /// States of a cell.
    size: usize,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Its states among those of a cell.
    pub(super) states: Range<usize>,
    /// What its precision is a product of.
    pub(super) parts: Vec<Part>,
    /// amplitude · coefficient, and the gains of the processes.
    multiplier: f64,
    pub(super) gain: f64,
    /// What multiplies the field in each observed cell beside that.
    weights: Option<Vec<f64>>,
}

impl Field {
    /// The variance of the field where what multiplies it is `weight`.
    fn variance(&self, weight: f64) -> f64 {
        (self.multiplier * self.gain * weight).powi(2)
    }

    fn weight(&self, o: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[o])
    }
}

impl Fields {
    pub(super) fn new(
        terms: &[FieldTerm],
        lattice: &SparseLattice,
        cells: &Cells,
        theta: &[f64],
    ) -> Result<Self> {
        let (mut all, mut first) = (Vec::with_capacity(terms.len()), 0);
        for (f, term) in terms.iter().enumerate() {
            let mut parts = Vec::new();
            for (a, (axis, factor)) in lattice.axes.iter().zip(&term.axes).enumerate() {
                let Some(form) = &axis.forms[f] else { continue };
                let text = factor.kernel().map_or("constant", |k| k.text.as_str());
                let what =
                    format!("axis {:?}, field {:?}, kernel {text}", factor.name(), term.name);
                let numbers = factor.kernel().map_or(Vec::new(), |k| k.numbers(theta));
                let mut made = form.blocks(&numbers).map_err(|e| singular(&what, e))?;
                let block = made.pop().filter(|_| made.is_empty()).expect("it is one process");
                let chain = Chain::new(&block, &axis.times).map_err(|e| singular(&what, e))?;
                parts.push(Part::Chain { axis: a, block, chain });
            }
            if let (Some((axes, sides)), Some(plane)) = (&lattice.planes[f], &term.plane) {
                let lengthscales = plane.lengthscales(theta);
                if !lengthscales.iter().all(|l| (l * l).is_normal()) {
                    return Err(Error::Singular(format!(
                        "the lengthscales {lengthscales:?} of the field {:?} leave the range of numbers",
                        term.name
                    )));
                }
                let plane = Plane::new(sides.clone(), lengthscales);
                parts.push(Part::Plane { axes: *axes, plane });
            }
            let size = lattice.sizes[f];
            all.push(Field {
                states: first..first + size,
                gain: parts.iter().map(Part::gain).product(),
                parts,
                multiplier: term.multiplier(theta),
                weights: weights(term, cells),
            });
            first += size;
        }
        Ok(Self { all, size: first })
    }

    /// States of a cell.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// What observed cell `o` sees: a state of its cell, and what multiplies it, for each field.
    pub(super) fn loadings(&self, o: usize) -> impl Iterator<Item = (usize, f64)> {
        self.all.iter().map(move |f| (f.states.start, f.multiplier * f.gain * f.weight(o)))
    }

    /// The largest prior variance of a cell.
    pub(super) fn largest(&self) -> f64 {
        let most = |f: &Field| {
            let weight = |w: &Vec<f64>| w.iter().fold(0.0, |m: f64, w| m.max(w.abs()));
            f.variance(f.weights.as_ref().map_or(1.0, weight))
        };
        self.all.iter().map(most).sum()
    }

    /// Σ_f log|Q_f|.
    pub(super) fn log_det(&self) -> f64 {
        let of = |f: &Field| {
            (0..f.parts.len()).map(|k| copies(f, k) * f.parts[k].log_det()).sum::<f64>()
        };
        self.all.iter().map(of).sum()
    }

    /// How many times ε the entries of the precisions are off by.
    pub(super) fn growth(&self) -> f64 {
        let of = |f: &Field| f.parts.iter().map(Part::growth).sum::<f64>();
        self.all.iter().map(of).fold(1.0, f64::max)
    }

    /// ⊕_f Q_f.
    pub(super) fn precision(&self, cells: &Arc<Lattice>) -> Stencil {
        let mut out = Stencil::zeros(cells.clone(), self.size);
        let mut at = Walk::new(cells.shape());
        cells.each_pair(|cell, step, _| {
            at.to(cell);
            let steps = &cells.steps()[step];
            let block = out.block_mut(cell, step);
            for field in &self.all {
                let n = field.states.len();
                for i in 0..n {
                    for j in 0..n {
                        let entry = field.product(&at.point, steps, i, j, None);
                        block[(field.states.start + i) * self.size + field.states.start + j] =
                            entry;
                    }
                }
            }
        });
        out
    }

    /// What a factor refused.
    pub(super) fn refusal(&self, e: gridgp_sparse::Error, shape: &[usize]) -> Error {
        Error::Singular(format!(
            "the precision of the fields given the data, on a grid of {shape:?} points: {e}; lengthscales \
             are too long for the distances of points, or the noise too small beside the fields"
        ))
    }

    /// Adds the derivatives by the observations, with respect to what multiplies the fields; returns
    /// those with respect to σ² of each observed cell.
    #[expect(clippy::too_many_arguments, reason = "one pass over the observed cells")]
    pub(super) fn observed_vjp(
        &self,
        terms: &[FieldTerm],
        lattice: &SparseLattice,
        places: &[usize],
        sigma: &[f64],
        states: &[f64],
        alpha: &[f64],
        covariance: &Stencil,
        theta: &[f64],
        theta_bar: &mut [f64],
    ) -> Result<Vec<f64>> {
        let m = self.size;
        let mut bars = vec![0.0; self.all.len()];
        let mut variance_bar = Vec::with_capacity(places.len());
        for (o, ((&place, sigma), alpha)) in places.iter().zip(sigma).zip(alpha).enumerate() {
            let block = covariance.block(place, 0);
            let precision = (sigma * sigma).recip();
            let mut left = 0.0;
            for (field, bar) in self.all.iter().zip(&mut bars) {
                let i = field.states.start;
                // Σ w of the field's state.
                let seen: f64 = self.loadings(o).map(|(j, w)| block[i * m + j] * w).sum();
                *bar += field.weight(o) * (alpha * states[place * m + i] - precision * seen);
                left += field.multiplier * field.gain * field.weight(o) * seen;
            }
            variance_bar.push(0.5 * (alpha * alpha - precision * (1.0 - precision * left)));
        }
        self.multipliers_vjp(terms, lattice, &bars, theta, theta_bar)?;
        Ok(variance_bar)
    }

    /// Adds the derivatives with respect to θ, from those with respect to what multiplies the states of
    /// each field, the gains of its parts among it.
    pub(super) fn multipliers_vjp(
        &self,
        terms: &[FieldTerm],
        lattice: &SparseLattice,
        bars: &[f64],
        theta: &[f64],
        theta_bar: &mut [f64],
    ) -> Result<()> {
        for ((f, field), bar) in self.all.iter().enumerate().zip(bars) {
            terms[f].multiplier_vjp(theta, bar * field.gain, theta_bar);
            for (k, part) in field.parts.iter().enumerate() {
                let others = field.parts.iter().enumerate().filter(|(l, _)| *l != k);
                let rest: f64 = others.map(|(_, p)| p.gain()).product();
                let mut own = part.zero_bar();
                own.add_gain(part, bar * field.multiplier * rest);
                part.pull_back(&terms[f], lattice, f, own, theta, theta_bar)?;
            }
        }
        Ok(())
    }

    /// Adds the derivatives by the precisions, with E\[x xᵀ\] of neighbours given the data:
    /// dℓ = −½ tr(E\[x xᵀ\] dQ) + ½ d log|Q|.
    pub(super) fn precision_vjp(
        &self,
        terms: &[FieldTerm],
        lattice: &SparseLattice,
        moments: &Stencil,
        theta: &[f64],
        theta_bar: &mut [f64],
    ) -> Result<()> {
        let mut bars: Vec<Vec<PartBar>> =
            self.all.iter().map(|f| f.parts.iter().map(Part::zero_bar).collect()).collect();
        let cells = moments.lattice();
        let mut at = Walk::new(cells.shape());
        cells.each_pair(|cell, step, _| {
            at.to(cell);
            let steps = &cells.steps()[step];
            // A block beside the diagonal stands for its transpose, too.
            let factor = if step == 0 { -0.5 } else { -1.0 };
            let block = moments.block(cell, step);
            for (field, bars) in self.all.iter().zip(&mut bars) {
                let (n, first) = (field.states.len(), field.states.start);
                for i in 0..n {
                    for j in 0..n {
                        let bar = factor * block[(first + i) * self.size + first + j];
                        field.add_bars(&at.point, steps, i, j, bar, bars);
                    }
                }
            }
        });
        for (f, (field, bars)) in self.all.iter().zip(bars).enumerate() {
            for (k, (part, mut bar)) in field.parts.iter().zip(bars).enumerate() {
                bar.add_log_det(0.5 * copies(field, k));
                part.pull_back(&terms[f], lattice, f, bar, theta, theta_bar)?;
            }
        }
        Ok(())
    }
}

/// How often part `k` stands in the product of all.
fn copies(field: &Field, k: usize) -> f64 {
    let others = field.parts.iter().enumerate().filter(|(l, _)| *l != k);
    others.map(|(_, p)| p.states() as f64).product()
}

/// What multiplies a term in each observed cell beside its coefficient.
fn weights(term: &FieldTerm, cells: &Cells) -> Option<Vec<f64>> {
    let mut all: Option<Vec<f64>> = term.cells.as_ref().map(|c| cells.of(c));
    for (axis, along) in term.axes.iter().zip(&cells.along) {
        let Some(weights) = axis.weights() else { continue };
        let all = all.get_or_insert_with(|| vec![1.0; cells.len()]);
        all.iter_mut().zip(along).for_each(|(w, &i)| *w *= weights[i as usize]);
    }
    all
}

impl Field {
    /// The entry (i, j) of the block of the product of the parts, without part `but`.
    fn product(
        &self,
        point: &[usize],
        steps: &[isize],
        mut i: usize,
        mut j: usize,
        but: Option<usize>,
    ) -> f64 {
        let mut product = 1.0;
        for (k, part) in self.parts.iter().enumerate().rev() {
            let m = part.size();
            if but != Some(k) {
                product *= part.entry(point, steps, i % m, j % m);
            }
            (i, j) = (i / m, j / m);
        }
        product
    }

    /// Adds what the derivative of an entry of the product is for each part.
    fn add_bars(
        &self,
        point: &[usize],
        steps: &[isize],
        i: usize,
        j: usize,
        bar: f64,
        bars: &mut [PartBar],
    ) {
        let (mut row, mut column) = (i, j);
        for (k, (part, own)) in self.parts.iter().zip(bars).enumerate().rev() {
            let m = part.size();
            let rest = bar * self.product(point, steps, i, j, Some(k));
            own.add_entry(part, point, steps, row % m, column % m, rest);
            (row, column) = (row / m, column / m);
        }
    }
}

/// The point of each axis of cells that come in order.
struct Walk<'s> {
    shape: &'s [usize],
    point: Vec<usize>,
    cell: usize,
}

impl<'s> Walk<'s> {
    fn new(shape: &'s [usize]) -> Self {
        Self { point: vec![0; shape.len()], shape, cell: 0 }
    }

    fn to(&mut self, cell: usize) {
        while self.cell < cell {
            self.cell += 1;
            for (p, &n) in self.point.iter_mut().zip(self.shape).rev() {
                *p += 1;
                if *p < n {
                    break;
                }
                *p = 0;
            }
        }
    }
}
