//! A field at points that the data do not have, for given z.

use gridgp_dense::{mode_product, settle_registers};
use gridgp_grid::{Points, Result};
use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

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
            .map(|(root, &a)| points[a].as_ref().map(|p| root.rows_at(p, apart[a])).transpose())
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
                    None => StandardNormal.sample(rng),
                })
                .collect()
        };
        for (a, (grown, axis)) in grown.iter().zip(self.roots()).enumerate() {
            let (left, right) = (shape[..a].iter().product(), shape[a + 1..].iter().product());
            shape[a] = grown.as_ref().map_or(axis.size(), Rows::points);
            x = match grown {
                Some(rows) => rows.apply(&x, left, right),
                None => {
                    let mut out = vec![0.0; shape.iter().product()];
                    mode_product(axis.root(), &x, left, right, &mut out);
                    out
                }
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
        let rows = self
            .roots()
            .iter()
            .zip(self.positions())
            .map(|(root, &a)| root.separate_rows_at(&points[a]))
            .collect::<Result<Vec<_>>>()?;
        let count = points.first().map_or(0, Points::len);
        let amplitude = self.amplitude(theta);
        let mut values = Vec::with_capacity(count);
        let mut current = Vec::new();
        for i in 0..count {
            current.clear();
            current.extend_from_slice(self.z());
            // One axis after the other, the first one first.
            for (b, _) in &rows {
                let rest = current.len() / b.ncols();
                for r in 0..rest {
                    current[r] = (0..b.ncols()).map(|j| b[(i, j)] * current[j * rest + r]).sum();
                }
                current.truncate(rest);
            }
            let explained: f64 =
                rows.iter().map(|(b, _)| b.row(i).iter().map(|v| v * v).sum::<f64>()).product();
            let all: f64 = rows
                .iter()
                .map(|(b, open)| b.row(i).iter().map(|v| v * v).sum::<f64>() + open[i])
                .product();
            let normal: f64 = StandardNormal.sample(rng);
            values.push(amplitude * (current[0] + (all - explained).max(0.0).sqrt() * normal));
        }
        Ok(values)
    }
}
