//! Draws on disk as they come, so that a run that is killed can go on.
//!
//! A file is 8 bytes `gpdraws\n`, the number of the format (2), the header, then records. All
//! numbers are little endian. Header and records are framed alike:
//!
//! | bytes | contents |
//! |---|---|
//! | 4 | n, the length of the contents |
//! | 4 | n with all bits flipped: a length that was damaged is not followed |
//! | n | contents |
//! | 4 | CRC-32 of all contents so far, from the header on: a record of another run, or at another place, does not fit |
//!
//! | contents | fields |
//! |---|---|
//! | header | number of parts (u32), for each its name and fingerprint (each: length u32, bytes); dim, chains, tune, draws, seed (u64) |
//! | draw | 1 (u8), chain (u32), phase (u8, 0 tuning, 1 sampling), draw (u64), lp, energy, max_energy_error, acceptance_rate, step_size (f64), tree_depth, n_steps (u32), diverging + 2 reached_max_treedepth (u8); for sampling x (dim f64) |
//! | tuned | 2 (u8), chain (u32), step size (f64), rank (u32), scales (dim f64), directions (rank × dim f64), stretches (rank f64), position (dim f64) |
//!
//! Each record is one write to the system. A process that is killed loses none that were written,
//! and at most the last is torn; what a machine without power loses is up to the file system.
//!
//! Who writes a log holds a lock on it, which ends with the process.

mod bytes;
mod place;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use place::FileLog;
pub use read::read_draw_log;
pub use write::DrawLog;

const MAGIC: &[u8; 8] = b"gpdraws\n";
/// The format that this version writes and reads.
const FORMAT: u32 = 2;
