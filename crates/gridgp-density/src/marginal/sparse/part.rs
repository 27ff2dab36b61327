//! What the precision of a field is a product of: processes along axes, and a plane.

use gridgp_grid::Result;
use gridgp_kernel::{Block, BlockBar};
use gridgp_sparse::{Chain, ChainBar, Plane};

use super::super::field_term::FieldTerm;
use super::{SparseLattice, singular};

#[derive(Debug, Clone)]
pub(super) enum Part {
    /// A process along an axis.
    Chain { axis: usize, block: Block, chain: Chain },
    /// A field over two axes.
    Plane { axes: [usize; 2], plane: Plane },
}

/// Derivatives with respect to what a part is made of.
#[derive(Debug, Clone)]
pub(super) enum PartBar {
    Chain { chain: ChainBar, gain: f64 },
    Plane { squares: [f64; 2], log_det: f64, variance: f64 },
}

impl Part {
    /// What makes its variance 1, for a plane on average over the data's points.
    pub(super) fn gain(&self) -> f64 {
        match self {
            Self::Chain { block, .. } => block.gain,
            Self::Plane { plane, .. } => plane.variance.sqrt().recip(),
        }
    }

    pub(super) fn log_det(&self) -> f64 {
        match self {
            Self::Chain { chain, .. } => chain.log_det,
            Self::Plane { plane, .. } => plane.log_det,
        }
    }

    /// How many times ε its entries are off by.
    pub(super) fn growth(&self) -> f64 {
        match self {
            Self::Chain { chain, .. } => chain.growth,
            Self::Plane { .. } => 1.0,
        }
    }

    /// States at a point.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Chain { chain, .. } => chain.size,
            Self::Plane { .. } => 1,
        }
    }

    /// States at all of its points.
    pub(super) fn states(&self) -> usize {
        match self {
            Self::Chain { chain, .. } => chain.diagonal.len() / chain.size,
            Self::Plane { plane, .. } => plane.len(),
        }
    }

    /// Entry (i, j) of the block of a point of the grid and the one some steps away.
    pub(super) fn entry(&self, point: &[usize], steps: &[isize], i: usize, j: usize) -> f64 {
        match self {
            Self::Chain { axis, chain, .. } => match place(chain, point[*axis], steps[*axis], i, j)
            {
                Place::Diagonal(at) => chain.diagonal[at],
                Place::Across(at) => chain.across[at],
                Place::Beyond => 0.0,
            },
            Self::Plane { axes, plane } => {
                plane.entry(axes.map(|a| point[a]), axes.map(|a| steps[a]))
            }
        }
    }

    pub(super) fn zero_bar(&self) -> PartBar {
        match self {
            Self::Chain { chain, .. } => PartBar::Chain { chain: chain.zero_bar(), gain: 0.0 },
            Self::Plane { .. } => PartBar::Plane { squares: [0.0; 2], log_det: 0.0, variance: 0.0 },
        }
    }

    /// Adds the derivatives with respect to θ; the part is one of term `f`.
    pub(super) fn pull_back(
        &self,
        term: &FieldTerm,
        lattice: &SparseLattice,
        f: usize,
        bar: PartBar,
        theta: &[f64],
        theta_bar: &mut [f64],
    ) -> Result<()> {
        match (self, bar) {
            (Self::Chain { axis, block, .. }, PartBar::Chain { chain, gain }) => {
                let factor = &term.axes[*axis];
                let Some(k) = factor.kernel() else { return Ok(()) };
                let along = &lattice.axes[*axis];
                let by_entries = Chain::vjp(block, &along.times, &chain)
                    .map_err(|e| singular(factor.name(), e))?;
                let own = BlockBar { gain: by_entries.gain + gain, ..by_entries };
                let numbers = k.numbers(theta);
                let mut all = vec![0.0; numbers.len()];
                let form = along.forms[f].as_ref().expect("the part is along it");
                form.blocks_vjp(&numbers, std::slice::from_ref(block), &[own], &mut all);
                k.values.iter().zip(all).for_each(|(v, b)| v.pull_back(b, theta_bar));
            }
            (Self::Plane { plane, .. }, PartBar::Plane { squares, log_det, variance }) => {
                let known = term.plane.as_ref().expect("it has one");
                let bars = plane.vjp(squares, log_det, variance);
                let lengthscales = known.kernel.lengthscales.iter().zip(bars);
                lengthscales.for_each(|(l, b)| l.pull_back(b, theta_bar));
            }
            _ => unreachable!("a part has derivatives of its kind"),
        }
        Ok(())
    }
}

impl PartBar {
    /// Adds the derivative with respect to the gain.
    pub(super) fn add_gain(&mut self, part: &Part, bar: f64) {
        match self {
            Self::Chain { gain, .. } => *gain += bar,
            Self::Plane { variance, .. } => *variance -= 0.5 * bar * part.gain().powi(3),
        }
    }

    /// Adds the derivative with respect to the log determinant.
    pub(super) fn add_log_det(&mut self, bar: f64) {
        match self {
            Self::Chain { chain, .. } => chain.log_det += bar,
            Self::Plane { log_det, .. } => *log_det += bar,
        }
    }

    /// Adds the derivative with respect to an [entry](Part::entry).
    pub(super) fn add_entry(
        &mut self,
        part: &Part,
        point: &[usize],
        steps: &[isize],
        i: usize,
        j: usize,
        bar: f64,
    ) {
        match (self, part) {
            (Self::Chain { chain: own, .. }, Part::Chain { axis, chain, .. }) => {
                match place(chain, point[*axis], steps[*axis], i, j) {
                    Place::Diagonal(at) => own.diagonal[at] += bar,
                    Place::Across(at) => own.across[at] += bar,
                    Place::Beyond => {}
                }
            }
            (Self::Plane { squares, .. }, Part::Plane { axes, plane }) => {
                let (point, steps) = (axes.map(|a| point[a]), axes.map(|a| steps[a]));
                plane.add_entry_bar(point, steps, bar, squares);
            }
            _ => unreachable!("a part has derivatives of its kind"),
        }
    }
}

/// Where an entry of a chain is.
enum Place {
    Diagonal(usize),
    Across(usize),
    /// It is 0.
    Beyond,
}

/// Entry (i, j) of the block of a step from a point.
fn place(chain: &Chain, point: usize, step: isize, i: usize, j: usize) -> Place {
    let m = chain.size;
    match step {
        0 => Place::Diagonal((point * m + i) * m + j),
        1 => Place::Across((point * m + i) * m + j),
        -1 => Place::Across(((point - 1) * m + j) * m + i),
        _ => Place::Beyond,
    }
}
