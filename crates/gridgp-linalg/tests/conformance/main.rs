//! Every operator against its dense form, on every kind of matrix.
//!
//! [`operators!`](macro) is the list: an operator of it has a function that takes a [`Case`], and
//! a test that calls it with all of them. A type of the crate that is an operator but not in the
//! list fails [`every_operator_is_listed`].

mod cases;
mod composed;
mod dense;
mod kronecker;
mod low_rank;
mod masked;
mod spectral;
mod stationary;

use cases::Case;
use std::collections::BTreeSet;
use std::path::Path;

/// One line an operator: its type and the function with its cases.
macro_rules! operators {
    ($($name:ident: $check:path;)*) => {
        const LISTED: &[&str] = &[$(stringify!($name)),*];

        /// A test for each operator, called as the operator.
        #[allow(non_snake_case)]
        mod operator {
            use super::*;

            $(
                #[test]
                fn $name() {
                    super::Case::ALL.into_iter().for_each($check);
                }
            )*
        }
    };
}

operators! {
    Basis: spectral::basis;
    BlockDiagonal: composed::block_diagonal;
    Cholesky: dense::cholesky;
    Circulant: stationary::circulant;
    ComplementSolver: masked::complement_solver;
    Dense: dense::dense;
    Diagonal: dense::diagonal;
    Diagonalized: spectral::diagonalized;
    FactoredLowRankUpdate: low_rank::factored_low_rank_update;
    Identity: dense::identity;
    Inverse: composed::inverse;
    Kronecker: kronecker::kronecker;
    KroneckerIdentity: spectral::kronecker_identity;
    KroneckerSum: kronecker::kronecker_sum;
    LowRank: low_rank::low_rank;
    LowRankUpdate: low_rank::low_rank_update;
    Lu: dense::lu;
    Masked: masked::masked;
    PivotedCholesky: low_rank::pivoted_cholesky;
    Product: composed::product;
    Scaled: composed::scaled;
    SideBySide: composed::side_by_side;
    Spectral: spectral::spectral;
    Sum: composed::sum;
    SumKronecker: kronecker::sum_kronecker;
    Toeplitz: stationary::toeplitz;
    Transposed: composed::transposed;
    Triangular: dense::triangular;
}

#[test]
fn every_operator_is_listed() {
    let mut found = BTreeSet::new();
    implementations(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let listed: BTreeSet<String> = LISTED.iter().map(|name| (*name).to_string()).collect();
    let missing: Vec<_> = found.difference(&listed).collect();
    assert!(missing.is_empty(), "operators without conformance cases: {missing:?}");
    assert_eq!(found, listed, "listed, but not an operator");
}

/// The types in `impl … LinearOperator for TYPE` of all source files below a folder.
fn implementations(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            implementations(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
        for line in code.filter(|line| line.starts_with("impl")) {
            let Some((_, rest)) = line.split_once("LinearOperator for ") else { continue };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            // Empty for `$pointer`: references and smart pointers.
            if !name.is_empty() {
                found.insert(name);
            }
        }
    }
}
