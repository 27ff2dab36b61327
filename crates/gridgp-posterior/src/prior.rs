//! Draws of the unknowns before the data are seen.

use gridgp_density::{Joint, LogDensity, Samples};
use gridgp_dist::Distribution;
use gridgp_grid::Result;
use gridgp_model::Model;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// `draws` independent draws from the prior of a model, in one chain.
///
/// They answer the same questions as draws of the posterior: [`forecast`](super::forecast) from them
/// is prior prediction. Draw i depends on `seed` and i alone.
///
/// # Errors
/// As [`Joint::new`].
pub fn prior_samples(model: &Model, draws: usize, seed: u64) -> Result<Samples> {
    let dim = Joint::new(model)?.dim();
    let mut x = Vec::with_capacity(draws * dim);
    for i in 0..draws {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(i as u64);
        for p in &model.parameters {
            x.push(p.transform.inverse(p.prior.sample(&mut rng)));
        }
        for _ in model.parameters.len()..dim {
            x.push(StandardNormal.sample(&mut rng));
        }
    }
    Ok(Samples { chains: 1, draws, dim, x })
}
