//! Kernels of one coordinate as Markov processes: what a filter along a long axis needs.
//!
//! A Gaussian process with such a kernel is a sum of independent blocks of states, and of each block the
//! first state, times a gain, is observed. Between two times the states go by a matrix A(δ) and gain
//! noise of covariance Q(δ); their stationary covariance is P. So k(t, s) = Σ c(t) c(s) \[A(|t − s|) P\]₀₀
//! over the blocks, with c the gains. Matérn kernels of half-integer order, waves, constants, straight
//! lines and white noise are such, their sums and products, and multiples.
//!
//! A periodic kernel is a sum of cosines, as many as leave out less than 1e-12 of its variance; the bound
//! of what is left out comes along.

mod block;
mod cosines;
mod factor;

use std::f64::consts::TAU;

pub use block::{Block, BlockBar};
use cosines::{Cosines, LEFT_OUT, MOST};
pub use factor::Factor;

/// A kernel as a Markov process in one coordinate; numbers arrive as θ.
#[derive(Debug, Clone, PartialEq)]
pub struct StateSpace {
    column: Option<usize>,
    terms: Vec<Term>,
}

/// A product; all numbers are positions in θ.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    amplitudes: Vec<usize>,
    centers: Vec<usize>,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Matern { order: usize, lengthscale: usize },
    Cosine { period: usize },
    Periodic { period: usize, lengthscale: usize },
    White,
}

impl Term {
    fn shifted(&self, by: usize) -> Self {
        let all = |positions: &[usize]| positions.iter().map(|p| p + by).collect();
        let part = |part: &Part| match *part {
            Part::Matern { order, lengthscale } => {
                Part::Matern { order, lengthscale: lengthscale + by }
            }
            Part::Cosine { period } => Part::Cosine { period: period + by },
            Part::Periodic { period, lengthscale } => {
                Part::Periodic { period: period + by, lengthscale: lengthscale + by }
            }
            Part::White => Part::White,
        };
        Self {
            amplitudes: all(&self.amplitudes),
            centers: all(&self.centers),
            parts: self.parts.iter().map(part).collect(),
        }
    }
}

impl StateSpace {
    fn one(column: usize, centers: Vec<usize>, parts: Vec<Part>) -> Self {
        let term = Term { amplitudes: Vec::new(), centers, parts };
        Self { column: Some(column), terms: vec![term] }
    }

    /// The Matérn kernel with ν = order − ½ and θ = (ℓ).
    pub fn matern(column: usize, order: usize) -> Self {
        assert!((1..=3).contains(&order), "a Matérn process has 1, 2 or 3 states, not {order}");
        Self::one(column, Vec::new(), vec![Part::Matern { order, lengthscale: 0 }])
    }

    /// cos(2πr/p) with θ = (p).
    pub fn cosine(column: usize) -> Self {
        Self::one(column, Vec::new(), vec![Part::Cosine { period: 0 }])
    }

    /// exp(−2 sin²(πr/p)/ℓ²) with θ = (p, ℓ), as a sum of cosines.
    pub fn periodic(column: usize) -> Self {
        Self::one(column, Vec::new(), vec![Part::Periodic { period: 0, lengthscale: 1 }])
    }

    /// (x − c)(y − c) with θ = (c).
    pub fn linear(column: usize) -> Self {
        Self::one(column, vec![0], Vec::new())
    }

    /// 1 where x = y, else 0; no θ.
    pub fn white(column: usize) -> Self {
        Self::one(column, Vec::new(), vec![Part::White])
    }

    /// 1; no θ.
    pub fn constant() -> Self {
        let term = Term { amplitudes: Vec::new(), centers: Vec::new(), parts: Vec::new() };
        Self { column: None, terms: vec![term] }
    }

    /// a² k, with a before the θ of k.
    #[must_use]
    pub fn scaled(&self) -> Self {
        let term = |t: &Term| {
            let mut term = t.shifted(1);
            term.amplitudes.push(0);
            term
        };
        Self { column: self.column, terms: self.terms.iter().map(term).collect() }
    }

    /// k₁ + k₂, the θ of k₂ from position `count` on; `None` if they see different coordinates.
    pub fn plus(&self, other: &Self, count: usize) -> Option<Self> {
        let column = same(self.column, other.column)?;
        let terms = self.terms.iter().cloned();
        let terms = terms.chain(other.terms.iter().map(|t| t.shifted(count))).collect();
        Some(Self { column, terms })
    }

    /// k₁ k₂, the θ of k₂ from position `count` on; `None` if they see different coordinates, or have more
    /// than eight factors together.
    pub fn times(&self, other: &Self, count: usize) -> Option<Self> {
        let column = same(self.column, other.column)?;
        let mut terms = Vec::new();
        for a in &self.terms {
            for b in &other.terms {
                let (mut term, b) = (a.clone(), b.shifted(count));
                term.amplitudes.extend(b.amplitudes);
                term.centers.extend(b.centers);
                term.parts.extend(b.parts);
                if term.parts.len() > block::MOST {
                    return None;
                }
                terms.push(term);
            }
        }
        Some(Self { column, terms })
    }

    /// The position of the coordinate that is time; `None` if none is looked at.
    pub fn column(&self) -> Option<usize> {
        self.column
    }

    /// Whether a number of cosines stands for a periodic kernel.
    pub fn has_cosines(&self) -> bool {
        let is_periodic = |p: &Part| matches!(p, Part::Periodic { .. });
        self.terms.iter().any(|t| t.parts.iter().any(is_periodic))
    }

    /// Whether it is one block, without cosines and distances from a center.
    pub fn is_one_block(&self) -> bool {
        let is_periodic = |p: &Part| matches!(p, Part::Periodic { .. });
        matches!(self.terms.as_slice(), [t] if t.centers.is_empty() && !t.parts.iter().any(is_periodic))
    }

    /// Whether it is one block whose states at different times have a precision matrix: each step adds
    /// noise to all of them.
    pub fn has_precision(&self) -> bool {
        let is_noisy = |p: &Part| matches!(p, Part::Matern { .. } | Part::White);
        self.is_one_block() && self.terms[0].parts.iter().any(is_noisy)
    }

    /// The sizes of its blocks where each periodic factor is so many cosines.
    pub fn block_sizes(&self, cosines: usize) -> Vec<usize> {
        let mut sizes = Vec::new();
        for term in &self.terms {
            let mut own = vec![1];
            for part in &term.parts {
                own = match part {
                    Part::Matern { order, .. } => own.iter().map(|n| n * order).collect(),
                    Part::Cosine { .. } => own.iter().map(|n| n * 2).collect(),
                    Part::White => own,
                    Part::Periodic { .. } => {
                        let waves = (1..cosines).flat_map(|_| own.iter().map(|n| n * 2));
                        own.iter().copied().chain(waves).collect()
                    }
                };
            }
            sizes.extend(own);
        }
        sizes
    }

    /// The blocks at θ.
    ///
    /// # Errors
    /// A periodic kernel of so short a lengthscale that it needs more than 128 cosines.
    pub fn blocks(&self, theta: &[f64]) -> Result<Vec<Block>, String> {
        let mut blocks = Vec::new();
        for (position, term) in self.terms.iter().enumerate() {
            let amplitude: f64 = term.amplitudes.iter().map(|&a| theta[a]).product();
            let first = blocks.len();
            let centers: Vec<f64> = term.centers.iter().map(|&c| theta[c]).collect();
            let mut own = vec![Block {
                gain: amplitude,
                centers,
                factors: Vec::new(),
                left_out: 0.0,
                origin: (position, Vec::new()),
            }];
            let mut left_out = 0.0;
            for part in &term.parts {
                match *part {
                    Part::Matern { order, lengthscale } => {
                        let rate = matern_root(order) / theta[lengthscale];
                        own.iter_mut().for_each(|b| b.factors.push(Factor::Matern { order, rate }));
                    }
                    Part::Cosine { period } => {
                        let rate = TAU / theta[period];
                        own.iter_mut().for_each(|b| b.factors.push(Factor::Rotation { rate }));
                    }
                    Part::White => own.iter_mut().for_each(|b| b.factors.push(Factor::White)),
                    Part::Periodic { period, lengthscale } => {
                        let cosines = cosines(theta[lengthscale])?;
                        left_out += cosines.left_out;
                        own = own
                            .iter()
                            .flat_map(|b| harmonics(b, &cosines, theta[period]))
                            .collect();
                    }
                }
            }
            blocks.append(&mut own);
            blocks[first].left_out = amplitude * amplitude * left_out;
        }
        Ok(blocks)
    }

    /// Adds the derivatives with respect to θ to `theta_bar`, from those with respect to the numbers of
    /// the blocks that [`blocks`](Self::blocks) made of the same θ.
    pub fn blocks_vjp(
        &self,
        theta: &[f64],
        blocks: &[Block],
        bars: &[BlockBar],
        theta_bar: &mut [f64],
    ) {
        for (block, bar) in blocks.iter().zip(bars) {
            let term = &self.terms[block.origin.0];
            term.centers.iter().zip(&bar.centers).for_each(|(&c, b)| theta_bar[c] += b);
            let (mut factor, mut share) = (0, 1.0);
            let mut waves = block.origin.1.iter();
            for part in &term.parts {
                match *part {
                    Part::Matern { order, lengthscale } => {
                        let l = theta[lengthscale];
                        theta_bar[lengthscale] -= matern_root(order) / l * (bar.rates[factor] / l);
                        factor += 1;
                    }
                    Part::Cosine { period } => {
                        theta_bar[period] -=
                            TAU / theta[period] * (bar.rates[factor] / theta[period]);
                        factor += 1;
                    }
                    Part::White => factor += 1,
                    Part::Periodic { period, lengthscale } => {
                        let wave = *waves.next().expect("one number for each periodic factor");
                        let cosines = cosines(theta[lengthscale]).expect("the blocks were made");
                        // The gain has √w.
                        theta_bar[lengthscale] +=
                            0.5 * bar.gain * block.gain * cosines.slopes[wave];
                        share *= cosines.weights[wave].sqrt();
                        if wave > 0 {
                            let rate = wave as f64 * TAU / theta[period];
                            theta_bar[period] -= rate * (bar.rates[factor] / theta[period]);
                            factor += 1;
                        }
                    }
                }
            }
            // Without a division: an amplitude may be 0.
            for (i, &a) in term.amplitudes.iter().enumerate() {
                let others = term.amplitudes.iter().enumerate().filter(|(j, _)| *j != i);
                let others: f64 = others.map(|(_, &a)| theta[a]).product();
                theta_bar[a] += bar.gain * share * others;
            }
        }
    }
}

/// √(2ν).
fn matern_root(order: usize) -> f64 {
    (2.0 * order as f64 - 1.0).sqrt()
}

fn cosines(lengthscale: f64) -> Result<Cosines, String> {
    Cosines::new(lengthscale).ok_or_else(|| {
        format!(
            "a periodic kernel of lengthscale {lengthscale} is more than {MOST} cosines: they would \
             leave out more than {LEFT_OUT:e} of its variance"
        )
    })
}

/// A block for each cosine of a periodic factor.
fn harmonics(block: &Block, cosines: &Cosines, period: f64) -> Vec<Block> {
    let one = |(j, weight): (usize, &f64)| {
        let mut block = block.clone();
        block.gain *= weight.sqrt();
        block.origin.1.push(j);
        if j > 0 {
            block.factors.push(Factor::Rotation { rate: j as f64 * TAU / period });
        }
        block
    };
    cosines.weights.iter().enumerate().map(one).collect()
}

/// The one coordinate of two kernels; `None` if they differ.
fn same(a: Option<usize>, b: Option<usize>) -> Option<Option<usize>> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => None,
        (a, b) => Some(a.or(b)),
    }
}
