//! Plans of fast Fourier transforms of real vectors.
//!
//! A planner brings all algorithms of rustfft with it, a minute of compilation. It is called here
//! and nowhere else, so that they are compiled once; what it gives are trait objects.

use std::sync::Arc;

use realfft::RealFftPlanner;
pub use realfft::num_complex::Complex64;
pub use realfft::{ComplexToReal, RealToComplex};

/// The transform of real vectors of `size` numbers to size / 2 + 1 coefficients, and the way back,
/// which multiplies by `size`.
///
/// ```
/// let (forward, inverse) = gridgp_fft::plan(4);
/// let mut x = vec![1.0, 2.0, 3.0, 4.0];
/// let mut spectrum = forward.make_output_vec();
/// forward.process(&mut x, &mut spectrum).unwrap();
/// assert_eq!(spectrum[0].re, 10.0);
/// inverse.process(&mut spectrum, &mut x).unwrap();
/// assert!((x[2] - 4.0 * 3.0).abs() < 1e-12);
/// ```
pub fn plan(size: usize) -> (Arc<dyn RealToComplex<f64>>, Arc<dyn ComplexToReal<f64>>) {
    let mut planner = RealFftPlanner::new();
    (planner.plan_fft_forward(size), planner.plan_fft_inverse(size))
}
