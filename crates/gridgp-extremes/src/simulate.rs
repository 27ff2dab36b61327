//! Simulated climates with a known truth.

use gridgp_dense::{settle_registers, symmetric_eigen};
use gridgp_grid::{Error, Points, Result};
use gridgp_kernel::Covariance;
use gridgp_likelihood::{Gev, Likelihood};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// How the global mean surface temperature rises, in K above the first year's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Warming {
    /// rate · (t − t₀), the rate in K a year.
    Linear {
        /// K a year.
        rate: f64,
    },
    /// rate · time · (exp((t − t₀)/time) − 1): the rate grows by e in each `time`.
    Exponential {
        /// K a year, in the first year.
        rate: f64,
        /// Years.
        time: f64,
    },
    /// total · (1 − exp(−(t − t₀)/time)): the rise slows down and stops at `total`.
    Stabilization {
        /// K.
        total: f64,
        /// Years.
        time: f64,
    },
}

impl Warming {
    /// The rise after `elapsed` years, in K, without noise.
    pub fn rise(&self, elapsed: f64) -> f64 {
        match *self {
            Self::Linear { rate } => rate * elapsed,
            Self::Exponential { rate, time } => rate * time * (elapsed / time).exp_m1(),
            Self::Stabilization { total, time } => -total * (-elapsed / time).exp_m1(),
        }
    }

    fn check(&self) -> Result<()> {
        let (amount, time) = match *self {
            Self::Linear { rate } => (rate, 1.0),
            Self::Exponential { rate, time } => (rate, time),
            Self::Stabilization { total, time } => (total, time),
        };
        if !amount.is_finite() {
            return Err(Error::Data(format!(
                "the rise of the temperature, {amount}, is not finite"
            )));
        }
        if !(time > 0.0 && time < f64::INFINITY) {
            return Err(Error::Data(format!("the time {time} of the warming is not positive")));
        }
        Ok(())
    }
}

/// A trajectory of the global mean surface temperature: `years` values in K, one a year, the
/// warming plus stationary noise of first order.
///
/// The noise is eₜ = correlation · eₜ₋₁ + √(1 − correlation²) · sd · zₜ with z standard normal: its
/// standard deviation is `sd` (K) in every year, the first one included.
///
/// # Errors
/// A negative sd, a correlation outside of (−1, 1), a warming that is not finite.
///
/// # Example
/// ```
/// use gridgp_extremes::{Warming, gmst};
///
/// let warming = Warming::Stabilization { total: 2.0, time: 40.0 };
/// let smooth = gmst(warming, 100, 0.0, 0.0, 1)?;
/// assert_eq!(smooth[0], 0.0);
/// assert!(smooth[99] > 1.8);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn gmst(
    warming: Warming,
    years: usize,
    sd: f64,
    correlation: f64,
    seed: u64,
) -> Result<Vec<f64>> {
    warming.check()?;
    if !(0.0..f64::INFINITY).contains(&sd) {
        return Err(Error::Data(format!("the noise's standard deviation {sd} is not 0 or more")));
    }
    if !(correlation > -1.0 && correlation < 1.0) {
        return Err(Error::Data(format!(
            "the noise's correlation {correlation} from year to year is not between -1 and 1"
        )));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let fresh = sd * (1.0 - correlation * correlation).sqrt();
    let mut noise = 0.0;
    Ok((0..years)
        .map(|t| {
            let z: f64 = StandardNormal.sample(&mut rng);
            noise = if t == 0 { sd * z } else { correlation * noise + fresh * z };
            warming.rise(t as f64) + noise
        })
        .collect())
}

/// A draw of a field with mean 0 at points: `amplitude` · L z with z standard normal and
/// L Lᵀ = k(points, points; θ).
///
/// L is the symmetric root, so covariances of deficient rank are drawn without adding anything to
/// the diagonal. The points are few (stations): the cost is the cube of their number.
///
/// # Errors
/// θ of the wrong length, an amplitude that is negative or not finite, a covariance that is not
/// finite.
///
/// # Example
/// ```
/// use gridgp_extremes::spatial_field;
/// use gridgp_grid::Points;
/// use gridgp_kernel::{Kernel, KernelOptions};
///
/// let kernel = Kernel::from_name("matern32", &KernelOptions::of(["x"])).unwrap();
/// let field = spatial_field(&kernel, &[2.0], &Points::line(&[0.0, 0.1, 9.0]), 1.0, 7)?;
/// assert_eq!(field.len(), 3);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn spatial_field(
    kernel: &dyn Covariance,
    theta: &[f64],
    points: &Points,
    amplitude: f64,
    seed: u64,
) -> Result<Vec<f64>> {
    let expected = kernel.parameter_count();
    if theta.len() != expected {
        return Err(Error::Data(format!(
            "the kernel has {expected} parameters, and {} numbers are given",
            theta.len()
        )));
    }
    if !(0.0..f64::INFINITY).contains(&amplitude) {
        return Err(Error::Data(format!("the amplitude {amplitude} is not 0 or more")));
    }
    let n = points.len();
    let mut gram = faer::Mat::zeros(n, n);
    kernel.gram(points, theta, gram.as_mut());
    let (values, vectors) = symmetric_eigen(gram.as_ref()).map_err(|_| {
        Error::Singular(format!(
            "the covariance of the {n} points has no eigenvectors; are the points and the \
             parameters {theta:?} finite?"
        ))
    })?;
    settle_registers();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut field = vec![0.0; n];
    for j in 0..n {
        let z: f64 = StandardNormal.sample(&mut rng);
        // Rounding can make a zero negative.
        let weight = amplitude * values[j].max(0.0).sqrt() * z;
        for (i, f) in field.iter_mut().enumerate() {
            *f += weight * vectors[(i, j)];
        }
    }
    if field.iter().all(|f| f.is_finite()) {
        Ok(field)
    } else {
        Err(Error::Singular(format!("the covariance at the parameters {theta:?} is not finite")))
    }
}

/// Yearly maxima at stations: [station, year], row-major, each from its own GEV.
///
/// Location of station s in year t: `location[s] + slope[s] · gmst[t]`; `scale` and `shape` have one
/// number a station. Station s draws from a stream of its own, so stations can be added behind
/// without changing the others.
///
/// # Errors
/// Lengths that differ, a scale that is not positive, a number that is not finite.
///
/// # Example
/// ```
/// use gridgp_extremes::gev_observations;
///
/// let y = gev_observations(&[34.0, 30.0], &[1.0, 1.5], &[2.0, 2.0], &[0.1, 0.1], &[0.0, 0.5, 1.0], 3)?;
/// assert_eq!(y.len(), 2 * 3);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
pub fn gev_observations(
    location: &[f64],
    slope: &[f64],
    scale: &[f64],
    shape: &[f64],
    gmst: &[f64],
    seed: u64,
) -> Result<Vec<f64>> {
    let n = location.len();
    for (name, column) in [("slope", slope), ("scale", scale), ("shape", shape)] {
        if column.len() != n {
            return Err(Error::Data(format!(
                "there are {n} stations by their locations and {} by their {name}",
                column.len()
            )));
        }
    }
    for (name, column) in [
        ("location", location),
        ("slope", slope),
        ("scale", scale),
        ("shape", shape),
        ("gmst", gmst),
    ] {
        let bad = |v: &f64| !v.is_finite() || (name == "scale" && *v <= 0.0);
        if let Some(i) = column.iter().position(bad) {
            return Err(Error::Data(format!("number {} of {name} is {}", i + 1, column[i])));
        }
    }
    let mut observations = Vec::with_capacity(n * gmst.len());
    for s in 0..n {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(s as u64);
        for t in gmst {
            let p = [location[s] + slope[s] * t, scale[s], shape[s]];
            observations.push(Gev.sample(&mut rng, &p));
        }
    }
    Ok(observations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_kernel::{Kernel, KernelOptions};

    #[test]
    fn warmings_begin_at_0_with_their_rate() {
        for (warming, rate) in [
            (Warming::Linear { rate: 0.02 }, 0.02),
            (Warming::Exponential { rate: 0.02, time: 30.0 }, 0.02),
            (Warming::Stabilization { total: 2.0, time: 100.0 }, 0.02),
        ] {
            assert_eq!(warming.rise(0.0), 0.0);
            approx::assert_relative_eq!(warming.rise(1e-6), rate * 1e-6, max_relative = 1e-6);
        }
        let exponential = Warming::Exponential { rate: 0.01, time: 50.0 };
        approx::assert_relative_eq!(exponential.rise(50.0), 0.5 * (1f64.exp() - 1.0));
    }

    #[test]
    fn noise_has_its_sd_and_correlation_from_the_first_year_on() {
        let n = 40_000;
        let x = gmst(Warming::Linear { rate: 0.0 }, n, 0.2, 0.6, 5).unwrap();
        let variance = x.iter().map(|v| v * v).sum::<f64>() / n as f64;
        let lagged = x.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n as f64;
        // Three standard errors.
        assert!((variance / 0.04 - 1.0).abs() < 0.031, "{variance}");
        assert!((lagged / variance - 0.6).abs() < 0.012, "{}", lagged / variance);
        let first: f64 = (0..4000)
            .map(|seed| gmst(Warming::Linear { rate: 0.0 }, 1, 0.2, 0.6, seed).unwrap()[0].powi(2))
            .sum();
        assert!((first / 4000.0 / 0.04 - 1.0).abs() < 0.07, "{first}");
    }

    #[test]
    fn fields_have_the_covariance_of_their_kernel() {
        let kernel = Kernel::from_name("matern32", &KernelOptions::of(["x"])).unwrap();
        let points = Points::line(&[0.0, 0.7, 3.0]);
        let mut gram = faer::Mat::zeros(3, 3);
        kernel.gram(&points, &[1.5], gram.as_mut());
        let n = 20_000;
        let mut sums = [[0.0; 3]; 3];
        for seed in 0..n {
            let f = spatial_field(&kernel, &[1.5], &points, 2.0, seed).unwrap();
            for i in 0..3 {
                for j in 0..3 {
                    sums[i][j] += f[i] * f[j] / n as f64;
                }
            }
        }
        for i in 0..3 {
            for j in 0..3 {
                // Four standard errors.
                let error = 4.0 * ((1.0 + gram[(i, j)].powi(2)) / n as f64).sqrt();
                assert!((sums[i][j] / 4.0 - gram[(i, j)]).abs() < error, "{i} {j} {sums:?}");
            }
        }
    }

    #[test]
    fn observations_follow_their_parameters() {
        let gmst = [0.0, 10.0];
        let many = 20_000;
        let columns = |v: f64| vec![v; many];
        let y =
            gev_observations(&columns(30.0), &columns(1.5), &columns(2.0), &columns(0.1), &gmst, 9);
        let y = y.unwrap();
        for (t, location) in [(0, 30.0), (1, 45.0)] {
            let mean = y.iter().skip(t).step_by(2).sum::<f64>() / many as f64;
            let p = [location, 2.0, 0.1];
            assert!(
                (mean - Gev.mean(&p)).abs() < 4.0 * Gev.sd(&p) / (many as f64).sqrt(),
                "{mean}"
            );
        }
    }

    #[test]
    fn seeds_and_streams_are_kept() {
        let of = |n: usize, seed| {
            let c = |v: f64| vec![v; n];
            gev_observations(&c(30.0), &c(1.0), &c(2.0), &c(0.1), &[0.0, 1.0], seed).unwrap()
        };
        assert_eq!(of(3, 1), of(3, 1));
        assert_ne!(of(3, 1), of(3, 2));
        assert_eq!(of(5, 1)[..6], of(3, 1));
        let y = of(2, 1);
        assert_ne!(y[..2], y[2..]);
    }

    #[test]
    fn mistakes_are_explained() {
        let linear = Warming::Linear { rate: 0.02 };
        let text = |e: Error| e.to_string();
        assert!(text(gmst(linear, 3, -1.0, 0.0, 1).unwrap_err()).contains("-1"));
        assert!(text(gmst(linear, 3, 1.0, 1.0, 1).unwrap_err()).contains("correlation 1"));
        let bad = Warming::Stabilization { total: 1.0, time: 0.0 };
        assert!(text(gmst(bad, 3, 1.0, 0.0, 1).unwrap_err()).contains("time 0"));
        let bad = gev_observations(&[1.0], &[0.0], &[0.0], &[0.0], &[0.0], 1);
        assert!(text(bad.unwrap_err()).contains("scale is 0"));
        let bad = gev_observations(&[1.0], &[], &[1.0], &[0.0], &[0.0], 1);
        assert!(text(bad.unwrap_err()).contains("0 by their slope"));
        let kernel = Kernel::from_name("matern32", &KernelOptions::of(["x"])).unwrap();
        let points = Points::line(&[0.0, 1.0]);
        assert!(
            text(spatial_field(&kernel, &[], &points, 1.0, 1).unwrap_err())
                .contains("1 parameters")
        );
    }
}
