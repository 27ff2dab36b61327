//! Points that stand for a normal distribution.

use faer::Mat;
use gridgp_dense::Cholesky;
use gridgp_dist::special::{LN_SQRT_2PI, normal_cdf, normal_quantile};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How far each half of a skewed normal distribution reaches along the columns of L⁻ᵀ, in units of the curvature
/// at the mode: below it, above it.
pub(super) type Halves = [f64; 2];

/// Points of a distribution around m, spread evenly: x = m + L⁻ᵀz, each zⱼ normal with one standard deviation
/// below 0 and another above. Where both are 1, they have the mean and the covariance of N(m, (L Lᵀ)⁻¹).
///
/// # Source
/// Rue, Martino and Chopin (2009), Journal of the Royal Statistical Society B 71, section 6.5.
#[derive(Debug, Clone)]
pub(super) struct Points {
    dim: usize,
    all: Vec<f64>,
    log_density: Vec<f64>,
}

impl Points {
    /// `count` points: ε of a rank-1 sequence (Roberts' generalization of the golden ratio) with a shift from
    /// the seed, moved and stretched to mean 0 and covariance I, where there are enough for that.
    pub(super) fn new(
        mean: &[f64],
        factor: &Cholesky,
        halves: &[Halves],
        count: usize,
        seed: u64,
    ) -> Self {
        let dim = mean.len();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shift: Vec<f64> = (0..dim).map(|_| rng.random::<f64>()).collect();
        let ratio = golden(dim);
        let noise = |k: usize, j: usize| {
            let u = (shift[j] + (k + 1) as f64 * ratio.powi(-(j as i32 + 1))).fract();
            normal_quantile(u.clamp(1e-9, 1.0 - 1e-9))
        };
        let mut all = Mat::from_fn(dim, count, |j, k| noise(k, j));
        if count > 2 * dim && dim > 0 {
            standardize(&mut all);
        }
        let mut log_density = Vec::with_capacity(count);
        for k in 0..count {
            let mut log = 0.5 * factor.log_det();
            for (e, half) in all.col_as_slice_mut(k).iter_mut().zip(halves) {
                let (z, own) = skewed(*e, half);
                (*e, log) = (z, log + own);
            }
            log_density.push(log);
        }
        if dim > 0 {
            factor.solve_lt_in_place(all.as_mut());
        }
        let at = (0..count).flat_map(|k| (0..dim).map(move |j| (k, j)));
        let all = at.map(|(k, j)| mean[j] + all[(j, k)]).collect();
        Self { dim, all, log_density }
    }

    /// Number of points.
    pub(super) fn len(&self) -> usize {
        self.log_density.len()
    }

    /// One of them.
    pub(super) fn at(&self, k: usize) -> &[f64] {
        &self.all[k * self.dim..(k + 1) * self.dim]
    }

    /// All of them, row-major.
    pub(super) fn all(&self) -> &[f64] {
        &self.all
    }

    /// The log density of the normal distribution at each.
    pub(super) fn log_density(&self) -> &[f64] {
        &self.log_density
    }
}

/// z with the quantile of a standard normal ε, and its log density.
fn skewed(e: f64, [below, above]: &Halves) -> (f64, f64) {
    let share = below / (below + above);
    let u = normal_cdf(e);
    // Quantiles of the nearer tail, which keep its digits.
    let scaled = match u < share {
        true => normal_quantile(0.5 * u / share),
        false => -normal_quantile(0.5 * normal_cdf(-e) / (1.0 - share)),
    };
    let z = scaled * if u < share { below } else { above };
    (z, -(0.5 * (below + above)).ln() - 0.5 * scaled * scaled - LN_SQRT_2PI)
}

/// The positive root of x^(d+1) = x + 1.
fn golden(dim: usize) -> f64 {
    let mut x = 1.5f64;
    for _ in 0..60 {
        x = (1.0 + x).powf(1.0 / (dim as f64 + 1.0));
    }
    x
}

/// Gives the columns mean 0 and covariance I.
fn standardize(all: &mut Mat<f64>) {
    let (dim, count) = all.shape();
    for j in 0..dim {
        let mean = all.row(j).iter().sum::<f64>() / count as f64;
        all.row_mut(j).iter_mut().for_each(|v| *v -= mean);
    }
    let covariance = Mat::from_fn(dim, dim, |i, j| {
        all.row(i).iter().zip(all.row(j).iter()).map(|(a, b)| a * b).sum::<f64>() / count as f64
    });
    if let Ok(root) = Cholesky::new(covariance.as_ref()) {
        root.solve_l_in_place(all.as_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_have_the_mean_and_the_covariance() {
        let precision = faer::mat![[4.0, 1.0], [1.0, 0.5]];
        let factor = Cholesky::new(precision.as_ref()).unwrap();
        let points = Points::new(&[1.0, -2.0], &factor, &[[1.0; 2]; 2], 32, 5);
        let mean = |j: usize| (0..32).map(|k| points.at(k)[j]).sum::<f64>() / 32.0;
        assert!((mean(0) - 1.0).abs() < 1e-12 && (mean(1) + 2.0).abs() < 1e-12);
        let products = |i: usize, j: usize| {
            let each = (0..32).map(|k| (points.at(k)[i] - mean(i)) * (points.at(k)[j] - mean(j)));
            each.sum::<f64>() / 32.0
        };
        // The inverse of the precision has determinant 1.
        for (i, j, want) in [(0, 0, 0.5), (0, 1, -1.0), (1, 1, 4.0)] {
            assert!((products(i, j) - want).abs() < 1e-10, "{}", products(i, j));
        }
        let square = |x: &[f64]| {
            let (a, b) = (x[0] - 1.0, x[1] + 2.0);
            4.0 * a * a + 2.0 * a * b + 0.5 * b * b
        };
        let first = points.log_density()[0] + 0.5 * square(points.at(0));
        assert!((first + (2.0 * std::f64::consts::PI).ln()).abs() < 1e-12);
    }

    #[test]
    fn halves_have_their_standard_deviations_and_a_density_of_integral_1() {
        let half = [0.6, 1.8];
        let (mut total, mut below, mut above) = (0.0, 0.0, 0.0);
        let mut last = f64::NEG_INFINITY;
        for i in 0..20_000 {
            let u = (f64::from(i) + 0.5) / 20_000.0;
            let (z, log) = skewed(normal_quantile(u), &half);
            assert!(z > last);
            // 1/p integrates over draws to the length of the line, (p is the derivative of u by z).
            total += (-log).exp() * f64::from(u8::from(z.abs() < 1.0)) / 20_000.0;
            let square = z * z / 20_000.0;
            if z < 0.0 {
                below += square
            } else {
                above += square
            }
            last = z;
        }
        assert!((total - 2.0).abs() < 1e-3, "{total}");
        let share = half[0] / (half[0] + half[1]);
        assert!((below / share / 0.36 - 1.0).abs() < 5e-3, "{below}");
        assert!((above / (1.0 - share) / 3.24 - 1.0).abs() < 5e-3, "{above}");
    }
}
