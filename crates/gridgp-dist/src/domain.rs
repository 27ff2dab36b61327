//! Open intervals of the real line.

use std::fmt;

use super::written::Number;

/// An open interval: the support of a distribution, the values that a parameter may take.
///
/// Its ends do not belong to it, and neither do ±∞ and NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// (−∞, ∞).
    Real,
    /// (0, ∞).
    Positive,
    /// (a, ∞).
    Above(f64),
    /// (−∞, b).
    Below(f64),
    /// (a, b).
    Interval(f64, f64),
}

impl Domain {
    /// The interval between two ends, which may be infinite.
    ///
    /// ```
    /// use gridgp_dist::Domain;
    /// assert_eq!(Domain::between(0.0, f64::INFINITY), Domain::Positive);
    /// assert_eq!(Domain::between(f64::NEG_INFINITY, 2.0), Domain::Below(2.0));
    /// ```
    pub fn between(lower: f64, upper: f64) -> Self {
        match (lower.is_finite(), upper.is_finite()) {
            (false, false) => Self::Real,
            (true, false) if lower == 0.0 => Self::Positive,
            (true, false) => Self::Above(lower),
            (false, true) => Self::Below(upper),
            (true, true) => Self::Interval(lower, upper),
        }
    }

    /// The lower end, which may be −∞.
    pub fn lower(&self) -> f64 {
        match *self {
            Self::Real | Self::Below(_) => f64::NEG_INFINITY,
            Self::Positive => 0.0,
            Self::Above(a) | Self::Interval(a, _) => a,
        }
    }

    /// The upper end, which may be ∞.
    pub fn upper(&self) -> f64 {
        match *self {
            Self::Real | Self::Positive | Self::Above(_) => f64::INFINITY,
            Self::Below(b) | Self::Interval(_, b) => b,
        }
    }

    /// Whether x lies strictly between the ends.
    #[inline]
    pub fn contains(&self, x: f64) -> bool {
        self.lower() < x && x < self.upper()
    }
}

/// As an interval, `(0, inf)`.
impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", Number(self.lower()), Number(self.upper()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_infinities_and_nan_are_outside() {
        for domain in [
            Domain::Real,
            Domain::Positive,
            Domain::Above(-1.0),
            Domain::Below(2.0),
            Domain::Interval(-1.0, 2.0),
        ] {
            for x in [domain.lower(), domain.upper(), f64::NAN] {
                assert!(!domain.contains(x), "{domain} contains {x}");
            }
            assert!(domain.contains(1.0));
            assert_eq!(Domain::between(domain.lower(), domain.upper()), domain);
        }
        assert!(!Domain::Interval(-1.0, 2.0).contains(2.5));
        assert!(!Domain::Below(2.0).contains(2.5) && !Domain::Above(-1.0).contains(-1.5));
    }

    #[test]
    fn prints_as_an_interval() {
        assert_eq!(Domain::Real.to_string(), "(-inf, inf)");
        assert_eq!(Domain::Positive.to_string(), "(0, inf)");
        assert_eq!(Domain::Interval(-1.5, 2.0).to_string(), "(-1.5, 2)");
    }
}
