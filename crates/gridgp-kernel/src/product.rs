//! Products of kernels.

use faer::{Mat, MatMut, MatRef, unzip, zip};
use gridgp_grid::Points;

use super::sum::ranges;
use super::{Covariance, Kernel, KernelParameter, StateSpace};

/// k₁ k₂ …: related only where all factors say so.
///
/// θ concatenates the factors' θ. Of finite rank if all factors are; features are all products of
/// one feature of each factor, the last factor's running fastest (row-wise Khatri–Rao).
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    factors: Vec<Kernel>,
}

impl Product {
    /// The product of these kernels; products among them are dissolved.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(factors: Vec<Kernel>) -> Self {
        assert!(!factors.is_empty(), "a product of kernels needs a factor");
        let dissolve = |factor| match factor {
            Kernel::Product(product) => product.factors,
            other => vec![other],
        };
        Self { factors: factors.into_iter().flat_map(dissolve).collect() }
    }

    /// The factors.
    pub fn factors(&self) -> &[Kernel] {
        &self.factors
    }
}

impl std::ops::Mul for Kernel {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::Product(Product::new(vec![self, other]))
    }
}

/// a ⊙ b into a.
fn multiply(mut a: MatMut<'_, f64>, b: MatRef<'_, f64>) {
    zip!(&mut a, b).for_each(|unzip!(a, b)| *a *= *b);
}

/// C[i, (a, b)] = A[i, a] B[i, b], b fastest.
fn khatri_rao(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), a.ncols() * b.ncols());
    for (index, column) in out.col_iter_mut().enumerate() {
        let (a, b) = (a.col(index / b.ncols()), b.col(index % b.ncols()));
        zip!(column, a, b).for_each(|unzip!(out, a, b)| *out = a * b);
    }
    out
}

/// The pullback of [`khatri_rao`]: (Ā, B̄).
fn khatri_rao_vjp(
    a: MatRef<'_, f64>,
    b: MatRef<'_, f64>,
    bar: MatRef<'_, f64>,
) -> (Mat<f64>, Mat<f64>) {
    let mut a_bar = Mat::zeros(a.nrows(), a.ncols());
    let mut b_bar = Mat::zeros(b.nrows(), b.ncols());
    for (index, bar) in bar.col_iter().enumerate() {
        let (i, j) = (index / b.ncols(), index % b.ncols());
        zip!(a_bar.col_mut(i), bar, b.col(j)).for_each(|unzip!(out, bar, b)| *out += bar * b);
        zip!(b_bar.col_mut(j), bar, a.col(i)).for_each(|unzip!(out, bar, a)| *out += bar * a);
    }
    (a_bar, b_bar)
}

impl Covariance for Product {
    fn parameters(&self) -> Vec<KernelParameter> {
        self.factors.iter().flat_map(Covariance::parameters).collect()
    }

    fn parameter_count(&self) -> usize {
        self.factors.iter().map(Covariance::parameter_count).sum()
    }

    fn gram(&self, x: &Points, theta: &[f64], mut out: MatMut<'_, f64>) {
        let mut factor = Mat::zeros(out.nrows(), out.ncols());
        out.fill(1.0);
        for (kernel, range) in ranges(&self.factors) {
            kernel.gram(x, &theta[range], factor.as_mut());
            multiply(out.as_mut(), factor.as_ref());
        }
    }

    fn cross(&self, x: &Points, y: &Points, theta: &[f64], mut out: MatMut<'_, f64>) {
        let mut factor = Mat::zeros(out.nrows(), out.ncols());
        out.fill(1.0);
        for (kernel, range) in ranges(&self.factors) {
            kernel.cross(x, y, &theta[range], factor.as_mut());
            multiply(out.as_mut(), factor.as_ref());
        }
    }

    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]) {
        let mut factor = vec![0.0; out.len()];
        out.fill(1.0);
        for (kernel, range) in ranges(&self.factors) {
            kernel.diagonal(x, &theta[range], &mut factor);
            out.iter_mut().zip(&factor).for_each(|(out, factor)| *out *= factor);
        }
    }

    fn gram_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        gram_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        // The adjoint of factor f is K̄ ⊙ the other factors; no division, entries may be 0.
        let n = x.len();
        let gram = |(kernel, range): (&Kernel, std::ops::Range<usize>)| {
            let mut gram = Mat::zeros(n, n);
            kernel.gram(x, &theta[range], gram.as_mut());
            gram
        };
        let grams: Vec<Mat<f64>> = ranges(&self.factors).map(gram).collect();
        let mut bar = Mat::zeros(n, n);
        for (f, (kernel, range)) in ranges(&self.factors).enumerate() {
            if range.is_empty() {
                continue;
            }
            bar.copy_from(gram_bar);
            for (_, other) in grams.iter().enumerate().filter(|&(g, _)| g != f) {
                multiply(bar.as_mut(), other.as_ref());
            }
            kernel.gram_vjp(x, &theta[range.clone()], bar.as_ref(), &mut theta_bar[range]);
        }
    }

    fn feature_count(&self) -> Option<usize> {
        self.factors.iter().try_fold(1, |n: usize, k| Some(n.saturating_mul(k.feature_count()?)))
    }

    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        let mut product = Mat::full(x.len(), 1, 1.0);
        for (kernel, range) in ranges(&self.factors) {
            product = khatri_rao(product.as_ref(), kernel.features(x, &theta[range])?.as_ref());
        }
        Some(product)
    }

    fn features_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        features_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        // Forwards P_f = P_{f−1} ⊙ F_f, keeping all P; then back.
        let mut products = vec![Mat::full(x.len(), 1, 1.0)];
        let mut features = vec![];
        for (kernel, range) in ranges(&self.factors) {
            let own = kernel.features(x, &theta[range]).expect("all factors have features");
            let last = products.last().expect("starts with one");
            products.push(khatri_rao(last.as_ref(), own.as_ref()));
            features.push(own);
        }
        let steps: Vec<_> = ranges(&self.factors).zip(&features).zip(&products).collect();
        let mut bar = features_bar.to_owned();
        for (((kernel, range), own), before) in steps.into_iter().rev() {
            let (before_bar, own_bar) = khatri_rao_vjp(before.as_ref(), own.as_ref(), bar.as_ref());
            let own_theta_bar = &mut theta_bar[range.clone()];
            kernel.features_vjp(x, &theta[range], own_bar.as_ref(), own_theta_bar);
            bar = before_bar;
        }
    }

    fn rank_bound(&self, x: &Points) -> usize {
        self.factors.iter().map(|k| k.rank_bound(x)).fold(1, usize::saturating_mul).min(x.len())
    }

    fn unknown_point(&self, x: &Points) -> Option<usize> {
        self.factors.iter().filter_map(|k| k.unknown_point(x)).min()
    }

    fn state_space(&self) -> Option<StateSpace> {
        let mut all: Option<StateSpace> = None;
        for (kernel, range) in ranges(&self.factors) {
            let own = kernel.state_space()?;
            all = Some(match all {
                None => own,
                Some(before) => before.times(&own, range.start)?,
            });
        }
        all
    }

    fn is_stationary(&self) -> bool {
        self.factors.iter().all(Covariance::is_stationary)
    }

    fn has_unit_diagonal(&self) -> bool {
        self.factors.iter().all(Covariance::has_unit_diagonal)
    }
}
