//! Neighbouring axes taken as one, of the places that are observed at all.
//!
//! A land mask is the same at all times: longitude and latitude together are one axis of the places at
//! sea, whose matrix is what K ⊗ K has there. The grid of places and times is complete, and so exact
//! as it is.

use std::ops::Range;

use faer::Mat;
use gridgp_dense::{Facts, Spectral};
use gridgp_grid::{Error, Result};

use super::axis::AxisFactor;
use super::dense::Cells;

/// An axis of the compressed grid.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// An axis of the grid.
    Axis(usize),
    /// Some points of an axis, or of several taken together.
    Places(Places),
}

/// Points of the product of some axes.
#[derive(Debug, Clone)]
pub(super) struct Places {
    axes: Range<usize>,
    /// For each axis, where each place lies on it.
    along: Vec<Vec<u32>>,
    /// The factor, where nothing in it is free.
    fixed: Option<Spectral>,
}

/// Which cells of a grid a compressed one has, and its axes.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) parts: Vec<Part>,
    pub(super) shape: Vec<usize>,
    /// For each cell its number in the grid; `None` where that is its own.
    pub(super) cells: Option<Vec<usize>>,
    /// The cells that are missing in it.
    pub(super) missing: Vec<usize>,
}

/// How neighbouring axes are taken together, and what then remains of the grid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grouping {
    pub(super) axes: Vec<Range<usize>>,
    /// Number of places along each.
    pub(super) shape: Vec<usize>,
}

impl Grouping {
    /// Every way of taking neighbouring axes together, for these missing cells; first the one that
    /// takes none.
    pub(super) fn all(shape: &[usize], missing: &[bool]) -> Vec<Self> {
        let cuts = shape.len() - 1;
        let with = |mask: u32| {
            let mut axes = Vec::new();
            let mut start = 0;
            for a in 0..shape.len() {
                if a == cuts || mask & (1 << a) == 0 {
                    axes.push(start..a + 1);
                    start = a + 1;
                }
            }
            let seen = axes.iter().map(|g| seen(shape, g, missing).iter().filter(|s| **s).count());
            let sizes = seen.collect();
            Self { axes, shape: sizes }
        };
        (0..1_u32 << cuts.min(6)).map(with).collect()
    }

    /// Number of cells, observed or not.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Whether each point of the product of `axes` is observed anywhere.
fn seen(shape: &[usize], axes: &Range<usize>, missing: &[bool]) -> Vec<bool> {
    let size: usize = shape[axes.clone()].iter().product();
    let right: usize = shape[axes.end..].iter().product();
    let mut seen = vec![false; size];
    for block in missing.chunks_exact(size * right) {
        for (seen, row) in seen.iter_mut().zip(block.chunks_exact(right)) {
            *seen = *seen || row.iter().any(|m| !m);
        }
    }
    seen
}

impl Layout {
    /// The grid as it is.
    pub(super) fn whole(shape: &[usize], missing: Vec<usize>) -> Self {
        let parts = (0..shape.len()).map(Part::Axis).collect();
        Self { parts, shape: shape.to_vec(), cells: None, missing }
    }

    /// The grid by a grouping.
    ///
    /// # Errors
    /// As [`AxisFactor::spectral`], where nothing is free.
    pub(super) fn new(
        grouping: &Grouping,
        shape: &[usize],
        missing: &[bool],
        factors: &[AxisFactor],
    ) -> Result<Self> {
        let mut cells = vec![0];
        let mut parts = Vec::new();
        for axes in &grouping.axes {
            let seen = seen(shape, axes, missing);
            let points: Vec<usize> = (0..seen.len()).filter(|&p| seen[p]).collect();
            let size = seen.len();
            cells = cells.iter().flat_map(|c| points.iter().map(move |p| c * size + p)).collect();
            parts.push(if axes.len() == 1 && points.len() == size {
                Part::Axis(axes.start)
            } else {
                Part::Places(Places::new(axes.clone(), shape, &points, factors)?)
            });
        }
        let gaps = (0..cells.len()).filter(|&i| missing[cells[i]]).collect();
        let cells = (cells.len() < missing.len()).then_some(cells);
        Ok(Self { parts, shape: grouping.shape.clone(), cells, missing: gaps })
    }

    /// What a tensor on the grid has in its cells.
    pub(super) fn compress(&self, grid: Vec<f64>) -> Vec<f64> {
        match &self.cells {
            None => grid,
            Some(cells) => cells.iter().map(|&c| grid[c]).collect(),
        }
    }

    /// The observed cells of the grid.
    pub(super) fn observed(&self, shape: &[usize]) -> Cells {
        let mut observed = vec![true; self.shape.iter().product()];
        self.missing.iter().for_each(|&i| observed[i] = false);
        let number = |i: usize| self.cells.as_ref().map_or(i, |cells| cells[i]);
        let numbers = (0..observed.len()).filter(|&i| observed[i]).map(number);
        Cells::new(shape, numbers.collect())
    }

    /// A tensor on the grid that is 0 elsewhere.
    pub(super) fn spread(&self, values: Vec<f64>, size: usize) -> Vec<f64> {
        let Some(cells) = &self.cells else { return values };
        let mut grid = vec![0.0; size];
        cells.iter().zip(values).for_each(|(&c, v)| grid[c] = v);
        grid
    }
}

impl Places {
    fn new(
        axes: Range<usize>,
        shape: &[usize],
        points: &[usize],
        factors: &[AxisFactor],
    ) -> Result<Self> {
        let along = |a: usize| {
            let stride: usize = shape[a + 1..axes.end].iter().product();
            points.iter().map(|p| (p / stride % shape[a]) as u32).collect()
        };
        let mut places =
            Self { along: axes.clone().map(along).collect(), axes: axes.clone(), fixed: None };
        if !factors[axes].iter().any(AxisFactor::is_free) {
            places.fixed = Some(places.factorize(factors, &[])?);
        }
        Ok(places)
    }

    fn size(&self) -> usize {
        self.along[0].len()
    }

    /// The axes, each with its factor and where the places lie.
    fn of<'a>(
        &'a self,
        factors: &'a [AxisFactor],
    ) -> impl Iterator<Item = (&'a AxisFactor, &'a [u32])> + Clone {
        factors[self.axes.clone()].iter().zip(self.along.iter().map(Vec::as_slice))
    }

    /// The matrix between the places, ∘ of what each axis has there.
    fn gram(&self, factors: &[AxisFactor], theta: &[f64], skip: Option<usize>) -> Mat<f64> {
        let n = self.size();
        let mut product = Mat::full(n, n, 1.0);
        for (a, (factor, at)) in self.of(factors).enumerate() {
            if skip == Some(a) || !factor.varies() {
                continue;
            }
            let gram = factor.gram(theta);
            for j in 0..n {
                let (to, from) = (product.col_as_slice_mut(j), gram.col_as_slice(at[j] as usize));
                to.iter_mut().zip(at).for_each(|(p, &i)| *p *= from[i as usize]);
            }
        }
        product
    }

    fn factorize(&self, factors: &[AxisFactor], theta: &[f64]) -> Result<Spectral> {
        let facts = Facts { centrosymmetric: false, smooth: true };
        let names: Vec<&str> = self.of(factors).map(|(f, _)| f.name()).collect();
        let gram = self.gram(factors, theta, None);
        let spectral = if self.of(factors).any(|(f, _)| f.has_kernel()) {
            Spectral::new(gram.as_ref(), facts)
        } else {
            // 11ᵀ, or wwᵀ: a column of the matrix over the root of its diagonal.
            let n = self.size();
            let j = (0..n).max_by(|&a, &b| gram[(a, a)].total_cmp(&gram[(b, b)])).unwrap_or(0);
            let root = gram[(j, j)].sqrt();
            Spectral::from_features(Mat::from_fn(n, 1, |i, _| gram[(i, j)] / root).as_ref())
        };
        spectral.map_err(|e| Error::Singular(format!("axes {}: {e}", names.join(", "))))
    }

    /// The matrices of the axes' points to the places' from points at which the axes have `cross`.
    pub(super) fn cross(&self, cross: &[Mat<f64>]) -> Mat<f64> {
        let cross = &cross[self.axes.clone()];
        let (rows, n) = (cross.iter().map(Mat::nrows).product(), self.size());
        let mut all = Mat::zeros(rows, n);
        for j in 0..n {
            let mut column = vec![1.0];
            for (k, at) in cross.iter().zip(&self.along) {
                let k = k.col_as_slice(at[j] as usize);
                column = column.iter().flat_map(|c| k.iter().map(move |k| c * k)).collect();
            }
            all.col_as_slice_mut(j).copy_from_slice(&column);
        }
        all
    }

    /// The same for scattered points, of which the matrices have a row each.
    pub(super) fn cross_at_points(&self, cross: &[Mat<f64>]) -> Mat<f64> {
        let cross = &cross[self.axes.clone()];
        let mut all = Mat::full(cross[0].nrows(), self.size(), 1.0);
        for (k, at) in cross.iter().zip(&self.along) {
            for (j, &at) in at.iter().enumerate() {
                let k = k.col_as_slice(at as usize);
                all.col_as_slice_mut(j).iter_mut().zip(k).for_each(|(a, k)| *a *= k);
            }
        }
        all
    }
}

impl Part {
    /// Whether a parameter enters.
    pub(super) fn is_free(&self, factors: &[AxisFactor]) -> bool {
        match self {
            Self::Axis(a) => factors[*a].is_free(),
            Self::Places(p) => factors[p.axes.clone()].iter().any(AxisFactor::is_free),
        }
    }

    /// Q Λ Qᵀ.
    ///
    /// # Errors
    /// As [`AxisFactor::spectral`].
    pub(super) fn spectral(&self, factors: &[AxisFactor], theta: &[f64]) -> Result<Spectral> {
        match self {
            Self::Axis(a) => factors[*a].spectral(theta),
            Self::Places(p) => p.fixed.clone().map_or_else(|| p.factorize(factors, theta), Ok),
        }
    }

    /// The matrix itself.
    pub(super) fn gram(&self, factors: &[AxisFactor], theta: &[f64]) -> Mat<f64> {
        match self {
            Self::Axis(a) => factors[*a].gram(theta),
            Self::Places(p) => p.gram(factors, theta, None),
        }
    }

    /// Adds ⟨K̄, ∂K/∂θ⟩ to `theta_bar`, for a symmetric K̄.
    pub(super) fn vjp(
        &self,
        factors: &[AxisFactor],
        theta: &[f64],
        gram_bar: Mat<f64>,
        theta_bar: &mut [f64],
    ) {
        let places = match self {
            Self::Axis(a) => return factors[*a].vjp(theta, gram_bar, theta_bar),
            Self::Places(p) => p,
        };
        for (a, (factor, at)) in places.of(factors).enumerate() {
            if !factor.is_free() {
                continue;
            }
            let others = places.gram(factors, theta, Some(a));
            let mut bar = Mat::<f64>::zeros(factor.size(), factor.size());
            for j in 0..places.size() {
                let column = bar.col_as_slice_mut(at[j] as usize);
                let pairs = gram_bar.col_as_slice(j).iter().zip(others.col_as_slice(j));
                pairs.zip(at).for_each(|((b, o), &i)| column[i as usize] += b * o);
            }
            factor.vjp(theta, bar, theta_bar);
        }
    }
}
