//! The axes that a filter runs over beside time, as features: F with F Fᵀ the product of their factors.

use faer::Mat;
use gridgp_dense::Cholesky;
use gridgp_grid::{Error, Points, Result};
use gridgp_kernel::Covariance;

use super::super::axis::AxisFactor;
use super::super::predict::Arrangement;
use super::timeline::Timeline;

/// The features of one axis.
#[derive(Debug, Clone)]
enum Root {
    /// No kernel: one function.
    One,
    /// A kernel of finite rank: its own functions.
    Features,
    /// K = L Lᵀ.
    Cholesky(Cholesky),
}

/// F of one term: rows are sites, all points of the other axes, the last axis fastest.
#[derive(Debug, Clone)]
pub(super) struct Space {
    roots: Vec<Root>,
    /// F of each axis, covariates of the data included.
    factors: Vec<Mat<f64>>,
    /// F.
    pub(super) features: Mat<f64>,
}

impl Space {
    /// F at `theta` of the inner axes.
    ///
    /// # Errors
    /// [`Error::Singular`] that names the axis.
    pub(super) fn new(axes: &[AxisFactor], timeline: &Timeline, theta: &[f64]) -> Result<Self> {
        let (mut roots, mut factors) = (Vec::new(), Vec::new());
        for (_, axis) in timeline.inner(axes) {
            let n = axis.size();
            let (root, mut factor) = match axis.kernel() {
                None => (Root::One, Mat::full(n, 1, 1.0)),
                Some(k) => {
                    let numbers = k.numbers(theta);
                    let features = k.kernel.feature_count().filter(|&r| r <= n);
                    match features.and_then(|_| k.kernel.features(&k.points, &numbers)) {
                        Some(features) => (Root::Features, features),
                        None => {
                            let mut gram = Mat::zeros(n, n);
                            k.kernel.gram(&k.points, &numbers, gram.as_mut());
                            let root = Cholesky::new(gram.as_ref()).map_err(|e| {
                                Error::Singular(format!(
                                    "axis {:?}, kernel {}: {e}",
                                    axis.name(),
                                    k.text
                                ))
                            })?;
                            let l = root.l().to_owned();
                            (Root::Cholesky(root), l)
                        }
                    }
                }
            };
            if let Some(w) = axis.weights() {
                factor.col_iter_mut().for_each(|c| c.iter_mut().zip(w).for_each(|(f, w)| *f *= w));
            }
            roots.push(root);
            factors.push(factor);
        }
        let features = products(&factors, Arrangement::Grid);
        Ok(Self { roots, factors, features })
    }

    /// Adds the derivatives with respect to the parameters of the inner axes, from those with respect to
    /// F.
    pub(super) fn vjp(
        &self,
        axes: &[AxisFactor],
        timeline: &Timeline,
        theta: &[f64],
        bar: &Mat<f64>,
        theta_bar: &mut [f64],
    ) {
        let inner = timeline.inner(axes).map(|(_, axis)| axis);
        for (i, (axis, root)) in inner.zip(&self.roots).enumerate() {
            let Some(k) = axis.kernel().filter(|_| axis.is_free()) else { continue };
            let mut own = self.contracted(i, bar);
            if let Some(w) = axis.weights() {
                own.col_iter_mut().for_each(|c| c.iter_mut().zip(w).for_each(|(f, w)| *f *= w));
            }
            let numbers = k.numbers(theta);
            let mut numbers_bar = vec![0.0; numbers.len()];
            match root {
                Root::One => {}
                Root::Features => {
                    k.kernel.features_vjp(&k.points, &numbers, own.as_ref(), &mut numbers_bar);
                }
                Root::Cholesky(root) => {
                    let mut gram_bar = Mat::zeros(root.size(), root.size());
                    root.vjp(own.as_mut(), gram_bar.as_mut());
                    k.kernel.gram_vjp(&k.points, &numbers, gram_bar.as_ref(), &mut numbers_bar);
                }
            }
            k.values.iter().zip(numbers_bar).for_each(|(v, b)| v.pull_back(b, theta_bar));
        }
    }

    /// ∂/∂F of axis `i`: the sum over the points and functions of the other axes.
    fn contracted(&self, i: usize, bar: &Mat<f64>) -> Mat<f64> {
        let mut own = Mat::zeros(self.factors[i].nrows(), self.factors[i].ncols());
        for r in 0..bar.ncols() {
            for s in 0..bar.nrows() {
                let (mut row, mut column, mut product) = (s, r, bar[(s, r)]);
                let mut at = (0, 0);
                for (a, f) in self.factors.iter().enumerate().rev() {
                    let here = (row % f.nrows(), column % f.ncols());
                    (row, column) = (row / f.nrows(), column / f.ncols());
                    if a == i {
                        at = here;
                    } else {
                        product *= f[here];
                    }
                }
                own[at] += product;
            }
        }
        own
    }

    /// F at new points, so that the field there is F z of the same z, but for what is left of the new
    /// sites; one row where there are no inner axes.
    pub(super) fn features_at(
        &self,
        axes: &[AxisFactor],
        timeline: &Timeline,
        theta: &[f64],
        at: &[Points],
        arrangement: Arrangement,
    ) -> Mat<f64> {
        let mut factors = Vec::new();
        for ((a, axis), root) in timeline.inner(axes).zip(&self.roots) {
            let (points, m) = (&at[a], at[a].len());
            factors.push(match (root, axis.kernel()) {
                (Root::Cholesky(root), Some(k)) => {
                    let mut cross = Mat::zeros(axis.size(), m);
                    k.kernel.cross(&k.points, points, &k.numbers(theta), cross.as_mut());
                    root.solve_l_in_place(cross.as_mut());
                    cross.transpose().to_owned()
                }
                (Root::Features, Some(k)) => {
                    k.kernel.features(points, &k.numbers(theta)).expect("it has features")
                }
                _ => Mat::full(m, 1, 1.0),
            });
        }
        products(&factors, arrangement)
    }

    /// The largest variance of a site.
    pub(super) fn largest_variance(&self) -> f64 {
        let row = |s: usize| self.features.row(s).iter().map(|v| v * v).sum::<f64>();
        (0..self.features.nrows()).map(row).fold(0.0, f64::max)
    }

    /// Whether new sites are known from the functions alone, wherever they are.
    pub(super) fn is_known(&self) -> bool {
        self.roots.iter().all(|r| !matches!(r, Root::Cholesky(_)))
    }
}

/// The other axes at new points.
#[derive(Debug, Clone)]
pub(super) struct Elsewhere {
    /// F, a row a new site.
    pub(super) features: Mat<f64>,
    /// What the sites of the data leave of the new ones; `None` for nothing.
    pub(super) left: Option<Left>,
}

/// The covariance of new sites given all of the old ones.
#[derive(Debug, Clone)]
pub(super) struct Left {
    pub(super) variance: Vec<f64>,
    /// The covariance, where it is asked for.
    pub(super) covariance: Option<Mat<f64>>,
    /// The largest prior variance.
    pub(super) largest: f64,
}

impl Left {
    /// K** − F Fᵀ over some axes.
    pub(super) fn new(
        axes: &[(&AxisFactor, &Points)],
        theta: &[f64],
        arrangement: Arrangement,
        features: &Mat<f64>,
        wants_covariance: bool,
    ) -> Self {
        let m = features.nrows();
        let variances: Vec<Vec<f64>> =
            axes.iter().map(|(axis, points)| axis.variances_at(points, theta)).collect();
        let at = |site: usize| {
            let (mut rest, mut product) = (site, 1.0);
            for v in variances.iter().rev() {
                product *= match arrangement {
                    Arrangement::Grid => v[rest % v.len()],
                    Arrangement::Points => v[site],
                };
                rest /= v.len().max(1);
            }
            product
        };
        let prior: Vec<f64> = (0..m).map(at).collect();
        let explained = |i: usize| features.row(i).iter().map(|f| f * f).sum::<f64>();
        let variance = prior.iter().enumerate().map(|(i, p)| (p - explained(i)).max(0.0)).collect();
        let covariance = wants_covariance.then(|| {
            let grams: Vec<Mat<f64>> =
                axes.iter().map(|(axis, points)| axis.gram_at(points, theta)).collect();
            let mut left = match arrangement {
                Arrangement::Grid => super::series::kronecker(&grams),
                Arrangement::Points => {
                    Mat::from_fn(m, m, |i, j| grams.iter().map(|g| g[(i, j)]).product())
                }
            };
            left -= gridgp_dense::product(features.as_ref(), features.transpose());
            left
        });
        Self { variance, covariance, largest: prior.into_iter().fold(0.0, f64::max) }
    }
}

/// Rows and columns that are products of those of each axis: all rows with all, or row i with row i;
/// always all columns with all, the last axis fastest.
fn products(factors: &[Mat<f64>], arrangement: Arrangement) -> Mat<f64> {
    let columns = factors.iter().map(Mat::ncols).product();
    let rows = match arrangement {
        Arrangement::Grid => factors.iter().map(Mat::nrows).product(),
        Arrangement::Points => factors.first().map_or(1, Mat::nrows),
    };
    Mat::from_fn(rows, columns, |i, j| {
        let (mut row, mut column, mut product) = (i, j, 1.0);
        for f in factors.iter().rev() {
            let at = match arrangement {
                Arrangement::Grid => row % f.nrows(),
                Arrangement::Points => i,
            };
            product *= f[(at, column % f.ncols())];
            (row, column) = (row / f.nrows(), column / f.ncols());
        }
        product
    })
}
