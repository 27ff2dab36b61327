use super::*;

use gridgp_grid::{Axis, Coordinate};

use crate::tree::Array;

const MODEL: &str = "[data]\nresponse = 'y'\naxes = { s = ['city', 'lon'], t = 't' }\n\
                     covariates.g = { along = 't', center = true }\n[likelihood]\n\
                     family = 'gaussian'\nlocation = 'f * g'\n[fields.f]\nt = 'matern32()'\n";

fn fit() -> Fit {
    named("s", "y")
}

/// A fit whose first axis and whose response have these names.
fn named(axis: &str, response: &str) -> Fit {
    let model = MODEL.replace("'y'", &format!("{response:?}"));
    let source = Source::new("m.toml", model.replace(" s =", &format!(" {axis:?} =")));
    let s = Axis::new(
        axis,
        vec![
            Coordinate::labels("city", vec!["Évora".into(), "Porto".into()]),
            Coordinate::numbers("lon", vec![-7.9, -8.6]).with_units("degrees_east"),
        ],
    )
    .unwrap()
    .with_names(Coordinate::numbers(axis, vec![554.0, 545.0]));
    let t = Coordinate {
        calendar: Some("standard".into()),
        ..Coordinate::numbers("t", vec![0.5, 1.0, 4.0]).with_units("days since 2000-01-01")
    };
    let grid = Grid::new(vec![s.unwrap(), Axis::new("t", vec![t]).unwrap()]).unwrap();
    let response = Variable {
        units: Some("K".into()),
        ..Variable::new(response, (0..6).map(|i| f64::from(i).sqrt()).collect())
    };
    let g = Covariate {
        name: "g".into(),
        axes: vec![1],
        values: vec![-1.0, 0.0, 1.0],
        units: None,
        missing: None,
    };
    Fit {
        version: "0.1.0".into(),
        source,
        data: Dataset::new(grid, response, vec![g]).unwrap(),
        scalings: vec![Scaling { center: 2.5, scale: 1.0 }],
        method: "map".into(),
        seed: u64::MAX,
        groups: vec![gridgp_fit::mode_group(&[("f.amplitude", 1.25), ("scale", 0.1)])],
        summary: "{\"a\": 1}".into(),
    }
}

#[test]
fn a_fit_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.nc");
    let fit = fit();
    write_fit(&path, &fit).unwrap();
    let back = read_fit(&path).unwrap();
    assert_eq!(back.parameter("scale"), Some(&[0.1][..]));
    assert_eq!(back, fit);
    let bytes = fit_to_bytes(&fit).unwrap();
    assert_eq!(bytes, std::fs::read(&path).unwrap());
    assert_eq!(fit_from_bytes(&bytes).unwrap(), fit);
    let e = fit_from_bytes(&bytes[..bytes.len() / 2]).unwrap_err().to_string();
    assert!(e.contains("the fit"), "{e}");
}

#[test]
fn other_files_and_other_formats_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.nc");
    write_tree(&path, &NetcdfTree::new("")).unwrap();
    assert!(read_fit(&path).unwrap_err().to_string().contains("not a fit file"));
    let mut tree = NetcdfTree::new("");
    tree.attributes.push(("gridgp_format".into(), 7.into()));
    write_tree(&path, &tree).unwrap();
    assert!(read_fit(&path).unwrap_err().to_string().contains("format 7"));
    tree.attributes[0].1 = FORMAT.into();
    checksum::sign(&mut tree);
    write_tree(&path, &tree).unwrap();
    assert!(read_fit(&path).unwrap_err().to_string().contains("damaged"));
}

/// What a changed tree of a fit file is read as.
fn changed(change: impl FnOnce(&mut NetcdfTree)) -> Result<Fit> {
    let path = Path::new("fit.nc");
    let mut tree = signed(path, &fit()).unwrap();
    change(&mut tree);
    fit_from_bytes(&netcdf::encode(&tree).unwrap())
}

fn group<'a>(tree: &'a mut NetcdfTree, name: &str) -> &'a mut NetcdfTree {
    tree.groups.iter_mut().find(|g| g.name == name).unwrap()
}

#[test]
fn a_damaged_fit_is_refused_or_the_same() {
    let fit = fit();
    let bytes = fit_to_bytes(&fit).unwrap();
    let mut same = 0;
    for at in (0..bytes.len()).step_by(13) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let lost = [&bytes[..at], &bytes[at + 1..]].concat();
        for (damage, bytes) in [("flipped", flipped), ("lost", lost)] {
            if let Ok(back) = fit_from_bytes(&bytes) {
                assert_eq!(back, fit, "byte {at} {damage}");
                same += 1;
            }
        }
    }
    assert!(same < bytes.len() / 10, "{same} of {}", bytes.len());
}

#[test]
fn what_was_changed_is_named() {
    let refused = |change: &dyn Fn(&mut NetcdfTree)| changed(change).unwrap_err().to_string();
    let number = |tree: &mut NetcdfTree, name: &str| {
        for v in &mut group(tree, name).variables {
            if let Array::Numbers(v) = &mut v.values {
                v[0] += 1e-15;
            }
        }
    };
    for name in ["posterior", "observed_data", "constant_data"] {
        let e = refused(&|tree| number(tree, name));
        assert!(e.contains(&format!("the group {name:?} does not match the checksum")), "{e}");
        assert!(e.contains("--no-verify"), "{e}");
    }
    let e = refused(&|tree| tree.attributes.retain(|(name, _)| name != "method"));
    assert!(e.contains("its own attributes"), "{e}");
    let e = refused(&|tree| tree.groups.retain(|g| g.name != "posterior"));
    assert!(e.contains("the list of its groups"), "{e}");
    let e = refused(&|tree| tree.attributes.retain(|(name, _)| name != checksum::CHECKSUM));
    assert!(e.contains("it has no checksums"), "{e}");
}

/// As xarray does when it saves a file again.
#[test]
fn another_order_changes_nothing() {
    let back = changed(|tree| {
        tree.groups.reverse();
        tree.attributes.reverse();
        tree.attributes.push(("coordinates".into(), "city".into()));
        for g in &mut tree.groups {
            g.variables.reverse();
            g.attributes.reverse();
            for (_, value) in g.variables.iter_mut().flat_map(|v| &mut v.attributes) {
                if let Attribute::Text(names) = value
                    && names == "city lon"
                {
                    *names = "lon city".into();
                }
            }
        }
    });
    let back = back.unwrap();
    assert_eq!((back.data, back.scalings), (fit().data, fit().scalings));
}

#[test]
fn a_changed_fit_is_read_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.nc");
    write_tree(&path, &fit_tree(&path, &fit()).unwrap()).unwrap();
    assert!(read_fit(&path).unwrap_err().to_string().contains("it has no checksums"));
    assert_eq!(read_fit_unverified(&path).unwrap(), fit());
}

#[test]
fn names_with_slashes_come_back() {
    for (axis, response) in [("m/s", "speed m/s"), ("/", "obs/y"), ("a%2F", "100 %/25")] {
        let fit = named(axis, response);
        assert_eq!(fit_from_bytes(&fit_to_bytes(&fit).unwrap()).unwrap(), fit);
    }
}
