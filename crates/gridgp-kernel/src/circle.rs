//! Kernels around a circle: sums over the images of a point.
//!
//! On a circle of circumference P the point at distance r lies at r + jP for every whole j. The sum
//! of a kernel over all of them, k_P(r) = Σⱼ κ(r + jP) / Σⱼ κ(jP), is a kernel of the circle for
//! any P: its Fourier coefficients are values of the spectral density of κ, and so not negative.
//!
//! # Source
//! Wood (1995), When is a truncated covariance function on the line a covariance function on the
//! circle?, Statistics & Probability Letters 24; for Matérn kernels as the solution of a stochastic
//! differential equation on the circle: Lindgren, Rue and Lindström (2011), JRSS B 73.

use super::Profile;
use super::distance_pairs::{FARTHEST, scale};
use super::inputs::arc;

/// Sums over the images at u + jq, for 0 ≤ u ≤ q/2.
///
/// All may carry one common factor, as long as it is the same for every u.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageSum<S> {
    /// Σ κ.
    pub value: f64,
    /// ∂/∂u of Σ κ.
    pub slope: f64,
    /// (u ∂/∂u + q ∂/∂q) Σ κ, which is −ℓ ∂/∂ℓ of it.
    pub pull: f64,
    /// ∂/∂shape of Σ κ, u and q held.
    pub shape: S,
}

/// u ↦ its [`ImageSum`], with whatever depends on q and the shape alone already computed.
pub type Images<S> = Box<dyn Fn(f64) -> ImageSum<S>>;

/// No more images than these are summed on either side.
///
/// Where more would be needed, q is so small that all Fourier coefficients but the first are below
/// e⁻⁵⁰ of it: see [`flat`].
pub(super) const MOST: usize = 32;

/// Terms below this do not count beside the image at 0, nor do their derivatives.
const NEGLIGIBLE: f64 = 1e-20;

/// How many images on either side of u are above rounding; `None` if more than [`MOST`]. `bound(x)`
/// falls, and is as large as all images from x on together, over their number up to there.
pub(super) fn images_needed(q: f64, bound: impl Fn(f64) -> f64) -> Option<usize> {
    let farther = |count: &usize| (*count as f64 + 0.5) * q;
    (1..=MOST).find(|count| bound(farther(count)) * (*count as f64 + 1.0) < NEGLIGIBLE)
}

/// The sum over `count` images on either side, smallest first.
pub(super) fn direct_sum<P: Profile>(
    u: f64,
    q: f64,
    count: usize,
    shape: P::Shape,
) -> ImageSum<P::Shape> {
    let mut sums = Accumulated::default();
    for j in (1..=count).rev() {
        let there = j as f64 * q;
        sums.add(there - u, -1.0, P::profile(capped(there - u), shape));
        sums.add(there + u, 1.0, P::profile(capped(there + u), shape));
    }
    sums.add(u, 1.0, P::profile(u, shape));
    ImageSum {
        value: sums.value,
        slope: sums.slope,
        pull: sums.pull,
        shape: from_fn::<P::Shape>(|i| sums.shape[i]),
    }
}

/// Profiles are only asked up to [`FARTHEST`].
fn capped(x: f64) -> f64 {
    if x > FARTHEST { FARTHEST } else { x }
}

/// No built-in shape has as many parameters.
const MOST_SHAPE: usize = 8;

#[derive(Default)]
struct Accumulated {
    value: f64,
    slope: f64,
    pull: f64,
    shape: [f64; MOST_SHAPE],
}

impl Accumulated {
    fn add<S: AsRef<[f64]>>(&mut self, x: f64, side: f64, (k, slope, shape): (f64, f64, S)) {
        self.value += k;
        self.slope += side * slope;
        self.pull += slope * capped(x);
        self.shape.iter_mut().zip(shape.as_ref()).for_each(|(sum, d)| *sum += d);
    }
}

/// A shape with these entries.
pub(super) fn from_fn<S: for<'a> TryFrom<&'a [f64]>>(entry: impl Fn(usize) -> f64) -> S {
    let all: [f64; MOST_SHAPE] = std::array::from_fn(entry);
    let made = (0..=MOST_SHAPE).find_map(|count| S::try_from(&all[..count]).ok());
    made.expect("a shape has a few parameters")
}

/// The kernel where the circle is so short beside the lengthscale that it is 1 to rounding.
pub(super) fn flat<S: for<'a> TryFrom<&'a [f64]> + Copy + 'static>(q: f64) -> Images<S> {
    // The NaN of an illegal lengthscale stays.
    let one = 1.0 + 0.0 * q;
    let shape = from_fn(|_| 0.0);
    Box::new(move |u| ImageSum { value: one + 0.0 * u, slope: 0.0, pull: 0.0, shape })
}

/// A profile around a circle, at one lengthscale and shape.
pub(super) struct Wrapped<P: Profile> {
    circumference: f64,
    lengthscale: f64,
    images: Images<P::Shape>,
    /// What makes it 1 at distance 0.
    at_zero: ImageSum<P::Shape>,
}

impl<P: Profile> Wrapped<P> {
    /// # Panics
    /// If the profile has no [`around`](Profile::around).
    pub(super) fn new(circumference: f64, lengthscale: f64, shape: P::Shape) -> Self {
        let images = P::around(scale(circumference, lengthscale), shape)
            .unwrap_or_else(|| panic!("{} declares `circle`, but has no images", P::INFO.name));
        let at_zero = images(scale(0.0, lengthscale));
        Self { circumference, lengthscale, images, at_zero }
    }

    /// k and its derivatives at a distance on the line.
    pub(super) fn at(&self, r: f64) -> ImageSum<P::Shape> {
        let sum = (self.images)(scale(arc(r, self.circumference), self.lengthscale));
        let (zero, whole) = (&self.at_zero, self.at_zero.value);
        let k = sum.value / whole;
        // Rounding alone takes it above 1; NaN stays.
        let k = if k > 1.0 { 1.0 } else { k };
        let (shape, zeros) = (sum.shape.as_ref(), zero.shape.as_ref());
        ImageSum {
            value: k,
            slope: sum.slope / whole,
            pull: (sum.pull - k * zero.pull) / whole,
            shape: from_fn(|i| match shape.get(i) {
                Some(d) => (d - k * zeros[i]) / whole,
                None => 0.0,
            }),
        }
    }
}
