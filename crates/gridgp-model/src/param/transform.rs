//! Smooth bijections from the real line to a [`Domain`].

use gridgp_dist::Domain;

/// An increasing bijection x ↦ θ from the real line to an open interval.
///
/// | variant | θ | dθ/dx |
/// |---|---|---|
/// | `Scaled(s)` | s x | s |
/// | `Exp` | eˣ | eˣ |
/// | `Above(a)` | a + eˣ | eˣ |
/// | `Below(b)` | b − e⁻ˣ | e⁻ˣ |
/// | `Logistic(a, b)` | a + (b − a)/(1 + e⁻ˣ) | (b − a) e⁻ˣ/(1 + e⁻ˣ)² |
///
/// A density p(θ) becomes p(θ(x)) |dθ/dx| in x: add [`log_jacobian`](Self::log_jacobian).
///
/// For |x| ≤ 700 everything here is finite and θ lies in the domain. Where θ would round onto an
/// end of the domain it is the neighboring `f64` instead (x beyond ±37 for an interval), because
/// the densities are −∞ at the ends; the derivatives and the Jacobian are those of the exact map.
/// Beyond 709 the exponential overflows.
///
/// ```
/// use gridgp_dist::Domain;
/// use gridgp_model::param::Transform;
///
/// let transform = Transform::for_domain(Domain::Interval(-1.0, 1.0));
/// let x = transform.inverse(0.5);
/// assert!((x - 3f64.ln()).abs() < 1e-15);
/// assert!((transform.forward(x) - 0.5).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transform {
    /// The real line to itself, in another unit; s > 0.
    Scaled(f64),
    /// To (0, ∞).
    Exp,
    /// To (a, ∞).
    Above(f64),
    /// To (−∞, b).
    Below(f64),
    /// To (a, b).
    Logistic(f64, f64),
}

impl Transform {
    /// The transform from the real line to `domain`.
    pub fn for_domain(domain: Domain) -> Self {
        match domain {
            Domain::Real => Self::Scaled(1.0),
            Domain::Positive => Self::Exp,
            Domain::Above(a) => Self::Above(a),
            Domain::Below(b) => Self::Below(b),
            Domain::Interval(a, b) => Self::Logistic(a, b),
        }
    }

    /// The values that θ takes.
    pub fn domain(&self) -> Domain {
        match *self {
            Self::Scaled(_) => Domain::Real,
            Self::Exp => Domain::Positive,
            Self::Above(a) => Domain::Above(a),
            Self::Below(b) => Domain::Below(b),
            Self::Logistic(a, b) => Domain::Interval(a, b),
        }
    }

    /// θ(x).
    #[inline]
    pub fn forward(&self, x: f64) -> f64 {
        match *self {
            Self::Scaled(s) => s * x,
            Self::Exp => x.exp(),
            Self::Above(a) => (a + x.exp()).max(a.next_up()),
            Self::Below(b) => (b - (-x).exp()).min(b.next_down()),
            Self::Logistic(a, b) => {
                // From the nearer end, whose distance keeps its relative accuracy.
                let tail = (b - a) * logistic(-x.abs());
                if x < 0.0 { (a + tail).max(a.next_up()) } else { (b - tail).min(b.next_down()) }
            }
        }
    }

    /// x(θ), the inverse of [`forward`](Self::forward): ±∞ at the ends of the domain, NaN beyond.
    #[inline]
    pub fn inverse(&self, theta: f64) -> f64 {
        match *self {
            Self::Scaled(s) => theta / s,
            Self::Exp => theta.ln(),
            Self::Above(a) => (theta - a).ln(),
            Self::Below(b) => -(b - theta).ln(),
            Self::Logistic(a, b) => ((theta - a) / (b - theta)).ln(),
        }
    }

    /// dθ/dx.
    #[inline]
    pub fn derivative(&self, x: f64) -> f64 {
        match *self {
            Self::Scaled(s) => s,
            Self::Exp | Self::Above(_) => x.exp(),
            Self::Below(_) => (-x).exp(),
            Self::Logistic(a, b) => (b - a) * logistic(x) * logistic(-x),
        }
    }

    /// log dθ/dx.
    #[inline]
    pub fn log_jacobian(&self, x: f64) -> f64 {
        match *self {
            Self::Scaled(s) => s.ln(),
            Self::Exp | Self::Above(_) => x,
            Self::Below(_) => -x,
            Self::Logistic(a, b) => (b - a).ln() - x.abs() - 2.0 * (-x.abs()).exp().ln_1p(),
        }
    }

    /// d(log dθ/dx)/dx.
    #[inline]
    pub fn log_jacobian_derivative(&self, x: f64) -> f64 {
        match *self {
            Self::Scaled(_) => 0.0,
            Self::Exp | Self::Above(_) => 1.0,
            Self::Below(_) => -1.0,
            Self::Logistic(..) => -(0.5 * x).tanh(),
        }
    }
}

/// 1/(1 + e⁻ˣ), with full relative accuracy also where it is small.
#[inline]
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_transform;
    use super::*;

    /// One example after another; a new variant does not compile until it has its place here.
    fn after(example: Transform) -> Option<Transform> {
        match example {
            Transform::Scaled(_) => Some(Transform::Exp),
            Transform::Exp => Some(Transform::Above(-2.5)),
            Transform::Above(_) => Some(Transform::Below(3.0)),
            Transform::Below(_) => Some(Transform::Logistic(0.5, 1.5)),
            Transform::Logistic(..) => None,
        }
    }

    #[test]
    fn every_transform_conforms() {
        for example in std::iter::successors(Some(Transform::Scaled(1.0)), |&t| after(t)) {
            check_transform(&example);
        }
        check_transform(&Transform::Scaled(1e-7));
        check_transform(&Transform::Logistic(-1e6, 1e-3));
        check_transform(&Transform::Above(1e8));
    }

    #[test]
    fn inverse_is_infinite_at_the_ends_and_nan_beyond() {
        let interval = Transform::Logistic(0.0, 2.0);
        assert_eq!(interval.inverse(0.0), f64::NEG_INFINITY);
        assert_eq!(interval.inverse(2.0), f64::INFINITY);
        assert!(interval.inverse(2.1).is_nan() && interval.inverse(-0.1).is_nan());
        assert_eq!(Transform::Below(3.0).inverse(3.0), f64::INFINITY);
        assert!(Transform::Below(3.0).inverse(4.0).is_nan());
        assert!(Transform::Exp.inverse(-1.0).is_nan());
    }

    #[test]
    fn logistic_meets_reference() {
        let unit = Transform::Logistic(0.0, 1.0);
        approx::assert_relative_eq!(unit.forward(-700.0), (-700f64).exp(), max_relative = 1e-14);
        approx::assert_relative_eq!(unit.forward(2.0), 0.8807970779778824);
        approx::assert_relative_eq!(unit.log_jacobian(2.0), -2.253856022085945);
        approx::assert_relative_eq!(unit.log_jacobian(-700.0), -700.0);
    }
}
