//! The grid in the order of its coordinates, and which models it takes.

use std::sync::Arc;

use gridgp_kernel::{Covariance, StateSpace};
use gridgp_sparse::{Cost, Dissection, Lattice};

use super::super::dense::Cells;
use super::super::field_term::FieldTerm;
use super::super::state_space::Timeline;

/// The grid with each axis in rising order.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct SparseLattice {
    /// Each axis with its points in order, and what each term is along it.
    pub(super) axes: Vec<Along>,
    /// States of each term.
    pub(super) sizes: Vec<usize>,
}

/// An axis of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Along {
    /// Which coordinate of its points the fields see; `None` for none.
    pub(super) column: Option<usize>,
    /// The points in the order of that coordinate.
    order: Vec<usize>,
    /// Their coordinates.
    pub(super) times: Vec<f64>,
    /// What each term is along it.
    pub(super) forms: Vec<StateSpace>,
}

impl Along {
    fn new(terms: &[FieldTerm], a: usize) -> Result<Self, String> {
        let name = terms[0].axes[a].name();
        if terms[0].axes[a].size() == 1 {
            return Self::single(terms, a);
        }
        let Timeline { column, order, times, forms, .. } = Timeline::along(terms, a)?;
        if times.windows(2).any(|w| w[0] >= w[1]) {
            return Err(format!("the axis {name:?} has points with the same coordinate"));
        }
        for (term, form) in terms.iter().zip(&forms) {
            match term.axes[a].kernel() {
                _ if form.has_precision() => {}
                None => {
                    return Err(format!("the field {:?} is constant along {name:?}", term.name));
                }
                Some(k) => {
                    let text = &k.text;
                    return Err(format!(
                        "{text} along {name:?} is not one process that each step adds noise to"
                    ));
                }
            }
        }
        Ok(Self { column: Some(column), order, times, forms })
    }

    /// An axis of one point.
    fn single(terms: &[FieldTerm], a: usize) -> Result<Self, String> {
        let (mut column, mut time, mut forms) = (None, 0.0, Vec::new());
        for term in terms {
            let axis = &term.axes[a];
            let form = match axis.kernel() {
                None => StateSpace::constant(),
                Some(k) => k
                    .kernel
                    .state_space()
                    .filter(|form| !k.center && form.is_one_block())
                    .ok_or_else(|| {
                    format!("{} along {:?} is not one process", k.text, axis.name())
                })?,
            };
            if let (Some(c), Some(k)) = (form.column(), axis.kernel()) {
                if column.is_some_and(|known| known != c) {
                    let name = axis.name();
                    return Err(format!("the fields see different coordinates of {name:?}"));
                }
                column = Some(c);
                time = k.points.column(c).next().expect("an axis has a point");
            }
            forms.push(form);
        }
        Ok(Self { column, order: vec![0], times: vec![time], forms })
    }

    pub(super) fn len(&self) -> usize {
        self.times.len()
    }
}

impl SparseLattice {
    /// That of terms which have one process with a precision along every axis.
    ///
    /// # Errors
    /// Which of them has none, in words that go on after "…: ".
    pub(in super::super) fn new(terms: &[FieldTerm]) -> Result<Self, String> {
        let count = terms.first().map_or(0, |t| t.axes.len());
        let axes = (0..count).map(|a| Along::new(terms, a)).collect::<Result<Vec<_>, _>>()?;
        let states = |f: usize| {
            let along = axes.iter().map(|a| a.forms[f].block_sizes(1).iter().sum::<usize>());
            along.product()
        };
        let sizes = (0..terms.len()).map(states).collect();
        Ok(Self { axes, sizes })
    }

    /// Points of each axis.
    pub(in super::super) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(Along::len).collect()
    }

    /// States of a cell.
    pub(in super::super) fn states(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// Whether each field has one state, as Matérn ½ has: of smoother ones on dense points few digits are
    /// left.
    pub(in super::super) fn is_rough(&self) -> bool {
        self.sizes.iter().all(|&n| n == 1)
    }

    /// What a factor takes.
    pub(in super::super) fn cost(&self) -> Cost {
        Dissection::cost(&self.shape(), self.states())
    }

    /// The order of elimination.
    pub(super) fn dissection(&self) -> Arc<Dissection> {
        Arc::new(Dissection::new(Arc::new(Lattice::new(&self.shape())), self.states()))
    }

    /// The cell of the lattice of each observed cell.
    pub(super) fn places(&self, cells: &Cells) -> Vec<usize> {
        let mut places = vec![0; cells.len()];
        for (axis, along) in self.axes.iter().zip(&cells.along) {
            let mut rank = vec![0; axis.len()];
            axis.order.iter().enumerate().for_each(|(k, &point)| rank[point] = k);
            let along = places.iter_mut().zip(along);
            along.for_each(|(p, &point)| *p = *p * axis.len() + rank[point as usize]);
        }
        places
    }
}
