//! What each observation says of its predictors, as a normal density of the same moments.

use gridgp_grid::Result;
use gridgp_likelihood::{Likelihood, MAX_PARAMETERS};
use rayon::prelude::*;

use super::cells::{AtCell, Slopes};
use super::square::{Root, Square, inverse};
use crate::joint::{Observed, gauss_hermite};

/// Nodes along each of one to four predictors.
const NODES: [usize; MAX_PARAMETERS] = [17, 9, 5, 3];
/// Most nodes of a rule.
const MOST: usize = 125;

/// Nodes and weights for the expectation under N(0, I), a Gauss–Hermite product.
#[derive(Debug, Clone, Default)]
struct Rule {
    nodes: Vec<([f64; MAX_PARAMETERS], f64)>,
}

/// What sees the parameters of a likelihood and a weight.
type Visit<'a> = dyn FnMut(&[f64; MAX_PARAMETERS], f64) + 'a;

impl Rule {
    fn new(dims: usize) -> Result<Self> {
        let mut rule = Self { nodes: vec![([0.0; MAX_PARAMETERS], 1.0)] };
        if dims == 0 {
            return Ok(rule);
        }
        let along = gauss_hermite(NODES[dims - 1])?;
        for d in 0..dims {
            let longer = rule.nodes.iter().flat_map(|(at, weight)| {
                along.iter().map(move |(x, w)| {
                    let mut at = *at;
                    at[d] = *x;
                    (at, weight * w)
                })
            });
            rule.nodes = longer.collect();
        }
        assert!(rule.nodes.len() <= MOST, "more nodes than have a place");
        Ok(rule)
    }
}

/// For each observation t(η) = exp(bᵀu − ½ uᵀSu), u = η − c, over the predictors with fields.
#[derive(Debug, Clone)]
pub(super) struct Sites {
    /// Those predictors, of all E.
    random: Vec<usize>,
    predictors: usize,
    rules: Vec<Rule>,
    /// c and b: observations × predictors with fields; S: that times those again.
    center: Vec<f64>,
    shift: Vec<f64>,
    precision: Vec<f64>,
}

/// What a sweep over the observations found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sweep {
    /// Σ log E p/t, over the present posterior of each observation's predictors.
    pub(super) log_ratio: f64,
    /// Σ of the Kullback–Leibler divergences of the normal distributions before and after.
    pub(super) divergence: f64,
}

/// The posterior of one observation's predictors with p in place of t, in ξ where η = mean + R ξ.
struct Tilted {
    root: Root,
    /// log E p/t.
    log_ratio: f64,
    mean: [f64; MAX_PARAMETERS],
    covariance: Square,
}

impl Sites {
    /// Those of second derivatives at the present predictors.
    pub(super) fn new(observed: &Observed, fields: usize) -> Result<Self> {
        let predictors = observed.equations.len();
        let has_field = |e: &usize| (0..fields).any(|f| observed.equations[*e].has_field(f));
        let random: Vec<usize> = (0..predictors).filter(has_field).collect();
        let (n, d) = (observed.response.len(), random.len());
        let rules = (0..=d).map(Rule::new).collect::<Result<_>>()?;
        let mut sites = Self {
            predictors,
            rules,
            center: vec![0.0; n * d],
            shift: vec![0.0; n * d],
            precision: vec![0.0; n * d * d],
            random,
        };
        for i in 0..n {
            let cell = AtCell::new(observed, i);
            let (g, w) = (cell.gradient(), cell.information());
            for (a, &e) in sites.random.iter().enumerate() {
                sites.center[i * d + a] = observed.equations[e].predictor(i);
                sites.shift[i * d + a] = g[e];
                for (b, &o) in sites.random.iter().enumerate() {
                    sites.precision[(i * d + a) * d + b] = w[e * predictors + o];
                }
            }
        }
        Ok(sites)
    }

    /// Number of predictors with fields.
    fn dims(&self) -> usize {
        self.random.len()
    }

    /// u of observation i at the present predictors.
    fn distance(&self, observed: &Observed, i: usize) -> [f64; MAX_PARAMETERS] {
        let mut u = [0.0; MAX_PARAMETERS];
        for (a, &e) in self.random.iter().enumerate() {
            u[a] = observed.equations[e].predictor(i) - self.center[i * self.dims() + a];
        }
        u
    }

    /// log t(η) of observation i, and S u.
    fn log_site(&self, i: usize, u: &[f64; MAX_PARAMETERS]) -> (f64, [f64; MAX_PARAMETERS]) {
        let d = self.dims();
        let mut su = [0.0; MAX_PARAMETERS];
        let mut value = 0.0;
        for a in 0..d {
            let row = &self.precision[(i * d + a) * d..][..d];
            su[a] = row.iter().zip(u).map(|(s, u)| s * u).sum();
            value += u[a] * (self.shift[i * d + a] - 0.5 * su[a]);
        }
        (value, su)
    }

    /// Σ log t at the present predictors.
    pub(super) fn log_sites(&self, observed: &Observed) -> f64 {
        (0..observed.response.len()).map(|i| self.log_site(i, &self.distance(observed, i)).0).sum()
    }

    /// ∂ log t/∂η of observation i, of all predictors.
    pub(super) fn gradient(&self, observed: &Observed, i: usize) -> [f64; MAX_PARAMETERS] {
        let su = self.log_site(i, &self.distance(observed, i)).1;
        let mut out = [0.0; MAX_PARAMETERS];
        for (a, &e) in self.random.iter().enumerate() {
            out[e] = self.shift[i * self.dims() + a] - su[a];
        }
        out
    }

    /// S of observation i among all predictors, written to E × E numbers.
    pub(super) fn information(&self, i: usize, out: &mut [f64]) {
        out.fill(0.0);
        let d = self.dims();
        for (a, &e) in self.random.iter().enumerate() {
            for (b, &o) in self.random.iter().enumerate() {
                out[e * self.predictors + o] = self.precision[(i * d + a) * d + b];
            }
        }
    }

    /// Halfway to other sites.
    pub(super) fn approach(&mut self, other: &Self) {
        let pairs = self.shift.iter_mut().zip(&other.shift);
        pairs.for_each(|(s, o)| *s = 0.5 * (*s + o));
        let pairs = self.precision.iter_mut().zip(&other.precision);
        pairs.for_each(|(s, o)| *s = 0.5 * (*s + o));
    }

    /// Sites that have the moments of their observations, where the fields that those see have covariances
    /// `known`, fields × fields numbers each, and the predictors are at their means.
    pub(super) fn swept(
        &self,
        observed: &Observed,
        slopes: &Slopes,
        known: &[f64],
    ) -> (Self, Sweep) {
        let (d, n) = (self.dims(), observed.response.len());
        let mut moved = vec![(0.0, 0.0); n];
        let mut next = self.clone();
        let all = moved.par_iter_mut().zip(next.shift.par_chunks_exact_mut(d));
        let all = all.zip(next.precision.par_chunks_exact_mut(d * d)).enumerate();
        all.with_min_len(64).for_each(|(i, ((moved, b), s))| {
            let found = self.tilted(observed, slopes, known, i, None);
            moved.0 = found.log_ratio;
            moved.1 = found.match_site(&self.distance(observed, i), b, s);
        });
        let log_ratio = moved.iter().map(|m| m.0).sum();
        (next, Sweep { log_ratio, divergence: moved.iter().map(|m| m.1).sum() })
    }

    /// E ∂log p/∂η over the posterior of observation i's predictors, of those without fields; 0 of the others.
    pub(super) fn expected_gradient(
        &self,
        observed: &Observed,
        slopes: &Slopes,
        known: &[f64],
        i: usize,
    ) -> [f64; MAX_PARAMETERS] {
        let mut out = [0.0; MAX_PARAMETERS];
        let count = self.predictors;
        if self.dims() == count {
            return out;
        }
        let (mut slope, mut total) = ([0.0; MAX_PARAMETERS], 0.0);
        let mut visit = |p: &[f64; MAX_PARAMETERS], weight: f64| {
            observed.family.log_prob_gradient(
                observed.response[i],
                &p[..count],
                &mut slope[..count],
            );
            total += weight;
            out.iter_mut().zip(&slope).for_each(|(o, s)| *o += weight * s);
        };
        self.tilted(observed, slopes, known, i, Some(&mut visit));
        for (e, out) in out.iter_mut().enumerate().take(count) {
            *out *= match self.random.contains(&e) {
                true => 0.0,
                false => observed.equations[e].bends(i)[0] / total,
            };
        }
        out
    }

    /// Moments of observation i's predictors; `visit` sees the likelihood's parameters at each node and its
    /// weight, up to a constant.
    fn tilted(
        &self,
        observed: &Observed,
        slopes: &Slopes,
        known: &[f64],
        i: usize,
        mut visit: Option<&mut Visit<'_>>,
    ) -> Tilted {
        let (d, e, fields) = (self.dims(), self.predictors, slopes.fields);
        let mut spread = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
        slopes.spread(i, &known[i * fields * fields..][..fields * fields], &mut spread[..e * e]);
        let mut v = Square::default();
        for (row, a) in v.iter_mut().zip(&self.random) {
            row.iter_mut().zip(&self.random).for_each(|(v, b)| *v = spread[a * e + b]);
        }
        let nothing = |root| Tilted {
            root,
            log_ratio: f64::NAN,
            mean: [0.0; MAX_PARAMETERS],
            covariance: Square::default(),
        };
        let Some(root) = Root::new(&v, d) else {
            return nothing(Root { rows: v, kept: [0; MAX_PARAMETERS], rank: 0 });
        };
        let mean = self.distance(observed, i);
        let mut p = [0.0; MAX_PARAMETERS];
        p.iter_mut().zip(&observed.equations).for_each(|(p, e)| *p = e.column().at(i));
        let nodes = &self.rules[root.rank].nodes;
        let mut weights = [0.0; MOST];
        let mut largest = f64::NEG_INFINITY;
        let at_node = |at: &[f64; MAX_PARAMETERS], p: &mut [f64; MAX_PARAMETERS]| {
            let mut u = mean;
            for (a, &e) in self.random.iter().enumerate() {
                u[a] +=
                    root.rows[a].iter().zip(at).take(root.rank).map(|(r, x)| r * x).sum::<f64>();
                p[e] = observed.equations[e].parameter_at(i, self.center[i * d + a] + u[a]);
            }
            u
        };
        for ((at, _), weight) in nodes.iter().zip(&mut weights) {
            let u = at_node(at, &mut p);
            let log_prob = observed.family.log_prob(observed.response[i], &p[..e]);
            *weight = log_prob - self.log_site(i, &u).0;
            largest = weight.max(largest);
        }
        if !largest.is_finite() {
            return nothing(root);
        }
        let mut total = 0.0;
        for ((_, share), weight) in nodes.iter().zip(&mut weights) {
            *weight = share * (*weight - largest).exp();
            total += *weight;
        }
        let mut first = [0.0; MAX_PARAMETERS];
        let mut second = Square::default();
        for ((at, _), weight) in nodes.iter().zip(&weights) {
            let share = weight / total;
            for a in 0..root.rank {
                first[a] += share * at[a];
                for b in 0..=a {
                    second[a][b] += share * at[a] * at[b];
                }
            }
            if let Some(visit) = visit.as_mut().filter(|_| *weight > 0.0) {
                at_node(at, &mut p);
                visit(&p, *weight);
            }
        }
        for a in 0..root.rank {
            for b in 0..=a {
                second[a][b] -= first[a] * first[b];
                second[b][a] = second[a][b];
            }
        }
        Tilted { root, log_ratio: largest + total.ln(), mean: first, covariance: second }
    }
}

impl Tilted {
    /// Changes b and S of the site so that the posterior has these moments, u where its mean was; the
    /// divergence of the change. A site whose moments cannot be known stays, infinitely far from them.
    fn match_site(&self, u: &[f64; MAX_PARAMETERS], b: &mut [f64], s: &mut [f64]) -> f64 {
        let (rank, d) = (self.root.rank, b.len());
        let Some((inverse, log_det)) = inverse(&self.covariance, rank) else {
            return f64::INFINITY;
        };
        let mut more = inverse;
        (0..rank).for_each(|a| more[a][a] -= 1.0);
        let more = self.root.both_sides(&more);
        let mut pull = [0.0; MAX_PARAMETERS];
        for a in 0..rank {
            pull[a] = (0..rank).map(|c| inverse[a][c] * self.mean[c]).sum();
        }
        self.root.solve_transpose(&mut pull[..rank]);
        let kept = &self.root.kept[..rank];
        for (a, &i) in kept.iter().enumerate() {
            b[i] += pull[a];
            for (c, &j) in kept.iter().enumerate() {
                b[i] += more[a][c] * u[j];
                s[i * d + j] += more[a][c];
            }
        }
        let squares: f64 = self.mean[..rank].iter().map(|m| m * m).sum();
        let trace: f64 = (0..rank).map(|a| self.covariance[a][a]).sum();
        0.5 * (squares + trace - rank as f64 - log_det)
    }
}
