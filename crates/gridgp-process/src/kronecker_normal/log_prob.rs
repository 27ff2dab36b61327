//! The log density.

use std::f64::consts::TAU;

use faer::MatRef;

use super::{KroneckerNormal, modes};

/// A block of values as its deviations from the mean, in the eigenbasis and beyond it; row-major
/// tensors with the batch as their slowest axis.
pub(super) struct Rotated {
    /// (⊗Qₐ)ᵀ (x − μ), batch × ∏rₐ.
    pub(super) inside: Vec<f64>,
    /// What the basis does not reach, batch × N; absent if it reaches everything.
    pub(super) outside: Option<Vec<f64>>,
}

impl KroneckerNormal {
    /// log p of each column of `x`, N × batch.
    ///
    /// ```text
    /// −½ Σ t²/d − ½ ‖o‖²/σ² − ½ log det − ½ rank · log 2π
    /// ```
    /// with t = (⊗Qₐ)ᵀ(x − μ), d = ⊗λₐ + σ² and o what Q does not reach. For σ = 0 a value with
    /// o ≠ 0 has −∞; o counts as 0 up to what rounding in x, μ and the factors explains. A value
    /// that is not finite has −∞.
    ///
    /// # Panics
    /// If `x` does not have N rows.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        let mut out = Vec::with_capacity(x.ncols());
        for block in self.blocks(x) {
            out.extend(self.log_probs_of(block, &self.rotate(block)));
        }
        out
    }

    /// log p of one value, N numbers.
    ///
    /// # Panics
    /// If `x` does not have N entries.
    pub fn log_prob_one(&self, x: &[f64]) -> f64 {
        self.log_prob(MatRef::from_column_major_slice(x, x.len(), 1))[0]
    }

    /// The columns in blocks that stay in cache where they can.
    pub(super) fn blocks<'x>(
        &self,
        x: MatRef<'x, f64>,
    ) -> impl Iterator<Item = MatRef<'x, f64>> + use<'x> {
        assert_eq!(x.nrows(), self.size(), "a value has one number for each point of the grid");
        let width = ((1 << 17) / self.size().max(1)).max(1);
        (0..x.ncols())
            .step_by(width)
            .map(move |first| x.subcols(first, width.min(x.ncols() - first)))
    }

    pub(super) fn rotate(&self, x: MatRef<'_, f64>) -> Rotated {
        let mut deviation = Vec::with_capacity(x.nrows() * x.ncols());
        for column in x.col_iter() {
            deviation.extend(column.iter().zip(&self.mean).map(|(x, m)| x - m));
        }
        if self.variances.len() == self.size() {
            return Rotated { inside: self.project(deviation, x.ncols()), outside: None };
        }
        let inside = self.project(deviation.clone(), x.ncols());
        // Projecting twice removes what cancellation leaves inside of the span.
        for _ in 0..2 {
            let reached = self.expand(self.project(deviation.clone(), x.ncols()), x.ncols());
            deviation.iter_mut().zip(reached).for_each(|(d, r)| *d -= r);
        }
        Rotated { inside, outside: Some(deviation) }
    }

    /// (⊗Qₐ)ᵀ x.
    fn project(&self, mut x: Vec<f64>, batch: usize) -> Vec<f64> {
        modes::apply(self.entering_basis(), batch, &mut self.shape(), &mut x, &mut Vec::new());
        x
    }

    /// (⊗Qₐ) t.
    pub(super) fn expand(&self, mut t: Vec<f64>, batch: usize) -> Vec<f64> {
        let mut ranks: Vec<usize> = self.factors.iter().map(|f| f.rank()).collect();
        modes::apply(self.leaving_basis(), batch, &mut ranks, &mut t, &mut Vec::new());
        t
    }

    pub(super) fn log_probs_of(&self, x: MatRef<'_, f64>, rotated: &Rotated) -> Vec<f64> {
        let (n, r) = (self.size(), self.variances.len());
        let constant = -0.5 * (self.log_det + self.rank() as f64 * TAU.ln());
        let log_prob = |b: usize| {
            if x.col(b).iter().any(|v| v.is_nan()) {
                return f64::NAN;
            }
            let inside = &rotated.inside[b * r..][..r];
            let mut squares: f64 = inside.iter().zip(&self.variances).map(|(t, d)| t * t / d).sum();
            if let Some(outside) = &rotated.outside {
                let outside: f64 = outside[b * n..][..n].iter().map(|o| o * o).sum();
                if self.sigma > 0.0 {
                    squares += outside / (self.sigma * self.sigma);
                } else if outside.sqrt() > self.support_tolerance(x.col(b).norm_l2()) {
                    return f64::NEG_INFINITY;
                }
            }
            if squares.is_finite() { constant - 0.5 * squares } else { f64::NEG_INFINITY }
        };
        (0..x.ncols()).map(log_prob).collect()
    }

    /// How far from the support a value of this norm may appear when it lies on it.
    pub(super) fn support_tolerance(&self, norm: f64) -> f64 {
        let mean: f64 = self.mean.iter().map(|m| m * m).sum::<f64>().sqrt();
        let largest = self.variances.iter().fold(0.0_f64, |m, v| m.max(*v)).sqrt();
        let error: f64 = self.factors.iter().map(|f| f.support_error()).sum();
        10.0 * error * (norm + mean + largest)
    }
}
