//! The one error type of the crate.

use std::path::PathBuf;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data cannot be drawn so.
    #[error("{0}")]
    Data(String),
    /// The numbers that the figure shows could not be computed.
    #[error(transparent)]
    Model(#[from] gridgp_grid::Error),
    /// The picture could not be made from its description.
    #[error("the picture could not be made: {0}; write .svg and convert it with another program")]
    Render(String),
    /// The name of the file says no format that is known.
    #[error("{}: the name must end in .svg, .png or .pdf", .0.display())]
    Format(PathBuf),
    /// The format belongs to a feature that was left out of this build.
    #[error(
        "{}: this build draws SVG only; write .svg, or build with the features \"png\" and \"pdf\", \
         which `cargo install` has on",
        .0.display()
    )]
    NotBuilt(PathBuf),
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] gridgp_file::Error),
}

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self::Data(message.into())
    }
}
