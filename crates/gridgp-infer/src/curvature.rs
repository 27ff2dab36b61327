//! What the curvature of a density at its mode says of its unknowns.

use faer::Mat;
use gridgp_dense::symmetric_eigen;
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

/// −∇² log p, d × d, by differences of gradients: for few unknowns.
pub(super) fn negative_hessian(density: &mut impl LogDensity, mode: &[f64]) -> Mat<f64> {
    let d = mode.len();
    let mut hessian = Mat::zeros(d, d);
    let (mut up, mut down) = (vec![0.0; d], vec![0.0; d]);
    let step = 1e-4;
    let mut at = |x: &[f64], gradient: &mut [f64]| {
        if !density.log_density_gradient(x, gradient).is_finite() {
            gradient.fill(f64::NAN);
        }
    };
    for j in 0..d {
        let mut x = mode.to_vec();
        x[j] += step;
        at(&x, &mut up);
        x[j] -= 2.0 * step;
        at(&x, &mut down);
        for i in 0..d {
            hessian[(i, j)] = (down[i] - up[i]) / (2.0 * step);
        }
    }
    Mat::from_fn(d, d, |i, j| 0.5 * (hessian[(i, j)] + hessian[(j, i)]))
}

/// How far the mode is from x by the curvature there, √(gᵀ H⁻¹ g), in standard deviations and where
/// those exceed 1 in unknowns; ∞ at a saddle.
pub(super) fn distance_to_mode(density: &mut impl LogDensity, x: &[f64], gradient: &[f64]) -> f64 {
    let Ok((values, vectors)) = symmetric_eigen(negative_hessian(density, x).as_ref()) else {
        return f64::INFINITY;
    };
    let along = |(j, value): (usize, &f64)| {
        let slope: f64 = gradient.iter().zip(vectors.col(j).iter()).map(|(g, v)| g * v).sum();
        if *value < -1.0 { f64::INFINITY } else { slope * slope / value.max(1.0) }
    };
    let distance = values.iter().enumerate().map(along).sum::<f64>().sqrt();
    if distance.is_nan() { f64::INFINITY } else { distance }
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

    #[test]
    fn a_mode_is_as_near_as_the_curvature_says() {
        // 0.01 and 0.001 from the mode, of sds 0.5 and 0.1; the third has no curvature.
        let x = [0.01, 0.001, 0.0, 1.0];
        let distance = distance_to_mode(&mut Mixed, &x, &[-0.04, -0.1, 0.0, 0.0]);
        assert!((distance - 0.02f64.hypot(0.01)).abs() < 1e-9, "{distance}");
        let distance = distance_to_mode(&mut Mixed, &x, &[0.0, 0.0, 1.0, 0.0]);
        assert!((distance - 1.0).abs() < 1e-9, "{distance}");
    }
}
