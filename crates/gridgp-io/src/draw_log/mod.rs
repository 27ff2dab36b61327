//! Draws on disk as they come, so that a run that is killed can go on.
//!
//! A file is 8 bytes `gpdraws\n`, the number of the format (1), the header, then records. All
//! numbers are little endian. Header and records are framed alike:
//!
//! | bytes | contents |
//! |---|---|
//! | 4 | n, the length of the contents |
//! | 4 | n with all bits flipped: a length that was damaged is not followed |
//! | n | contents |
//! | 4 | CRC-32 of the contents |
//!
//! | contents | fields |
//! |---|---|
//! | header | number of parts (u32), for each its name and fingerprint (each: length u32, bytes); dim, chains, tune, draws, seed (u64) |
//! | draw | 1 (u8), chain (u32), phase (u8, 0 tuning, 1 sampling), draw (u64), lp, energy, max_energy_error, acceptance_rate, step_size (f64), tree_depth, n_steps (u32), diverging + 2 reached_max_treedepth (u8); for sampling x (dim f64) |
//! | tuned | 2 (u8), chain (u32), step size (f64), rank (u32), scales (dim f64), directions (rank × dim f64), stretches (rank f64), position (dim f64) |
//!
//! Each record is one write to the system. A process that is killed loses none that were written,
//! and at most the last is torn; what a machine without power loses is up to the file system.

mod bytes;
mod read;
#[cfg(test)]
mod tests;
mod write;

use gridgp::infer::{ChainDraws, ChainState};

pub use read::read_draw_log;
pub use write::DrawLog;

const MAGIC: &[u8; 8] = b"gpdraws\n";
/// The format that this version writes and reads.
const FORMAT: u32 = 1;

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
    /// What [`nuts`](gridgp::infer::nuts()) needs to go on.
    pub fn states(&self) -> Vec<ChainState> {
        self.chains.iter().map(ChainDraws::state).collect()
    }
}
