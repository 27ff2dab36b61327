//! What was observed, when, and of what.

/// N observations at T times.
#[derive(Debug, Clone, Copy)]
pub struct Observations<'a> {
    /// T times, none before the one that it follows; two may be equal.
    pub times: &'a [f64],
    /// T + 1 numbers: observations `starts[k]..starts[k + 1]` were made at time k, perhaps none.
    pub starts: &'a [usize],
    /// N variances of the noise.
    pub variances: &'a [f64],
    /// What each observation sees.
    pub loadings: Loadings<'a>,
}

impl Observations<'_> {
    pub(crate) fn check(&self) {
        let (times, starts) = (self.times.len(), self.starts);
        assert_eq!(starts.len(), times + 1, "starts has one number more than times");
        assert_eq!(starts.last(), Some(&self.variances.len()), "starts ends with their number");
        debug_assert!(self.times.windows(2).all(|t| t[0] <= t[1]), "times are in order");
    }
}

/// What multiplies the first state of each block in an observation: the gain of the block at the
/// observation's site, times a weight of the observation, where the block has one.
#[derive(Debug, Clone, Copy)]
pub struct Loadings<'a> {
    /// Sites × blocks, a row a site.
    pub gains: &'a [f64],
    /// The site of each observation; empty where there is one for all.
    pub sites: &'a [u32],
    /// Which of the weights each block has; empty where none has one.
    pub weighted: &'a [Option<usize>],
    /// Weights, one number for each observation.
    pub weights: &'a [Vec<f64>],
}

impl<'a> Loadings<'a> {
    /// One site, no weights: the gains of each block.
    pub fn gains(gains: &'a [f64]) -> Self {
        Self { gains, sites: &[], weighted: &[], weights: &[] }
    }

    /// Whether they are the same for all observations.
    pub(crate) fn is_constant(&self) -> bool {
        self.sites.is_empty() && self.weighted.iter().all(Option::is_none)
    }

    /// Writes those of observation `o`, one a block.
    ///
    /// # Panics
    /// If lengths do not match.
    #[inline(always)]
    pub fn write(&self, o: usize, out: &mut [f64]) {
        let first = self.sites.get(o).map_or(0, |&s| s as usize * out.len());
        out.copy_from_slice(&self.gains[first..first + out.len()]);
        for (c, weight) in out.iter_mut().zip(self.weighted) {
            if let Some(w) = weight {
                *c *= self.weights[*w][o];
            }
        }
    }

    /// Adds derivatives with respect to the loadings of observation `o` to those with respect to gains
    /// and weights.
    #[inline(always)]
    pub(crate) fn write_vjp(
        &self,
        o: usize,
        bar: &[f64],
        gains_bar: &mut [f64],
        weights_bar: &mut [Vec<f64>],
    ) {
        let first = self.sites.get(o).map_or(0, |&s| s as usize * bar.len());
        if self.weighted.is_empty() {
            gains_bar[first..first + bar.len()].iter_mut().zip(bar).for_each(|(g, b)| *g += b);
            return;
        }
        for (b, bar) in bar.iter().enumerate() {
            match self.weighted[b] {
                None => gains_bar[first + b] += bar,
                Some(w) => {
                    gains_bar[first + b] += bar * self.weights[w][o];
                    weights_bar[w][o] += bar * self.gains[first + b];
                }
            }
        }
    }
}
