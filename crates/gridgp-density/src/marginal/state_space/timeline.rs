//! Which axis is time, and what each term of the location is along it.

use gridgp_kernel::{Covariance, Kernel, StateSpace};

use super::super::axis::AxisFactor;
use super::super::field_term::FieldTerm;

/// Cosines that a periodic kernel is counted as where its lengthscale is not yet known.
const COSINES: usize = 10;

/// A long axis on which every term is a Markov process.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Timeline {
    /// Which axis it is.
    pub(in super::super) axis: usize,
    /// Which coordinate of its points is time.
    pub(in super::super) column: usize,
    /// The points of the axis in the order of time.
    pub(in super::super) order: Vec<usize>,
    /// Their times.
    pub(in super::super) times: Vec<f64>,
    /// What each term is along it.
    pub(in super::super) forms: Vec<StateSpace>,
    /// Axes along whose joint eigenvectors there is a filter each: what is missing is the same at each of
    /// their points. None: one filter.
    pub(in super::super) turned: Vec<usize>,
}

impl Timeline {
    /// Every axis and way that takes these terms.
    ///
    /// `observed` has a value for each cell of the grid of `shape`.
    pub(in super::super) fn all(
        terms: &[FieldTerm],
        shape: &[usize],
        observed: impl Fn(usize) -> bool,
        has_one_noise: bool,
    ) -> Vec<Self> {
        if terms.iter().any(|t| t.plane.is_some()) {
            return Vec::new();
        }
        let all_terms: Vec<&FieldTerm> = terms.iter().collect();
        let along = |axis: usize| Self::along(&all_terms, axis).ok();
        let mut all: Vec<Self> = (0..shape.len()).filter_map(along).collect();
        if let ([term], true) = (terms, has_one_noise)
            && term.cells.is_none()
        {
            let same: Vec<usize> = (0..shape.len())
                .filter(|&a| shape[a] > 1 && is_same_along(shape, a, &observed))
                .collect();
            for timeline in &mut all {
                timeline.turned = same.iter().copied().filter(|a| *a != timeline.axis).collect();
            }
        }
        all.retain(|t| terms.iter().all(|term| t.inner(&term.axes).all(|(_, a)| a.has_root())));
        all
    }

    /// The terms along one axis.
    ///
    /// # Errors
    /// What is no Markov process there, in words that go on after "…: ".
    pub(in super::super) fn along(terms: &[&FieldTerm], axis: usize) -> Result<Self, String> {
        let mut column = None;
        let mut forms = Vec::with_capacity(terms.len());
        for term in terms {
            let form = form(&term.axes[axis])?;
            match (column, form.column()) {
                (Some(a), Some(b)) if a != b => {
                    return Err(format!(
                        "the fields see different coordinates of the axis {:?}",
                        term.axes[axis].name()
                    ));
                }
                (known, own) => column = known.or(own),
            }
            forms.push(form);
        }
        let name = terms[0].axes[axis].name();
        let column = column.ok_or_else(|| format!("no field varies along {name:?}"))?;
        let points = terms.iter().find_map(|t| t.axes[axis].kernel()).expect("one varies");
        let along: Vec<f64> = points.points.column(column).collect();
        let mut order: Vec<usize> = (0..along.len()).collect();
        order.sort_by(|&a, &b| along[a].total_cmp(&along[b]));
        let times = order.iter().map(|&i| along[i]).collect();
        Ok(Self { axis, column, order, times, forms, turned: Vec::new() })
    }

    /// The number of times.
    pub(in super::super) fn len(&self) -> usize {
        self.times.len()
    }

    /// What each filter runs over beside time: the axes that are neither time nor turned, with their
    /// numbers; `axes` has one of something for each axis.
    pub(in super::super) fn inner<'a, T>(
        &'a self,
        axes: &'a [T],
    ) -> impl Iterator<Item = (usize, &'a T)> {
        axes.iter().enumerate().filter(|(a, _)| *a != self.axis && !self.turned.contains(a))
    }

    /// Those that are turned.
    pub(in super::super) fn turned<'a, T>(&'a self, axes: &'a [T]) -> impl Iterator<Item = &'a T> {
        self.turned.iter().map(|&a| &axes[a])
    }

    /// For each term the number of functions of the inner axes, and the sizes of its blocks along time.
    pub(in super::super) fn sizes(&self, terms: &[FieldTerm]) -> Vec<(usize, Vec<usize>)> {
        let one = |(term, form): (&FieldTerm, &StateSpace)| {
            let rank = |a: &AxisFactor| if a.has_kernel() { a.rank_bound() } else { 1 };
            let ranks = self.inner(&term.axes).map(|(_, a)| rank(a)).product();
            (ranks, form.block_sizes(COSINES))
        };
        terms.iter().zip(&self.forms).map(one).collect()
    }

    /// Whether a number of cosines stands for a periodic kernel.
    pub(in super::super) fn has_cosines(&self) -> bool {
        self.forms.iter().any(StateSpace::has_cosines)
    }
}

fn form(axis: &AxisFactor) -> Result<StateSpace, String> {
    let Some(k) = axis.kernel() else { return Ok(StateSpace::constant()) };
    if k.center {
        return Err(format!("the mean along {:?} is taken out", axis.name()));
    }
    k.kernel.state_space().ok_or_else(|| {
        let text = &k.text;
        format!(
            "{text} along {:?} is no sum or product of Markov processes of one coordinate",
            axis.name()
        )
    })
}

/// Whether the same cells are observed at each point of an axis.
fn is_same_along(shape: &[usize], axis: usize, observed: &impl Fn(usize) -> bool) -> bool {
    let cells: usize = shape.iter().product();
    let stride: usize = shape[axis + 1..].iter().product();
    // Beside the cell at the first point of the axis.
    (0..cells).all(|c| observed(c) == observed(c - c / stride % shape[axis] * stride))
}

/// Whether the Gram matrix of distinct points has a Cholesky factor whatever θ is, as rounding goes:
/// something in it is rough.
pub(in super::super) fn is_rough(kernel: &Kernel) -> bool {
    match kernel {
        Kernel::Matern12(_) | Kernel::Matern32(_) | Kernel::Matern52(_) | Kernel::White(_) => true,
        Kernel::Sum(sum) => sum.terms().iter().any(is_rough),
        Kernel::Product(product) => product.factors().iter().any(is_rough),
        Kernel::Scaled(scaled) => is_rough(scaled.kernel()),
        _ => false,
    }
}
