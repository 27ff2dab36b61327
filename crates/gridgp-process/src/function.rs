//! A function with coefficients.

use gridgp_grid::Points;

use super::FiniteRank;

/// One function f(x) = φ(x)ᵀw, such as a draw of a [`FiniteRank`] process.
#[derive(Debug, Clone)]
pub struct Function<'p> {
    process: &'p FiniteRank,
    coefficients: Vec<f64>,
}

impl<'p> Function<'p> {
    pub(super) fn new(process: &'p FiniteRank, coefficients: Vec<f64>) -> Self {
        Self { process, coefficients }
    }

    /// w, r values, in the order of the kernel's features.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Its values at n points.
    ///
    /// # Panics
    /// As [`FiniteRank::features`].
    pub fn at(&self, x: &Points) -> Vec<f64> {
        self.process.combine(x, &self.coefficients)
    }

    /// Powers of the coordinates and the coefficient of each monomial, if it is a polynomial; in
    /// one coordinate by ascending power.
    pub fn monomials(&self) -> Option<Vec<(Vec<u32>, f64)>> {
        self.process.in_monomials(&self.coefficients)
    }
}
