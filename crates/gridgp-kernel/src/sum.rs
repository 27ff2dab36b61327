//! Sums of kernels.

use faer::{Mat, MatMut, MatRef, unzip, zip};
use gridgp_grid::Points;

use super::{Covariance, Kernel, KernelParameter, StateSpace};

/// k₁ + k₂ + …: independent functions added.
///
/// θ concatenates the terms' θ. Of finite rank if all terms are; features stand side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    terms: Vec<Kernel>,
}

impl Sum {
    /// The sum of these kernels; sums among them are dissolved.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(terms: Vec<Kernel>) -> Self {
        assert!(!terms.is_empty(), "a sum of kernels needs a term");
        let dissolve = |term| match term {
            Kernel::Sum(sum) => sum.terms,
            other => vec![other],
        };
        Self { terms: terms.into_iter().flat_map(dissolve).collect() }
    }

    /// The terms.
    pub fn terms(&self) -> &[Kernel] {
        &self.terms
    }
}

impl std::ops::Add for Kernel {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::Sum(Sum::new(vec![self, other]))
    }
}

/// Each kernel with the range of its parameters in the concatenated θ.
pub(super) fn ranges(
    kernels: &[Kernel],
) -> impl Iterator<Item = (&Kernel, std::ops::Range<usize>)> {
    let mut start = 0;
    kernels.iter().map(move |kernel| {
        let range = start..start + kernel.parameter_count();
        start = range.end;
        (kernel, range)
    })
}

impl Covariance for Sum {
    fn parameters(&self) -> Vec<KernelParameter> {
        self.terms.iter().flat_map(Covariance::parameters).collect()
    }

    fn parameter_count(&self) -> usize {
        self.terms.iter().map(Covariance::parameter_count).sum()
    }

    fn gram(&self, x: &Points, theta: &[f64], mut out: MatMut<'_, f64>) {
        let mut term = Mat::zeros(out.nrows(), out.ncols());
        out.fill(0.0);
        for (kernel, range) in ranges(&self.terms) {
            kernel.gram(x, &theta[range], term.as_mut());
            zip!(&mut out, &term).for_each(|unzip!(out, term)| *out += *term);
        }
    }

    fn cross(&self, x: &Points, y: &Points, theta: &[f64], mut out: MatMut<'_, f64>) {
        let mut term = Mat::zeros(out.nrows(), out.ncols());
        out.fill(0.0);
        for (kernel, range) in ranges(&self.terms) {
            kernel.cross(x, y, &theta[range], term.as_mut());
            zip!(&mut out, &term).for_each(|unzip!(out, term)| *out += *term);
        }
    }

    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]) {
        let mut term = vec![0.0; out.len()];
        out.fill(0.0);
        for (kernel, range) in ranges(&self.terms) {
            kernel.diagonal(x, &theta[range], &mut term);
            out.iter_mut().zip(&term).for_each(|(out, term)| *out += term);
        }
    }

    fn gram_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        gram_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        for (kernel, range) in ranges(&self.terms) {
            kernel.gram_vjp(x, &theta[range.clone()], gram_bar, &mut theta_bar[range]);
        }
    }

    fn feature_count(&self) -> Option<usize> {
        self.terms.iter().try_fold(0, |n: usize, k| Some(n.saturating_add(k.feature_count()?)))
    }

    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        let parts: Vec<Mat<f64>> = ranges(&self.terms)
            .map(|(kernel, range)| kernel.features(x, &theta[range]))
            .collect::<Option<_>>()?;
        let mut features = Mat::zeros(x.len(), parts.iter().map(Mat::ncols).sum());
        let mut start = 0;
        for part in &parts {
            features.subcols_mut(start, part.ncols()).copy_from(part);
            start += part.ncols();
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
        let mut start = 0;
        for (kernel, range) in ranges(&self.terms) {
            let part = kernel.features(x, &theta[range.clone()]);
            let count = part.expect("all terms have features").ncols();
            let bar = features_bar.subcols(start, count);
            kernel.features_vjp(x, &theta[range.clone()], bar, &mut theta_bar[range]);
            start += count;
        }
    }

    fn rank_bound(&self, x: &Points) -> usize {
        self.terms.iter().map(|k| k.rank_bound(x)).fold(0, usize::saturating_add).min(x.len())
    }

    fn unknown_point(&self, x: &Points) -> Option<usize> {
        self.terms.iter().filter_map(|k| k.unknown_point(x)).min()
    }

    fn state_space(&self) -> Option<StateSpace> {
        let mut all: Option<StateSpace> = None;
        for (kernel, range) in ranges(&self.terms) {
            let own = kernel.state_space()?;
            all = Some(match all {
                None => own,
                Some(before) => before.plus(&own, range.start)?,
            });
        }
        all
    }

    fn is_stationary(&self) -> bool {
        self.terms.iter().all(Covariance::is_stationary)
    }
}
