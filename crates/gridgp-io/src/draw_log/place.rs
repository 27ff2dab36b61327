//! A file as the log of a fit.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use gridgp_fit::{LogError, LogHeader, LoggedRun};
use gridgp_infer::Event;

use super::DrawLog;

/// The file that keeps the draws of `nuts` as they come.
///
/// It is left behind when the run ends; it is of no use once the fit file is written.
#[derive(Debug)]
pub struct FileLog {
    path: PathBuf,
    resume: bool,
    log: RwLock<Option<DrawLog>>,
}

impl FileLog {
    /// A log at `path`; `resume` goes on with what is in it, where it is there.
    pub fn new(path: &Path, resume: bool) -> Self {
        Self { path: path.to_owned(), resume, log: RwLock::new(None) }
    }
}

impl gridgp_fit::DrawLog for FileLog {
    fn open(&self, header: &LogHeader) -> Result<Option<LoggedRun>, LogError> {
        let (log, run) = if self.resume && self.path.exists() {
            let (log, run) = DrawLog::resume(&self.path, header)?;
            (log, Some(run))
        } else {
            (DrawLog::create(&self.path, header)?, None)
        };
        *self.log.write().unwrap_or_else(PoisonError::into_inner) = Some(log);
        Ok(run)
    }

    fn record(&self, event: &Event<'_>) -> Result<(), LogError> {
        match &*self.log.read().unwrap_or_else(PoisonError::into_inner) {
            Some(log) => Ok(log.record(event)?),
            None => Ok(()),
        }
    }

    fn finish(&self) -> Result<(), LogError> {
        match self.log.write().unwrap_or_else(PoisonError::into_inner).take() {
            Some(log) => Ok(log.finish()?),
            None => Ok(()),
        }
    }

    fn discard(&self) {
        drop(self.log.write().unwrap_or_else(PoisonError::into_inner).take());
        // What cannot be removed is in nobody's way.
        let _ = std::fs::remove_file(&self.path);
    }
}
