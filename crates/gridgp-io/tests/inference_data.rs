//! Draws in ArviZ's layout: round trips, what cannot be written, and files that are damaged.

use std::path::Path;

use gridgp_fit::{Attribute, DrawValues, InferenceGroup, InferenceVariable, Scaling};
use gridgp_grid::{Axis, Coordinate, Covariate, Dataset, Grid, Variable};
use gridgp_io::{
    Array, NetcdfTree, TreeVariable, read_inference_data, read_tree, write_inference_data,
    write_tree,
};

/// Stations with a label and a place, and years: an axis of each kind.
fn axes() -> Vec<Axis> {
    let labels = ["Évora", "Porto"].map(String::from).to_vec();
    let station = vec![
        Coordinate::labels("station", labels),
        Coordinate::numbers("lon", vec![-7.9, -8.6]).with_units("degrees_east"),
        Coordinate::numbers("elevation", vec![300.0, 80.0]),
    ];
    let time = Coordinate {
        calendar: Some("standard".into()),
        ..Coordinate::numbers("time", vec![0.5, 1.0, 4.0]).with_units("days since 2000-01-01")
    };
    // No coordinate has the name of this axis.
    let place = vec![Coordinate::numbers("x", vec![0.0, 1.0])];
    vec![
        Axis::new("station", station).unwrap(),
        Axis::new("time", vec![time]).unwrap(),
        Axis::new("place", place).unwrap(),
    ]
}

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i as f64).sin()).collect()
}

fn data() -> Dataset {
    let mut values = numbers(12);
    values[4] = f64::NAN;
    let response = Variable {
        units: Some("K".into()),
        long_name: Some("temperature".into()),
        ..Variable::with_nan_as_missing("y", values)
    };
    let covariate = |name: &str, axes, values| Covariate {
        name: name.into(),
        axes,
        values,
        units: Some("m".into()),
        missing: None,
    };
    let covariates = vec![
        covariate("gmst", vec![1], vec![-1.0, 0.0, 1.0]),
        covariate("elevation", vec![0], vec![1.0, -1.0]),
    ];
    Dataset::new(Grid::new(axes()).unwrap(), response, covariates).unwrap()
}

fn groups() -> Vec<InferenceGroup> {
    let scalings = [Scaling { center: 2.5, scale: 1.0 }, Scaling { center: 190.0, scale: 110.0 }];
    let draws = |name: &str| InferenceGroup::draws(name, 2, 3, axes());
    let mut posterior = draws("posterior");
    posterior.attributes = vec![("tuning_steps".into(), 1000.into())];
    posterior.variables = vec![
        InferenceVariable::numbers("base", &["station"], numbers(12)).with("units", "K"),
        InferenceVariable::numbers("field", &["time", "place"], numbers(36)),
        InferenceVariable::numbers("scale", &[], numbers(6)).with("long_name", "noise"),
    ];
    let mut stats = draws("sample_stats");
    stats.variables = vec![
        InferenceVariable::new(
            "diverging",
            &[],
            DrawValues::Flags(vec![false, true, false, false, false, true]),
        ),
        InferenceVariable::numbers("energy", &[], numbers(6)),
        InferenceVariable::new(
            "tree_depth",
            &[],
            DrawValues::Integers(vec![1, 2, 3, 4, 5, i64::MAX]),
        ),
    ];
    let mut likelihood = draws("log_likelihood");
    let all = ["station", "time", "place"];
    likelihood.variables = vec![InferenceVariable::numbers("y", &all, numbers(72))];
    vec![
        InferenceGroup::constant_data(&data(), &scalings),
        likelihood,
        InferenceGroup::observed_data(&data()),
        posterior,
        stats,
    ]
}

/// NaN is equal to itself as text. Axes without order, and without what is not used.
fn text(mut groups: Vec<InferenceGroup>) -> String {
    for group in &mut groups {
        group.axes.retain(|a| group.variables.iter().any(|v| v.dims.iter().any(|d| d == a.name())));
        group.axes.sort_by(|a, b| a.name().cmp(b.name()));
        group.variables.sort_by(|a, b| a.name.cmp(&b.name));
        group.variables.iter_mut().for_each(|v| v.attributes.sort_by(|a, b| a.0.cmp(&b.0)));
    }
    format!("{groups:#?}")
}

#[test]
fn groups_survive_the_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draws.nc");
    let mut groups = groups();
    write_inference_data(&path, groups.clone()).unwrap();
    let back = read_inference_data(&path).unwrap();
    assert_eq!(back[4], {
        let mut stats = groups[4].clone();
        stats.axes = vec![];
        stats
    });
    let without = |axis: &Axis, names: &[&str]| {
        let kept = axis.coordinates().iter().filter(|c| !names.contains(&c.name.as_str()));
        Axis::new(axis.name(), kept.cloned().collect()).unwrap()
    };
    // The covariate has taken the place of the coordinate.
    groups[0].axes[0] = without(&axes()[0], &["elevation"]);
    // Only one variable lies on the stations, and the coordinate of places now is that of its
    // dimension.
    groups[3].axes[0] = without(&axes()[0], &["lon", "elevation"]);
    groups[3].axes[2] = Axis::numbers("place", vec![0.0, 1.0]).unwrap();
    let both = ["place", "x"].map(|name| Coordinate::numbers(name, vec![0.0, 1.0]));
    groups[1].axes[2] = Axis::new("place", both.to_vec()).unwrap();
    assert_eq!(text(back), text(groups));
}

#[test]
fn the_file_has_the_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draws.nc");
    write_inference_data(&path, groups()).unwrap();
    let tree = read_tree(&path).unwrap();
    let posterior = tree.group("posterior").unwrap();
    assert_eq!(posterior.attribute("inference_library"), Some(&"gridgp".into()));
    assert!(posterior.attribute("inference_library_version").is_some());
    let chain = &posterior.variable("chain").unwrap().values;
    assert_eq!(*chain, Array::Integers(vec![0, 1]));
    let base = posterior.variable("base").unwrap();
    assert_eq!(base.dims, ["chain", "draw", "station"]);
    assert_eq!(base.attribute("coordinates"), None);
    assert!(posterior.variable("lon").is_none(), "ArviZ cannot stack with it");
    let likelihood = tree.group("log_likelihood").unwrap();
    let y = likelihood.variable("y").unwrap();
    assert_eq!(y.attribute("coordinates"), Some(&"lon elevation x".into()));
    assert!(likelihood.variable("lon").is_some() && likelihood.variable("place").is_some());
    let y = tree.group("observed_data").unwrap().variable("y").unwrap();
    assert_eq!(y.attribute("coordinates"), Some(&"lon elevation x".into()));
    assert_eq!(posterior.variable("field").unwrap().dims, ["chain", "draw", "time", "place"]);
    let stats = tree.group("sample_stats").unwrap();
    assert_eq!(stats.dims.len(), 2, "axes that nothing has are left out");
    assert_eq!(stats.variable("diverging").unwrap().attribute("dtype"), Some(&"bool".into()));
    assert!(tree.group("observed_data").unwrap().variable("chain").is_none());
}

#[test]
fn coordinates_with_spaces_do_not_pass_for_draws() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draws.nc");
    let axis = Axis::new(
        "station",
        vec![
            Coordinate::numbers("station", vec![1.0, 2.0]),
            Coordinate::numbers("mean height", vec![5.0, 6.0]),
        ],
    );
    let mut group = InferenceGroup::draws("posterior", 1, 1, vec![axis.unwrap()]);
    group.variables = vec![InferenceVariable::numbers("base", &["station"], vec![0.0, 1.0])];
    write_inference_data(&path, vec![group]).unwrap();
    let back = read_inference_data(&path).unwrap();
    assert_eq!(back[0].axes[0].coordinates().len(), 1);
}

#[test]
fn what_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.nc");
    let fails = |variable: InferenceVariable| {
        let mut group = InferenceGroup::draws("posterior", 2, 3, axes());
        group.variables = vec![
            InferenceVariable::numbers("base", &["station"], numbers(12)),
            InferenceVariable::numbers("field", &["time"], numbers(18)),
            variable,
        ];
        let message = write_inference_data(&path, vec![group]).unwrap_err().to_string();
        assert!(message.contains("bad.nc") && message.contains("posterior"), "{message}");
        assert!(!path.exists());
        message
    };
    let unknown = fails(InferenceVariable::numbers("a", &["tme"], numbers(6)));
    assert!(unknown.contains("did you mean \"time\""), "{unknown}");
    let short = fails(InferenceVariable::numbers("a", &["time"], numbers(6)));
    assert!(short.contains("6 values") && short.contains("18 cells"), "{short}");
    assert!(fails(InferenceVariable::numbers("base", &[], numbers(6))).contains("twice"));
    assert!(fails(InferenceVariable::numbers("time", &[], numbers(6))).contains("rename"));
    assert!(fails(InferenceVariable::numbers("draw", &[], numbers(6))).contains("rename"));
    let same = vec![groups()[0].clone(), groups()[0].clone()];
    assert!(write_inference_data(&path, same).unwrap_err().to_string().contains("occurs twice"));
}

fn read_changed(path: &Path, change: impl Fn(&mut NetcdfTree)) -> String {
    write_inference_data(path, groups()).unwrap();
    let mut tree = read_tree(path).unwrap();
    let posterior = tree.groups.iter_mut().find(|g| g.name == "posterior").unwrap();
    change(posterior);
    write_tree(path, &tree).unwrap();
    read_inference_data(path).unwrap_err().to_string()
}

#[test]
fn changed_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.nc");
    let find = |tree: &mut NetcdfTree, name: &str| {
        tree.variables.iter().position(|v| v.name == name).unwrap()
    };
    let message = read_changed(&path, |tree| {
        let i = find(tree, "base");
        tree.variables[i].dims.swap(0, 1);
    });
    assert!(
        message.contains("changed.nc") && message.contains("start with chain, draw"),
        "{message}"
    );
    let message = read_changed(&path, |tree| {
        tree.variables.retain(|v| v.dims.iter().all(|d| d != "draw"));
        tree.dims.retain(|(name, _)| name != "draw");
    });
    assert!(message.contains("do not come together"), "{message}");
    let message = read_changed(&path, |tree| {
        let i = find(tree, "time");
        tree.variables[i].values = Array::Numbers(vec![0.0, f64::NAN, 1.0]);
    });
    assert!(message.contains("position 1"), "{message}");
    let message = read_changed(&path, |tree| {
        let words = Array::Text(vec!["a".into(); 6]);
        tree.variables.push(TreeVariable::new("words", &["chain", "draw"], words));
    });
    assert!(message.contains("\"words\" is text"), "{message}");
}

#[test]
fn files_of_others_are_read() {
    // An axis without coordinates, coordinates listed by the group, a foreign attribute.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.nc");
    let mut group = NetcdfTree::new("posterior");
    group.dims = vec![("chain".into(), 1), ("draw".into(), 2), ("dim_0".into(), 2)];
    group.attributes =
        vec![("created_at".into(), "2020".into()), ("coordinates".into(), "lat".into())];
    group.variables = vec![
        TreeVariable::new("mu", &["chain", "draw", "dim_0"], Array::Numbers(numbers(4))),
        TreeVariable::new("lat", &["dim_0"], Array::Integers(vec![3, 4])),
    ];
    let mut bare = group.clone();
    bare.name = "prior".into();
    bare.variables.pop();
    bare.attributes.clear();
    let root = NetcdfTree { groups: vec![group, bare], ..NetcdfTree::default() };
    write_tree(&path, &root).unwrap();
    let groups = read_inference_data(&path).unwrap();
    let lat = Coordinate::numbers("lat", vec![3.0, 4.0]);
    assert_eq!(groups[0].axes, [Axis::new("dim_0", vec![lat]).unwrap()]);
    assert_eq!(groups[0].attributes, [("created_at".into(), Attribute::from("2020"))]);
    assert_eq!(groups[1].axes, [Axis::numbers("dim_0", vec![0.0, 1.0]).unwrap()]);
    assert_eq!(groups[1].variable("mu").unwrap().values.len(), 4);
}

#[test]
fn damaged_files_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.nc");
    write_inference_data(&path, groups()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let mut refused = 0;
    let step = (bytes.len() / 700).max(1);
    for i in (0..bytes.len()).step_by(step) {
        let mut damaged = bytes.clone();
        damaged[i] ^= 0x55;
        std::fs::write(&path, &damaged).unwrap();
        if let Err(e) = read_inference_data(&path) {
            assert!(e.to_string().contains("damaged.nc"), "{e}");
            refused += 1;
        }
    }
    assert!(refused > 50, "only {refused} damages were noticed");
    for length in (0..bytes.len()).step_by(bytes.len() / 100) {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(read_inference_data(&path).is_err(), "read with {length} bytes");
    }
}
