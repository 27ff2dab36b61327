//! Autocovariances of chains, averaged over the chains.

use std::fmt;
use std::sync::Arc;

use gridgp_fft::{Complex64, ComplexToReal, RealToComplex, plan};

/// Transforms and buffers for chains of one length.
pub(super) struct Autocovariance {
    /// Draws of a chain.
    n: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    padded: Vec<f64>,
    spectrum: Vec<Complex64>,
    power: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl fmt::Debug for Autocovariance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Autocovariance({})", self.n)
    }
}

impl Autocovariance {
    /// For chains of `n` draws.
    pub(super) fn new(n: usize) -> Self {
        // Padding with n zeros keeps the end of a chain from meeting its beginning.
        let power_of_two = (2 * n).next_power_of_two().max(4);
        let fewer = power_of_two / 4 * 3;
        let size = if fewer >= 2 * n { fewer } else { power_of_two };
        let (forward, inverse) = plan(size);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            n,
            padded: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            power: forward.make_output_vec(),
            scratch: vec![Complex64::ZERO; scratch],
            forward,
            inverse,
        }
    }

    /// The mean over the chains of Σₜ (xₜ − x̄)(xₜ₊ₗ − x̄) / n, for the lags l = 0 … n − 1.
    ///
    /// `chains` holds one chain after the other; each is centered by its own mean.
    pub(super) fn mean(&mut self, chains: &[f64]) -> &[f64] {
        self.power.fill(Complex64::ZERO);
        for chain in chains.chunks_exact(self.n) {
            let mean = mean(chain);
            self.padded[self.n..].fill(0.0);
            self.padded.iter_mut().zip(chain).for_each(|(p, x)| *p = x - mean);
            self.forward
                .process_with_scratch(&mut self.padded, &mut self.spectrum, &mut self.scratch)
                .expect("the lengths are those of the plan");
            // The transform is linear: the chains are averaged here, and come back once.
            self.power.iter_mut().zip(&self.spectrum).for_each(|(p, s)| p.re += s.norm_sqr());
        }
        self.inverse
            .process_with_scratch(&mut self.power, &mut self.padded, &mut self.scratch)
            .expect("a power spectrum is real");
        let scale = 1.0 / (self.padded.len() as f64 * chains.len() as f64);
        let lags = &mut self.padded[..self.n];
        lags.iter_mut().for_each(|c| *c *= scale);
        lags
    }
}

/// The mean; exact where all values are equal.
pub(super) fn mean(x: &[f64]) -> f64 {
    let origin = x[0];
    if !origin.is_finite() {
        return x.iter().sum::<f64>() / x.len() as f64;
    }
    origin + x.iter().map(|x| x - origin).sum::<f64>() / x.len() as f64
}

/// The variance with n − 1; exactly 0 where all values are equal.
pub(super) fn variance(x: &[f64]) -> f64 {
    let mean = mean(x);
    x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0)
}

/// As [`variance`], in one pass (Welford).
pub(super) fn variance_of(x: impl Iterator<Item = f64>) -> f64 {
    let (mut n, mut mean, mut sum) = (0.0, 0.0, 0.0);
    for x in x {
        n += 1.0;
        let step = x - mean;
        mean += step / n;
        sum += step * (x - mean);
    }
    sum / (n - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_give_the_sums() {
        for n in [2, 3, 5, 48, 49, 64, 65] {
            let chains: Vec<f64> = (0..3 * n).map(|i| (1.3 * (i * i) as f64).sin()).collect();
            let mut all = Autocovariance::new(n);
            let lags = all.mean(&chains);
            for lag in 0..n {
                let one = |chain: &[f64]| {
                    let m = mean(chain);
                    chain.iter().zip(&chain[lag..]).map(|(x, y)| (x - m) * (y - m)).sum::<f64>()
                };
                let sum: f64 = chains.chunks_exact(n).map(one).sum();
                approx::assert_abs_diff_eq!(lags[lag], sum / (3 * n) as f64, epsilon = 1e-14);
            }
        }
    }

    #[test]
    fn equal_values_have_no_variance() {
        assert_eq!(variance(&[0.1; 77]), 0.0);
        assert_eq!(variance_of([0.1; 77].into_iter()), 0.0);
        let x = [1.0, 2.0, 4.0];
        approx::assert_relative_eq!(variance(&x), 7.0 / 3.0, max_relative = 1e-15);
        approx::assert_relative_eq!(variance_of(x.into_iter()), 7.0 / 3.0, max_relative = 1e-15);
    }
}
