//! Trees of groups: round trips, and files that are damaged.

use gridgp_fit::Attribute;
use gridgp_io::{Array, NetcdfTree, TreeVariable, read_tree, write_tree};

/// A small fit file in ArviZ's layout.
fn tree() -> NetcdfTree {
    let mut posterior = NetcdfTree::new("posterior");
    posterior.dims = vec![("chain".into(), 2), ("draw".into(), 3), ("station".into(), 2)];
    posterior.attributes = vec![("created_by".into(), "gridgp".into())];
    posterior.variables = vec![
        TreeVariable::new("chain", &["chain"], Array::Integers(vec![0, 1])),
        TreeVariable::new("draw", &["draw"], Array::Integers(vec![0, 1, 2])),
        TreeVariable::new(
            "station",
            &["station"],
            Array::Text(vec!["Porto".into(), "A Coruña".into()]),
        ),
        TreeVariable::new(
            "base",
            &["chain", "draw", "station"],
            Array::Numbers((0..12).map(f64::from).collect()),
        )
        .with("units", "K"),
        TreeVariable::new(
            "sigma",
            &["chain", "draw"],
            Array::Numbers(vec![1.0, f64::INFINITY, 3.0, 4.0, 5.0, 1e-300]),
        ),
    ];
    let mut stats = NetcdfTree::new("sample_stats");
    stats.dims = vec![("chain".into(), 2), ("draw".into(), 3)];
    stats.variables = vec![TreeVariable::new(
        "tree_depth",
        &["chain", "draw"],
        Array::Integers(vec![1, 2, 3, 4, 5, i64::MAX]),
    )];
    NetcdfTree {
        attributes: vec![
            ("model".into(), "[data]\nresponse = 'y' # größer\n".repeat(3000).into()),
            ("short".into(), "".into()),
            ("seed".into(), (1i64 << 60).into()),
            ("log_density".into(), (-1.5).into()),
            ("range".into(), Attribute::Numbers(vec![1.0, 2.0])),
        ],
        groups: vec![posterior, stats],
        ..NetcdfTree::default()
    }
}

/// Variables and attributes in alphabetical order, as the file keeps no order.
fn sorted(mut tree: NetcdfTree) -> NetcdfTree {
    tree.dims.sort();
    tree.variables.sort_by(|a, b| a.name.cmp(&b.name));
    tree.attributes.sort_by(|a, b| a.0.cmp(&b.0));
    tree.groups.sort_by(|a, b| a.name.cmp(&b.name));
    tree.groups = tree.groups.into_iter().map(sorted).collect();
    tree
}

#[test]
fn a_tree_survives_the_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.nc");
    write_tree(&path, &tree()).unwrap();
    assert_eq!(sorted(read_tree(&path).unwrap()), sorted(tree()));
}

#[test]
fn large_and_missing_values_survive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.nc");
    let mut values: Vec<f64> = (0..300_000).map(|i| (f64::from(i) * 0.001).sin()).collect();
    values[7] = f64::NAN;
    let tree = NetcdfTree {
        dims: vec![("t".into(), 3), ("x".into(), 100_000)],
        variables: vec![TreeVariable::new("y", &["t", "x"], Array::Numbers(values.clone()))],
        ..NetcdfTree::default()
    };
    write_tree(&path, &tree).unwrap();
    let back = read_tree(&path).unwrap();
    let back = back.variable("y").unwrap().numbers().unwrap();
    assert!(values.iter().zip(back).all(|(a, b)| a.to_bits() == b.to_bits()));
    let smaller = std::fs::metadata(&path).unwrap().len() < 2_300_000;
    assert!(smaller, "large variables are compressed");
}

#[test]
fn trees_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.nc");
    let fails = |dims: &[(&str, usize)], dim: &str, n: usize| {
        let tree = NetcdfTree {
            dims: dims.iter().map(|(name, n)| ((*name).into(), *n)).collect(),
            variables: vec![TreeVariable::new("y", &[dim], Array::Numbers(vec![0.0; n]))],
            ..NetcdfTree::default()
        };
        let message = write_tree(&path, &tree).unwrap_err().to_string();
        assert!(message.contains("bad.nc"), "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
        message
    };
    assert!(fails(&[("t", 2)], "x", 2).contains("unknown dimension \"x\""));
    assert!(fails(&[("t", 2)], "t", 3).contains("has 3 values but its dimensions [2] have 2"));
    assert!(fails(&[("t", 0)], "t", 0).contains("is empty"));
    assert!(fails(&[("t", 2), ("t", 2)], "t", 2).contains("occurs twice"));
}

/// Reads damaged bytes; an error must carry the path and advice, and nothing may panic.
fn read_damaged(folder: &std::path::Path, bytes: &[u8]) -> bool {
    let path = folder.join("damaged.nc");
    std::fs::write(&path, bytes).unwrap();
    match read_tree(&path) {
        Ok(_) => true,
        Err(e) => {
            let message = e.to_string();
            assert!(message.contains("damaged.nc"), "{message}");
            assert!(message.contains("make it again"), "{message}");
            false
        }
    }
}

#[test]
fn truncated_files_are_refused_at_every_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.nc");
    write_tree(&path, &tree()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for length in (0..bytes.len()).step_by(bytes.len() / 400).chain([bytes.len() - 1]) {
        assert!(!read_damaged(folder.path(), &bytes[..length]), "read with {length} bytes");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.nc");
    let mut small = tree();
    small.attributes.remove(0);
    write_tree(&path, &small).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let mut refused = 0;
    let step = (bytes.len() / 1500).max(1);
    for i in (0..bytes.len()).step_by(step) {
        let mut damaged = bytes.clone();
        damaged[i] ^= 0x55;
        refused += usize::from(!read_damaged(folder.path(), &damaged));
    }
    assert!(refused > 100, "only {refused} damages were noticed");
}
