//! The closed list of distributions, and their written forms.

use std::fmt;

use rand::Rng;

use super::written::{self, Info, Written};
use super::*;

/// The enum, its dispatch and its lists from one list of distributions.
macro_rules! priors {
    ($($(#[$doc:meta])* $Name:ident),+ $(,)?) => {
        /// A prior: one of the distributions that a model file can name.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Prior {
            $($(#[$doc])* $Name($Name),)+
        }

        $(impl From<$Name> for Prior {
            fn from(distribution: $Name) -> Self {
                Self::$Name(distribution)
            }
        })+

        impl Prior {
            /// Every distribution: name, parameters, formula, support.
            pub fn list() -> &'static [Info] {
                &[$($Name::INFO),+]
            }

            /// Examples of every distribution, for tests and documentation.
            pub fn examples() -> Vec<Self> {
                let mut examples = Vec::new();
                $(examples.extend($Name::examples().into_iter().map(Self::$Name));)+
                examples
            }

            /// What there is to know about this distribution.
            pub fn info(&self) -> &'static Info {
                match self {
                    $(Self::$Name(_) => &$Name::INFO,)+
                }
            }

            /// The parameters in the order of [`Info::arguments`]; an absent bound is infinite.
            pub fn parameters(&self) -> Vec<f64> {
                match self {
                    $(Self::$Name(d) => d.values(),)+
                }
            }

            fn read(name: &str, args: &[(Option<&str>, f64)]) -> Option<Result<Self, String>> {
                $(if name == $Name::INFO.name {
                    return Some(written::read::<$Name>(args).map(Self::$Name));
                })+
                None
            }
        }

        /// The form that a model file has and [`Prior::from_call`] reads, `gamma(2, rate = 2)`.
        impl fmt::Display for Prior {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$Name(d) => written::write(d, f),)+
                }
            }
        }

        impl Distribution for Prior {
            fn log_prob(&self, x: f64) -> f64 {
                match self { $(Self::$Name(d) => d.log_prob(x),)+ }
            }
            fn log_prob_derivative(&self, x: f64) -> f64 {
                match self { $(Self::$Name(d) => d.log_prob_derivative(x),)+ }
            }
            fn cdf(&self, x: f64) -> f64 {
                match self { $(Self::$Name(d) => d.cdf(x),)+ }
            }
            fn quantile(&self, p: f64) -> f64 {
                match self { $(Self::$Name(d) => d.quantile(p),)+ }
            }
            fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
                match self { $(Self::$Name(d) => d.sample(rng),)+ }
            }
            fn support(&self) -> Domain {
                match self { $(Self::$Name(d) => d.support(),)+ }
            }
            fn mean(&self) -> Option<f64> {
                match self { $(Self::$Name(d) => d.mean(),)+ }
            }
            fn sd(&self) -> Option<f64> {
                match self { $(Self::$Name(d) => d.sd(),)+ }
            }
            fn median(&self) -> f64 {
                match self { $(Self::$Name(d) => d.median(),)+ }
            }
        }
    };
}

priors! {
    /// `normal(mean, sd)`
    Normal,
    /// `log_normal(mean_log, sd_log)`
    LogNormal,
    /// `half_normal(sd)`
    HalfNormal,
    /// `gamma(shape, rate = …)`
    Gamma,
    /// `inverse_gamma(shape, scale = …)`
    InverseGamma,
    /// `half_cauchy(scale)`
    HalfCauchy,
    /// `half_student_t(df, scale)`
    HalfStudentT,
    /// `truncated_normal(mean, sd, lower = …, upper = …)`
    TruncatedNormal,
    /// `uniform(lower, upper)`
    Uniform,
    /// `exponential(rate = …)`
    Exponential,
    /// `beta(a, b)`
    Beta,
    /// `pc_amplitude(upper = …, prob = …)`
    PcAmplitude,
    /// `pc_lengthscale(lower = …, prob = …, dim = 1)`
    PcLengthscale,
}

impl Prior {
    /// The prior that a call such as `gamma(2, rate = 2)` names: its name, and its arguments, the
    /// positional ones first.
    ///
    /// # Errors
    /// An unknown name, or an argument that is unknown, missing, given twice, out of range or bare
    /// where its name is needed; the message says what is accepted.
    pub fn from_call(name: &str, args: &[(Option<&str>, f64)]) -> Result<Self, String> {
        Self::read(name, args).unwrap_or_else(|| {
            let known: Vec<&str> = Self::list().iter().map(|info| info.name).collect();
            Err(format!(
                "there is no prior {name:?}{}; the priors are {}",
                written::suggestion(name, known.iter().copied()),
                known.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `name(1, b = 2)` with plain numbers.
    fn parse(text: &str) -> Result<Prior, String> {
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
        Prior::from_call(name, &args)
    }

    #[test]
    fn every_prior_conforms() {
        for prior in Prior::examples() {
            testing::check_distribution(&prior);
        }
    }

    #[test]
    fn printed_form_reads_back() {
        for prior in Prior::examples() {
            assert_eq!(parse(&prior.to_string()).unwrap(), prior, "{prior}");
        }
    }

    #[test]
    fn for_people_digits_are_few() {
        for (text, shown) in [
            ("log_normal(1.3862943611198906, 0.7)", "log_normal(1.3863, 0.7)"),
            ("gamma(2, rate = 0.000123456789)", "gamma(2, rate = 0.00012346)"),
            ("normal(-1e-300, 1e300)", "normal(-1e-300, 1e300)"),
        ] {
            assert_eq!(format!("{:#}", parse(text).unwrap()), shown);
        }
    }

    #[test]
    fn written_forms_are_kept() {
        for text in [
            "normal(35.67, 5)",
            "log_normal(0.6931471805599453, 0.4)",
            "half_normal(2)",
            "gamma(2, rate = 2)",
            "inverse_gamma(3, scale = 2)",
            "half_cauchy(1)",
            "half_student_t(3, 1)",
            "truncated_normal(1, 0.5, lower = 0.5, upper = 1.5)",
            "truncated_normal(1, 0.5, lower = 0)",
            "truncated_normal(1, 0.5, upper = 2)",
            "uniform(0, 1)",
            "exponential(rate = 1)",
            "beta(2, 2)",
            "pc_amplitude(upper = 3, prob = 0.05)",
            "pc_lengthscale(lower = 0.5, prob = 0.05)",
            "pc_lengthscale(lower = 0.5, prob = 0.05, dim = 2)",
            "normal(-1e-300, 1e300)",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        for (text, printed) in [
            ("normal(sd = 2, mean = 1)", "normal(1, 2)"),
            ("gamma(2, scale = 0.5)", "gamma(2, rate = 2)"),
            ("exponential(scale = 4)", "exponential(rate = 0.25)"),
            (
                "pc_lengthscale(lower = 1, prob = 0.1, dim = 1)",
                "pc_lengthscale(lower = 1, prob = 0.1)",
            ),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, words) in [
            ("gama(2, rate = 2)", "there is no prior \"gama\"; did you mean \"gamma\"?"),
            ("zzz(2)", "there is no prior \"zzz\"; the priors are normal, log_normal"),
            (
                "gamma(2, 3)",
                "could be a rate or a scale, and books differ; write rate = 3 or scale = 3",
            ),
            (
                "gamma(2)",
                "gamma needs rate or scale: write gamma(shape, rate = …) or gamma(shape, scale = …)",
            ),
            ("gamma(2, rate = 1, scale = 1)", "gamma: give rate or scale, once"),
            ("gamma(2, scale = -1)", "gamma: scale = -1 is outside (0, inf)"),
            ("gamma(2, scale = 1e-320)", "gamma: rate = inf is outside (0, inf)"),
            ("exponential(2)", "write rate = 2 or scale = 2"),
            (
                "inverse_gamma(3, 2)",
                "scale must be named, write scale = 2; the form is inverse_gamma(shape, scale = …)",
            ),
            (
                "normal(1, 2, 3)",
                "normal takes no more than 2 arguments, found one more, 3; write normal(mean, sd)",
            ),
            ("half_cauchy(1, 3)", "takes no more than 1 argument, "),
            ("normal(1, 2, sd = 3)", "normal: sd is given twice"),
            (
                "normal(1, sdev = 3)",
                "normal has no parameter \"sdev\"; did you mean \"sd\"?; write normal(mean, sd)",
            ),
            ("normal(mean = 1, 3)", "the unnamed 3 comes after a named argument"),
            ("normal(1)", "normal needs sd: write normal(mean, sd)"),
            ("normal(1, 0)", "normal: sd = 0 is outside (0, inf)"),
            ("normal(inf, 1)", "normal: mean = inf is outside (-inf, inf)"),
            ("normal(NaN, 1)", "normal: mean = NaN is outside (-inf, inf)"),
            ("uniform(2, 1)", "uniform: lower = 2 must be below upper = 1"),
            ("uniform(-1e308, 1e308)", "too wide"),
            ("truncated_normal(0, 1)", "give lower, upper or both, or write normal(0, 1)"),
            (
                "truncated_normal(0, 1, 2)",
                "lower must be named, write lower = 2; the form is truncated_normal(mean, sd, [lower = …], [upper = …])",
            ),
            ("truncated_normal(0, 1, lower = 2, upper = 2)", "lower = 2 must be below upper = 2"),
            ("pc_amplitude(upper = 1, prob = 1)", "pc_amplitude: prob = 1 is outside (0, 1)"),
            ("pc_lengthscale(lower = 1, prob = 0.1, dim = 1.5)", "dim = 1.5 is not a whole number"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
    }

    #[test]
    fn constructors_check_like_calls() {
        assert!(Normal::new(0.0, -1.0).unwrap_err().contains("sd = -1"));
        assert!(Uniform::new(1.0, 0.0).is_err());
        assert_eq!(Prior::from(Normal::new(0.0, 1.0).unwrap()), parse("normal(0, 1)").unwrap());
    }

    #[test]
    fn list_describes_every_prior() {
        let examples = Prior::examples();
        for info in Prior::list() {
            assert!(info.formula.contains("p(x)"), "{}", info.name);
            let example = examples.iter().find(|prior| prior.info() == info).unwrap();
            assert_eq!(example.parameters().len(), info.arguments.len());
            if !info.support.contains("lower") {
                assert_eq!(example.support().to_string(), info.support, "{}", info.name);
            }
        }
    }
}
