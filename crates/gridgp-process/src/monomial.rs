//! Features as polynomials.

use std::collections::BTreeMap;

use faer::Mat;
use gridgp_kernel::{Covariance, Kernel};

/// What is known of the coefficient of ∏ⱼ xⱼ^powers\[j\].
#[derive(Debug, Clone, PartialEq)]
pub struct Monomial {
    /// The power of each coordinate.
    pub powers: Vec<u32>,
    /// Mean of the coefficient.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
}

/// A polynomial: coefficients by powers.
type Expansion = BTreeMap<Vec<u32>, f64>;

/// The powers that occur, and the matrix (monomials × features) that takes coefficients of the
/// features to those of the monomials; `None` if a feature is not a polynomial.
pub(super) fn matrix(
    kernel: &Kernel,
    theta: &[f64],
    dims: usize,
) -> Option<(Vec<Vec<u32>>, Mat<f64>)> {
    let features = expansions(kernel, theta, dims)?;
    let mut powers: Vec<Vec<u32>> = features.iter().flat_map(|f| f.keys().cloned()).collect();
    powers.sort();
    powers.dedup();
    let entry = |i: usize, j: usize| features[j].get(&powers[i]).copied().unwrap_or(0.0);
    let matrix = Mat::from_fn(powers.len(), features.len(), entry);
    Some((powers, matrix))
}

/// Each feature of the kernel, in its order.
fn expansions(kernel: &Kernel, theta: &[f64], dims: usize) -> Option<Vec<Expansion>> {
    let constant = |value| Expansion::from([(vec![0; dims], value)]);
    match kernel {
        Kernel::Constant(_) => Some(vec![constant(1.0)]),
        Kernel::Linear(linear) => {
            let feature = |(&column, &center): (&usize, &f64)| {
                let mut powers = vec![0; dims];
                powers[column] = 1;
                let mut feature = constant(-center);
                feature.insert(powers, 1.0);
                feature
            };
            Some(linear.columns().iter().zip(theta).map(feature).collect())
        }
        Kernel::Polynomial(polynomial) => {
            let feature = |(active, factor)| single(polynomial.columns(), active, factor, dims);
            Some(polynomial.monomials(theta[0]).map(feature).collect())
        }
        Kernel::Monomial(monomial) => {
            let feature = |(active, factor)| single(monomial.columns(), active, factor, dims);
            Some(monomial.monomials().map(feature).collect())
        }
        Kernel::Scaled(scaled) => {
            let mut features = expansions(scaled.kernel(), &theta[1..], dims)?;
            features.iter_mut().flat_map(|f| f.values_mut()).for_each(|v| *v *= theta[0]);
            Some(features)
        }
        Kernel::Sum(sum) => {
            let parts = each(sum.terms(), theta, dims)?;
            Some(parts.into_iter().flatten().collect())
        }
        Kernel::Product(product) => {
            let parts = each(product.factors(), theta, dims)?;
            Some(parts.into_iter().fold(vec![constant(1.0)], |product, factor| {
                product.iter().flat_map(|a| factor.iter().map(|b| multiply(a, b))).collect()
            }))
        }
        _ => None,
    }
}

/// factor · ∏ of powers of some coordinates.
fn single(columns: &[usize], active: &[i32], factor: f64, dims: usize) -> Expansion {
    let mut powers = vec![0; dims];
    for (&column, &power) in columns.iter().zip(active) {
        powers[column] = power.unsigned_abs();
    }
    Expansion::from([(powers, factor)])
}

fn each(kernels: &[Kernel], theta: &[f64], dims: usize) -> Option<Vec<Vec<Expansion>>> {
    let mut rest = theta;
    let part = |kernel: &Kernel| {
        let (own, others) = rest.split_at(kernel.parameter_count());
        rest = others;
        expansions(kernel, own, dims)
    };
    kernels.iter().map(part).collect()
}

fn multiply(a: &Expansion, b: &Expansion) -> Expansion {
    let mut product = Expansion::new();
    for (p, u) in a {
        for (q, v) in b {
            let powers = p.iter().zip(q).map(|(p, q)| p + q).collect();
            *product.entry(powers).or_default() += u * v;
        }
    }
    product
}
