//! Standard deviations of parameters from the curvature of a density at its mode.

use gridgp_density::LogDensity;

/// A step that is small beside the standard deviations of transformed parameters.
const STEP: f64 = 1e-3;
/// Where the curvature says nothing.
const LEAST_SURE: f64 = 0.1;

/// For each of the first `count` unknowns its standard deviation given all others, by a difference of
/// gradients around `mode`: at most 1, and 0.1 where there is no curvature.
pub(super) fn conditional_sds(
    density: &mut impl LogDensity,
    mode: &[f64],
    count: usize,
) -> Vec<f64> {
    let (mut x, mut gradient) = (mode.to_vec(), vec![0.0; mode.len()]);
    let of = |j: usize| {
        let mut slope_at = |shift: f64| {
            x[j] = mode[j] + shift;
            let value = density.log_density_gradient(&x, &mut gradient);
            if value.is_finite() { gradient[j] } else { f64::NAN }
        };
        let sd = (2.0 * STEP / (slope_at(-STEP) - slope_at(STEP))).sqrt();
        x[j] = mode[j];
        if sd.is_finite() { sd.min(1.0) } else { LEAST_SURE }
    };
    (0..count).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal with precisions 4 and 100, an unknown that only grows, and one that must be positive.
    struct Mixed;

    impl LogDensity for Mixed {
        fn dim(&self) -> usize {
            4
        }

        fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
            gradient.copy_from_slice(&[-4.0 * x[0], -100.0 * x[1], 1.0, -x[3]]);
            if x[3] < 0.0 { f64::NEG_INFINITY } else { 0.0 }
        }
    }

    #[test]
    fn curvature_is_a_standard_deviation_or_nothing() {
        let sds = conditional_sds(&mut Mixed, &[0.0; 4], 4);
        assert!((sds[0] - 0.5).abs() < 1e-9 && (sds[1] - 0.1).abs() < 1e-9, "{sds:?}");
        assert_eq!(sds[2..], [LEAST_SURE; 2]);
    }
}
