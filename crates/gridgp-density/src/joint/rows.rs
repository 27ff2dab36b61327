//! The rows of a root that belong to points which the data do not have.

use faer::Mat;
use gridgp_dense::mode_product;

use super::series_elsewhere::SeriesRows;

/// \[B C\] with B, m × r, in the unknowns of the data's points, and C in unknowns of their own.
pub(super) enum Rows {
    /// All of it, for points that are drawn jointly.
    Joint(Mat<f64>),
    /// B, and C where each point is drawn for itself: a standard deviation of its own for some of the
    /// points, by their positions. Of many points a matrix would be as large as the square of their
    /// number.
    Apart(Mat<f64>, Vec<(usize, f64)>),
    /// Along a long axis, by sweeps.
    Series(Box<SeriesRows>),
}

impl Rows {
    /// Number of unknowns along the axis.
    pub(super) fn columns(&self) -> usize {
        match self {
            Self::Joint(all) => all.ncols(),
            Self::Apart(b, own) => b.ncols() + own.len(),
            Self::Series(rows) => rows.columns(),
        }
    }

    /// Number of points m.
    pub(super) fn points(&self) -> usize {
        match self {
            Self::Joint(b) | Self::Apart(b, _) => b.nrows(),
            Self::Series(rows) => rows.points(),
        }
    }

    /// The product along one axis of x, left × columns × right.
    pub(super) fn apply(&self, x: &[f64], left: usize, right: usize) -> Vec<f64> {
        let (points, columns) = (self.points(), self.columns());
        let mut out = vec![0.0; left * points * right];
        let (b, own) = match self {
            Self::Joint(all) => {
                mode_product(all.as_ref(), x, left, right, &mut out);
                return out;
            }
            Self::Apart(b, own) => (b, own),
            Self::Series(rows) => return rows.apply(x, left, right),
        };
        let of_data = b.ncols() * right;
        let blocks = || x.chunks_exact(columns * right);
        let known: Vec<f64> = blocks().flat_map(|block| &block[..of_data]).copied().collect();
        mode_product(b.as_ref(), &known, left, right, &mut out);
        for (out, block) in out.chunks_exact_mut(points * right).zip(blocks()) {
            for ((i, sd), fresh) in own.iter().zip(block[of_data..].chunks_exact(right)) {
                let row = &mut out[i * right..(i + 1) * right];
                row.iter_mut().zip(fresh).for_each(|(f, z)| *f += sd * z);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_apart_are_points_with_a_diagonal() {
        let b = Mat::from_fn(3, 2, |i, j| (1 + i + 2 * j) as f64);
        let own = vec![(0, 0.5), (2, 0.25)];
        let whole = Mat::from_fn(3, 4, |i, j| match j {
            0 | 1 => b[(i, j)],
            _ => own.iter().filter(|(at, _)| *at == i && own[j - 2].0 == i).map(|o| o.1).sum(),
        });
        let (joint, apart) = (Rows::Joint(whole), Rows::Apart(b, own));
        assert_eq!((joint.columns(), apart.columns()), (4, 4));
        for (left, right) in [(1, 1), (2, 1), (1, 3), (2, 3)] {
            let x: Vec<f64> = (0..left * 4 * right).map(|i| (i as f64).sin()).collect();
            let pairs = joint.apply(&x, left, right);
            for (a, b) in pairs.iter().zip(apart.apply(&x, left, right)) {
                assert!((a - b).abs() < 1e-14);
            }
        }
    }
}
