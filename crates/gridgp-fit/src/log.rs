//! Draws kept as they come, so that a run that is killed can go on.

use gridgp_infer::{ChainDraws, ChainState, Event};

/// What a log says went wrong; the message names its place.
pub type LogError = Box<dyn std::error::Error + Send + Sync>;

/// Where `nuts` keeps its draws as they come. In a file: `gridgp_io::FileLog`.
pub trait DrawLog: Sync {
    /// Begins the log of this run; or gives what is there of it, where the run is to go on.
    ///
    /// # Errors
    /// The log cannot be written, is damaged, or belongs to another run.
    fn open(&self, header: &LogHeader) -> Result<Option<LoggedRun>, LogError>;

    /// Keeps what has happened; any number of threads ask for it.
    ///
    /// # Errors
    /// It cannot be written, now or before.
    fn record(&self, event: &Event<'_>) -> Result<(), LogError>;

    /// Waits until everything is safe.
    ///
    /// # Errors
    /// It cannot be written.
    fn finish(&self) -> Result<(), LogError>;

    /// Forgets the run: it holds nothing to go on from.
    fn discard(&self);
}

/// Which run a log belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHeader {
    /// What the draws depend on, by name (`"model"`, `"data"`, `"settings"`), with bytes that
    /// change when it does: the thing itself, or a hash.
    pub parts: Vec<(String, Vec<u8>)>,
    /// Number of unknowns.
    pub dim: usize,
    /// Number of chains.
    pub chains: usize,
    /// Draws of each chain for tuning.
    pub tune: usize,
    /// Draws of each chain to be kept.
    pub draws: usize,
    /// The seed.
    pub seed: u64,
}

impl LogHeader {
    /// What keeps a run with this header from going on as `other`, in words. The number of draws
    /// does not: a run can be made longer.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let names = self.parts.iter().chain(&other.parts).map(|(name, _)| name);
        for name in names {
            let part = |h: &Self| h.parts.iter().find(|(n, _)| n == name).map(|(_, b)| b.clone());
            let words = format!("the {name} changed");
            if part(self) != part(other) && !found.contains(&words) {
                found.push(words);
            }
        }
        let numbers = [
            ("unknowns", self.dim as u64, other.dim as u64),
            ("chains", self.chains as u64, other.chains as u64),
            ("tuning draws", self.tune as u64, other.tune as u64),
        ];
        for (what, was, is) in numbers {
            if was != is {
                found.push(format!("it had {was} {what}, now there are {is}"));
            }
        }
        if self.seed != other.seed {
            found.push(format!("its seed was {}, now it is {}", self.seed, other.seed));
        }
        found
    }
}

/// What a log holds.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedRun {
    /// Which run it belongs to.
    pub header: LogHeader,
    /// The draws of each chain; of tuning draws only their number.
    pub chains: Vec<ChainDraws>,
    /// Bytes at the end that were ignored, since the process was killed while it wrote them.
    pub ignored_bytes: u64,
}

impl LoggedRun {
    /// What [`nuts`](gridgp_infer::nuts()) needs to go on.
    pub fn states(&self) -> Vec<ChainState> {
        self.chains.iter().map(ChainDraws::state).collect()
    }
}
