//! What prediction needs of the marginal: the conditioned covariance, and the model elsewhere.

use std::ops::Range;

use faer::{Mat, MatMut, MatRef};
use gridgp_dense::{KroneckerIdentity, Spectral};
use gridgp_grid::{Covariate, Error, Grid, Points, Result};
use gridgp_model::{Predictor, Term};
use rayon::prelude::*;

use super::super::gaps::{Full, GapFactor, Gaps};
use super::covariance::{dropped, truncation};
use super::dense::{Cells, DenseCovariance, add_cross};
use super::design::Design;
use super::field_term::FieldTerm;
use super::filling::FilledSolution;
use super::iterative::Iterative;
use super::kronecker::trace_and_dropped;
use super::places::{Layout, Part};
use super::sparse::{SparsePlace, SparseSolution};
use super::state_space::SeriesSolution;
use super::{COARSE, Marginal, Route, check_noise};

/// What [`Marginal::condition`] gives: the data's covariance A at one θ, and α = A⁻¹(y − m).
#[derive(Debug, Clone)]
pub struct Conditioned {
    /// α on the grid, 0 where a cell is missing.
    pub alpha: Vec<f64>,
    pub(super) solution: Solution,
}

#[derive(Debug, Clone)]
pub(super) enum Solution {
    Spectral(SpectralSolution),
    Dense(Cells, Box<DenseCovariance>),
    Iterative(Box<IterativeSolution>),
    Series(Box<SeriesSolution>),
    Sparse(Box<SparseSolution>),
}

#[derive(Debug, Clone)]
pub(super) struct IterativeSolution {
    terms: Vec<FieldTerm>,
    pub(super) cells: Cells,
    covariance: ByProducts,
}

/// A by its products.
#[derive(Debug, Clone)]
enum ByProducts {
    Observed(Iterative),
    Filled(FilledSolution),
}

impl IterativeSolution {
    /// A⁻¹x for p vectors of the observed cells, a row of p a cell.
    fn solve(&self, x: &[f64], p: usize) -> Result<Vec<f64>> {
        match &self.covariance {
            ByProducts::Observed(a) => Ok(a.solve(&self.terms, &self.cells, x, p)?.x),
            ByProducts::Filled(a) => a.solve(x, p),
        }
    }
}

/// A = s·⊗K + σ²I on a compressed grid, in the eigenbasis of each of its axes.
#[derive(Debug, Clone)]
pub struct SpectralSolution {
    /// A of the compressed grid.
    pub covariance: KroneckerIdentity,
    pub(super) gaps: Option<(Gaps, GapFactor)>,
    pub(super) layout: Layout,
    pub(super) size: usize,
}

/// A term c* f of a linear combination of fields, elsewhere: its covariance with the data is
/// `factor` · C* (⊗K*) C, its prior variance `prior` · c*² ⊗k**.
#[derive(Debug, Clone)]
pub struct Target {
    /// The position of the field's term in the location.
    term: usize,
    /// For each axis K*, M x n, times what multiplies the field there in the data; none where the model
    /// [has planes](Conditioned::has_planes).
    pub cross: Vec<Mat<f64>>,
    /// For each axis k**.
    pub variances: Vec<Vec<f64>>,
    /// The covariances' factor.
    pub factor: f64,
    /// The prior variances' factor.
    pub prior: f64,
    /// The coefficient of c*.
    pub coefficient: f64,
    /// The covariates of c*, one value a new cell; `None` for 1.
    pub cells: Option<Vec<f64>>,
    /// The amplitude of the field.
    pub(super) amplitude: f64,
    /// For each axis the new points.
    pub(super) points: Vec<Points>,
}

/// Right-hand sides that conjugate gradients take together.
pub(super) const BLOCK: usize = 16;
/// New cells whose covariances with the data are written out at a time.
const TILE: usize = 256;

/// Observed cells whose covariance is written out where filters would lose variances in rounding.
const FEW: usize = 5000;

/// How the rows of the K* of each axis make new cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// Every row with every row, the last axis fastest.
    Grid,
    /// Row i of each axis is point i.
    Points,
}

impl Marginal {
    /// The covariance of the data at `theta`, and α = A⁻¹(y − m).
    ///
    /// # Errors
    /// As [`Marginal::log_prob`].
    pub fn condition(&mut self, theta: &[f64]) -> Result<Conditioned> {
        self.update_residual(theta);
        let residual = self.residual.clone();
        let Self { terms, noise, route, .. } = self;
        let mut known = None;
        let solution = match route {
            Route::Dense(cells) => {
                let sigma = noise.at(theta, cells.len());
                check_noise(&sigma)?;
                let covariance = DenseCovariance::new(terms, cells, theta, &sigma)?;
                Solution::Dense(cells.clone(), Box::new(covariance))
            }
            Route::Iterative(cells, settings) => {
                let sigma = noise.at(theta, cells.len());
                check_noise(&sigma)?;
                let covariance = Iterative::new(terms, cells, theta, &sigma, *settings)?;
                let covariance = ByProducts::Observed(covariance);
                let (terms, cells) = (terms.clone(), cells.clone());
                Solution::Iterative(Box::new(IterativeSolution { terms, cells, covariance }))
            }
            Route::Sparse(route) => {
                let sigma = noise.at(theta, route.cells.len());
                check_noise(&sigma)?;
                let mut sparse = Box::new(route.solution(terms, theta, &sigma)?);
                known = Some(sparse.settle(&residual));
                Solution::Sparse(sparse)
            }
            Route::Series(route) => {
                let sigma = noise.at(theta, route.cells.len());
                check_noise(&sigma)?;
                let series = route.solution(terms, theta, &sigma)?;
                let cells = &route.cells;
                if !series.has_variances() && cells.len() <= FEW {
                    let covariance = DenseCovariance::new(terms, cells, theta, &sigma)?;
                    Solution::Dense(cells.clone(), Box::new(covariance))
                } else {
                    Solution::Series(Box::new(series))
                }
            }
            Route::Spectral(route) => {
                let (scale, noise) = (terms[0].scale(theta), noise.at(theta, 1)[0].powi(2));
                let size = residual.len();
                if let (Some(gaps), Some(_)) = (&route.gaps, route.probes) {
                    let factors = route.factors(&terms[0].axes, theta)?;
                    let covariance = KroneckerIdentity::new(factors, scale, noise)
                        .map_err(|e| Error::Singular(e.to_string()))?;
                    let filled = FilledSolution::new(covariance, gaps, &route.layout);
                    let cells = route.layout.observed(&self.shape);
                    let (terms, covariance) = (terms.clone(), ByProducts::Filled(filled));
                    let solution = Solution::Iterative(Box::new(IterativeSolution {
                        terms,
                        cells,
                        covariance,
                    }));
                    let mut conditioned = Conditioned { alpha: Vec::new(), solution };
                    conditioned.alpha = conditioned.solve(residual)?;
                    return Ok(conditioned);
                }
                let make = |factors| {
                    SpectralSolution::new(factors, scale, noise, &route.layout, &route.gaps, size)
                };
                let mut found = make(route.factors(&terms[0].axes, theta)?)?;
                let alpha = found.solve(residual.clone());
                let is_coarse = found.coarseness(&alpha) > COARSE;
                known = Some(alpha);
                if is_coarse
                    && let Some(factors) = route.resolved(&terms[0].axes, theta, scale, noise)
                {
                    found = make(factors)?;
                    known = None;
                }
                Solution::Spectral(found)
            }
        };
        let mut conditioned = Conditioned { alpha: Vec::new(), solution };
        conditioned.alpha = match known {
            Some(alpha) => alpha,
            None => conditioned.solve(residual)?,
        };
        Ok(conditioned)
    }

    /// rᵀA⁻¹r of the residuals r = y − m at `theta`: the sum of the squares of the standardized errors of
    /// all observations, each predicted from those before it, in whatever order.
    ///
    /// # Errors
    /// As [`condition`](Self::condition).
    pub fn misfit(&mut self, theta: &[f64]) -> Result<f64> {
        let alpha = self.condition(theta)?.alpha;
        self.update_residual(theta);
        Ok(self.residual.iter().zip(&alpha).map(|(r, a)| r * a).sum())
    }

    /// σ in each observed cell, or one for all.
    pub fn noise(&mut self, theta: &[f64]) -> Vec<f64> {
        let count = self.route.cells().map_or(1, Cells::len);
        self.noise.at(theta, count)
    }

    /// σ in each cell of another grid.
    pub fn noise_on_grid(&self, theta: &[f64], grid: &Grid, covariates: &[Covariate]) -> Vec<f64> {
        self.noise.elsewhere(theta, grid, covariates)
    }

    /// The observed cells, where σ differs between them or several fields meet.
    pub fn observed(&self) -> Option<&[usize]> {
        self.route.cells().map(|cells| cells.numbers.as_slice())
    }

    /// The terms of `wanted` that have a field, at new points. `weigh` gives what covariates are
    /// elsewhere, of a term.
    fn targets(
        &self,
        wanted: &Predictor,
        at: &[Points],
        theta: &[f64],
        weigh: impl Fn(&Term) -> Vec<f64>,
    ) -> Result<Vec<Target>> {
        let of = |(field, t): (usize, &Term)| {
            let term = self.position(field)?;
            let own = &self.terms[term];
            // Beside a field over two axes together nothing is a product over axes.
            let has_planes = self.terms.iter().any(|t| t.plane.is_some());
            let axes = own.axes.iter().zip(at).filter(|_| !has_planes);
            let (cross, variances) = axes.map(|(f, p)| f.cross(p, None, theta)).unzip();
            let (variance, coefficient) = (own.variance(theta), t.coefficient(theta));
            Ok(Target {
                term,
                cross,
                variances,
                factor: variance * coefficient * own.coefficient(theta),
                prior: variance * coefficient * coefficient,
                coefficient,
                cells: (!t.covariates.is_empty()).then(|| weigh(t)),
                amplitude: own.amplitude(theta),
                points: at.to_vec(),
            })
        };
        wanted.random().map(of).collect()
    }

    /// The position of a field among the terms of the location.
    pub(super) fn position(&self, field: usize) -> Result<usize> {
        let found = self.terms.iter().position(|t| t.field == field);
        found.ok_or_else(|| Error::Data("the data say nothing of a field in no location".into()))
    }

    /// The terms of `wanted` that have a field, on a grid.
    ///
    /// # Errors
    /// A field that is not in the location.
    pub fn targets_on_grid(
        &self,
        wanted: &Predictor,
        grid: &Grid,
        covariates: &[Covariate],
        at: &[Points],
        theta: &[f64],
    ) -> Result<Vec<Target>> {
        self.targets(wanted, at, theta, |t| {
            let mut values = vec![0.0; grid.len()];
            Design::new(t, grid, covariates).add_to(1.0, &grid.shape(), &mut values);
            values
        })
    }

    /// The terms of `wanted` that have a field, at points `rows` of a table; `columns[c]` is covariate
    /// c of the model, one value a point, where it is known.
    ///
    /// # Errors
    /// The position of a covariate that is needed and not known.
    pub fn targets_at_points(
        &self,
        wanted: &Predictor,
        at: &[Points],
        theta: &[f64],
        rows: &Range<usize>,
        columns: &[Option<&[f64]>],
    ) -> Result<Result<Vec<Target>>, usize> {
        if let Some(c) = unknown(wanted.random().map(|(_, t)| t), columns) {
            return Err(c);
        }
        Ok(self.targets(wanted, at, theta, |t| product(&t.covariates, 1.0, rows, columns)))
    }

    /// mean += the terms of `wanted` without a field, on a grid.
    pub fn add_fixed(
        wanted: &Predictor,
        theta: &[f64],
        grid: &Grid,
        covariates: &[Covariate],
        mean: &mut [f64],
    ) {
        for term in wanted.fixed() {
            let design = Design::new(term, grid, covariates);
            design.add_to(term.coefficient(theta), &grid.shape(), mean);
        }
    }

    /// The terms of `wanted` without a field, at points `rows` of a table.
    ///
    /// # Errors
    /// The position of a covariate that is needed and not known.
    pub fn fixed_at_points(
        wanted: &Predictor,
        theta: &[f64],
        rows: &Range<usize>,
        columns: &[Option<&[f64]>],
    ) -> Result<Vec<f64>, usize> {
        if let Some(c) = unknown(wanted.fixed(), columns) {
            return Err(c);
        }
        let mut mean = vec![0.0; rows.len()];
        for term in wanted.fixed() {
            let values = product(&term.covariates, term.coefficient(theta), rows, columns);
            mean.iter_mut().zip(values).for_each(|(m, v)| *m += v);
        }
        Ok(mean)
    }

    /// For every field of the location its amplitude and, for each axis, a root of the joint prior
    /// covariance of data and new points.
    ///
    /// # Errors
    /// As [`Marginal::log_prob`].
    pub fn joint_roots(&self, at: &[Points], theta: &[f64]) -> Result<Vec<(f64, Vec<Mat<f64>>)>> {
        self.terms
            .iter()
            .map(|term| {
                let axes = term.axes.par_iter().zip(at);
                let roots = axes.map(|(f, new)| f.joint_root(new, None, theta));
                Ok((term.variance(theta).sqrt(), roots.collect::<Result<_>>()?))
            })
            .collect()
    }

    /// Prior correlation of a target's field at scattered points, M x M, without covariates.
    pub fn prior_at_points(&self, target: &Target, at: &[Points], theta: &[f64]) -> Mat<f64> {
        let axes = &self.terms[target.term].axes;
        let mut grams = axes.iter().zip(at).map(|(axis, points)| axis.gram_at(points, theta));
        let mut product = grams.next().expect("a grid has an axis");
        for k in grams {
            for (column, k) in product.col_iter_mut().zip(k.col_iter()) {
                column.iter_mut().zip(k.iter()).for_each(|(p, k)| *p *= k);
            }
        }
        product
    }

    /// For each axis the prior correlation of a target's field between new points, M x M.
    pub fn prior_along_axes(&self, target: &Target, at: &[Points], theta: &[f64]) -> Vec<Mat<f64>> {
        let axes = &self.terms[target.term].axes;
        axes.iter().zip(at).map(|(axis, points)| axis.gram_at(points, theta)).collect()
    }

    /// What multiplies field term `t` in the data beside the weights of its axes.
    pub fn data_weight(&self, t: usize, theta: &[f64]) -> (f64, Option<&[f64]>) {
        (self.terms[t].coefficient(theta), self.terms[t].cells.as_deref())
    }
}

/// The first covariate of some terms that is not known.
pub(super) fn unknown<'t>(
    mut terms: impl Iterator<Item = &'t Term>,
    columns: &[Option<&[f64]>],
) -> Option<usize> {
    terms.find_map(|t| t.covariates.iter().copied().find(|&c| columns[c].is_none()))
}

pub(super) fn product(
    covariates: &[usize],
    factor: f64,
    rows: &Range<usize>,
    columns: &[Option<&[f64]>],
) -> Vec<f64> {
    let mut values = vec![factor; rows.len()];
    for &c in covariates {
        let column = &columns[c].expect("it is known")[rows.clone()];
        values.iter_mut().zip(column).for_each(|(v, x)| *v *= x);
    }
    values
}

impl Target {
    /// The position of its field's term in the location.
    pub fn term(&self) -> usize {
        self.term
    }
}

impl Conditioned {
    /// A⁻¹ r of the observed cells, 0 where a cell is missing; what r holds there does not count.
    ///
    /// # Errors
    /// [`Error::Singular`] where an iteration does not converge.
    pub fn solve(&self, r: Vec<f64>) -> Result<Vec<f64>> {
        Ok(match &self.solution {
            Solution::Spectral(spectral) => spectral.solve(r),
            Solution::Series(series) => series.solve(&r),
            Solution::Sparse(sparse) => {
                let values = sparse.cells.of(&r);
                let x = MatRef::from_column_major_slice(&values, values.len(), 1);
                sparse.cells.spread(sparse.solve(x).col_as_slice(0))
            }
            Solution::Iterative(i) => i.cells.spread(&i.solve(&i.cells.of(&r), 1)?),
            Solution::Dense(cells, covariance) => {
                let mut values = cells.of(&r);
                covariance.root.solve_in_place(MatMut::from_column_major_slice_mut(
                    &mut values,
                    cells.len(),
                    1,
                ));
                cells.spread(&values)
            }
        })
    }

    /// [`solve`](Self::solve) for several vectors, each of which becomes its solution.
    ///
    /// # Errors
    /// As [`solve`](Self::solve).
    pub fn solve_all(&self, all: &mut [Vec<f64>]) -> Result<()> {
        let Solution::Iterative(i) = &self.solution else {
            return all.par_iter_mut().try_for_each(|r| {
                *r = self.solve(std::mem::take(r))?;
                Ok(())
            });
        };
        for block in all.chunks_mut(BLOCK) {
            let p = block.len();
            let rows = i.cells.numbers.iter().flat_map(|&c| block.iter().map(move |r| r[c]));
            let x = i.solve(&rows.collect::<Vec<_>>(), p)?;
            for (k, r) in block.iter_mut().enumerate() {
                let values: Vec<f64> = x.iter().skip(k).step_by(p).copied().collect();
                *r = i.cells.spread(&values);
            }
        }
        Ok(())
    }

    /// Whether A is known by its products alone, so that variances of many cells come from draws.
    pub fn is_iterative(&self) -> bool {
        matches!(self.solution, Solution::Iterative(_))
    }

    /// A by eigenvectors, where it is that.
    pub fn spectral(&self) -> Option<&SpectralSolution> {
        match &self.solution {
            Solution::Spectral(spectral) => Some(spectral),
            Solution::Dense(..)
            | Solution::Iterative(_)
            | Solution::Series(_)
            | Solution::Sparse(_) => None,
        }
    }

    /// The variance given the data of the sum of `targets` in each new cell, where the algebra has it
    /// without [`explained`](Self::explained).
    ///
    /// # Errors
    /// [`Error::Singular`] where two points are too near to each other.
    pub fn variance(
        &self,
        targets: &[Target],
        arrangement: Arrangement,
        count: usize,
    ) -> Result<Option<Vec<f64>>> {
        match &self.solution {
            Solution::Sparse(sparse) => {
                sparse.place(targets, arrangement, count)?.variance().map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether a field of the model is over two axes together, so that covariances are no products over
    /// axes.
    pub fn has_planes(&self) -> bool {
        matches!(&self.solution, Solution::Sparse(sparse) if sparse.has_planes())
    }

    /// The sum of `targets` in `count` new cells by the states of the cells around, where the model
    /// [has planes](Self::has_planes).
    ///
    /// # Errors
    /// [`Error::Data`] beyond the points of the data.
    pub fn by_states<'c>(
        &'c self,
        targets: &'c [Target],
        arrangement: Arrangement,
        count: usize,
    ) -> Result<Option<SparsePlace<'c>>> {
        match &self.solution {
            Solution::Sparse(sparse) if sparse.has_planes() => {
                sparse.place(targets, arrangement, count).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// XᵀA⁻¹X with X the covariances of the observed cells with the new cells `range` of `targets`: what
    /// the data explain of their prior covariance. `None` where A is known by eigenvectors
    /// or filters.
    ///
    /// # Errors
    /// As [`solve`](Self::solve).
    pub fn explained(
        &self,
        targets: &[Target],
        arrangement: Arrangement,
        range: Range<usize>,
    ) -> Result<Option<Mat<f64>>> {
        let (cells, weights): (&Cells, &dyn Fn(usize) -> Option<Vec<f64>>) = match &self.solution {
            Solution::Spectral(_) | Solution::Series(_) => return Ok(None),
            Solution::Dense(cells, covariance) => (cells, &|t| covariance.weights[t].clone()),
            Solution::Iterative(i) => {
                (&i.cells, &|t| i.terms[t].cells.as_ref().map(|c| i.cells.of(c)))
            }
            Solution::Sparse(sparse) => (&sparse.cells, &|t| sparse.weights(t)),
        };
        let mut x = Mat::zeros(cells.len(), range.len());
        for target in targets {
            let weights = weights(target.term);
            add_cross(cells, target, weights.as_deref(), arrangement, range.start, x.as_mut());
        }
        match &self.solution {
            Solution::Dense(_, covariance) => {
                covariance.root.solve_l_in_place(x.as_mut());
                Ok(Some(gridgp_dense::product(x.transpose(), x.as_ref())))
            }
            Solution::Sparse(sparse) => {
                let solved = sparse.solve(x.as_ref());
                Ok(Some(gridgp_dense::product(x.transpose(), solved.as_ref())))
            }
            Solution::Iterative(i) => {
                let p = range.len();
                let rows = (0..cells.len()).flat_map(|c| (0..p).map(move |k| (c, k)));
                let b: Vec<f64> = rows.map(|(c, k)| x[(c, k)]).collect();
                let solved = i.solve(&b, p)?;
                let solved = MatRef::from_row_major_slice(&solved, cells.len(), p);
                Ok(Some(gridgp_dense::product(x.transpose(), solved)))
            }
            Solution::Spectral(_) | Solution::Series(_) => Ok(None),
        }
    }

    /// The diagonal of [`explained`](Self::explained), in tiles.
    ///
    /// # Errors
    /// As [`solve`](Self::solve).
    pub fn explained_variance(
        &self,
        targets: &[Target],
        arrangement: Arrangement,
        count: usize,
    ) -> Result<Option<Vec<f64>>> {
        let tile = if self.is_iterative() { BLOCK } else { TILE };
        let mut all = Vec::with_capacity(count);
        for first in (0..count).step_by(tile) {
            let range = first..count.min(first + tile);
            let Some(x) = self.explained(targets, arrangement, range)? else { return Ok(None) };
            all.extend((0..x.nrows()).map(|i| x[(i, i)]));
        }
        Ok(Some(all))
    }
}

impl SpectralSolution {
    fn new(
        factors: Vec<Spectral>,
        scale: f64,
        noise: f64,
        layout: &Layout,
        gaps: &Option<Gaps>,
        size: usize,
    ) -> Result<Self> {
        let covariance = KroneckerIdentity::new(factors, scale, noise)
            .map_err(|e| Error::Singular(e.to_string()))?;
        let gaps = match gaps {
            None => None,
            Some(gaps) => Some((gaps.clone(), gaps.factorize(Full::of(&covariance))?)),
        };
        Ok(Self { covariance, gaps, layout: layout.clone(), size })
    }

    fn solve(&self, r: Vec<f64>) -> Vec<f64> {
        let mut r = self.layout.compress(r);
        if let Some((gaps, factor)) = &self.gaps {
            factor.fill(gaps, Full::of(&self.covariance), &mut r);
        }
        self.layout.spread(self.covariance.solve(&r), self.size)
    }

    /// A bound on what dropped eigenpairs change in log p.
    fn coarseness(&self, alpha: &[f64]) -> f64 {
        let (a, noise) = (&self.covariance, self.covariance.noise());
        let traces: Vec<_> = a.factors().iter().map(trace_and_dropped).collect();
        let alpha_squared = alpha.iter().map(|v| v * v).sum();
        truncation(a.scale() * dropped(&traces), noise, alpha_squared, 0.0)
    }

    /// W̃, and its number of columns; none where no cell is missing.
    pub fn gap_columns(&self) -> Option<(&[f64], usize)> {
        self.gaps.as_ref().map(|(gaps, factor)| (factor.w(), gaps.count()))
    }

    /// For each axis of the compressed grid K*Q, from the K* of each axis.
    pub fn projected(&self, cross: &[Mat<f64>], arrangement: Arrangement) -> Vec<Mat<f64>> {
        let parts = self.layout.parts.iter().zip(self.covariance.factors());
        let project = |(part, factor): (&Part, &Spectral)| {
            let q = factor.basis().to_dense();
            match (part, arrangement) {
                (Part::Axis(a), _) => gridgp_dense::product(cross[*a].as_ref(), q.as_ref()),
                (Part::Places(places), Arrangement::Grid) => {
                    gridgp_dense::product(places.cross(cross).as_ref(), q.as_ref())
                }
                (Part::Places(places), Arrangement::Points) => {
                    gridgp_dense::product(places.cross_at_points(cross).as_ref(), q.as_ref())
                }
            }
        };
        parts.map(project).collect()
    }
}
