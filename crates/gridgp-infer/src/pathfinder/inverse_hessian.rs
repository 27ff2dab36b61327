//! The normal distribution with the curvature that an optimization path has seen.

use faer::Mat;
use gridgp_dense::{Cholesky, product, thin_qr};
use gridgp_dist::special::LN_SQRT_2PI;

use crate::approximation::Normal;
use crate::history::dot;

/// Most pairs; so many numbers fit on the stack, twice.
pub(super) const MAX_PAIRS: usize = 32;
/// Pairs with less curvature ⟨s, z⟩ than this times |z|² say nothing.
const MIN_CURVATURE: f64 = 1e-12;

/// The last pairs of steps s and changes z of −∇ log p, and the diagonal α of an inverse Hessian.
pub(super) struct PathMemory {
    pairs: Vec<(Vec<f64>, Vec<f64>)>,
    capacity: usize,
    diagonal: Vec<f64>,
    /// The point before, and −∇ log p there.
    last: Option<(Vec<f64>, Vec<f64>)>,
}

impl PathMemory {
    pub(super) fn new(dim: usize, capacity: usize) -> Self {
        Self { pairs: Vec::new(), capacity, diagonal: vec![1.0; dim], last: None }
    }

    /// The path goes on to `x`, where −∇ log p is `slope`.
    pub(super) fn push(&mut self, x: &[f64], slope: &[f64]) {
        if let Some((x0, slope0)) = self.last.replace((x.to_vec(), slope.to_vec())) {
            let s: Vec<f64> = x.iter().zip(&x0).map(|(a, b)| a - b).collect();
            let z: Vec<f64> = slope.iter().zip(&slope0).map(|(a, b)| a - b).collect();
            if dot(&s, &z) > MIN_CURVATURE * dot(&z, &z) {
                self.update_diagonal(&s, &z);
                if self.pairs.len() == self.capacity {
                    self.pairs.remove(0);
                }
                self.pairs.push((s, z));
            }
        }
    }

    /// The diagonal that takes up the curvature of one more pair.
    ///
    /// # Source
    /// Zhang, Carpenter, Gelman and Vehtari (2022), algorithm 3, after Gilbert and Lemaréchal (1989).
    fn update_diagonal(&mut self, s: &[f64], z: &[f64]) {
        let alpha = &mut self.diagonal;
        let a: f64 = z.iter().zip(&*alpha).map(|(z, a)| a * z * z).sum();
        let b = dot(s, z);
        let c: f64 = s.iter().zip(&*alpha).map(|(s, a)| s * s / a).sum();
        for ((alpha, s), z) in alpha.iter_mut().zip(s).zip(z) {
            let inverse = a / (b * *alpha) + z * z / b - a * s * s / (b * c * alpha.powi(2));
            // By round-off only: in exact arithmetic it is positive.
            if inverse > 0.0 && inverse.recip().is_normal() {
                *alpha = inverse.recip();
            }
        }
    }

    /// N(x − H slope, H) with H from the pairs, at the last point; nothing where rounding has made H
    /// indefinite.
    pub(super) fn normal(&self) -> Option<PathNormal> {
        let (x, slope) = self.last.as_ref()?;
        let (d, m) = (x.len(), self.pairs.len());
        let root: Vec<f64> = self.diagonal.iter().map(|a| a.sqrt()).collect();
        let s = Mat::from_fn(d, m, |i, j| self.pairs[j].0[i]);
        let z = Mat::from_fn(d, m, |i, j| self.pairs[j].1[i]);
        // A^(−1/2) β with β = [A Z, S].
        let beta = Mat::from_fn(d, 2 * m, |i, j| {
            if j < m { root[i] * z[(i, j)] } else { s[(i, j - m)] / root[i] }
        });
        let gamma = gamma(&s, &z, &self.diagonal)?;
        let (q, r) = thin_qr(beta.as_ref());
        let inner = product(product(r.as_ref(), gamma.as_ref()).as_ref(), r.transpose());
        let n = inner.nrows();
        let one = |i, j| if i == j { 1.0 } else { 0.0 };
        let inner = Mat::from_fn(n, n, |i, j| 0.5 * (inner[(i, j)] + inner[(j, i)]) + one(i, j));
        let factor = Cholesky::new(inner.as_ref()).ok()?;
        let half_log_det = root.iter().map(|r| r.ln()).sum::<f64>() + 0.5 * factor.log_det();

        let scaled = Mat::from_fn(d, 1, |i, _| root[i] * slope[i]);
        let inside = product(beta.transpose(), scaled.as_ref());
        let step = product(beta.as_ref(), product(gamma.as_ref(), inside.as_ref()).as_ref());
        let step = |i: usize| scaled[(i, 0)] + step[(i, 0)];
        let mean: Vec<f64> = (0..d).map(|i| x[i] - root[i] * step(i)).collect();
        let change = Mat::from_fn(n, n, |i, j| factor.l()[(i, j)] - one(i, j));
        let finite = half_log_det.is_finite() && mean.iter().all(|m| m.is_finite());
        finite.then_some(PathNormal { mean, root, q, change, half_log_det })
    }
}

/// The middle matrix of H = A + β γ βᵀ; 2m × 2m.
///
/// γ = [0, −R⁻¹; −R⁻ᵀ, R⁻ᵀ (E + Zᵀ A Z) R⁻¹] with R the upper triangle of Sᵀ Z and E its diagonal.
fn gamma(s: &Mat<f64>, z: &Mat<f64>, diagonal: &[f64]) -> Option<Mat<f64>> {
    let m = s.ncols();
    let sz = product(s.transpose(), z.as_ref());
    // R⁻¹ by substitution; the diagonal is positive, since only such pairs are kept.
    let mut inverse = Mat::<f64>::zeros(m, m);
    for j in 0..m {
        inverse[(j, j)] = 1.0 / sz[(j, j)];
        for i in (0..j).rev() {
            let sum: f64 = (i + 1..=j).map(|k| sz[(i, k)] * inverse[(k, j)]).sum();
            inverse[(i, j)] = -sum / sz[(i, i)];
        }
    }
    let scaled = Mat::from_fn(z.nrows(), m, |i, j| diagonal[i] * z[(i, j)]);
    let mut middle = product(z.transpose(), scaled.as_ref());
    (0..m).for_each(|j| middle[(j, j)] += sz[(j, j)]);
    let half = product(inverse.transpose(), middle.as_ref());
    let corner = product(half.as_ref(), inverse.as_ref());
    let gamma = Mat::from_fn(2 * m, 2 * m, |i, j| match (i < m, j < m) {
        (true, true) => 0.0,
        (true, false) => -inverse[(i, j - m)],
        (false, true) => -inverse[(j, i - m)],
        (false, false) => corner[(i - m, j - m)],
    });
    (0..2 * m).all(|j| (0..2 * m).all(|i| gamma[(i, j)].is_finite())).then_some(gamma)
}

/// x = μ + A^½ (ε + Q (L − I) Qᵀ ε), with A^(−½) β = Q R and L Lᵀ = I + R γ Rᵀ.
///
/// # Source
/// Zhang, Carpenter, Gelman and Vehtari (2022), algorithm 4.
pub(super) struct PathNormal {
    mean: Vec<f64>,
    root: Vec<f64>,
    q: Mat<f64>,
    /// L − I.
    change: Mat<f64>,
    half_log_det: f64,
}

impl PathNormal {
    /// log q at any point. `w` is scratch of length d.
    ///
    /// With w = A^(−½) (x − μ) and b = Qᵀ w, the noise behind x has the square
    /// |w|² − |b|² + |L⁻¹ b|².
    pub(super) fn log_density(&self, x: &[f64], w: &mut [f64]) -> f64 {
        for (((w, x), mean), root) in w.iter_mut().zip(x).zip(&self.mean).zip(&self.root) {
            *w = (x - mean) / root;
        }
        let mut inner = [0.0; 2 * MAX_PAIRS];
        let mut square = dot(w, w);
        for i in 0..self.q.ncols() {
            let b: f64 = self.q.col(i).iter().zip(&*w).map(|(q, w)| q * w).sum();
            let known: f64 = (0..i).map(|j| self.change[(i, j)] * inner[j]).sum();
            inner[i] = (b - known) / (1.0 + self.change[(i, i)]);
            square += inner[i] * inner[i] - b * b;
        }
        -0.5 * square - self.half_log_det - LN_SQRT_2PI * x.len() as f64
    }
}

impl Normal for PathNormal {
    fn dim(&self) -> usize {
        self.mean.len()
    }

    fn noise(&self) -> usize {
        self.mean.len()
    }

    fn draw(&self, noise: &[f64], x: &mut [f64]) -> f64 {
        let n = self.q.ncols();
        let (mut inner, mut outer) = ([0.0; 2 * MAX_PAIRS], [0.0; 2 * MAX_PAIRS]);
        for j in 0..n {
            inner[j] = self.q.col(j).iter().zip(noise).map(|(q, z)| q * z).sum();
        }
        for j in 0..n {
            for i in j..n {
                outer[i] += self.change[(i, j)] * inner[j];
            }
        }
        x.copy_from_slice(noise);
        for j in 0..n {
            x.iter_mut().zip(self.q.col(j).iter()).for_each(|(x, q)| *x += q * outer[j]);
        }
        for ((x, mean), root) in x.iter_mut().zip(&self.mean).zip(&self.root) {
            *x = mean + root * *x;
        }
        -0.5 * dot(noise, noise) - self.half_log_det - LN_SQRT_2PI * noise.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path on a quadratic, against the textbook recursion H ← (I − s zᵀ/b) H (I − z sᵀ/b) + s sᵀ/b.
    #[test]
    fn the_compact_form_is_the_recursion() {
        for (d, capacity, points) in [(1, 4, 3), (3, 6, 6), (8, 3, 6), (8, 5, 3)] {
            let slope = |x: &[f64]| -> Vec<f64> {
                let coupled = |i: usize| {
                    let next = if i + 1 < d { x[i + 1] } else { 0.0 };
                    let before = if i > 0 { x[i - 1] } else { 0.0 };
                    (2.0 + i as f64) * x[i] + 0.5 * (next + before)
                };
                (0..d).map(coupled).collect()
            };
            let mut memory = PathMemory::new(d, capacity);
            let mut x: Vec<f64> = (0..d).map(|i| 1.0 + 0.3 * i as f64).collect();
            for step in 0..points {
                let g = slope(&x);
                memory.push(&x, &g);
                if step + 1 < points {
                    let rate = |i: usize| 0.1 + 0.05 * ((i * 7 + step * 3) % 5) as f64;
                    x.iter_mut().zip(&g).enumerate().for_each(|(i, (x, g))| *x -= rate(i) * g);
                }
            }
            let mut h = Mat::from_fn(d, d, |i, j| if i == j { memory.diagonal[i] } else { 0.0 });
            assert_eq!(memory.pairs.len(), capacity.min(points - 1));
            for (s, z) in &memory.pairs {
                let b = dot(s, z);
                let left =
                    Mat::from_fn(d, d, |i, j| (if i == j { 1.0 } else { 0.0 }) - s[i] * z[j] / b);
                let outer = Mat::from_fn(d, d, |i, j| s[i] * s[j] / b);
                h = &left * &h * left.transpose() + outer;
            }
            let normal = memory.normal().unwrap();
            let g = slope(&x);
            let mut root = Mat::<f64>::zeros(d, d);
            let mut column = vec![0.0; d];
            for j in 0..d {
                let unit: Vec<f64> = (0..d).map(|i| if i == j { 1.0 } else { 0.0 }).collect();
                normal.draw(&unit, &mut column);
                (0..d).for_each(|i| root[(i, j)] = column[i] - normal.mean[i]);
            }
            let covariance = &root * root.transpose();
            assert!((&covariance - &h).norm_max() < 1e-9 * h.norm_max(), "{d} {capacity}");
            let log_det = crate::targets::log_det(&h);
            approx::assert_relative_eq!(2.0 * normal.half_log_det, log_det, epsilon = 1e-9);
            let noise: Vec<f64> = (0..d).map(|i| 0.7 * (i as f64 + 1.0).sin()).collect();
            let log_q = normal.draw(&noise, &mut column);
            let (again, mut scratch) = (column.clone(), vec![0.0; d]);
            approx::assert_relative_eq!(
                normal.log_density(&again, &mut scratch),
                log_q,
                max_relative = 1e-9
            );
            for i in 0..d {
                let newton = x[i] - (0..d).map(|j| h[(i, j)] * g[j]).sum::<f64>();
                approx::assert_relative_eq!(normal.mean[i], newton, epsilon = 1e-9);
            }
        }
    }

    #[test]
    fn one_pair_tells_all_in_one_dimension() {
        let mut memory = PathMemory::new(1, 5);
        memory.push(&[1.0], &[4.0]);
        memory.push(&[0.5], &[2.0]);
        let normal = memory.normal().unwrap();
        approx::assert_relative_eq!(memory.diagonal[0], 0.25, max_relative = 1e-14);
        assert!(normal.mean[0].abs() < 1e-14);
    }

    #[test]
    fn pairs_without_curvature_are_left_out() {
        let mut memory = PathMemory::new(1, 5);
        memory.push(&[1.0], &[4.0]);
        memory.push(&[0.5], &[5.0]);
        assert!(memory.pairs.is_empty() && memory.diagonal == [1.0]);
    }
}
