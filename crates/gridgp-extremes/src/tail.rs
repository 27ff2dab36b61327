//! The upper tail of every family of extremes.

use gridgp_dist::special::{expm1_ratio, ln_1p_ratio};
use gridgp_likelihood::{BlendedGev, Family, Likelihood};

use super::return_level::{exceedance, return_level};

/// A family of extremes by its upper tail: what levels and risks need of it.
///
/// Parameters come in the order of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// `gev`, `frechet`, `reversed_weibull`: location, scale, shape. `r_largest`, of which it is the
    /// law of the largest.
    Gev,
    /// `gumbel`: location, scale.
    Gumbel,
    /// `blended_gev`: the GEV above its 20 % quantile.
    BlendedGev,
    /// `generalized_pareto`: scale, shape, threshold. Periods count peaks, not years.
    Peaks,
}

impl Tail {
    /// The tail of a family; `None` where it is no law of extremes.
    ///
    /// ```
    /// use gridgp_extremes::Tail;
    /// use gridgp_likelihood::Family;
    ///
    /// let tail = Tail::of(&Family::from_name("gumbel").unwrap()).unwrap();
    /// let level = tail.level(&[30.0, 2.0], 100.0);
    /// assert!((tail.exceedance(&[30.0, 2.0], level) - 0.01).abs() < 1e-15);
    /// assert!(Tail::of(&Family::from_name("poisson").unwrap()).is_none());
    /// ```
    pub fn of(family: &Family) -> Option<Self> {
        match family {
            Family::Gev(_)
            | Family::Frechet(_)
            | Family::ReversedWeibull(_)
            | Family::RLargest(_) => Some(Self::Gev),
            Family::Gumbel(_) => Some(Self::Gumbel),
            Family::BlendedGev(_) => Some(Self::BlendedGev),
            Family::GeneralizedPareto(_) => Some(Self::Peaks),
            _ => None,
        }
    }

    /// The level that is exceeded with probability 1/period, by the tail itself: 1 − 1/period would
    /// have lost the digits of a long period.
    pub fn level(self, p: &[f64], period: f64) -> f64 {
        match self {
            // The blend ends at the 20 % quantile.
            Self::BlendedGev if period < 1.25 => BlendedGev.quantile(1.0 - 1.0 / period, p),
            Self::Gev | Self::BlendedGev => return_level(p[0], p[1], p[2], period),
            Self::Gumbel => return_level(p[0], p[1], 0.0, period),
            Self::Peaks => {
                let u = period.ln();
                p[2] + p[0] * u * expm1_ratio(p[1] * u)
            }
        }
    }

    /// P(Y > level), accurate far out.
    pub fn exceedance(self, p: &[f64], level: f64) -> f64 {
        match self {
            Self::BlendedGev => {
                let cdf = BlendedGev.cdf(level, p);
                if cdf < 0.5 { 1.0 - cdf } else { exceedance(p[0], p[1], p[2], level) }
            }
            Self::Gev => exceedance(p[0], p[1], p[2], level),
            Self::Gumbel => exceedance(p[0], p[1], 0.0, level),
            Self::Peaks => {
                let z = (level - p[2]) / p[0];
                let w = p[1] * z;
                if z <= 0.0 {
                    1.0
                } else if w <= -1.0 {
                    0.0
                } else {
                    (-z * ln_1p_ratio(w)).exp()
                }
            }
        }
    }

    /// [location, scale, shape] of a GEV; `None` for a law that is none.
    pub fn gev(self, p: &[f64]) -> Option<[f64; 3]> {
        match self {
            Self::Gev => Some([p[0], p[1], p[2]]),
            Self::Gumbel => Some([p[0], p[1], 0.0]),
            Self::BlendedGev | Self::Peaks => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_likelihood::NONE_ABOVE;

    fn cases() -> impl Iterator<Item = (Family, Tail, &'static [f64])> {
        Family::ALL
            .iter()
            .filter_map(|(_, f)| Tail::of(f).map(|t| (f, t)))
            .flat_map(|(f, tail)| f.examples().iter().map(move |e| (f.clone(), tail, e.p)))
            // The tail is that of the largest of a block.
            .filter(|(f, _, p)| !matches!(f, Family::RLargest(_)) || p[3] == NONE_ABOVE)
    }

    /// Against each family's own quantile and cdf, which share no code with the tail.
    #[test]
    fn levels_and_exceedances_are_those_of_the_family() {
        let mut count = 0;
        for (family, tail, p) in cases() {
            for period in [1.01, 1.2, 1.3, 2.0, 20.0, 1e4] {
                let level = tail.level(p, period);
                let want = family.quantile(1.0 - 1.0 / period, p);
                let numbers = p.iter().take(3);
                let slack = 1e-10 * numbers.fold(want.abs(), |m, v| m.max(v.abs()));
                assert!((level - want).abs() < slack, "{} {p:?} {period}", family.name());
                let risk = tail.exceedance(p, level);
                approx::assert_relative_eq!(risk, 1.0 / period, max_relative = 1e-6);
                assert!((risk - (1.0 - family.cdf(level, p))).abs() < 1e-12);
                count += 1;
            }
        }
        assert!(count > 100, "{count}");
    }

    #[test]
    fn long_periods_keep_their_digits() {
        for (_, tail, p) in cases().filter(|(_, _, p)| p[p.len() - 1].abs() < 0.3) {
            // Where the shape has no upper end to crowd against.
            let shape = if tail == Tail::Peaks { p[1] } else { p.get(2).copied().unwrap_or(0.0) };
            if shape >= 0.0 {
                let risk = tail.exceedance(p, tail.level(p, 1e12));
                approx::assert_relative_eq!(risk, 1e-12, max_relative = 1e-9);
            }
        }
    }

    #[test]
    fn ends_of_peaks() {
        let p = [1.0, -0.5, 10.0];
        assert_eq!(Tail::Peaks.exceedance(&p, 9.0), 1.0);
        assert_eq!(Tail::Peaks.exceedance(&p, 12.0), 0.0);
        assert_eq!(Tail::Peaks.exceedance(&p, 13.0), 0.0);
    }
}
