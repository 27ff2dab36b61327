//! The linear map between the unknowns and coordinates in which the posterior is round.

/// x = F z with F = S (I + U (Λ^½ − I) Uᵀ): scales, and stretches along a few directions.
///
/// S = diag(`scales`), U has the orthonormal `directions` as columns, Λ^½ = diag(`stretches`). If z
/// has covariance I, x has covariance F Fᵀ. With no directions F is diagonal. There is no shift: the
/// sampler does not care where the origin is.
///
/// It is plain data, so that a run can be stored and go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Whitening {
    /// A standard deviation for each unknown, positive; length d.
    pub scales: Vec<f64>,
    /// Orthonormal directions in x ⊘ `scales`, one after the other; length rank × d.
    pub directions: Vec<f64>,
    /// The standard deviation along each direction, positive; length rank.
    pub stretches: Vec<f64>,
}

impl Whitening {
    /// F = I in `dim` unknowns.
    pub fn identity(dim: usize) -> Self {
        Self::diagonal(vec![1.0; dim])
    }

    /// F = diag(`scales`).
    pub fn diagonal(scales: Vec<f64>) -> Self {
        Self { scales, directions: vec![], stretches: vec![] }
    }

    /// Number of unknowns d.
    pub fn dim(&self) -> usize {
        self.scales.len()
    }

    /// Number of directions.
    pub fn rank(&self) -> usize {
        self.stretches.len()
    }

    /// What is wrong with the numbers, in words.
    pub(super) fn flaw(&self, dim: usize) -> Option<String> {
        let (d, rank) = (self.dim(), self.rank());
        if d != dim {
            return Some(format!("it has {d} scales and the model has {dim} unknowns"));
        }
        if self.directions.len() != rank * d {
            return Some(format!(
                "it has {} numbers in its directions, where {rank} of {d} each were expected",
                self.directions.len()
            ));
        }
        let positive = |v: &&f64| !(v.is_finite() && **v > 0.0);
        if let Some(v) = self.scales.iter().chain(&self.stretches).find(positive) {
            return Some(format!("{v} is among its scales and stretches, which must be positive"));
        }
        self.directions
            .iter()
            .find(|v| !v.is_finite())
            .map(|v| format!("{v} is among its directions, which must be finite"))
    }

    /// x = F z.
    pub(super) fn to_unknowns(&self, z: &[f64], x: &mut [f64]) {
        x.copy_from_slice(z);
        self.stretch(z, x, |s| s - 1.0);
        x.iter_mut().zip(&self.scales).for_each(|(x, s)| *x *= s);
    }

    /// z = F⁻¹ x; `scratch` has length d.
    pub(super) fn to_white(&self, x: &[f64], z: &mut [f64], scratch: &mut [f64]) {
        for ((w, x), s) in scratch.iter_mut().zip(x).zip(&self.scales) {
            *w = x / s;
        }
        z.copy_from_slice(scratch);
        self.stretch(scratch, z, |s| 1.0 / s - 1.0);
    }

    /// ∂/∂z = Fᵀ ∂/∂x; `scratch` has length d.
    pub(super) fn pull_back(&self, gradient: &[f64], white: &mut [f64], scratch: &mut [f64]) {
        for ((w, g), s) in scratch.iter_mut().zip(gradient).zip(&self.scales) {
            *w = g * s;
        }
        white.copy_from_slice(scratch);
        self.stretch(scratch, white, |s| s - 1.0);
    }

    /// out += Σₖ change(stretchₖ) (uₖ · v) uₖ.
    fn stretch(&self, v: &[f64], out: &mut [f64], change: impl Fn(f64) -> f64) {
        for (u, &s) in self.directions.chunks_exact(self.dim()).zip(&self.stretches) {
            let along = change(s) * dot(u, v);
            out.iter_mut().zip(u).for_each(|(o, u)| *o += along * u);
        }
    }
}

/// u · v, in eight sums that the processor adds at once.
fn dot(u: &[f64], v: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (u, v) = (u.chunks_exact(8), v.chunks_exact(8));
    let rest: f64 = u.remainder().iter().zip(v.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in u.zip(v) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    /// Two directions in eleven unknowns.
    fn example() -> Whitening {
        let d = 11;
        let raw = Mat::from_fn(d, 2, |i, k| ((i * (k + 2) + k) as f64).sin());
        let q = raw.qr().compute_thin_Q();
        Whitening {
            scales: (0..d).map(|i| 10f64.powf(i as f64 / 3.0 - 2.0)).collect(),
            directions: (0..2).flat_map(|k| (0..d).map(move |i| (i, k))).map(|p| q[p]).collect(),
            stretches: vec![7.0, 0.02],
        }
    }

    /// F, entry by entry.
    fn dense(w: &Whitening) -> Mat<f64> {
        let d = w.dim();
        Mat::from_fn(d, d, |i, j| {
            let along = |k: usize| w.directions[k * d + i] * w.directions[k * d + j];
            let low_rank: f64 = (0..w.rank()).map(|k| (w.stretches[k] - 1.0) * along(k)).sum();
            w.scales[i] * (f64::from(u8::from(i == j)) + low_rank)
        })
    }

    #[test]
    fn agrees_with_the_dense_matrix() {
        let w = example();
        let (d, f) = (w.dim(), dense(&w));
        let v: Vec<f64> = (0..d).map(|i| (i as f64 * 1.7).cos()).collect();
        let (mut x, mut z, mut scratch) = (vec![0.0; d], vec![0.0; d], vec![0.0; d]);
        w.to_unknowns(&v, &mut x);
        for i in 0..d {
            let expected: f64 = (0..d).map(|j| f[(i, j)] * v[j]).sum();
            assert!((x[i] - expected).abs() <= 1e-13 * w.scales[i] * 10.0, "{i}");
        }
        w.to_white(&x, &mut z, &mut scratch);
        (0..d).for_each(|i| assert!((z[i] - v[i]).abs() < 1e-12, "{i}"));
        w.pull_back(&v, &mut z, &mut scratch);
        for j in 0..d {
            let expected: f64 = (0..d).map(|i| f[(i, j)] * v[i]).sum();
            assert!((z[j] - expected).abs() <= 1e-13 * expected.abs().max(100.0), "{j}");
        }
    }

    #[test]
    fn flaws_are_named() {
        let good = example();
        assert_eq!(good.flaw(11), None);
        assert!(good.flaw(3).unwrap().contains("11 scales and the model has 3"));
        let short = Whitening { directions: vec![1.0], ..good.clone() };
        assert!(short.flaw(11).unwrap().contains("2 of 11 each"));
        let mut negative = good.clone();
        negative.scales[4] = -1.0;
        assert!(negative.flaw(11).unwrap().contains("-1 is among its scales"));
        let mut infinite = good;
        infinite.directions[4] = f64::INFINITY;
        assert!(infinite.flaw(11).unwrap().contains("inf is among its directions"));
    }
}
