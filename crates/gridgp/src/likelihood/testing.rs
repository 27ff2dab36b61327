//! Conformance of a [`Likelihood`](super::Likelihood).
