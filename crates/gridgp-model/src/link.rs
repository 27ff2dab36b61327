//! Links: from a predictor on the real line to the domain of a likelihood's parameter.

use gridgp_dist::Domain;
use gridgp_dist::special::{ln_normal_cdf, ln_normal_cdf_slope};

/// The function that a predictor is seen through, written as in a model file.
///
/// | written | p(η) | range |
/// |---|---|---|
/// | `η` | η | (−∞, ∞) |
/// | `exp(η)` | eᵑ | (0, ∞) |
/// | `softplus(η)` | log(1 + eᵑ) | (0, ∞) |
/// | `logistic(η)` | 1/(1 + e⁻ᵑ) | (0, 1) |
/// | `normal_cdf(η)` | Φ(η) | (0, 1) |
/// | `tanh(η)` | tanh η | (−1, 1) |
/// | `sqrt(η)` | √η, of a sum of squares | (0, ∞) |
///
/// These are what textbooks call inverse links: the log link is written `exp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// η.
    #[default]
    Identity,
    /// eᵑ.
    Exp,
    /// log(1 + eᵑ).
    Softplus,
    /// 1/(1 + e⁻ᵑ).
    Logistic,
    /// Φ(η).
    NormalCdf,
    /// tanh η.
    Tanh,
    /// √η, for a predictor that cannot be negative.
    Sqrt,
}

impl Link {
    /// The links that have a name.
    pub const NAMED: [(&'static str, Link); 6] = [
        ("exp", Link::Exp),
        ("softplus", Link::Softplus),
        ("logistic", Link::Logistic),
        ("normal_cdf", Link::NormalCdf),
        ("tanh", Link::Tanh),
        ("sqrt", Link::Sqrt),
    ];

    /// The link called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(n, _)| *n == name).map(|(_, link)| *link)
    }

    /// Its name; empty for the identity.
    pub fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, l)| *l == self).map_or("", |(n, _)| n)
    }

    /// p(η).
    #[inline]
    pub fn forward(self, eta: f64) -> f64 {
        match self {
            Self::Identity => eta,
            Self::Exp => eta.exp(),
            Self::Softplus => eta.max(0.0) + (-eta.abs()).exp().ln_1p(),
            Self::Logistic => logistic(eta),
            Self::NormalCdf => gridgp_dist::special::normal_cdf(eta),
            Self::Tanh => eta.tanh(),
            Self::Sqrt => eta.sqrt(),
        }
    }

    /// dp/dη, from η and p = p(η).
    #[inline]
    pub fn derivative(self, eta: f64, p: f64) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Exp => p,
            Self::Softplus => logistic(eta),
            Self::Logistic => p * logistic(-eta),
            Self::NormalCdf => (-0.5 * eta * eta - gridgp_dist::special::LN_SQRT_2PI).exp(),
            Self::Tanh => 1.0 / eta.cosh().powi(2),
            Self::Sqrt => 0.5 / p,
        }
    }

    /// d²p/dη².
    #[inline]
    pub fn second_derivative(self, eta: f64, p: f64) -> f64 {
        match self {
            Self::Identity => 0.0,
            Self::Exp => p,
            Self::Softplus => logistic(eta) * logistic(-eta),
            Self::Logistic => self.derivative(eta, p) * (1.0 - 2.0 * p),
            Self::NormalCdf => -eta * self.derivative(eta, p),
            Self::Tanh => -2.0 * p * self.derivative(eta, p),
            Self::Sqrt => -0.25 / (p * p * p),
        }
    }

    /// d³p/dη³.
    #[inline]
    pub fn third_derivative(self, eta: f64, p: f64) -> f64 {
        let first = self.derivative(eta, p);
        match self {
            Self::Identity => 0.0,
            Self::Exp => p,
            Self::Softplus => self.second_derivative(eta, p) * (1.0 - 2.0 * first),
            Self::Logistic => first * (1.0 - 6.0 * p * logistic(-eta)),
            Self::NormalCdf => (eta * eta - 1.0) * first,
            Self::Tanh => 2.0 * first * (2.0 - 3.0 * first),
            Self::Sqrt => 0.375 / p.powi(5),
        }
    }

    /// The second and the third derivative of the [log odds](Self::log_odds) with respect to η. `None`
    /// for links that have none.
    pub fn log_odds_bends(self, eta: f64) -> Option<(f64, f64)> {
        match self {
            Self::Logistic => Some((0.0, 0.0)),
            Self::NormalCdf => {
                // Derivatives of φ/Φ.
                let bends = |x: f64| {
                    let s = ln_normal_cdf_slope(x);
                    let first = -s * (x + s);
                    (first, -first * (x + s) - s * (1.0 + first))
                };
                let (above, below) = (bends(eta), bends(-eta));
                Some((above.0 - below.0, above.1 + below.1))
            }
            _ => None,
        }
    }

    /// log(p/(1 − p)) and its derivative with respect to η, of a link to (0, 1); they keep all digits
    /// where p or 1 − p has none left. `None` for other links.
    #[inline]
    pub fn log_odds(self, eta: f64) -> Option<(f64, f64)> {
        match self {
            Self::Logistic => Some((eta, 1.0)),
            Self::NormalCdf => Some((
                ln_normal_cdf(eta) - ln_normal_cdf(-eta),
                ln_normal_cdf_slope(eta) + ln_normal_cdf_slope(-eta),
            )),
            _ => None,
        }
    }

    /// The η with p(η) = p, for p inside the range.
    pub fn inverse(self, p: f64) -> f64 {
        match self {
            Self::Identity => p,
            Self::Exp => p.ln(),
            Self::Softplus => p + (-(-p).exp()).ln_1p(),
            Self::Logistic => p.ln() - (-p).ln_1p(),
            Self::NormalCdf => gridgp_dist::special::normal_quantile(p),
            Self::Tanh => p.atanh(),
            Self::Sqrt => p * p,
        }
    }

    /// The values that p takes.
    pub fn range(self) -> Domain {
        match self {
            Self::Identity => Domain::Real,
            Self::Exp | Self::Softplus | Self::Sqrt => Domain::Positive,
            Self::Logistic | Self::NormalCdf => Domain::Interval(0.0, 1.0),
            Self::Tanh => Domain::Interval(-1.0, 1.0),
        }
    }
}

/// 1/(1 + e⁻ˣ) without overflow.
#[inline]
fn logistic(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_and_inverses() {
        let all = Link::NAMED.iter().map(|(_, l)| *l).chain([Link::Identity]);
        for link in all {
            for eta in [-5.0, -0.7, 0.0, 0.3, 4.0] {
                if link == Link::Sqrt && eta < 0.1 {
                    continue;
                }
                let (p, h) = (link.forward(eta), 1e-4);
                assert!(link.range().contains(p), "{link:?} at {eta}: {p}");
                let difference = |f: &dyn Fn(f64) -> f64| {
                    (8.0 * (f(eta + h) - f(eta - h)) - (f(eta + 2.0 * h) - f(eta - 2.0 * h)))
                        / (12.0 * h)
                };
                let first = difference(&|e| link.forward(e));
                assert!((link.derivative(eta, p) - first).abs() < 1e-10, "{link:?} at {eta}");
                let second = difference(&|e| link.derivative(e, link.forward(e)));
                assert!((link.second_derivative(eta, p) - second).abs() < 1e-10, "{link:?} {eta}");
                let third = difference(&|e| link.second_derivative(e, link.forward(e)));
                assert!((link.third_derivative(eta, p) - third).abs() < 1e-9, "{link:?} {eta}");
                if let Some((second, third)) = link.log_odds_bends(eta) {
                    let slope = |e: f64| link.log_odds(e).unwrap().1;
                    let bend = |e: f64| link.log_odds_bends(e).unwrap().0;
                    assert!((second - difference(&slope)).abs() < 1e-9, "{link:?} {eta}");
                    assert!((third - difference(&bend)).abs() < 1e-9, "{link:?} {eta}");
                }
                assert!((link.inverse(p) - eta).abs() < 1e-10, "{link:?} at {eta}");
            }
        }
    }

    #[test]
    fn log_odds_are_those_of_the_link_and_go_on_where_it_ends() {
        for link in [Link::Logistic, Link::NormalCdf] {
            for eta in [-5.0, -0.7, 0.0, 0.3, 4.0] {
                let (p, (odds, slope)) = (link.forward(eta), link.log_odds(eta).unwrap());
                assert!((odds - Link::Logistic.inverse(p)).abs() < 1e-11, "{link:?} at {eta}");
                let expected = link.derivative(eta, p) / (p * (1.0 - p));
                assert!((slope / expected - 1.0).abs() < 1e-11, "{link:?} at {eta}");
            }
        }
        assert_eq!(Link::Logistic.log_odds(800.0), Some((800.0, 1.0)));
        // log Φ(−40) from 50-digit arithmetic (mpmath); the slope is 1/(its Mills ratio).
        let (odds, slope) = Link::NormalCdf.log_odds(40.0).unwrap();
        assert!((odds - 804.608_442_013_753_8).abs() < 1e-12, "{odds}");
        assert!((slope - 40.024_968_847_207_3).abs() < 1e-9, "{slope}");
        assert_eq!(Link::Exp.log_odds(0.0), None);
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(Link::Softplus.forward(1e3), 1e3);
        assert_eq!(Link::Logistic.forward(-1e3), 0.0);
        assert_eq!(Link::Logistic.derivative(1e3, 1.0), 0.0);
        assert_eq!(Link::Tanh.derivative(1e3, 1.0), 0.0);
    }
}
