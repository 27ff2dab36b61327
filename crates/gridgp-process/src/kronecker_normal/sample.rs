//! Draws, one at a time.

use faer::{Mat, MatMut};
use gridgp_linalg::sample::normal_into;

use super::{KroneckerNormal, modes};

/// Draws from a [`KroneckerNormal`], in memory of a few times N however many there are.
///
/// Draw i is x = μ + (⊗Rₐ) z + σ ε with z, ε ~ N(0, I) from the stream (seed, i): it depends on
/// nothing else, so draws can be made in any order, or again. N Σ nₐ operations each.
///
/// ```
/// use faer::mat;
/// use gridgp_process::kronecker_normal::{Factor, KroneckerNormal};
///
/// let factor = Factor::covariance(mat![[1.0, 0.5], [0.5, 2.0]].as_ref())?;
/// let normal = KroneckerNormal::new(vec![0.0; 4], vec![factor.clone(), factor], 0.0)?;
/// let mut sampler = normal.sampler(1);
/// let mut x = [0.0; 4];
/// let mut sum = 0.0;
/// for draw in 0..20_000 {
///     sampler.sample_into(draw, &mut x);
///     sum += x[0] * x[3];
/// }
/// assert!((sum / 20_000.0 - 0.25).abs() < 0.05);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
#[derive(Debug)]
pub struct Sampler<'n> {
    normal: &'n KroneckerNormal,
    seed: u64,
    numbers: Vec<f64>,
    now: Vec<f64>,
    scratch: Vec<f64>,
    shape: Vec<usize>,
}

impl KroneckerNormal {
    /// Draws with this seed.
    pub fn sampler(&self, seed: u64) -> Sampler<'_> {
        let roots = self.factors.iter().map(|f| f.root_matrix().ncols());
        let noise = if self.sigma > 0.0 { self.size() } else { 0 };
        let numbers = vec![0.0; roots.product::<usize>() + noise];
        let shape = Vec::with_capacity(self.factors.len());
        Sampler { normal: self, seed, numbers, now: vec![], scratch: vec![], shape }
    }

    /// The first `count` draws with this seed, as the columns of an N × count matrix.
    pub fn sample(&self, count: usize, seed: u64) -> Mat<f64> {
        let mut sampler = self.sampler(seed);
        let mut draws = Mat::zeros(self.size(), count);
        for draw in 0..count {
            sampler.sample_into(draw as u64, draws.col_as_slice_mut(draw));
        }
        draws
    }
}

impl Sampler<'_> {
    /// Draw number `draw`.
    ///
    /// # Panics
    /// If `out` does not have N entries.
    pub fn sample_into(&mut self, draw: u64, out: &mut [f64]) {
        let normal = self.normal;
        assert_eq!(out.len(), normal.size(), "a draw has one number for each point of the grid");
        let count = self.numbers.len();
        normal_into(
            self.seed,
            draw,
            MatMut::from_column_major_slice_mut(&mut self.numbers, count, 1),
        );
        self.shape.clear();
        self.shape.extend(normal.factors.iter().map(|f| f.root_matrix().ncols()));
        let (z, noise) = self.numbers.split_at(self.shape.iter().product());
        self.now.clear();
        self.now.extend_from_slice(z);
        let roots = normal.factors.iter().map(|f| Some(f.root_matrix()));
        modes::apply(roots, 1, &mut self.shape, &mut self.now, &mut self.scratch);
        for ((out, mean), field) in out.iter_mut().zip(&normal.mean).zip(&self.now) {
            *out = mean + field;
        }
        out.iter_mut().zip(noise).for_each(|(out, e)| *out += normal.sigma * e);
    }
}
