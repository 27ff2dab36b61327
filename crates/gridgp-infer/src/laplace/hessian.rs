//! The dense Hessian of a log density, from central differences of its gradient.

use faer::Mat;
use gridgp_density::LogDensity;
use gridgp_grid::{Error, Result};
use rayon::prelude::*;

/// How wide differences are.
#[derive(Debug, Clone)]
pub(in super::super) struct Steps {
    /// The first step, relative to max(1, |x|).
    pub(in super::super) first: f64,
    /// Steps that are kept, in conditional standard deviations 1/√(−Hⱼⱼ).
    pub(in super::super) kept: std::ops::Range<f64>,
    /// What another step is set to.
    pub(in super::super) next: f64,
}

/// For gradients that are right to rounding.
pub(super) const FINE: Steps = Steps { first: 1e-4, kept: 1e-5..1e-2, next: 1e-3 };
/// For gradients that take long: nearly always the first step is kept, and the Hessian is right to some
/// thousandths of the fourth derivative in units of those deviations.
pub(in super::super) const COARSE: Steps = Steps { first: 2e-3, kept: 1e-3..0.3, next: 0.05 };

/// Trials for each unknown.
const TRIALS: usize = 8;
/// Columns that one worker takes with one density.
const CHUNK: usize = 16;

/// −∇² log p.
pub(in super::super) struct NegativeHessian {
    /// Symmetric, d × d.
    pub(in super::super) matrix: Mat<f64>,
    /// Largest |Hᵢⱼ − Hⱼᵢ| / √(Hᵢᵢ Hⱼⱼ) before the mean of both was taken.
    pub(in super::super) asymmetry: f64,
    pub(in super::super) evaluations: usize,
}

/// −∇² log p at x: column j is (∇ log p(x − h eⱼ) − ∇ log p(x + h eⱼ)) / 2h.
pub(in super::super) fn negative_hessian<D: LogDensity>(
    make: &(dyn Fn() -> D + Sync),
    x: &[f64],
    steps: &Steps,
) -> Result<NegativeHessian> {
    let d = x.len();
    let mut columns = vec![0.0; d * d];
    let evaluations = columns
        .par_chunks_mut(CHUNK * d)
        .enumerate()
        .map(|(chunk, columns)| {
            let mut line = Line { density: make(), x: x.to_vec(), other: vec![0.0; d] };
            let each = columns.chunks_exact_mut(d).enumerate();
            each.map(|(i, column)| line.column(chunk * CHUNK + i, steps, column))
                .sum::<Result<usize>>()
        })
        .collect::<Vec<_>>()
        .into_iter()
        .sum::<Result<usize>>()?;
    let at = |i: usize, j: usize| columns[j * d + i];
    let mut asymmetry = 0.0f64;
    for j in 0..d {
        for i in 0..j {
            let scale = (at(i, i) * at(j, j)).abs().sqrt().max(f64::MIN_POSITIVE);
            asymmetry = asymmetry.max((at(i, j) - at(j, i)).abs() / scale);
        }
    }
    let matrix = Mat::from_fn(d, d, |i, j| 0.5 * (at(i, j) + at(j, i)));
    Ok(NegativeHessian { matrix, asymmetry, evaluations })
}

/// A density on the lines through x along the axes.
struct Line<D> {
    density: D,
    x: Vec<f64>,
    other: Vec<f64>,
}

impl<D: LogDensity> Line<D> {
    /// Writes a column; how many evaluations that took.
    fn column(&mut self, j: usize, steps: &Steps, column: &mut [f64]) -> Result<usize> {
        let mut step = steps.first * self.x[j].abs().max(1.0);
        for trial in 1..=TRIALS {
            if !self.difference(j, step, column) {
                step *= 0.1;
                continue;
            }
            let in_sds = step * column[j].abs().sqrt();
            // A flat direction has no scale to take the step from.
            if steps.kept.contains(&in_sds) || column[j] == 0.0 || trial == TRIALS {
                return Ok(2 * trial);
            }
            step *= (steps.next / in_sds).clamp(1e-3, 1e3);
        }
        Err(Error::Inference(format!(
            "the log density is -inf within {step:.0e} of the mode along unknown {j}: the support \
             ends there and no normal distribution fits; give a prior that keeps away from the edge, \
             or use nuts"
        )))
    }

    /// False where a point is outside of the support.
    fn difference(&mut self, j: usize, step: f64, column: &mut [f64]) -> bool {
        let middle = self.x[j];
        self.x[j] = middle + step;
        let above = self.density.log_density_gradient(&self.x, &mut self.other);
        let up = self.x[j];
        self.x[j] = middle - step;
        let below = self.density.log_density_gradient(&self.x, column);
        // What the rounded points are apart, not what was asked for.
        let width = up - self.x[j];
        self.x[j] = middle;
        for (c, other) in column.iter_mut().zip(&self.other) {
            *c = (*c - other) / width;
        }
        above.is_finite() && below.is_finite() && column.iter().all(|c| c.is_finite())
    }
}
