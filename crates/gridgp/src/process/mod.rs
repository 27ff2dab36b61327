//! Gaussian processes of finite rank, as random functions with coefficients.
//!
//! A kernel with features φ, k(x, y) = φ(x)ᵀφ(y), is the prior of the functions f(x) = φ(x)ᵀw with
//! w ~ N(0, I): random straight lines, polynomials, waves, and sums and products of them. Such a
//! function can be evaluated anywhere, and its coefficients read; conditioning acts on w, of which
//! there are r, however many points there are.

mod conditioning;
mod finite_rank;
mod function;
mod monomial;
#[cfg(test)]
mod tests;

pub use conditioning::Conditioned;
pub use finite_rank::FiniteRank;
pub use function::Function;
pub use monomial::Monomial;
