//! Independent blocks of states, at one θ.

use std::cmp::Ordering;

use super::Factor;

/// Most factors of a block.
pub(super) const MOST: usize = 8;
/// Entries of the largest factor.
const ENTRIES: usize = 9;

/// A process whose states are the products of those of its factors, the last factor's running fastest;
/// of all states the first is observed, times a gain and some distances.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// What multiplies the first state.
    pub gain: f64,
    /// The first state is multiplied with t − c for each of these c as well.
    pub centers: Vec<f64>,
    /// The factors; none for a number that never changes.
    pub factors: Vec<Factor>,
    /// What this block and those that follow leave out of the variance of their term, beside the
    /// product of the (t − c)².
    pub left_out: f64,
    /// Which term of the form it belongs to, and which cosine of each periodic factor it is.
    pub(super) origin: (usize, Vec<usize>),
}

/// Derivatives with respect to the numbers of a [`Block`].
#[derive(Debug, Clone, PartialEq)]
pub struct BlockBar {
    /// ∂/∂gain.
    pub gain: f64,
    /// ∂/∂c.
    pub centers: Vec<f64>,
    /// ∂/∂rate of each factor.
    pub rates: Vec<f64>,
}

impl Block {
    /// A block of these factors, observed as it is.
    ///
    /// # Panics
    /// If there are more than eight factors.
    pub fn new(gain: f64, factors: Vec<Factor>) -> Self {
        assert!(factors.len() <= MOST, "{} factors; a block has at most {MOST}", factors.len());
        Self { gain, centers: Vec::new(), factors, left_out: 0.0, origin: (0, Vec::new()) }
    }

    /// The number of states.
    pub fn size(&self) -> usize {
        self.factors.iter().map(|f| f.size()).product()
    }

    /// Derivatives of 0.
    pub fn zero_bar(&self) -> BlockBar {
        BlockBar {
            gain: 0.0,
            centers: vec![0.0; self.centers.len()],
            rates: vec![0.0; self.factors.len()],
        }
    }

    /// P, row-major.
    pub fn stationary(&self, out: &mut [f64]) {
        self.products(out, |i, at| self.factors[i].stationary()[at]);
    }

    /// A(δ), row-major.
    pub fn transition(&self, step: f64, out: &mut [f64]) {
        let mut tables = [[0.0; ENTRIES]; MOST];
        for (f, table) in self.factors.iter().zip(&mut tables) {
            f.transition(step, &mut table[..f.size() * f.size()]);
        }
        self.products(out, |i, at| tables[i][at]);
    }

    /// Q(δ), row-major, without a difference of numbers that are nearly equal.
    pub fn noise(&self, step: f64, out: &mut [f64]) {
        // With M = P − Q = A P Aᵀ of each factor: M ⊗ … ⊗ Q ⊗ P ⊗ …, summed over the place of Q.
        let noise = self.noises(step);
        out.fill(0.0);
        for (q, f) in self.factors.iter().enumerate() {
            if matches!(f, Factor::Rotation { .. }) {
                continue;
            }
            self.add_products(out, |i, at| match i.cmp(&q) {
                Ordering::Less => self.factors[i].stationary()[at] - noise[i][at],
                Ordering::Equal => noise[i][at],
                Ordering::Greater => self.factors[i].stationary()[at],
            });
        }
    }

    /// F of one factor on the states of the block, row-major: ∂A/∂rate = δ F A.
    pub fn generator(&self, factor: usize, out: &mut [f64]) {
        self.products(out, |i, at| {
            let f = self.factors[i];
            if i == factor {
                f.generator()[at]
            } else {
                f64::from(u8::from(at % f.size() == at / f.size()))
            }
        });
    }

    /// ∂Q/∂u of one factor, u = rate · δ, row-major.
    pub fn noise_slope(&self, factor: usize, step: f64, out: &mut [f64]) {
        let f = self.factors[factor];
        if !matches!(f, Factor::Matern { .. }) {
            return out.fill(0.0);
        }
        let noise = self.noises(step);
        let mut slope = [0.0; ENTRIES];
        f.noise_slope(step, &mut slope[..f.size() * f.size()]);
        self.products(out, |i, at| {
            if i == factor { slope[at] } else { self.factors[i].stationary()[at] - noise[i][at] }
        });
    }

    /// Q of each factor.
    fn noises(&self, step: f64) -> [[f64; ENTRIES]; MOST] {
        let mut tables = [[0.0; ENTRIES]; MOST];
        for (f, table) in self.factors.iter().zip(&mut tables) {
            f.noise(step, &mut table[..f.size() * f.size()]);
        }
        tables
    }

    /// The Kronecker product of a matrix for each factor, of which `entry` gives the entries.
    fn products(&self, out: &mut [f64], entry: impl Fn(usize, usize) -> f64) {
        out.fill(0.0);
        self.add_products(out, entry);
    }

    fn add_products(&self, out: &mut [f64], entry: impl Fn(usize, usize) -> f64) {
        let size = self.size();
        assert_eq!(out.len(), size * size, "a block of {size} states takes their square");
        // One or two factors are what nearly all blocks have, and steps that differ need many of these.
        match self.factors.as_slice() {
            [_] => out.iter_mut().enumerate().for_each(|(at, out)| *out += entry(0, at)),
            [f, g] => {
                let (n, m) = (f.size(), g.size());
                for (i, rows) in out.chunks_exact_mut(size * m).enumerate() {
                    for (k, row) in rows.chunks_exact_mut(size).enumerate() {
                        for (j, cells) in row.chunks_exact_mut(m).enumerate() {
                            let first = entry(0, i * n + j);
                            let cells = cells.iter_mut().enumerate();
                            cells.for_each(|(l, out)| *out += first * entry(1, k * m + l));
                        }
                    }
                }
            }
            factors => {
                for (at, out) in out.iter_mut().enumerate() {
                    let (mut row, mut column, mut product) = (at / size, at % size, 1.0);
                    for (i, f) in factors.iter().enumerate().rev() {
                        let n = f.size();
                        product *= entry(i, row % n * n + column % n);
                        (row, column) = (row / n, column / n);
                    }
                    *out += product;
                }
            }
        }
    }

    /// Whether nothing is added to the states as time goes by.
    pub fn is_deterministic(&self) -> bool {
        self.factors.iter().all(|f| matches!(f, Factor::Rotation { .. }))
    }

    /// What multiplies the first state at `time`.
    pub fn loading(&self, time: f64) -> f64 {
        self.centers.iter().fold(self.gain, |g, c| g * (time - c))
    }
}
