//! Gaussian processes on their own, without a model around them: [`FiniteRank`], random functions
//! with coefficients, and [`KroneckerNormal`], the normal distribution with a Kronecker covariance.
//!
//! # Finite rank
//! A kernel with features φ, k(x, y) = φ(x)ᵀφ(y), is the prior of the functions f(x) = φ(x)ᵀw with
//! w ~ N(0, I): random straight lines, polynomials, waves, and sums and products of them. Such a
//! function can be evaluated anywhere, and its coefficients read; conditioning acts on w, of which
//! there are r, however many points there are.

mod conditioning;
mod finite_rank;
mod function;
pub mod kronecker_normal;
mod monomial;
#[cfg(test)]
mod tests;

pub use conditioning::Conditioned;
pub use finite_rank::FiniteRank;
pub use function::Function;
pub use kronecker_normal::KroneckerNormal;
pub use monomial::Monomial;
