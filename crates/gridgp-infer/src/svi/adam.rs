//! Adam: steps scaled by running moments of the gradient.

/// Decay of the running mean of the gradient.
const FIRST: f64 = 0.9;
/// Decay of the running mean of its square.
const SECOND: f64 = 0.999;
/// What keeps a vanishing gradient from a division by zero.
const SMALL: f64 = 1e-8;

/// The state of Adam for a fixed number of parameters.
///
/// # Source
/// Kingma and Ba (2015), Adam: a method for stochastic optimization, ICLR, algorithm 1.
pub(super) struct Adam {
    mean: Vec<f64>,
    square: Vec<f64>,
    /// FIRSTᵗ and SECONDᵗ, for the correction of moments that began at zero.
    powers: (f64, f64),
}

impl Adam {
    pub(super) fn new(parameters: usize) -> Self {
        Self { mean: vec![0.0; parameters], square: vec![0.0; parameters], powers: (1.0, 1.0) }
    }

    /// One step upwards along the gradient; `rate` is about the length of a step in each parameter.
    pub(super) fn ascend(&mut self, parameters: &mut [f64], gradient: &[f64], rate: f64) {
        self.powers = (self.powers.0 * FIRST, self.powers.1 * SECOND);
        let (mean_scale, square_scale) = (1.0 / (1.0 - self.powers.0), 1.0 / (1.0 - self.powers.1));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((x, g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *m += (1.0 - FIRST) * (g - *m);
            *v += (1.0 - SECOND) * (g * g - *v);
            *x += rate * (*m * mean_scale) / ((*v * square_scale).sqrt() + SMALL);
        }
    }
}

/// Shortens the gradient to at most `longest`; false where it is not finite.
pub(super) fn clip(gradient: &mut [f64], longest: f64) -> bool {
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    if norm > longest && norm.is_finite() {
        gradient.iter_mut().for_each(|g| *g *= longest / norm);
    }
    norm.is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second step by hand, from the algorithm as printed.
    #[test]
    fn two_steps_by_hand() {
        let mut x = [1.0];
        let mut adam = Adam::new(1);
        adam.ascend(&mut x, &[2.0], 0.1);
        // Both corrected moments are exact after one step: g / |g|.
        approx::assert_relative_eq!(x[0], 1.1, max_relative = 1e-8);
        adam.ascend(&mut x, &[-1.0], 0.1);
        let m = (0.9 * 0.2 - 0.1) / (1.0 - 0.81);
        let v: f64 = (0.999 * 0.004 + 0.001) / (1.0 - 0.998_001);
        approx::assert_relative_eq!(x[0], 1.1 + 0.1 * m / v.sqrt(), max_relative = 1e-7);
    }

    #[test]
    fn long_gradients_are_cut_and_infinite_ones_refused() {
        let mut gradient = [30.0, 40.0];
        assert!(clip(&mut gradient, 10.0));
        assert_eq!(gradient, [6.0, 8.0]);
        assert!(clip(&mut gradient, 10.0));
        assert_eq!(gradient, [6.0, 8.0]);
        assert!(!clip(&mut [f64::INFINITY, 1.0], 10.0));
    }
}
