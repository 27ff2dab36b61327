//! Circular convolutions of real vectors by the fast Fourier transform.

use std::fmt;
use std::sync::Arc;

use faer::{MatMut, MatRef};
use gridgp_fft::Complex64;
use gridgp_fft::{ComplexToReal, RealToComplex, plan};
use rayon::prelude::*;

/// Transforms of one length.
#[derive(Clone)]
pub(crate) struct RealFft {
    size: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

impl fmt::Debug for RealFft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RealFft({})", self.size)
    }
}

impl RealFft {
    /// Plans transforms of vectors of `size` numbers.
    pub(crate) fn new(size: usize) -> Self {
        let (forward, inverse) = plan(size);
        Self { size, forward, inverse }
    }

    /// The first size / 2 + 1 Fourier coefficients; the others are their conjugates.
    pub(crate) fn spectrum(&self, mut x: Vec<f64>) -> Vec<Complex64> {
        let mut spectrum = self.forward.make_output_vec();
        self.forward.process(&mut x, &mut spectrum).expect("the lengths are those of the plan");
        spectrum
    }

    /// The real vector with this spectrum.
    pub(crate) fn vector(&self, mut spectrum: Vec<Complex64>) -> Vec<f64> {
        let mut x = self.inverse.make_output_vec();
        self.inverse.process(&mut spectrum, &mut x).expect("the lengths are those of the plan");
        x.iter_mut().for_each(|v| *v /= self.size as f64);
        x
    }

    /// out = the first rows of F⁻¹ diag(f(k)) F \[x; 0\], each column on its own.
    ///
    /// `factor(k)` must be real for k = 0 and for k = size / 2.
    pub(crate) fn filter(
        &self,
        x: MatRef<'_, f64>,
        out: MatMut<'_, f64>,
        factor: impl Fn(usize) -> Complex64 + Sync,
    ) {
        let scale = 1.0 / self.size as f64;
        let work = || Workspace {
            padded: self.forward.make_input_vec(),
            spectrum: self.forward.make_output_vec(),
            scratch: vec![
                Complex64::ZERO;
                self.forward.get_scratch_len().max(self.inverse.get_scratch_len())
            ],
        };
        let column = |w: &mut Workspace,
                      x: faer::ColRef<'_, f64>,
                      mut out: faer::ColMut<'_, f64>| {
            w.padded.fill(0.0);
            w.padded.iter_mut().zip(x.iter()).for_each(|(p, x)| *p = *x);
            self.forward
                .process_with_scratch(&mut w.padded, &mut w.spectrum, &mut w.scratch)
                .expect("the lengths are those of the plan");
            w.spectrum.iter_mut().enumerate().for_each(|(k, s)| *s *= scale * factor(k));
            // What is not finite spreads over its whole column, and has no real ends.
            if ![w.spectrum[0], w.spectrum[w.spectrum.len() - 1]].iter().all(|s| s.is_finite()) {
                out.fill(f64::NAN);
                return;
            }
            self.inverse
                .process_with_scratch(&mut w.spectrum, &mut w.padded, &mut w.scratch)
                .expect("the ends of the spectrum are real");
            out.iter_mut().zip(&w.padded).for_each(|(o, p)| *o = *p);
        };
        // Columns are independent, so threads do not change a digit.
        if x.ncols() > 1 && x.ncols() * self.size > 100_000 {
            (x.par_col_iter(), out.par_col_iter_mut())
                .into_par_iter()
                .for_each_init(work, |w, (x, out)| column(w, x, out));
        } else {
            let mut w = work();
            x.col_iter().zip(out.col_iter_mut()).for_each(|(x, out)| column(&mut w, x, out));
        }
    }
}

struct Workspace {
    padded: Vec<f64>,
    spectrum: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

/// The smallest even number ≥ n without prime factors above 5: a length that transforms fast.
pub(crate) fn fast_length(n: usize) -> usize {
    let smooth = |mut m: usize| {
        for p in [2, 3, 5] {
            while m.is_multiple_of(p) {
                m /= p;
            }
        }
        m == 1
    };
    (n.max(2)..).find(|&m| m % 2 == 0 && smooth(m)).expect("there is a power of two")
}
