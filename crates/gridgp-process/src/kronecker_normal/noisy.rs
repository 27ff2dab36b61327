//! What noisy values along an axis say about the rest of it.

use std::f64::consts::TAU;

use faer::{Mat, MatMut, MatRef};
use gridgp_grid::{Error, Result};
use gridgp_linalg::sample::normal_into;

use super::slice::rows;
use super::svd::Svd;
use super::{KroneckerNormal, modes};

/// The values at the other points of an axis, given those at some points: a normal distribution
/// whose covariance is not ⊗K + σ²I any more.
///
/// With R_O = U D Vᵀ the rows of the axis' root at the given points, R_F those at the free ones, and
/// ⊗λ the eigenvalues of the other axes over ⊗Q, it is
///
/// ```text
/// mean        μ_F + B diag(λ d / (λ d² + σ²)) (U ⊗ Q)ᵀ (y − μ_O)        B = R_F V ⊗ Q
/// covariance  B diag(λ σ² / (λ d² + σ²)) Bᵀ + σ² I
/// ```
///
/// with d = 0 for the columns of V beyond the rank of R_O. Everything is a sum of positive terms:
/// no covariance is inverted or subtracted. The mean and the variance of the field without noise
/// are [`mean`](Self::mean) and [`variance`](Self::variance) − σ².
///
/// # Example
/// ```
/// use faer::mat;
/// use gridgp_process::kronecker_normal::{Factor, KroneckerNormal};
///
/// // Two stations on three days; the first day is known, with noise.
/// let days = Factor::covariance(mat![[1.0, 0.8, 0.5], [0.8, 1.0, 0.8], [0.5, 0.8, 1.0]].as_ref())?;
/// let stations = Factor::covariance(mat![[1.0, 0.3], [0.3, 1.0]].as_ref())?;
/// let normal = KroneckerNormal::new(vec![0.0; 6], vec![days, stations], 0.1)?;
/// let rest = normal.conditional_with_noise(0, &[0], &[1.2, -0.4])?;
/// assert_eq!(rest.shape(), [2, 2]);
/// assert!(rest.mean()[0] > rest.mean()[2] && rest.variance()[0] < rest.variance()[2]);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct NoisyConditional {
    joint: KroneckerNormal,
    given: KroneckerNormal,
    axis: usize,
    points: Vec<usize>,
    free: Vec<usize>,
    values: Vec<f64>,
    mean: Vec<f64>,
    /// R_F V, n_F × p.
    basis: Mat<f64>,
    /// λ σ² / (λ d² + σ²), row-major over p along the axis and the ranks of the others.
    weights: Vec<f64>,
}

impl KroneckerNormal {
    /// The distribution at the other points of an axis, given noisy values at these; σ > 0.
    ///
    /// `values` are the given values, row-major on the grid whose axis has only these points, in
    /// the order of `points`. The result has the points that are not listed, in their old order,
    /// noise included. It costs mode products, and a singular value decomposition along the axis.
    ///
    /// # Errors
    /// [`Error::Data`] for wrong points or values, if no point is left, or if σ = 0, where
    /// [`conditional`](Self::conditional) gives a Kronecker normal.
    pub fn conditional_with_noise(
        &self,
        axis: usize,
        points: &[usize],
        values: &[f64],
    ) -> Result<NoisyConditional> {
        let (given, free) = self.split(axis, points, values)?;
        if self.sigma == 0.0 {
            return Err(Error::Data(
                "there is no noise (sigma = 0): use conditional, whose result is a Kronecker \
                 normal again"
                    .into(),
            ));
        }
        let root = self.factors[axis].root_matrix();
        let svd = Svd::new(rows(root, points).as_ref())?;
        let basis = rows(root, &free) * &svd.v;
        let p = basis.ncols();
        let d = |i: usize| if i < svd.rank { svd.s[i] } else { 0.0 };
        let ones = vec![1.0; p];
        let mut shape: Vec<usize> = self.factors.iter().map(|f| f.rank()).collect();
        shape[axis] = p;
        let right: usize = shape[axis + 1..].iter().product();
        let along = |b: usize| if b == axis { ones.as_slice() } else { self.factors[b].values() };
        let noise = self.sigma * self.sigma;
        // λ / (λ d² + σ²); the weights of the mean and of the covariance are d and σ² of it.
        let mut weights = modes::outer((0..self.factors.len()).map(along));
        for (index, lambda) in weights.iter_mut().enumerate() {
            let d = d(index / right % p.max(1));
            *lambda /= *lambda * d * d + noise;
        }

        let mut shift: Vec<f64> = values.iter().zip(&given.mean).map(|(y, m)| y - m).collect();
        // Columns of V beyond those of U get nothing from the values.
        let u = Mat::from_fn(points.len(), p, |i, j| {
            if j < svd.rank { svd.u[(i, j)] * svd.s[j] } else { 0.0 }
        });
        let entering = self.entering_basis().enumerate();
        let entering = entering.map(|(b, q)| if b == axis { Some(u.transpose()) } else { q });
        let scratch = &mut Vec::new();
        modes::apply(entering, 1, &mut given.shape(), &mut shift, scratch);
        shift.iter_mut().zip(&weights).for_each(|(t, w)| *t *= w);
        let leaving = self.leaving_basis().enumerate();
        let leaving = leaving.map(|(b, q)| if b == axis { Some(basis.as_ref()) } else { q });
        modes::apply(leaving, 1, &mut shape, &mut shift, scratch);
        let mut mean = self.select(&self.mean, axis, &free);
        mean.iter_mut().zip(shift).for_each(|(m, s)| *m += s);
        weights.iter_mut().for_each(|w| *w *= noise);
        Ok(NoisyConditional {
            joint: self.clone(),
            given,
            axis,
            points: points.to_vec(),
            free,
            values: values.to_vec(),
            mean,
            basis,
            weights,
        })
    }
}

impl NoisyConditional {
    /// Number of points.
    pub fn size(&self) -> usize {
        self.mean.len()
    }

    /// Points of each axis, slowest first.
    pub fn shape(&self) -> Vec<usize> {
        let mut shape = self.joint.shape();
        shape[self.axis] = self.free.len();
        shape
    }

    /// The mean of each point.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// σ.
    pub fn sigma(&self) -> f64 {
        self.joint.sigma
    }

    /// The variance of each point, noise included.
    pub fn variance(&self) -> Vec<f64> {
        let square =
            |m: MatRef<'_, f64>| Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)] * m[(i, j)]);
        let squares: Vec<Mat<f64>> = self.bases().map(square).collect();
        let mut variance = self.weights.clone();
        let all = squares.iter().map(|m| Some(m.as_ref()));
        modes::apply(all, 1, &mut self.ranks(), &mut variance, &mut Vec::new());
        let noise = self.sigma() * self.sigma();
        variance.iter_mut().for_each(|v| *v += noise);
        variance
    }

    /// log det of the covariance: that of all values less that of the given ones.
    pub fn log_det(&self) -> f64 {
        self.joint.log_det() - self.given.log_det()
    }

    /// −E log p = ½ (log det + size · (1 + log 2π)).
    pub fn entropy(&self) -> f64 {
        0.5 * (self.log_det() + self.size() as f64 * (1.0 + TAU.ln()))
    }

    /// log p of each column of `x`, one row a point: log p(x, y) − log p(y), two Kronecker normals.
    ///
    /// A value that is not finite has −∞.
    ///
    /// # Panics
    /// If `x` does not have one row for each point.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        assert_eq!(x.nrows(), self.size(), "a value has one number for each point of the grid");
        let given = self.given.log_prob_one(&self.values);
        let mut all = vec![0.0; self.joint.size()];
        self.put(&mut all, &self.points, self.values.iter().copied());
        let log_prob = |column: faer::ColRef<'_, f64>| {
            self.put(&mut all, &self.free, column.iter().copied());
            let joint = self.joint.log_prob_one(&all);
            if joint == f64::NEG_INFINITY { joint } else { joint - given }
        };
        x.col_iter().map(log_prob).collect()
    }

    /// log p of one value.
    ///
    /// # Panics
    /// If `x` does not have one number for each point.
    pub fn log_prob_one(&self, x: &[f64]) -> f64 {
        self.log_prob(MatRef::from_column_major_slice(x, x.len(), 1))[0]
    }

    /// The first `count` draws with this seed, as the columns of a matrix. Draw i depends on
    /// (seed, i) only.
    pub fn sample(&self, count: usize, seed: u64) -> Mat<f64> {
        let mut draws = Mat::zeros(self.size(), count);
        let mut numbers = vec![0.0; self.weights.len() + self.size()];
        let (mut now, mut scratch) = (Vec::new(), Vec::new());
        for draw in 0..count {
            let length = numbers.len();
            let stream = MatMut::from_column_major_slice_mut(&mut numbers, length, 1);
            normal_into(seed, draw as u64, stream);
            let (z, noise) = numbers.split_at(self.weights.len());
            now.clear();
            now.extend(z.iter().zip(&self.weights).map(|(z, w)| z * w.sqrt()));
            modes::apply(self.bases().map(Some), 1, &mut self.ranks(), &mut now, &mut scratch);
            let out = draws.col_as_slice_mut(draw).iter_mut().zip(&self.mean);
            for (((out, mean), field), e) in out.zip(&now).zip(noise) {
                *out = mean + field + self.sigma() * e;
            }
        }
        draws
    }

    /// B, a factor an axis.
    fn bases(&self) -> impl Iterator<Item = MatRef<'_, f64>> {
        let factors = self.joint.factors.iter().enumerate();
        factors.map(|(b, f)| if b == self.axis { self.basis.as_ref() } else { f.basis() })
    }

    /// Columns of B along each axis.
    fn ranks(&self) -> Vec<usize> {
        self.bases().map(|b| b.ncols()).collect()
    }

    /// Writes values at some points of the axis into a whole grid.
    fn put(&self, all: &mut [f64], points: &[usize], values: impl Iterator<Item = f64>) {
        let shape = self.joint.shape();
        let right: usize = shape[self.axis + 1..].iter().product();
        let n = shape[self.axis];
        let blocks = 0..all.len() / (n * right);
        let rows = blocks.flat_map(|l| points.iter().map(move |p| l * n + p));
        let cells = rows.flat_map(|row| row * right..(row + 1) * right);
        cells.zip(values).for_each(|(cell, value)| all[cell] = value);
    }
}
