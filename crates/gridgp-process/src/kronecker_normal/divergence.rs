//! The Kullback–Leibler divergence.

use faer::{Mat, MatRef};
use gridgp_grid::{Error, Result};

use super::{KroneckerNormal, modes};

impl KroneckerNormal {
    /// KL(self ‖ other) = E log self(x) − E log other(x), x from `self`.
    ///
    /// ```text
    /// ½ [ tr(B⁻¹A) + (μ_b − μ_a)ᵀ B⁻¹ (μ_b − μ_a) − rank + log det B − log det A ]
    /// ```
    /// for covariances A of `self` and B of `other`, by mode products and traces of the factors. It
    /// is +∞ where the one has no density with respect to the other: a singular distribution
    /// against a regular one, or two singular ones with different supports.
    ///
    /// # Errors
    /// [`Error::Data`] if the factors do not have the same sizes.
    pub fn kl_divergence(&self, other: &Self) -> Result<f64> {
        if self.shape() != other.shape() {
            return Err(Error::Data(format!(
                "the grids differ: {:?} and {:?}",
                self.shape(),
                other.shape()
            )));
        }
        let rank = self.rank();
        if rank != other.rank() {
            return Ok(f64::INFINITY);
        }
        let mean = MatRef::from_column_major_slice(&self.mean, self.size(), 1);
        let at_mean = other.log_prob(mean)[0];
        if at_mean == f64::NEG_INFINITY {
            return Ok(f64::INFINITY);
        }
        // log other(μ_a) holds the squares and the determinant of B; the rest is −½ tr(B⁻¹A).
        let (inside, outside) = other.traces(self);
        let noise = other.sigma * other.sigma;
        let mut trace: f64 = inside.iter().zip(&other.variances).map(|(t, d)| t / d).sum();
        let missing = (self.size() - other.variances.len()) as f64;
        let added = self.sigma * self.sigma;
        trace += added * other.variances.iter().map(|d| 1.0 / d).sum::<f64>();
        if other.sigma > 0.0 {
            trace += (outside + added * missing) / noise;
        } else if outside.sqrt() > other.support_tolerance(self.trace().sqrt()) {
            return Ok(f64::INFINITY);
        }
        Ok(0.5 * trace - at_mean - self.entropy())
    }

    /// tr ⊗Kₐ.
    fn trace(&self) -> f64 {
        self.factors.iter().map(|f| f.trace()).product()
    }

    /// The diagonal of QᵀKQ for the basis Q of `self` and the product K of `of`'s factors, and the
    /// trace of K beyond Q.
    fn traces(&self, of: &Self) -> (Vec<f64>, f64) {
        let mut diagonals = Vec::with_capacity(self.factors.len());
        // Π(reached + missed) − Π reached without a difference of large numbers.
        let (mut all, mut missed) = (1.0, 0.0);
        for (own, theirs) in self.factors.iter().zip(&of.factors) {
            let q = own.basis();
            let rotated = q.transpose() * theirs.root_matrix();
            let rest: Mat<f64> = theirs.root_matrix() - q * &rotated;
            let reached: Vec<f64> =
                (0..rotated.nrows()).map(|i| rotated.row(i).squared_norm_l2()).collect();
            let (sum, beyond) = (reached.iter().sum::<f64>(), rest.squared_norm_l2());
            missed = missed * (sum + beyond) + all * beyond;
            all *= sum;
            diagonals.push(reached);
        }
        (modes::outer(diagonals.iter().map(Vec::as_slice)), missed)
    }
}
