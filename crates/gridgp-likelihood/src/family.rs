//! The list of likelihoods.

use std::sync::Arc;

use rand::Rng;

use super::log_odds::LogOdds;
use super::testing::Example;
use super::*;

/// The enum, its dispatch and its lists from one list of likelihoods.
macro_rules! families {
    ($($(#[$doc:meta])* $Name:ident),+ $(,)?) => {
        /// A likelihood, built in or your own.
        #[derive(Debug, Clone)]
        pub enum Family {
            $($(#[$doc])* $Name($Name),)+
            /// Your own.
            Custom(Arc<dyn Likelihood>),
        }

        $(impl From<$Name> for Family {
            fn from(likelihood: $Name) -> Self {
                Self::$Name(likelihood)
            }
        })+

        impl Family {
            /// The names in model files, with the family of each.
            pub const ALL: &'static [(&'static str, Self)] =
                &[$(($Name::INFO.name, Self::$Name($Name))),+];

            /// What there is to know about it; `None` for your own.
            pub fn info(&self) -> Option<&'static Info> {
                match self {
                    $(Self::$Name(_) => Some(&$Name::INFO),)+
                    Self::Custom(_) => None,
                }
            }

            /// Parameters for tests and documentation; none for your own.
            pub fn examples(&self) -> &'static [Example] {
                match self {
                    $(Self::$Name(_) => $Name::EXAMPLES,)+
                    Self::Custom(_) => &[],
                }
            }

            fn inner(&self) -> &dyn Likelihood {
                match self {
                    $(Self::$Name(l) => l,)+
                    Self::Custom(l) => &**l,
                }
            }
        }
    };
}

families! {
    /// Normal.
    Gaussian,
    /// Student's t, for outliers.
    StudentT,
    /// Laplace, the double exponential.
    Laplace,
    /// Log-normal.
    LogNormal,
    /// Gamma, by its mean.
    Gamma,
    /// Beta, by its mean.
    Beta,
    /// Yes or no.
    Bernoulli,
    /// Successes among trials.
    Binomial,
    /// Counts.
    Poisson,
    /// Counts that vary more than Poisson's.
    NegativeBinomial,
    /// Angles.
    VonMises,
    /// Block maxima.
    Gev,
    /// Block maxima with a light tail.
    Gumbel,
    /// Block maxima with a heavy tail.
    Frechet,
    /// Block maxima with an upper end.
    ReversedWeibull,
    /// Peaks over a threshold.
    GeneralizedPareto,
    /// The r largest values of each block.
    RLargest,
    /// Block maxima, without a lower end.
    BlendedGev,
}

impl Family {
    /// The family called `name` in model files.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| f.clone())
    }

    /// The same law with its first parameter, a probability or a mean in (0, 1), given as its log
    /// odds log(p/(1 − p)): what is near 1 keeps its distance from 1. `None` for other laws.
    pub fn by_log_odds(&self) -> Option<Self> {
        let law = match self {
            Self::Bernoulli(_) => LogOdds::Bernoulli,
            Self::Binomial(_) => LogOdds::Binomial,
            Self::Beta(_) => LogOdds::Beta,
            _ => return None,
        };
        Some(Self::Custom(Arc::new(law)))
    }

    /// Whether the response is an angle; see [`resultant`](Likelihood::resultant).
    pub fn is_angle(&self) -> bool {
        self.resultant(&[1.0; MAX_PARAMETERS][..self.parameters().len()]).is_some()
    }

    /// Its name in model files; `"custom"` for your own.
    pub fn name(&self) -> &'static str {
        self.info().map_or("custom", |info| info.name)
    }
}

/// Dispatches; a batch is dispatched once.
impl Likelihood for Family {
    fn parameters(&self) -> &[LikelihoodParameter] {
        self.inner().parameters()
    }

    fn is_discrete(&self) -> bool {
        self.inner().is_discrete()
    }

    fn check(&self, y: f64, known: &[f64]) -> Result<(), String> {
        self.inner().check(y, known)
    }

    fn log_prob(&self, y: f64, p: &[f64]) -> f64 {
        self.inner().log_prob(y, p)
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        self.inner().log_prob_gradient(y, p, gradient)
    }

    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.inner().curvature(y, p, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.inner().observed_information(y, p, out);
    }

    fn third_derivatives(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.inner().third_derivatives(y, p, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        if has_nan(y, p) { f64::NAN } else { self.inner().cdf(y, p) }
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        if has_nan(y, p) { f64::NAN } else { self.inner().sf(y, p) }
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        if has_nan(y, p) { (f64::NAN, f64::NAN) } else { self.inner().log_tails(y, p) }
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        if has_nan(q, p) { f64::NAN } else { self.inner().quantile(q, p) }
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        if has_nan(q, p) { f64::NAN } else { self.inner().isf(q, p) }
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        self.inner().sample(rng, p)
    }

    fn mean(&self, p: &[f64]) -> f64 {
        if has_nan(0.0, p) { f64::NAN } else { self.inner().mean(p) }
    }

    fn sd(&self, p: &[f64]) -> f64 {
        if has_nan(0.0, p) { f64::NAN } else { self.inner().sd(p) }
    }

    fn resultant(&self, p: &[f64]) -> Option<(f64, f64)> {
        self.inner().resultant(p)
    }

    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        self.inner().accumulate(y, p, bars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_dist::{Distribution, Prior};

    /// Reads `name(1, b = 2)` with plain numbers.
    fn parse(text: &str) -> Prior {
        let (name, rest) = text.split_once('(').unwrap();
        let args: Vec<(Option<&str>, f64)> = rest
            .strip_suffix(')')
            .unwrap()
            .split(',')
            .map(|part| match part.split_once('=') {
                Some((name, value)) => (Some(name.trim()), value.trim().parse().unwrap()),
                None => (None, part.trim().parse().unwrap()),
            })
            .collect();
        Prior::from_call(name, &args).unwrap()
    }

    #[test]
    fn default_priors_are_priors_on_the_domains() {
        for (name, family) in Family::ALL {
            for parameter in family.parameters() {
                match parameter.default {
                    DefaultValue::Prior(text) => {
                        let support = parse(text).support();
                        let domain = parameter.domain;
                        assert!(
                            domain.lower() <= support.lower() && support.upper() <= domain.upper(),
                            "{name}: {text} on {domain}"
                        );
                    }
                    DefaultValue::Known(value) => assert!(parameter.domain.contains(value)),
                    DefaultValue::Noise => assert_eq!(parameter.domain, Domain::Positive),
                    DefaultValue::Required => {}
                }
            }
        }
    }

    #[test]
    fn names_lead_to_their_family_and_the_table_has_them() {
        let page = include_str!("lib.rs");
        for (name, family) in Family::ALL {
            let found = Family::from_name(name).unwrap();
            assert_eq!((found.name(), found.info()), (*name, family.info()));
            assert!(!family.info().unwrap().formula.is_empty());
            let row = page.lines().find(|l| l.starts_with(&format!("//! | `{name}` |")));
            let row = row.unwrap_or_else(|| panic!("no row for {name}"));
            for parameter in family.parameters() {
                assert!(row.contains(parameter.name), "{name}: no {} in {row}", parameter.name);
                if let DefaultValue::Prior(text) = parameter.default {
                    assert!(row.contains(text), "{name}: no {text} in {row}");
                }
            }
        }
        assert!(Family::from_name("gausian").is_none());
        let custom = Family::Custom(Arc::new(Gaussian));
        assert_eq!((custom.name(), custom.info()), ("custom", None));
        assert_eq!(custom.parameters(), Gaussian.parameters());
    }
}
