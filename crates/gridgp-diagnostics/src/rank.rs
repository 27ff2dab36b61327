//! Normal scores of ranks.

use gridgp_dist::{Distribution, Normal};

use super::workspace::Workspace;

/// z(r) = Φ⁻¹((r − 3/8) / (S + 1/4)), the score of rank r among S values, r = 1 … S.
#[derive(Debug)]
pub(super) struct NormalScores {
    size: f64,
    normal: Normal,
    /// Of the whole ranks.
    whole: Vec<f64>,
}

impl NormalScores {
    pub(super) fn new(size: usize) -> Self {
        let normal = Normal::new(0.0, 1.0).expect("the standard normal distribution");
        let mut scores = Self { size: size as f64, normal, whole: vec![] };
        scores.whole = (1..=size).map(|r| scores.score(r as f64)).collect();
        scores
    }

    fn score(&self, rank: f64) -> f64 {
        self.normal.quantile((rank - 0.375) / (self.size + 0.25))
    }

    /// Writes the scores of `order`, which is in order, to the positions that it names. Equal
    /// values share the mean of their ranks.
    fn write(&self, order: &[(f64, usize)], out: &mut [f64]) {
        let mut start = 0;
        while start < order.len() {
            let value = order[start].0;
            let ties = order[start..].iter().take_while(|(x, _)| *x == value).count();
            let score = match ties {
                1 => self.whole[start],
                _ => self.score(start as f64 + 0.5 * (ties + 1) as f64),
            };
            order[start..start + ties].iter().for_each(|(_, i)| out[*i] = score);
            start += ties;
        }
    }
}

impl Workspace {
    /// Makes `series` the normal scores of the halves; needs [`Workspace::sort`].
    pub(super) fn rank(&mut self) {
        self.series.resize(self.split.len(), 0.0);
        self.scores.write(&self.order, &mut self.series);
    }

    /// Makes `series` the normal scores of |x − median|, where the median is that of the halves;
    /// needs [`Workspace::sort`], and leaves `order` folded.
    pub(super) fn rank_folded(&mut self) {
        // Halves come in pairs, so their number is even.
        let middle = self.order.len() / 2;
        let median = 0.5 * (self.order[middle - 1].0 + self.order[middle].0);
        self.order.iter_mut().for_each(|(x, _)| *x = (*x - median).abs());
        // Two runs, one falling and one rising, which a stable sort merges.
        self.order.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.rank();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        let mut w = Workspace::new(1, 4);
        assert!(w.load(&[&[3.0, 1.0, 3.0, -0.0]]));
        w.sort();
        w.rank();
        // Ranks 3.5, 2, 3.5, 1; Φ⁻¹ from SciPy 1.17.
        let scores = [0.62890421763219, -0.2993069104656671, 0.62890421763219, -1.0491313979639707];
        for (found, expected) in w.series.iter().zip(scores) {
            approx::assert_relative_eq!(*found, expected, max_relative = 1e-13);
        }
    }

    #[test]
    fn zeros_of_both_signs_are_ties() {
        let mut w = Workspace::new(1, 4);
        assert!(w.load(&[&[0.0, -0.0, 0.0, 1.0]]));
        w.sort();
        w.rank();
        assert!(w.series[0] == w.series[1] && w.series[1] == w.series[2]);
    }
}
