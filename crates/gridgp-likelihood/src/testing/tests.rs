use rand::Rng;

use super::*;
use crate::{Family, Gamma, Gaussian, LikelihoodParameter};

#[test]
fn every_family_conforms() {
    for (name, family) in Family::ALL {
        println!("{name}");
        check_likelihood(family, family.examples());
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    Normalization,
    Value,
    Gradient,
    Curvature,
    Cdf,
    Quantile,
    Sf,
    Isf,
    LogTails,
    Nan,
    Sample,
    Mean,
    Sd,
    Accumulate,
    Overwrite,
    Outside,
    Check,
}

/// A Gaussian with one mistake of a part in a thousand, or in twenty for the draws.
#[derive(Debug)]
struct Faulty(Fault);

impl Faulty {
    fn off(&self, fault: Fault) -> f64 {
        if self.0 == fault { 1.001 } else { 1.0 }
    }
}

impl Likelihood for Faulty {
    fn parameters(&self) -> &[LikelihoodParameter] {
        Gaussian.parameters()
    }
    fn check(&self, y: f64, known: &[f64]) -> Result<(), String> {
        if self.0 == Fault::Check { Ok(()) } else { Gaussian.check(y, known) }
    }
    fn log_prob(&self, y: f64, p: &[f64]) -> f64 {
        let value = Gaussian.log_prob(y, p);
        if self.0 == Fault::Nan && value.is_nan() {
            return f64::NEG_INFINITY;
        }
        value * self.off(Fault::Value) + self.off(Fault::Normalization).ln()
    }
    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        let value = Gaussian.log_prob_gradient(y, p, gradient);
        gradient[1] *= self.off(Fault::Gradient);
        if self.0 == Fault::Outside && value == f64::NEG_INFINITY {
            gradient[0] = 1.0;
        }
        value + self.off(Fault::Normalization).ln()
    }
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        Gaussian.curvature(y, p, out);
        out[3] *= self.off(Fault::Curvature);
    }
    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        Gaussian.cdf(y * self.off(Fault::Cdf), p)
    }
    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        Gaussian.quantile(q, p) * self.off(Fault::Quantile)
    }
    fn sf(&self, y: f64, p: &[f64]) -> f64 {
        Gaussian.sf(y, p) * self.off(Fault::Sf)
    }
    fn log_tails(&self, y: f64, p: &[f64]) -> (f64, f64) {
        let (lower, upper) = Gaussian.log_tails(y, p);
        (lower, upper * self.off(Fault::LogTails))
    }
    fn isf(&self, q: f64, p: &[f64]) -> f64 {
        Gaussian.isf(q, p) * self.off(Fault::Isf)
    }
    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        Gaussian.sample(rng, p) * if self.0 == Fault::Sample { 1.05 } else { 1.0 }
    }
    fn mean(&self, p: &[f64]) -> f64 {
        Gaussian.mean(p) * self.off(Fault::Mean)
    }
    fn sd(&self, p: &[f64]) -> f64 {
        Gaussian.sd(p) * self.off(Fault::Sd)
    }
    fn accumulate(&self, y: &[f64], p: &[Column<'_>], bars: &mut [&mut [f64]]) -> f64 {
        if self.0 == Fault::Overwrite {
            bars[1].fill(0.0);
        }
        let shift = y.len() as f64 * self.off(Fault::Normalization).ln();
        (Gaussian.accumulate(y, p, bars) + shift) * self.off(Fault::Accumulate)
    }
}

#[test]
fn every_fault_is_found() {
    let examples = [Example::new(&[1.0, 0.5])];
    check_likelihood(&Faulty(Fault::None), &examples);
    for fault in [
        Fault::Normalization,
        Fault::Value,
        Fault::Gradient,
        Fault::Curvature,
        Fault::Cdf,
        Fault::Quantile,
        Fault::Sf,
        Fault::Isf,
        Fault::LogTails,
        Fault::Nan,
        Fault::Sample,
        Fault::Mean,
        Fault::Sd,
        Fault::Accumulate,
        Fault::Overwrite,
        Fault::Outside,
        Fault::Check,
    ] {
        let check = std::panic::catch_unwind(|| check_likelihood(&Faulty(fault), &examples));
        assert!(check.is_err(), "{fault:?} went unnoticed");
    }
}

/// A gamma whose curvature is always the expected information.
#[derive(Debug)]
struct AlwaysExpected;

impl Likelihood for AlwaysExpected {
    fn parameters(&self) -> &[LikelihoodParameter] {
        Gamma.parameters()
    }
    fn check(&self, y: f64, known: &[f64]) -> Result<(), String> {
        Gamma.check(y, known)
    }
    fn log_prob(&self, y: f64, p: &[f64]) -> f64 {
        Gamma.log_prob(y, p)
    }
    fn log_prob_gradient(&self, y: f64, p: &[f64], gradient: &mut [f64]) -> f64 {
        Gamma.log_prob_gradient(y, p, gradient)
    }
    fn curvature(&self, y: f64, p: &[f64], out: &mut [f64]) {
        if self.log_prob(y, p) == f64::NEG_INFINITY {
            return out.fill(0.0);
        }
        // Below half of the mean the observed information is indefinite.
        Gamma.curvature(0.1 * p[0], p, out);
    }
    fn cdf(&self, y: f64, p: &[f64]) -> f64 {
        Gamma.cdf(y, p)
    }
    fn quantile(&self, q: f64, p: &[f64]) -> f64 {
        Gamma.quantile(q, p)
    }
    fn sample(&self, rng: &mut dyn Rng, p: &[f64]) -> f64 {
        Gamma.sample(rng, p)
    }
    fn mean(&self, p: &[f64]) -> f64 {
        Gamma.mean(p)
    }
    fn sd(&self, p: &[f64]) -> f64 {
        Gamma.sd(p)
    }
}

#[test]
#[should_panic(expected = "curvature")]
fn expected_information_where_the_observed_one_serves_is_found() {
    check_likelihood(&AlwaysExpected, Gamma::EXAMPLES);
}
