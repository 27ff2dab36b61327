use thiserror::Error;

/// Why a matrix has no factor.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// A pivot is not above what rounding leaves of it.
    #[error("the matrix is not positive definite: the pivot of cell {cell} is {value:e}")]
    NotPositiveDefinite {
        /// The cell, row-major.
        cell: usize,
        /// The pivot.
        value: f64,
    },
    /// A process gains no noise over a step, so that its states there have no precision.
    #[error(
        "between two points {length:e} apart the process gains no noise that rounding would leave: they are \
         at one place, or the lengthscale is too long for them"
    )]
    Degenerate {
        /// The step.
        length: f64,
    },
    /// An entry is NaN or infinite.
    #[error("the matrix has an entry that is not finite, in cell {cell}")]
    NotFinite {
        /// The cell, row-major.
        cell: usize,
    },
}

/// A result with an [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;
