//! The shape of the posterior, learned from draws and the gradients there.

use faer::{Accum, Mat, Par};
use gridgp_dense::gemm::gemm;
use gridgp_dense::{Cholesky, symmetric_eigen, thin_qr};

use super::{Metric, Whitening};

/// Directions along which the standard deviation is not known to differ from 1 by this factor stay
/// as they are: each costs work in every step.
const WORTH_A_DIRECTION: f64 = std::f64::consts::SQRT_2;
/// Added to sums of squares, which are of the size of the number of draws: what neither draws nor
/// gradients say anything about is taken to be 1. With more unknowns than draws there are
/// directions that only one of them has met; a ridge much smaller than this believes it too much.
const RIDGE: f64 = 0.1;

/// The latest draws and their gradients, as many as memory should hold.
pub(super) struct Recent {
    dim: usize,
    most: usize,
    draws: std::collections::VecDeque<(Vec<f64>, Vec<f64>)>,
}

impl Recent {
    pub(super) fn new(dim: usize) -> Self {
        // At most 32 MB, for a posterior of a million unknowns 100 draws.
        Self { dim, most: ((1 << 21) / dim).clamp(100, 1000), draws: Default::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.draws.len()
    }

    pub(super) fn push(&mut self, x: &[f64], gradient: &[f64]) {
        // The memory of the draw that falls out is used again.
        let (mut a, mut b) = match self.draws.len() < self.most {
            true => Default::default(),
            false => self.draws.pop_front().unwrap_or_default(),
        };
        a.clear();
        a.extend_from_slice(x);
        b.clear();
        b.extend_from_slice(gradient);
        self.draws.push_back((a, b));
    }

    /// Keeps the latest `count`.
    pub(super) fn forget_all_but(&mut self, count: usize) {
        let drop = self.draws.len().saturating_sub(count);
        self.draws.drain(..drop);
    }

    /// The map that makes draws and gradients look alike: with C the covariance of the draws and G
    /// that of the gradients, the covariance M with M G M = C, which is the posterior's own where
    /// that is normal. It is right from few draws, since for a normal posterior each gradient says
    /// what its draw does.
    ///
    /// The diagonal alone is σᵢ² = √(Cᵢᵢ/Gᵢᵢ). In the scaled coordinates M is C # G⁻¹, the
    /// geometric mean, on the span of draws and gradients, and I elsewhere; eigenvalues near 1 are
    /// left out.
    ///
    /// None where there is too little to learn from.
    ///
    /// # Source
    /// Seyboldt, Carlson and Carpenter, Preconditioning Hamiltonian Monte Carlo by Minimizing
    /// Fisher Divergence.
    pub(super) fn whitening(&self, metric: Metric) -> Option<Whitening> {
        if self.len() < 3 {
            return None;
        }
        let n = self.len();
        let means = self.sums(|sums, (x, g)| {
            for i in 0..self.dim {
                sums[i].0 += x[i] / n as f64;
                sums[i].1 += g[i] / n as f64;
            }
        });
        let squares = self.sums(|sums, (x, g)| {
            for i in 0..self.dim {
                sums[i].0 += (x[i] - means[i].0).powi(2);
                sums[i].1 += (g[i] - means[i].1).powi(2);
            }
        });
        let scales: Vec<f64> = squares.iter().map(|(x, g)| (x / g).sqrt().sqrt()).collect();
        if scales.iter().any(|s| !(1e-100..1e100).contains(s)) {
            return None;
        }
        match metric {
            Metric::Diagonal => Some(Whitening::diagonal(scales)),
            Metric::LowRank => self.low_rank(&means, scales),
        }
    }

    /// A pair of sums over the draws for each unknown.
    fn sums(
        &self,
        mut add: impl FnMut(&mut [(f64, f64)], &(Vec<f64>, Vec<f64>)),
    ) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0); self.dim];
        self.draws.iter().for_each(|draw| add(&mut sums, draw));
        sums
    }

    fn low_rank(&self, means: &[(f64, f64)], scales: Vec<f64>) -> Option<Whitening> {
        let (d, n) = (self.dim, self.len());
        let x = Mat::from_fn(d, n, |i, j| (self.draws[j].0[i] - means[i].0) / scales[i]);
        let g = Mat::from_fn(d, n, |i, j| (self.draws[j].1[i] - means[i].1) * scales[i]);
        let basis = (2 * n < d).then(|| {
            let both = Mat::from_fn(d, 2 * n, |i, j| if j < n { x[(i, j)] } else { g[(i, j - n)] });
            thin_qr(both.as_ref()).0
        });
        let gram = |a: &Mat<f64>| {
            let a = match &basis {
                Some(q) => product(&q.transpose().to_owned(), a),
                None => a.clone(),
            };
            let mut gram = product(&a, &a.transpose().to_owned());
            (0..gram.nrows()).for_each(|i| gram[(i, i)] += RIDGE);
            gram
        };
        let (values, vectors) = geometric_mean(&gram(&x), &gram(&g))?;
        let (low, high) = (WORTH_A_DIRECTION.recip(), WORTH_A_DIRECTION);
        let kept: Vec<usize> =
            (0..values.len()).filter(|&k| !(low..high).contains(&values[k].sqrt())).collect();
        let small = Mat::from_fn(vectors.nrows(), kept.len(), |i, k| vectors[(i, kept[k])]);
        let directions = basis.map_or_else(|| small.clone(), |q| product(&q, &small));
        Some(Whitening {
            directions: (0..kept.len())
                .flat_map(|k| directions.col(k).iter().copied().collect::<Vec<_>>())
                .collect(),
            stretches: kept.iter().map(|&k| values[k].sqrt()).collect(),
            scales,
        })
    }
}

/// Eigenvalues and eigenvectors of the M with M G M = C.
///
/// With G = L Lᵀ it is M = L⁻ᵀ (Lᵀ C L)^½ L⁻¹.
fn geometric_mean(c: &Mat<f64>, g: &Mat<f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let n = c.nrows();
    let factor = Cholesky::new(g.as_ref()).ok()?;
    let l = factor.l().to_owned();
    let inner = product(&l.transpose().to_owned(), &product(c, &l));
    let (values, mut b) = symmetric_eigen(inner.as_ref()).ok()?;
    for j in 0..n {
        let fourth_root = values[j].max(0.0).sqrt().sqrt();
        b.col_mut(j).iter_mut().for_each(|v| *v *= fourth_root);
    }
    factor.solve_lt_in_place(b.as_mut());
    let mean = product(&b, &b.transpose().to_owned());
    let (values, vectors) = symmetric_eigen(mean.as_ref()).ok()?;
    values.iter().all(|v| (1e-20..1e20).contains(v)).then_some((values, vectors))
}

fn product(a: &Mat<f64>, b: &Mat<f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    gemm(out.as_mut(), Accum::Replace, a.as_ref(), b.as_ref(), Par::Seq);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    fn normals(rows: usize, columns: usize) -> Mat<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        Mat::from_fn(rows, columns, |_, _| StandardNormal.sample(&mut rng))
    }

    #[test]
    fn the_geometric_mean_solves_its_equation() {
        let (a, b) = (normals(6, 9), normals(6, 7) * faer::Scale(3.0));
        let (c, g) = (&a * a.transpose(), &b * b.transpose());
        let (values, vectors) = geometric_mean(&c, &g).unwrap();
        let scaled = Mat::from_fn(6, 6, |i, j| vectors[(i, j)] * values[j]);
        let m = &scaled * vectors.transpose();
        let residual = (&m * &g * &m - &c).norm_max();
        assert!(residual < 1e-12 * c.norm_max(), "{residual}");
    }

    /// Draws of a normal distribution with covariance F Fᵀ.
    fn recent(f: &Mat<f64>, n: usize) -> Recent {
        let (d, z) = (f.nrows(), normals(f.nrows(), n));
        let x = f * &z;
        let factor = Cholesky::new((f * f.transpose()).as_ref()).unwrap();
        let mut g = x.clone();
        factor.solve_in_place(g.as_mut());
        let mut recent = Recent::new(d);
        for j in 0..n {
            let column = |m: &Mat<f64>, sign: f64| (0..d).map(|i| sign * m[(i, j)]).collect();
            let (x, g): (Vec<f64>, Vec<f64>) = (column(&x, 1.0), column(&g, -1.0));
            recent.push(&x, &g);
        }
        recent
    }

    /// The largest and the smallest variance that is left after whitening.
    fn left_over(f: &Mat<f64>, w: &Whitening) -> (f64, f64) {
        let d = f.nrows();
        let mut white = Mat::zeros(d, d);
        let (mut z, mut scratch) = (vec![0.0; d], vec![0.0; d]);
        for j in 0..d {
            let x: Vec<f64> = f.col(j).iter().copied().collect();
            w.to_white(&x, &mut z, &mut scratch);
            (0..d).for_each(|i| white[(i, j)] = z[i]);
        }
        let (values, _) = symmetric_eigen((&white * white.transpose()).as_ref()).unwrap();
        (values[d - 1], values[0])
    }

    #[test]
    fn a_normal_distribution_is_whitened_by_few_draws() {
        // All of it, from more draws than unknowns: nothing is left but what is not worth it.
        let f = Mat::from_fn(6, 6, |i, j| if i >= j { 3f64.powi(i as i32) } else { 0.0 });
        let w = recent(&f, 12).whitening(Metric::LowRank).unwrap();
        let (most, least) = left_over(&f, &w);
        assert!(most < 2.1 && least > 0.45, "{most} {least}");

        // Three strong directions of 80, from 20 draws: the ratio of the variances was 5000.
        let odd = normals(80, 3);
        let f = Mat::<f64>::identity(80, 80) + &odd * odd.transpose();
        let (most, least) = left_over(&f, &Whitening::identity(80));
        assert!(most / least > 5e3);
        let w = recent(&f, 20).whitening(Metric::LowRank).unwrap();
        let (most, least) = left_over(&f, &w);
        assert!(w.rank() > 2 && w.rank() <= 40, "{}", w.rank());
        assert!(most / least < 100.0, "{most} {least}");
    }

    #[test]
    fn scales_are_exact_for_independent_unknowns() {
        let f = Mat::from_fn(5, 5, |i, j| if i == j { 10f64.powi(3 * i as i32 - 6) } else { 0.0 });
        let w = recent(&f, 4).whitening(Metric::Diagonal).unwrap();
        (0..5).for_each(|i| assert!((w.scales[i] / f[(i, i)] - 1.0).abs() < 1e-10));
        assert_eq!(w.rank(), 0);
    }

    #[test]
    fn nothing_is_learned_from_too_little() {
        let mut few = Recent::new(2);
        assert_eq!(few.whitening(Metric::Diagonal), None);
        (0..5).for_each(|_| few.push(&[1.0, 2.0], &[3.0, 4.0]));
        assert_eq!(few.whitening(Metric::LowRank), None);
        few.forget_all_but(2);
        assert_eq!(few.len(), 2);
    }
}
