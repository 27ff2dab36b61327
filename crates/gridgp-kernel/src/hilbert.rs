//! Stationary kernels by finitely many sine functions in a box.

use std::f64::consts::PI;

use faer::{Accum, Mat, MatMut, MatRef};
use gridgp_dense::gemm::{gemm, gemm_lower, parallelism};
use gridgp_grid::Points;

use super::{Covariance, Inputs, KernelOptions, KernelParameter, Metric};

/// The spectral density of a stationary kernel with k(x, x) = 1 and lengthscale 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spectrum {
    /// Of the squared exponential.
    Gaussian,
    /// Of a Matérn kernel with this ν.
    Matern(f64),
}

impl Spectrum {
    /// √S(0) in so many coordinates.
    fn root_at_zero(self, dims: usize) -> f64 {
        let half = 0.5 * dims as f64;
        match self {
            Self::Gaussian => (2.0 * PI).powf(0.5 * half),
            Self::Matern(nu) => {
                let gammas = libm::tgamma(nu + half) / libm::tgamma(nu);
                ((2.0 * PI / nu).powf(half) * gammas).sqrt()
            }
        }
    }

    /// √S(ω)/√S(0) at s = |ωℓ|².
    fn root_share(self, dims: usize, s: f64) -> f64 {
        match self {
            Self::Gaussian => (-0.25 * s).exp(),
            Self::Matern(nu) => (1.0 + 0.5 * s / nu).powf(-0.5 * nu - 0.25 * dims as f64),
        }
    }

    /// −4 d log √S/ds.
    fn decay(self, dims: usize, s: f64) -> f64 {
        match self {
            Self::Gaussian => 1.0,
            Self::Matern(nu) => (2.0 * nu + dims as f64) / (2.0 * nu + s),
        }
    }
}

/// k ≈ Σⱼ S(ωⱼ; ℓ) φⱼ(x) φⱼ(y): the stationary kernel with spectral density S, restricted to the
/// sines that vanish at the border of a box, m for each coordinate; rank m^coordinates.
///
/// The box has the center c of the data's range in each coordinate, and half its width times
/// `boundary` on either side, L. In one coordinate φⱼ(x) = L^(−½) sin ωⱼ(x − c + L), ωⱼ = πj/2L;
/// in several, products of these, with S at the vector of their frequencies.
///
/// It is a model of its own, that approaches the kernel as m and the boundary grow: near the border
/// of the box its variance falls to 0, and lengthscales much shorter than 2L/m are beyond it. Points
/// outside of the box are [unknown](Covariance::unknown_point).
///
/// θ is that of the kernel.
///
/// # Source
/// Solin and Särkkä (2020), Hilbert space methods for reduced-rank Gaussian process regression,
/// Statistics and Computing 30, eq. 20 and 21.
#[derive(Debug, Clone, PartialEq)]
pub struct Hilbert {
    inputs: Inputs,
    per_coordinate: bool,
    spectrum: Spectrum,
    count: usize,
    /// Center and half-width of the box, by coordinate.
    sides: Vec<(f64, f64)>,
}

/// Half the width of the box over that of the data, where nothing else is said.
const BOUNDARY: f64 = 1.5;
/// No more functions than this.
const MAX_FUNCTIONS: f64 = 10_000.0;

impl Hilbert {
    /// `count` sines for each coordinate, in a box that is `boundary` times as wide as `ranges`, the
    /// smallest and the largest value of each active coordinate.
    ///
    /// # Errors
    /// A metric that is not Euclidean, no sine, more than 10,000 functions, a range without width, or a
    /// boundary that is not above 1.
    ///
    /// # Panics
    /// Unless there is a range for each active coordinate.
    pub fn new(
        inputs: Inputs,
        per_coordinate: bool,
        spectrum: Spectrum,
        count: usize,
        boundary: f64,
        ranges: &[(f64, f64)],
    ) -> Result<Self, String> {
        let dims = inputs.columns().len();
        assert_eq!(ranges.len(), dims, "one range for each coordinate");
        match inputs.metric() {
            Metric::Euclidean => {}
            Metric::GreatCircle => {
                return Err(
                    "a basis of sines fills a box, not the sphere; leave out great_circle, \
                            or the basis"
                        .into(),
                );
            }
            Metric::Circle { .. } => {
                return Err("a basis of sines fills a box from end to end and closes no circle; \
                            leave out circle, or the basis"
                    .into());
            }
        }
        let functions = (count as f64).powi(dims as i32);
        if count == 0 || functions > MAX_FUNCTIONS {
            return Err(format!(
                "basis = {count} has {functions} functions of {dims} coordinates; 1 to \
                 {MAX_FUNCTIONS} are possible"
            ));
        }
        if !(boundary > 1.0 && boundary.is_finite()) {
            return Err(format!(
                "boundary is {boundary}; the box must be wider than the data, 1.5"
            ));
        }
        let side = |(name, &(low, high)): (&String, &(f64, f64))| {
            if low < high {
                Ok((0.5 * (low + high), 0.5 * boundary * (high - low)))
            } else {
                Err(format!(
                    "a basis needs two different values of {name:?}, which is {low} everywhere"
                ))
            }
        };
        let sides = inputs.names().iter().zip(ranges).map(side).collect::<Result<_, _>>()?;
        Ok(Self { inputs, per_coordinate, spectrum, count, sides })
    }

    pub(super) fn from_options(
        spectrum: Spectrum,
        options: &KernelOptions,
    ) -> Result<Self, String> {
        let inputs = options.inputs()?;
        let count =
            options.basis.ok_or("boundary is the width of a basis; give that, basis = 20")?;
        let range = |c: &usize| options.ranges.get(*c).copied();
        let ranges: Option<Vec<_>> = inputs.columns().iter().map(range).collect();
        let ranges = ranges.ok_or("a basis needs the range of its coordinates")?;
        let boundary = options.boundary.unwrap_or(BOUNDARY);
        Self::new(inputs, options.per_coordinate, spectrum, count, boundary, &ranges)
    }

    /// What the kernel was before its restriction.
    pub fn spectrum(&self) -> Spectrum {
        self.spectrum
    }

    fn dims(&self) -> usize {
        self.sides.len()
    }

    fn functions(&self) -> usize {
        self.count.pow(self.dims() as u32)
    }

    /// Coordinate d of the multi-index of function j, from 0; the last coordinate is the fastest.
    fn index(&self, j: usize, d: usize) -> usize {
        j / self.count.pow((self.dims() - 1 - d) as u32) % self.count
    }

    fn frequency(&self, d: usize, index: usize) -> f64 {
        PI * (index + 1) as f64 / (2.0 * self.sides[d].1)
    }

    fn lengthscale(&self, theta: &[f64], d: usize) -> f64 {
        theta[if self.per_coordinate { d } else { 0 }]
    }

    /// √S of each function, and ∂ log √S/∂ℓ of each coordinate, function by function.
    fn weights(&self, theta: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let dims = self.dims();
        let scales: Vec<f64> = (0..dims).map(|d| self.lengthscale(theta, d)).collect();
        let squares: Vec<Vec<f64>> = (0..dims)
            .map(|d| (0..self.count).map(|i| (self.frequency(d, i) * scales[d]).powi(2)).collect())
            .collect();
        let front = self.spectrum.root_at_zero(dims) * scales.iter().product::<f64>().sqrt();
        let (mut weights, mut slopes) = (Vec::with_capacity(self.functions()), Vec::new());
        for j in 0..self.functions() {
            let square = |d: usize| squares[d][self.index(j, d)];
            let sum = (0..dims).map(square).sum();
            weights.push(front * self.spectrum.root_share(dims, sum));
            let decay = self.spectrum.decay(dims, sum);
            slopes.extend((0..dims).map(|d| 0.5 * (1.0 - decay * square(d)) / scales[d]));
        }
        (weights, slopes)
    }

    /// φⱼ(xᵢ), n × functions.
    fn sines(&self, x: &Points) -> Mat<f64> {
        let n = x.len();
        let tables: Vec<Mat<f64>> = (0..self.dims())
            .map(|d| {
                let (center, half) = self.sides[d];
                let norm = half.sqrt().recip();
                let mut table = Mat::zeros(n, self.count);
                for (i, v) in x.column(self.inputs.columns()[d]).enumerate() {
                    // sin jt by turning by t again and again: one sine a point, and j roundings.
                    let (sin, cos) = (self.frequency(d, 0) * (v - center + half)).sin_cos();
                    let (mut s, mut c) = (norm * sin, norm * cos);
                    for j in 0..self.count {
                        table[(i, j)] = s;
                        (s, c) = (s * cos + c * sin, c * cos - s * sin);
                    }
                }
                table
            })
            .collect();
        let mut out = Mat::zeros(n, self.functions());
        for j in 0..self.functions() {
            let column = out.col_as_slice_mut(j);
            column.fill(1.0);
            for (d, table) in tables.iter().enumerate() {
                let table = table.col_as_slice(self.index(j, d));
                column.iter_mut().zip(table).for_each(|(f, s)| *f *= s);
            }
        }
        out
    }

    fn weighted(&self, x: &Points, theta: &[f64]) -> Mat<f64> {
        let mut features = self.sines(x);
        for (j, w) in self.weights(theta).0.into_iter().enumerate() {
            features.col_as_slice_mut(j).iter_mut().for_each(|f| *f *= w);
        }
        features
    }
}

impl Covariance for Hilbert {
    fn parameters(&self) -> Vec<KernelParameter> {
        KernelParameter::lengthscales(&self.inputs, self.per_coordinate)
    }

    fn gram(&self, x: &Points, theta: &[f64], mut out: MatMut<'_, f64>) {
        let (features, n) = (self.weighted(x, theta), x.len());
        out.fill(0.0);
        let par = parallelism(n * n * features.ncols());
        gemm_lower(out.as_mut(), features.as_ref(), features.as_ref(), 1.0, par);
        for j in 0..n {
            for i in j + 1..n {
                out[(j, i)] = out[(i, j)];
            }
        }
    }

    fn cross(&self, x: &Points, y: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        let (a, b) = (self.weighted(x, theta), self.weighted(y, theta));
        let par = parallelism(2 * x.len() * y.len() * a.ncols());
        gemm(out, Accum::Replace, a.as_ref(), b.transpose(), par);
    }

    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]) {
        let features = self.weighted(x, theta);
        out.fill(0.0);
        for j in 0..features.ncols() {
            out.iter_mut().zip(features.col_as_slice(j)).for_each(|(k, f)| *k += f * f);
        }
    }

    fn gram_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        gram_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        let features = self.weighted(x, theta);
        let mut bar = Mat::zeros(x.len(), features.ncols());
        let par = parallelism(2 * x.len() * x.len() * features.ncols());
        gemm(bar.as_mut(), Accum::Replace, gram_bar, features.as_ref(), par);
        bar *= faer::Scale(2.0);
        self.features_vjp(x, theta, bar.as_ref(), theta_bar);
    }

    fn feature_count(&self) -> Option<usize> {
        Some(self.functions())
    }

    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        Some(self.weighted(x, theta))
    }

    fn features_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        features_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        let (features, (weights, slopes)) = (self.sines(x), self.weights(theta));
        for (j, slopes) in slopes.chunks_exact(self.dims()).enumerate() {
            let column = features.col_as_slice(j).iter().zip(features_bar.col(j).iter());
            let pull = weights[j] * column.map(|(f, bar)| f * bar).sum::<f64>();
            for (d, slope) in slopes.iter().enumerate() {
                theta_bar[if self.per_coordinate { d } else { 0 }] += pull * slope;
            }
        }
    }

    fn rank_bound(&self, x: &Points) -> usize {
        self.functions().min(x.len())
    }

    fn unknown_point(&self, x: &Points) -> Option<usize> {
        let outside = |i: &usize| {
            let sides = self.inputs.columns().iter().zip(&self.sides);
            let mut far = sides.map(|(&c, (center, half))| (x.row(*i)[c] - center).abs() > *half);
            far.any(|far| far)
        };
        (0..x.len()).find(outside)
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::check_kernel;
    use super::super::{Kernel, KernelOptions};
    use super::*;

    fn options(names: &[&str], basis: usize) -> KernelOptions {
        KernelOptions {
            basis: Some(basis),
            ranges: vec![(-1.0, 1.5); names.len()],
            ..KernelOptions::of(names.iter().copied())
        }
    }

    const NAMES: [&str; 4] = ["squared_exponential", "matern12", "matern32", "matern52"];

    #[test]
    fn they_conform() {
        let plane = [0.3, 1.0, -0.4, 1.4, 1.3, 0.1, 1.2, -0.4, 0.9, 0.9, 0.3, -0.2, -1.0, 1.3];
        for name in NAMES {
            let line = Kernel::from_name(name, &options(&["x"], 5)).unwrap();
            check_kernel(&line, &Points::line(&[-0.9, 0.1, 0.3, 1.5, 1.2, 0.7, -0.2]), &[0.6]);
            let points = Points::new(plane.to_vec(), 2);
            let shared = Kernel::from_name(name, &options(&["x", "y"], 3)).unwrap();
            check_kernel(&shared, &points, &[0.6]);
            let each = KernelOptions { per_coordinate: true, ..options(&["x", "y"], 3) };
            check_kernel(&Kernel::from_name(name, &each).unwrap(), &points, &[0.6, 0.9]);
        }
    }

    /// The largest difference from the kernel itself, on the data's range.
    fn error(name: &str, dims: usize, basis: usize, boundary: f64, lengthscale: f64) -> f64 {
        let names = &["x", "y"][..dims];
        let line: Vec<f64> = (0..12).map(|i| -1.0 + 2.5 * f64::from(i) / 11.0).collect();
        let points = match dims {
            1 => Points::line(&line),
            _ => Points::new(line.iter().flat_map(|x| [*x, (3.0 * x).cos()]).collect(), 2),
        };
        let given = KernelOptions { boundary: Some(boundary), ..options(names, basis) };
        let gram = |options: &KernelOptions| {
            let kernel = Kernel::from_name(name, options).unwrap();
            let mut out = Mat::zeros(12, 12);
            kernel.gram(&points, &[lengthscale], out.as_mut());
            out
        };
        (gram(&given) - gram(&KernelOptions::of(names.iter().copied()))).norm_max()
    }

    #[test]
    fn they_approach_the_kernel() {
        for dims in [1, 2] {
            for (name, most) in
                [("squared_exponential", 1e-9), ("matern52", 2e-3), ("matern32", 2e-2)]
            {
                let found = error(name, dims, 40, 2.5, 0.5);
                assert!(found < most, "{name} in {dims} coordinates: {found:e}");
                assert!(error(name, dims, 10, 2.5, 0.5) > 2.0 * found, "{name} in {dims}");
            }
        }
        // Longer ones feel the border of the box.
        assert!(error("matern52", 1, 40, 1.2, 3.0) > 0.1);
    }

    #[test]
    fn points_outside_of_the_box_are_unknown() {
        let kernel = Kernel::from_name("matern32", &options(&["x", "y"], 3)).unwrap();
        // Center 0.25, half-width 1.5 · 1.25.
        let at = |x: f64, y: f64| kernel.unknown_point(&Points::new(vec![0.0, 0.0, x, y], 2));
        assert_eq!((at(2.12, -1.62), at(2.13, 0.0), at(0.0, -1.63)), (None, Some(1), Some(1)));
    }

    #[test]
    fn what_makes_no_basis_is_refused() {
        let message = |o: KernelOptions| Kernel::from_name("matern32", &o).unwrap_err();
        let good = options(&["x", "y"], 10);
        assert!(message(options(&["x", "y"], 101)).contains("10201 functions of 2 coordinates"));
        assert!(message(options(&["x"], 0)).contains("basis = 0"));
        let on_sphere = KernelOptions { great_circle: true, ..good.clone() };
        assert!(message(on_sphere).contains("not the sphere"));
        let narrow = KernelOptions { boundary: Some(1.0), ..good.clone() };
        assert!(message(narrow).contains("wider than the data"));
        let flat = KernelOptions { ranges: vec![(0.0, 1.0), (2.0, 2.0)], ..good.clone() };
        assert!(message(flat).contains("two different values of \"y\", which is 2"));
        let alone = KernelOptions { basis: None, boundary: Some(2.0), ..good };
        assert!(message(alone).contains("give that, basis = 20"));
        let periodic = Kernel::from_name("periodic", &options(&["x"], 10)).unwrap_err();
        assert!(periodic.contains("does not take the option `basis`"), "{periodic}");
    }
}
