//! Kernels that depend on a distance only.

use std::fmt::Debug;
use std::marker::PhantomData;

use faer::{Mat, MatMut, MatRef};
use gridgp_grid::Points;

use super::circle::{Images, Wrapped};
use super::distance_pairs::{DistancePairs, scale};
use super::inputs::distance;
use super::pairs::{below_diagonal, fill, fill_columns, fill_symmetric};
use super::toeplitz::{diagonal_sums, even_distances, fill_toeplitz};
use super::{
    Covariance, Inputs, KernelInfo, KernelOptions, KernelParameter, Metric, Role, StateSpace,
};

/// Which Markov process a profile of one coordinate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markov {
    /// Matérn of ν = n − ½, n states.
    Matern(usize),
    /// A wave.
    Cosine,
    /// A sum of waves, to a stated bound.
    Periodic,
}

/// What a stationary kernel writes: a function κ of a distance u, with κ(0) = 1.
///
/// [`Stationary`] makes the matrices, the lengthscales and the pullbacks of it.
pub trait Profile: Debug + Clone + Copy + PartialEq + Send + Sync + 'static {
    /// The parameters beside the lengthscales, `[f64; S]`.
    type Shape: Copy + AsRef<[f64]> + for<'a> TryFrom<&'a [f64], Error: Debug>;

    /// The entry in the list of kernels.
    const INFO: KernelInfo;

    /// Whether u = r/ℓ (θ then begins with the lengthscales) or u = r, in one coordinate only.
    const SCALED: bool = true;

    /// Roles of the shape parameters; they are the last in `INFO.parameters`.
    const SHAPE: &'static [Role];

    /// κ, dκ/du and dκ/dshape at u ≥ 0.
    ///
    /// dκ/du at 0 is the derivative from the right. All three, and u dκ/du, must be finite for any
    /// u up to 1e150: u is cut off there.
    fn profile(u: f64, shape: Self::Shape) -> (f64, f64, Self::Shape);

    /// The sums of κ over the images of a point on a circle of circumference q, for profiles that
    /// declare the option `circle`. The circumference is at most 1e150, as u is.
    ///
    /// They must be positive semidefinite for any q, as the sum over all images is.
    fn around(_q: f64, _shape: Self::Shape) -> Option<Images<Self::Shape>> {
        None
    }

    /// Roles of the shape parameters around a circle, where less is admitted.
    const SHAPE_AROUND: &'static [Role] = Self::SHAPE;

    /// The Markov process that it is in one coordinate, if it is one.
    const MARKOV: Option<Markov> = None;

    /// The number of columns of [`features`](Self::features), for profiles of finite rank.
    const RANK: Option<usize> = None;

    /// Row of features of the point x, for profiles of finite rank; `out` has `RANK` values.
    fn features(_x: f64, _shape: Self::Shape, _out: &mut [f64]) {}

    /// Adds F̄·∂F/∂shape for one row of [`features`](Self::features).
    fn features_vjp(_x: f64, _shape: Self::Shape, _bar: &[f64], _shape_bar: &mut [f64]) {}
}

/// A kernel κ(r/ℓ), with one lengthscale for all coordinates, or one for each:
/// u² = Σ_c (x_c − y_c)²/ℓ_c².
///
/// Around a circle κ is summed over all images of a point, r/ℓ + jP/ℓ, and divided by that sum at
/// r = 0: still a correlation, equal to κ on circles much longer than ℓ, and 1 on much shorter ones.
/// The sum is in closed form or goes on until the rest is below rounding.
///
/// θ = (lengthscales, shape). On evenly spaced points of a line or a circle only n values of κ are
/// computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Stationary<P> {
    inputs: Inputs,
    per_coordinate: bool,
    profile: PhantomData<P>,
}

impl<P: Profile> Stationary<P> {
    /// The kernel on these coordinates; `per_coordinate` gives each its own lengthscale.
    ///
    /// # Errors
    /// One lengthscale for each coordinate on the sphere or a circle, or for a profile without
    /// lengthscales; more than one coordinate for a profile of one; a circle for a profile that does
    /// not take the option.
    pub fn new(inputs: Inputs, per_coordinate: bool) -> Result<Self, String> {
        let inputs = if P::SCALED { inputs } else { inputs.only_one(P::INFO.name)? };
        if per_coordinate && !P::SCALED {
            return Err(format!("{} has no lengthscale `per_coordinate`", P::INFO.name));
        }
        if per_coordinate && inputs.metric() == Metric::GreatCircle {
            return Err(format!(
                "{}: the great circle has one lengthscale, in km; leave out `per_coordinate` or \
                 `great_circle`",
                P::INFO.name
            ));
        }
        if let Metric::Circle { .. } = inputs.metric() {
            if !P::INFO.options.iter().any(|(name, _)| *name == "circle") {
                return Err(format!("{} does not take the option `circle`", P::INFO.name));
            }
            if per_coordinate {
                return Err(format!(
                    "{}: one coordinate goes around a circle, with one lengthscale; leave out \
                     `per_coordinate`, or write lengthscale = l in place of [l]",
                    P::INFO.name
                ));
            }
        }
        Ok(Self { inputs, per_coordinate, profile: PhantomData })
    }

    pub(super) fn from_options(options: &KernelOptions) -> Result<Self, String> {
        Self::new(options.inputs()?, options.per_coordinate)
    }

    fn lengthscale_count(&self) -> usize {
        match (P::SCALED, self.per_coordinate) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => self.inputs.columns().len(),
        }
    }

    /// θ as lengthscales and shape. Without lengthscales, ℓ = 1.
    fn split<'a>(&self, theta: &'a [f64]) -> (&'a [f64], P::Shape) {
        let (scales, shape) = theta.split_at(self.lengthscale_count());
        let scales = if P::SCALED { scales } else { &[1.0] };
        (scales, P::Shape::try_from(shape).expect("theta has the length of the parameters"))
    }

    /// The profile around the circle, if there is one.
    fn wrapped(&self, theta: &[f64]) -> Option<Wrapped<P>> {
        let Metric::Circle { circumference } = self.inputs.metric() else { return None };
        let (scales, shape) = self.split(theta);
        Some(Wrapped::new(circumference, scales[0], shape))
    }
}

/// u between two embedded points.
#[inline]
fn scaled_distance(a: &[f64], b: &[f64], scales: &[f64]) -> f64 {
    if let [lengthscale] = scales {
        return scale(distance(a, b), *lengthscale);
    }
    let squares = a.iter().zip(b).zip(scales).map(|((a, b), l)| scale((a - b).abs(), *l).powi(2));
    squares.sum::<f64>().sqrt()
}

impl<P: Profile> Covariance for Stationary<P> {
    fn parameters(&self) -> Vec<KernelParameter> {
        let mut parameters = match P::SCALED {
            true => KernelParameter::lengthscales(&self.inputs, self.per_coordinate),
            false => vec![],
        };
        let names = &P::INFO.parameters[P::INFO.parameters.len() - P::SHAPE.len()..];
        let roles = match self.inputs.metric() {
            Metric::Circle { .. } => P::SHAPE_AROUND,
            _ => P::SHAPE,
        };
        parameters.extend(names.iter().zip(roles).map(|(&(name, _), &role)| match role {
            Role::Period => KernelParameter::new(name, role, self.inputs.clone()),
            _ => KernelParameter::number(name, role),
        }));
        parameters
    }

    fn parameter_count(&self) -> usize {
        self.lengthscale_count() + P::SHAPE.len()
    }

    fn gram(&self, x: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        let (scales, shape) = self.split(theta);
        let x = self.inputs.embed(x);
        let wrapped = self.wrapped(theta);
        if let Some(mut column) = even_distances(&x) {
            column.iter_mut().for_each(|r| {
                *r = match &wrapped {
                    None => P::profile(scale(*r, scales[0]), shape).0,
                    Some(wrapped) => wrapped.at(*r).value,
                }
            });
            fill_toeplitz(out, &column);
        } else if let Some(wrapped) = wrapped {
            fill_symmetric(out, |i, j| wrapped.at(distance(x.row(i), x.row(j))).value);
        } else {
            let pairs = DistancePairs::new(&x, scales);
            fill_columns(out, |j, column| pairs.below::<P>(j, shape, column));
        }
    }

    fn cross(&self, x: &Points, y: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        let (scales, shape) = self.split(theta);
        let (x, y) = (self.inputs.embed(x), self.inputs.embed(y));
        if let Some(wrapped) = self.wrapped(theta) {
            return fill(out, |i, j| wrapped.at(distance(x.row(i), y.row(j))).value);
        }
        fill(out, |i, j| P::profile(scaled_distance(x.row(i), y.row(j), scales), shape).0);
    }

    fn diagonal(&self, _x: &Points, _theta: &[f64], out: &mut [f64]) {
        out.fill(1.0);
    }

    fn gram_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        gram_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        let (scales, shape) = self.split(theta);
        let x = self.inputs.embed(x);
        let (scales_bar, shape_bar) = theta_bar.split_at_mut(self.lengthscale_count());
        // The diagonal is 1 whatever θ, so only pairs i ≠ j count. With u = r/ℓ, du/dℓ = −u/ℓ.
        let mut scales_sum = vec![0.0; scales.len()];
        if let Some(wrapped) = self.wrapped(theta) {
            let mut add = |r: f64, weight: f64| {
                let k = wrapped.at(r);
                scales_sum[0] += weight * k.pull;
                let parts = shape_bar.iter_mut().zip(k.shape.as_ref());
                parts.for_each(|(bar, d)| *bar += weight * d);
            };
            if let Some(distances) = even_distances(&x) {
                let sums = diagonal_sums(gram_bar);
                distances.iter().zip(&sums).skip(1).for_each(|(r, weight)| add(*r, *weight));
            } else {
                let between = |i, j| distance(x.row(i), x.row(j));
                below_diagonal(gram_bar, |i, j, weight| add(between(i, j), weight));
            }
        } else if let Some(distances) = even_distances(&x) {
            let sums = diagonal_sums(gram_bar);
            for (r, weight) in distances.iter().zip(&sums).skip(1) {
                let u = scale(*r, scales[0]);
                let (_, slope, dshape) = P::profile(u, shape);
                // From the left: dκ/du is small wherever the rest may overflow.
                scales_sum[0] += weight * slope * u;
                shape_bar.iter_mut().zip(dshape.as_ref()).for_each(|(bar, d)| *bar += weight * d);
            }
        } else {
            DistancePairs::new(&x, scales).vjp::<P>(shape, gram_bar, &mut scales_sum, shape_bar);
        }
        let sums = scales_bar.iter_mut().zip(&scales_sum).zip(scales);
        sums.for_each(|((bar, sum), l)| *bar -= sum / l);
    }

    fn feature_count(&self) -> Option<usize> {
        P::RANK
    }

    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        let rank = P::RANK?;
        let (_, shape) = self.split(theta);
        let mut features = Mat::zeros(x.len(), rank);
        let mut row = vec![0.0; rank];
        for (i, x) in x.column(self.inputs.columns()[0]).enumerate() {
            P::features(x, shape, &mut row);
            row.iter().enumerate().for_each(|(j, f)| features[(i, j)] = *f);
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
        let rank = P::RANK.unwrap_or_else(|| panic!("{} has no features", P::INFO.name));
        let (_, shape) = self.split(theta);
        let mut row = vec![0.0; rank];
        for (i, x) in x.column(self.inputs.columns()[0]).enumerate() {
            row.iter_mut().enumerate().for_each(|(j, bar)| *bar = features_bar[(i, j)]);
            P::features_vjp(x, shape, &row, &mut theta_bar[self.lengthscale_count()..]);
        }
    }

    fn rank_bound(&self, x: &Points) -> usize {
        P::RANK.unwrap_or(usize::MAX).min(x.len())
    }

    fn state_space(&self) -> Option<StateSpace> {
        let (Some(markov), Metric::Euclidean, [column]) =
            (P::MARKOV, self.inputs.metric(), self.inputs.columns())
        else {
            return None;
        };
        Some(match markov {
            Markov::Matern(order) => StateSpace::matern(*column, order),
            Markov::Cosine => StateSpace::cosine(*column),
            Markov::Periodic => StateSpace::periodic(*column),
        })
    }

    fn is_stationary(&self) -> bool {
        self.inputs.metric() != Metric::GreatCircle
    }

    fn has_unit_diagonal(&self) -> bool {
        true
    }
}
