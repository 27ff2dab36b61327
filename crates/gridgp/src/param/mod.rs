//! Parameters: their natural values θ and the unconstrained x that inference moves.

pub mod testing;
pub mod transform;

pub use transform::Transform;
