//! The whitened unknowns of all fields, written out: any kernels, some thousand unknowns.
//!
//! f = F z with z ~ N(0, I) and F = amplitude · ⊗CₐLₐ of each field, the roots of [`Joint`](crate::Joint)
//! with its jitter. With V what the data say about the values of the fields, A = I + Σᵢ FᵢᵀVᵢFᵢ over the
//! observations is factorized.

use faer::{Mat, MatMut, MatRef};
use gridgp_dense::gemm::{gemm_lower, parallelism};
use gridgp_dense::{Cholesky, product};
use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use gridgp_model::param::Value;

use crate::joint::AxisRoot;

/// The unknowns of a model's fields at one θ.
#[derive(Debug, Clone)]
pub(super) struct DenseStates {
    fields: Vec<DenseField>,
    /// For each field, which value each observation sees; none where none does.
    positions: Vec<Vec<u32>>,
    /// Number of unknowns.
    len: usize,
    factor: Cholesky,
    /// Fᵢᵀ of all observations, a column for each field, and A⁻¹ times that.
    rows: Mat<f64>,
    solved: Mat<f64>,
}

#[derive(Debug, Clone)]
struct DenseField {
    amplitude: Value,
    axes: Vec<AxisRoot>,
    /// Where its unknowns begin.
    first: usize,
    /// Fᵀ, unknowns × values.
    root: Mat<f64>,
}

impl DenseField {
    fn unknowns(&self) -> usize {
        self.axes.iter().map(AxisRoot::rank).product()
    }

    fn values(&self) -> usize {
        self.axes.iter().map(AxisRoot::size).product()
    }

    /// ⊗CₐLₐ without axis `but`: its entry in the row of a value and the column of an unknown, which are
    /// given by their points of each axis.
    fn entry(&self, value: &[usize], unknown: &[usize], but: Option<usize>) -> f64 {
        let axes = self.axes.iter().zip(value).zip(unknown).enumerate();
        axes.filter(|(a, _)| Some(*a) != but)
            .map(|(_, ((axis, &i), &k))| axis.root()[(i, k)])
            .product()
    }

    /// Calls `visit` with each value and unknown and their points of each axis.
    fn each(&self, mut visit: impl FnMut(usize, usize, &[usize], &[usize])) {
        let points = |sizes: Vec<usize>| -> Vec<Vec<usize>> {
            (0..sizes.iter().product())
                .map(|mut i: usize| {
                    let mut at: Vec<usize> = sizes
                        .iter()
                        .rev()
                        .map(|n| {
                            let point = i % n;
                            i /= n;
                            point
                        })
                        .collect();
                    at.reverse();
                    at
                })
                .collect()
        };
        let values = points(self.axes.iter().map(AxisRoot::size).collect());
        let unknowns = points(self.axes.iter().map(AxisRoot::rank).collect());
        for (j, value) in values.iter().enumerate() {
            for (k, unknown) in unknowns.iter().enumerate() {
                visit(j, k, value, unknown);
            }
        }
    }

    fn update(&mut self, theta: &[f64]) -> Result<()> {
        self.axes.iter_mut().try_for_each(|axis| axis.update(theta))?;
        let amplitude = self.amplitude.at(theta);
        let mut root = std::mem::replace(&mut self.root, Mat::new());
        self.each(|j, k, value, unknown| {
            root[(k, j)] = amplitude * self.entry(value, unknown, None)
        });
        self.root = root;
        Ok(())
    }

    /// Adds ⟨F̄, ∂F/∂θ⟩, from F̄ᵀ.
    fn vjp(&mut self, theta: &[f64], bar: MatRef<'_, f64>, theta_bar: &mut [f64]) {
        let amplitude = self.amplitude.at(theta);
        let mut amplitude_bar = 0.0;
        let mut bars: Vec<Mat<f64>> =
            self.axes.iter().map(|a| Mat::zeros(a.size(), a.rank())).collect();
        self.each(|j, k, value, unknown| {
            let bar = bar[(k, j)];
            if bar == 0.0 {
                return;
            }
            amplitude_bar += bar * self.entry(value, unknown, None);
            for (a, own) in bars.iter_mut().enumerate() {
                own[(value[a], unknown[a])] +=
                    bar * amplitude * self.entry(value, unknown, Some(a));
            }
        });
        self.amplitude.pull_back(amplitude_bar, theta_bar);
        for (axis, mut bar) in self.axes.iter_mut().zip(bars) {
            if axis.is_free() {
                axis.vjp(theta_bar, bar.as_mut());
            }
        }
    }
}

impl DenseStates {
    /// The unknowns of a model; `positions[f]` are the values of field f that the observations see.
    ///
    /// # Errors
    /// [`Error::Singular`] where a kernel without free parameters has no factor.
    pub(super) fn new(model: &Model, positions: Vec<Vec<u32>>) -> Result<Self> {
        let (mut fields, mut len) = (Vec::with_capacity(model.fields.len()), 0);
        for field in &model.fields {
            let along = field.axes.iter().zip(model.data.grid.axes());
            let kernels = along.filter_map(|(k, axis)| Some((axis.name(), k.as_ref()?)));
            let jitter = model.spec.inference.jitter;
            let axes = kernels
                .map(|(name, k)| AxisRoot::new(name, k.clone(), jitter))
                .collect::<Result<Vec<_>>>()?;
            let mut made =
                DenseField { amplitude: field.amplitude, axes, first: len, root: Mat::new() };
            made.root = Mat::zeros(made.unknowns(), made.values());
            len += made.unknowns();
            fields.push(made);
        }
        let columns = positions.iter().map(Vec::len).max().unwrap_or(0) * fields.len();
        Ok(Self {
            fields,
            positions,
            len,
            factor: Cholesky::identity(len),
            rows: Mat::zeros(len, columns),
            solved: Mat::new(),
        })
    }

    /// Number of unknowns.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Moves to other parameters.
    ///
    /// # Errors
    /// [`Error::Singular`] that names the axis.
    pub(super) fn update(&mut self, theta: &[f64]) -> Result<()> {
        let count = self.fields.len();
        for (f, (field, positions)) in self.fields.iter_mut().zip(&self.positions).enumerate() {
            field.update(theta)?;
            let (first, unknowns) = (field.first, field.unknowns());
            for (i, &position) in positions.iter().enumerate() {
                let column = self.rows.col_mut(i * count + f);
                column.subrows_mut(first, unknowns).copy_from(field.root.col(position as usize));
            }
        }
        Ok(())
    }

    /// The values of each field at unknowns z.
    pub(super) fn values(&self, z: &[f64], values: &mut [Vec<f64>]) {
        for (field, values) in self.fields.iter().zip(values) {
            let n = field.unknowns();
            let own = MatRef::from_column_major_slice(&z[field.first..field.first + n], n, 1);
            let found = product(field.root.transpose(), own);
            values.copy_from_slice(found.col_as_slice(0));
        }
    }

    /// The adjoint of the unknowns, from those of the values of each field.
    pub(super) fn pull_back(&self, bars: &[Vec<f64>], out: &mut [f64]) {
        for (field, bar) in self.fields.iter().zip(bars) {
            let n = field.unknowns();
            let found =
                product(field.root.as_ref(), MatRef::from_column_major_slice(bar, bar.len(), 1));
            out[field.first..field.first + n].copy_from_slice(found.col_as_slice(0));
        }
    }

    /// Factorizes A with the information V of each observation about the values that it sees, fields ×
    /// fields numbers each.
    ///
    /// # Errors
    /// [`Error::Singular`] where it is not positive definite.
    pub(super) fn factorize(&mut self, information: &[f64]) -> Result<()> {
        let weighted = self.weighted(information);
        let n = self.len;
        let mut a = Mat::zeros(n, n);
        let par = parallelism(n * n * weighted.ncols());
        gemm_lower(a.as_mut(), self.rows.as_ref(), weighted.as_ref(), 1.0, par);
        for i in 0..n {
            a[(i, i)] += 1.0;
            for j in 0..i {
                a[(j, i)] = a[(i, j)];
            }
        }
        self.factor.update(a.as_ref()).map_err(|e| {
            Error::Singular(format!("the precision of {n} unknowns of fields given the data: {e}"))
        })
    }

    /// Σ_f′ Fᵢ,f′ᵀ Vᵢ,f′f, in the form of `rows`.
    fn weighted(&self, information: &[f64]) -> Mat<f64> {
        let count = self.fields.len();
        combine(self.rows.as_ref(), information, count)
    }

    /// Replaces z by A⁻¹z.
    pub(super) fn solve(&self, z: &mut [f64]) {
        self.factor.solve_l(z);
        self.factor.solve_lt(z);
    }

    /// Replaces standard normal numbers, a column a draw, by draws of covariance A⁻¹.
    pub(super) fn draw(&self, z: MatMut<'_, f64>) {
        self.factor.solve_lt_in_place(z);
    }

    /// −½ log|A|.
    pub(super) fn half_log_det(&self) -> f64 {
        -0.5 * self.factor.log_det()
    }

    /// The covariance of the values of the fields that each observation sees, fields × fields numbers
    /// each.
    pub(super) fn covariances(&mut self) -> Vec<f64> {
        self.solved = self.rows.clone();
        self.factor.solve_in_place(self.solved.as_mut());
        let count = self.fields.len();
        let mut out = Vec::with_capacity(self.rows.ncols() * count);
        for i in 0..self.rows.ncols() / count.max(1) {
            for f in 0..count {
                let row = self.rows.col_as_slice(i * count + f);
                out.extend((0..count).map(|g| {
                    let solved = self.solved.col_as_slice(i * count + g);
                    row.iter().zip(solved).map(|(a, b)| a * b).sum::<f64>()
                }));
            }
        }
        out
    }

    /// Adds the derivatives with respect to θ, after [`covariances`](Self::covariances):
    /// F̄ = b zᵀ + u qᵀ − V F A⁻¹ with the adjoints b and u of the values of each field.
    pub(super) fn vjp(
        &mut self,
        theta: &[f64],
        (z, q): (&[f64], &[f64]),
        (b, u): (&[Vec<f64>], &[Vec<f64>]),
        information: &[f64],
        theta_bar: &mut [f64],
    ) {
        let count = self.fields.len();
        let by_data = combine(self.solved.as_ref(), information, count);
        for (f, (field, positions)) in self.fields.iter_mut().zip(&self.positions).enumerate() {
            let (first, n) = (field.first, field.unknowns());
            let mut bar = Mat::from_fn(n, field.values(), |k, j| {
                b[f][j] * z[first + k] + u[f][j] * q[first + k]
            });
            for (i, &position) in positions.iter().enumerate() {
                let from = &by_data.col_as_slice(i * count + f)[first..first + n];
                let to = bar.col_as_slice_mut(position as usize);
                to.iter_mut().zip(from).for_each(|(to, v)| *to -= v);
            }
            field.vjp(theta, bar.as_ref(), theta_bar);
        }
    }
}

/// For each observation its columns times its block of `information`.
fn combine(columns: MatRef<'_, f64>, information: &[f64], count: usize) -> Mat<f64> {
    let mut out = Mat::zeros(columns.nrows(), columns.ncols());
    for (i, v) in information.chunks_exact((count * count).max(1)).enumerate() {
        for f in 0..count {
            for g in 0..count {
                let weight = v[g * count + f];
                if weight == 0.0 {
                    continue;
                }
                let from = columns.col(i * count + g);
                let to = out.col_as_slice_mut(i * count + f);
                to.iter_mut().zip(from.iter()).for_each(|(to, v)| *to += weight * v);
            }
        }
    }
    out
}
