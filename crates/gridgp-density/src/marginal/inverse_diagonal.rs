//! The diagonal of A⁻¹, which leaves each observation out in turn.

use faer::Mat;

use super::super::gaps::Full;
use super::predict::{Conditioned, Solution, SpectralSolution};

impl Conditioned {
    /// diag(A⁻¹) of the observed cells, on the grid, 0 where a cell is missing. `None` where A is known
    /// by its products or by filters.
    ///
    /// With it the observations that are left out one at a time are predicted by all others with mean
    /// yᵢ − αᵢ/\[A⁻¹\]ᵢᵢ and variance 1/\[A⁻¹\]ᵢᵢ (Rasmussen and Williams 2006, eq. 5.12).
    pub fn inverse_diagonal(&self) -> Option<Vec<f64>> {
        match &self.solution {
            Solution::Spectral(spectral) => Some(spectral.inverse_diagonal()),
            Solution::Dense(cells, covariance) => {
                let n = cells.len();
                let (mut scratch, mut inverse) = (Mat::zeros(n, n), Mat::zeros(n, n));
                covariance.root.inverse_lower(scratch.as_mut(), inverse.as_mut());
                let diagonal: Vec<f64> = (0..n).map(|i| inverse[(i, i)]).collect();
                Some(cells.spread(&diagonal))
            }
            _ => None,
        }
    }
}

impl SpectralSolution {
    fn inverse_diagonal(&self) -> Vec<f64> {
        let full = Full::of(&self.covariance);
        let mut diagonal = full.inverse_diagonal();
        if let Some((gaps, factor)) = &self.gaps {
            diagonal.iter_mut().zip(factor.squares(full)).for_each(|(d, s)| *d -= s);
            gaps.cells.iter().for_each(|&c| diagonal[c] = 0.0);
        }
        self.layout.spread(diagonal, self.size)
    }
}
