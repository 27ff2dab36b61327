//! Stationary kernels by finitely many sine functions in a box.

use super::{Covariance, Inputs, KernelOptions, KernelParameter, Metric, Role};
use crate::grid::Points;
use faer::{Accum, Mat, MatMut, MatRef};
use gridgp_linalg::gemm::{gemm, gemm_lower, parallelism};
use std::f64::consts::PI;

/// The spectral density of a stationary kernel with k(x, x) = 1 and lengthscale 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spectrum {
    /// Of the squared exponential.
    Gaussian,
    /// Of a Matérn kernel with this ν.
    Matern(f64),
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
        if inputs.metric() != Metric::Euclidean {
            return Err(
                "a basis of sines fills a box, not the sphere; leave out great_circle, or \
                 the basis"
                    .into(),
            );
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

    /// √S of each function, and ∂ log √S/∂ℓ of each coordinate to `slopes`, function by function.
    fn weights(&self, theta: &[f64], slopes: Option<&mut Vec<f64>>) -> Vec<f64> {
        let dims = self.dims();
        let scales: Vec<f64> = (0..dims).map(|d| self.lengthscale(theta, d)).collect();
        let volume: f64 = scales.iter().product();
        let squares: Vec<Vec<f64>> = (0..dims)
            .map(|d| (0..self.count).map(|i| (self.frequency(d, i) * scales[d]).powi(2)).collect())
            .collect();
        let square = |j: usize| -> f64 { (0..dims).map(|d| squares[d][self.index(j, d)]).sum() };
        let half = 0.5 * dims as f64;
        let (weight, decay): (Box<dyn Fn(f64) -> f64>, Box<dyn Fn(f64) -> f64>) =
            match self.spectrum {
                Spectrum::Gaussian => {
                    let front = ((2.0 * PI).powf(half) * volume).sqrt();
                    (Box::new(move |s| front * (-0.25 * s).exp()), Box::new(|_| 1.0))
                }
                Spectrum::Matern(nu) => {
                    let gammas = libm::tgamma(nu + half) / libm::tgamma(nu);
                    let front = (4.0 * PI).powf(half) * gammas * (2.0 * nu).powf(nu) * volume;
                    let front = front.sqrt();
                    (
                        Box::new(move |s| front * (2.0 * nu + s).powf(-0.5 * (nu + half))),
                        Box::new(move |s| 2.0 * (nu + half) / (2.0 * nu + s)),
                    )
                }
            };
        if let Some(slopes) = slopes {
            slopes.clear();
            for j in 0..self.functions() {
                let decay = decay(square(j));
                // d log √S/dℓ = ½ (1/ℓ − decay ω²ℓ).
                slopes.extend(
                    (0..dims)
                        .map(|d| 0.5 * (1.0 - decay * squares[d][self.index(j, d)]) / scales[d]),
                );
            }
        }
        (0..self.functions()).map(|j| weight(square(j))).collect()
    }

    /// φⱼ(xᵢ), n × functions.
    fn sines(&self, x: &Points) -> Mat<f64> {
        let n = x.len();
        let tables: Vec<Mat<f64>> = (0..self.dims())
            .map(|d| {
                let (center, half) = self.sides[d];
                let column: Vec<f64> = x.column(self.inputs.columns()[d]).collect();
                let norm = half.sqrt().recip();
                Mat::from_fn(n, self.count, |i, j| {
                    norm * (self.frequency(d, j) * (column[i] - center + half)).sin()
                })
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
        for (j, w) in self.weights(theta, None).into_iter().enumerate() {
            features.col_as_slice_mut(j).iter_mut().for_each(|f| *f *= w);
        }
        features
    }
}

impl Covariance for Hilbert {
    fn parameters(&self) -> Vec<KernelParameter> {
        if !self.per_coordinate {
            let role = Role::Lengthscale { column: None };
            return vec![KernelParameter::new("lengthscale", role, self.inputs.clone())];
        }
        let one = |(i, &column): (usize, &usize)| {
            let name = format!("lengthscale.{}", self.inputs.names()[i]);
            let role = Role::Lengthscale { column: Some(column) };
            KernelParameter::new(name, role, self.inputs.nth(i))
        };
        self.inputs.columns().iter().enumerate().map(one).collect()
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
        let (features, mut slopes) = (self.sines(x), Vec::new());
        let weights = self.weights(theta, Some(&mut slopes));
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
