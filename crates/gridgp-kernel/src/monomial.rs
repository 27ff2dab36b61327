//! Monomials: the terms of a polynomial, one degree at a time.

use faer::{Mat, MatMut, MatRef};
use gridgp_grid::Points;

use super::list::{COLUMNS_DEGREE, KernelInfo};
use super::{Covariance, Inputs, KernelOptions, KernelParameter, Polynomial};

/// k = (x·y)^d; rank C(p+d−1, d), the number of monomials of degree d exactly: 1 for one
/// coordinate.
///
/// No parameters. It is [`Polynomial`] without its offset, and its features are those of that
/// kernel: √(d!/∏a!) ∏ⱼ xⱼ^{aⱼ} with Σa = d. A sum of these with an amplitude each is the prior of
/// polynomials whose coefficients are independent, of any standard deviations:
/// `a^2 * constant() + b^2 * monomial(degree = 1) + c^2 * monomial(degree = 2)` in one coordinate is
/// a parabola with coefficients of standard deviations a, b and c. The diagonal is not 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Monomial {
    polynomial: Polynomial,
}

/// Without offset.
const OFFSET: [f64; 1] = [0.0];

impl Monomial {
    pub(super) const INFO: KernelInfo = KernelInfo {
        name: "monomial",
        formula: "(x . y)^degree",
        parameters: &[],
        options: COLUMNS_DEGREE,
        rank: "number of monomials of the degree; 1 for one coordinate",
        summary: "the terms of a polynomial of one degree; the diagonal is not 1",
    };

    /// The monomials of this degree; degree 0 is the constant 1.
    ///
    /// # Errors
    /// As [`Polynomial::new`].
    pub fn new(inputs: Inputs, degree: usize) -> Result<Self, String> {
        Ok(Self { polynomial: Polynomial::new(inputs, degree)?.homogeneous() })
    }

    pub(super) fn from_options(options: &KernelOptions) -> Result<Self, String> {
        let degree = options.degree.ok_or("monomial needs a degree, for example `degree = 2`")?;
        Self::new(options.inputs()?, degree)
    }

    /// Positions of the active coordinates.
    pub fn columns(&self) -> &[usize] {
        self.polynomial.columns()
    }

    /// The features: the powers of the active coordinates, and the factor √(d!/∏a!).
    pub fn monomials(&self) -> impl Iterator<Item = (&[i32], f64)> {
        self.polynomial.monomials(0.0)
    }
}

impl Covariance for Monomial {
    fn parameters(&self) -> Vec<KernelParameter> {
        vec![]
    }

    fn gram(&self, x: &Points, _theta: &[f64], out: MatMut<'_, f64>) {
        self.polynomial.gram(x, &OFFSET, out);
    }

    fn cross(&self, x: &Points, y: &Points, _theta: &[f64], out: MatMut<'_, f64>) {
        self.polynomial.cross(x, y, &OFFSET, out);
    }

    fn diagonal(&self, x: &Points, _theta: &[f64], out: &mut [f64]) {
        self.polynomial.diagonal(x, &OFFSET, out);
    }

    fn gram_vjp(&self, _: &Points, _: &[f64], _: MatRef<'_, f64>, _: &mut [f64]) {}

    fn feature_count(&self) -> Option<usize> {
        self.polynomial.feature_count()
    }

    fn features(&self, x: &Points, _theta: &[f64]) -> Option<Mat<f64>> {
        self.polynomial.features(x, &OFFSET)
    }

    fn features_vjp(&self, _: &Points, _: &[f64], _: MatRef<'_, f64>, _: &mut [f64]) {}

    fn rank_bound(&self, x: &Points) -> usize {
        self.polynomial.rank_bound(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_polynomial_at_offset_zero_without_what_vanishes() {
        let inputs = Inputs::new(None, &["a".into(), "b".into()]).unwrap();
        let points = Points::new(vec![0.3, 1.0, -0.4, 2.0, 1.7, 0.1], 2);
        for degree in 0..5 {
            let monomial = Monomial::new(inputs.clone(), degree).unwrap();
            let polynomial = Polynomial::new(inputs.clone(), degree).unwrap();
            let gram = |kernel: &dyn Covariance, theta: &[f64]| {
                let mut gram = Mat::zeros(3, 3);
                kernel.gram(&points, theta, gram.as_mut());
                gram
            };
            assert_eq!(gram(&monomial, &[]), gram(&polynomial, &[0.0]));
            // x^d, x^(d−1) y, … y^d.
            assert_eq!(monomial.features(&points, &[]).unwrap().ncols(), degree + 1);
            assert_eq!(monomial.rank_bound(&points), (degree + 1).min(3));
            let powers = monomial.monomials().map(|(powers, _)| powers.iter().sum::<i32>());
            assert!(powers.into_iter().all(|sum| sum == degree as i32));
        }
        let line = Inputs::new(None, &["x".into()]).unwrap();
        assert_eq!(Monomial::new(line, 7).unwrap().rank_bound(&points), 1);
    }
}
