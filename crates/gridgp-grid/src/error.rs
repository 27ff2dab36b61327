//! The one error type of the crate.

/// What can go wrong between a model file and a prediction.
///
/// Every message says what was found, where, and what to try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The grid or its coordinates are not usable.
    #[error("{0}")]
    Grid(String),
    /// The data do not fit the model: missing cells, constant response, wrong covariate.
    #[error("{0}")]
    Data(String),
    /// The model file cannot be understood; the message carries line, column and the excerpt.
    #[error("{0}")]
    Spec(String),
    /// A covariance matrix could not be factorized at these parameter values.
    #[error("{0}")]
    Singular(String),
    /// The computation would need more memory than allowed.
    #[error("{0}")]
    TooLarge(String),
    /// Inference stopped without a usable result.
    #[error("{0}")]
    Inference(String),
}

/// A `Result` with this crate's [`Error`], unless another one is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;
