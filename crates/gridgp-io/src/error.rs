//! The one error type of the crate.

use std::path::{Path, PathBuf};

use gridgp_file::advice;

/// What can go wrong between a file, a dataset and a fit.
///
/// Every message names the file, the place in it, and what to try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}{}", path.display(), advice(source))]
    Io {
        /// What was tried, `"read"` or `"write"`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The file as a whole is not what it should be.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was found and what to try.
        message: String,
    },
    /// Another process writes the file.
    #[error(
        "{}: a run is writing its draws there at this moment; wait until it ends, or stop it first",
        path.display()
    )]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// One cell of a table.
    #[error("{}, line {line}, column {column:?}: {message}", path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1, the header included.
        line: u64,
        /// Name of the column.
        column: String,
        /// What was found and what to try.
        message: String,
    },
    /// A name that the file does not have.
    #[error("{}: there is no {kind} {name:?}{hint}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// `"column"`, `"variable"`, `"dimension"` or `"coordinate"`.
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The nearest names, or all of them.
        hint: String,
    },
    /// The grid or the data on it are not usable.
    #[error("{}: {source}", path.display())]
    Grid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: gridgp_grid::Error,
    },
    /// The model, or its inference.
    #[error(transparent)]
    Model(#[from] gridgp_grid::Error),
}

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn file(path: &Path, message: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), message: message.into() }
    }

    pub(crate) fn cell(path: &Path, line: u64, column: &str, message: impl Into<String>) -> Self {
        Self::Cell {
            path: path.to_owned(),
            line,
            column: column.to_owned(),
            message: message.into(),
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    pub(crate) fn grid(path: &Path) -> impl Fn(gridgp_grid::Error) -> Self {
        move |source| Self::Grid { path: path.to_owned(), source }
    }

    /// `name` is not among `known`.
    pub(crate) fn unknown<'a>(
        path: &Path,
        kind: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let hint = crate::nearest::hint(name, known);
        Self::Unknown { path: path.to_owned(), kind, name: name.to_owned(), hint }
    }
}

impl From<gridgp_file::Error> for Error {
    fn from(error: gridgp_file::Error) -> Self {
        match error {
            gridgp_file::Error::Io { path, source } => Self::Io { action: "write", path, source },
            gridgp_file::Error::Place { path, message } => Self::File { path, message },
        }
    }
}
