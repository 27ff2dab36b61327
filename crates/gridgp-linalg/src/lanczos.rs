//! Stochastic Lanczos quadrature: determinants of operators that are only known by products.

use faer::{Mat, MatRef};

use crate::cg::add_scaled;
use crate::operator::{LinearOperator, LogDet, Solve, SquareRoot, check_square};
use crate::{Error, Result, sample, symmetric_eigen};

/// How much to spend on an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probes {
    /// Number of random probe vectors; the standard error falls with its root.
    pub count: usize,
    /// Lanczos steps a probe; the bias falls exponentially with steps / √condition.
    pub steps: usize,
    /// Seed of the probes.
    pub seed: u64,
}

impl Default for Probes {
    /// 32 probes of 50 steps, seed 0.
    fn default() -> Self {
        Self { count: 32, steps: 50, seed: 0 }
    }
}

/// A stochastic estimate of log det A. It is an approximation, and says how good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogDetEstimate {
    /// The estimate.
    pub log_det: f64,
    /// Its Monte-Carlo standard error.
    pub standard_error: f64,
    /// What the last Lanczos step of each probe still changed, on average: an estimate of the
    /// quadrature error, which the standard error does not include. Zero where every probe's
    /// Krylov space was exhausted.
    pub quadrature_change: f64,
    /// Number of probes.
    pub probes: usize,
    /// Largest number of Lanczos steps that a probe took.
    pub steps: usize,
}

/// Estimates log det A for symmetric positive definite A, with a preconditioner M whose own
/// determinant is exact as control variate:
///
/// log det A = log det M + E\[zᵀM^{−½} log(M^{−½} A M^{−½}) M^{−½}z\], z ~ N(0, M).
///
/// Only what M misses is left to chance: the better M, the smaller the standard error. Pass
/// [`Identity`](crate::Identity) for none. The Lanczos vectors are orthogonalized fully, so memory
/// is probes × steps × rows.
///
/// ```
/// use gridgp_linalg::{Diagonal, Identity, lanczos};
/// let a = Diagonal::new((1..=50).map(f64::from).collect());
/// let exact: f64 = (1..=50).map(|i| f64::from(i).ln()).sum();
/// let estimate = lanczos::log_det(&a, &Identity::new(50), lanczos::Probes::default())?;
/// assert!((estimate.log_det - exact).abs() < 4.0 * estimate.standard_error);
/// // With the right preconditioner nothing is left to estimate.
/// let estimate = lanczos::log_det(&a, &a, lanczos::Probes::default())?;
/// assert!((estimate.log_det - exact).abs() < 1e-10);
/// # Ok::<(), gridgp_linalg::Error>(())
/// ```
///
/// # Errors
/// [`Error::NotPositiveDefinite`] if a Ritz value shows that A is not; what M's solve, determinant
/// and root find; [`Error::Structure`] if the shapes do not match or there are fewer than two
/// probes, which have no standard error.
///
/// # Source
/// Ubaru, Chen & Saad (2017), Fast estimation of tr(f(A)) via stochastic Lanczos quadrature,
/// algorithm 1; the preconditioned form: Wenger et al. (2022), Preconditioning for scalable
/// Gaussian process hyperparameter optimization, section 4.
pub fn log_det<A, M>(a: &A, preconditioner: &M, probes: Probes) -> Result<LogDetEstimate>
where
    A: LinearOperator + ?Sized,
    M: Solve + LogDet + SquareRoot,
{
    check_square(a.shape(), "given a determinant")?;
    if a.shape() != preconditioner.shape() {
        return Err(Error::Structure(format!(
            "the operator is {:?}, its preconditioner {:?}",
            a.shape(),
            preconditioner.shape()
        )));
    }
    if probes.count < 2 || probes.steps == 0 {
        return Err(Error::Structure(
            "a stochastic determinant needs at least two probes and one step".into(),
        ));
    }
    let known = preconditioner.log_det()?.positive()?;
    let root = preconditioner.square_root()?;
    let mut z = Mat::zeros(a.rows(), probes.count);
    sample::draw_into(&root, probes.seed, 0, z.as_mut());
    let recursion = Recursion::run(a, preconditioner, z, probes.steps)?;
    let mut totals = Vec::with_capacity(probes.count);
    let mut change = 0.0;
    let mut steps = 0;
    for probe in &recursion.probes {
        let value = probe.quadrature(probe.alphas.len(), a.rows())?;
        if !probe.exhausted && probe.alphas.len() > 1 {
            change += (value - probe.quadrature(probe.alphas.len() - 1, a.rows())?).abs();
        }
        steps = steps.max(probe.alphas.len());
        totals.push(value);
    }
    let count = probes.count as f64;
    let mean = totals.iter().sum::<f64>() / count;
    let variance = totals.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (count - 1.0);
    Ok(LogDetEstimate {
        log_det: known + mean,
        standard_error: (variance / count).sqrt(),
        quadrature_change: change / count,
        probes: probes.count,
        steps,
    })
}

/// The tridiagonal matrix of one probe.
struct Probe {
    alphas: Vec<f64>,
    betas: Vec<f64>,
    /// |M^{−½} z|²
    weight: f64,
    /// The Krylov space is invariant, so the quadrature is exact.
    exhausted: bool,
}

impl Probe {
    /// weight · e₁ᵀ log(T) e₁ for the leading block of T of size k.
    fn quadrature(&self, k: usize, size: usize) -> Result<f64> {
        if self.weight == 0.0 {
            return Ok(0.0);
        }
        let t = Mat::from_fn(k, k, |i, j| match i.abs_diff(j) {
            0 => self.alphas[i],
            1 => self.betas[i.min(j)],
            _ => 0.0,
        });
        let (values, vectors) = symmetric_eigen(t.as_ref())?;
        values.iter().enumerate().try_fold(0.0, |sum, (i, &value)| {
            if value.is_nan() || value <= 0.0 {
                return Err(Error::NotPositiveDefinite { size, pivot: i, value });
            }
            Ok(sum + self.weight * vectors[(0, i)].powi(2) * value.ln())
        })
    }
}

/// Lanczos in the inner product of M⁻¹, all probes side by side.
struct Recursion {
    probes: Vec<Probe>,
}

impl Recursion {
    fn run<A, M>(a: &A, m: &M, z: Mat<f64>, steps: usize) -> Result<Self>
    where
        A: LinearOperator + ?Sized,
        M: Solve,
    {
        let (n, count) = z.shape();
        let mut probes = Vec::with_capacity(count);
        // v are orthonormal in M⁻¹; w = M⁻¹ v.
        let mut v = z;
        let mut w = m.solve(v.as_ref())?;
        for j in 0..count {
            let weight = dot(v.col_as_slice(j), w.col_as_slice(j));
            probes.push(Probe { alphas: vec![], betas: vec![], weight, exhausted: weight <= 0.0 });
            normalize(&mut v, &mut w, j, weight);
        }
        let (mut all_v, mut all_w): (Vec<Mat<f64>>, Vec<Mat<f64>>) = (vec![], vec![]);
        let mut u = Mat::zeros(n, count);
        for step in 0..steps.min(n) {
            a.apply_into(w.as_ref(), u.as_mut());
            all_v.push(v);
            all_w.push(w);
            for (j, probe) in probes.iter_mut().enumerate().filter(|(_, p)| !p.exhausted) {
                let u = u.col_as_slice_mut(j);
                probe.alphas.push(dot(all_w[step].col_as_slice(j), u));
                // Twice, against what cancellation leaves: plain Lanczos finds eigenvalues again.
                for _ in 0..2 {
                    for (v, w) in all_v.iter().zip(&all_w) {
                        let c = dot(w.col_as_slice(j), u);
                        add_scaled(u, -c, v.col_as_slice(j));
                    }
                }
            }
            v = u.clone();
            w = m.solve(v.as_ref())?;
            for (j, probe) in probes.iter_mut().enumerate() {
                let square = dot(v.col_as_slice(j), w.col_as_slice(j));
                if probe.exhausted {
                    normalize(&mut v, &mut w, j, 0.0);
                    continue;
                }
                let beta = square.max(0.0).sqrt();
                let scale = probe.alphas.iter().fold(0.0_f64, |m, a| m.max(a.abs()));
                if step + 1 == n || beta <= f64::EPSILON * n as f64 * scale {
                    probe.exhausted = true;
                    normalize(&mut v, &mut w, j, 0.0);
                } else {
                    if step + 1 < steps {
                        probe.betas.push(beta);
                    }
                    normalize(&mut v, &mut w, j, square);
                }
            }
            if probes.iter().all(|p| p.exhausted) {
                break;
            }
        }
        Ok(Self { probes })
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    MatRef::from_column_major_slice(a, a.len(), 1).col(0).transpose()
        * MatRef::from_column_major_slice(b, b.len(), 1).col(0)
}

/// Divides v and w of a probe by √square, or clears them when there is nothing left.
fn normalize(v: &mut Mat<f64>, w: &mut Mat<f64>, j: usize, square: f64) {
    let scale = if square > 0.0 { square.sqrt().recip() } else { 0.0 };
    v.col_as_slice_mut(j).iter_mut().for_each(|v| *v *= scale);
    w.col_as_slice_mut(j).iter_mut().for_each(|w| *w *= scale);
}
