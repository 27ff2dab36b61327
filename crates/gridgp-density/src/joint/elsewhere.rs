//! A field at points that the data do not have, for given z.

use faer::Mat;
use gridgp_dense::{mode_product, settle_registers};
use gridgp_grid::{Points, Result};
use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::field_axis::FieldAxis;
use super::latent_field::LatentField;
use super::rows::Rows;

impl LatentField {
    /// The field on a grid, at the last θ and z. `points` are those of each axis of the model's
    /// grid; `None` where they are those of the data.
    ///
    /// Along each axis that has moved the root grows by the columns that its new points need. The
    /// unknowns of those columns are drawn, the others are z: data and new points are one draw. New
    /// points of an axis that is to be taken `apart` are each drawn for themselves.
    pub(super) fn on_grid(
        &self,
        theta: &[f64],
        points: &[Option<Points>],
        apart: &[bool],
        rng: &mut dyn Rng,
    ) -> Result<Vec<f64>> {
        let grown: Vec<Option<Rows>> = self
            .roots()
            .iter()
            .zip(self.positions())
            .map(|(axis, &a)| points[a].as_ref().map(|p| axis.rows_at(p, apart[a])).transpose())
            .collect::<Result<_>>()?;
        let old = self.ranks();
        let columns =
            |(grown, &old): (&Option<Rows>, &usize)| grown.as_ref().map_or(old, Rows::columns);
        let mut shape: Vec<usize> = grown.iter().zip(&old).map(columns).collect();
        let mut x = if shape == old {
            self.z().to_vec()
        } else {
            let known = |cell: usize| {
                let (mut rest, mut at, mut stride) = (cell, 0, 1);
                for (&n, &r) in shape.iter().zip(&old).rev() {
                    if rest % n >= r {
                        return None;
                    }
                    at += (rest % n) * stride;
                    stride *= r;
                    rest /= n;
                }
                Some(at)
            };
            (0..shape.iter().product())
                .map(|cell| match known(cell) {
                    Some(at) => self.z()[at],
                    None => {
                        let normal: f64 = StandardNormal.sample(rng);
                        normal * self.plane().map_or(1.0, |plane| plane.at(cell, &shape))
                    }
                })
                .collect()
        };
        for (a, (grown, axis)) in grown.iter().zip(self.roots()).enumerate() {
            let (left, right) = (shape[..a].iter().product(), shape[a + 1..].iter().product());
            shape[a] = grown.as_ref().map_or(axis.size(), Rows::points);
            x = match (grown, axis) {
                (Some(rows), _) => rows.apply(&x, left, right),
                (None, FieldAxis::Matrix(root, _)) => {
                    let mut out = vec![0.0; shape.iter().product()];
                    mode_product(root.root(), &x, left, right, &mut out);
                    out
                }
                (None, FieldAxis::Series(series, _)) => {
                    Rows::Series(Box::new(series.rows_at(&series.kernel.points)))
                        .apply(&x, left, right)
                }
                (None, FieldAxis::Modes(modes)) => {
                    let mut out = vec![0.0; shape.iter().product()];
                    mode_product(modes.rows().as_ref(), &x, left, right, &mut out);
                    out
                }
                (None, FieldAxis::Same(_)) => x,
            };
        }
        settle_registers();
        let amplitude = self.amplitude(theta);
        x.iter_mut().for_each(|v| *v *= amplitude);
        Ok(x)
    }

    /// The field at scattered points, each drawn for itself, at the last θ and z.
    pub(super) fn at_points(
        &self,
        theta: &[f64],
        points: &[Points],
        rng: &mut dyn Rng,
    ) -> Result<Vec<f64>> {
        // Along a long axis z is taken to the times of the points at once.
        let (mut z, mut shape) = (self.z().to_vec(), self.ranks());
        let mut rows = Vec::with_capacity(shape.len());
        for (a, (axis, &position)) in self.roots().iter().zip(self.positions()).enumerate() {
            let at = &points[position];
            rows.push(match axis {
                FieldAxis::Matrix(root, _) => {
                    let (b, open) = root.separate_rows_at(at)?;
                    Separate::Matrix(b, open)
                }
                FieldAxis::Series(series, _) => {
                    let rows = series.rows_at(at);
                    let (left, right) =
                        (shape[..a].iter().product(), shape[a + 1..].iter().product());
                    z = rows.expected(&z, left, right);
                    shape[a] = rows.points();
                    Separate::Taken(rows.variances()?)
                }
                FieldAxis::Modes(modes) => Separate::Modes(modes.rows_at(at)?),
                FieldAxis::Same(_) => unreachable!("the axes of a whole field"),
            });
        }
        let count = points.first().map_or(0, Points::len);
        let amplitude = self.amplitude(theta);
        let mut values = Vec::with_capacity(count);
        let mut current = Vec::new();
        for i in 0..count {
            current.clear();
            current.extend_from_slice(&z);
            // One axis after the other, the first one first.
            for rows in &rows {
                match rows {
                    Separate::Matrix(b, _) | Separate::Modes(b) => {
                        let rest = current.len() / b.ncols();
                        for r in 0..rest {
                            current[r] =
                                (0..b.ncols()).map(|j| b[(i, j)] * current[j * rest + r]).sum();
                        }
                        current.truncate(rest);
                    }
                    Separate::Taken(all) => {
                        let rest = current.len() / all.len();
                        current.copy_within(i * rest..(i + 1) * rest, 0);
                        current.truncate(rest);
                    }
                }
            }
            let parts = || rows.iter().filter_map(|rows| rows.variances(i));
            let mut explained: f64 = parts().map(|(explained, _)| explained).product();
            let mut all: f64 = parts().map(|(explained, open)| explained + open).product();
            if let Some(plane) = self.plane().filter(|_| all != explained) {
                let row = |a: usize| match &rows[a] {
                    Separate::Modes(b) => b.row(i).iter().copied().collect::<Vec<f64>>(),
                    _ => unreachable!("an axis of the plane"),
                };
                let [one, other] = plane.axes().map(row);
                let variance = plane.variance([&one, &other]);
                (all, explained) = (all * variance, explained * variance);
            }
            let normal: f64 = StandardNormal.sample(rng);
            values.push(amplitude * (current[0] + (all - explained).max(0.0).sqrt() * normal));
        }
        Ok(values)
    }
}

/// What an axis has at scattered points.
enum Separate {
    /// A row for each point, and the variance that it has of its own.
    Matrix(Mat<f64>, Vec<f64>),
    /// A row for each point, of modes that leave nothing open.
    Modes(Mat<f64>),
    /// The variance that z explains at each point, to which it was taken, and what it leaves open.
    Taken(Vec<(f64, f64)>),
}

impl Separate {
    /// Explained and open variance of point i, where it is a factor of that of the field.
    fn variances(&self, i: usize) -> Option<(f64, f64)> {
        match self {
            Self::Matrix(b, open) => Some((b.row(i).iter().map(|v| v * v).sum(), open[i])),
            Self::Modes(_) => None,
            Self::Taken(all) => Some(all[i]),
        }
    }
}

impl FieldAxis {
    /// The rows of the root that belong to new points, at the last θ. Along a long axis paths have their
    /// correlation at no cost, also where points are wanted `apart`.
    fn rows_at(&self, new: &Points, apart: bool) -> Result<Rows> {
        match self {
            Self::Matrix(root, _) => root.rows_at(new, apart),
            Self::Series(series, _) => Ok(Rows::Series(Box::new(series.rows_at(new)))),
            Self::Modes(modes) => Ok(Rows::Joint(modes.rows_at(new)?)),
            Self::Same(_) => unreachable!("the axes of a whole field"),
        }
    }
}
