//! Student's t distribution.

use std::f64::consts::{LN_2, PI};

use gridgp_dist::Domain;
use gridgp_dist::special::{
    beta_quantile, digamma, ln_1m_exp, ln_1p_excess, ln_1p_square, ln_beta_tails,
    ln_gamma_half_step, trigamma,
};
use rand::Rng;
use rand_distr::Distribution as _;

use super::curvature::Which;
use super::testing::Example;
use super::{Column, DefaultValue, Info, Likelihood, LikelihoodParameter};
use super::{accumulate_by, check_finite, impossible, is_positive, is_possible};

/// p(y) = Γ((df + 1)/2) / (Γ(df/2) scale √(π df)) · (1 + z²/df)^(−(df + 1)/2), z = (y − location)/scale.
///
/// `scale` is not the standard deviation: that is scale √(df/(df − 2)), for df > 2.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StudentT;

const PARAMETERS: [LikelihoodParameter; 3] = [
    LikelihoodParameter::new("location", Domain::Real, "median", DefaultValue::Required),
    LikelihoodParameter::new("scale", Domain::Positive, "scale", DefaultValue::Noise),
    LikelihoodParameter::new(
        "df",
        Domain::Positive,
        "degrees of freedom; small for heavy tails",
        DefaultValue::Prior("gamma(2, rate = 0.1)"),
    ),
];

/// What depends on df = ν alone.
#[derive(Clone, Copy)]
struct Norm {
    /// log Γ((ν + 1)/2) − log Γ(ν/2) − ½ log(πν).
    value: f64,
    /// Its derivative.
    slope: f64,
}

impl Norm {
    fn of(df: f64) -> Self {
        let value = ln_gamma_half_step(0.5 * df) - 0.5 * (PI * df).ln();
        Self { value, slope: norm_slope(df) }
    }
}

/// d/dν (log Γ((ν + 1)/2) − log Γ(ν/2) − ½ log ν), by its asymptotic series where it cancels.
fn norm_slope(df: f64) -> f64 {
    if df < 40.0 {
        return 0.5 * (digamma(0.5 * (df + 1.0)) - digamma(0.5 * df) - 1.0 / df);
    }
    let r = 1.0 / (df * df);
    r * (0.25 - r * (0.125 - r * (0.25 - r * (17.0 / 16.0))))
}

/// The derivative of [`norm_slope`].
fn norm_bend(df: f64) -> f64 {
    if df < 40.0 {
        return 0.25 * (trigamma(0.5 * (df + 1.0)) - trigamma(0.5 * df)) + 0.5 / (df * df);
    }
    let r = 1.0 / (df * df);
    -r / df * (0.5 - r * (0.5 - r * (1.5 - r * 8.5)))
}

impl StudentT {
    pub(super) const INFO: Info = Info {
        name: "student_t",
        formula: "p(y) = Γ((df+1)/2) / (Γ(df/2) scale √(π df)) · (1 + ((y - location)/scale)²/df)^(-(df+1)/2)",
        support: "(-inf, inf)",
        about: "measurements with outliers",
    };
    pub(super) const EXAMPLES: &'static [Example] = &[
        Example::new(&[1.0, 0.5, 4.0]),
        Example::new(&[-2.0, 3.0, 1.0]),
        Example::new(&[0.0, 1.0, 39.0]),
        Example::new(&[0.0, 1.0, 41.0]),
        Example::new(&[0.0, 1.0, 0.6]),
    ];

    fn with_norm(y: f64, p: &[f64], norm: &Norm, gradient: &mut [f64]) -> f64 {
        let [location, scale, df] = [p[0], p[1], p[2]];
        if !(is_positive(scale) && is_positive(df) && location.is_finite() && y.is_finite()) {
            return impossible(gradient);
        }
        let z = (y - location) / scale;
        let log = ln_1p_square(z / df.sqrt());
        let value = norm.value - scale.ln() - 0.5 * (df + 1.0) * log;
        if !value.is_finite() {
            return impossible(gradient);
        }
        let square = z * z;
        // z (ν + 1)/(ν + z²), also where z² overflows.
        let pull = if square.is_finite() { (df + 1.0) * z / (df + square) } else { (df + 1.0) / z };
        gradient[0] = pull / scale;
        gradient[1] = (pull * z - 1.0) / scale;
        let u = square / df;
        let excess = if u < 1.0 { ln_1p_excess(u) } else { log - 1.0 / (1.0 + 1.0 / u) };
        gradient[2] = norm.slope + 0.5 * (1.0 / ((1.0 + 1.0 / u) * df) - excess);
        value
    }

    /// log P(T > |z|) and z/√ν: half of P(T² > z²), an incomplete beta function of 1/(1 + z²/ν).
    fn log_tail(y: f64, p: &[f64]) -> (f64, f64) {
        let (q, a) = ((y - p[0]) / p[1] / p[2].sqrt(), 0.5 * p[2]);
        let log = if q.abs() > FAR {
            power_law(a) - LN_2 - a * ln_1p_square(q)
        } else {
            let (far, near) = (1.0 / (1.0 + q * q), 1.0 / (1.0 + 1.0 / q / q));
            ln_beta_tails(a, 0.5, far, near).0 - LN_2
        };
        (log, q)
    }

    /// The z ≤ 0 with P(T ≤ z) = q ≤ ½.
    fn lower_quantile(q: f64, df: f64) -> f64 {
        let (a, tail) = (0.5 * df, 2.0 * q);
        let log_square = (power_law(a) - tail.ln()) / a;
        if log_square > 2.0 * FAR.ln() {
            return -df.sqrt() * (0.5 * log_square).exp();
        }
        let (far, near) = beta_quantile(a, 0.5, tail, 1.0 - tail);
        -(df * near / far).sqrt()
    }
}

/// Beyond |z| = FAR √ν the tail is a power: I_x(a, ½) = xᵃ/(a B(a, ½)) to rounding.
const FAR: f64 = 1e8;

/// −log(a B(a, ½)).
fn power_law(a: f64) -> f64 {
    ln_gamma_half_step(a) - a.ln() - 0.5 * PI.ln()
}

impl StudentT {
    /// The observed information or the curvature.
    fn information(&self, y: f64, p: &[f64], which: Which, out: &mut [f64]) {
        if !is_possible(self, y, p) {
            return out.fill(0.0);
        }
        let [location, scale, df] = [p[0], p[1], p[2]];
        let z = (y - location) / scale;
        let (square, precision) = (z * z, 1.0 / (scale * scale));
        let far = df + square;
        let weight = (df + 1.0) / far;
        let shrink = (square - 1.0) / (far * far);
        let d = df * far;
        let observed = [
            precision * weight * (df - square) / far,
            precision * z * weight * 2.0 * df / far,
            precision * (square * weight - 1.0 + 2.0 * square * weight * df / far),
            -z / scale * shrink,
            -square / scale * shrink,
            -norm_bend(df) - 0.5 * square * (df * square - 2.0 * df - square) / (d * d),
        ];
        which.write(out, observed, || {
            let (one, three) = (df + 1.0, df + 3.0);
            // ¼(ψ′(ν/2) − ψ′((ν + 1)/2)) − (ν + 5)/(2ν(ν + 1)(ν + 3)).
            let third = -norm_bend(df) + (3.0 - df) / (2.0 * df * df * one * three);
            [
                precision * one / three,
                0.0,
                precision * 2.0 * df / three,
                0.0,
                -2.0 / (scale * one * three),
                third,
            ]
        });
    }
}

impl Likelihood for StudentT {
    fn parameters(&self) -> &[LikelihoodParameter] {
        &PARAMETERS
    }

    fn check(&self, y: f64, _known: &[f64]) -> Result<(), String> {
        check_finite(y)
    }

    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        if !is_positive(p[2]) {
            return impossible(gradient);
        }
        Self::with_norm(y, p, &Norm::of(p[2]), gradient)
    }

    /// # Source
    /// Expected information: Lange, Little and Taylor, Robust statistical modeling using the t
    /// distribution (1989), appendix.
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Semidefinite, out);
    }

    fn observed_information(&self, y: f64, p: &[f64], out: &mut [f64]) {
        self.information(y, p, Which::Observed, out);
    }

    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        let (tail, q) = Self::log_tail(y, p);
        if q < 0.0 { tail.exp() } else { 1.0 - tail.exp() }
    }

    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        self.cdf(-y, &[-p[0], p[1], p[2]])
    }

    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        let (tail, q) = Self::log_tail(y, p);
        if q < 0.0 { (tail, ln_1m_exp(tail)) } else { (ln_1m_exp(tail), tail) }
    }

    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        if !(0.0..=1.0).contains(&q) {
            f64::NAN
        } else if q < 0.5 {
            p[0] + p[1] * Self::lower_quantile(q, p[2])
        } else {
            p[0] - p[1] * Self::lower_quantile(1.0 - q, p[2])
        }
    }

    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        -self.quantile(q, &[-p[0], p[1], p[2]])
    }

    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        let standard = rand_distr::StudentT::new(p[2]);
        standard.map_or(f64::NAN, |t| p[0] + p[1] * t.sample(rng))
    }

    fn mean(&self, p: &[f64]) -> f64 {
        if p[2] > 1.0 { p[0] } else { f64::NAN }
    }

    fn sd(&self, p: &[f64]) -> f64 {
        match p[2] {
            df if df > 2.0 => p[1] * (df / (df - 2.0)).sqrt(),
            df if df > 1.0 => f64::INFINITY,
            _ => f64::NAN,
        }
    }

    /// With one df for all, one normalization for all.
    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        let Column::Constant(df) = p[2] else {
            return super::accumulate_pointwise(self, y, p, bars);
        };
        if !is_positive(df) {
            return f64::NEG_INFINITY;
        }
        let norm = Norm::of(df);
        accumulate_by(y, p, bars, |y, p, gradient| Self::with_norm(y, p, &norm, gradient))
    }
}
