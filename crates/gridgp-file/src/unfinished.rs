//! Temporary files, and the list of those that are there.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempPath;

/// The temporary files that are there. They are made, renamed and removed under this lock, so that
/// the list is true at any moment.
static LIST: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn list() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While this lives, no file is begun and none gets its name: whoever writes waits.
#[derive(Debug)]
#[must_use = "once this is dropped, writing goes on"]
pub struct Abandoned {
    _list: MutexGuard<'static, BTreeSet<PathBuf>>,
}

/// Removes every file that [`write`](fn@crate::write) has not finished, on whatever thread, for a
/// program that ends now.
///
/// Takes a lock: it is for the thread that handles signals, not for a signal handler itself.
///
/// # Example
/// ```no_run
/// // Held to the end, or another thread would begin the next file.
/// let _abandoned = gridgp_file::abandon();
/// std::process::exit(130);
/// ```
pub fn abandon() -> Abandoned {
    let mut list = list();
    while let Some(path) = list.pop_first() {
        // What cannot be removed stays, as it would without this.
        let _ = std::fs::remove_file(path);
    }
    Abandoned { _list: list }
}

/// A temporary file on the list.
pub struct Unfinished {
    file: File,
    /// Absent once it has its name.
    path: Option<TempPath>,
}

impl Unfinished {
    /// An empty file in a folder.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".gridgp-").suffix(".part");
        // A temporary file is private by default, a result is not.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut list = list();
        let (file, path) = builder.tempfile_in(folder)?.into_parts();
        list.insert(path.to_path_buf());
        Ok(Self { file, path: Some(path) })
    }

    pub fn as_file(&self) -> &File {
        &self.file
    }

    /// The permissions of the file that this one will replace, where there is one.
    #[cfg(unix)]
    pub fn permit_as(&self, target: &Path) -> io::Result<()> {
        match target.metadata() {
            Ok(before) if before.permissions() != self.file.metadata()?.permissions() => {
                self.file.set_permissions(before.permissions())
            }
            _ => Ok(()),
        }
    }

    #[cfg(not(unix))]
    pub fn permit_as(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Gives it its name.
    pub fn finish(mut self, target: &Path) -> io::Result<()> {
        let Some(path) = self.path.take() else { return Ok(()) };
        let mut list = list();
        list.remove(path.as_ref() as &Path);
        path.persist(target).map_err(|e| e.error)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            let mut list = list();
            list.remove(path.as_ref() as &Path);
            // Before the lock is open again.
            drop(path);
        }
    }
}
