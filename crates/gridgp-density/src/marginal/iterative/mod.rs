//! The covariance of the observed cells by conjugate gradients: any grid, mask, fields and noise.
//!
//! A is applied by mode products and never written out. With a preconditioner M of known determinant
//! and probes z ~ N(0, M),
//!
//! ```text
//! log|A| = log|M| + E zᵀM^{-½} log(M^{-½}AM^{-½}) M^{-½}z,   tr A⁻¹∂A = E (A⁻¹z)ᵀ ∂A (M⁻¹z),
//! ```
//!
//! both by averages over some probes, whose random numbers are fixed by the seed, so that an
//! optimizer sees one smooth function. What the leading modes of the fields contribute is exact, in
//! log|M|; the standard error is that of the rest.
//!
//! # Source
//! Wenger, Pleiss, Hennig, Cunningham and Gardner 2022, Preconditioning for scalable Gaussian process
//! hyperparameter optimization, eq. 4 to 7.

pub(super) mod conjugate;
mod modes;
mod operator;
mod preconditioner;

use std::f64::consts::PI;

use gridgp_grid::Result;
use operator::{FieldOperator, Operator};
use preconditioner::Preconditioner;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::dense::Cells;
use super::field_term::FieldTerm;

/// How exact the iterative algebra is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settings {
    /// Probes of the log determinant.
    pub(super) probes: usize,
    /// Most modes of the preconditioner.
    pub(super) modes: usize,
    pub(super) seed: u64,
}

/// Residuals of the linear systems beside their right-hand sides.
const TOLERANCE: f64 = 1e-6;

/// A at one θ.
#[derive(Debug, Clone)]
pub(super) struct Iterative {
    fields: Vec<FieldOperator>,
    preconditioner: Preconditioner,
    variances: Vec<f64>,
}

/// What an evaluation gives.
pub(super) struct IterativeValue {
    pub(super) log_prob: f64,
    /// Of `log_prob`, from the probes.
    pub(super) standard_error: f64,
    /// α of the observed cells.
    pub(super) alpha: Vec<f64>,
    /// ∂ℓ/∂D of each observed cell, where a gradient was asked for.
    pub(super) variance_bar: Vec<f64>,
}

impl Iterative {
    /// A at `theta`, with the noise `sigma` of each observed cell.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] where an axis or the preconditioner has no factor.
    pub(super) fn new(
        terms: &[FieldTerm],
        cells: &Cells,
        theta: &[f64],
        sigma: &[f64],
        settings: Settings,
    ) -> Result<Self> {
        let variances: Vec<f64> = sigma.iter().map(|s| s * s).collect();
        let preconditioner = Preconditioner::new(terms, cells, theta, &variances, settings.modes)?;
        let fields = terms.iter().map(|t| FieldOperator::new(t, theta)).collect();
        Ok(Self { fields, preconditioner, variances })
    }

    fn operator<'a>(&'a self, terms: &'a [FieldTerm], cells: &'a Cells) -> Operator<'a> {
        Operator { terms, fields: &self.fields, cells, variances: &self.variances }
    }

    /// A⁻¹X for p vectors of the observed cells, a row of p a cell.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] where the iteration does not converge.
    pub(super) fn solve(
        &self,
        terms: &[FieldTerm],
        cells: &Cells,
        x: &[f64],
        p: usize,
    ) -> Result<conjugate::Solved> {
        let operator = self.operator(terms, cells);
        conjugate::solve(
            |v, p| operator.apply(v, p),
            |v, p| self.preconditioner.solve(terms, cells, v, p),
            x,
            p,
            TOLERANCE,
        )
    }

    /// log N(r; 0, A); with `theta_bar` the derivatives with respect to the fields' parameters are
    /// added to it.
    ///
    /// # Errors
    /// As [`solve`](Self::solve).
    pub(super) fn evaluate(
        &self,
        terms: &[FieldTerm],
        cells: &Cells,
        theta: &[f64],
        r: &[f64],
        settings: Settings,
        theta_bar: Option<&mut [f64]>,
    ) -> Result<IterativeValue> {
        let (n, count) = (cells.len(), settings.probes);
        let p = count + 1;
        let probes = self.probes(terms, cells, settings);
        let mut b = Vec::with_capacity(n * p);
        for (r, probes) in r.iter().zip(probes.chunks_exact(count)) {
            b.push(*r);
            b.extend_from_slice(probes);
        }
        let solved = self.solve(terms, cells, &b, p)?;
        let alpha: Vec<f64> = solved.x.chunks_exact(p).map(|row| row[0]).collect();
        let quadratic: f64 = alpha.iter().zip(r).map(|(a, r)| a * r).sum();
        let forms = &solved.log_forms[1..];
        let mean = forms.iter().sum::<f64>() / count as f64;
        let spread = forms.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / (count - 1) as f64;
        let log_det = self.preconditioner.log_det + mean;
        let log_prob = -0.5 * (quadratic + log_det + n as f64 * (2.0 * PI).ln());
        let mut variance_bar = Vec::new();
        if let Some(bar) = theta_bar {
            // ½ αᵀ∂Aα − ½ mean (A⁻¹z)ᵀ ∂A (M⁻¹z), as pairs of columns.
            let right = self.preconditioner.solve(terms, cells, &probes, count);
            let (mut x, mut y) = (solved.x, Vec::with_capacity(n * p));
            let share = -(count as f64).recip();
            for (row, right) in x.chunks_exact_mut(p).zip(right.chunks_exact(count)) {
                row[1..].iter_mut().for_each(|v| *v *= share);
                y.push(row[0]);
                y.extend_from_slice(right);
            }
            variance_bar = self.operator(terms, cells).vjp(&x, &y, p, theta, bar);
            let control = self.preconditioner.control(terms, cells, &right, count);
            control.vjp(&self.preconditioner, terms, theta, bar);
            variance_bar.iter_mut().zip(&control.diagonal).for_each(|(v, c)| *v -= 0.5 * c);
        }
        let standard_error = 0.5 * (spread / count as f64).sqrt();
        Ok(IterativeValue { log_prob, standard_error, alpha, variance_bar })
    }

    /// z ~ N(0, M), a row of one a probe in each cell; the random numbers depend on the seed alone.
    fn probes(&self, terms: &[FieldTerm], cells: &Cells, settings: Settings) -> Vec<f64> {
        let count = settings.probes;
        let normal = |stream: u64, rows: usize| -> Vec<f64> {
            let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
            rng.set_stream(stream);
            (0..rows * count).map(|_| StandardNormal.sample(&mut rng)).collect()
        };
        let (epsilon, delta) = (normal(1, self.preconditioner.size()), normal(2, cells.len()));
        self.preconditioner.sample(terms, cells, &epsilon, &delta, count)
    }
}
