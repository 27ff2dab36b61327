//! Draws of all unknowns.

/// Draws of the unknowns x of a [`Joint`](crate::Joint) density: unconstrained parameters,
/// then the whitened unknowns of each field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    /// Chains; 1 where draws are independent.
    pub chains: usize,
    /// Draws of each chain.
    pub draws: usize,
    /// Unknowns.
    pub dim: usize,
    /// The draws: chain, draw, unknown; the last one fastest.
    pub x: Vec<f64>,
}

impl Samples {
    /// Number of draws of all chains together.
    pub fn len(&self) -> usize {
        self.chains * self.draws
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Draw i of all chains, one after the other.
    pub fn at(&self, i: usize) -> &[f64] {
        &self.x[i * self.dim..(i + 1) * self.dim]
    }

    /// `count` draws spread evenly over all of them; all of them if there are fewer.
    #[must_use]
    pub fn thinned(&self, count: usize) -> Self {
        if count >= self.len() {
            return self.clone();
        }
        let x = self.spread(count).into_iter().flat_map(|i| self.at(i)).copied().collect();
        Self { chains: 1, draws: count, dim: self.dim, x }
    }

    /// Positions of `count` draws spread evenly over all of them; of all if there are fewer.
    pub fn spread(&self, count: usize) -> Vec<usize> {
        let count = count.min(self.len());
        (0..count).map(|k| (k as u128 * self.len() as u128 / count as u128) as usize).collect()
    }
}
