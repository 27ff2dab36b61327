//! A periodic kernel as a sum of cosines.

/// Most cosines; lengthscales below about 0.057 need more.
pub(super) const MOST: usize = 128;
/// What they may leave out of a variance of 1. Far below 1e-8, so that a change of their number is no
/// step that an optimizer could see.
pub(super) const LEFT_OUT: f64 = 1e-12;

/// exp(−2 sin²(πr/p)/ℓ²) = Σⱼ wⱼ cos(2πjr/p), up to what is left out.
///
/// With z = 1/ℓ², w₀ = e⁻ᶻ I₀(z) and wⱼ = 2 e⁻ᶻ Iⱼ(z), of modified Bessel functions. They sum to 1.
///
/// # Source
/// Abramowitz and Stegun (1964), 9.6.34; the ratios Iⱼ/Iⱼ₋₁ by the recurrence 9.6.26, downwards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cosines {
    /// wⱼ.
    pub(super) weights: Vec<f64>,
    /// ∂ log wⱼ/∂ℓ.
    pub(super) slopes: Vec<f64>,
    /// Σ of the wⱼ that are left out: |k − Σ| is at most that, anywhere.
    pub(super) left_out: f64,
}

impl Cosines {
    /// The fewest that leave out less than [`LEFT_OUT`]; `None` where those are more than [`MOST`].
    pub(super) fn new(lengthscale: f64) -> Option<Self> {
        let z = (lengthscale * lengthscale).recip();
        // e^(−n²/2z) is below 1e-30 there.
        let last = 30.0 + 12.0 * z.sqrt();
        if last.is_nan() || last > 30.0 + 12.0 * MOST as f64 {
            return None;
        }
        let last = last as usize;
        // rⱼ = Iⱼ/Iⱼ₋₁ = 1/(2j/z + rⱼ₊₁).
        let mut ratios = vec![0.0; last + 2];
        for j in (1..=last).rev() {
            ratios[j] = (2.0 * j as f64 / z + ratios[j + 1]).recip();
        }
        let mut all = vec![1.0];
        let mut product = 1.0;
        for ratio in &ratios[1..=last] {
            product *= ratio;
            all.push(2.0 * product);
        }
        let sum: f64 = all.iter().rev().sum();
        all.iter_mut().for_each(|w| *w /= sum);
        let (mut left_out, mut count) = (0.0, all.len());
        while count > 1 && left_out + all[count - 1] <= LEFT_OUT {
            count -= 1;
            left_out += all[count];
        }
        if count > MOST {
            return None;
        }
        all.truncate(count);
        let slope = |j: usize| -2.0 / lengthscale * (j as f64 + z * (ratios[j + 1] - 1.0));
        Some(Self { weights: all, slopes: (0..count).map(slope).collect(), left_out })
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn they_sum_to_the_kernel() {
        for lengthscale in [0.08, 0.3, 1.0, 1.3, 5.0, 1e4] {
            let cosines = Cosines::new(lengthscale).unwrap();
            for r in [0.0, 0.01, 0.13, 0.5, 0.77] {
                let terms = cosines.weights.iter().enumerate();
                let sum: f64 = terms.map(|(j, w)| w * (2.0 * PI * j as f64 * r).cos()).sum();
                let k = (-2.0 * (PI * r).sin().powi(2) / lengthscale.powi(2)).exp();
                assert!(
                    (sum - k).abs() <= cosines.left_out + 1e-14,
                    "{lengthscale} {r}: {sum} {k}"
                );
            }
        }
    }

    #[test]
    fn slopes_are_those_of_the_logarithms() {
        for lengthscale in [0.1, 0.9, 3.0] {
            let at = |l: f64| Cosines::new(l).unwrap().weights;
            let step = 1e-5 * lengthscale;
            let (low, high) = (at(lengthscale - step), at(lengthscale + step));
            let here = Cosines::new(lengthscale).unwrap();
            for (j, slope) in here.slopes.iter().enumerate().take(low.len().min(high.len())) {
                let difference = (high[j].ln() - low[j].ln()) / (2.0 * step);
                assert!(
                    (slope - difference).abs() < 1e-7 * slope.abs().max(1.0),
                    "{lengthscale} {j}"
                );
            }
        }
    }

    #[test]
    fn lengthscales_that_need_too_many_have_none() {
        assert!(Cosines::new(0.03).is_none() && Cosines::new(1e-200).is_none());
        assert_eq!(Cosines::new(1e200).unwrap().weights, [1.0]);
    }
}
