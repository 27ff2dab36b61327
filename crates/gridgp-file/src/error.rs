//! The one error type of the crate.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No file can be there.
    #[error("{}: {message}", path.display())]
    Place {
        /// Where it was to be.
        path: PathBuf,
        /// What is there, and what to try.
        message: String,
    },
    /// The operating system refused.
    #[error("cannot write {}: {source}{}", path.display(), advice(source))]
    Io {
        /// Where the file was to be.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn place(path: &Path, message: impl Into<String>) -> Self {
        Self::Place { path: path.to_owned(), message: message.into() }
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        // The message of tempfile names the temporary file, which means nothing to the reader.
        let source = match source.raw_os_error() {
            None => source.kind().into(),
            Some(_) => source,
        };
        Self::Io { path: path.to_owned(), source }
    }
}

/// What to do about an error of the operating system: the end of a message, or nothing.
pub fn advice(source: &io::Error) -> &'static str {
    use io::ErrorKind as K;
    match source.kind() {
        K::NotFound => "; check the path, relative paths start at the current folder",
        K::PermissionDenied => "; check the permissions of the file and its folder",
        K::StorageFull => "; the disk is full, free space or write elsewhere",
        K::ReadOnlyFilesystem => "; write to another folder",
        _ => "",
    }
}
