//! Profiles of distances over all pairs of points, a column at a time.
//!
//! Each column is a few loops without branches, which `pulp` compiles for the processor at hand.

use faer::MatRef;
use gridgp_grid::Points;

use super::Profile;

/// Partial sums, so that a sum is the same for vectors of any width.
const LANES: usize = 8;

/// Beyond this scaled distance profiles are constant; u² must not overflow, for ∞·0 is NaN.
pub(super) const FARTHEST: f64 = 1e150;

/// r/ℓ. Not `min`, which would turn the NaN of an illegal ℓ into a number.
#[inline(always)]
pub(super) fn scale(r: f64, lengthscale: f64) -> f64 {
    let u = r / lengthscale;
    if u > FARTHEST { FARTHEST } else { u }
}

/// Points, coordinate by coordinate, with one lengthscale for all or one for each.
pub(super) struct DistancePairs<'a> {
    columns: Vec<Vec<f64>>,
    scales: &'a [f64],
}

impl<'a> DistancePairs<'a> {
    pub(super) fn new(x: &Points, scales: &'a [f64]) -> Self {
        Self { columns: (0..x.dims()).map(|c| x.column(c).collect()).collect(), scales }
    }

    /// κ between point j and those from j on.
    pub(super) fn below<P: Profile>(&self, j: usize, shape: P::Shape, out: &mut [f64]) {
        pulp::Arch::new().dispatch(Below::<P> { pairs: self, j, shape, out });
    }

    /// Adds Σ 2Ḡᵢⱼ κ′ (−ℓ ∂u/∂ℓ) over the pairs i > j to `scales_sum`, and Σ 2Ḡᵢⱼ ∂κ/∂shape.
    ///
    /// −ℓ ∂u/∂ℓ is u; with one ℓ for each coordinate it is t_c²/u, t_c = r_c/ℓ_c. Products begin
    /// with κ′, which is small wherever the rest may overflow.
    pub(super) fn vjp<P: Profile>(
        &self,
        shape: P::Shape,
        bar: MatRef<'_, f64>,
        scales_sum: &mut [f64],
        shape_bar: &mut [f64],
    ) {
        let n = bar.ncols();
        let (mut distances, mut pulls) = (vec![0.0; n], vec![0.0; n]);
        for j in 0..n {
            let (u, pull) = (&mut distances[j + 1..], &mut pulls[j + 1..]);
            let weights = bar.col(j).subrows(j + 1, n - j - 1);
            pull.iter_mut().zip(weights.iter()).for_each(|(p, g)| *p = 2.0 * g);
            pulp::Arch::new().dispatch(Pull::<P> {
                pairs: self,
                j,
                shape,
                u,
                pull,
                scales_sum,
                shape_bar,
            });
        }
    }

    /// u between point j and those from `first` on.
    #[inline(always)]
    fn distances(&self, j: usize, first: usize, out: &mut [f64]) {
        if let ([x], [l]) = (&self.columns[..], self.scales) {
            let (here, x) = (x[j], &x[first..]);
            out.iter_mut().zip(x).for_each(|(u, x)| *u = scale((x - here).abs(), *l));
            return;
        }
        out.fill(0.0);
        let shared = self.scales.len() == 1;
        for (c, x) in self.columns.iter().enumerate() {
            let (here, x) = (x[j], &x[first..]);
            if shared {
                out.iter_mut().zip(x).for_each(|(u, x)| *u += (x - here) * (x - here));
            } else {
                let l = self.scales[c];
                for (u, x) in out.iter_mut().zip(x) {
                    let t = scale((x - here).abs(), l);
                    *u += t * t;
                }
            }
        }
        if shared {
            out.iter_mut().for_each(|u| *u = scale(u.sqrt(), self.scales[0]));
        } else {
            out.iter_mut().for_each(|u| *u = u.sqrt());
        }
    }
}

struct Below<'a, P: Profile> {
    pairs: &'a DistancePairs<'a>,
    j: usize,
    shape: P::Shape,
    out: &'a mut [f64],
}

impl<P: Profile> pulp::NullaryFnOnce for Below<'_, P> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.pairs.distances(self.j, self.j, self.out);
        for slot in self.out {
            *slot = P::profile(*slot, self.shape).0;
        }
    }
}

struct Pull<'a, P: Profile> {
    pairs: &'a DistancePairs<'a>,
    j: usize,
    shape: P::Shape,
    u: &'a mut [f64],
    /// 2Ḡ of the column, from below its diagonal on.
    pull: &'a mut [f64],
    scales_sum: &'a mut [f64],
    shape_bar: &'a mut [f64],
}

impl<P: Profile> pulp::NullaryFnOnce for Pull<'_, P> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { pairs, j, shape, u, pull, scales_sum, shape_bar } = self;
        pairs.distances(j, j + 1, u);
        for (u, pull) in u.iter().zip(&mut *pull) {
            let (_, slope, dshape) = P::profile(*u, shape);
            let parts = shape_bar.iter_mut().zip(dshape.as_ref());
            parts.for_each(|(bar, d)| *bar += *pull * d);
            *pull *= slope;
        }
        if let [sum] = scales_sum {
            *sum += dot(u, pull);
            return;
        }
        for ((sum, x), l) in scales_sum.iter_mut().zip(&pairs.columns).zip(pairs.scales) {
            let here = x[j];
            for (pull, (u, x)) in pull.iter().zip(u.iter().zip(&x[j + 1..])) {
                let t = scale((x - here).abs(), *l);
                let share = t / if *u == 0.0 { 1.0 } else { *u };
                *sum += pull * share * t;
            }
        }
    }
}

/// Σ a b, in [`LANES`] partial sums.
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum::<f64>()
}
