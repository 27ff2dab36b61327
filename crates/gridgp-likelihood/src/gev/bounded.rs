//! The GEV with a shape of one sign.

use gridgp_dist::Domain;
use rand::Rng;

use super::{Gev, LOCATION, SCALE};
use crate::testing::Example;
use crate::{DefaultValue, Info, Likelihood, LikelihoodParameter, impossible};

/// A law that is the GEV wherever its shape is in its domain.
macro_rules! gev_with_shape {
    ($(#[$doc:meta])* $Name:ident, $domain:expr, $prior:literal, $about:literal, $info:expr, $examples:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Default)]
        pub struct $Name;

        impl $Name {
            pub(in crate) const INFO: Info = $info;
            pub(in crate) const EXAMPLES: &'static [Example] = $examples;
            const PARAMETERS: [LikelihoodParameter; 3] = [
                LOCATION,
                SCALE,
                LikelihoodParameter::new("shape", $domain, $about, DefaultValue::Prior($prior)),
            ];
        }

        impl Likelihood for $Name {
            fn parameters(&self) -> &[LikelihoodParameter] {
                &Self::PARAMETERS
            }

            fn check(&self, y: f64, known: &[f64]) -> Result<(), String> {
                Gev.check(y, known)
            }

            fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
                if $domain.contains(p[2]) {
                    Gev.log_prob_gradient(y, p, gradient)
                } else {
                    impossible(gradient)
                }
            }

            fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
                if $domain.contains(p[2]) { Gev.curvature(y, p, out) } else { out.fill(0.0) }
            }

            fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
                if $domain.contains(p[2]) {
                    Gev.observed_information(y, p, out);
                } else {
                    out.fill(0.0);
                }
            }

            fn cdf(&self, y: f64, p: &[f64]) -> f64 {
                Gev.cdf(y, p)
            }

            fn sf(&self, y: f64, p: &[f64]) -> f64 {
                Gev.sf(y, p)
            }

            fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
                Gev.log_tails(y, p)
            }

            fn quantile(&self, q: f64, p: &[f64]) -> f64 {
                Gev.quantile(q, p)
            }

            fn isf(&self, q: f64, p: &[f64]) -> f64 {
                Gev.isf(q, p)
            }

            fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
                Gev.sample(rng, p)
            }

            fn mean(&self, p: &[f64]) -> f64 {
                Gev.mean(p)
            }

            fn sd(&self, p: &[f64]) -> f64 {
                Gev.sd(p)
            }
        }
    };
}

gev_with_shape! {
    /// Fréchet's law: the [`Gev`] with shape > 0, a lower end and a heavy upper tail.
    ///
    /// The parameters are those of the GEV. In the textbook form
    /// P(Y ≤ y) = exp(−((y − m)/s)^(−α)), α = 1/shape, s = scale/shape and m = location − s is the
    /// lower end.
    Frechet,
    Domain::Positive,
    "half_normal(0.2)",
    "tail: the larger, the heavier",
    Info {
        name: "frechet",
        formula: "P(Y ≤ y) = exp(-(1 + shape z)^(-1/shape)), z = (y - location)/scale, shape > 0",
        support: "(location - scale/shape, inf)",
        about: "block maxima known to have a heavy tail",
    },
    &[
        Example::new(&[34.5, 1.8, 0.2]).outside(&[25.5, 20.0]),
        Example::new(&[0.0, 1.0, 1.3]).outside(&[-0.8]),
    ]
}

gev_with_shape! {
    /// The reversed Weibull law: the [`Gev`] with shape < 0 and an upper end.
    ///
    /// The parameters are those of the GEV; the shape is **negative**. In the textbook form
    /// P(Y ≤ y) = exp(−((m − y)/s)^α), α = −1/shape, s = −scale/shape and m = location + s is the
    /// upper end.
    ReversedWeibull,
    Domain::Below(0.0),
    "truncated_normal(0, 0.2, upper = 0)",
    "tail: the further below 0, the nearer the upper end",
    Info {
        name: "reversed_weibull",
        formula: "P(Y ≤ y) = exp(-(1 + shape z)^(-1/shape)), z = (y - location)/scale, shape < 0",
        support: "(-inf, location - scale/shape)",
        about: "block maxima known to have an upper end",
    },
    &[
        Example::new(&[34.5, 1.8, -0.2]).outside(&[43.6, 60.0]),
        Example::new(&[0.0, 1.0, -0.01]).outside(&[101.0]),
    ]
}
