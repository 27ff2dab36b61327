//! The one error type of the crate.

use crate::log::LogError;

/// What can go wrong between a model with its data and what it says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model, or its inference.
    #[error(transparent)]
    Model(#[from] gridgp_grid::Error),
    /// The host does not admit what would be made.
    #[error("{0}")]
    Memory(String),
    /// The log of draws cannot be begun, or belongs to another run.
    #[error(transparent)]
    Log(LogError),
    /// The log of draws holds other draws than this run would have made.
    #[error("{0}")]
    Unlike(gridgp_grid::Error),
    /// Draws could not be written to their log, and the run was stopped.
    #[error("the draws could not be kept; those that were written are there to go on from: {0}")]
    Unkept(LogError),
}

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
