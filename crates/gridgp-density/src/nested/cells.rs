//! The likelihood of each observation as a function of its predictors η and of the fields that it sees.

use gridgp_likelihood::{Likelihood, MAX_PARAMETERS};
use rayon::prelude::*;

use crate::joint::Observed;

/// Numbers of one observation, predictors × predictors.
type Square = [f64; MAX_PARAMETERS * MAX_PARAMETERS];

/// The least share of a curvature that an observation has.
const LEAST: f64 = 1e-8;

/// Which information about η.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// −∂²log p/∂η∂ηᵀ.
    Observed,
    /// The same where what it says of the fields is positive semidefinite, else the curvature of the
    /// likelihood through the slopes of the links, times the square of the gradient over it where that is
    /// below 1: in the tail of an outlier the gradient falls as the distance that is left grows, and the
    /// curvature alone would make small steps.
    Semidefinite,
}

/// What the observations see of the fields: η = … + Σ_f slope_f f, for each predictor.
#[derive(Debug, Clone, Default)]
pub(super) struct Slopes {
    /// Predictors E and fields F.
    pub(super) predictors: usize,
    pub(super) fields: usize,
    /// Observations × E × F.
    values: Vec<f64>,
}

impl Slopes {
    /// Those at θ.
    pub(super) fn update(&mut self, observed: &Observed, fields: usize) {
        let (e, n) = (observed.equations.len(), observed.response.len());
        (self.predictors, self.fields) = (e, fields);
        self.values.clear();
        self.values.resize(n * e * fields, 0.0);
        for (k, equation) in observed.equations.iter().enumerate() {
            for f in 0..fields {
                let Some((coefficient, design)) = equation.loading(f, &observed.theta) else {
                    continue;
                };
                let own = self.values.chunks_exact_mut(e * fields).enumerate();
                own.for_each(|(i, s)| {
                    s[k * fields + f] = coefficient * design.map_or(1.0, |d| d[i]);
                });
            }
        }
    }

    /// E × F numbers of observation i.
    pub(super) fn at(&self, i: usize) -> &[f64] {
        let size = self.predictors * self.fields;
        &self.values[i * size..][..size]
    }

    /// sᵀ v of observation i: an adjoint of each field from those of the predictors.
    pub(super) fn to_fields(&self, i: usize, v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (row, v) in self.at(i).chunks_exact(self.fields).zip(v) {
            out.iter_mut().zip(row).for_each(|(o, s)| *o += s * v);
        }
    }

    /// sᵀ W s of observation i.
    pub(super) fn squared(&self, i: usize, w: &[f64], out: &mut [f64]) {
        let (s, e, fields) = (self.at(i), self.predictors, self.fields);
        for f in 0..fields {
            for g in 0..fields {
                let pairs = (0..e).flat_map(|a| (0..e).map(move |b| (a, b)));
                let sum = pairs.map(|(a, b)| s[a * fields + f] * w[a * e + b] * s[b * fields + g]);
                out[f * fields + g] = sum.sum();
            }
        }
    }

    /// s K sᵀ of observation i, of the covariance K of its fields.
    pub(super) fn spread(&self, i: usize, k: &[f64], out: &mut [f64]) {
        let (s, e, fields) = (self.at(i), self.predictors, self.fields);
        for a in 0..e {
            for b in 0..e {
                let pairs = (0..fields).flat_map(|f| (0..fields).map(move |g| (f, g)));
                let sum =
                    pairs.map(|(f, g)| s[a * fields + f] * k[f * fields + g] * s[b * fields + g]);
                out[a * e + b] = sum.sum();
            }
        }
    }
}

/// One observation at its parameters.
pub(super) struct AtCell<'o> {
    observed: &'o Observed,
    y: f64,
    p: [f64; MAX_PARAMETERS],
    /// Three derivatives of each parameter with respect to its predictor.
    bends: [[f64; 3]; MAX_PARAMETERS],
    /// ∂log p/∂p.
    slope: [f64; MAX_PARAMETERS],
}

impl<'o> AtCell<'o> {
    pub(super) fn new(observed: &'o Observed, i: usize) -> Self {
        let mut cell = Self {
            observed,
            y: observed.response[i],
            p: [0.0; MAX_PARAMETERS],
            bends: [[0.0; 3]; MAX_PARAMETERS],
            slope: [0.0; MAX_PARAMETERS],
        };
        for (k, e) in observed.equations.iter().enumerate() {
            cell.p[k] = e.column().at(i);
            cell.bends[k] = e.bends(i);
        }
        let n = cell.count();
        observed.family.log_prob_gradient(cell.y, &cell.p[..n], &mut cell.slope[..n]);
        cell
    }

    fn count(&self) -> usize {
        self.observed.equations.len()
    }

    /// ∂log p/∂η.
    pub(super) fn gradient(&self) -> [f64; MAX_PARAMETERS] {
        std::array::from_fn(|k| self.slope[k] * self.bends[k][0])
    }

    /// −∂²log p/∂η∂ηᵀ.
    pub(super) fn information(&self) -> Square {
        let n = self.count();
        let mut out = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
        let own = &mut out[..n * n];
        self.observed.family.observed_information(self.y, &self.p[..n], own);
        self.through_links(own);
        for k in 0..n {
            own[k * n + k] -= self.slope[k] * self.bends[k][1];
        }
        out
    }

    /// The curvature of the likelihood, which is positive semidefinite, through the slopes of the links.
    fn curvature(&self) -> Square {
        let n = self.count();
        let mut out = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
        let own = &mut out[..n * n];
        self.observed.family.curvature(self.y, &self.p[..n], own);
        self.through_links(own);
        out
    }

    fn through_links(&self, matrix: &mut [f64]) {
        let n = self.count();
        for a in 0..n {
            for b in 0..n {
                matrix[a * n + b] *= self.bends[a][0] * self.bends[b][0];
            }
        }
    }

    /// Σ_ab S_ab ∂³log p/∂η_a∂η_b∂η_c for each predictor c.
    pub(super) fn third(&self, s: &[f64]) -> [f64; MAX_PARAMETERS] {
        let n = self.count();
        let (p, family) = (&self.p[..n], &self.observed.family);
        let mut third = [0.0; MAX_PARAMETERS * MAX_PARAMETERS * MAX_PARAMETERS];
        family.third_derivatives(self.y, p, &mut third[..n * n * n]);
        let mut second = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
        family.observed_information(self.y, p, &mut second[..n * n]);
        let bend = |k: usize, order: usize| self.bends[k][order - 1];
        let hessian = |a: usize, b: usize| -second[a * n + b];
        let mut out = [0.0; MAX_PARAMETERS];
        for (c, out) in out.iter_mut().enumerate().take(n) {
            for a in 0..n {
                for b in 0..n {
                    let weight = s[a * n + b];
                    if weight == 0.0 {
                        continue;
                    }
                    let mut t = third[(a * n + b) * n + c] * bend(a, 1) * bend(b, 1) * bend(c, 1);
                    if a == b {
                        t += hessian(a, c) * bend(a, 2) * bend(c, 1);
                    }
                    if a == c {
                        t += hessian(a, b) * bend(a, 2) * bend(b, 1);
                    }
                    if b == c {
                        t += hessian(a, b) * bend(b, 2) * bend(a, 1);
                    }
                    if a == b && b == c {
                        t += self.slope[a] * bend(a, 3);
                    }
                    *out += weight * t;
                }
            }
        }
        out
    }
}

/// For each observation sᵀWs, what it says of the fields that it sees, and sᵀ ∂log p/∂η.
pub(super) fn about_fields(
    observed: &Observed,
    slopes: &Slopes,
    which: Which,
    information: &mut Vec<f64>,
    gradient: &mut Vec<f64>,
) {
    let (n, fields) = (observed.response.len(), slopes.fields);
    let e = slopes.predictors;
    information.resize(n * fields * fields, 0.0);
    gradient.resize(n * fields, 0.0);
    let blocks = information.par_chunks_exact_mut((fields * fields).max(1));
    let all = blocks.zip(gradient.par_chunks_exact_mut(fields.max(1))).enumerate();
    all.with_min_len(256).for_each_init(Vec::new, |scratch, (i, (v, g))| {
        let cell = AtCell::new(observed, i);
        slopes.to_fields(i, &cell.gradient()[..e], g);
        slopes.squared(i, &cell.information()[..e * e], v);
        if which == Which::Semidefinite && !is_semidefinite(v, fields, scratch) {
            slopes.squared(i, &cell.curvature()[..e * e], v);
            let shares = g.iter().enumerate().map(|(f, g)| g * g / v[f * fields + f]);
            let share = shares.filter(|s| s.is_finite()).fold(0.0, f64::max);
            v.iter_mut().for_each(|v| *v *= share.clamp(LEAST, 1.0));
        }
    });
}

/// Whether a symmetric matrix has no negative eigenvalue, to rounding.
fn is_semidefinite(matrix: &[f64], n: usize, scratch: &mut Vec<f64>) -> bool {
    if n == 1 {
        return matrix[0] >= 0.0;
    }
    scratch.clear();
    scratch.extend_from_slice(matrix);
    let largest = (0..n).map(|i| matrix[i * n + i]).fold(0.0, f64::max);
    let least = -1e-14 * largest;
    for k in 0..n {
        let pivot = scratch[k * n + k];
        if pivot.is_nan() || pivot < least {
            return false;
        }
        if pivot <= -least {
            // Then what is beside it has to be 0 as well.
            if (k + 1..n).any(|i| scratch[i * n + k].abs() > 1e-7 * largest) {
                return false;
            }
            continue;
        }
        for i in k + 1..n {
            let ratio = scratch[i * n + k] / pivot;
            for j in k + 1..n {
                scratch[i * n + j] -= ratio * scratch[k * n + j];
            }
        }
    }
    true
}
