//! Writing a log.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gridgp_fit::{LogHeader, LoggedRun};
use gridgp_infer::{Event, Phase};

use super::bytes::{frame, put_bytes, put_f64s};
use super::read::{End, ends_in_header, read};
use super::{FORMAT, MAGIC};
use crate::{Error, Result};

/// A log that is being written, by any number of threads.
#[derive(Debug)]
pub struct DrawLog {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// The checksum of what was written.
    sum: u32,
    /// Memory for one record.
    record: Vec<u8>,
    /// Whether a write failed: what would follow could not be read.
    broken: bool,
}

impl DrawLog {
    /// Begins a log.
    ///
    /// # Errors
    /// The file exists already, or cannot be written.
    pub fn create(path: &Path, header: &LogHeader) -> Result<Self> {
        let options = OpenOptions::new().write(true).create_new(true).open(path);
        let file = options.map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => {
                let locked = File::open(path).map_err(|e| Error::io("read", path, e));
                locked.and_then(|file| lock(path, &file)).err().unwrap_or_else(|| {
                    Error::file(
                        path,
                        "holds the draws of an earlier run; resume that run, or remove the file",
                    )
                })
            }
            _ => Error::io("write", path, e),
        })?;
        lock(path, &file)?;
        let log = Self::over(path, file, 0);
        log.begin(header)?;
        Ok(log)
    }

    fn begin(&self, header: &LogHeader) -> Result<()> {
        self.append(|out, sum| {
            out.extend_from_slice(MAGIC);
            out.extend(FORMAT.to_le_bytes());
            frame(out, sum, |out| put_header(out, header));
        })
    }

    /// Goes on with a log, and gives what it holds. A record that was torn is cut off, and a header that
    /// was is written anew: its run was killed before there was anything to lose.
    ///
    /// # Errors
    /// The file cannot be read or written, is damaged, is written by a run that has not ended, or
    /// belongs to another run: then the message says what changed.
    pub fn resume(path: &Path, header: &LogHeader) -> Result<(Self, LoggedRun)> {
        let cannot = |e| Error::io("write", path, e);
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(cannot)?;
        lock(path, &file)?;
        let is_torn = ends_in_header(path, &file)?;
        file.rewind().map_err(cannot)?;
        if is_torn {
            file.set_len(0).map_err(cannot)?;
            Self::over(path, file.try_clone().map_err(cannot)?, 0).begin(header)?;
            file.rewind().map_err(cannot)?;
        }
        let (run, End { at, sum }) = read(path, &file, |found| {
            let differences = found.differences(header);
            if differences.is_empty() {
                return Ok(());
            }
            Err(Error::file(
                path,
                format!(
                    "holds the draws of another run: {}; undo that to go on, or remove the file \
                     to start anew",
                    differences.join(", ")
                ),
            ))
        })?;
        file.set_len(at).map_err(cannot)?;
        file.seek(SeekFrom::End(0)).map_err(cannot)?;
        Ok((Self::over(path, file, sum), run))
    }

    fn over(path: &Path, file: File, sum: u32) -> Self {
        let state = State { file, sum, record: vec![], broken: false };
        Self { path: path.to_owned(), state: Mutex::new(state) }
    }

    /// Writes what happened. Of tuning draws the unknowns are left out.
    ///
    /// # Errors
    /// The file cannot be written, now or before.
    pub fn record(&self, event: &Event) -> Result<()> {
        self.append(|out, sum| frame(out, sum, |out| put_event(out, event)))
    }

    fn append(&self, contents: impl FnOnce(&mut Vec<u8>, &mut u32)) -> Result<()> {
        // A thread that panicked has not written: writing comes last and does not panic.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { file, sum, record, broken } = &mut *state;
        if *broken {
            return Err(Error::file(&self.path, "could not be written before; free disk space"));
        }
        record.clear();
        contents(record, sum);
        file.write_all(record).map_err(|e| {
            *broken = true;
            Error::io("write", &self.path, e)
        })
    }

    /// Waits until everything is on the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(self) -> Result<()> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.file.sync_all().map_err(|e| Error::io("write", &self.path, e))
    }
}

/// Takes the lock of a log, which is given back when the file is closed.
fn lock(path: &Path, file: &File) -> Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::Busy { path: path.to_owned() }),
        // Some file systems have no locks: the run is worth more than the protection.
        Err(TryLockError::Error(_)) | Ok(()) => Ok(()),
    }
}

fn put_header(out: &mut Vec<u8>, header: &LogHeader) {
    out.extend((header.parts.len() as u32).to_le_bytes());
    for (name, fingerprint) in &header.parts {
        put_bytes(out, name.as_bytes());
        put_bytes(out, fingerprint);
    }
    for size in [header.dim, header.chains, header.tune, header.draws] {
        out.extend((size as u64).to_le_bytes());
    }
    out.extend(header.seed.to_le_bytes());
}

fn put_event(out: &mut Vec<u8>, event: &Event) {
    match *event {
        Event::Draw { chain, phase, draw, x, statistics: s } => {
            out.push(1);
            out.extend((chain as u32).to_le_bytes());
            out.push(u8::from(phase == Phase::Sampling));
            out.extend((draw as u64).to_le_bytes());
            put_f64s(out, &[s.lp, s.energy, s.max_energy_error, s.acceptance_rate, s.step_size]);
            out.extend(s.tree_depth.to_le_bytes());
            out.extend(s.n_steps.to_le_bytes());
            out.push(u8::from(s.diverging) + 2 * u8::from(s.reached_max_treedepth));
            if phase == Phase::Sampling {
                put_f64s(out, x);
            }
        }
        Event::Tuned { chain, adapted } => {
            out.push(2);
            out.extend((chain as u32).to_le_bytes());
            out.extend(adapted.step_size.to_le_bytes());
            out.extend((adapted.whitening.rank() as u32).to_le_bytes());
            put_f64s(out, &adapted.whitening.scales);
            put_f64s(out, &adapted.whitening.directions);
            put_f64s(out, &adapted.whitening.stretches);
            put_f64s(out, &adapted.position);
        }
    }
}
