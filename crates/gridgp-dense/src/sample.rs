//! Normal draws with explicit seeds.

use faer::MatMut;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Independent standard normal entries; column j comes from the stream (seed, first + j).
pub fn normal_into(seed: u64, first: u64, mut out: MatMut<'_, f64>) {
    for (j, column) in (first..).zip(0..out.ncols()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(j);
        out.as_mut().col_mut(column).iter_mut().for_each(|z| *z = StandardNormal.sample(&mut rng));
    }
}
