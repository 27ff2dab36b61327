//! The one error type of the crate.

/// What can go wrong in structured linear algebra.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A matrix that must be positive definite is not.
    #[error(
        "the {size} x {size} matrix is not positive definite: pivot {pivot} is {value:.3e}; \
         it may be singular, or its rows may repeat"
    )]
    NotPositiveDefinite {
        /// Its size.
        size: usize,
        /// Position of the first pivot that is not positive.
        pivot: usize,
        /// That pivot.
        value: f64,
    },
    /// A matrix is singular and the operation needs an inverse.
    #[error("the matrix has rank {rank} of {size}: it cannot be solved")]
    Singular {
        /// Its size.
        size: usize,
        /// Its numerical rank.
        rank: usize,
    },
    /// A matrix has an entry that is NaN or infinite.
    #[error("entry ({row}, {column}) of the {what} is {value}; entries must be finite")]
    NotFinite {
        /// Which matrix.
        what: &'static str,
        /// Row of the first such entry.
        row: usize,
        /// Its column.
        column: usize,
        /// The entry.
        value: f64,
    },
    /// An iteration stopped before it reached its tolerance.
    #[error(
        "{method} did not converge: relative residual {residual:.3e} after {iterations} \
         iterations, tolerance {tolerance:.1e}; allow more iterations, or use a better \
         preconditioner"
    )]
    NotConverged {
        /// The method.
        method: &'static str,
        /// Iterations done.
        iterations: usize,
        /// Relative residual reached.
        residual: f64,
        /// Relative residual asked for.
        tolerance: f64,
    },
    /// A dense eigenproblem failed.
    #[error("the eigensolver failed on a {size} x {size} matrix")]
    Eigen {
        /// Its size.
        size: usize,
    },
    /// The operands do not have the structure that the operation needs.
    #[error("{0}")]
    Structure(String),
}

/// A `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
