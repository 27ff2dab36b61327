//! The diagonal of A⁻¹, which leaves each observation out in turn.

use faer::Mat;
use gridgp_grid::Result;

use super::super::gaps::Full;
use super::predict::{BLOCK, Conditioned, Solution, SpectralSolution};

impl Conditioned {
    /// diag(A⁻¹) of the observed cells, on the grid, 0 where a cell is missing.
    ///
    /// With it the observations that are left out one at a time are predicted by all others with mean
    /// yᵢ − αᵢ/\[A⁻¹\]ᵢᵢ and variance 1/\[A⁻¹\]ᵢᵢ (Rasmussen and Williams 2006, eq. 5.12). Where A is known
    /// by its products, it takes a solution for each cell.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] where an iteration does not converge, or filters would lose the
    /// numbers in rounding.
    pub fn inverse_diagonal(&self) -> Result<Vec<f64>> {
        match &self.solution {
            Solution::Spectral(spectral) => Ok(spectral.inverse_diagonal()),
            Solution::Series(series) => series.inverse_diagonal(),
            Solution::Sparse(sparse) => Ok(sparse.inverse_diagonal()),
            Solution::Iterative(i) => {
                let mut diagonal = vec![0.0; self.alpha.len()];
                for numbers in i.cells.numbers.chunks(BLOCK) {
                    let mut columns = vec![vec![0.0; self.alpha.len()]; numbers.len()];
                    columns.iter_mut().zip(numbers).for_each(|(column, &c)| column[c] = 1.0);
                    self.solve_all(&mut columns)?;
                    columns.iter().zip(numbers).for_each(|(x, &c)| diagonal[c] = x[c]);
                }
                Ok(diagonal)
            }
            Solution::Dense(cells, covariance) => {
                let n = cells.len();
                let (mut scratch, mut inverse) = (Mat::zeros(n, n), Mat::zeros(n, n));
                covariance.root.inverse_lower(scratch.as_mut(), inverse.as_mut());
                let diagonal: Vec<f64> = (0..n).map(|i| inverse[(i, i)]).collect();
                Ok(cells.spread(&diagonal))
            }
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
