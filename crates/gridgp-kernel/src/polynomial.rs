//! Polynomial: all polynomials up to a degree.

use faer::{Mat, MatMut, MatRef};
use gridgp_grid::Points;

use super::linear::dot;
use super::list::{COLUMNS_DEGREE, KernelInfo};
use super::pairs::{below_diagonal, fill, fill_symmetric};
use super::{Covariance, Inputs, KernelOptions, KernelParameter, Role};

/// k = (x·y + c)^d; rank C(p+d, d), the number of monomials up to degree d: d + 1 for one
/// coordinate.
///
/// θ = (c), c ≥ 0; with c = 0 only monomials of degree d exactly remain, C(p+d−1, d). The diagonal
/// is not 1 and grows like |x|^2d: center and scale the coordinate. PyMC's `Polynomial` calls c
/// `offset` and has another `c`, the center, which is 0 here.
///
/// Features, one for each a = (a₀, …, a_p) with Σa = d:
/// √(d!/∏a!) c^{a₀/2} ∏ⱼ xⱼ^{aⱼ}, the multinomial theorem.
///
/// # Source
/// Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, section 4.2.2.
#[derive(Debug, Clone, PartialEq)]
pub struct Polynomial {
    inputs: Inputs,
    degree: i32,
    monomials: Vec<Monomial>,
}

/// √weight · c^{offset/2} · ∏ⱼ xⱼ^{powers[j]}.
#[derive(Debug, Clone, PartialEq)]
struct Monomial {
    root_weight: f64,
    offset: i32,
    powers: Vec<i32>,
}

impl Monomial {
    /// c^{offset/2}.
    fn offset_factor(&self, c: f64) -> f64 {
        let root = if self.offset % 2 == 1 { c.sqrt() } else { 1.0 };
        c.powi(self.offset / 2) * root
    }

    /// The value without the factor in c.
    fn without_offset(&self, x: impl Iterator<Item = f64>) -> f64 {
        x.zip(&self.powers).fold(self.root_weight, |m, (x, &a)| m * x.powi(a))
    }
}

/// No more features than this; no one wants n × 10⁴ of them.
const MAX_MONOMIALS: f64 = 10_000.0;
/// Beyond this degree the weights leave the range of f64.
const MAX_DEGREE: usize = 100;

impl Polynomial {
    pub(super) const INFO: KernelInfo = KernelInfo {
        name: "polynomial",
        formula: "(x . y + offset)^degree",
        parameters: &[("offset", "at least 0; at 0 only terms of the highest degree remain")],
        options: COLUMNS_DEGREE,
        rank: "number of monomials; degree + 1 for one coordinate",
        summary: "polynomials up to a degree; the diagonal is not 1",
    };

    /// The polynomial kernel of this degree; degree 0 is the constant 1.
    ///
    /// # Errors
    /// A degree above 100, or more than 10,000 monomials.
    pub fn new(inputs: Inputs, degree: usize) -> Result<Self, String> {
        let p = inputs.columns().len();
        // ∏ᵢ (d + i)/i for i = 1..p is C(p + d, d), as f64 so that it cannot overflow.
        let count: f64 = (1..=p).map(|i| (degree + i) as f64 / i as f64).product();
        if degree > MAX_DEGREE || count > MAX_MONOMIALS {
            return Err(format!(
                "polynomial: degree {degree} in {p} coordinates has {count:.0} monomials; degrees \
                 up to {MAX_DEGREE} with {MAX_MONOMIALS} monomials are possible, and beyond them \
                 squared_exponential serves better"
            ));
        }
        let mut monomials = vec![];
        expand(degree, p, 1.0, &mut vec![], &mut monomials);
        Ok(Self { inputs, degree: degree as i32, monomials })
    }

    pub(super) fn from_options(options: &KernelOptions) -> Result<Self, String> {
        let degree = options.degree.ok_or("polynomial needs a degree, for example `degree = 2`")?;
        Self::new(options.inputs()?, degree)
    }

    /// Only what remains without offset.
    pub(super) fn homogeneous(mut self) -> Self {
        self.monomials.retain(|m| m.offset == 0);
        self
    }

    /// The degree d.
    pub fn degree(&self) -> usize {
        self.degree as usize
    }

    /// Positions of the active coordinates.
    pub fn columns(&self) -> &[usize] {
        self.inputs.columns()
    }

    /// The features as monomials, at offset c: the powers of the active coordinates, and the factor
    /// √(d!/∏a!) c^{a₀/2}, which is the prior standard deviation of the monomial's coefficient.
    pub fn monomials(&self, offset: f64) -> impl Iterator<Item = (&[i32], f64)> {
        self.monomials
            .iter()
            .map(move |m| (m.powers.as_slice(), m.root_weight * m.offset_factor(offset)))
    }

    fn active(&self, x: &Points) -> Points {
        x.select(self.inputs.columns())
    }
}

/// Appends every monomial whose first powers are `powers`, with `left` of the degree still to give
/// to `coordinates` coordinates and the offset.
fn expand(
    left: usize,
    coordinates: usize,
    weight: f64,
    powers: &mut Vec<i32>,
    out: &mut Vec<Monomial>,
) {
    if coordinates == 0 {
        let (root_weight, offset) = (weight.sqrt(), left as i32);
        out.push(Monomial { root_weight, offset, powers: powers.clone() });
        return;
    }
    // C(left, a), updated from one power to the next.
    let mut choices = 1.0;
    for a in 0..=left {
        powers.push(a as i32);
        expand(left - a, coordinates - 1, weight * choices, powers, out);
        powers.pop();
        choices = choices * (left - a) as f64 / (a + 1) as f64;
    }
}

impl Covariance for Polynomial {
    fn parameters(&self) -> Vec<KernelParameter> {
        vec![KernelParameter::new("offset", Role::Offset, self.inputs.clone())]
    }

    fn parameter_count(&self) -> usize {
        1
    }

    fn gram(&self, x: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        let x = self.active(x);
        fill_symmetric(out, |i, j| (dot(x.row(i), x.row(j)) + theta[0]).powi(self.degree));
    }

    fn cross(&self, x: &Points, y: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        let (x, y) = (self.active(x), self.active(y));
        fill(out, |i, j| (dot(x.row(i), y.row(j)) + theta[0]).powi(self.degree));
    }

    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]) {
        let x = self.active(x);
        let k = |i| (dot(x.row(i), x.row(i)) + theta[0]).powi(self.degree);
        out.iter_mut().enumerate().for_each(|(i, slot)| *slot = k(i));
    }

    fn gram_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        gram_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        if self.degree == 0 {
            return;
        }
        let x = self.active(x);
        let power = |i, j| (dot(x.row(i), x.row(j)) + theta[0]).powi(self.degree - 1);
        let mut sum: f64 = (0..x.len()).map(|i| gram_bar[(i, i)] * power(i, i)).sum();
        below_diagonal(gram_bar, |i, j, weight| sum += weight * power(i, j));
        theta_bar[0] += f64::from(self.degree) * sum;
    }

    fn feature_count(&self) -> Option<usize> {
        Some(self.monomials.len())
    }

    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        let x = self.active(x);
        let mut features = Mat::zeros(x.len(), self.monomials.len());
        for (monomial, column) in self.monomials.iter().zip(features.col_iter_mut()) {
            let factor = monomial.offset_factor(theta[0]);
            for (i, f) in column.iter_mut().enumerate() {
                *f = factor * monomial.without_offset(x.row(i).iter().copied());
            }
        }
        Some(features)
    }

    fn features_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        features_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        // d c^{a/2}/dc = (a/2) c^{a/2}/c. At c = 0 it is infinite for a = 1; there we give 0,
        // the limit of c d/dc, which is what a c that is the exponential of an unknown needs.
        let c = theta[0];
        if c == 0.0 {
            return;
        }
        let x = self.active(x);
        for (monomial, column) in self.monomials.iter().zip(features_bar.col_iter()) {
            let slope = 0.5 * f64::from(monomial.offset) * monomial.offset_factor(c) / c;
            let bars = column.iter().enumerate();
            let sum: f64 =
                bars.map(|(i, f)| f * monomial.without_offset(x.row(i).iter().copied())).sum();
            theta_bar[0] += slope * sum;
        }
    }

    fn rank_bound(&self, x: &Points) -> usize {
        self.monomials.len().min(x.len())
    }
}
