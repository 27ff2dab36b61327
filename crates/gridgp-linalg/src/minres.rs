//! MINRES, for symmetric operators that need not be definite.

use faer::{Mat, MatRef};

use crate::cg::{Solution, Stop, add_scaled, true_residual};
use crate::operator::{LinearOperator, check_square};
use crate::{Error, Result};

/// Solves A X = B for symmetric, possibly indefinite A, by minimal residuals.
///
/// A Lanczos recursion with Givens rotations; the residual never grows. Columns iterate together,
/// each with its own recursion. The relative residual in the result is computed anew from X.
///
/// ```
/// use faer::mat;
/// use gridgp_linalg::{Dense, cg::Stop, minres};
/// let a = Dense::new(mat![[1.0, 2.0], [2.0, 1.0]]); // eigenvalues 3 and −1
/// let solution = minres::solve(&a, mat![[3.0], [3.0]].as_ref(), Stop::default())?;
/// assert!((solution.x[(0, 0)] - 1.0).abs() < 1e-12);
/// # Ok::<(), gridgp_linalg::Error>(())
/// ```
///
/// # Errors
/// [`Error::NotConverged`], also for a singular A whose range misses B; [`Error::Structure`] if A
/// is not square.
///
/// # Panics
/// If B does not have as many rows as A.
///
/// # Source
/// Paige & Saunders (1975), Solution of sparse indefinite systems of linear equations, section 6.
pub fn solve<A>(a: &A, rhs: MatRef<'_, f64>, stop: Stop) -> Result<Solution>
where
    A: LinearOperator + ?Sized,
{
    check_square(a.shape(), "solved")?;
    let (n, batch) = (a.rows(), rhs.ncols());
    assert_eq!(rhs.nrows(), n, "the right-hand side has the wrong number of rows");
    let norms: Vec<f64> = rhs.col_iter().map(|b| b.norm_l2()).collect();
    let mut x = Mat::zeros(n, batch);
    let mut columns: Vec<Recursion> =
        rhs.col_iter().zip(&norms).map(|(b, norm)| Recursion::new(b.iter(), *norm)).collect();
    let mut v = Mat::zeros(n, batch);
    let mut av = Mat::zeros(n, batch);
    let mut iterations = 0;
    let running = |c: &[Recursion]| {
        c.iter().zip(&norms).any(|(c, norm)| !c.exhausted && c.phi.abs() > stop.tolerance * norm)
    };
    while running(&columns) && iterations < stop.max_iterations {
        iterations += 1;
        for (j, c) in columns.iter().enumerate() {
            v.col_as_slice_mut(j).copy_from_slice(&c.v);
        }
        a.apply_into(v.as_ref(), av.as_mut());
        for (j, c) in columns.iter_mut().enumerate() {
            if !c.exhausted && c.phi.abs() > stop.tolerance * norms[j] {
                c.step(av.col_as_slice(j), x.col_as_slice_mut(j));
            }
        }
    }
    let residual = true_residual(a, rhs, &x, &norms);
    if residual.is_nan() || residual > 10.0 * stop.tolerance {
        return Err(Error::NotConverged {
            method: "MINRES",
            iterations,
            residual,
            tolerance: stop.tolerance,
        });
    }
    Ok(Solution { x, iterations, residual, tolerance: stop.tolerance })
}

/// The state of one column: two Lanczos vectors, two directions, two rotations.
struct Recursion {
    v: Vec<f64>,
    v_old: Vec<f64>,
    w: Vec<f64>,
    w_old: Vec<f64>,
    beta: f64,
    /// (cosine, sine) of the last rotation and of the one before it.
    rotation: (f64, f64),
    rotation_old: (f64, f64),
    /// Signed norm of the residual.
    phi: f64,
    /// The Krylov space is invariant: nothing more can be gained.
    exhausted: bool,
}

impl Recursion {
    fn new<'a>(b: impl Iterator<Item = &'a f64>, norm: f64) -> Self {
        let v: Vec<f64> = b.map(|b| if norm > 0.0 { b / norm } else { 0.0 }).collect();
        let n = v.len();
        Self {
            v,
            v_old: vec![0.0; n],
            w: vec![0.0; n],
            w_old: vec![0.0; n],
            beta: 0.0,
            rotation: (1.0, 0.0),
            rotation_old: (1.0, 0.0),
            phi: norm,
            exhausted: norm == 0.0,
        }
    }

    fn step(&mut self, av: &[f64], x: &mut [f64]) {
        let alpha: f64 = av.iter().zip(&self.v).map(|(a, v)| a * v).sum();
        // The next Lanczos vector takes the place of the oldest.
        let next = &mut self.v_old;
        for ((next, av), v) in next.iter_mut().zip(av).zip(&self.v) {
            *next = av - alpha * v - self.beta * *next;
        }
        let beta_next = next.iter().map(|v| v * v).sum::<f64>().sqrt();
        // The new column (β, α, β') of the tridiagonal matrix under the earlier rotations.
        let (c_old, s_old) = self.rotation_old;
        let (c, s) = self.rotation;
        let epsilon = s_old * self.beta;
        let delta = c * c_old * self.beta + s * alpha;
        let gamma_bar = c * alpha - s * c_old * self.beta;
        let gamma = gamma_bar.hypot(beta_next);
        let scale = alpha.abs() + self.beta + beta_next;
        if gamma <= f64::EPSILON * scale {
            self.exhausted = true;
            return;
        }
        let (c_next, s_next) = (gamma_bar / gamma, beta_next / gamma);
        for ((w_old, w), v) in self.w_old.iter_mut().zip(&self.w).zip(&self.v) {
            *w_old = (v - delta * w - epsilon * *w_old) / gamma;
        }
        std::mem::swap(&mut self.w, &mut self.w_old);
        add_scaled(x, self.phi * c_next, &self.w);
        self.phi *= -s_next;
        self.rotation_old = self.rotation;
        self.rotation = (c_next, s_next);
        if beta_next <= f64::EPSILON * scale {
            self.exhausted = true;
            return;
        }
        self.v_old.iter_mut().for_each(|v| *v /= beta_next);
        std::mem::swap(&mut self.v, &mut self.v_old);
        self.beta = beta_next;
    }
}
