//! What can go wrong.

/// A filter that cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Error {
    /// The variance that an observation has, given those before it, is not positive.
    #[error(
        "the observation at time {time} has variance {variance} given those before it, which is not \
         positive: the noise is lost in rounding beside the field, or a number is out of range"
    )]
    Variance {
        /// When.
        time: f64,
        /// What was found.
        variance: f64,
    },
}
