//! Which algebra takes a model, and what an evaluation costs by it.

use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use gridgp_model::spec::Algebra;
use gridgp_sparse::Cost;

use super::field_term::FieldTerm;
use super::long_axis::FEW;
use super::places::Grouping;
use super::sparse::SparseLattice;
use super::state_space::{Timeline, is_rough};

/// How a marginal likelihood is computed, and what an evaluation with its gradient costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The algebra, never `auto`.
    pub algebra: Algebra,
    /// How the axes are grouped, in words.
    pub detail: String,
    /// Floating-point operations of an evaluation with its gradient, each counted as what it takes
    /// beside one of a matrix product.
    pub operations: f64,
    /// Bytes of one density.
    pub bytes: f64,
    pub(super) grouping: Option<Grouping>,
    /// The long axis of the state-space algebra.
    pub(super) timeline: Option<Timeline>,
    /// The grid of the sparse algebra.
    pub(super) lattice: Option<SparseLattice>,
}

/// What an operation of an eigenproblem takes beside one of a matrix product.
const EIGEN: f64 = 15.0;
/// What a kernel between two points and its derivatives take: between a Matérn and a product of two with
/// a sine.
const KERNEL: f64 = 1200.0;

/// Operations a second of one core, as [`Plan::operations`] counts them, from
/// `crates/gridgp/examples/plan_seconds.rs` on a server with AVX2.
const RATE: f64 = 4e10;
/// Seconds of an evaluation that has nearly nothing to do.
const LEAST: f64 = 5e-4;

/// Operations of an evaluation, about a second, below which nothing is gained by being less than exact.
const CHEAP: f64 = 2e10;
/// What being exact may cost beyond, in evaluations that are not.
const PRICE: f64 = 3.0;
/// What an evaluation by state space may cost of one by eigenvectors where it is taken in its place.
const GAIN: f64 = 0.5;
/// Fewest times of a long axis that is taken unasked.
const LONG: usize = 200;
/// The same where some axes are turned and others are not: under such a mask what else is exact takes the
/// cube of the observed places.
const LONG_UNDER_MASK: usize = 32;
/// Most states that a filter has unasked.
const STATES: usize = 1000;
/// What a step of a filter takes, and an operation of one, beside one of a matrix product.
const STEP: f64 = 12000.0;
const SCALAR: f64 = 20.0;
/// What an observation takes in a block, for each of d (d + p) of d states and p observations.
const BLOCK: f64 = 40.0;

/// Most bytes of an exact evaluation.
const MOST_BYTES: f64 = 4e9;

impl Plan {
    /// Seconds that one core takes for an evaluation with its gradient: right within a factor of two
    /// where they were measured, and of the right size on other computers.
    pub fn seconds(&self) -> f64 {
        seconds(self.operations)
    }

    /// The cheapest algebra that takes the model, or the one that its `[inference]` names.
    pub(super) fn new(model: &Model, terms: &[FieldTerm], has_one_noise: bool) -> Result<Self> {
        let asked = model.spec.inference.algebra;
        if terms.iter().any(|t| t.plane.is_some()) {
            return Self::of_planes(asked, model, terms);
        }
        let mut all = Self::all(model, terms, has_one_noise);
        let is_whole = model.data.response.missing_cells().is_empty();
        if asked != Algebra::Auto {
            all.retain(|p| p.algebra == asked);
            if all.is_empty() {
                return Err(refuse(asked, model, terms, has_one_noise));
            }
        } else if is_whole && all.iter().any(|p| p.algebra == Algebra::Spectral) {
            // It keeps what small noise leaves of small eigenvalues.
            let spectral = all.iter().find(|p| p.algebra == Algebra::Spectral);
            let worth = GAIN * spectral.map_or(0.0, |p| p.operations);
            let is_better = |p: &Self| p.algebra == Algebra::StateSpace && p.operations < worth;
            let better = all.iter().any(is_better);
            all.retain(|p| if better { is_better(p) } else { p.algebra == Algebra::Spectral });
        }
        if asked == Algebra::Auto {
            let is_iterative = |p: &Self| p.algebra == Algebra::Iterative;
            let by_iteration = all.iter().find(|p| is_iterative(p)).map_or(0.0, |p| p.operations);
            let worth = CHEAP.max(PRICE * by_iteration);
            if all.iter().any(|p| !is_iterative(p) && p.is_worth(worth)) {
                all.retain(|p| !is_iterative(p) && p.is_worth(worth));
            } else if all.iter().any(is_iterative) {
                all.retain(|p| is_iterative(p) || p.bytes < MOST_BYTES);
            }
        }
        let best = all.into_iter().min_by(|a, b| a.operations.total_cmp(&b.operations));
        Ok(best.expect("the iterative algebra takes every model"))
    }

    /// Fields over two axes together have sparse precisions, and nothing else here.
    fn of_planes(asked: Algebra, model: &Model, terms: &[FieldTerm]) -> Result<Self> {
        let cells = model.data.grid.len() - model.data.response.missing_cells().len();
        match SparseLattice::new(terms) {
            Ok(lattice) if matches!(asked, Algebra::Auto | Algebra::Sparse) => {
                Ok(sparse(lattice, cells))
            }
            Ok(_) => Err(Error::Spec(
                "a kernel over two axes together has a sparse precision and no other algebra: leave \
                 inference.algebra out"
                    .into(),
            )),
            Err(why) => Err(beside_planes(&why)),
        }
    }

    /// Whether an exact evaluation is worth its time, and takes less memory than most have.
    fn is_worth(&self, operations: f64) -> bool {
        self.operations <= operations && self.bytes < MOST_BYTES
    }

    /// Whether the axes that filters run over have factors whatever θ is: a smooth kernel of many sites may
    /// have no Cholesky factor.
    fn has_factors(&self, terms: &[FieldTerm]) -> bool {
        let Some(timeline) = &self.timeline else { return true };
        terms.iter().all(|t| {
            timeline.inner(&t.axes).all(|(_, axis)| {
                axis.size() == 1
                    || axis.kernel().is_none_or(|k| is_rough(&k.kernel) || axis.has_features())
            })
        })
    }

    /// Every algebra that takes the model.
    fn all(model: &Model, terms: &[FieldTerm], has_one_noise: bool) -> Vec<Self> {
        let shape = model.data.grid.shape();
        let cells = model.data.grid.len();
        let count = model.data.response.missing_cells().len();
        let missing = model.data.response.missing.as_deref().filter(|_| count > 0);
        let observed = cells - count;
        let mut by_iteration = iterative(&shape, observed, terms.len());
        let mut all = vec![dense(observed, terms)];
        let is_asked = model.spec.inference.algebra == Algebra::StateSpace;
        let is_observed = |c: usize| missing.is_none_or(|m| !m[c]);
        let timelines = Timeline::all(terms, &shape, is_observed, has_one_noise);
        let mut series: Vec<(Self, usize)> =
            timelines.into_iter().map(|t| state_space(t, terms, &shape, observed)).collect();
        let is_safe = |(p, _): &(Self, usize)| p.has_factors(terms);
        if series.iter().any(is_safe) || !is_asked {
            series.retain(is_safe);
        }
        all.extend(
            series.into_iter().filter(|(p, d)| is_asked || is_long(p, *d, &shape)).map(|(p, _)| p),
        );
        if let Ok(lattice) = SparseLattice::new(terms)
            && (model.spec.inference.algebra == Algebra::Sparse
                || lattice.is_rough() && lattice.states() <= JOINED)
        {
            all.push(sparse(lattice, observed));
        }
        if let ([term], true) = (terms, has_one_noise)
            && term.cells.is_none()
        {
            match missing {
                None => all.push(spectral(whole(&shape), term, observed)),
                Some(missing) => {
                    let groupings = Grouping::all(&shape, missing);
                    if observed > FEW_OBSERVED && depth(&shape, missing) < SCATTERED {
                        let plans = groupings.iter().map(|g| filling(g.clone(), term, observed));
                        let best = plans.min_by(|a, b| a.operations.total_cmp(&b.operations));
                        by_iteration = best.expect("each axis can be alone");
                    }
                    all.extend(groupings.into_iter().map(|g| spectral(g, term, observed)));
                }
            }
        }
        all.push(by_iteration);
        all
    }
}

/// Seconds of one core that so many operations take.
pub(crate) fn seconds(operations: f64) -> f64 {
    LEAST + operations / RATE
}

/// That a field cannot be beside one over two axes together, for reasons that go on after "…: ".
pub(crate) fn beside_planes(why: &str) -> Error {
    Error::Spec(format!(
        "a kernel over two axes together takes sparse precisions, for which every field must be such a one or \
         a Markov process along every axis: {why}; write matern12() there, or make this field one over two \
         axes as well"
    ))
}

fn whole(shape: &[usize]) -> Grouping {
    Grouping { axes: (0..shape.len()).map(|a| a..a + 1).collect(), shape: shape.to_vec() }
}

fn dense(observed: usize, terms: &[FieldTerm]) -> Plan {
    let n = observed as f64;
    let axes = terms.iter().flat_map(|t| &t.axes);
    let pairs: f64 = axes.clone().map(|a| (a.size() as f64).powi(2)).sum();
    let products = (axes.count() + terms.len()) as f64;
    Plan {
        algebra: Algebra::Dense,
        detail: format!("the covariance of {observed} observed cells written out"),
        operations: 2.0 * n * n * n + 40.0 * products * n * n + KERNEL * pairs,
        bytes: 8.0 * 3.0 * n * n,
        grouping: None,
        timeline: None,
        lattice: None,
    }
}

/// Whether state space is worth it where nobody asked for it.
fn is_long(plan: &Plan, states: usize, shape: &[usize]) -> bool {
    let timeline = plan.timeline.as_ref().expect("it is by state space");
    // The states of a periodic kernel follow its lengthscale, and short ones have none.
    let is_masked = !timeline.turned.is_empty() && timeline.inner(shape).any(|(_, n)| *n > 1);
    let long = if is_masked { LONG_UNDER_MASK } else { LONG };
    timeline.len() >= long && states <= STATES && !timeline.has_cosines()
}

/// Filters along an axis, and the states of one.
fn state_space(
    timeline: Timeline,
    terms: &[FieldTerm],
    shape: &[usize],
    observed: usize,
) -> (Plan, usize) {
    let sizes = timeline.sizes(terms);
    let times = timeline.len() as f64;
    let count: usize = timeline.turned(shape).product();
    let sites: usize = timeline.inner(shape).map(|(_, n)| n).product();
    let states: usize =
        sizes.iter().map(|(ranks, sizes)| ranks * sizes.iter().sum::<usize>()).sum();
    let d = states as f64;
    // A product of A with a matrix of d columns.
    let blocks = sizes
        .iter()
        .map(|(ranks, sizes)| *ranks as f64 * sizes.iter().map(|m| (m * m) as f64).sum::<f64>());
    let (filters, s) = (count as f64, sites as f64);
    let seen = observed as f64 / filters;
    let step = STEP + SCALAR * 9.0 * d * blocks.sum::<f64>();
    let observation = f64::min(SCALAR * 24.0 * d * d, BLOCK * d * (d + s.min(64.0)));
    let space = EIGEN * filters.powi(3) + 8.0 * filters * observed as f64 + 3.0 * s * s * s;
    let is_masked = count > 1 && sites > 1;
    let mut detail = format!(
        "{} along {} {} of {:?}, of {states} states{}",
        if count > 1 { format!("{count} filters") } else { "a filter".into() },
        timeline.len(),
        if is_masked { "points" } else { "times" },
        terms[0].axes[timeline.axis].name(),
        if count > 1 { " each" } else { "" },
    );
    if is_masked {
        let names = timeline.turned(&terms[0].axes).map(|a| format!("{:?}", a.name()));
        detail += &format!("; {} rotated", names.collect::<Vec<_>>().join(" x "));
    }
    if timeline.has_cosines() {
        detail += "; periodic kernels by cosines, to 1e-12 of their variance";
    }
    let kept = (times * d * (d + 1.0)).min(2e6_f64.max(3.0 * times.sqrt() * d * d));
    let plan = Plan {
        algebra: Algebra::StateSpace,
        detail,
        operations: filters * (times * step + seen * observation) + space,
        bytes: 8.0
            * (kept * filters.min(2.0)
                + 12.0 * observed as f64
                + observed as f64 * (d + 4.0)
                + 6.0 * filters * filters
                + 6.0 * s * s),
        grouping: None,
        timeline: Some(timeline),
        lattice: None,
    };
    (plan, states)
}

/// Most states of a cell that a sparse precision has unasked.
const JOINED: usize = 8;
/// What an operation on a front, a number of the factor and an entry of the precision take beside an
/// operation of a large matrix product, by a factor and its selected inverse
/// (`crates/gridgp-sparse/examples/factor_seconds.rs`).
const FRONT: f64 = 3.0;
const NUMBER: f64 = 1100.0;
const ENTRY: f64 = 200.0;

/// Operations of a factor and its selected inverse.
pub(crate) fn sparse_operations(cost: &Cost) -> f64 {
    FRONT * cost.operations + NUMBER * cost.numbers
}

/// The precision of the states of the whole grid, by nested dissection.
fn sparse(lattice: SparseLattice, observed: usize) -> Plan {
    let (cost, states) = (lattice.cost(), lattice.states() as f64);
    let shape = lattice.shape();
    let cells: f64 = shape.iter().map(|&n| n as f64).product();
    let neighbours = lattice.lattice().steps().len() as f64;
    let entries = cells * neighbours * states * states;
    let of_shape: Vec<String> = shape.iter().map(usize::to_string).collect();
    Plan {
        algebra: Algebra::Sparse,
        detail: format!(
            "the sparse precision of {} states on {} points, by nested dissection",
            cells * states,
            of_shape.join(" x ")
        ),
        operations: sparse_operations(&cost) + ENTRY * entries,
        bytes: 8.0
            * (1.3 * cost.numbers
                + 4.0 * entries
                + 2.0 * cells * neighbours
                + 12.0 * observed as f64),
        grouping: None,
        timeline: None,
        lattice: Some(lattice),
    }
}

/// Probes and modes of the iterative algebra on so many cells.
pub(super) fn effort(axes: usize, observed: usize) -> (usize, usize) {
    // On three axes and more the Gram matrix of many modes costs more than the iterations they save.
    let most = if axes > 2 { 600 } else { 2000 };
    (16, (observed / 4).min(most))
}

/// Iterations that are counted on.
const ITERATIONS: f64 = 30.0;

fn iterative(shape: &[usize], observed: usize, fields: usize) -> Plan {
    let (probes, modes) = effort(shape.len(), observed);
    let (p, k) = (probes as f64 + 1.0, modes as f64);
    let cells: f64 = shape.iter().map(|&n| n as f64).product();
    let points: f64 = shape.iter().map(|&n| n as f64).sum();
    let cubes: f64 = shape.iter().map(|&n| (n as f64).powi(3)).sum();
    let gradient = shape.len() as f64 + 1.0;
    let applied = 2.0 * cells * points * p * fields as f64 * 1.5;
    Plan {
        algebra: Algebra::Iterative,
        detail: format!(
            "conjugate gradients on {observed} observed cells, {probes} probes, at most {modes} modes \
             taken exactly; counting on {ITERATIONS} iterations, rough fields far above the noise take more"
        ),
        operations: applied * (ITERATIONS + gradient)
            + k * k * (k + 2.0 * points)
            + EIGEN * cubes * fields as f64,
        bytes: 8.0 * (8.0 * observed as f64 * p + 4.0 * cells * p + 3.0 * k * k),
        grouping: None,
        timeline: None,
        lattice: None,
    }
}

/// Probes where the iteration is among the gaps: what they leave uncertain is a share of the gaps.
pub(super) fn probes(gaps: usize, observed: usize) -> usize {
    if gaps * 20 < observed { 2 } else { 4 }
}

/// Observed cells up to which the modes of a smooth field can be taken exactly.
const FEW_OBSERVED: usize = 50_000;
/// Mean depth of gaps that lie scattered, in cells.
const SCATTERED: f64 = 4.0;

/// How many cells wide the gaps are on average, each along the axis on which it is narrowest.
fn depth(shape: &[usize], missing: &[bool]) -> f64 {
    let mut narrowest = vec![u32::MAX; missing.len()];
    let mut stride = missing.len();
    for &n in shape {
        let outer = stride;
        stride /= n;
        for first in 0..missing.len() / n {
            let start = first / stride * outer + first % stride;
            let cell = |i: usize| start + i * stride;
            let mut i = 0;
            while i < n {
                let run = (i..n).take_while(|&j| missing[cell(j)]).count();
                // A line without any observed cell drops out of the grid, or is no gap along it.
                if run < n {
                    (i..i + run).for_each(|j| {
                        narrowest[cell(j)] = narrowest[cell(j)].min(run as u32);
                    });
                }
                i += run + 1;
            }
        }
    }
    let gaps = narrowest.iter().filter(|w| **w != u32::MAX);
    let (sum, count) = gaps.fold((0.0, 0), |(s, c), &w| (s + f64::from(w), c + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

/// Iterations among scattered gaps that are counted on.
const FEW_ITERATIONS: f64 = 12.0;

fn filling(grouping: Grouping, term: &FieldTerm, observed: usize) -> Plan {
    let gaps = grouping.len() - observed;
    let cells = grouping.len() as f64;
    let points: f64 = grouping.shape.iter().map(|&n| n as f64).sum();
    let probes = probes(gaps, observed);
    let p = probes as f64 + 1.0;
    let complete = spectral(grouping.clone(), term, grouping.len());
    let detail = format!(
        "{}; conjugate gradients in {gaps} missing cells, {probes} probes",
        complete.detail
    );
    Plan {
        algebra: Algebra::Iterative,
        detail,
        operations: complete.operations
            + 4.0 * cells * points * p * (FEW_ITERATIONS + grouping.shape.len() as f64),
        bytes: complete.bytes + 8.0 * cells * p * 8.0,
        grouping: Some(grouping),
        timeline: None,
        lattice: None,
    }
}

fn spectral(grouping: Grouping, term: &FieldTerm, observed: usize) -> Plan {
    let cells = grouping.len() as f64;
    let gaps = (grouping.len() - observed) as f64;
    let (mut operations, mut bytes) = (40.0 * cells, 64.0 * cells);
    // One long axis has Cholesky factors, the others eigenvectors.
    let has_cholesky = gaps == 0.0 && grouping.shape.iter().filter(|n| **n > FEW).count() == 1;
    let (longest, all) = (grouping.shape.iter().max().copied().unwrap_or(1), grouping.len());
    let factorizations = Some(all / longest).filter(|count| has_cholesky && *count <= FEW);
    let matrices = if has_cholesky { 44.0 } else { 64.0 };
    for (axes, &size) in grouping.axes.iter().zip(&grouping.shape) {
        let n = size as f64;
        let single = (axes.len() == 1).then(|| &term.axes[axes.start]);
        let rank = match single {
            Some(factor) => factor.rank_bound().min(size),
            None => size,
        } as f64;
        let is_small = rank <= n / 2.0;
        operations += match factorizations {
            _ if is_small => 20.0 * n * rank * rank,
            Some(count) if size == longest => 3.0 * count as f64 * n * n * n,
            _ => (EIGEN + 8.0) * n * n * n,
        };
        operations += 8.0 * cells * rank + 4.0 * gaps * cells * n;
        bytes += if is_small { 156.0 * n * rank } else { matrices * n * n };
    }
    operations += 4.0 * gaps * gaps * cells;
    bytes += gaps * (17.0 * cells + 24.0 * gaps);
    let algebra = if gaps > 0.0 { Algebra::Complement } else { Algebra::Spectral };
    let taken = grouping.axes.iter().zip(&grouping.shape).filter_map(|(axes, &size)| {
        let whole: usize = axes.clone().map(|a| term.axes[a].size()).product();
        (axes.len() > 1 || size < whole).then(|| {
            let names: Vec<&str> = axes.clone().map(|a| term.axes[a].name()).collect();
            format!("the {size} of {whole} points of {} that are observed", names.join(" x "))
        })
    });
    let mut detail: Vec<String> = vec!["eigenvectors of each axis".into()];
    detail.extend(taken);
    if gaps > 0.0 {
        detail.push(format!("a column for each of {gaps} missing cells"));
    }
    Plan {
        algebra,
        detail: detail.join("; "),
        operations,
        bytes,
        grouping: Some(grouping),
        timeline: None,
        lattice: None,
    }
}

fn refuse(asked: Algebra, model: &Model, terms: &[FieldTerm], has_one_noise: bool) -> Error {
    let missing = model.data.response.missing_cells().len();
    let why = match terms {
        _ if asked == Algebra::StateSpace => no_series(terms),
        _ if asked == Algebra::Sparse => SparseLattice::new(terms).err().unwrap_or_default(),
        [_, _, ..] => format!("the location has {} fields", terms.len()),
        _ if !has_one_noise => "the scale varies from cell to cell".into(),
        [term] if term.cells.is_some() => format!(
            "the field {:?} is multiplied by a covariate that varies along several axes",
            term.name
        ),
        _ if missing > 0 => format!("{missing} cells are missing"),
        _ => "no cell is missing".into(),
    };
    let name = asked.name();
    Error::Spec(format!(
        "inference.algebra = {name:?} does not take this model: {why}; leave it out, or write \"dense\""
    ))
}

/// Why no axis is long.
fn no_series(terms: &[FieldTerm]) -> String {
    let terms: Vec<&FieldTerm> = terms.iter().collect();
    let of = |axis: usize| match Timeline::along(&terms, axis) {
        Err(why) => why,
        Ok(_) => "the mean along another axis is taken out".into(),
    };
    let all: Vec<String> = (0..terms[0].axes.len()).map(of).collect();
    all.join("; ")
}
