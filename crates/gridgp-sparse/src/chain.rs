//! The precision of a Markov process at points of one axis: block tridiagonal.
//!
//! With x₁ ~ N(0, P) and xₖ₊₁ = Aₖxₖ + qₖ, qₖ ~ N(0, Qₖ), the diagonal blocks are
//! Qₖ₋₁⁻¹ + AₖᵀQₖ⁻¹Aₖ, with P⁻¹ in place of the first term and no second one at the ends, and the blocks
//! beside them −AₖᵀQₖ⁻¹.

use faer::{Mat, MatRef};
use gridgp_dense::Cholesky;
use gridgp_kernel::{Block, BlockBar};

use crate::{Error, Result};

/// The inverse covariance of the states of a [`Block`] at n points, n m × n m.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// m.
    pub size: usize,
    /// The blocks on the diagonal, row-major, one after the other.
    pub diagonal: Vec<f64>,
    /// The blocks with the rows of a point and the columns of the next one, row-major.
    pub across: Vec<f64>,
    /// log det of the matrix.
    pub log_det: f64,
    /// The largest of Q_jj / pivot_j, of all steps and states: how many times ε the blocks are off by.
    pub growth: f64,
}

/// Derivatives with respect to the numbers of a [`Chain`], taken as independent of each other.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainBar {
    /// ∂/∂diagonal.
    pub diagonal: Vec<f64>,
    /// ∂/∂across; each stands for itself and its transpose.
    pub across: Vec<f64>,
    /// ∂/∂log det.
    pub log_det: f64,
}

/// What the states at the points of a chain let expect of the first state elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Between {
    /// The points that matter, one or two neighbours, each with the weights of its states.
    pub weights: Vec<(usize, Vec<f64>)>,
    /// The variance that is left.
    pub left: f64,
}

/// A step and what it brings.
struct Step {
    length: f64,
    a: Mat<f64>,
    /// Q⁻¹.
    precision: Mat<f64>,
    /// log det Q⁻¹.
    log_det: f64,
    /// The largest of Q_jj / pivot_j.
    growth: f64,
}

impl Step {
    fn new(block: &Block, length: f64) -> Result<Self> {
        let a = square(block.size(), |out| block.transition(length, out));
        let q = square(block.size(), |out| block.noise(length, out));
        let (precision, log_det, growth) = inverse(&q).ok_or(Error::Degenerate { length })?;
        Ok(Self { length, a, precision, log_det, growth })
    }
}

impl Chain {
    /// That of a process at `points`, which rise.
    ///
    /// # Errors
    /// [`Error::Degenerate`] where points are so near to each other, or the process so certain, that Q has
    /// no inverse.
    pub fn new(block: &Block, points: &[f64]) -> Result<Self> {
        let (n, m) = (points.len(), block.size());
        let stationary = square(m, |out| block.stationary(out));
        let (first, first_log_det, _) =
            inverse(&stationary).expect("a stationary covariance has one");
        let mut chain = Self {
            size: m,
            diagonal: vec![0.0; n * m * m],
            across: vec![0.0; n.saturating_sub(1) * m * m],
            log_det: first_log_det,
            growth: 1.0,
        };
        add(&mut chain.diagonal[..m * m], first.as_ref());
        let mut step: Option<Step> = None;
        for k in 0..n.saturating_sub(1) {
            let length = points[k + 1] - points[k];
            let step = renewed(&mut step, block, length)?;
            let turned = step.a.transpose() * &step.precision;
            add(&mut chain.diagonal[k * m * m..][..m * m], (&turned * &step.a).as_ref());
            add(&mut chain.diagonal[(k + 1) * m * m..][..m * m], step.precision.as_ref());
            add(&mut chain.across[k * m * m..][..m * m], (-turned).as_ref());
            chain.log_det += step.log_det;
            chain.growth = chain.growth.max(step.growth);
        }
        Ok(chain)
    }

    /// Derivatives of 0.
    pub fn zero_bar(&self) -> ChainBar {
        ChainBar {
            diagonal: vec![0.0; self.diagonal.len()],
            across: vec![0.0; self.across.len()],
            log_det: 0.0,
        }
    }

    /// Derivatives with respect to the rates of the factors of the block, from those with respect to what
    /// [`new`](Self::new) made of them.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn vjp(block: &Block, points: &[f64], bar: &ChainBar) -> Result<BlockBar> {
        let m = block.size();
        let mut out = block.zero_bar();
        let generators: Vec<Mat<f64>> =
            (0..block.factors.len()).map(|f| square(m, |out| block.generator(f, out))).collect();
        let mut step: Option<Step> = None;
        for k in 0..points.len().saturating_sub(1) {
            let length = points[k + 1] - points[k];
            let Step { a, precision, .. } = renewed(&mut step, block, length)?;
            let at = |all: &[f64], k: usize| Mat::from_fn(m, m, |i, j| all[k * m * m + i * m + j]);
            let (here, next) = (at(&bar.diagonal, k), at(&bar.diagonal, k + 1));
            let across = at(&bar.across, k);
            // Of AᵀRA, R and −AᵀR with R = Q⁻¹.
            let precision_bar = next + a * &here * a.transpose() - a * &across;
            let a_bar = precision * a * (&here + here.transpose()) - precision * across.transpose();
            let q_bar =
                -(precision * precision_bar * precision) - faer::Scale(bar.log_det) * precision;
            for (f, generator) in generators.iter().enumerate() {
                let slope = square(m, |out| block.noise_slope(f, length, out));
                out.rates[f] += length * (dot(&a_bar, &(generator * a)) + dot(&q_bar, &slope));
            }
        }
        Ok(out)
    }

    /// What the states at `points` say about the first state at `point`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn between(block: &Block, points: &[f64], point: f64) -> Result<Between> {
        let m = block.size();
        let after = points.partition_point(|&p| p < point);
        let unit = |k: usize| (k, (0..m).map(|i| f64::from(u8::from(i == 0))).collect());
        if points.get(after) == Some(&point) {
            return Ok(Between { weights: vec![unit(after)], left: 0.0 });
        }
        let stationary = square(m, |out| block.stationary(out));
        let transition = |length: f64| square(m, |out| block.transition(length, out));
        let noise = |length: f64| square(m, |out| block.noise(length, out));
        let row = |a: &Mat<f64>| (0..m).map(|j| a[(0, j)]).collect::<Vec<f64>>();
        if after == points.len() {
            let length = point - points[after - 1];
            let left = noise(length)[(0, 0)];
            return Ok(Between { weights: vec![(after - 1, row(&transition(length)))], left });
        }
        let onward = transition(points[after] - point);
        if after == 0 {
            let (inverse, ..) = inverse(&stationary).expect("a stationary covariance has one");
            let gain = &stationary * onward.transpose() * inverse;
            let left = (&stationary - &gain * onward * &stationary)[(0, 0)].max(0.0);
            return Ok(Between { weights: vec![(0, row(&gain))], left });
        }
        let (before, length) = (point - points[after - 1], points[after] - points[after - 1]);
        let (arrival, whole) = (transition(before), transition(length));
        let (q, total) = (noise(before), noise(length));
        let (inverse, ..) = inverse(&total).ok_or(Error::Degenerate { length })?;
        let gain = &q * onward.transpose() * inverse;
        let left = (&q - &gain * &onward * &q)[(0, 0)].max(0.0);
        let from = arrival - &gain * whole;
        Ok(Between { weights: vec![(after - 1, row(&from)), (after, row(&gain))], left })
    }
}

/// The step of that length, made anew only if the last one was another.
fn renewed<'s>(step: &'s mut Option<Step>, block: &Block, length: f64) -> Result<&'s Step> {
    if step.as_ref().is_none_or(|s| s.length != length) {
        *step = Some(Step::new(block, length)?);
    }
    Ok(step.as_ref().expect("it was made"))
}

fn square(m: usize, fill: impl FnOnce(&mut [f64])) -> Mat<f64> {
    let mut values = vec![0.0; m * m];
    fill(&mut values);
    MatRef::from_row_major_slice(&values, m, m).to_owned()
}

/// The inverse of a covariance, its log det, and the largest of a diagonal entry beside its pivot; `None`
/// where rounding leaves none.
fn inverse(a: &Mat<f64>) -> Option<(Mat<f64>, f64, f64)> {
    let root = Cholesky::new(a.as_ref()).ok()?;
    let m = a.nrows();
    let mut inverse = Mat::identity(m, m);
    root.solve_in_place(inverse.as_mut());
    let growth = (0..m).map(|j| a[(j, j)] / root.l()[(j, j)].powi(2)).fold(1.0, f64::max);
    let symmetric = Mat::from_fn(m, m, |i, j| 0.5 * (inverse[(i, j)] + inverse[(j, i)]));
    Some((symmetric, -root.log_det(), growth))
}

fn add(to: &mut [f64], block: MatRef<'_, f64>) {
    let m = block.ncols();
    to.iter_mut().enumerate().for_each(|(i, t)| *t += block[(i / m, i % m)]);
}

fn dot(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    (0..a.ncols()).map(|j| (0..a.nrows()).map(|i| a[(i, j)] * b[(i, j)]).sum::<f64>()).sum()
}
