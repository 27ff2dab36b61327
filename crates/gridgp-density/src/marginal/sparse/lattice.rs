//! The grid in the order of its coordinates, and which models it takes.

use std::sync::Arc;

use gridgp_kernel::{Covariance, StateSpace};
use gridgp_sparse::{Cost, Dissection, Lattice, MARGIN, Plane, Side};

use super::super::dense::Cells;
use super::super::field_term::FieldTerm;
use super::super::state_space::Timeline;

/// How much more a field may vary, as a ratio of standard deviations, without a word.
const NEAR_BORDER: f64 = 1.1;

/// The grid with each axis in rising order.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct SparseLattice {
    /// Each axis with its points in order, and what each term is along it.
    pub(super) axes: Vec<Along>,
    /// The plane of each term that has one.
    pub(super) planes: Vec<Option<Sides>>,
    /// States of each term.
    pub(super) sizes: Vec<usize>,
}

/// Which axes a plane is over, and those with their margins.
pub(super) type Sides = ([usize; 2], Arc<[Side; 2]>);

/// An axis of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Along {
    /// Which coordinate of its points the fields see; `None` for none.
    pub(super) column: Option<usize>,
    /// The points in the order of that coordinate.
    order: Vec<usize>,
    /// Their coordinates, between those of the margins.
    pub(super) times: Vec<f64>,
    /// Points of each margin.
    margin: usize,
    /// What each term is along it; `None` where the axis is one of the term's plane.
    pub(super) forms: Vec<Option<StateSpace>>,
}

impl Along {
    fn new(terms: &[FieldTerm], a: usize, side: Option<&Side>) -> Result<Self, String> {
        let name = terms[0].axes[a].name();
        if terms[0].axes[a].size() == 1 {
            return Self::single(terms, a);
        }
        let is_alone = |t: &&FieldTerm| !is_of_plane(t, a);
        let alone: Vec<&FieldTerm> = terms.iter().filter(is_alone).collect();
        let mut along = match terms.iter().find(|t| is_of_plane(t, a)) {
            Some(term) if alone.is_empty() => Self::of_plane(term, a),
            _ => {
                let Timeline { column, order, times, forms, .. } = Timeline::along(&alone, a)?;
                let forms = forms.into_iter().map(Some).collect();
                Self { column: Some(column), order, times, margin: 0, forms }
            }
        };
        if along.times.windows(2).any(|w| w[0] >= w[1]) {
            return Err(format!("the axis {name:?} has points with the same coordinate"));
        }
        for (term, form) in alone.iter().zip(along.forms.iter().flatten()) {
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
        let mut forms = std::mem::take(&mut along.forms).into_iter();
        let of = |t: &FieldTerm| if is_of_plane(t, a) { None } else { forms.next().flatten() };
        along.forms = terms.iter().map(of).collect();
        if let Some(side) = side {
            (along.times, along.margin) = (side.points.clone(), MARGIN);
        }
        Ok(along)
    }

    /// An axis along which every term is on a plane.
    fn of_plane(term: &FieldTerm, a: usize) -> Self {
        let plane = term.plane.as_ref().expect("it has one");
        let along = &plane.points[usize::from(plane.kernel.axes[1] == a)];
        let mut order: Vec<usize> = (0..along.len()).collect();
        order.sort_by(|&i, &j| along[i].total_cmp(&along[j]));
        let times = order.iter().map(|&i| along[i]).collect();
        Self { column: Some(0), order, times, margin: 0, forms: Vec::new() }
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
            forms.push(Some(form));
        }
        Ok(Self { column, order: vec![0], times: vec![time], margin: 0, forms })
    }

    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// Where each point of the data is among those of the lattice.
    fn ranks(&self) -> Vec<usize> {
        let mut rank = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(k, &point)| rank[point] = self.margin + k);
        rank
    }
}

impl SparseLattice {
    /// That of terms which have one process with a precision along every axis.
    ///
    /// # Errors
    /// Which of them has none, in words that go on after "…: ".
    pub(in super::super) fn new(terms: &[FieldTerm]) -> Result<Self, String> {
        let count = terms.first().map_or(0, |t| t.axes.len());
        let planes = planes(terms)?;
        let side = |a: usize| {
            planes
                .iter()
                .flatten()
                .find_map(|(axes, sides)| axes.iter().position(|b| *b == a).map(|k| &sides[k]))
        };
        let axes =
            (0..count).map(|a| Along::new(terms, a, side(a))).collect::<Result<Vec<_>, _>>()?;
        let states = |f: usize| {
            let along = axes.iter().filter_map(|a| a.forms[f].as_ref());
            along.map(|form| form.block_sizes(1).iter().sum::<usize>()).product()
        };
        let sizes = (0..terms.len()).map(states).collect();
        Ok(Self { axes, planes, sizes })
    }

    /// Fields over two axes that their border shapes: they vary more at a corner of the data, or as a whole.
    pub(in super::super) fn near_borders(&self, terms: &[FieldTerm], theta: &[f64]) -> Vec<String> {
        let one = |(term, plane): (&FieldTerm, &Option<Sides>)| {
            let lengthscales = term.plane.as_ref()?.lengthscales(theta);
            let made = Plane::new(plane.as_ref()?.1.clone(), lengthscales);
            let (corner, reflected) = (made.corner().sqrt(), made.reflected().sqrt());
            let named = |k: usize| {
                let axes = plane.as_ref().map(|(axes, _)| axes[k]).unwrap_or_default();
                format!("{:.3} along {:?}", lengthscales[k], term.axes[axes].name())
            };
            (corner.max(reflected) > NEAR_BORDER).then(|| {
                format!(
                    "the border of its plane reflects the field {:?}, whose lengthscales are {} and {}: at a \
                     corner of the data its standard deviation is {corner:.2} times the mean one, and that \
                     is {reflected:.2} times what it would be without a border; predictions take that into \
                     account, the lengthscale means less than elsewhere",
                    term.name,
                    named(0),
                    named(1),
                )
            })
        };
        terms.iter().zip(&self.planes).filter_map(one).collect()
    }

    /// Points of each axis, with its margins.
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

    /// The cells and which of them are neighbours.
    pub(in super::super) fn lattice(&self) -> Lattice {
        let planes: Vec<[usize; 2]> = self.planes.iter().flatten().map(|(axes, _)| *axes).collect();
        Lattice::with_planes(&self.shape(), &planes)
    }

    /// What a factor takes.
    pub(in super::super) fn cost(&self) -> Cost {
        Dissection::cost(&self.lattice(), self.states())
    }

    /// The order of elimination.
    pub(super) fn dissection(&self) -> Arc<Dissection> {
        Arc::new(Dissection::new(Arc::new(self.lattice()), self.states()))
    }

    /// The cells of the lattice at which term `f` has values that determine it: the points of the data, in
    /// their order, and along the axes of its plane all points, in order.
    pub(super) fn whole(&self, f: usize) -> Vec<usize> {
        let plane = self.planes[f].as_ref().map(|(axes, _)| *axes);
        self.axes.iter().enumerate().fold(vec![0], |cells, (a, axis)| {
            let points: Vec<usize> = if plane.is_some_and(|p| p.contains(&a)) {
                (0..axis.len()).collect()
            } else {
                axis.ranks()
            };
            let along =
                |c: usize| points.iter().map(move |p| c * axis.len() + p).collect::<Vec<_>>();
            cells.into_iter().flat_map(along).collect()
        })
    }

    /// The cell of the lattice of each observed cell.
    pub(super) fn places(&self, cells: &Cells) -> Vec<usize> {
        let mut places = vec![0; cells.len()];
        for (axis, along) in self.axes.iter().zip(&cells.along) {
            let rank = axis.ranks();
            let along = places.iter_mut().zip(along);
            along.for_each(|(p, &point)| *p = *p * axis.len() + rank[point as usize]);
        }
        places
    }
}

fn is_of_plane(term: &FieldTerm, a: usize) -> bool {
    term.plane.as_ref().is_some_and(|p| p.kernel.axes.contains(&a))
}

/// The planes of all terms; those on the same axes share their sides.
fn planes(terms: &[FieldTerm]) -> Result<Vec<Option<Sides>>, String> {
    let mut known: Vec<Sides> = Vec::new();
    let mut all = Vec::with_capacity(terms.len());
    for term in terms {
        let Some(plane) = &term.plane else {
            all.push(None);
            continue;
        };
        let axes = plane.kernel.axes;
        if let Some(found) = known.iter().find(|(a, _)| *a == axes) {
            all.push(Some(found.clone()));
            continue;
        }
        let side = |k: usize| {
            let name = term.axes[axes[k]].name();
            Side::new(&plane.points[k]).map_err(|e| format!("axis {name:?}: {e}"))
        };
        let made = (axes, Arc::new([side(0)?, side(1)?]));
        known.push(made.clone());
        all.push(Some(made));
    }
    Ok(all)
}
