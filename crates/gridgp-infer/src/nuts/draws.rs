//! What a run gives: draws, and how each came about.

use super::{Adapted, ChainState};

/// How one draw came about, with the names of ArviZ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// The log density.
    pub lp: f64,
    /// −log density plus the kinetic energy.
    pub energy: f64,
    /// The change of energy that is largest in absolute value along the trajectory; +∞ if it
    /// diverged.
    pub max_energy_error: f64,
    /// The mean over the trajectory of min(1, exp(−change of energy)).
    pub acceptance_rate: f64,
    /// The step size, in white coordinates.
    pub step_size: f64,
    /// How often the trajectory was doubled.
    pub tree_depth: u32,
    /// Evaluations of the log density.
    pub n_steps: u32,
    /// Whether the trajectory met a place where its energy could not be kept: a step too long for
    /// the curvature there, or the end of the support.
    pub diverging: bool,
    /// Whether the trajectory ended only because it had reached `max_depth`.
    pub reached_max_treedepth: bool,
}

/// The draws of one chain.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainDraws {
    /// Which chain.
    pub chain: usize,
    /// Number of unknowns d.
    pub dim: usize,
    /// Number of the first draw here: more than 0 in a run that goes on.
    pub first: usize,
    /// The draws, one after the other; length draws × d.
    pub x: Vec<f64>,
    /// How each came about; length draws.
    pub statistics: Vec<Statistics>,
    /// Draws made for tuning in this run; they are not kept.
    pub tuning_draws: usize,
    /// How many of them diverged.
    pub tuning_divergences: usize,
    /// Evaluations of the log density for them.
    pub tuning_steps: usize,
    /// What tuning led to; none if it was interrupted.
    pub adapted: Option<Adapted>,
}

impl ChainDraws {
    /// No draws yet.
    pub fn new(chain: usize, dim: usize, first: usize) -> Self {
        Self {
            chain,
            dim,
            first,
            x: vec![],
            statistics: vec![],
            tuning_draws: 0,
            tuning_divergences: 0,
            tuning_steps: 0,
            adapted: None,
        }
    }

    /// Number of draws.
    pub fn len(&self) -> usize {
        self.statistics.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.statistics.is_empty()
    }

    /// Adds a draw.
    ///
    /// # Panics
    /// If `x` has not length `dim`.
    pub fn push(&mut self, x: &[f64], statistics: Statistics) {
        assert_eq!(x.len(), self.dim, "a draw has one number for each unknown");
        self.x.extend_from_slice(x);
        self.statistics.push(statistics);
    }

    /// The unknowns at one of the draws here.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn draw(&self, i: usize) -> &[f64] {
        &self.x[i * self.dim..(i + 1) * self.dim]
    }

    /// Adds the draws with which the same chain went on.
    ///
    /// # Panics
    /// If `later` is another chain or does not begin where this one ends.
    pub fn append(&mut self, later: Self) {
        assert_eq!((later.chain, later.dim), (self.chain, self.dim), "another chain");
        assert_eq!(later.first, self.first + self.len(), "draws are missing in between");
        self.x.extend(later.x);
        self.statistics.extend(later.statistics);
        self.tuning_draws += later.tuning_draws;
        self.tuning_divergences += later.tuning_divergences;
        self.tuning_steps += later.tuning_steps;
        self.adapted = later.adapted.or(self.adapted.take());
    }

    /// How many draws diverged.
    pub fn divergences(&self) -> usize {
        self.statistics.iter().filter(|s| s.diverging).count()
    }

    /// How many trajectories were as long as `max_depth` allows.
    pub fn saturated(&self) -> usize {
        self.statistics.iter().filter(|s| s.reached_max_treedepth).count()
    }

    /// What the chain needs to go on after these draws.
    pub fn state(&self) -> ChainState {
        let position = match self.len() {
            0 => None,
            n => Some(self.draw(n - 1).to_vec()),
        };
        ChainState {
            chain: self.chain,
            draws: self.first + self.len(),
            adapted: self
                .adapted
                .clone()
                .map(|a| Adapted { position: position.unwrap_or_else(|| a.position.clone()), ..a }),
        }
    }
}

/// The draws of all chains, which may differ in length if the run was interrupted.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    /// In the order of the chains.
    pub chains: Vec<ChainDraws>,
    /// Whether draws that were asked for are missing.
    pub interrupted: bool,
}

impl Draws {
    /// How many draws diverged, over all chains.
    pub fn divergences(&self) -> usize {
        self.chains.iter().map(ChainDraws::divergences).sum()
    }

    /// How many trajectories were as long as `max_depth` allows, over all chains.
    pub fn saturated(&self) -> usize {
        self.chains.iter().map(ChainDraws::saturated).sum()
    }

    /// What a later run needs to go on after these draws.
    pub fn states(&self) -> Vec<ChainState> {
        self.chains.iter().map(ChainDraws::state).collect()
    }
}
